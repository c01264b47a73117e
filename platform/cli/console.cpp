// SPDX-License-Identifier: Apache-2.0
#include "cli/console.h"

#include "rpc/json.h"
#include "store/limits.h"

#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>
#include <QStringDecoder>

#include <cstdio>
#include <unistd.h>

using namespace Qt::StringLiterals;

namespace coffer::cli {

static QByteArray compact(const QCborValue &value)
{
    return QJsonDocument(rpc::toJson(value).toObject()).toJson(QJsonDocument::Compact);
}

static void write(std::FILE *to, const QByteArray &bytes)
{
    std::fwrite(bytes.constData(), 1, std::size_t(bytes.size()), to);
    std::fflush(to);
}

/// What others wrote must not move the cursor or colour the terminal.
static QByteArray harmless(const QString &text)
{
    QString safe;
    for (const QChar c : text) {
        const bool isControl = c.category() == QChar::Other_Control && c != u'\n' && c != u'\t';
        if (isControl)
            safe += u"\\x%1"_s.arg(int(c.unicode()), 2, 16, QChar(u'0'));
        else
            safe += c;
    }
    return safe.toUtf8();
}

void Console::line(const QString &text)
{
    if (!m_isJson)
        write(stdout, harmless(text) + '\n');
}

void Console::raw(const QByteArray &bytes)
{
    if (!m_isJson)
        write(stdout, bytes);
}

void Console::json(const QCborValue &value)
{
    if (m_isJson)
        write(stdout, compact(value) + '\n');
}

void Console::aside(const QString &text) { write(stderr, harmless(text) + '\n'); }

void Console::progress(const QString &text)
{
    if (!m_isJson && ::isatty(STDERR_FILENO) != 0)
        write(stderr, '\r' + text.toUtf8() + "\033[K");
}

static QString hintFor(rpc::Code code)
{
    switch (code) {
    case rpc::Code::unavailable:
        return u"Is a node running there? --endpoints or COFFER_ENDPOINTS names others; "
               "--timeout waits longer."_s;
    case rpc::Code::conflict: return u"Read it again, and decide again."_s;
    case rpc::Code::unknownOutcome:
        return u"Read what is there now before you try again: it may have been done."_s;
    case rpc::Code::compacted:
        return u"Begin at a newer revision; `coffer status` shows the oldest that is kept."_s;
    case rpc::Code::unauthenticated:
        return u"A token is given by --token, COFFER_TOKEN or --token-file."_s;
    case rpc::Code::denied: return u"`coffer auth explain` says what a token or role may do."_s;
    case rpc::Code::methodNotFound: return u"`coffer call` without a name lists the methods."_s;
    default: return {};
    }
}

void showFailure(const rpc::Failure &failure, bool isJson)
{
    if (isJson)
        write(stderr, compact(QCborMap{{u"error"_s, rpc::toCbor(failure)}}) + '\n');
    else
        write(stderr, harmless(u"coffer: "_s + failure.message) + '\n');
}

int Console::fail(const rpc::Failure &failure)
{
    showFailure(failure, m_isJson);
    if (const QString hint = hintFor(failure.code); !m_isJson && !hint.isEmpty())
        aside(u"  "_s + hint);
    return exitOf(client::errorOf(failure).code);
}

int Console::fail(const Error &error) { return fail(rpc::Failure::of(error)); }

QString shown(const QByteArray &value)
{
    static constexpr qsizetype bytesMax = 200;
    QStringDecoder decoder(QStringDecoder::Utf8);
    const QString text = decoder(value);
    const bool isText =
        !decoder.hasError() && value.size() <= bytesMax
        && std::all_of(text.begin(), text.end(), [](QChar c) { return c.isPrint(); });
    return isText ? text : u"<%1 bytes>"_s.arg(value.size());
}

Result<QByteArray> valueOf(const std::string &argument)
{
    if (argument != "-")
        return QByteArray::fromStdString(argument);
    QFile input;
    if (!input.open(stdin, QIODevice::ReadOnly))
        return Error{ErrorCode::invalid, u"standard input cannot be read"_s};
    QByteArray value = input.read(qint64(limits::valueBytesMax) + 1);
    if (std::size_t(value.size()) > limits::valueBytesMax) {
        return Error{ErrorCode::invalid,
                     u"a value has at most %1 bytes"_s.arg(limits::valueBytesMax)};
    }
    return value;
}

} // namespace coffer::cli
