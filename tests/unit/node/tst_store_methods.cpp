// SPDX-License-Identifier: Apache-2.0
#include "node/cluster_methods.h"
#include "node/local_store.h"
#include "node/store_methods.h"
#include "rpc/entry.h"
#include "rpc/registry.h"
#include "rpc/session.h"
#include "support/solo_node.h"
#include "unit/node/store_samples.h"

#include <QCoroTask>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTest>

using namespace coffer;
using namespace Qt::StringLiterals;
using test::Sample;

namespace {

/// Keeps what a connection sends.
class ListPipe final : public rpc::Pipe
{
public:
    void send(const QByteArray &message, rpc::Form) override
    {
        sent.append(message);
        unsent += isStuck ? message.size() : 0;
    }
    [[nodiscard]] qint64 unsentBytes() const override { return unsent; }
    void cut(const QString &) override {}
    QByteArrayList sent;
    bool isStuck = false; ///< Nothing of what is sent leaves.
    qint64 unsent = 0;
};

} // namespace

class TestStoreMethods : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY(m_node.waitUntilServing());
        QVERIFY(m_methods.addTo(m_registry));
        QVERIFY(m_cluster.addTo(m_registry));
    }

    void sample_bothWaysAgree_data()
    {
        QTest::addColumn<int>("index");
        for (std::size_t index = 0; index < m_samples.size(); ++index)
            QTest::addRow("%s %zu", m_samples[index].method, index) << int(index);
    }
    /// By the schema, where JSON enters, and by the reader, where CBOR does.
    void sample_bothWaysAgree()
    {
        QFETCH(int, index);
        const Sample &sample = m_samples[std::size_t(index)];
        const QJsonDocument json = QJsonDocument::fromJson(sample.params);
        QVERIFY(json.isObject());
        const auto entry = m_registry.find(QString::fromLatin1(sample.method));
        QVERIFY(entry != nullptr);
        const auto params = entry->params().fromJson(json.object());
        const bool isConverted = params.has_value();
        const auto why = isConverted ? entry->params().refute(*params) : QString();
        const bool isRead = isConverted && entry->method().decode(params->toMap()).has_value();
        if (why) // What the schema refuses, the reader must not let through.
            QVERIFY2(!isRead, qPrintable(*why));
        QCOMPARE(isRead, sample.isGood);
        if (sample.isGood)
            QVERIFY2(!why, why ? qPrintable(*why) : "");
    }
    void results_areAsTheSchemaSays()
    {
        QVERIFY(invoke("store.put", R"({"path":"/s/a","value":"1"})"));
        QVERIFY(invoke("store.put", R"({"path":"/s/b","valueBase64":"AP8="})"));
        for (const auto &[method, params] :
             std::initializer_list<std::pair<const char *, const char *>>{
                 {"store.get", R"({"path":"/s/a"})"},
                 {"store.get", R"({"path":"/s/none"})"},
                 {"store.list", R"({"path":"/s"})"},
                 {"store.list", R"({"path":"/s","limit":1,"detail":"count"})"},
                 {"store.range", R"({})"},
                 {"store.glob", R"({"pattern":"/s/?"})"},
                 {"store.entries", R"({"path":"/"})"},
                 {"store.stat", R"({"path":"/s"})"},
                 {"store.figures", R"({})"},
                 {"session.list", R"({})"},
                 {"session.open", R"({"timeToLiveMs":60000})"},
                 {"store.commit", R"({"guards":[{"if":"missing","path":"/s/a"}]})"},
                 {"store.delete", R"({"path":"/s/b"})"},
                 {"store.history", R"({"pattern":"/s/?","from":1,"previous":true})"},
                 {"members.list", R"({})"},
                 {"cluster.status", R"({})"},
                 {"cluster.stateHash", R"({})"}}) {
            const rpc::Outcome outcome = invoke(method, params);
            QVERIFY2(outcome, method);
            const auto why =
                m_registry.find(QString::fromLatin1(method))->result().refute(*outcome);
            QVERIFY2(!why, why ? qPrintable(QLatin1String(method) + ": "_L1 + *why) : "");
        }
    }
    void put_conflictTellsWhatWasFound()
    {
        QVERIFY(invoke("store.put", R"({"path":"/c","value":"1"})"));
        const rpc::Outcome outcome =
            invoke("store.put", R"({"path":"/c","value":"2","expected":0})");
        QVERIFY(!outcome);
        QCOMPARE(outcome.error().code, rpc::Code::conflict);
        QCOMPARE(outcome.error().outcome, rpc::WriteOutcome::failed);
        QVERIFY(outcome.error().details.value("found"_L1).toInteger() > 0);
        const rpc::Outcome commit =
            invoke("store.commit", R"({"guards":[{"if":"missing","path":"/c"}]})");
        QVERIFY(commit); // There it is an answer.
        QCOMPARE(commit->toMap().value("status"_L1).toString(), u"guardFailed"_s);
    }
    void compacted_tellsTheFloor()
    {
        for (int n = 0; n < 3; ++n)
            QVERIFY(invoke("store.put", R"({"path":"/k","value":"1"})"));
        const qint64 now = invoke("store.figures", "{}")->toMap().value("revision"_L1).toInteger();
        QVERIFY(invoke("store.compact", R"({"revision":)" + QByteArray::number(now) + "}"));
        const rpc::Outcome old = invoke("store.get", R"({"path":"/k","revision":1})");
        QVERIFY(!old);
        QCOMPARE(old.error().code, rpc::Code::compacted);
        QCOMPARE(old.error().details.value("floor"_L1).toInteger(), now);
    }
    void lastVoter_isNotRemoved()
    {
        const QString self = invoke("cluster.status", "{}")->toMap().value("node"_L1).toString();
        const QJsonObject params{{u"node"_s, self}};
        const rpc::Outcome outcome = invoke("members.remove", QJsonDocument(params).toJson());
        QVERIFY(!outcome);
        QCOMPARE(outcome.error().code, rpc::Code::refused);
        QCOMPARE(invoke("members.promote", R"({"node":"xyz"})").error().code,
                 rpc::Code::invalidArgument);
        QVERIFY(invoke("members.remove", R"({"node":"1234"})")); // It is no member, as was wanted.
        QCOMPARE(invoke("members.promote", R"({"node":"1234"})").error().code, rpc::Code::notFound);
    }
    void watch_isSubscribed()
    {
        rpc::Flights flights(m_registry, m_node.host().clock());
        ListPipe pipe;
        auto session = std::make_unique<rpc::Session>(flights, pipe, rpc::Caller());
        session->receive(R"({"jsonrpc":"2.0","id":1,"method":"store.watch",)"
                         R"("params":{"pattern":"/w/?"}})",
                         rpc::Form::json);
        QTRY_COMPARE(pipe.sent.size(), 1);
        QVERIFY2(pipe.sent[0].contains("\"subscription\":"), pipe.sent[0].constData());
        QVERIFY(invoke("store.put", R"({"path":"/w/1","value":"x"})"));
        QTRY_COMPARE(pipe.sent.size(), 2);
        QVERIFY2(pipe.sent[1].contains("\"path\":\"/w/1\"") && pipe.sent[1].contains("\"resume\":"),
                 pipe.sent[1].constData());
        QCOMPARE(m_node.host().watches()->size(), 1u);
        session.reset(); // The connection is gone, and with it the watch.
        QCOMPARE(m_node.host().watches()->size(), 0u);
        QVERIFY(invoke("store.put", R"({"path":"/w/2","value":"x"})"));
        QCOMPARE(pipe.sent.size(), 2);
    }

    void largeReads_areAnsweredAsTheyAreFetched_data()
    {
        QTest::addColumn<QByteArray>("call");
        QTest::newRow("get") << QByteArray(R"("store.get","params":{"path":"/large"})");
        QTest::newRow("local") << QByteArray(
            R"("store.get","params":{"path":"/large","mode":"local"})");
        QTest::newRow("history") << QByteArray(
            R"("store.history","params":{"pattern":"/large","from":FROM})");
    }
    void largeReads_areAnsweredAsTheyAreFetched()
    {
        QFETCH(QByteArray, call);
        const Result<Revision> put = wait(m_store.put("/large", QByteArray(900'000, 'x')));
        QVERIFY(put);
        call.replace("FROM", QByteArray::number(quint64(put->value())));
        rpc::Flights flights(m_registry, m_node.host().clock());
        ListPipe pipe;
        pipe.isStuck = true;
        rpc::Session session(flights, pipe, {});
        for (int n = 0; n < 20; ++n) {
            session.receive(R"({"jsonrpc":"2.0","id":1,"method":)" + call + "}", rpc::Form::json);
        }
        QTRY_VERIFY(!pipe.sent.isEmpty());
        QVERIFY(wait(m_store.get("/large"))); // Those before it could be answered by now.
        QVERIFY2(pipe.sent.size() <= 2, qPrintable(QString::number(pipe.sent.size())));
        for (int fetched = 0; fetched < 20; ++fetched) {
            QTRY_VERIFY(pipe.sent.size() > fetched);
            QVERIFY(pipe.sent[fetched].contains("xxxx"));
            pipe.unsent = 0;
            session.drained();
        }
        QCOMPARE(pipe.sent.size(), 20);
    }

private:
    template<class T>
    static T wait(QCoro::Task<T> task)
    {
        return QCoro::waitFor(std::move(task));
    }
    rpc::Outcome invoke(const char *method, const QByteArray &params)
    {
        rpc::Call call;
        call.method = QString::fromLatin1(method);
        const auto converted = m_registry.find(call.method)
                                   ->params()
                                   .fromJson(QJsonDocument::fromJson(params).object());
        if (!converted)
            return converted.error();
        call.params = converted->toMap();
        return QCoro::waitFor(m_registry.invoke(call, rpc::Form::json));
    }

    const std::vector<Sample> m_samples = test::storeSamples();
    test::SoloNode m_node;
    node::LocalStore m_store{m_node.host()};
    node::StoreMethods m_methods{m_store};
    node::ClusterMethods m_cluster{m_node.host()};
    rpc::Registry m_registry;
};

QTEST_GUILESS_MAIN(TestStoreMethods)
#include "tst_store_methods.moc"
