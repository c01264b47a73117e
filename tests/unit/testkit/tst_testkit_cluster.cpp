// SPDX-License-Identifier: Apache-2.0
#include "testkit/cluster.h"
#include "testkit/main.h"

using namespace coffer;
using namespace coffer::testkit;
using namespace std::chrono_literals;

class tst_testkit_cluster : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void nodes_areOneStore();
    void one_nodeIsACluster();
    void seed_givesTheSameRun();
    void kill_ofTheLeaderLosesNothing();
    void kill_leavesSessionsUntilTheirTimeIsOver();
    void store_ofADeadNodeIsUnavailable();
    void isolation_stopsTheLeaderAndEnds();
    void watch_seesWhatOthersDo();
    void await_endsForWhatNeverComes();
    void call_findsNoMethod();
    void request_findsHealth();
};

static Result<QByteArray> valueAt(Cluster &cluster, int node, const QByteArray &path)
{
    const auto file = cluster.await(cluster.store(node).get(path));
    if (!file)
        return file.error();
    if (!*file)
        return Error{ErrorCode::notFound, QStringLiteral("no file")};
    return (*file)->value;
}

void tst_testkit_cluster::nodes_areOneStore()
{
    Cluster cluster;
    QVERIFY(cluster.start());
    for (int node = 1; node <= 3; ++node)
        QVERIFY(cluster.await(cluster.store(node).put("/n" + QByteArray::number(node), "x")));
    for (int node = 1; node <= 3; ++node)
        QCOMPARE(valueAt(cluster, node, "/n" + QByteArray::number(4 - node)).value(), "x");
}

void tst_testkit_cluster::one_nodeIsACluster()
{
    Cluster cluster({.nodes = 1});
    QVERIFY(cluster.start());
    QVERIFY(cluster.await(cluster.store(1).put("/a", "1")));
    cluster.kill(1);
    QVERIFY(cluster.restart(1));
    QCOMPARE(valueAt(cluster, 1, "/a").value(), "1");
}

/// When the leader was there, when each write was done, and how many rounds it took.
static std::vector<qint64> run(std::uint64_t seed)
{
    Cluster cluster({.seed = seed});
    std::vector<qint64> times;
    const Monotonic begin = cluster.clock().monotonic();
    const auto note = [&] { times.push_back((cluster.clock().monotonic() - begin).count()); };
    if (!cluster.start())
        return {};
    note();
    times.push_back(*cluster.leader());
    for (int i = 0; i < 10; ++i) {
        if (!cluster.await(cluster.store(i % 3 + 1).put("/a", QByteArray::number(i))))
            return {};
        note();
    }
    cluster.kill(*cluster.leader());
    if (!cluster.runUntil([&] { return cluster.leader().has_value(); }))
        return {};
    note();
    return times;
}

void tst_testkit_cluster::seed_givesTheSameRun()
{
    const std::vector<qint64> first = run(7);
    QVERIFY(!first.empty());
    QCOMPARE(run(7), first);
    QVERIFY(run(8) != first);
}

void tst_testkit_cluster::kill_ofTheLeaderLosesNothing()
{
    Cluster cluster;
    QVERIFY(cluster.start());
    const int killed = *cluster.leader();
    const int other = killed % 3 + 1;
    QVERIFY(cluster.await(cluster.store(other).put("/a", "before")));
    cluster.kill(killed);
    QVERIFY(!cluster.isRunning(killed));
    QCOMPARE(valueAt(cluster, other, "/a").value(), "before");
    QVERIFY(cluster.await(cluster.store(other).put("/a", "after")));
    QVERIFY(cluster.restart(killed));
    QCOMPARE(valueAt(cluster, killed, "/a").value(), "after");
}

