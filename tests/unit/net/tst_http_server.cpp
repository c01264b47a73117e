// SPDX-License-Identifier: Apache-2.0
#include "net/http_server.h"
#include "support/hand_clock.h"
#include "unit/net/raw_peer.h"

#include <QTest>
#include <QWebSocket>

#include <QCoro/QCoroTask> // std::coroutine_handle, for clang 14 too

#include <stdexcept>
#include <utility>

using namespace coffer;
using namespace coffer::net;
using namespace Qt::StringLiterals;

namespace {

struct Held
{
    std::vector<std::coroutine_handle<>> *held;

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiter) const { held->push_back(waiter); }
    void await_resume() const noexcept {}
};

/// A server with a few routes: /echo, /held (waits for release()), /tree/*, /tree/deep/*, /throws,
/// /large (100 kB).
class Site
{
public:
    Site(HttpOptions options = {}) : server(router, clock, std::move(options))
    {
        add("POST", "/echo", &Site::echo);
        add("GET", "/echo", &Site::echo);
        add("GET", "/held", &Site::wait);
        add("GET", "/tree/*", &Site::tree);
        add("GET", "/tree/deep/*", &Site::deep);
        add("GET", "/throws", &Site::raise);
        add("GET", "/large", &Site::large);
        if (!server.start(QHostAddress(QHostAddress::LocalHost), 0))
            qFatal("no port");
    }
    ~Site() { release(); }

    void release()
    {
        for (const std::coroutine_handle<> waiter : std::exchange(held, {}))
            waiter.resume();
    }

    HandClock clock;
    HttpRouter router;
    HttpServer server;
    std::vector<HttpRouter::Route> routes;
    std::vector<std::coroutine_handle<>> held;
    int handled = 0;
    int hangups = 0;

private:
    using Member = QCoro::Task<HttpResponse> (Site::*)(HttpRequest);

    void add(const char *method, const char *path, Member member)
    {
        Result<HttpRouter::Route> route = router.add(
            method, path, [this, member](HttpRequest r) { return (this->*member)(std::move(r)); });
        routes.push_back(std::move(*route));
    }
    QCoro::Task<HttpResponse> echo(HttpRequest request)
    {
        ++handled;
        co_return HttpResponse::text(200, request.body + request.query);
    }
    QCoro::Task<HttpResponse> wait(HttpRequest request)
    {
        request.hangup->onHangup([this] { ++hangups; });
        co_await Held{&held};
        ++handled;
        co_return HttpResponse::text(200, "held");
    }
    QCoro::Task<HttpResponse> tree(HttpRequest) { co_return HttpResponse::text(200, "tree"); }
    QCoro::Task<HttpResponse> deep(HttpRequest) { co_return HttpResponse::text(200, "deep"); }
    QCoro::Task<HttpResponse> raise(HttpRequest)
    {
        throw std::runtime_error("a bug");
        co_return HttpResponse();
    }
    QCoro::Task<HttpResponse> large(HttpRequest)
    {
        ++handled;
        co_return HttpResponse::text(200, QByteArray(100'000, 'x'));
    }
};

QByteArray get(const QByteArray &target, const QByteArray &headers = {})
{
    return "GET " + target + " HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n";
}

QByteArray post(const QByteArray &body, const QByteArray &headers = {})
{
    return "POST /echo HTTP/1.1\r\nHost: a\r\n" + headers
           + "Content-Length: " + QByteArray::number(body.size()) + "\r\n\r\n" + body;
}

} // namespace

class TestHttpServer : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void requests_areAnsweredInOrder();
    void requests_mayBeCutAnywhere();
    void answer_dependsOnMethodAndPath_data();
    void answer_dependsOnMethodAndPath();
    void head_hasTheLengthAndNoBody();
    void method_thatIsNotThereNamesTheOthers();
    void handler_thatThrowsIs500();
    void connection_closesWhenAsked();
    void continue_isSaid();
    void body_tooLargeIsRefusedWhileItIsSent();
    void protocolError_closes();
    void slowRequest_timesOut_data();
    void slowRequest_timesOut();
    void idle_isClosed();
    void handler_isNotTimed();
    void hangUp_beforeTheAnswerIsHarmless();
    void halfOpen_isAnswered();
    void connections_areBounded();
    void answers_thatAreNotFetchedHoldBackRequests();
    void route_isTakenBack();
    void upgrade_withoutRouteIsRefused();
    void host_hasToBeKnown_data();
    void host_hasToBeKnown();
    void stop_closesIdleConnections();
};

