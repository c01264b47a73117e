// SPDX-License-Identifier: Apache-2.0
#include "net/http_server.h"

#include "net/http_limits.h"

#include <QLoggingCategory>
#include <QPointer>
#include <QSslSocket>
#include <QWebSocket>
#include <QWebSocketServer>

#include <algorithm>
#include <functional>
#include <memory>
#include <sys/resource.h>
#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::net {
namespace {

Q_LOGGING_CATEGORY(serverLog, "coffer.net")

/// One handshake of a WebSocket. Qt does it in a later turn, and does not say of which socket it
/// was; hence a server, which listens nowhere, for each. Deletes itself when it is done.
class Handshake final : public QObject
{
public:
    using Accepted = std::function<void(std::unique_ptr<QWebSocket>)>;

    Handshake(std::unique_ptr<QTcpSocket> socket, Accepted accepted, std::int64_t bytesMax,
              QObject *parent)
        : QObject(parent)
        , m_server(u"coffer"_s, QWebSocketServer::NonSecureMode)
        , m_socket(socket.release())
        , m_accepted(std::move(accepted))
        , m_bytesMax(bytesMax)
    {
        m_socket->setParent(this); // until the WebSocket owns it
        connect(m_socket, &QTcpSocket::disconnected, this, &QObject::deleteLater);
        connect(&m_server, &QWebSocketServer::newConnection, this, &Handshake::finish);
        m_server.handleConnection(m_socket);
        Q_EMIT m_socket->readyRead(); // the head is there already, and nothing else would say so
    }

private:
    void finish()
    {
        std::unique_ptr<QWebSocket> webSocket(m_server.nextPendingConnection());
        if (!webSocket)
            return;
        m_socket->disconnect(this);
        m_socket->setParent(webSocket.get()); // which does not do so itself
        webSocket->setParent(nullptr);
        webSocket->setMaxAllowedIncomingFrameSize(quint64(m_bytesMax));
        webSocket->setMaxAllowedIncomingMessageSize(quint64(m_bytesMax));
        m_accepted(std::move(webSocket));
        deleteLater();
    }

    QWebSocketServer m_server;
    QPointer<QTcpSocket> m_socket;
    Accepted m_accepted;
    std::int64_t m_bytesMax;
};

/// As many open files as the process may have; what it may have now is often for programs that use
/// select().
int raiseOpenFiles()
{
    rlimit limit = {};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 1'024;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return int(std::min<rlim_t>(limit.rlim_cur, 1 << 20));
}

} // namespace

HttpServer::HttpServer(const HttpRouter &router, const Clock &clock, HttpOptions options)
    : m_router(router), m_clock(clock), m_options(std::move(options))
{
    m_timer.setInterval(500);
    connect(&m_timer, &QTimer::timeout, this, &HttpServer::checkTimes);
}

HttpServer::~HttpServer()
{
    close();
    const auto connections = std::exchange(m_connections, {});
    qDeleteAll(connections);
}

Result<void> HttpServer::start(const QHostAddress &address, quint16 port)
{
    // Without a file for a connection it could not even be turned away.
    m_options.connectionsMax =
        std::min(m_options.connectionsMax, std::max(raiseOpenFiles() - limits::otherFilesMax, 1));
    // All clients of a node that died come to the others at once; who finds no room waits a second.
    setListenBacklogSize(limits::backlogMax);
    if (!listen(address, port))
        return Error{ErrorCode::unavailable,
                     u"cannot listen on %1 port %2: %3"_s.arg(address.toString())
                         .arg(port)
                         .arg(errorString())};
    m_timer.start();
    return {};
}

void HttpServer::stop()
{
    close();
    const auto connections = m_connections;
    for (HttpConnection *connection : connections) {
        if (connection->isIdle())
            connection->deleteLater();
    }
}

std::unique_ptr<QTcpSocket> HttpServer::makeSocket(qintptr descriptor)
{
    std::unique_ptr<QTcpSocket> socket;
    if (m_options.tls) {
        auto tls = std::make_unique<QSslSocket>();
        tls->setSslConfiguration(*m_options.tls);
        socket = std::move(tls);
    } else {
        socket = std::make_unique<QTcpSocket>();
    }
    if (!socket->setSocketDescriptor(descriptor))
        return nullptr;
    ++m_open;
    // A child, since QWebSocket cuts all connections of its socket.
    connect(new QObject(socket.get()), &QObject::destroyed, this, [this] { --m_open; });
    if (auto *tls = qobject_cast<QSslSocket *>(socket.get()))
        tls->startServerEncryption();
    return socket;
}

void HttpServer::incomingConnection(qintptr descriptor)
{
    std::unique_ptr<QTcpSocket> socket = makeSocket(descriptor);
    if (!socket)
        return;
    if (m_open > m_options.connectionsMax)
        turnAway(std::move(socket));
    else
        serve(std::move(socket));
}

void HttpServer::turnAway(std::unique_ptr<QTcpSocket> socket)
{
    ++m_refused;
    const HttpResponse refusal = HttpResponse::error(
        503, u"UNAVAILABLE"_s,
        u"This node has %1 connections; ask another one."_s.arg(m_options.connectionsMax));
    QTcpSocket *leaving = socket.release(); // deletes itself when it has said so
    connect(leaving, &QTcpSocket::disconnected, leaving, &QObject::deleteLater);
    leaving->write(
        serialize(HttpResponse(refusal).with("Retry-After", "1"), {.isKeepAlive = false}));
    leaving->disconnectFromHost();
    if (leaving->state() == QAbstractSocket::UnconnectedState)
        leaving->deleteLater();
}

void HttpServer::serve(std::unique_ptr<QTcpSocket> socket)
{
    auto *connection = new HttpConnection(std::move(socket), *this); // deletes itself
    m_connections.insert(connection);
    connect(connection, &QObject::destroyed, this,
            [this, connection] { m_connections.remove(connection); });
}

std::optional<HttpResponse> HttpServer::refuse(const HttpRequest &request)
{
    const QByteArray host = request.header("Host");
    if (!m_options.hostNames || isHostAllowed(host, *m_options.hostNames))
        return {};
    if (!std::exchange(m_hasToldHost, true)) { // once: whoever asks could fill the log
        qCWarning(serverLog).noquote()
            << u"a request for the host \"%1\" is refused; if clients use that name, add it to "
               "--host-names"_s.arg(QString::fromLatin1(host.left(255)));
    }
    return HttpResponse::error(403, u"DENIED"_s,
                               u"Host: \"%1\" is no name of this node; use its address, or name it "
                               "with --host-names."_s.arg(QString::fromLatin1(host.left(255))));
}

void HttpServer::upgrade(std::unique_ptr<QTcpSocket> socket, const WebSocketOffer &offer)
{
    new Handshake(std::move(socket), offer.accepted, m_options.webSocketMessageBytesMax, this);
}

void HttpServer::checkTimes()
{
    const auto connections = m_connections; // some end meanwhile
    for (HttpConnection *connection : connections) {
        if (m_connections.contains(connection))
            connection->checkTime();
    }
}

} // namespace coffer::net
