// SPDX-License-Identifier: Apache-2.0
#include "support/engine_cluster.h"

#include <QtTest>

using namespace coffer;
using namespace coffer::engine;
using coffer::test::EngineCluster;
using std::chrono::milliseconds;

/// How empty nodes come to belong to a cluster, with whole engines.
class TestBootstrap : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void alone_foundsAClusterOfOne();
    void allEmpty_foundOneCluster();
    void majority_neverFounds();
    void differentLists_neverFound();
    void oneEmptyPeerTooLate_isWaitedFor();
    void twoWipedOfThree_doNotFound();
    void founder_thatCrashedBeforeTellingIsAskedAgain();

private:
    static bool isFounded(EngineCluster &cluster, std::uint64_t node)
    {
        return !cluster.engine(node).status().cluster.isNone();
    }
};

void TestBootstrap::alone_foundsAClusterOfOne()
{
    EngineCluster cluster;
    cluster.add(1, {});
    QCOMPARE(cluster.waitForLeader(), NodeId(1));
    QVERIFY(cluster.failures().empty());
}

void TestBootstrap::allEmpty_foundOneCluster()
{
    EngineCluster cluster;
    cluster.addAll({1, 2, 3});
    QVERIFY(!cluster.waitForLeader().isNone());
    const ClusterId id = cluster.engine(1).status().cluster;
    for (std::uint64_t node : {1, 2, 3}) {
        const Status status = cluster.engine(node).status();
        QCOMPARE(status.cluster, id);
        QCOMPARE(status.configuration.members.voters.size(), 3U);
    }
}

void TestBootstrap::majority_neverFounds()
{
    EngineCluster cluster;
    cluster.add(1, {"n1", "n2", "n3"});
    cluster.add(2, {"n1", "n2", "n3"});
    cluster.run(milliseconds(5000));
    QVERIFY(!isFounded(cluster, 1));
    QVERIFY(!isFounded(cluster, 2));
}

void TestBootstrap::differentLists_neverFound()
{
    EngineCluster cluster;
    cluster.add(1, {"n1", "n2", "n3"});
    cluster.add(2, {"n1", "n2", "n3"});
    cluster.add(3, {"n1", "n2", "n3", "n4"});
    cluster.run(milliseconds(5000));
    for (std::uint64_t node : {1, 2, 3})
        QVERIFY(!isFounded(cluster, node));
}

void TestBootstrap::oneEmptyPeerTooLate_isWaitedFor()
{
    EngineCluster cluster;
    cluster.add(1, {"n1", "n2", "n3"});
    cluster.add(2, {"n1", "n2", "n3"});
    cluster.run(milliseconds(3000));
    cluster.add(3, {"n1", "n2", "n3"});
    QVERIFY(!cluster.waitForLeader().isNone());
}

void TestBootstrap::twoWipedOfThree_doNotFound()
{
    EngineCluster cluster;
    cluster.addAll({1, 2, 3});
    QVERIFY(!cluster.waitForLeader().isNone());
    const ClusterId id = cluster.engine(3).status().cluster;
    // Two machines lose their disks. They are a majority of the list, and empty.
    cluster.wipe(1, 11);
    cluster.wipe(2, 12);
    cluster.run(milliseconds(5000));
    QVERIFY(!isFounded(cluster, 11));
    QVERIFY(!isFounded(cluster, 12));
    // The third still holds the data, and does not serve without a quorum.
    QCOMPARE(cluster.engine(3).status().cluster, id);
    QVERIFY(!cluster.engine(3).status().isLeading);
    // Nor while it is out of reach: "empty" from two of three is not enough.
    cluster.setCut(3, true);
    cluster.run(milliseconds(5000));
    QVERIFY(!isFounded(cluster, 11));
    QVERIFY(!isFounded(cluster, 12));
}

void TestBootstrap::founder_thatCrashedBeforeTellingIsAskedAgain()
{
    EngineCluster cluster;
    cluster.addAll({1, 2, 3});
    QVERIFY(cluster.waitFor([&] { return isFounded(cluster, 1); }));
    cluster.crash(1);
    cluster.restart(1);
    QVERIFY(!cluster.waitForLeader().isNone());
    const ClusterId id = cluster.engine(1).status().cluster;
    QVERIFY(cluster.waitFor([&] {
        return cluster.engine(2).status().cluster == id && cluster.engine(3).status().cluster == id;
    }));
}

QTEST_APPLESS_MAIN(TestBootstrap)
#include "tst_bootstrap.moc"
