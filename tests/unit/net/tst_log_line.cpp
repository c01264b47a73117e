// SPDX-License-Identifier: Apache-2.0
#include "net/log.h"

#include <QJsonDocument>
#include <QTest>

using namespace coffer::net;

static LogLine sample(const QString &message)
{
    return {QDateTime(QDate(2026, 1, 2), QTime(3, 4, 5, 678), Qt::UTC), LogLevel::warning,
            "coffer.node", message};
}

class TestLogLine : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void text_isOneLine()
    {
        QCOMPARE(formatLine(sample("it happened"), LogFormat::text),
                 QByteArray("2026-01-02T03:04:05.678Z warning coffer.node: it happened\n"));
    }

    /// What a peer says may stand in a message.
    void text_escapesWhatCouldLookLikeAnotherLine()
    {
        const QByteArray line = formatLine(sample("a\nb\x1b[31m"), LogFormat::text);
        QCOMPARE(line.count('\n'), 1);
        QVERIFY(line.contains("a\\x0ab\\x1b[31m"));
    }

    void json_isOneObjectALine()
    {
        const QByteArray line = formatLine(sample("say \"a\nb\""), LogFormat::json);
        QCOMPARE(line.count('\n'), 1);
        const auto object = QJsonDocument::fromJson(line);
        QCOMPARE(object["level"].toString(), "warning");
        QCOMPARE(object["category"].toString(), "coffer.node");
        QCOMPARE(object["message"].toString(), "say \"a\nb\"");
        QCOMPARE(object["time"].toString(), "2026-01-02T03:04:05.678Z");
    }
};

QTEST_GUILESS_MAIN(TestLogLine)
#include "tst_log_line.moc"
