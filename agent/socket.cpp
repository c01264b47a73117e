// SPDX-License-Identifier: Apache-2.0
#include "agent/socket.h"

#include "net/spawn.h"

#include <QDeadlineTimer>
#include <QDir>
#include <QFileInfo>
#include <QLocalSocket>
#include <QPointer>

#include <cerrno>
#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::agent {

/// Of a watcher that does not read.
static constexpr qint64 unreadBytesMax = 1 << 20;

Socket::Socket(Handler handler) : m_handler(std::move(handler))
{
    m_server.setSocketOptions(QLocalServer::UserAccessOption | QLocalServer::GroupAccessOption);
    connect(&m_server, &QLocalServer::newConnection, this, &Socket::onConnected);
}

Socket::~Socket()
{
    for (QLocalSocket *socket : std::exchange(m_open, {}))
        socket->disconnect(this);
}

Result<void> Socket::listen(const QString &path)
{
    const QString folder = QFileInfo(path).absolutePath();
    if (!QDir().mkpath(folder))
        return Error{ErrorCode::io,
                     u"--socket: the folder %1 cannot be made; make it for the user of the agent, "
                     u"or name another one"_s.arg(folder)};
    QLocalServer::removeServer(path);
    if (!m_server.listen(path))
        return Error{ErrorCode::io, u"--socket: %1: %2"_s.arg(path, m_server.errorString())};
    return {};
}

void Socket::onConnected()
{
    while (QLocalSocket *socket = m_server.nextPendingConnection()) {
        if (m_open.size() >= std::size_t(connectionsMax)) {
            socket->write(writeAnswer(Error{ErrorCode::unavailable,
                                            u"%1 programs ask this agent already; leave, and ask "
                                            u"again later"_s.arg(connectionsMax)})
                          + '\n');
            socket->disconnectFromServer();
            socket->deleteLater();
            continue;
        }
        m_open.insert(socket);
        socket->setReadBufferSize(askBytesMax + 1);
        connect(socket, &QLocalSocket::readyRead, this, [this, socket] { onReadable(socket); });
        connect(socket, &QLocalSocket::bytesWritten, this, [this, socket] { onReadable(socket); });
        connect(socket, &QLocalSocket::disconnected, this, [this, socket] {
            m_open.erase(socket);
            m_busy.erase(socket);
            m_watching.erase(socket);
            socket->deleteLater();
        });
        onReadable(socket);
    }
}

void Socket::onReadable(QLocalSocket *socket)
{
    if (m_busy.contains(socket) || socket->bytesToWrite() > unreadBytesMax)
        return; // Who does not fetch answers gets no more of them.
    if (!socket->canReadLine()) {
        if (socket->bytesAvailable() <= askBytesMax)
            return;
        const QByteArray start = socket->read(askBytesMax + 1);
        socket->write(writeAnswer(parseAsk(start).error()) + '\n');
        socket->disconnectFromServer();
        return;
    }
    m_busy.insert(socket);
    spawn(answer(socket, socket->readLine(askBytesMax + 1).trimmed()), "ask");
}

QCoro::Task<void> Socket::answer(QLocalSocket *socket, QByteArray line)
{
    const QPointer<Socket> self(this);
    const QPointer<QLocalSocket> guard(socket);
    Result<Ask> ask = parseAsk(line);
    Result<QJsonObject> answer = QJsonObject{};
    if (!ask) {
        answer = ask.error();
    } else if (ask->verb == Verb::watch) {
        m_watching.insert(socket);
        answer = QJsonObject{{u"watching"_s, true}};
    } else {
        answer = co_await m_handler(*ask);
        if (!self || !guard)
            co_return;
    }
    guard->write(writeAnswer(answer) + '\n');
    m_busy.erase(guard);
    // The next question may have come in the meantime.
    QMetaObject::invokeMethod(
        guard,
        [self, guard] {
            if (self && self->m_open.contains(guard))
                self->onReadable(guard);
        },
        Qt::QueuedConnection);
}

void Socket::tell(const QJsonObject &event)
{
    const QByteArray line = writeAnswer(event) + '\n';
    for (QLocalSocket *socket : std::set(m_watching)) {
        if (socket->bytesToWrite() > unreadBytesMax)
            socket->abort();
        else
            socket->write(line);
    }
}

Result<std::optional<QJsonObject>> askAgent(const QString &path, const Ask &ask,
                                            std::chrono::milliseconds timeout)
{
    QDeadlineTimer deadline(timeout);
    QLocalSocket socket;
    socket.connectToServer(path);
    if (!socket.waitForConnected(int(deadline.remainingTime()))) {
        if (socket.error() == QLocalSocket::SocketAccessError)
            return Error{
                ErrorCode::denied,
                u"%1: this user may not ask the agent; be its user, or in its group"_s.arg(path)};
        return std::optional<QJsonObject>();
    }
    socket.write(write(ask) + '\n');
    while (!socket.canReadLine()) {
        if (!socket.waitForReadyRead(int(deadline.remainingTime())))
            return Error{ErrorCode::unavailable,
                         u"the agent at %1 did not answer in time"_s.arg(path)};
    }
    Result<QJsonObject> answer = parseAnswer(socket.readLine().trimmed());
    if (!answer)
        return answer.error();
    return std::optional(std::move(*answer));
}

} // namespace coffer::agent
