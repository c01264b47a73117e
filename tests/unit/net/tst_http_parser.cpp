// SPDX-License-Identifier: Apache-2.0
#include "net/http_parser.h"

#include <QTest>

using namespace coffer::net;

namespace {

/// Feeds \a bytes in pieces of \a size, as a socket would: what is not taken comes again.
HttpParser::State feed(HttpParser &parser, const QByteArray &bytes, qsizetype size,
                       qsizetype *left = nullptr)
{
    QByteArray waiting;
    const auto goesOn = [&parser] {
        return parser.state() == HttpParser::State::head
               || parser.state() == HttpParser::State::body;
    };
    for (qsizetype at = 0; at < bytes.size(); at += size) {
        waiting += bytes.mid(at, size);
        for (qsizetype taken = 1; taken > 0 && goesOn();) {
            taken = parser.parse(waiting);
            waiting.remove(0, taken);
        }
    }
    if (left)
        *left = waiting.size();
    return parser.state();
}

const QByteArray host = "Host: a\r\n";

} // namespace

class TestHttpParser : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void request_isReadHoweverItIsCut_data();
    void request_isReadHoweverItIsCut();
    void request_isRefused_data();
    void request_isRefused();
    void request_leavesTheNextOne();
    void head_isNotTakenInPart();
    void body_takesNoMemoryBeforeItComes();
    void upgrade_isSeen();
    void query_isDecoded();
};

void TestHttpParser::request_isReadHoweverItIsCut_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QByteArray>("method");
    QTest::addColumn<QByteArray>("path");
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<bool>("isKeepAlive");
    const auto row = [](const char *name, const QByteArray &bytes, const char *method,
                        const char *path, const char *body, bool isKeepAlive) {
        QTest::newRow(name) << bytes << QByteArray(method) << QByteArray(path) << QByteArray(body)
                            << isKeepAlive;
    };
    row("get", "GET /a?b=c HTTP/1.1\r\n" + host + "\r\n", "GET", "/a", "", true);
    row("close", "GET / HTTP/1.1\r\nConnection: close\r\n" + host + "\r\n", "GET", "/", "", false);
    row("old", "GET / HTTP/1.0\r\n\r\n", "GET", "/", "", false);
    row("old keep-alive", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET", "/", "", true);
    row("length", "POST /p HTTP/1.1\r\n" + host + "Content-Length: 5\r\n\r\nhello", "POST", "/p",
        "hello", true);
    row("no length", "POST /p HTTP/1.1\r\n" + host + "\r\n", "POST", "/p", "", true);
    row("chunks",
        "PUT /p HTTP/1.1\r\n" + host
            + "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;ext=1\r\nlo\r\n0\r\nTrailer: "
              "x\r\n\r\n",
        "PUT", "/p", "hello", true);
    row("folded header", "GET / HTTP/1.1\r\n" + host + "X: a\r\n b\r\n\r\n", "GET", "/", "", true);
}

void TestHttpParser::request_isReadHoweverItIsCut()
{
    QFETCH(QByteArray, bytes);
    QFETCH(QByteArray, method);
    QFETCH(QByteArray, path);
    QFETCH(QByteArray, body);
    QFETCH(bool, isKeepAlive);
    for (qsizetype size = 1; size <= bytes.size(); ++size) {
        HttpParser parser;
        qsizetype left = -1;
        QCOMPARE(feed(parser, bytes, size, &left), HttpParser::State::complete);
        QCOMPARE(left, 0);
        QCOMPARE(parser.isKeepAlive(), isKeepAlive);
        const HttpRequest request = parser.takeRequest();
        QCOMPARE(request.method, method);
        QCOMPARE(request.path, path);
        QCOMPARE(request.body, body);
    }
}

