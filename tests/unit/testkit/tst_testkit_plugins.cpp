// SPDX-License-Identifier: Apache-2.0
#include "pluginapi/context.h"
#include "testkit/cluster.h"
#include "testkit/main.h"

#include <QTemporaryFile>

using namespace coffer;
using namespace coffer::testkit;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

/// Writes /probe/beats every second, and works elsewhere when it is asked to.
class Probe final : public pluginapi::Plugin
{
public:
    template<class T>
    using Task = pluginapi::Task<T>;

    [[nodiscard]] Task<Result<void>> start(pluginapi::PluginContext &context) override
    {
        m_context = &context;
        if (context.settings().values().value(u"fails"_s).toBool())
            co_return Error{ErrorCode::refused, u"no probe today"_s};
        rpc::Method work;
        work.name = u"probe.work"_s;
        work.summary = u"Works on another thread."_s;
        work.access = {rpc::Access::Kind::read};
        context.spawn(beat(), "beat");
        co_return context.methods().add(work, *this, &Probe::work);
    }

private:
    [[nodiscard]] Task<Result<void>> beat()
    {
        for (int i = 1;; ++i) {
            const bool goesOn = co_await m_context->clock().sleep(1s);
            if (!goesOn)
                break;
            (void)co_await m_context->store().put("/probe/beats", QByteArray::number(i));
        }
        co_return Result<void>();
    }
    [[nodiscard]] Task<rpc::Outcome> work(rpc::Call &)
    {
        const Result<int> made = co_await m_context->offload([] { return 6 * 7; });
        if (!made)
            co_return rpc::Failure::of(made.error());
        co_return QCborValue(*made);
    }

    pluginapi::PluginContext *m_context = nullptr;
};

} // namespace

class tst_testkit_plugins : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();

    void start_saysWhichPluginFailedAndWhy();
    void start_saysWhatIsNoPlugin();
    void start_refusesSettingsBeyondTheSchema();
    void offload_takesVirtualTime();
    void sleep_isVirtualAndEndsWithTheNode();
    void seed_givesTheSameRun();

private:
    QTemporaryFile m_json;
};

void tst_testkit_plugins::initTestCase()
{
    QVERIFY(m_json.open());
    m_json.write(R"({"name":"probe","version":"1.0","summary":"","fingerprint":"",
        "settings":{"type":"object","additionalProperties":false,
                    "properties":{"fails":{"type":"boolean"}}}})");
    QVERIFY(m_json.flush());
}

void tst_testkit_plugins::start_saysWhichPluginFailedAndWhy()
{
    Cluster cluster;
    cluster.addPlugin<Probe>(m_json.fileName(), {{u"fails"_s, true}});
    const Result<void> started = cluster.start();
    QVERIFY(!started);
    QVERIFY2(started.error().message.contains("probe"_L1), qPrintable(started.error().message));
    QVERIFY2(started.error().message.contains("no probe today"_L1),
             qPrintable(started.error().message));
}

void tst_testkit_plugins::start_saysWhatIsNoPlugin()
{
    Cluster cluster;
    cluster.addPlugin<Probe>(u"/there/is/no/such/file"_s);
    QCOMPARE(cluster.start().error().code, ErrorCode::io);
    QTemporaryFile empty;
    QVERIFY(empty.open());
    Cluster other;
    other.addPlugin<Probe>(empty.fileName());
    QCOMPARE(other.start().error().code, ErrorCode::invalid);
}

void tst_testkit_plugins::start_refusesSettingsBeyondTheSchema()
{
    Cluster cluster;
    cluster.addPlugin<Probe>(m_json.fileName(), {{u"fails"_s, 7}});
    QCOMPARE(cluster.start().error().code, ErrorCode::invalid);
}

void tst_testkit_plugins::offload_takesVirtualTime()
{
    Cluster cluster;
    cluster.addPlugin<Probe>(m_json.fileName());
    QVERIFY(cluster.start());
    const Monotonic before = cluster.clock().monotonic();
    const rpc::Outcome outcome = cluster.call(2, u"probe.work"_s);
    QVERIFY(outcome);
    QCOMPARE(outcome->toInteger(), qint64(42));
    QCOMPARE(cluster.clock().monotonic() - before, Monotonic(1ms));
}

static QByteArray beatsOf(Cluster &cluster, int node)
{
    const auto file = cluster.await(cluster.store(node).get("/probe/beats"));
    return file && *file ? (*file)->value : QByteArray();
}

void tst_testkit_plugins::sleep_isVirtualAndEndsWithTheNode()
{
    Cluster cluster({.nodes = 3});
    cluster.addPlugin<Probe>(m_json.fileName());
    QVERIFY(cluster.start());
    cluster.advance(1min);
    QVERIFY(beatsOf(cluster, 1).toInt() > 50);
    cluster.kill(2);
    QVERIFY(!cluster.hasStarted(2, u"probe"_s));
    QVERIFY(cluster.runUntil([&] { return cluster.leader().has_value(); }));
    QVERIFY(cluster.restart(2));
    QVERIFY(cluster.runUntil([&] { return cluster.hasStarted(2, u"probe"_s); }));
    // The new copy counts from 1 again, beside the two others.
    QVERIFY(cluster.runUntil([&] { return beatsOf(cluster, 1).toInt() < 50; }));
}

void tst_testkit_plugins::seed_givesTheSameRun()
{
    const auto run = [this](std::uint64_t seed) {
        Cluster cluster({.seed = seed});
        cluster.addPlugin<Probe>(m_json.fileName());
        std::vector<qint64> times;
        const Monotonic begin = cluster.clock().monotonic();
        if (!cluster.start())
            return times;
        for (int i = 0; i < 5; ++i) {
            cluster.advance(777ms);
            if (!cluster.await(cluster.store(i % 3 + 1).put("/a", "b")))
                return std::vector<qint64>();
            times.push_back((cluster.clock().monotonic() - begin).count());
        }
        return times;
    };
    const std::vector<qint64> first = run(3);
    QCOMPARE(first.size(), std::size_t(5));
    QCOMPARE(run(3), first);
    QVERIFY(run(4) != first);
}

COFFER_TEST_MAIN(tst_testkit_plugins)
#include "tst_testkit_plugins.moc"
