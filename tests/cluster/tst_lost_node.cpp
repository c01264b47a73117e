// SPDX-License-Identifier: Apache-2.0
#include "cluster/process_cluster.h"

#include <QSignalSpy>
#include <QTest>
#include <QUrl>
#include <QWebSocket>

#include <csignal>

using namespace coffer::test;

/// Long, because machines are slow when all tests run at once; nothing here waits for it.
#define WAIT_FOR(condition) QTRY_VERIFY_WITH_TIMEOUT(condition, 60'000)

/// A node that is alive, and whose cluster is not.
class TestLostNode : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void withoutLeader_itSaysSoAndSendsClientsAway()
    {
        ProcessCluster cluster(3);
        cluster.startAll();
        WAIT_FOR(cluster.areReady());
        WAIT_FOR(cluster.isAgreed());
        NodeProcess &node = cluster.node(0);
        QWebSocket socket;
        QSignalSpy gone(&socket, &QWebSocket::disconnected);
        socket.open(clientsOf(node));
        WAIT_FOR(socket.state() == QAbstractSocket::ConnectedState);

        cluster.node(1).signal(SIGSTOP);
        cluster.node(2).signal(SIGSTOP);
        WAIT_FOR(node.hasLogged("there is no leader within reach for "));
        WAIT_FOR(gone.size() == 1);
        QVERIFY2(socket.closeReason().contains("there is no leader"),
                 qPrintable(socket.closeReason()));
        socket.open(clientsOf(node)); // It lets them in again, and they are sent away again.
        WAIT_FOR(gone.size() == 2);
        QCOMPARE(node.log().count("there is no leader within reach for "), 1);

        cluster.node(1).signal(SIGCONT);
        cluster.node(2).signal(SIGCONT);
        WAIT_FOR(node.hasLogged("this node serves again, after "));
        socket.open(clientsOf(node));
        WAIT_FOR(socket.state() == QAbstractSocket::ConnectedState);
    }

private:
    static QUrl clientsOf(NodeProcess &node)
    {
        const QString place =
            node.output().section("clients at http://", 1).section('\n', 0, 0).trimmed();
        return QUrl("ws://" + place + "/rpc");
    }
};

QTEST_GUILESS_MAIN(TestLostNode)
#include "tst_lost_node.moc"