void TestHttpServer::requests_areAnsweredInOrder()
{
    Site site;
    RawPeer peer(site.server.serverPort());
    peer.send(get("/held") + post("one") + get("/echo?two"));
    QTRY_COMPARE(site.held.size(), std::size_t(1));
    QCOMPARE(site.handled, 0); // what is behind waits
    site.release();
    QTRY_COMPARE(peer.responses().size(), 3);
    QVERIFY(peer.responses()[0].endsWith("\r\n\r\nheld"));
    QVERIFY(peer.responses()[1].endsWith("\r\n\r\none"));
    QVERIFY(peer.responses()[2].endsWith("\r\n\r\ntwo"));
}

void TestHttpServer::requests_mayBeCutAnywhere()
{
    Site site;
    RawPeer peer(site.server.serverPort());
    const QByteArray bytes = post("hello") + get("/echo?x");
    int sent = 0;
    for (qsizetype cut = 1; cut < bytes.size(); ++cut) {
        peer.send(bytes.left(cut));
        QCoreApplication::processEvents();
        peer.send(bytes.mid(cut));
        sent += 2;
    }
    QTRY_COMPARE(peer.responses().size(), sent);
    for (int i = 0; i < sent; ++i)
        QVERIFY(peer.responses()[i].endsWith(i % 2 == 0 ? "\r\n\r\nhello" : "\r\n\r\nx"));
}

void TestHttpServer::answer_dependsOnMethodAndPath_data()
{
    QTest::addColumn<QByteArray>("request");
    QTest::addColumn<int>("status");
    QTest::addColumn<QByteArray>("body");
    QTest::newRow("exact") << get("/echo?a") << 200 << QByteArray("a");
    QTest::newRow("prefix") << get("/tree/a/b") << 200 << QByteArray("tree");
    QTest::newRow("prefix alone") << get("/tree/") << 200 << QByteArray("tree");
    QTest::newRow("longest prefix") << get("/tree/deep/x") << 200 << QByteArray("deep");
    QTest::newRow("below an exact one") << get("/echo/a") << 404 << QByteArray();
    QTest::newRow("nothing") << get("/none") << 404 << QByteArray();
    QTest::newRow("other method") << QByteArray("DELETE /echo HTTP/1.1\r\nHost: a\r\n\r\n") << 405
                                  << QByteArray();
}

void TestHttpServer::answer_dependsOnMethodAndPath()
{
    QFETCH(QByteArray, request);
    QFETCH(int, status);
    QFETCH(QByteArray, body);
    Site site;
    RawPeer peer(site.server.serverPort());
    peer.send(request);
    QTRY_COMPARE(peer.status(), status);
    if (status == 200)
        QVERIFY(peer.responses()[0].endsWith("\r\n\r\n" + body));
    else
        QVERIFY(peer.responses()[0].contains(R"("error":{"code":)"));
    peer.send(get("/echo")); // none of these is a reason to hang up
    QTRY_COMPARE(peer.status(1), 200);
}

void TestHttpServer::head_hasTheLengthAndNoBody()
{
    Site site;
    RawPeer peer(site.server.serverPort());
    peer.send("HEAD /large HTTP/1.1\r\nHost: a\r\n\r\nHEAD /none HTTP/1.1\r\nHost: a\r\n\r\n");
    QTRY_COMPARE(peer.responses(true).size(), 2);
    QVERIFY(peer.responses(true)[0].contains("Content-Length: 100000\r\n"));
    QVERIFY(peer.responses(true)[1].startsWith("HTTP/1.1 404"));
    QVERIFY(peer.received.endsWith("\r\n\r\n"));
}

void TestHttpServer::method_thatIsNotThereNamesTheOthers()
{
    Site site;
    RawPeer peer(site.server.serverPort());
    peer.send("PUT /echo HTTP/1.1\r\nHost: a\r\n\r\n");
    QTRY_COMPARE(peer.status(), 405);
    QVERIFY(peer.responses()[0].contains("Allow: GET, HEAD, POST\r\n"));
}

void TestHttpServer::handler_thatThrowsIs500()
{
    Site site;
    RawPeer peer(site.server.serverPort());
    peer.send(get("/throws") + get("/echo?on"));
    QTRY_COMPARE(peer.status(1), 200);
    QCOMPARE(peer.status(0), 500);
    QVERIFY(!peer.responses()[0].contains("a bug"));
}

void TestHttpServer::connection_closesWhenAsked()
{
    Site site;
    RawPeer peer(site.server.serverPort());
    peer.send(get("/echo?a", "Connection: close\r\n") + get("/echo?b"));
    QTRY_VERIFY(peer.isClosed());
    QCOMPARE(peer.responses().size(), 1);
    QVERIFY(peer.responses()[0].contains("Connection: close\r\n"));
}