void TestHttpParser::request_isRefused_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<int>("status");
    const auto row = [](const char *name, const QByteArray &bytes, int status) {
        QTest::newRow(name) << bytes << status;
    };
    const QByteArray post = "POST / HTTP/1.1\r\n" + host;
    row("TLS", QByteArray("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 15), 400);
    row("no version", "GET /\r\n\r\n", 400);
    row("other version", "GET / HTTP/2.0\r\n" + host + "\r\n", 400);
    row("no host", "GET / HTTP/1.1\r\n\r\n", 400);
    row("two hosts", "GET / HTTP/1.1\r\n" + host + host + "\r\n", 400);
    row("target of a proxy", "GET http://a/ HTTP/1.1\r\n" + host + "\r\n", 400);
    row("space in a name", "GET / HTTP/1.1\r\n" + host + "A b: c\r\n\r\n", 400);
    row("negative length", post + "Content-Length: -1\r\n\r\n", 400);
    row("length is no number", post + "Content-Length: x\r\n\r\n", 400);
    row("length overflows", post + "Content-Length: 99999999999999999999\r\n\r\n", 400);
    row("two lengths", post + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400);
    row("length and chunks", post + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400);
    row("chunks and length", post + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", 400);
    row("gzip", post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501);
    row("chunk of no number", post + "Transfer-Encoding: chunked\r\n\r\nzz\r\nab", 400);
    row("extension that is not closed", post + "Transfer-Encoding: chunked\r\n\r\n3;a=\"\r\nbc\r\n",
        400);
    row("extension that is not closed, later",
        post + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n03;a=\"\r\nbc\r\n", 400);
    row("chunk overflows", post + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", 400);
    row("other expectation", post + "Expect: tea\r\n\r\n", 417);
    row("long line", "GET /" + QByteArray(20'000, 'a') + " HTTP/1.1\r\n", 414);
    row("line longer than its bound",
        "GET /" + QByteArray(9'000, 'a') + " HTTP/1.1\r\n" + host + "\r\n", 414);
    row("endless line", QByteArray(20'000, 'G'), 414);
    row("lines without CR", "GET / HTTP/1.1\nHost: a\n\n", 400);
    row("empty line first", "\r\nGET / HTTP/1.1\r\n" + host + "\r\n", 400);
    row("large head", "GET / HTTP/1.1\r\n" + host + "X: " + QByteArray(17'000, 'a') + "\r\n\r\n",
        431);
    row("many headers", "GET / HTTP/1.1\r\n" + QByteArray("A: b\r\n").repeated(4'000) + "\r\n",
        431);
    row("large length", post + "Content-Length: 8388609\r\n\r\n", 413);
    row("large chunk", post + "Transfer-Encoding: chunked\r\n\r\nffffffff\r\n", 413);
    row("endless chunk head",
        post + "Transfer-Encoding: chunked\r\n\r\n1;" + QByteArray(20'000, 'a'), 431);
    row("endless trailer",
        post + "Transfer-Encoding: chunked\r\n\r\n0\r\nA: " + QByteArray(20'000, 'a'), 431);
    row("large trailer",
        post + "Transfer-Encoding: chunked\r\n\r\n0\r\nA: " + QByteArray(20'000, 'a') + "\r\n\r\n",
        431);
}

void TestHttpParser::request_isRefused()
{
    QFETCH(QByteArray, bytes);
    QFETCH(int, status);
    for (const qsizetype size : {qsizetype(1), qsizetype(7), qsizetype(1'460), bytes.size()}) {
        HttpParser parser;
        QCOMPARE(feed(parser, bytes, size), HttpParser::State::refused);
        QCOMPARE(parser.refusal().status, status);
        QVERIFY(parser.refusal().body.contains("\"message\""));
    }
}

void TestHttpParser::request_leavesTheNextOne()
{
    const QByteArray one = "POST / HTTP/1.1\r\n" + host + "Content-Length: 2\r\n\r\nab";
    const QByteArray bytes = one + "GET / HTTP";
    HttpParser parser;
    qsizetype taken = parser.parse(bytes);
    QCOMPARE(parser.state(), HttpParser::State::body);
    taken += parser.parse(QByteArrayView(bytes).sliced(taken));
    QCOMPARE(parser.state(), HttpParser::State::complete);
    QCOMPARE(taken, one.size());
}

void TestHttpParser::head_isNotTakenInPart()
{
    const QByteArray bytes = "GET / HTTP/1.1\r\n" + host + "\r\n";
    HttpParser parser;
    for (qsizetype size = 0; size < bytes.size(); ++size)
        QCOMPARE(parser.parse(QByteArrayView(bytes).first(size)), 0);
    QCOMPARE(parser.parse(bytes), bytes.size());
}

void TestHttpParser::body_takesNoMemoryBeforeItComes()
{
    HttpParser parser;
    const QByteArray bytes = "POST / HTTP/1.1\r\n" + host + "Content-Length: 8388608\r\n\r\nab";
    qsizetype taken = parser.parse(bytes);
    taken += parser.parse(QByteArrayView(bytes).sliced(taken));
    QCOMPARE(parser.state(), HttpParser::State::body);
    QCOMPARE(taken, bytes.size());
}

void TestHttpParser::upgrade_isSeen()
{
    HttpParser parser;
    parser.parse("GET /rpc HTTP/1.1\r\n" + host
                 + "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\r\n");
    QCOMPARE(parser.state(), HttpParser::State::complete);
    QVERIFY(parser.isWebSocketUpgrade());
}

void TestHttpParser::query_isDecoded()
{
    HttpRequest request;
    request.query = "a=1&b=x%20y+z&empty&=none";
    QCOMPARE(request.queryItem("a"), QByteArray("1"));
    QCOMPARE(request.queryItem("b"), QByteArray("x y z"));
    QCOMPARE(request.queryItem("empty"), QByteArray());
    QVERIFY(!request.queryItem("c"));
}

QTEST_GUILESS_MAIN(TestHttpParser)
#include "tst_http_parser.moc"
