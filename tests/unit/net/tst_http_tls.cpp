// SPDX-License-Identifier: Apache-2.0
#include "net/http_server.h"
#include "support/hand_clock.h"
#include "unit/net/raw_peer.h"

#include <QFile>
#include <QProcess>
#include <QSslKey>
#include <QSslSocket>
#include <QTemporaryDir>
#include <QTest>
#include <QWebSocket>

using namespace coffer;
using namespace coffer::net;
using namespace Qt::StringLiterals;

namespace {

QCoro::Task<HttpResponse> echo(HttpRequest request)
{
    co_return HttpResponse::text(200, request.body + request.certificateName.toUtf8());
}

} // namespace

class TestHttpTls : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void requests_areAnswered();
    void webSocket_isOpened();
    void certificate_namesThePeer();
    void plainPeer_isTurnedAway();
    void silentPeer_isClosed();

private:
    /// NAME.pem and NAME.key, signed by itself.
    [[nodiscard]] QSslConfiguration identity(const QString &name) const;
    [[nodiscard]] HttpOptions options() const;

    QTemporaryDir m_folder;
    HandClock m_clock;
    HttpRouter m_router;
    HttpRouter::Route m_route;
};

void TestHttpTls::initTestCase()
{
    for (const QString &name : {u"server"_s, u"ann"_s}) {
        QProcess openssl;
        openssl.setWorkingDirectory(m_folder.path());
        openssl.start(u"openssl"_s,
                      {u"req"_s, u"-x509"_s, u"-days"_s, u"2"_s, u"-nodes"_s, u"-newkey"_s, u"ec"_s,
                       u"-pkeyopt"_s, u"ec_paramgen_curve:prime256v1"_s, u"-subj"_s,
                       u"/CN="_s + name, u"-keyout"_s, name + u".key"_s, u"-out"_s,
                       name + u".pem"_s});
        QVERIFY(openssl.waitForFinished(30'000) && openssl.exitCode() == 0);
    }
    m_route = std::move(*m_router.add("POST", "/echo", echo));
}

QSslConfiguration TestHttpTls::identity(const QString &name) const
{
    QFile key(m_folder.filePath(name + u".key"_s));
    QFile certificate(m_folder.filePath(name + u".pem"_s));
    if (!key.open(QIODevice::ReadOnly) || !certificate.open(QIODevice::ReadOnly))
        qFatal("no certificate");
    QSslConfiguration configuration = QSslConfiguration::defaultConfiguration();
    configuration.setLocalCertificate(QSslCertificate(&certificate));
    configuration.setPrivateKey(QSslKey(&key, QSsl::Ec));
    configuration.setPeerVerifyMode(QSslSocket::VerifyNone);
    return configuration;
}

HttpOptions TestHttpTls::options() const
{
    HttpOptions options;
    options.tls = identity(u"server"_s);
    return options;
}

static const QByteArray request = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi";

void TestHttpTls::requests_areAnswered()
{
    HttpServer server(m_router, m_clock, options());
    QVERIFY(server.start(QHostAddress(QHostAddress::LocalHost), 0));
    QSslSocket peer;
    peer.setPeerVerifyMode(QSslSocket::VerifyNone);
    peer.connectToHostEncrypted(u"127.0.0.1"_s, server.serverPort());
    QTRY_VERIFY(peer.isEncrypted());
    const int count = 200;
    for (const char byte : request.repeated(count))
        peer.write(&byte, 1);
    QByteArray received;
    QTRY_COMPARE((received += peer.readAll()).count("\r\n\r\nhi"), count);
    peer.write("nonsense\r\n\r\n");
    QTRY_VERIFY((received += peer.readAll()).contains("HTTP/1.1 400"));
    QTRY_COMPARE(peer.state(), QAbstractSocket::UnconnectedState);
    QTRY_COMPARE(server.connectionCount(), 0);
}

void TestHttpTls::webSocket_isOpened()
{
    std::unique_ptr<QWebSocket> accepted;
    HttpRouter router;
    const Result<HttpRouter::Route> route =
        router.addWebSocket("/ws", [&accepted](HttpRequest) -> QCoro::Task<WebSocketOffer> {
            WebSocketOffer offer;
            offer.accepted = [&accepted](std::unique_ptr<QWebSocket> socket) {
                accepted = std::move(socket);
            };
            co_return offer;
        });
    QVERIFY(route);
    HttpServer server(router, m_clock, options());
    QVERIFY(server.start(QHostAddress(QHostAddress::LocalHost), 0));
    QWebSocket peer;
    connect(&peer, &QWebSocket::sslErrors, &peer, [&peer] { peer.ignoreSslErrors(); });
    QString heard;
    connect(&peer, &QWebSocket::textMessageReceived, &peer,
            [&heard](const QString &text) { heard = text; });
    peer.open(QUrl(u"wss://127.0.0.1:%1/ws"_s.arg(server.serverPort())));
    QTRY_VERIFY(accepted);
    accepted->sendTextMessage(u"hello"_s);
    QTRY_COMPARE(heard, u"hello"_s);
}

void TestHttpTls::certificate_namesThePeer()
{
    HttpOptions verifying = options();
    verifying.tls->setPeerVerifyMode(QSslSocket::VerifyPeer);
    verifying.tls->setCaCertificates({identity(u"ann"_s).localCertificate()});
    HttpServer server(m_router, m_clock, verifying);
    QVERIFY(server.start(QHostAddress(QHostAddress::LocalHost), 0));
    QSslSocket peer;
    peer.setSslConfiguration(identity(u"ann"_s));
    peer.connectToHostEncrypted(u"127.0.0.1"_s, server.serverPort());
    peer.write(request);
    QByteArray received;
    QTRY_VERIFY((received += peer.readAll()).endsWith("\r\n\r\nhiann"));

    QSslSocket stranger; // signed by nobody that the server knows
    stranger.setSslConfiguration(identity(u"server"_s));
    stranger.connectToHostEncrypted(u"127.0.0.1"_s, server.serverPort());
    stranger.write(request);
    QTRY_COMPARE(server.connectionCount(), 1);
    QTRY_COMPARE(stranger.state(), QAbstractSocket::UnconnectedState);
    QCOMPARE(stranger.readAll(), QByteArray());
}

void TestHttpTls::plainPeer_isTurnedAway()
{
    HttpServer server(m_router, m_clock, options());
    QVERIFY(server.start(QHostAddress(QHostAddress::LocalHost), 0));
    RawPeer peer(server.serverPort());
    peer.send(request);
    QTRY_VERIFY(peer.isClosed());
    QCOMPARE(peer.status(), 0);
    QTRY_COMPARE(server.connectionCount(), 0);
}

void TestHttpTls::silentPeer_isClosed()
{
    HttpServer server(m_router, m_clock, options());
    QVERIFY(server.start(QHostAddress(QHostAddress::LocalHost), 0));
    const RawPeer peer(server.serverPort()); // never begins its handshake
    QTRY_COMPARE(server.connectionCount(), 1);
    m_clock.now += limits::idleTimeMax;
    server.checkTimes();
    QTRY_VERIFY(peer.isClosed());
    QTRY_COMPARE(server.connectionCount(), 0);
}

QTEST_GUILESS_MAIN(TestHttpTls)
#include "tst_http_tls.moc"