void TestHttpServer::continue_isSaid()
{
    Site site;
    RawPeer peer(site.server.serverPort());
    const QByteArray request = post("hello", "Expect: 100-continue\r\n");
    peer.send(request.chopped(5));
    QTRY_COMPARE(peer.status(0), 100);
    peer.send("hello");
    QTRY_COMPARE(peer.status(1), 200);
}

void TestHttpServer::body_tooLargeIsRefusedWhileItIsSent()
{
    HttpOptions options;
    options.patience.bounds.bodyBytesMax = 1'000;
    Site site(options);
    RawPeer peer(site.server.serverPort());
    peer.send(post(QByteArray(4'000'000, 'x')));
    QTRY_COMPARE(peer.status(), 413);
    QVERIFY(peer.responses()[0].contains("Connection: close\r\n"));
    QTRY_VERIFY(peer.isClosed());
    QTRY_COMPARE(site.server.connectionCount(), 0);
}

void TestHttpServer::protocolError_closes()
{
    Site site;
    RawPeer peer(site.server.serverPort());
    peer.send(get("/echo?a") + "nonsense\r\n\r\n" + get("/echo?b"));
    QTRY_VERIFY(peer.isClosed());
    QCOMPARE(peer.status(0), 200);
    QCOMPARE(peer.status(1), 400);
    QCOMPARE(peer.responses().size(), 2);
}

void TestHttpServer::slowRequest_timesOut_data()
{
    QTest::addColumn<QByteArray>("begun");
    QTest::newRow("in its line") << QByteArray("GE");
    QTest::newRow("in its headers") << QByteArray("GET / HTTP/1.1\r\nHost:");
    QTest::newRow("in its body") << post("hello").chopped(1);
}

void TestHttpServer::slowRequest_timesOut()
{
    QFETCH(QByteArray, begun);
    Site site;
    RawPeer peer(site.server.serverPort());
    QTRY_COMPARE(site.server.connectionCount(), 1);
    peer.send(get("/echo?a"));
    QTRY_COMPARE(peer.status(0), 200);
    for (qsizetype i = 0; i < begun.size(); ++i) { // a byte now and then does not help
        peer.send(begun.mid(i, 1));
        QTest::qWait(0); // tidy: allow(sleep) one turn of the event loop, no time
        site.clock.now += limits::requestTimeMax / (begun.size() + 1);
        site.server.checkTimes();
    }
    QCOMPARE(peer.responses().size(), 1);
    site.clock.now += limits::requestTimeMax;
    site.server.checkTimes();
    QTRY_COMPARE(peer.status(1), 408);
    QTRY_COMPARE(site.server.connectionCount(), 0);
    QTRY_VERIFY(peer.isClosed());
}

void TestHttpServer::idle_isClosed()
{
    Site site;
    RawPeer peer(site.server.serverPort());
    peer.send(get("/echo?a"));
    QTRY_COMPARE(peer.status(0), 200);
    site.clock.now += limits::idleTimeMax - std::chrono::milliseconds(1);
    site.server.checkTimes();
    QCOMPARE(site.server.connectionCount(), 1);
    site.clock.now += std::chrono::milliseconds(1);
    site.server.checkTimes();
    QTRY_VERIFY(peer.isClosed());
    QTRY_COMPARE(site.server.connectionCount(), 0);
}

void TestHttpServer::handler_isNotTimed()
{
    Site site;
    RawPeer peer(site.server.serverPort());
    peer.send(get("/held"));
    QTRY_COMPARE(site.held.size(), std::size_t(1));
    site.clock.now += std::chrono::hours(1);
    site.server.checkTimes();
    site.release();
    QTRY_COMPARE(peer.status(), 200);
}

void TestHttpServer::hangUp_beforeTheAnswerIsHarmless()
{
    Site site;
    {
        RawPeer peer(site.server.serverPort());
        peer.send(get("/held"));
        QTRY_COMPARE(site.held.size(), std::size_t(1));
        peer.socket.abort();
    }
    QTRY_COMPARE(site.hangups, 1);
    QTRY_COMPARE(site.server.connectionCount(), 0);
    site.release();
    QCOMPARE(site.handled, 1);
}

void TestHttpServer::halfOpen_isAnswered()
{
    Site site;
    RawPeer peer(site.server.serverPort());
    peer.send(get("/echo?a"));
    peer.socket.disconnectFromHost(); // what was asked before is answered, then both are closed
    QTRY_COMPARE(site.handled, 1);
    QTRY_COMPARE(site.server.connectionCount(), 0);
}

