// SPDX-License-Identifier: Apache-2.0
#include "node/client_service.h"
#include "node/metered.h"
#include "storage/memory_journal.h"
#include "support/solo_node.h"

#include <QHash>
#include <QRegularExpression>
#include <QSet>
#include <QTcpSocket>
#include <QTest>

using namespace coffer;

/// What GET /metrics says, as one who scrapes it reads it.
class TestNodeMetrics : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        m_service.setMetrics(m_registry);
        QVERIFY(m_node.waitUntilServing());
        QVERIFY(m_service.start(m_node.host()));
    }

    void text_isExposition()
    {
        const auto values = scrape();
        QVERIFY(values.size() > 30);
        QCOMPARE(values.value("coffer_role{role=\"leader\"}"), 1.0);
        QCOMPARE(values.value("coffer_voters"), 1.0);
        QVERIFY(values.value("process_resident_memory_bytes") > 1e6);
        QVERIFY(values.value("process_open_fds") > 3);
    }
    void values_moveWithWhatHappens()
    {
        const auto before = scrape();
        QVERIFY(call(put(R"({"path":"/a","value":"1"})")).contains("\"ok\""));
        QVERIFY(call(put(R"({"path":"/a","value":"1","expected":77})")).contains("CONFLICT"));
        const auto after = scrape();
        for (const char *name : {"coffer_applied_slot", "coffer_chosen_slot",
                                 "coffer_store_revision", "coffer_store_files"})
            QVERIFY2(after.value(name) > before.value(name), name);
        QCOMPARE(after.value("coffer_rpc_calls_total{code=\"OK\",method=\"store.put\"}"), 1.0);
        QCOMPARE(after.value("coffer_rpc_calls_total{code=\"CONFLICT\",method=\"store.put\"}"),
                 1.0);
        QCOMPARE(after.value("coffer_rpc_seconds_count{method=\"store.put\"}"), 2.0);
        QCOMPARE(after.value("coffer_rpc_seconds_bucket{method=\"store.put\",le=\"+Inf\"}"), 2.0);
        QVERIFY(after.value("coffer_rpc_seconds_sum{method=\"store.put\"}") > 0);
        for (auto value = before.begin(); value != before.end(); ++value) {
            if (value.key().contains("_total"))
                QVERIFY2(after.value(value.key()) >= value.value(), value.key().constData());
        }
    }
    /// As plugins add theirs.
    void registry_isShown()
    {
        auto &family =
            prometheus::BuildGauge().Name("test_depth").Help("Of the test.").Register(m_registry);
        family.Add({{"queue", "a\"b"}}).Set(7);
        QCOMPARE(scrape().value("test_depth{queue=\"a\\\"b\"}"), 7.0);
    }
    void journal_isMeasured()
    {
        prometheus::Registry registry;
        storage::MemoryDisk disk;
        storage::MemoryJournal journal(disk);
        node::MeteredJournal metered(journal, registry);
        const auto ignore = [](const storage::JournalRecord &) -> Result<void> { return {}; };
        QVERIFY(metered.replay(ignore));
        QVERIFY(metered.append(
            {{storage::RecordKind::chosen, Slot(1), Ballot(), QByteArray(10, 'x')}}));
        QVERIFY(metered.sync());
        double bytes = 0;
        std::uint64_t syncs = 0;
        for (const auto &family : registry.Collect()) {
            if (family.name == "coffer_journal_bytes_total")
                bytes = family.metric.front().counter.value;
            if (family.name == "coffer_journal_sync_seconds")
                syncs = family.metric.front().histogram.sample_count;
        }
        QCOMPARE(bytes, 10.0);
        QCOMPARE(syncs, 1U);
    }

private:
    /// The body of the answer.
    QByteArray exchange(const QByteArray &request)
    {
        QTcpSocket socket;
        socket.connectToHost(QHostAddress::LocalHost, m_service.port());
        socket.write(request);
        QByteArray answer;
        const bool isWhole = QTest::qWaitFor(
            [&] {
                answer += socket.readAll();
                return socket.state() == QAbstractSocket::UnconnectedState && !answer.isEmpty();
            },
            10'000);
        return isWhole ? answer.mid(answer.indexOf("\r\n\r\n") + 4) : QByteArray();
    }
    QByteArray call(const QByteArray &body)
    {
        return exchange(
            "POST /rpc HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: "
            "application/json\r\nContent-Length: "
            + QByteArray::number(body.size()) + "\r\n\r\n" + body);
    }
    static QByteArray put(const QByteArray &params)
    {
        return R"({"jsonrpc":"2.0","id":1,"method":"store.put","params":)" + params + '}';
    }
    /// Every value by its name and labels; empty if a line is not of the format.
    QHash<QByteArray, double> scrape()
    {
        static const QRegularExpression sample(QStringLiteral(
            "^([a-z_]+)((?:\\{(?:[a-z_]+=\"(?:[^\"\\\\]|\\\\.)*\",?)+\\})?) (\\S+)$"));
        static const QRegularExpression type(
            QStringLiteral("^# TYPE ([a-z_]+) (counter|gauge|histogram)$"));
        QHash<QByteArray, double> values;
        QSet<QString> families;
        const QByteArray text =
            exchange("GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        for (const QByteArray &line : text.split('\n')) {
            if (line.isEmpty() || line.startsWith("# HELP "))
                continue;
            if (const auto found = type.match(QString::fromUtf8(line)); found.hasMatch()) {
                if (families.contains(found.captured(1)))
                    return {}; // A family stands in one place.
                families.insert(found.captured(1));
                continue;
            }
            const auto found = sample.match(QString::fromUtf8(line));
            QString family = found.captured(1);
            if (!families.contains(family))
                family.remove(QRegularExpression(QStringLiteral("_(bucket|sum|count)$")));
            bool isNumber = false;
            const double value = found.captured(3).toDouble(&isNumber);
            if (!found.hasMatch() || !families.contains(family) || !isNumber) {
                qWarning("not of the format: %s", line.constData());
                return {};
            }
            values[(found.captured(1) + found.captured(2)).toUtf8()] = value;
        }
        return values;
    }

    test::SoloNode m_node;
    prometheus::Registry m_registry;
    node::ClientService m_service{QStringLiteral("127.0.0.1:0")};
};

QTEST_GUILESS_MAIN(TestNodeMetrics)
#include "tst_node_metrics.moc"
