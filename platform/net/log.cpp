// SPDX-License-Identifier: Apache-2.0
#include "net/log.h"

#include <QJsonDocument>
#include <QJsonObject>
#include <QLoggingCategory>

#include <atomic>
#include <cstdio>
#include <unistd.h>

namespace coffer::net {

// Qt's message handler is a plain function: what it needs to know has to lie somewhere. Written
// once, before there is another thread.
static std::atomic<LogLevel> g_level{LogLevel::info};
static std::atomic<LogFormat> g_format{LogFormat::text};

static LogLevel levelOf(QtMsgType type)
{
    switch (type) {
    case QtDebugMsg: return LogLevel::debug;
    case QtInfoMsg: return LogLevel::info;
    case QtWarningMsg: return LogLevel::warning;
    case QtCriticalMsg:
    case QtFatalMsg: break;
    }
    return LogLevel::error;
}

static QString nameOf(LogLevel level)
{
    switch (level) {
    case LogLevel::debug: return QStringLiteral("debug");
    case LogLevel::info: return QStringLiteral("info");
    case LogLevel::warning: return QStringLiteral("warning");
    case LogLevel::error: break;
    }
    return QStringLiteral("error");
}

static QString escaped(const QString &text)
{
    QString plain;
    plain.reserve(text.size());
    for (const QChar letter : text) {
        if (letter.unicode() < 0x20 || letter.unicode() == 0x7f)
            plain += QStringLiteral("\\x%1").arg(letter.unicode(), 2, 16, QLatin1Char('0'));
        else
            plain += letter;
    }
    return plain;
}

QByteArray formatLine(const LogLine &line, LogFormat format)
{
    const QString time = line.time.toUTC().toString(Qt::ISODateWithMs);
    if (format == LogFormat::json) {
        const QJsonObject object{{QStringLiteral("time"), time},
                                 {QStringLiteral("level"), nameOf(line.level)},
                                 {QStringLiteral("category"), line.category},
                                 {QStringLiteral("message"), line.message}};
        return QJsonDocument(object).toJson(QJsonDocument::Compact) + '\n';
    }
    return QStringLiteral("%1 %2 %3: %4\n")
        .arg(time, nameOf(line.level).leftJustified(7), line.category, escaped(line.message))
        .toUtf8();
}

static void write(QtMsgType type, const QMessageLogContext &context, const QString &message)
{
    const LogLevel level = levelOf(type);
    if (level < g_level)
        return;
    const QByteArray line = formatLine(
        {QDateTime::currentDateTimeUtc(), level, QString::fromUtf8(context.category), message},
        g_format);
    // One call a line: lines of several threads and processes do not mix. Nothing can be done if
    // it fails.
    static_cast<void>(!::write(STDERR_FILENO, line.constData(), std::size_t(line.size())));
}

void installLog(LogLevel level, LogFormat format)
{
    g_level = level;
    g_format = format;
    const bool isDebug = level == LogLevel::debug;
    QLoggingCategory::setFilterRules(QStringLiteral("*.debug=false\ncoffer.*.debug=%1")
                                         .arg(QLatin1String(isDebug ? "true" : "false")));
    qInstallMessageHandler(&write);
}

} // namespace coffer::net
