// SPDX-License-Identifier: Apache-2.0
#include "cluster/operator.h"
#include "cluster/trial.h"

#include <csignal>

using namespace coffer;
using namespace coffer::test;
using namespace Qt::StringLiterals;

/// Does it, however often it has to be asked for.
#define CHANGE(admin, method, params) \
    QVERIFY2((admin).change(method, params), qPrintable((admin).lastRefusal()))

/// Members come and go while clients work, by the methods behind `coffer member`.
class TestMembers : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void addAndPromote_thenRemoveFounders()
    {
        ProcessCluster cluster(3);
        Load load({cluster.clientNodes()});
        BEGIN(cluster, load);
        Operator admin(cluster);
        QStringList founders{cluster.idOf(0), cluster.idOf(1), cluster.idOf(2)};
        for (int n = 0; n < 2; ++n) {
            const std::size_t added = cluster.addNode();
            cluster.node(added).start();
            WAIT_FOR(!cluster.idOf(added).isEmpty());
            const QCborMap node{{u"node"_s, cluster.idOf(added)}};
            CHANGE(admin, u"members.add"_s, node);
            WAIT_FOR(cluster.isReady(added));
            WAIT_FOR_WRITES(load);
            CHANGE(admin, u"members.promote"_s, node);
            WAIT_FOR(admin.isVoter(added, cluster.idOf(added)));
            WAIT_FOR_WRITES(load);
        }
        // Now five; down to the two new ones and one founder, the leader first.
        const QString leader = cluster.leaderKnownBy(4);
        founders.removeOne(leader);
        const QString stays = founders.takeLast();
        for (const QString &gone : QStringList{leader} + founders) {
            CHANGE(admin, u"members.remove"_s, (QCborMap{{u"node"_s, gone}}));
            WAIT_FOR(!admin.isVoter(4, gone));
            WAIT_FOR_WRITES(load);
        }
        QVERIFY(admin.isVoter(4, stays));
        for (std::size_t index = 0; index < 3; ++index) {
            if (cluster.idOf(index) != stays)
                cluster.node(index).kill(); // clients that were there go elsewhere
        }
        WAIT_FOR_WRITES(load);
        JUDGE(load);
    }

    /// A machine is lost for good, and another one takes its place.
    void deadMember_isReplaced_data()
    {
        QTest::addColumn<bool>("isLeader");
        QTest::addRow("the leader") << true;
        QTest::addRow("a follower") << false;
    }
    void deadMember_isReplaced()
    {
        QFETCH(const bool, isLeader);
        ProcessCluster cluster(3);
        Load load({cluster.clientNodes()});
        BEGIN(cluster, load);
        const std::size_t lost = (*cluster.leader() + (isLeader ? 0 : 1)) % 3;
        const QString old = cluster.idOf(lost);
        cluster.node(lost).kill();
        WAIT_FOR_WRITES(load);
        const std::size_t added = cluster.addNode();
        cluster.node(added).start();
        WAIT_FOR(!cluster.idOf(added).isEmpty());
        Operator admin(cluster);
        CHANGE(admin, u"members.replace"_s,
               (QCborMap{{u"node"_s, old}, {u"by"_s, cluster.idOf(added)}}));
        WAIT_FOR(admin.isVoter(added, cluster.idOf(added)));
        QVERIFY(!admin.isVoter(added, old));
        WAIT_FOR_WRITES(load);
        // It counts: with it and one of the others there is a quorum.
        cluster.node((lost + 1) % 3).signal(SIGSTOP);
        WAIT_FOR_WRITES(load);
        cluster.node((lost + 1) % 3).signal(SIGCONT);
        JUDGE(load);
    }

    /// Leadership goes round while clients write; none of them notices more than a pause.
    void leadership_isHandedOver()
    {
        ProcessCluster cluster(3);
        Load load({cluster.clientNodes()});
        BEGIN(cluster, load);
        Operator admin(cluster);
        for (std::size_t next = 0; next < 3; ++next) {
            CHANGE(admin, u"leader.transfer"_s, (QCborMap{{u"node"_s, cluster.idOf(next)}}));
            WAIT_FOR(admin.isLeading(next));
            WAIT_FOR_WRITES(load);
        }
        JUDGE(load);
    }
};

QTEST_GUILESS_MAIN(TestMembers)
#include "tst_members.moc"
