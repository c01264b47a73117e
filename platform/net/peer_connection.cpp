// SPDX-License-Identifier: Apache-2.0
#include "net/peer_connection.h"

#include "net/peer_limits.h"

#include <QSslSocket>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <utility>

namespace coffer::net {

/// The kernel gives up a connection whose other end is silent: bytes that nobody acknowledges, or
/// nothing at all for so long. Without it a machine that lost its power looks like a slow one.
static void limitSilence(QTcpSocket &socket)
{
    const int descriptor = int(socket.socketDescriptor());
    const auto set = [descriptor](int option, int value) {
        static_cast<void>(::setsockopt(descriptor, IPPROTO_TCP, option, &value, sizeof value));
    };
    const auto silence = int(peerSilenceMax.count());
    socket.setSocketOption(QAbstractSocket::LowDelayOption, 1);
    socket.setSocketOption(QAbstractSocket::KeepAliveOption, 1);
    set(TCP_USER_TIMEOUT, silence);
    set(TCP_KEEPIDLE, silence / 2000);
    set(TCP_KEEPINTVL, 1);
    set(TCP_KEEPCNT, 3);
}

PeerConnection::PeerConnection(std::unique_ptr<QTcpSocket> socket, Side side,
                               std::function<PeerHello()> own, Handlers handlers)
    : m_socket(std::move(socket))
    , m_side(side)
    , m_own(std::move(own))
    , m_handlers(std::move(handlers))
{
    m_deadline.setSingleShot(true);
    connect(&m_deadline, &QTimer::timeout, this,
            [this] { end(QStringLiteral("it did not say who it is in time")); });
    m_deadline.start(peerHelloTimeout);
    QTcpSocket *raw = m_socket.get();
    connect(raw, &QTcpSocket::readyRead, this, &PeerConnection::read);
    connect(raw, &QTcpSocket::disconnected, this, [this] {
        read(); // a last word may have come with the end
        end(QStringLiteral("it closed the connection"));
    });
    connect(raw, &QTcpSocket::errorOccurred, this, [this] {
        read();
        end(m_tlsFault.isEmpty() ? m_socket->errorString() : m_tlsFault);
    });
    if (auto *tls = qobject_cast<QSslSocket *>(raw)) {
        connect(tls, &QSslSocket::encrypted, this, &PeerConnection::greet);
        connect(tls, &QSslSocket::sslErrors, this, &PeerConnection::checkCertificate);
    } else {
        connect(raw, &QTcpSocket::connected, this, &PeerConnection::greet);
    }
}

void PeerConnection::begin()
{
    m_remote =
        QStringLiteral("%1:%2").arg(m_socket->peerAddress().toString()).arg(m_socket->peerPort());
    const bool isPlain = qobject_cast<QSslSocket *>(m_socket.get()) == nullptr;
    if (isPlain && m_socket->state() == QAbstractSocket::ConnectedState)
        greet();
}

PeerConnection::~PeerConnection()
{
    m_state = State::ended;
    m_socket->disconnect(this);
}

/// Only the name may differ; see readPeerTls().
void PeerConnection::checkCertificate(const QList<QSslError> &errors)
{
    auto *tls = qobject_cast<QSslSocket *>(m_socket.get());
    for (const QSslError &error : errors) {
        if (error.error() != QSslError::HostNameMismatch) {
            m_tlsFault = QStringLiteral("its certificate is refused: %1").arg(error.errorString());
            return;
        }
    }
    tls->ignoreSslErrors(errors);
}

void PeerConnection::greet()
{
    if (m_state != State::connecting)
        return;
    m_state = State::greeting;
    limitSilence(*m_socket);
    m_out.append(peerMagic, qsizetype(peerMagicBytes));
    appendFrame(m_out, PeerFrameKind::hello, encodeHello(m_own()));
    flush();
    read();
}

void PeerConnection::read()
{
    if (m_state == State::connecting || m_state == State::ended)
        return;
    m_reader.feed(m_socket->readAll());
    while (m_state != State::ended) {
        const auto frame = m_reader.next();
        if (!frame) {
            end(frame.error().message);
            return;
        }
        if (!*frame || !take(**frame))
            return;
    }
}

/// False when nothing more is to be read.
bool PeerConnection::take(const PeerFrame &frame)
{
    if (frame.kind == PeerFrameKind::message) {
        m_handlers.received(*this, frame.payload);
        return m_state != State::ended;
    }
    if (frame.kind == PeerFrameKind::addresses)
        return takeAddresses(frame.payload);
    if (frame.kind == PeerFrameKind::hello)
        return takeHello(frame.payload);
    const auto message = decodeRefusal(frame.payload);
    end(message ? QStringLiteral("it refused this node: %1").arg(*message)
                : message.error().message);
    return false;
}

bool PeerConnection::takeAddresses(const QByteArray &payload)
{
    const auto addresses = decodeAddresses(payload);
    if (addresses)
        m_handlers.told(*addresses);
    else
        refuse(addresses.error().message);
    return m_state != State::ended;
}

bool PeerConnection::takeHello(const QByteArray &payload)
{
    const auto hello = decodeHello(payload);
    if (!hello) {
        refuse(hello.error().message);
        return false;
    }
    m_hello = *hello;
    m_deadline.stop();
    m_reader.setEstablished();
    m_state = State::established;
    if (const auto why = m_handlers.introduced(*this))
        refuse(*why);
    return m_state != State::ended;
}

bool PeerConnection::send(const QByteArray &frame)
{
    const std::size_t size = std::size_t(frame.size()) + peerFrameHeadBytes + 1;
    if (m_state != State::established || unsentBytes() + size > peerQueueBytesMax)
        return false;
    appendFrame(m_out, PeerFrameKind::message, frame);
    return true;
}

void PeerConnection::tell(const QStringList &addresses)
{
    if (m_state == State::established && !addresses.isEmpty())
        appendFrame(m_out, PeerFrameKind::addresses, encodeAddresses(addresses));
}

void PeerConnection::flush()
{
    if (m_out.isEmpty() || m_state == State::ended)
        return;
    m_socket->write(std::exchange(m_out, {})); // shares the bytes
    m_socket->flush();
}

std::size_t PeerConnection::unsentBytes() const
{
    return std::size_t(m_out.size()) + std::size_t(m_socket->bytesToWrite());
}

void PeerConnection::refuse(const QString &why)
{
    if (m_state == State::ended)
        return;
    m_out.clear();
    appendFrame(m_out, PeerFrameKind::refusal, encodeRefusal(why));
    flush();
    end(why);
}

void PeerConnection::close()
{
    m_state = State::ended;
    m_deadline.stop();
    m_socket->disconnect(this);
    m_socket->disconnectFromHost();
}

void PeerConnection::end(const QString &why)
{
    if (m_state == State::ended)
        return;
    close();
    m_handlers.ended(*this, why);
}

} // namespace coffer::net
