// SPDX-License-Identifier: Apache-2.0
#include "net/peer_hello.h"

#include <QTest>

using namespace coffer;
using namespace coffer::net;

static PeerHello sample(std::uint64_t node)
{
    PeerHello hello;
    hello.cluster = ClusterId(7);
    hello.node = NodeId(node);
    hello.run = RunId(node * 10);
    hello.address = QStringLiteral("10.0.0.%1:7401").arg(node);
    hello.build = "0.1.0";
    hello.clusterName = "main";
    return hello;
}

class TestPeerHello : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void decode_givesWhatWasEncoded()
    {
        QCOMPARE(decodeHello(encodeHello(sample(1))).value(), sample(1));
        PeerHello bare;
        bare.node = NodeId(1);
        bare.run = RunId(2);
        QCOMPARE(decodeHello(encodeHello(bare)).value(), bare);
        QCOMPARE(decodeRefusal(encodeRefusal("no, because")).value(), "no, because");
    }

    void decode_namesTheFieldAtFault_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<QString>("field");
        PeerHello hello = sample(1);
        hello.node = NodeId();
        QTest::newRow("no node") << encodeHello(hello) << "hello.node";
        hello = sample(1);
        hello.run = RunId();
        QTest::newRow("no run") << encodeHello(hello) << "hello.run";
        hello = sample(1);
        hello.versionMin = 0;
        QTest::newRow("version 0") << encodeHello(hello) << "hello.version_min";
        hello.versionMin = 3;
        hello.versionMax = 2;
        QTest::newRow("versions cross") << encodeHello(hello) << "hello.version_min";
        QTest::newRow("garbage") << QByteArray("\xff\xff\xff") << "hello";
        QTest::newRow("empty") << QByteArray() << "hello.version_min";
        QTest::newRow("too long") << QByteArray(5000, '\0') << "hello";
    }
    void decode_namesTheFieldAtFault()
    {
        QFETCH(QByteArray, bytes);
        QFETCH(QString, field);
        const auto hello = decodeHello(bytes);
        QVERIFY(!hello);
        QCOMPARE(hello.error().code, ErrorCode::invalid);
        QVERIFY2(hello.error().message.contains(field), qPrintable(hello.error().message));
    }

    void addresses_comeBackOrAreRefused()
    {
        const QStringList addresses{"a:1", "[::1]:2"};
        QCOMPARE(decodeAddresses(encodeAddresses(addresses)).value(), addresses);
        QVERIFY(decodeAddresses(encodeAddresses({})).value().isEmpty());
        QVERIFY(!decodeAddresses(encodeAddresses({"no address"})));
        QVERIFY(!decodeAddresses(QByteArray("\xff\xff")));
        const auto many = [](qsizetype count) {
            return decodeAddresses(encodeAddresses(QStringList(count, "a:1"))).has_value();
        };
        QVERIFY(many(qsizetype(peerAddressesMax)));
        QVERIFY(!many(qsizetype(peerAddressesMax) + 1));
    }

    void encode_cutsLongTextsBetweenCharacters()
    {
        PeerHello hello = sample(1);
        hello.clusterName = QStringLiteral("x") + QString(2000, QChar(0xe9)); // two bytes each
        const auto decoded = decodeHello(encodeHello(hello));
        QVERIFY(decoded);
        QCOMPARE(decoded->clusterName, hello.clusterName.left(1 + 511));
        QVERIFY(decodeRefusal(encodeRefusal(QString(9000, QChar(0x20ac)))));
    }

    void whyRefused_isQuietBetweenPeers()
    {
        QVERIFY(!whyRefused(sample(1), sample(2)));
        PeerHello empty = sample(2);
        empty.cluster = ClusterId();
        empty.clusterName.clear();
        QVERIFY(!whyRefused(sample(1), empty));
        QVERIFY(!whyRefused(empty, sample(1)));
        PeerHello newer = sample(2);
        newer.versionMax = 9;
        QVERIFY(!whyRefused(sample(1), newer));
    }

    void whyRefused_saysWhyOnBothSides_data()
    {
        QTest::addColumn<PeerHello>("other");
        QTest::addColumn<QString>("word");
        PeerHello other = sample(2);
        other.versionMin = other.versionMax = 2;
        QTest::newRow("version") << other << "version of the peer protocol";
        other = sample(2);
        other.clusterName = "test";
        QTest::newRow("name") << other << "--cluster-name";
        other = sample(2);
        other.cluster = ClusterId(8);
        QTest::newRow("cluster") << other << "different clusters";
        other = sample(1);
        QTest::newRow("itself") << other << "itself";
        other.run = RunId(99);
        QTest::newRow("copy") << other << "copy";
    }
    void whyRefused_saysWhyOnBothSides()
    {
        QFETCH(PeerHello, other);
        QFETCH(QString, word);
        for (const auto &why : {whyRefused(sample(1), other), whyRefused(other, sample(1))}) {
            QVERIFY(why);
            QVERIFY2(why->contains(word), qPrintable(*why));
            QVERIFY(why->contains("10.0.0.1:7401"));
        }
    }
};

QTEST_GUILESS_MAIN(TestPeerHello)
#include "tst_peer_hello.moc"
