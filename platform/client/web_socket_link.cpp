// SPDX-License-Identifier: Apache-2.0
#include "client/link.h"

#include "rpc/limits.h"

#include <QWebSocket>

#include <utility>

namespace coffer::client {

namespace {

class WebSocketLink final : public Link
{
public:
    explicit WebSocketLink(const QUrl &node) : m_url(node)
    {
        const bool isSecure = node.scheme() == QStringLiteral("https");
        m_url.setScheme(isSecure ? QStringLiteral("wss") : QStringLiteral("ws"));
        m_url.setPath(QStringLiteral("/rpc"));
        m_socket.setMaxAllowedIncomingMessageSize(rpc::limits::messageBytesMax * 2);
        m_socket.setMaxAllowedIncomingFrameSize(rpc::limits::messageBytesMax * 2);
        const auto connect = [this](auto signal, auto call) {
            QObject::connect(&m_socket, signal, &m_socket, std::move(call));
        };
        connect(&QWebSocket::connected, [this] { opened(); });
        connect(&QWebSocket::binaryMessageReceived,
                [this](const QByteArray &message) { received(message); });
        connect(&QWebSocket::pong, [this] { alive(); });
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

    void open() override { m_socket.open(m_url); }
    void send(const QByteArray &message) override { m_socket.sendBinaryMessage(message); }
    void ping() override { m_socket.ping(); }
    void abort() override
    {
        m_isClosed = true;
        m_socket.abort();
    }

private:
    void onClosed()
    {
        if (std::exchange(m_isClosed, true))
            return;
        const QString reason = m_socket.closeReason();
        closed(reason.isEmpty() ? m_socket.errorString() : reason);
    }

    QUrl m_url;
    QWebSocket m_socket;
    bool m_isClosed = false;
};

} // namespace

std::unique_ptr<Link> makeWebSocketLink(const QUrl &node)
{
    return std::make_unique<WebSocketLink>(node);
}

} // namespace coffer::client