void tst_testkit_cluster::kill_leavesSessionsUntilTheirTimeIsOver()
{
    Cluster cluster;
    QVERIFY(cluster.start());
    const int owner = *cluster.leader() % 3 + 1;
    const int other = owner % 3 + 1;
    store::OpenSession open;
    open.timeToLive = 10s;
    const Result<SessionId> session = cluster.await(cluster.store(owner).openSession(open));
    QVERIFY(session);
    store::Transaction put;
    put.operations = {store::Put{"/lock", "mine", true, {}}};
    const auto done = cluster.await(
        cluster.store(owner).commit(put, {store::Origin{*session, Sequence(1), Sequence(0)}}));
    QVERIFY(done);
    QCOMPARE(done->status, store::Status::ok);
    cluster.kill(owner);
    cluster.advance(8s);
    QCOMPARE(valueAt(cluster, other, "/lock").value(), "mine");
    cluster.advance(5s);
    QCOMPARE(valueAt(cluster, other, "/lock").error().code, ErrorCode::notFound);
}

void tst_testkit_cluster::store_ofADeadNodeIsUnavailable()
{
    Cluster cluster;
    QVERIFY(cluster.start());
    const std::unique_ptr<pluginapi::Watch> open =
        cluster.store(2).watch({store::Glob::parse("/**").value(), {}});
    cluster.kill(2);
    QCOMPARE(valueAt(cluster, 2, "/a").error().code, ErrorCode::unavailable);
    QCOMPARE(cluster.await(cluster.store(2).put("/a", "1")).error().code, ErrorCode::unavailable);
    QCOMPARE(cluster.await(open->next()).error().code, ErrorCode::unavailable);
    const auto watch = cluster.store(2).watch({store::Glob::parse("/**").value(), {}});
    QCOMPARE(cluster.await(watch->next()).error().code, ErrorCode::unavailable);
}

void tst_testkit_cluster::isolation_stopsTheLeaderAndEnds()
{
    Cluster cluster;
    QVERIFY(cluster.start());
    const int alone = *cluster.leader();
    cluster.isolate(alone);
    QVERIFY(cluster.runUntil([&] { return cluster.leader().has_value(); }));
    QVERIFY(*cluster.leader() != alone);
    QVERIFY(!cluster.await(cluster.store(alone).put("/a", "alone")));
    QVERIFY(cluster.await(cluster.store(*cluster.leader()).put("/a", "together")));
    cluster.rejoin(alone);
    QCOMPARE(valueAt(cluster, alone, "/a").value(), "together");
}

void tst_testkit_cluster::watch_seesWhatOthersDo()
{
    Cluster cluster;
    QVERIFY(cluster.start());
    const auto watch = cluster.store(1).watch({store::Glob::parse("/a/**").value(), Revision(1)});
    for (int i = 0; i < 3; ++i)
        QVERIFY(cluster.await(cluster.store(i + 1).put("/a/b", QByteArray::number(i))));
    QByteArray seen;
    while (seen.size() < 3) {
        const auto answer = cluster.await(watch->next());
        QVERIFY(answer);
        for (const store::WatchEvent &event : std::get<store::WatchBatch>(*answer).events)
            seen += event.now.value;
    }
    QCOMPARE(seen, "012");
}

void tst_testkit_cluster::await_endsForWhatNeverComes()
{
    Cluster cluster;
    QVERIFY(cluster.start());
    const auto watch = cluster.store(1).watch({store::Glob::parse("/never").value(), {}});
    const Monotonic before = cluster.clock().monotonic();
    QCOMPARE(cluster.await(watch->next()).error().code, ErrorCode::unavailable);
    QCOMPARE(cluster.clock().monotonic() - before, Monotonic(60s));
}

void tst_testkit_cluster::call_findsNoMethod()
{
    Cluster cluster;
    QVERIFY(cluster.start());
    const rpc::Outcome outcome = cluster.call(1, QStringLiteral("no.such"));
    QVERIFY(!outcome);
    QCOMPARE(outcome.error().code, rpc::Code::methodNotFound);
    QVERIFY(cluster.call(2, QStringLiteral("rpc.discover")));
}

void tst_testkit_cluster::request_findsHealth()
{
    Cluster cluster;
    QVERIFY(cluster.start());
    cluster.settle();
    QCOMPARE(cluster.request(1, "GET", "/readyz").status, 200);
    QCOMPARE(cluster.request(1, "GET", "/nothing").status, 404);
}

COFFER_TEST_MAIN(tst_testkit_cluster)
#include "tst_testkit_cluster.moc"
