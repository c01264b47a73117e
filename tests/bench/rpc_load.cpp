// SPDX-License-Identifier: Apache-2.0
#include "bench/rpc_load.h"

#include "bench/front_server.h"

#include <QCborMap>
#include <QEventLoop>
#include <QSemaphore>
#include <QTcpSocket>
#include <QThread>
#include <QWebSocket>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>

#include <time.h>

using namespace Qt::StringLiterals;

namespace coffer::bench {
namespace {

using SteadyTime = std::chrono::steady_clock;

double threadSeconds()
{
    timespec used{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return double(used.tv_sec) + double(used.tv_nsec) / 1e9;
}

/// A server with a thread and an event loop.
class ServerThread final : public QThread
{
public:
    ServerThread()
    {
        start();
        m_ready.acquire();
    }
    ~ServerThread() override
    {
        quit();
        wait();
    }
    [[nodiscard]] quint16 port() const { return m_port; }
    /// Processor time of the server so far.
    [[nodiscard]] double seconds()
    {
        double found = 0;
        QMetaObject::invokeMethod(
            m_server.get(), [&found] { found = threadSeconds(); }, Qt::BlockingQueuedConnection);
        return found;
    }

protected:
    void run() override
    {
        m_server = std::make_unique<QObject>();
        const FrontServer server;
        m_port = server.port();
        m_ready.release();
        exec();
    }

private:
    std::unique_ptr<QObject> m_server; ///< Lives on the thread; what is asked there goes to it.
    QSemaphore m_ready;
    quint16 m_port = 0;
};

/// The client's end: sends one call; says how many answers came.
class Line
{
public:
    virtual ~Line() = default;
    virtual void send() = 0;
    std::function<void(int)> answered;
};

class HttpLine final : public Line
{
public:
    HttpLine(quint16 port, const QByteArray &request, const QByteArray &mark)
        : m_request(request), m_mark(mark)
    {
        QObject::connect(&m_socket, &QTcpSocket::readyRead, &m_socket, [this] { read(); });
        m_socket.connectToHost(QHostAddress(QHostAddress::LocalHost), port);
        m_socket.waitForConnected();
        m_socket.setSocketOption(QAbstractSocket::LowDelayOption, 1);
    }
    void send() override { m_socket.write(m_request); }

private:
    void read()
    {
        // Each answer has the mark once; what may be its beginning waits for the rest.
        m_received += m_socket.readAll();
        const qsizetype count = m_received.count(m_mark);
        m_received = m_received.mid(m_received.lastIndexOf(m_mark) + 1).right(m_mark.size() - 1);
        answered(int(count));
    }

    QTcpSocket m_socket;
    QByteArray m_request;
    QByteArray m_mark;
    QByteArray m_received;
};

class SocketLine final : public Line
{
public:
    SocketLine(quint16 port, bool isJson) : m_isJson(isJson)
    {
        QEventLoop opening;
        QObject::connect(&m_socket, &QWebSocket::connected, &opening, &QEventLoop::quit);
        QObject::connect(&m_socket, &QWebSocket::textMessageReceived, &m_socket,
                         [this] { answered(1); });
        QObject::connect(&m_socket, &QWebSocket::binaryMessageReceived, &m_socket,
                         [this] { answered(1); });
        m_socket.open(QUrl(u"ws://127.0.0.1:%1/rpc"_s.arg(port)));
        opening.exec();
    }
    void send() override
    {
        if (m_isJson)
            m_socket.sendTextMessage(m_text);
        else
            m_socket.sendBinaryMessage(m_bytes);
    }

private:
    QWebSocket m_socket;
    bool m_isJson;
    QString m_text = uR"({"jsonrpc":"2.0","method":"bench.add","params":{"a":1,"b":2},"id":1})"_s;
    QByteArray m_bytes = QCborValue(QCborMap{{u"jsonrpc"_s, u"2.0"_s},
                                             {u"method"_s, u"bench.add"_s},
                                             {u"params"_s, QCborMap{{u"a"_s, 1}, {u"b"_s, 2}}},
                                             {u"id"_s, 1}})
                             .toCbor();
};

std::unique_ptr<Line> makeLine(RpcLoad::Kind kind, quint16 port)
{
    const QByteArray body =
        R"({"jsonrpc":"2.0","method":"bench.add","params":{"a":1,"b":2},"id":1})";
    switch (kind) {
    case RpcLoad::Kind::http:
        return std::make_unique<HttpLine>(port, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
                                          "HTTP/1.1 200");
    case RpcLoad::Kind::post:
        return std::make_unique<HttpLine>(
            port,
            "POST /rpc HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: "
                + QByteArray::number(body.size()) + "\r\n\r\n" + body,
            R"("sum":3)");
    case RpcLoad::Kind::json: return std::make_unique<SocketLine>(port, true);
    case RpcLoad::Kind::cbor: break;
    }
    return std::make_unique<SocketLine>(port, false);
}

} // namespace

RpcLoad::Measured RpcLoad::run(double seconds) const
{
    ServerThread server;
    const std::unique_ptr<Line> line = makeLine(m_kind, server.port());
    QEventLoop loop;
    qint64 count = 0;
    SteadyTime::time_point end;
    line->answered = [&](int answers) {
        count += answers;
        if (SteadyTime::now() >= end) {
            loop.quit();
            return;
        }
        for (int i = 0; i < answers; ++i)
            line->send();
    };
    const auto load = [&](double time) {
        const auto begin = SteadyTime::now();
        end =
            begin
            + std::chrono::duration_cast<SteadyTime::duration>(std::chrono::duration<double>(time));
        count = 0;
        for (int i = 0; i < m_inFlight; ++i)
            line->send();
        loop.exec();
        return std::chrono::duration<double>(SteadyTime::now() - begin).count();
    };
    static_cast<void>(load(seconds / 10)); // answers that are under way count for the next one
    const double before = server.seconds();
    const double passed = load(seconds);
    return {.requestsPerSecond = double(count) / passed,
            .serverMicrosecondsPerRequest = (server.seconds() - before) * 1e6 / double(count)};
}

} // namespace coffer::bench
