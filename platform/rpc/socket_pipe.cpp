// SPDX-License-Identifier: Apache-2.0
#include "rpc/socket_pipe.h"

#include "rpc/limits.h"

#include <QLoggingCategory>

#include <utility>

namespace coffer::rpc {
namespace {

Q_LOGGING_CATEGORY(socketLog, "coffer.rpc")

/// More is left to the loop, which writes as the peer reads. Far below limits::unsentBytesMax.
constexpr qint64 flushBytesMax = 65'536;

} // namespace

SocketPipe::SocketPipe(std::unique_ptr<QWebSocket> socket, Flights &flights, Caller caller,
                       Monotonic openedAt)
    : m_socket(std::move(socket))
    , m_session(std::make_unique<Session>(flights, static_cast<Pipe &>(*this), std::move(caller)))
    , m_openedAt(openedAt)
{
    connect(m_socket.get(), &QWebSocket::textMessageReceived, this,
            [this](const QString &text) { receive(text.toUtf8(), Form::json); });
    connect(m_socket.get(), &QWebSocket::binaryMessageReceived, this,
            [this](const QByteArray &bytes) { receive(bytes, Form::cbor); });
    m_socket->setOutgoingFrameSize(limits::frameBytesMax);
    // A message that takes long is no silence, in either direction.
    const auto live = [this] { m_isAlive = true; };
    connect(m_socket.get(), &QWebSocket::pong, this, live);
    connect(m_socket.get(), &QWebSocket::textFrameReceived, this, live);
    connect(m_socket.get(), &QWebSocket::binaryFrameReceived, this, live);
    connect(m_socket.get(), &QWebSocket::bytesWritten, this, [this] {
        if (m_socket->bytesToWrite() > 0) // The system takes more only as the peer does.
            m_isAlive = true;
    });
    // Not from within flush(): with so little to send nobody waits for room.
    connect(m_socket.get(), &QWebSocket::bytesWritten, m_session.get(), [this] {
        if (!m_isFlushing && m_session)
            m_session->drained();
    });
    connect(m_socket.get(), &QWebSocket::disconnected, this, [this] {
        if (m_isFlushing) // The session that sends must not die under it.
            QMetaObject::invokeMethod(this, &SocketPipe::onDisconnected, Qt::QueuedConnection);
        else
            onDisconnected();
    });
}

void SocketPipe::onDisconnected()
{
    m_session.reset(); // now: calls under way shall know
    deleteLater();
}

SocketPipe::~SocketPipe()
{
    m_session.reset();
    m_socket->disconnect(this);
}

void SocketPipe::receive(const QByteArray &message, Form form)
{
    if (m_session)
        m_session->receive(message, form);
}

void SocketPipe::checkLife()
{
    if (!std::exchange(m_isAlive, false))
        m_socket->abort();
    else
        m_socket->ping();
}

void SocketPipe::end(const QString &why)
{
    m_isEnding = true;
    m_session.reset(); // Nothing more is done for it, nor said.
    m_socket->close(QWebSocketProtocol::CloseCodeGoingAway, why);
}

void SocketPipe::send(const QByteArray &message, Form form)
{
    if (form == Form::json)
        m_socket->sendTextMessage(QString::fromUtf8(message));
    else
        m_socket->sendBinaryMessage(message);
}

void SocketPipe::flush()
{
    if (m_socket->bytesToWrite() > flushBytesMax)
        return;
    m_isFlushing = true;
    m_socket->flush();
    m_isFlushing = false;
}

qint64 SocketPipe::unsentBytes() const { return m_socket->bytesToWrite(); }

void SocketPipe::cut(const QString &why)
{
    qCWarning(socketLog, "%s is cut: %s", qUtf8Printable(m_socket->peerAddress().toString()),
              qUtf8Printable(why));
    // Later: the session that calls this must not die under it.
    QMetaObject::invokeMethod(m_socket.get(), &QWebSocket::abort, Qt::QueuedConnection);
}

} // namespace coffer::rpc
