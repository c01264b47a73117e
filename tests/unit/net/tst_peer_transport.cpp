// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "net/peer_limits.h"
#include "unit/net/peer_kit.h"

#include <QTcpServer>
#include <QTest>

using namespace coffer;
using namespace coffer::net;
using namespace coffer::test;

/// A hello as the stream of a peer begins with it.
static QByteArray greeting(const PeerHello &hello)
{
    QByteArray stream(peerMagic, qsizetype(peerMagicBytes));
    appendFrame(stream, PeerFrameKind::hello, encodeHello(hello));
    return stream;
}

/// Nobody has it a moment ago; below those that the kernel gives to who does not choose.
static quint16 freePort()
{
    static quint16 next = quint16(10'000 + QCoreApplication::applicationPid() % 5'000);
    QTcpServer place;
    while (!place.listen(QHostAddress::LocalHost, next++)) {}
    return place.serverPort();
}

class TestPeerTransport : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void send_reachesTheOtherSideWhoeverDialled()
    {
        PeerEnd one(peerOptions(1));
        PeerEnd two(peerOptions(2, {one.address()}));
        QTRY_VERIFY(areConnected(one, two));
        one.say(two, "from one");
        two.say(one, "from two");
        QTRY_COMPARE(two.received, std::vector<QByteArray>{"from one"});
        QTRY_COMPARE(one.received, std::vector<QByteArray>{"from two"});
    }

    void send_keepsOrderAndTheLargestFrame()
    {
        PeerEnd one(peerOptions(1));
        PeerEnd two(peerOptions(2, {one.address()}));
        QTRY_VERIFY(areConnected(one, two));
        const QByteArray largest(qsizetype(limits::frameBytesMax), 'x');
        std::vector<QByteArray> sent;
        for (int number = 0; number < 100; ++number)
            sent.push_back(QByteArray::number(number));
        sent.push_back(largest);
        for (const QByteArray &frame : sent)
            one.transport.send(two.id(), frame);
        one.transport.flush();
        QTRY_VERIFY(two.received.size() == sent.size());
        QVERIFY(two.received == sent);
    }

    void sendToAddress_worksFromTheFirstHelloOn()
    {
        PeerEnd one(peerOptions(1));
        PeerEnd two(peerOptions(2, {one.address()}));
        two.transport.sendToAddress(one.address(), "too early");
        QCOMPARE(two.transport.dropped(), 1U);
        QTRY_VERIFY(areConnected(one, two));
        two.transport.sendToAddress(one.address(), "hello");
        two.transport.flush();
        QTRY_COMPARE(one.received, std::vector<QByteArray>{"hello"});
    }

    /// Both dial at the same time, again and again: one connection is left, and it works.
    void bothDial_oneConnectionIsLeft()
    {
        for (std::uint64_t round = 1; round <= 20; ++round) {
            PeerEnd one(peerOptions(1, {}, round));
            PeerEnd two(peerOptions(2, {}, round));
            one.transport.addSeed(two.address());
            two.transport.addSeed(one.address());
            QTRY_VERIFY(areConnected(one, two));
            const auto arrive = [&] {
                one.say(two, "a");
                two.say(one, "b");
                return !one.received.empty() && !two.received.empty();
            };
            QTRY_VERIFY(arrive());
            QTRY_COMPARE(one.transport.peers().size(), 1U);
            QTRY_COMPARE(two.transport.peers().size(), 1U);
        }
    }

    void peerEnds_lostIsToldOnceAndItComesBack()
    {
        PeerEnd one(peerOptions(1));
        auto two = std::make_unique<PeerEnd>(peerOptions(2, {one.address()}, 201));
        QTRY_VERIFY(areConnected(one, *two));
        two.reset();
        QTRY_COMPARE(one.lost, std::vector<NodeId>{NodeId(2)});
        QVERIFY(!one.transport.isConnected(NodeId(2)));
        two = std::make_unique<PeerEnd>(peerOptions(2, {one.address()}, 202));
        QTRY_VERIFY(areConnected(one, *two));
        QCOMPARE(one.lost.size(), 1U);
    }

    /// The machine of the peer lost its power: nobody closed the old connection.
    void newRun_takesThePlaceOfTheOldOne()
    {
        PeerEnd one(peerOptions(1));
        PeerEnd old(peerOptions(2, {one.address()}, 201));
        QTRY_VERIFY(areConnected(one, old));
        QTcpSocket later;
        later.connectToHost("127.0.0.1", one.transport.port());
        PeerHello hello;
        hello.node = NodeId(2);
        hello.run = RunId(202);
        later.write(greeting(hello));
        QTRY_COMPARE(one.lost, std::vector<NodeId>{NodeId(2)});
        QVERIFY(one.transport.isConnected(NodeId(2)));
    }

    /// Two processes with one identity: the one that comes back is told, on both sides.
    void oldRunThatComesBack_isRefused()
    {
        LogCatcher log;
        PeerEnd one(peerOptions(1));
        PeerEnd original(peerOptions(2, {one.address()}, 201));
        QTRY_VERIFY(areConnected(one, original));
        PeerEnd copy(peerOptions(2, {one.address()}, 202));
        QTRY_VERIFY(LogCatcher::count("whose data directory is a copy") >= 2);
    }

    void wrongCluster_isRefusedOnBothSides_data()
    {
        QTest::addColumn<bool>("byName");
        QTest::newRow("by name") << true;
        QTest::newRow("by id") << false;
    }
    void wrongCluster_isRefusedOnBothSides()
    {
        QFETCH(bool, byName);
        LogCatcher log;
        PeerEnd one(peerOptions(1));
        auto options = peerOptions(2, {one.address()});
        options.clusterName = byName ? "other" : "test";
        PeerEnd two(options);
        if (!byName) {
            one.transport.setCluster(ClusterId(7));
            two.transport.setCluster(ClusterId(8));
        }
        const QString words = byName ? "different names" : "different clusters";
        QTRY_VERIFY(LogCatcher::count(words) >= 2);
        QVERIFY(!one.transport.isConnected(NodeId(2)));
        QVERIFY(!two.transport.isConnected(NodeId(1)));
    }

    void setCluster_leavesWhoBelongsElsewhere()
    {
        PeerEnd one(peerOptions(1));
        PeerEnd two(peerOptions(2, {one.address()}));
        two.transport.setCluster(ClusterId(8));
        QTRY_VERIFY(areConnected(one, two));
        one.transport.setCluster(ClusterId(7));
        QTRY_VERIFY(!one.transport.isConnected(NodeId(2)));
        QTRY_VERIFY(!two.transport.isConnected(NodeId(1)));
        QCOMPARE(two.lost, std::vector<NodeId>{NodeId(1)});
    }

    void ownAddressUnderAnotherName_isRefused()
    {
        LogCatcher log;
        PeerEnd one(peerOptions(1));
        one.transport.addSeed(QStringLiteral("localhost:%1").arg(one.transport.port()));
        QTRY_VERIFY(LogCatcher::count("dialled itself") >= 1);
        QVERIFY(one.transport.peers().empty());
    }

    void stranger_isClosedAtOnce()
    {
        PeerEnd one(peerOptions(1));
        QTcpSocket stranger;
        stranger.connectToHost("127.0.0.1", one.transport.port());
        stranger.write("GET / HTTP/1.1\r\n\r\n");
        QTRY_COMPARE(stranger.state(), QAbstractSocket::UnconnectedState);
    }

    void strangers_areBounded()
    {
        PeerEnd one(peerOptions(1));
        std::vector<std::unique_ptr<QTcpSocket>> silent;
        for (std::size_t count = 0; count < peerStrangersMax + 10; ++count) {
            silent.push_back(std::make_unique<QTcpSocket>());
            silent.back()->connectToHost("127.0.0.1", one.transport.port());
        }
        const auto closed = [&] {
            return std::count_if(silent.begin(), silent.end(), [](const auto &socket) {
                return socket->state() == QAbstractSocket::UnconnectedState;
            });
        };
        QTRY_COMPARE(closed(), 10);
    }

    void fullQueue_dropsTheNewest()
    {
        PeerEnd one(peerOptions(1));
        QTcpSocket slow; // says hello, and reads nothing
        slow.setReadBufferSize(1);
        slow.connectToHost("127.0.0.1", one.transport.port());
        PeerHello hello;
        hello.node = NodeId(2);
        hello.run = RunId(1);
        slow.write(greeting(hello));
        QTRY_VERIFY(one.transport.isConnected(NodeId(2)));
        const QByteArray frame(1 << 20, 'x');
        for (int count = 0; count < 64; ++count) {
            one.transport.send(NodeId(2), frame);
            one.transport.flush();
        }
        QVERIFY(one.transport.dropped() > 0);
        QVERIFY(one.transport.peers().front().unsentBytes <= peerQueueBytesMax);
    }

    /// Members that were added later know the founders only, and have to reach each other too.
    void strangersOfEachOther_meetThroughACommonPeer_data()
    {
        QTest::addColumn<bool>("together");
        QTest::newRow("one after the other") << false;
        QTest::newRow("at the same time") << true;
    }
    void strangersOfEachOther_meetThroughACommonPeer()
    {
        QFETCH(bool, together);
        PeerEnd common(peerOptions(1));
        const auto optionsOf = [&](std::uint64_t id) {
            auto options = peerOptions(id, {common.address()});
            options.listen.port = freePort();
            options.address = options.listen.text();
            return options;
        };
        PeerEnd two(optionsOf(2));
        if (!together)
            QTRY_VERIFY(areConnected(common, two));
        PeerEnd three(optionsOf(3));
        QTRY_VERIFY(areConnected(two, three));
        QTRY_VERIFY(areConnected(common, three));
    }

    /// A member moved: it says where it is now, and is dialled there.
    void movedPeer_isDialledWhereItSays()
    {
        PeerEnd one(peerOptions(1));
        QTcpServer place;
        QVERIFY(place.listen(QHostAddress::LocalHost));
        PeerHello hello;
        hello.node = NodeId(2);
        hello.run = RunId(1);
        hello.address = QStringLiteral("127.0.0.1:%1").arg(place.serverPort());
        {
            QTcpSocket before;
            before.connectToHost("127.0.0.1", one.transport.port());
            before.write(greeting(hello));
            QTRY_VERIFY(one.transport.isConnected(NodeId(2)));
        }
        QTRY_VERIFY(place.hasPendingConnections());
    }
};

QTEST_GUILESS_MAIN(TestPeerTransport)
#include "tst_peer_transport.moc"
