// SPDX-License-Identifier: Apache-2.0
#include "client/link.h"

#include "rpc/limits.h"

#include <QNetworkRequest>
#include <QWebSocket>

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <utility>

namespace coffer::client {

namespace {

/// Without a byte for so long nothing is arriving.
constexpr std::uint32_t quietMs = 100;

class WebSocketLink final : public Link
{
public:
    WebSocketLink(const QUrl &node, Credentials credentials)
        : m_url(node), m_credentials(std::move(credentials))
    {
        if (m_credentials.tls)
            m_socket.setSslConfiguration(*m_credentials.tls);
        const bool isSecure = node.scheme() == QStringLiteral("https");
        m_url.setScheme(isSecure ? QStringLiteral("wss") : QStringLiteral("ws"));
        m_url.setPath(QStringLiteral("/rpc"));
        m_socket.setMaxAllowedIncomingMessageSize(rpc::limits::messageBytesMax * 2);
        m_socket.setMaxAllowedIncomingFrameSize(rpc::limits::messageBytesMax * 2);
        m_socket.setOutgoingFrameSize(rpc::limits::frameBytesMax);
        const auto connect = [this](auto signal, auto call) {
            QObject::connect(&m_socket, signal, &m_socket, std::move(call));
        };
        connect(&QWebSocket::connected, [this] { opened(); });
        connect(&QWebSocket::binaryMessageReceived,
                [this](const QByteArray &message) { received(message); });
        connect(&QWebSocket::pong, [this] { alive(); });
        connect(&QWebSocket::binaryFrameReceived, [this](const QByteArray &, bool isLast) {
            if (!isLast) // The whole message is said below.
                alive();
        });
        connect(&QWebSocket::disconnected, [this] { onClosed(); });
        connect(QOverload<QAbstractSocket::SocketError>::of(&QWebSocket::error),
                [this] { onClosed(); });
    }
    ~WebSocketLink() override
    {
        m_socket.disconnect();
        m_socket.abort();
    }
    Q_DISABLE_COPY_MOVE(WebSocketLink)

    void open() override
    {
        QNetworkRequest request(m_url);
        if (!m_credentials.token.isEmpty())
            request.setRawHeader("Authorization", "Bearer " + m_credentials.token);
        m_socket.open(request);
    }
    void send(const QByteArray &message) override { m_socket.sendBinaryMessage(message); }
    void flush() override
    {
        m_isFlushing = true;
        m_socket.flush();
        m_isFlushing = false;
    }
    void ping() override { m_socket.ping(); }
    [[nodiscard]] bool isMoving() override
    {
        const qint64 left = m_socket.bytesToWrite() + unacknowledged();
        return std::exchange(m_left, left) >= left + qint64(rpc::limits::frameBytesMax);
    }
    [[nodiscard]] bool isQuiet() override
    {
        tcp_info info = {};
        socklen_t size = sizeof info;
        const auto *socket = m_socket.findChild<QAbstractSocket *>();
        const bool isKnown =
            socket != nullptr
            && ::getsockopt(int(socket->socketDescriptor()), IPPROTO_TCP, TCP_INFO, &info, &size)
                   == 0;
        return isKnown && info.tcpi_last_data_recv >= quietMs && m_socket.bytesToWrite() == 0
               && unacknowledged() == 0;
    }
    void abort() override
    {
        m_isClosed = true;
        m_socket.abort();
    }

private:
    /// What the system has taken, and the peer's has not confirmed. Neither it nor Qt says when
    /// that changes.
    [[nodiscard]] qint64 unacknowledged() const
    {
        const auto *socket = m_socket.findChild<QAbstractSocket *>();
        int bytes = 0;
        const bool isKnown =
            socket != nullptr && ::ioctl(int(socket->socketDescriptor()), SIOCOUTQ, &bytes) == 0;
        return isKnown ? bytes : 0;
    }
    void onClosed()
    {
        if (m_isFlushing) {
            QMetaObject::invokeMethod(
                &m_socket, [this] { onClosed(); }, Qt::QueuedConnection);
            return;
        }
        if (std::exchange(m_isClosed, true))
            return;
        const QString reason = m_socket.closeReason();
        closed(reason.isEmpty() ? m_socket.errorString() : reason);
    }

    QUrl m_url;
    Credentials m_credentials;
    QWebSocket m_socket;
    qint64 m_left = 0; ///< Of what was sent, as isMoving() last found it.
    bool m_isClosed = false;
    bool m_isFlushing = false;
};

} // namespace

std::unique_ptr<Link> makeWebSocketLink(const QUrl &node)
{
    return std::make_unique<WebSocketLink>(node, Credentials());
}

LinkFactory webSocketLinks(Credentials credentials)
{
    return [credentials = std::move(credentials)](const QUrl &node) {
        return std::make_unique<WebSocketLink>(node, credentials);
    };
}

} // namespace coffer::client
