// SPDX-License-Identifier: Apache-2.0
#include "cluster/disk_faults.h"
#include "cluster/operator.h"
#include "cluster/trial.h"
#include "pluginapi/store_cbor.h"

#include <QElapsedTimer>

using namespace coffer;
using namespace coffer::test;
using namespace Qt::StringLiterals;

static QCborMap putOf(const QByteArray &path)
{
    store::Transaction transaction;
    transaction.operations.push_back(store::Put{path, "value", false, {}});
    return pluginapi::toCbor(transaction, {});
}

static QCborMap getOf(const QByteArray &path, pluginapi::ReadMode mode)
{
    return pluginapi::toCbor(store::Question(store::Get{path, {}}), {mode, {}});
}

/// Real processes on disks that are slow or full.
class TestDisks : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void slow_losesNothing_data()
    {
        QTest::addColumn<bool>("isLeader");
        QTest::addColumn<bool>("isAll");
        QTest::addRow("the leader's") << true << false;
        QTest::addRow("a follower's") << false << false;
        QTest::addRow("all") << true << true;
    }
    void slow_losesNothing()
    {
        QFETCH(const bool, isLeader);
        QFETCH(const bool, isAll);
        ProcessCluster cluster(3);
        DiskFaults disks(cluster);
        Load load({cluster.clientNodes()});
        BEGIN(cluster, load);
        const std::size_t slow = (*cluster.leader() + (isLeader ? 0 : 1)) % 3;
        for (std::size_t index = 0; index < 3; ++index) {
            if (isAll || index == slow)
                disks.setSlow(index, true);
        }
        WAIT_FOR_WRITES(load);
        if (isAll) { // it is slow indeed
            Operator admin(cluster);
            QElapsedTimer time;
            time.start();
            const rpc::Outcome put = admin.ask(slow, u"store.commit"_s, putOf("/slow"));
            QVERIFY2(put, put ? "" : qPrintable(put.error().message));
            QVERIFY(time.elapsed() >= 50);
        }
        cluster.node(slow).kill(); // in the middle of a sync, as likely as not
        cluster.node(slow).start();
        WAIT_FOR_WRITES(load);
        JUDGE(load);
    }

    /// A node whose disk is full does not vote. The others go on, whoever led before.
    void oneFull_othersGoOn_data()
    {
        QTest::addColumn<bool>("isLeader");
        QTest::addRow("the leader's") << true;
        QTest::addRow("a follower's") << false;
    }
    void oneFull_othersGoOn()
    {
        QFETCH(const bool, isLeader);
        ProcessCluster cluster(3);
        DiskFaults disks(cluster);
        Load load({cluster.clientNodes()});
        BEGIN(cluster, load);
        const std::size_t full = (*cluster.leader() + (isLeader ? 0 : 1)) % 3;
        disks.setFull(full, true);
        Operator admin(cluster);
        if (isLeader)
            WAIT_FOR(admin.isNotLeading(full));
        WAIT_FOR_WRITES(load);
        disks.setFull(full, false);
        WAIT_FOR_WRITES(load);
        JUDGE(load);
        const qint64 applied = admin.status((full + 1) % 3).value("applied"_L1).toInteger();
        WAIT_FOR(admin.status(full).value("applied"_L1).toInteger() >= applied); // healed
        QVERIFY(cluster.node(full).isRunning());
    }

    void allFull_refusesWritesAndHeals()
    {
        ProcessCluster cluster(3);
        DiskFaults disks(cluster);
        Load load({cluster.clientNodes()});
        BEGIN(cluster, load);
        Operator admin(cluster);
        const std::size_t leader = *cluster.leader();
        for (std::size_t index = 0; index < 3; ++index)
            disks.setFull(index, true);
        WAIT_FOR(admin.isNotLeading(leader)); // it noticed
        const rpc::Outcome put = admin.ask(leader, u"store.commit"_s, putOf("/full/one"));
        QVERIFY(!put); // refused or unknown, but never done
        const auto local = getOf("/load/k0", pluginapi::ReadMode::local);
        for (std::size_t index = 0; index < 3; ++index) {
            QVERIFY(cluster.node(index).isRunning());
            const rpc::Outcome read = admin.ask(index, u"store.get"_s, local);
            QVERIFY2(read, read ? "" : qPrintable(read.error().message));
        }
        for (std::size_t index = 0; index < 3; ++index)
            disks.setFull(index, false);
        WAIT_FOR_WRITES(load);
        JUDGE(load);
    }

    /// A node that is killed while its disk is full comes back when there is space, and not before.
    void killedWhileFull_comesBack()
    {
        ProcessCluster cluster(3);
        DiskFaults disks(cluster);
        Load load({cluster.clientNodes()});
        BEGIN(cluster, load);
        const std::size_t full = *cluster.leader();
        disks.setFull(full, true);
        WAIT_FOR_WRITES(load);
        cluster.node(full).kill();
        cluster.node(full).start();
        WAIT_FOR(!cluster.node(full).isRunning());
        QVERIFY2(cluster.node(full).hasLogged("full"), qPrintable(cluster.node(full).log()));
        WAIT_FOR_WRITES(load);
        disks.setFull(full, false);
        cluster.node(full).start();
        WAIT_FOR(cluster.isReady(full));
        WAIT_FOR_WRITES(load);
        JUDGE(load);
    }
};

QTEST_GUILESS_MAIN(TestDisks)
#include "tst_disks.moc"
