// SPDX-License-Identifier: Apache-2.0
#include "rpc/socket_pipe.h"

#include "rpc/limits.h"

#include <QLoggingCategory>
#include <QSslSocket>
#include <QtEndian>

#include <array>
#include <sys/socket.h>
#include <sys/uio.h>
#include <utility>

namespace coffer::rpc {
namespace {

Q_LOGGING_CATEGORY(socketLog, "coffer.rpc")

/// More is left to the loop, which writes as the peer reads. Far below limits::unsentBytesMax.
constexpr qint64 flushBytesMax = 65'536;

/// The largest message that is sent past Qt: a single frame, of which the system takes all as long
/// as the peer reads.
constexpr auto pastBytesMax = qsizetype(limits::frameBytesMax);
static_assert(pastBytesMax <= 0xffff); // the size has two bytes

QTcpSocket *plainBelow(const QWebSocket &socket)
{
    auto *below = socket.findChild<QTcpSocket *>(QString(), Qt::FindDirectChildrenOnly);
    return qobject_cast<QSslSocket *>(below) == nullptr ? below : nullptr;
}

/// The head of an unmasked frame that is a whole binary message (RFC 6455, section 5.2).
std::size_t writeHead(std::array<char, 4> &head, qsizetype size)
{
    head[0] = char(0x82);
    if (size < 126) {
        head[1] = char(size);
        return 2;
    }
    head[1] = 126;
    qToBigEndian(quint16(size), head.data() + 2);
    return 4;
}

} // namespace

SocketPipe::SocketPipe(std::unique_ptr<QWebSocket> socket, Flights &flights, Caller caller,
                       Monotonic openedAt)
    : m_socket(std::move(socket))
    , m_plain(plainBelow(*m_socket))
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

void SocketPipe::sendNow(const QByteArray &message, Form form)
{
    if (form == Form::cbor && sendPast(message))
        return;
    send(message, form);
    flush();
}

/// Qt's sockets take several times as long for a small message as the system does: buffers, and
/// signals of three objects that nobody hears. So where Qt has nothing to send, the system is given
/// the frame directly, and Qt what the system does not take.
bool SocketPipe::sendPast(const QByteArray &message)
{
    const bool isOpen =
        m_plain != nullptr && m_socket->state() == QAbstractSocket::ConnectedState && !m_isEnding;
    if (!isOpen || message.size() > pastBytesMax || m_plain->bytesToWrite() > 0)
        return false;
    std::array<char, 4> head;
    const std::size_t headBytes = writeHead(head, message.size());
    std::array<iovec, 2> parts{
        iovec{head.data(), headBytes},
        iovec{const_cast<char *>(message.constData()), std::size_t(message.size())}};
    msghdr frame = {};
    frame.msg_iov = parts.data();
    frame.msg_iovlen = parts.size();
    const ssize_t count =
        ::sendmsg(int(m_plain->socketDescriptor()), &frame, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0)
        return false; // Qt finds out why
    const auto sent = std::size_t(count);
    if (sent < headBytes)
        m_plain->write(head.data() + sent, qint64(headBytes - sent));
    const qsizetype taken = sent < headBytes ? 0 : qsizetype(sent - headBytes);
    if (taken < message.size())
        m_plain->write(message.constData() + taken, message.size() - taken);
    return true;
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
