// SPDX-License-Identifier: Apache-2.0
#include "net/peer_tls.h"
#include "support/certificates.h"
#include "unit/net/peer_kit.h"

#include <QTest>

using namespace coffer;
using namespace coffer::net;
using namespace coffer::test;

class TestPeerTls : public QObject
{
    Q_OBJECT

private:
    [[nodiscard]] QString path(const QString &name) const { return m_certificates.path(name); }

    [[nodiscard]] QSslConfiguration tlsOf(const QString &name, const QString &authority) const
    {
        return readPeerTls({path(name + ".pem"), path(name + ".key"), path(authority + ".pem")})
            .value();
    }

    [[nodiscard]] PeerTransport::Options options(std::uint64_t id, const QStringList &seeds,
                                                 const QSslConfiguration &tls) const
    {
        auto made = peerOptions(id, seeds);
        made.tls = tls;
        return made;
    }

    Certificates m_certificates;

private Q_SLOTS:
    void initTestCase()
    {
        m_certificates.makeAuthority("ours");
        m_certificates.makeAuthority("theirs");
        m_certificates.makeSigned("one", "ours");
        m_certificates.makeSigned("two", "ours");
        m_certificates.makeSigned("foreign", "theirs");
    }

    /// The certificates carry no address at all: a member may move.
    void sameAuthority_connectsAndCarriesFrames()
    {
        PeerEnd one(options(1, {}, tlsOf("one", "ours")));
        PeerEnd two(options(2, {one.address()}, tlsOf("two", "ours")));
        QTRY_VERIFY(areConnected(one, two));
        one.say(two, QByteArray(3 << 20, 'x'));
        two.say(one, "y");
        QTRY_COMPARE(two.received.size(), 1U);
        QCOMPARE(two.received.front().size(), qsizetype(3 << 20));
        QTRY_COMPARE(one.received.size(), 1U);
    }

    void foreignCertificate_isRefusedWhoeverDials_data()
    {
        QTest::addColumn<bool>("foreignDials");
        QTest::newRow("it dials") << true;
        QTest::newRow("it is dialled") << false;
    }
    void foreignCertificate_isRefusedWhoeverDials()
    {
        QFETCH(bool, foreignDials);
        LogCatcher log;
        // The foreigner trusts us, so that only our own judgement keeps it out.
        const QSslConfiguration foreign = tlsOf("foreign", "ours");
        const QSslConfiguration ours = tlsOf("one", "ours");
        PeerEnd listening(options(1, {}, foreignDials ? ours : foreign));
        PeerEnd dialling(options(2, {listening.address()}, foreignDials ? foreign : ours));
        QTRY_VERIFY(LogCatcher::count("its certificate is refused") >= 1);
        QTRY_VERIFY(LogCatcher::count("is not connected") >= 2); // both sides say so
        QVERIFY(!listening.transport.isConnected(NodeId(2)));
    }

    void plainPeer_isRefused()
    {
        LogCatcher log;
        PeerEnd one(options(1, {}, tlsOf("one", "ours")));
        PeerEnd two(peerOptions(2, {one.address()}));
        QTRY_VERIFY(LogCatcher::count("is not connected") >= 2);
        QVERIFY(!one.transport.isConnected(NodeId(2)));
    }

    void readPeerTls_namesTheFileAtFault()
    {
        const auto missing = readPeerTls({path("none.pem"), path("one.key"), path("ours.pem")});
        QVERIFY(!missing && missing.error().message.contains("none.pem"));
        const auto noKey = readPeerTls({path("one.pem"), path("one.pem"), path("ours.pem")});
        QVERIFY(!noKey && noKey.error().message.contains("one.pem has no PEM key"));
        const auto noAuthority = readPeerTls({path("one.pem"), path("one.key"), path("one.key")});
        QVERIFY(!noAuthority
                && noAuthority.error().message.contains("one.key has no PEM certificate"));
    }
};

QTEST_GUILESS_MAIN(TestPeerTls)
#include "tst_peer_tls.moc"
