// SPDX-License-Identifier: Apache-2.0
#include "net/peer_tls.h"
#include "unit/net/peer_kit.h"

#include <QFile>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

using namespace coffer;
using namespace coffer::net;
using namespace coffer::test;

class TestPeerTls : public QObject
{
    Q_OBJECT

private:
    /// Runs openssl in the folder of the certificates.
    void run(const QStringList &arguments)
    {
        QProcess process;
        process.setWorkingDirectory(m_folder.path());
        process.start("openssl", arguments);
        const bool isFine = process.waitForFinished(30'000) && process.exitCode() == 0;
        if (!isFine)
            qFatal("openssl: %s", process.readAllStandardError().constData());
    }

    void makeAuthority(const QString &name)
    {
        run({"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-keyout", name + ".key", "-out", name + ".pem", "-days", "2", "-subj",
             "/CN=" + name});
    }

    void makePeer(const QString &name, const QString &authority)
    {
        run({"req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-keyout", name + ".key", "-out", name + ".csr", "-subj", "/CN=" + name});
        run({"x509", "-req", "-in", name + ".csr", "-CA", authority + ".pem", "-CAkey",
             authority + ".key", "-CAcreateserial", "-out", name + ".pem", "-days", "2"});
    }

    [[nodiscard]] QString path(const QString &name) const { return m_folder.filePath(name); }

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

    QTemporaryDir m_folder;

private Q_SLOTS:
    void initTestCase()
    {
        makeAuthority("ours");
        makeAuthority("theirs");
        makePeer("one", "ours");
        makePeer("two", "ours");
        makePeer("foreign", "theirs");
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
