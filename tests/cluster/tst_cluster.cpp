// SPDX-License-Identifier: Apache-2.0
#include "client/client.h"
#include "cluster/operator.h"
#include "cluster/trial.h"
#include "support/certificates.h"

#include <QDir>

#include <csignal>

using namespace coffer;
using namespace coffer::test;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

static QString clusterOf(NodeProcess &node)
{
    return node.output().section("of cluster ", 1).section(',', 0, 0);
}

class TestCluster : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void oneNode_needsNoConfiguration()
    {
        QTemporaryDir folder;
        NodeProcess node({"--data", folder.filePath("d"), "--listen", "127.0.0.1:0"});
        node.start();
        WAIT_FOR(node.output().contains("ready after"));
        node.signal(SIGTERM);
        WAIT_FOR(!node.isRunning());
        QCOMPARE(node.exitCode(), std::optional(0));
        QVERIFY(node.hasLogged("stopped in good order"));
    }

    void directoryInUse_isRefused()
    {
        QTemporaryDir folder;
        const QStringList arguments{"--data", folder.filePath("d"), "--listen", "127.0.0.1:0"};
        NodeProcess first(arguments);
        first.start();
        WAIT_FOR(first.output().contains("ready after"));
        NodeProcess second(arguments);
        second.start();
        WAIT_FOR(!second.isRunning());
        QCOMPARE(second.exitCode(), std::optional(1));
        QVERIFY(second.hasLogged("is locked by process"));
    }

    void wrongSetting_endsWithTwo()
    {
        NodeProcess node({"--data", "d", "--log-level", "loud"});
        node.start();
        WAIT_FOR(!node.isRunning());
        QCOMPARE(node.exitCode(), std::optional(2));
        QVERIFY(node.hasLogged("--log-level: \"loud\""));
    }

    void threeNodes_foundOneCluster()
    {
        ProcessCluster cluster(3);
        cluster.startAll();
        WAIT_FOR(cluster.areReady());
        WAIT_FOR(cluster.isAgreed());
        const QString id = clusterOf(cluster.node(0));
        QCOMPARE(id.size(), 16);
        QCOMPARE(clusterOf(cluster.node(1)), id);
        QCOMPARE(clusterOf(cluster.node(2)), id);
    }

    void twoOfThree_foundNothing()
    {
        ProcessCluster cluster(3);
        cluster.node(0).start();
        cluster.node(1).start();
        WAIT_FOR(cluster.node(0).hasLogged("connected to peer"));
        QVERIFY(cluster.node(0).output().isEmpty());
        cluster.node(2).start(); // and now they do
        WAIT_FOR(cluster.areReady());
        QVERIFY(cluster.node(0).output().contains("ready after"));
    }

    void leaderKilled_othersElectAndItComesBack()
    {
        ProcessCluster cluster(3);
        cluster.startAll();
        WAIT_FOR(cluster.isAgreed());
        const std::size_t killed = *cluster.leader();
        cluster.node(killed).kill();
        WAIT_FOR(cluster.isAgreed());
        QVERIFY(*cluster.leader() != killed);
        cluster.node(killed).start();
        WAIT_FOR(cluster.areReady());
        WAIT_FOR(cluster.isAgreed());
    }

    /// However short the time is that the client waits: nothing was done, and it is told so.
    void withoutAQuorum_aWriteIsKnownNotToBeDone()
    {
        ProcessCluster cluster(3);
        cluster.startAll();
        WAIT_FOR(cluster.areReady());
        WAIT_FOR(cluster.isAgreed());
        const std::size_t left = (*cluster.leader() + 1) % 3;
        for (std::size_t index = 0; index < cluster.size(); ++index) {
            if (index != left)
                cluster.node(index).kill();
        }
        Operator admin(cluster);
        WAIT_FOR(!admin.status(left).contains(u"leader"_s));
        client::Options options;
        options.nodes = {cluster.clientNodes()[left]};
        client::Client client(options);
        const rpc::Outcome outcome = QCoro::waitFor(
            client.call(u"store.put"_s, {{u"path"_s, u"/a"_s}, {u"value"_s, QByteArray("1")}},
                        {.timeout = 1s}));
        QVERIFY(!outcome);
        QCOMPARE(outcome.error().code, rpc::Code::unavailable);
    }

    void leaderPaused_othersElectAndItFollowsAfterwards()
    {
        ProcessCluster cluster(3);
        cluster.startAll();
        WAIT_FOR(cluster.isAgreed());
        const std::size_t paused = *cluster.leader();
        const std::size_t other = (paused + 1) % 3;
        const QString before = cluster.idOf(paused);
        cluster.node(paused).signal(SIGSTOP);
        WAIT_FOR(cluster.leaderKnownBy(other) != before);
        cluster.node(paused).signal(SIGCONT);
        WAIT_FOR(cluster.isAgreed());
    }

    void followerKilled_nobodyMinds()
    {
        ProcessCluster cluster(3);
        cluster.startAll();
        WAIT_FOR(cluster.isAgreed());
        const std::size_t leads = *cluster.leader();
        const std::size_t killed = (leads + 1) % 3;
        cluster.node(killed).kill();
        WAIT_FOR(cluster.node(leads).hasLogged("lost peer"));
        cluster.node(killed).start();
        WAIT_FOR(cluster.areReady());
        WAIT_FOR(cluster.isAgreed());
        QCOMPARE(*cluster.leader(), leads);
    }

    void allKilled_restartKeepsClusterAndLog()
    {
        ProcessCluster cluster(3);
        cluster.startAll();
        WAIT_FOR(cluster.areReady());
        WAIT_FOR(cluster.isAgreed());
        const QString id = clusterOf(cluster.node(0));
        for (int round = 1; round <= 3; ++round) {
            const QString slot = cluster.node(0).wordBehind("applied slot");
            for (std::size_t index = 0; index < cluster.size(); ++index)
                cluster.node(index).kill();
            cluster.startAll();
            WAIT_FOR(cluster.areReady());
            WAIT_FOR(cluster.isAgreed());
            QCOMPARE(clusterOf(cluster.node(0)), id);
            QVERIFY(cluster.node(*cluster.leader()).wordBehind("applied slot").toInt()
                    > slot.toInt());
        }
    }

    void memberWithoutPeers_saysWhatIsMissing()
    {
        ProcessCluster cluster(3);
        cluster.startAll();
        WAIT_FOR(cluster.areReady());
        cluster.node(0).kill();
        NodeProcess alone({"--data", cluster.directory(0), "--listen", "127.0.0.1:0"});
        alone.start();
        WAIT_FOR(!alone.isRunning());
        QCOMPARE(alone.exitCode(), std::optional(1));
        QVERIFY(alone.hasLogged("--peers is missing"));
    }

    void leaderAskedToStop_handsOver()
    {
        ProcessCluster cluster(3);
        cluster.startAll();
        WAIT_FOR(cluster.isAgreed());
        const std::size_t stopped = *cluster.leader();
        cluster.node(stopped).signal(SIGTERM);
        WAIT_FOR(!cluster.node(stopped).isRunning());
        QCOMPARE(cluster.node(stopped).exitCode(), std::optional(0));
        QVERIFY(cluster.node(stopped).hasLogged("handing leadership to"));
        QVERIFY(cluster.node(stopped).hasLogged("stopped in good order"));
        WAIT_FOR(cluster.isAgreed());
    }

    void wrongClusterName_isRefusedOnBothSides()
    {
        ProcessCluster cluster(3);
        cluster.startAll();
        WAIT_FOR(cluster.isAgreed());
        QTemporaryDir folder;
        const QString own = QStringLiteral("127.0.0.1:%1").arg(freePorts(1).front());
        NodeProcess stranger({"--data", folder.filePath("d"), "--cluster-name", "other", "--peers",
                              cluster.address(0) + ',' + own, "--listen-peers", own, "--listen",
                              "127.0.0.1:0"});
        stranger.start();
        const QString words = "belong to clusters of different names";
        WAIT_FOR(stranger.hasLogged(words));
        WAIT_FOR(cluster.node(0).hasLogged(words));
        QVERIFY(stranger.output().isEmpty());
    }

    void tls_foundsACluster()
    {
        Certificates certificates;
        certificates.makeAuthority("ca");
        ProcessCluster cluster(3);
        for (std::size_t index = 0; index < cluster.size(); ++index) {
            const QString name = QString::number(index);
            certificates.makeSigned(name, "ca");
            cluster.node(index).addArguments({"--peer-cert", certificates.path(name + ".pem"),
                                              "--peer-key", certificates.path(name + ".key"),
                                              "--peer-ca", certificates.path("ca.pem")});
        }
        cluster.startAll();
        WAIT_FOR(cluster.areReady());
        WAIT_FOR(cluster.isAgreed());
        QVERIFY(cluster.node(0).hasLogged("with TLS"));
    }

    /// Two of three lost their disks: they must not found a new cluster over what the third has.
    void wipedMajority_foundsNothing()
    {
        ProcessCluster cluster(3);
        cluster.startAll();
        WAIT_FOR(cluster.areReady());
        for (std::size_t index = 0; index < cluster.size(); ++index)
            cluster.node(index).kill();
        for (std::size_t index : {0, 1})
            QVERIFY(QDir(cluster.directory(index)).removeRecursively());
        cluster.startAll();
        for (std::size_t index : {0, 1}) {
            const auto peers = [&] { return cluster.node(index).log().count("connected to peer"); };
            WAIT_FOR(peers() >= 2);
            QVERIFY(cluster.node(index).output().isEmpty());
        }
    }
};

QTEST_GUILESS_MAIN(TestCluster)
#include "tst_cluster.moc"
