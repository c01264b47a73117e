// SPDX-License-Identifier: Apache-2.0
#include "rpc/front_door.h"

#include "net/http_server.h"
#include "rpc/limits.h"
#include "unit/net/raw_peer.h"
#include "unit/rpc/stage.h"

#include <QCborArray>
#include <QSignalSpy>
#include <QTest>
#include <QWebSocket>
#include <QtEndian>

using namespace coffer;
using namespace coffer::rpc;
using namespace Qt::StringLiterals;
using net::RawPeer;

namespace {

/// The methods of Stage behind a real front door.
class House
{
public:
    House() : door(stage.registry, router, stage.clock), server(router, stage.clock)
    {
        if (!server.start(QHostAddress(QHostAddress::LocalHost), 0))
            qFatal("no port");
    }
    ~House() { stage.release(); }

    [[nodiscard]] QUrl url() const
    {
        return QUrl(u"ws://127.0.0.1:%1/rpc"_s.arg(server.serverPort()));
    }

    Stage stage;
    net::HttpRouter router;
    FrontDoor door;
    net::HttpServer server;
};

/// A WebSocket that keeps what it hears.
class Visitor
{
public:
    explicit Visitor(const House &house)
    {
        QObject::connect(&socket, &QWebSocket::textMessageReceived, &socket,
                         [this](const QString &text) { texts += text; });
        QObject::connect(&socket, &QWebSocket::binaryMessageReceived, &socket,
                         [this](const QByteArray &bytes) { binaries += bytes; });
        socket.open(house.url());
    }
    [[nodiscard]] bool isOpen() const { return socket.state() == QAbstractSocket::ConnectedState; }

    QWebSocket socket;
    QStringList texts;
    QByteArrayList binaries;
};

const QByteArray upgrade = "GET /rpc HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
                           "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// A frame of a client, masked with zeros, of fewer than 126 bytes.
QByteArray frame(const QByteArray &text)
{
    return QByteArray("\x81") + char(0x80 | text.size()) + QByteArray(4, '\0') + text;
}

QByteArray post(const QByteArray &body, const QByteArray &type = "application/json",
                const QByteArray &headers = {})
{
    return "POST /rpc HTTP/1.1\r\nHost: a\r\nContent-Type: " + type + "\r\n" + headers
           + "Content-Length: " + QByteArray::number(body.size()) + "\r\n\r\n" + body;
}

const QByteArray echo = R"({"jsonrpc":"2.0","method":"test.echo","params":{"a":1},"id":1})";

} // namespace

class TestFrontDoor : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void text_isAnsweredInJson();
    void binary_isAnsweredInCbor();
    void frames_thatComeWithTheHeadAreRefused();
    void subscription_waitsForItsReader();
    void events_areWholeHoweverTheyAreRead();
    void message_thatIsTooLargeEndsTheConnection();
    void silence_endsTheConnection();
    void hangUp_beforeTheAnswerIsHarmless();
    void foreignOrigin_isRefused();
    void stranger_isTurnedAway();
    void stranger_isNamedByToken();
    void post_isAnswered_data();
    void post_isAnswered();
    void post_hangUpCancelsItsCalls();
    void post_cannotSubscribe();
    void stop_answersWhatIsUnderWayAndRefusesMore();
    void health_andReadiness();
    void rest_callsMethods();
};

void TestFrontDoor::text_isAnsweredInJson()
{
    House house;
    Visitor visitor(house);
    QTRY_VERIFY(visitor.isOpen());
    visitor.socket.sendTextMessage(QString::fromLatin1(echo));
    visitor.socket.sendTextMessage(u"[%1,%1]"_s.arg(QString::fromLatin1(echo)));
    QTRY_COMPARE(visitor.texts.size(), 2);
    QCOMPARE(visitor.texts[0], uR"({"id":1,"jsonrpc":"2.0","result":{"a":1}})"_s);
    QVERIFY(visitor.texts[1].startsWith(u'['));
    QCOMPARE(house.door.webSocketCount(), 1U);
}

void TestFrontDoor::binary_isAnsweredInCbor()
{
    House house;
    Visitor visitor(house);
    QTRY_VERIFY(visitor.isOpen());
    const QCborMap call{{u"jsonrpc"_s, u"2.0"_s},
                        {u"id"_s, 1},
                        {u"method"_s, u"test.echo"_s},
                        {u"params"_s, QCborMap{{u"b"_s, QByteArray("\xff")}}}};
    visitor.socket.sendBinaryMessage(QCborValue(call).toCbor());
    QTRY_COMPARE(visitor.binaries.size(), 1);
    QCOMPARE(QCborValue::fromCbor(visitor.binaries[0])["result"_L1]["b"_L1].toByteArray(),
             QByteArray("\xff"));
}

