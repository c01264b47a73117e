// SPDX-License-Identifier: Apache-2.0
#include "net/peer_address.h"

#include <QTest>

using namespace coffer;
using namespace coffer::net;

class TestPeerAddress : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void parse_readsHostAndPort_data()
    {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QString>("host");
        QTest::addColumn<int>("port");
        QTest::newRow("v4") << "10.0.0.1:7401"
                            << "10.0.0.1" << 7401;
        QTest::newRow("name") << "n1.example:1"
                              << "n1.example" << 1;
        QTest::newRow("v6") << "[::1]:65535"
                            << "::1" << 65535;
        QTest::newRow("any port") << "0.0.0.0:0"
                                  << "0.0.0.0" << 0;
    }
    void parse_readsHostAndPort()
    {
        QFETCH(QString, text);
        QFETCH(QString, host);
        QFETCH(int, port);
        const auto address = PeerAddress::parse(text);
        QVERIFY(address);
        QCOMPARE(address->host, host);
        QCOMPARE(int(address->port), port);
        QCOMPARE(address->text(), text);
    }

    void parse_refusesWhatIsNoAddress_data()
    {
        QTest::addColumn<QString>("text");
        QTest::newRow("empty") << "";
        QTest::newRow("no port") << "10.0.0.1";
        QTest::newRow("empty port") << "10.0.0.1:";
        QTest::newRow("no host") << ":7401";
        QTest::newRow("port too large") << "a:65536";
        QTest::newRow("negative port") << "a:-1";
        QTest::newRow("port with letters") << "a:7401x";
        QTest::newRow("v6 without brackets") << "::1:7401";
        QTest::newRow("empty brackets") << "[]:7401";
        QTest::newRow("space") << "a b:1";
        QTest::newRow("comma") << "a,b:1";
        QTest::newRow("very long") << QString(300, QChar(u'a')) + ":1";
    }
    void parse_refusesWhatIsNoAddress()
    {
        QFETCH(QString, text);
        const auto address = PeerAddress::parse(text);
        QVERIFY(!address);
        QCOMPARE(address.error().code, ErrorCode::invalid);
        QVERIFY(address.error().message.contains("host:port"));
    }
};

QTEST_GUILESS_MAIN(TestPeerAddress)
#include "tst_peer_address.moc"
