// SPDX-License-Identifier: Apache-2.0
#include "net/client_tls.h"
#include "support/certificates.h"

#include <QTest>

using namespace coffer;
using namespace coffer::net;

/// PEM files that are wrong are named; certificates_haveRoles of tst_access uses good ones.
class TestClientTls : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        m_certificates.makeAuthority("ca");
        m_certificates.makeSigned("node", "ca");
    }
    void files_areRead()
    {
        const auto server = readServerTls({path("node.pem"), path("node.key"), {}});
        QVERIFY(server);
        QCOMPARE(server->peerVerifyMode(), QSslSocket::VerifyNone);
        const auto mutual = readServerTls({path("node.pem"), path("node.key"), path("ca.pem")});
        QVERIFY(mutual);
        QCOMPARE(mutual->peerVerifyMode(), QSslSocket::VerifyPeer);
        const auto client = readClientTls({{}, {}, path("ca.pem")});
        QVERIFY(client);
        QCOMPARE(client->peerVerifyMode(), QSslSocket::VerifyPeer);
        QCOMPARE(client->caCertificates().size(), 1);
    }
    void files_thatAreWrongAreNamed()
    {
        const auto missing = readServerTls({path("none.pem"), path("node.key"), {}});
        QVERIFY(!missing && missing.error().message.contains("none.pem"));
        QVERIFY(missing.error().message.startsWith("--tls-cert: "));
        QCOMPARE(missing.error().code, ErrorCode::invalid); // it is the setting that is wrong
        const auto swapped = readServerTls({path("node.key"), path("node.pem"), {}});
        QVERIFY(!swapped && swapped.error().message.contains("node.key"));
        const auto half = readClientTls({path("node.pem"), {}, {}});
        QVERIFY(!half && half.error().message.contains("--tls-key"));
        const auto authority = readClientTls({{}, {}, path("node.key")});
        QVERIFY(!authority && authority.error().message.contains("node.key"));
        QVERIFY(authority.error().message.startsWith("--tls-ca: "));
        ClientTlsFiles files{path("node.pem"), path("node.key"), path("none.pem")};
        files.settings.authority = "--tls-client-ca";
        const auto named = readServerTls(files);
        QVERIFY(!named && named.error().message.startsWith("--tls-client-ca: "));
    }

private:
    [[nodiscard]] QString path(const QString &file) const { return m_certificates.path(file); }

    test::Certificates m_certificates;
};

QTEST_GUILESS_MAIN(TestClientTls)
#include "tst_client_tls.moc"
