// SPDX-License-Identifier: Apache-2.0
#include "cluster/operator.h"
#include "cluster/trial.h"

using namespace coffer::test;

/// What happens to the network of three or five nodes while clients work.
using Cut = void (*)(PeerProxy &network, ProcessCluster &cluster, Load &load);
Q_DECLARE_METATYPE(Cut)

static void isolateLeader(PeerProxy &network, ProcessCluster &cluster, Load &load)
{
    for (int round = 0; round < 2; ++round) {
        WAIT_FOR(cluster.isAgreed());
        network.partition({*cluster.leader()});
        WAIT_FOR_WRITES(load);
        network.heal();
        WAIT_FOR_WRITES(load);
    }
}

static void isolateFollower(PeerProxy &network, ProcessCluster &cluster, Load &load)
{
    network.partition({(*cluster.leader() + 1) % cluster.size()});
    WAIT_FOR_WRITES(load);
    network.heal();
    WAIT_FOR_WRITES(load);
}

static void isolateLeaderWithAnother(PeerProxy &network, ProcessCluster &cluster, Load &load)
{
    const std::size_t leader = *cluster.leader();
    network.partition({leader, (leader + 1) % cluster.size()});
    WAIT_FOR_WRITES(load);
    network.heal();
    WAIT_FOR_WRITES(load);
}

/// Nobody has a quorum, and everybody has to notice it.
static void isolateAll(PeerProxy &network, ProcessCluster &cluster, Load &load)
{
    const std::size_t leader = *cluster.leader();
    for (std::size_t index = 0; index < cluster.size(); ++index)
        network.partition({index});
    Operator admin(cluster);
    WAIT_FOR(admin.isNotLeading(leader));
    network.heal();
    WAIT_FOR_WRITES(load);
}

/// It hears the others, and they do not hear it.
static void muteLeader(PeerProxy &network, ProcessCluster &cluster, Load &load)
{
    const std::size_t leader = *cluster.leader();
    for (std::size_t index = 0; index < cluster.size(); ++index) {
        if (index != leader)
            network.block(leader, index);
    }
    WAIT_FOR_WRITES(load);
    network.heal();
    WAIT_FOR_WRITES(load);
}

/// The others hear it, and it does not hear them.
static void deafenLeader(PeerProxy &network, ProcessCluster &cluster, Load &load)
{
    const std::size_t leader = *cluster.leader();
    for (std::size_t index = 0; index < cluster.size(); ++index) {
        if (index != leader)
            network.block(index, leader);
    }
    WAIT_FOR_WRITES(load);
    network.heal();
    WAIT_FOR_WRITES(load);
}

/// A follower that hears nobody, and is heard: it must not take the others along.
static void deafenFollower(PeerProxy &network, ProcessCluster &cluster, Load &load)
{
    const std::size_t follower = (*cluster.leader() + 1) % cluster.size();
    for (std::size_t index = 0; index < cluster.size(); ++index) {
        if (index != follower)
            network.block(index, follower);
    }
    WAIT_FOR_WRITES(load);
    network.heal();
    WAIT_FOR_WRITES(load);
}

/// Two of three do not reach each other, the third reaches both.
static void breakOneLine(PeerProxy &network, ProcessCluster &cluster, Load &load)
{
    const std::size_t leader = *cluster.leader();
    network.block(leader, (leader + 1) % cluster.size());
    network.block((leader + 1) % cluster.size(), leader);
    WAIT_FOR_WRITES(load);
    network.heal();
    WAIT_FOR_WRITES(load);
}

static void resetLines(PeerProxy &network, ProcessCluster &cluster, Load &load)
{
    for (int round = 0; round < 5; ++round) {
        const std::size_t made = network.connections();
        for (std::size_t one = 0; one < cluster.size(); ++one) {
            for (std::size_t other = 0; other < one; ++other)
                network.reset(one, other);
        }
        WAIT_FOR(network.connections() > made);
        WAIT_FOR_WRITES(load);
    }
}

/// Real processes whose network is taken apart.
class TestPartitions : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void cut_losesAndRepeatsNothing_data()
    {
        QTest::addColumn<int>("size");
        QTest::addColumn<Cut>("cut");
        QTest::addRow("three, the leader is alone") << 3 << &isolateLeader;
        QTest::addRow("three, a follower is alone") << 3 << &isolateFollower;
        QTest::addRow("three, everybody is alone") << 3 << &isolateAll;
        QTest::addRow("three, nobody hears the leader") << 3 << &muteLeader;
        QTest::addRow("three, the leader hears nobody") << 3 << &deafenLeader;
        QTest::addRow("three, a follower hears nobody") << 3 << &deafenFollower;
        QTest::addRow("three, one line is broken") << 3 << &breakOneLine;
        QTest::addRow("three, connections are reset") << 3 << &resetLines;
        QTest::addRow("five, the leader and another are apart") << 5 << &isolateLeaderWithAnother;
        QTest::addRow("five, everybody is alone") << 5 << &isolateAll;
        QTest::addRow("five, nobody hears the leader") << 5 << &muteLeader;
    }
    void cut_losesAndRepeatsNothing()
    {
        QFETCH(const int, size);
        QFETCH(const Cut, cut);
        PeerProxy network;
        ProcessCluster cluster(std::size_t(size), &network);
        Load load({cluster.clientNodes()});
        BEGIN(cluster, load);
        STEP(cut(network, cluster, load));
        JUDGE(load);
        WAIT_FOR(cluster.isAgreed()); // who was cut off has come back
    }
};

QTEST_GUILESS_MAIN(TestPartitions)
#include "tst_partitions.moc"