void TestHttpServer::connections_areBounded()
{
    HttpOptions options;
    options.connectionsMax = 2;
    Site site(options);
    RawPeer one(site.server.serverPort());
    RawPeer two(site.server.serverPort());
    QTRY_COMPARE(site.server.connectionCount(), 2);
    RawPeer three(site.server.serverPort());
    QTRY_COMPARE(three.status(), 503);
    QVERIFY(three.responses()[0].contains("Retry-After: 1\r\n"));
    QTRY_COMPARE(site.server.connectionCount(), 2);
    one.send(get("/echo"));
    QTRY_COMPARE(one.status(), 200);
    two.socket.abort();
    QTRY_COMPARE(site.server.connectionCount(), 1);
    RawPeer four(site.server.serverPort());
    four.send(get("/echo"));
    QTRY_COMPARE(four.status(), 200);
}

void TestHttpServer::answers_thatAreNotFetchedHoldBackRequests()
{
    Site site;
    RawPeer peer(site.server.serverPort());
    peer.socket.setReadBufferSize(1'000);
    const int count = 1'000; // 100 MB of answers
    peer.send(get("/large").repeated(count));
    QTRY_VERIFY(site.handled > 0);
    for (int i = 0; i < 200; ++i)
        QCoreApplication::processEvents();
    QVERIFY2(site.handled < count / 2, qPrintable(QString::number(site.handled)));
    peer.socket.setReadBufferSize(0);
    qint64 fetched = 0;
    QTRY_VERIFY_WITH_TIMEOUT((fetched += peer.socket.readAll().size()) > qint64(count) * 100'000,
                             30'000);
    QCOMPARE(site.handled, count);
}

void TestHttpServer::route_isTakenBack()
{
    Site site;
    RawPeer peer(site.server.serverPort());
    site.routes.clear();
    peer.send(get("/echo"));
    QTRY_COMPARE(peer.status(), 404);
}

void TestHttpServer::upgrade_withoutRouteIsRefused()
{
    Site site;
    RawPeer peer(site.server.serverPort());
    peer.send(get("/echo", "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                           "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAA\r\n"));
    QTRY_COMPARE(peer.status(), 404);
    QTRY_VERIFY(peer.isClosed());
}

void TestHttpServer::host_hasToBeKnown_data()
{
    QTest::addColumn<QByteArray>("host");
    QTest::addColumn<int>("status");
    QTest::newRow("number") << QByteArray("127.0.0.1:7400") << 200;
    QTest::newRow("IPv6") << QByteArray("[::1]:7400") << 200;
    QTest::newRow("IPv6 without port") << QByteArray("[2001:db8::1]") << 200;
    QTest::newRow("localhost") << QByteArray("LocalHost:7400") << 200;
    QTest::newRow("own name") << QByteArray("Node1.example:7400") << 200;
    QTest::newRow("in full") << QByteArray("node1.example.") << 200;
    QTest::newRow("foreign") << QByteArray("evil.example:7400") << 403;
    QTest::newRow("below an own one") << QByteArray("evil.node1.example") << 403;
    QTest::newRow("begins as a number") << QByteArray("127.0.0.1.evil.example") << 403;
    QTest::newRow("begins as localhost") << QByteArray("localhost.evil.example:7400") << 403;
    QTest::newRow("brackets around a name") << QByteArray("[evil.example]") << 403;
    QTest::newRow("only a port") << QByteArray(":7400") << 403;
    QTest::newRow("a star") << QByteArray("*") << 403;
}

void TestHttpServer::host_hasToBeKnown()
{
    QFETCH(QByteArray, host);
    QFETCH(int, status);
    HttpOptions options;
    options.hostNames = {u"node1.example"_s};
    Site site(options);
    RawPeer peer(site.server.serverPort());
    peer.send("GET /echo?x HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
    QTRY_COMPARE(peer.status(), status);
    QCOMPARE(site.handled, status == 200 ? 1 : 0);
    RawPeer upgrade(site.server.serverPort());
    upgrade.send("GET /none HTTP/1.1\r\nHost: " + host
                 + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    QTRY_COMPARE(upgrade.status(), status == 200 ? 404 : 403);
    options.hostNames = {u"*"_s};
    Site open(options);
    RawPeer anybody(open.server.serverPort());
    anybody.send("GET /echo?x HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
    QTRY_COMPARE(anybody.status(), 200);
}

void TestHttpServer::stop_closesIdleConnections()
{
    Site site;
    RawPeer idle(site.server.serverPort());
    RawPeer busy(site.server.serverPort());
    busy.send(get("/held"));
    QTRY_COMPARE(site.held.size(), std::size_t(1));
    QTRY_COMPARE(site.server.connectionCount(), 2);
    site.server.stop();
    QTRY_VERIFY(idle.isClosed());
    site.release();
    QTRY_COMPARE(busy.status(), 200);
}

QTEST_GUILESS_MAIN(TestHttpServer)
#include "tst_http_server.moc"