void TestFrontDoor::frames_thatComeWithTheHeadAreRefused()
{
    House house;
    RawPeer peer(house.server.serverPort());
    peer.send(upgrade + "\r\n" + frame(echo));
    QTRY_COMPARE(peer.status(), 400);
    QTRY_VERIFY(peer.isClosed());
}

void TestFrontDoor::subscription_waitsForItsReader()
{
    House house;
    RawPeer peer(house.server.serverPort());
    peer.socket.setReadBufferSize(1'000);
    peer.send(upgrade + "\r\n");
    QTRY_COMPARE(house.door.webSocketCount(), 1U);
    const int count = 2'000; // 200 MB
    peer.send(frame(R"({"jsonrpc":"2.0","method":"test.follow","id":1,)"
                    R"("params":{"count":2000,"size":100000}})"));
    QTRY_VERIFY(house.stage.sentEvents > 0);
    for (int i = 0; i < 200; ++i)
        QCoreApplication::processEvents();
    QVERIFY2(house.stage.sentEvents < count / 2,
             qPrintable(QString::number(house.stage.sentEvents)));
    peer.socket.setReadBufferSize(0);
    qint64 fetched = 0;
    QTRY_VERIFY_WITH_TIMEOUT((fetched += peer.socket.readAll().size()) > qint64(count) * 100'000,
                             50'000);
    QTRY_COMPARE(house.stage.sentEvents, count);
}

/// The numbers of the events in \a bytes, which are whole unmasked frames, each a binary message of
/// at most 65,535 bytes; -1 for what is no event. Empty if they are anything else.
static QList<qint64> eventsIn(QByteArrayView bytes)
{
    QList<qint64> events;
    while (!bytes.isEmpty()) {
        const bool isLong = bytes.size() >= 4 && bytes[1] == 126;
        const qsizetype head = isLong ? 4 : 2;
        const qsizetype size = isLong ? qFromBigEndian<quint16>(bytes.data() + 2) : bytes[1];
        if (bytes[0] != char(0x82) || size < 0 || bytes.size() < head + size)
            return {};
        const QByteArray message = bytes.sliced(head, size).toByteArray();
        const QCborValue params = QCborValue::fromCbor(message)["params"_L1];
        const bool isWhole = params["event"_L1].toString().size() == 16'000;
        events += isWhole ? params["resume"_L1].toInteger() : -1;
        bytes = bytes.sliced(head + size);
    }
    return events;
}

/// Small messages go past Qt until the system does not take all of one: a peer at a time has a
/// chance of one in four that its socket is full in the middle of a message.
void TestFrontDoor::events_areWholeHoweverTheyAreRead()
{
    const int count = 600; // 9.6 MB, more than the system takes
    const QCborMap call{
        {u"jsonrpc"_s, u"2.0"_s},
        {u"id"_s, 1},
        {u"method"_s, u"test.follow"_s},
        {u"params"_s, QCborMap{{u"count"_s, count}, {u"size"_s, 16'000}, {u"paced"_s, true}}}};
    QList<qint64> expected{-1}; // the answer
    for (qint64 n = 0; n < count; ++n)
        expected += n;
    expected += -1; // the end
    for (int peers = 0; peers < 12; ++peers) {
        House house;
        RawPeer peer(house.server.serverPort());
        peer.send(upgrade + "\r\n");
        QTRY_VERIFY((peer.received += peer.socket.readAll()).endsWith("\r\n\r\n"));
        peer.socket.setReadBufferSize(1'000);
        peer.send("\x82" + frame(QCborValue(call).toCbor()).sliced(1));
        int before = -1;
        while (house.stage.sentEvents > before || before <= 0) {
            before = house.stage.sentEvents;
            for (int turns = 0; turns < 20; ++turns)
                QCoreApplication::processEvents();
        }
        QVERIFY(before < count); // it waits for its reader
        peer.socket.setReadBufferSize(0);
        QByteArray bytes;
        QTRY_COMPARE((bytes += peer.socket.readAll(), eventsIn(bytes)), expected);
    }
}

void TestFrontDoor::message_thatIsTooLargeEndsTheConnection()
{
    House house;
    Visitor visitor(house);
    QTRY_VERIFY(visitor.isOpen());
    visitor.socket.sendBinaryMessage(QByteArray(qsizetype(limits::messageBytesMax + 1), 'x'));
    QTRY_VERIFY(!visitor.isOpen());
    QCOMPARE(visitor.socket.closeCode(), QWebSocketProtocol::CloseCodeTooMuchData);
    QTRY_COMPARE(house.door.webSocketCount(), 0U);
}

void TestFrontDoor::silence_endsTheConnection()
{
    House house;
    Visitor alive(house);
    RawPeer dead(house.server.serverPort()); // does not answer pings
    dead.send(upgrade + "\r\n");
    QTRY_COMPARE(house.door.webSocketCount(), 2U);
    QTRY_VERIFY(alive.isOpen());
    QSignalSpy pong(&alive.socket, &QWebSocket::pong);
    house.door.checkLife();
    alive.socket.ping(); // its answer comes after that to the ping of the server
    QTRY_COMPARE(pong.size(), 1);
    alive.socket.sendTextMessage(QString::fromLatin1(echo));
    QTRY_COMPARE(alive.texts.size(), 1);
    house.door.checkLife();
    QTRY_COMPARE(house.door.webSocketCount(), 1U);
    QTRY_VERIFY(dead.isClosed());
    QVERIFY(alive.isOpen());
}

void TestFrontDoor::hangUp_beforeTheAnswerIsHarmless()
{
    House house;
    {
        Visitor visitor(house);
        QTRY_VERIFY(visitor.isOpen());
        visitor.socket.sendTextMessage(uR"({"jsonrpc":"2.0","method":"test.wait","id":1})"_s);
        QTRY_COMPARE(house.stage.waiting, 1);
        visitor.socket.abort();
    }
    QTRY_COMPARE(house.stage.cancelled, 1);
    QTRY_COMPARE(house.server.connectionCount(), 0);
    house.stage.release();
    QCOMPARE(house.stage.waiting, 0);
}

void TestFrontDoor::foreignOrigin_isRefused()
{
    House house;
    RawPeer foreign(house.server.serverPort());
    foreign.send(upgrade + "Origin: http://evil.example\r\n\r\n");
    QTRY_COMPARE(foreign.status(), 403);
    RawPeer own(house.server.serverPort());
    own.send(upgrade + "Origin: http://a\r\n\r\n");
    QTRY_COMPARE(own.status(), 101);
}

void TestFrontDoor::stranger_isTurnedAway()
{
    House house;
    house.door.setIdentify([](Credentials credentials) -> QCoro::Task<Answer<Caller>> {
        if (credentials.bearer != "good")
            co_return Failure::of(Code::unauthenticated, u"This token is not known."_s);
        co_return Caller{.name = u"ann"_s};
    });
    RawPeer peer(house.server.serverPort());
    peer.send(post(echo));
    QTRY_COMPARE(peer.status(0), 401);
    QVERIFY(peer.responses()[0].contains("WWW-Authenticate: Bearer\r\n"));
    peer.send(post(echo, "application/json", "Authorization: Bearer good\r\n"));
    QTRY_COMPARE(peer.status(1), 200);
    RawPeer socket(house.server.serverPort());
    socket.send(upgrade + "Authorization: Bearer bad\r\n\r\n");
    QTRY_COMPARE(socket.status(), 401);
}

void TestFrontDoor::stranger_isNamedByToken()
{
    House house;
    QStringList seen;
    house.stage.registry.setAuthorize([&seen](const Method &, const Call &call) {
        seen += call.caller.name + u'@' + call.caller.address.section(u':', 0, 0);
        return std::optional<Failure>();
    });
    RawPeer peer(house.server.serverPort());
    peer.send(post(echo));
    QTRY_COMPARE(peer.status(), 200);
    QCOMPARE(seen, QStringList{u"anonymous@127.0.0.1"_s});
}

void TestFrontDoor::post_isAnswered_data()
{
    QTest::addColumn<QByteArray>("request");
    QTest::addColumn<int>("status");
    QTest::addColumn<QByteArray>("body");
    const auto row = [](const char *name, const QByteArray &request, int status,
                        const QByteArray &body) {
        QTest::newRow(name) << request << status << body;
    };
    row("call", post(echo), 200, R"({"id":1,"jsonrpc":"2.0","result":{"a":1}})");
    row("charset", post(echo, "application/json; charset=utf-8"), 200,
        R"({"id":1,"jsonrpc":"2.0","result":{"a":1}})");
    row("batch", post('[' + echo + ']'), 200, R"([{"id":1,"jsonrpc":"2.0","result":{"a":1}}])");
    row("notification", post(R"({"jsonrpc":"2.0","method":"test.echo"})"), 204, "");
    row("not JSON", post("{"), 200, R"("PARSE_ERROR")");
    row("form of a browser", post(echo, "text/plain"), 415, "Content-Type");
    row("cbor",
        post(QByteArray::fromHex("a3"
                                 "676a736f6e727063"
                                 "63322e30"
                                 "666d6574686f64"
                                 "69746573742e6563686f"
                                 "626964"
                                 "01"),
             "application/cbor"),
        200, QByteArray::fromHex("66726573756c74a0")); // "result": {}
}

void TestFrontDoor::post_isAnswered()
{
    QFETCH(QByteArray, request);
    QFETCH(int, status);
    QFETCH(QByteArray, body);
    House house;
    RawPeer peer(house.server.serverPort());
    peer.send(request);
    QTRY_COMPARE(peer.status(), status);
    QVERIFY2(peer.responses()[0].contains(body), peer.responses()[0].constData());
}

void TestFrontDoor::post_hangUpCancelsItsCalls()
{
    House house;
    {
        RawPeer peer(house.server.serverPort());
        peer.send(post(R"([{"jsonrpc":"2.0","method":"test.wait","id":1},
                           {"jsonrpc":"2.0","method":"test.wait","id":2}])"));
        QTRY_COMPARE(house.stage.waiting, 2); // beside each other
        peer.socket.abort();
    }
    QTRY_COMPARE(house.stage.cancelled, 2);
    house.stage.release();
    QCOMPARE(house.stage.waiting, 0);
}

void TestFrontDoor::post_cannotSubscribe()
{
    House house;
    RawPeer peer(house.server.serverPort());
    peer.send(post(R"({"jsonrpc":"2.0","method":"test.follow","id":1})"));
    QTRY_COMPARE(peer.status(), 200);
    QVERIFY(peer.responses()[0].contains("INVALID_REQUEST"));
}

void TestFrontDoor::stop_answersWhatIsUnderWayAndRefusesMore()
{
    House house;
    Visitor visitor(house);
    QTRY_VERIFY(visitor.isOpen());
    visitor.socket.sendTextMessage(uR"({"jsonrpc":"2.0","method":"test.wait","id":1})"_s);
    QTRY_COMPARE(house.stage.waiting, 1);
    house.door.stop();
    visitor.socket.sendTextMessage(QString::fromLatin1(echo));
    QTRY_COMPARE(visitor.texts.size(), 1);
    QVERIFY2(visitor.texts[0].contains(u"UNAVAILABLE"), qPrintable(visitor.texts[0]));
    house.stage.release();
    QTRY_COMPARE(visitor.texts.size(), 2);
    QVERIFY2(visitor.texts[1].contains(u"result"), qPrintable(visitor.texts[1]));
    QCOMPARE(house.door.callsInFlight(), 0);
}

void TestFrontDoor::health_andReadiness()
{
    House house;
    RawPeer peer(house.server.serverPort());
    const QByteArray ready = "GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n";
    peer.send("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n" + ready);
    QTRY_COMPARE(peer.status(1), 200);
    QCOMPARE(peer.status(0), 200);
    house.door.setReadiness([] { return u"No leader is known."_s; });
    peer.send(ready);
    QTRY_COMPARE(peer.status(2), 503);
    QVERIFY(peer.responses()[2].contains("No leader is known."));
}

namespace {

QCoro::Task<net::HttpResponse> sum(FrontDoor *door, net::HttpRequest request)
{
    const QCborMap params{{u"a"_s, request.queryItem("a")->toLongLong()}, {u"b"_s, 1}};
    const Outcome outcome = co_await door->call(request, u"test.add"_s, params);
    if (!outcome)
        co_return FrontDoor::responseOf(outcome.error());
    co_return net::HttpResponse::text(200, QByteArray::number((*outcome)["sum"_L1].toInteger()));
}

} // namespace

void TestFrontDoor::rest_callsMethods()
{
    House house;
    Result<net::HttpRouter::Route> route = house.router.add(
        "GET", "/sum", [&house](net::HttpRequest r) { return sum(&house.door, std::move(r)); });
    QVERIFY(route);
    RawPeer peer(house.server.serverPort());
    peer.send("GET /sum?a=41 HTTP/1.1\r\nHost: a\r\n\r\n");
    QTRY_COMPARE(peer.status(0), 200);
    QVERIFY(peer.responses()[0].endsWith("\r\n\r\n42"));
    house.stage.registry.setAuthorize([](const Method &, const Call &) {
        return std::optional(Failure::of(Code::denied, u"Rule 1."_s));
    });
    peer.send("GET /sum?a=41 HTTP/1.1\r\nHost: a\r\n\r\n");
    QTRY_COMPARE(peer.status(1), 403);
}

QTEST_GUILESS_MAIN(TestFrontDoor)
#include "tst_front_door.moc"
