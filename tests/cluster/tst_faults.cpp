// SPDX-License-Identifier: Apache-2.0
#include "cluster/operator.h"
#include "cluster/trial.h"

#include <QCborMap>
#include <QFile>

#include <csignal>

using namespace coffer::test;

/// What is done to a cluster while clients work.
using Fault = void (*)(ProcessCluster &cluster, Load &load);
Q_DECLARE_METATYPE(Fault)

static void restart(ProcessCluster &cluster, std::size_t index)
{
    cluster.node(index).start();
    WAIT_FOR(cluster.isReady(index));
}

// ---- kill -9

static void killLeader(ProcessCluster &cluster, Load &load)
{
    for (int round = 0; round < 3; ++round) {
        WAIT_FOR(cluster.isAgreed());
        const std::size_t killed = *cluster.leader();
        cluster.node(killed).kill();
        WAIT_FOR_WRITES(load);
        STEP(restart(cluster, killed));
    }
}

static void killFollower(ProcessCluster &cluster, Load &load)
{
    const std::size_t killed = (*cluster.leader() + 1) % cluster.size();
    cluster.node(killed).kill();
    WAIT_FOR_WRITES(load);
    STEP(restart(cluster, killed));
    WAIT_FOR_WRITES(load);
}

/// As many as may be, the leader among them.
static void killMinority(ProcessCluster &cluster, Load &load)
{
    const std::size_t first = *cluster.leader();
    const std::size_t count = (cluster.size() - 1) / 2;
    for (std::size_t n = 0; n < count; ++n)
        cluster.node((first + n) % cluster.size()).signal(SIGKILL);
    WAIT_FOR_WRITES(load);
    for (std::size_t n = 0; n < count; ++n) {
        cluster.node((first + n) % cluster.size()).kill();
        STEP(restart(cluster, (first + n) % cluster.size()));
    }
    WAIT_FOR_WRITES(load);
}

static void signalAll(ProcessCluster &cluster, int number)
{
    for (std::size_t index = 0; index < cluster.size(); ++index)
        cluster.node(index).signal(number);
}

static void killAll(ProcessCluster &cluster, Load &load)
{
    for (int round = 0; round < 2; ++round) {
        signalAll(cluster, SIGKILL);
        for (std::size_t index = 0; index < cluster.size(); ++index)
            cluster.node(index).kill();
        cluster.startAll();
        WAIT_FOR_WRITES(load);
    }
}

// ---- SIGSTOP

static void pauseLeader(ProcessCluster &cluster, Load &load)
{
    for (int round = 0; round < 3; ++round) {
        WAIT_FOR(cluster.isAgreed());
        const std::size_t paused = *cluster.leader();
        cluster.node(paused).signal(SIGSTOP);
        WAIT_FOR_WRITES(load);
        cluster.node(paused).signal(SIGCONT);
    }
    WAIT_FOR_WRITES(load);
}

static void pauseFollower(ProcessCluster &cluster, Load &load)
{
    const std::size_t paused = (*cluster.leader() + 1) % cluster.size();
    cluster.node(paused).signal(SIGSTOP);
    WAIT_FOR_WRITES(load);
    cluster.node(paused).signal(SIGCONT);
    WAIT_FOR_WRITES(load);
}

static void pauseAll(ProcessCluster &cluster, Load &load)
{
    for (int round = 0; round < 3; ++round) {
        signalAll(cluster, SIGSTOP);
        WAIT_FOR(load.isDisconnected()); // every client has noticed that nobody says anything
        signalAll(cluster, SIGCONT);
        WAIT_FOR_WRITES(load);
    }
}

// ---- SIGTERM

static void awaitEnd(ProcessCluster &cluster, std::size_t index)
{
    WAIT_FOR(!cluster.node(index).isRunning());
    QCOMPARE(cluster.node(index).exitCode(), std::optional(0));
}

static void restartOneByOne(ProcessCluster &cluster, Load &load)
{
    for (std::size_t index = 0; index < cluster.size(); ++index) {
        cluster.node(index).signal(SIGTERM);
        STEP(awaitEnd(cluster, index));
        STEP(restart(cluster, index));
        WAIT_FOR_WRITES(load);
    }
}

static void restartAll(ProcessCluster &cluster, Load &load)
{
    signalAll(cluster, SIGTERM);
    for (std::size_t index = 0; index < cluster.size(); ++index)
        STEP(awaitEnd(cluster, index));
    cluster.startAll();
    WAIT_FOR_WRITES(load);
}

/// Real processes, a load that goes on, and something that happens to them.
class TestFaults : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void fault_losesAndRepeatsNothing_data()
    {
        QTest::addColumn<int>("size");
        QTest::addColumn<Fault>("fault");
        QTest::addRow("three, the leader is killed") << 3 << &killLeader;
        QTest::addRow("three, a follower is killed") << 3 << &killFollower;
        QTest::addRow("three, all are killed") << 3 << &killAll;
        QTest::addRow("three, the leader is paused") << 3 << &pauseLeader;
        QTest::addRow("three, a follower is paused") << 3 << &pauseFollower;
        QTest::addRow("three, all are paused") << 3 << &pauseAll;
        QTest::addRow("three, all are restarted") << 3 << &restartAll;
        QTest::addRow("three, one after the other is restarted") << 3 << &restartOneByOne;
        QTest::addRow("five, the leader and another are killed") << 5 << &killMinority;
        QTest::addRow("five, all are killed") << 5 << &killAll;
        QTest::addRow("five, the leader is paused") << 5 << &pauseLeader;
        QTest::addRow("five, one after the other is restarted") << 5 << &restartOneByOne;
    }
    void fault_losesAndRepeatsNothing()
    {
        QFETCH(const int, size);
        QFETCH(const Fault, fault);
        ProcessCluster cluster{std::size_t(size)};
        Load load({cluster.clientNodes()});
        BEGIN(cluster, load);
        STEP(fault(cluster, load));
        JUDGE(load);
    }

    /// The whole way from a node to the verdict: a change that no client of the load made.
    void writeOfAStranger_isNoticed()
    {
        ProcessCluster cluster(1);
        Load load({cluster.clientNodes()});
        BEGIN(cluster, load);
        Operator stranger(cluster);
        const QCborMap put{{QStringLiteral("path"), QStringLiteral("/load/k0")},
                           {QStringLiteral("value"), QByteArray("strange")}};
        QVERIFY(stranger.change(QStringLiteral("store.put"), put));
        load.stop();
        WAIT_FOR(load.isOver());
        const QString found = load.violations().join('\n');
        QVERIFY2(found.contains("nobody asked for this change"), qPrintable(found));
        QVERIFY(QFile::remove(found.section("what the clients saw is in ", 1)));
    }
};

QTEST_GUILESS_MAIN(TestFaults)
#include "tst_faults.moc"
