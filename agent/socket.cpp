// SPDX-License-Identifier: Apache-2.0
#include "agent/socket.h"

#include "agent/status.h"
#include "net/spawn.h"

#include <QDeadlineTimer>
#include <QDir>
#include <QFileInfo>
#include <QLocalSocket>
#include <QPointer>

#include <cerrno>
#include <utility>

#include <sys/socket.h>
#include <unistd.h>

using namespace Qt::StringLiterals;

namespace coffer::agent {

/// Of a watcher that does not read.
static constexpr qint64 unreadBytesMax = 1 << 20;

Socket::Socket(Handler handler, News news) : m_handler(std::move(handler)), m_news(std::move(news))
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

/// Whether it is root or the agent's own user who asks, as the kernel knows it.
static bool mayChangeHost(const QLocalSocket *socket)
{
    ucred peer = {};
    socklen_t size = sizeof peer;
    const auto descriptor = int(socket->socketDescriptor());
    return ::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0
           && (peer.uid == 0 || peer.uid == ::geteuid());
}

QCoro::Task<void> Socket::answer(QLocalSocket *socket, QByteArray line)
{
    const QPointer<Socket> self(this);
    const QPointer<QLocalSocket> guard(socket);
    Result<Ask> ask = parseAsk(line);
    Result<QJsonObject> answer = QJsonObject{};
    if (!ask) {
        answer = ask.error();
    } else if (changesHost(ask->verb) && !mayChangeHost(socket)) {
        answer =
            Error{ErrorCode::denied, u"only root and the user of the agent may change what this "
                                     "host has; others may look"_s};
    } else if (ask->verb == Verb::watch) {
        watch(socket, *ask);
        m_busy.erase(socket);
    } else {
        answer = co_await m_handler(*ask);
        if (!self || !guard)
            co_return;
    }
    if (!ask || ask->verb != Verb::watch) {
        QByteArray text = writeAnswer(answer);
        if (text.size() > answerBytesMax)
            text = writeAnswer(Error{
                ErrorCode::refused,
                u"the answer would have more than %1 bytes; ask for a part"_s.arg(answerBytesMax)});
        guard->write(text + '\n');
        guard->flush();
        m_busy.erase(guard);
    }
    if (guard->bytesAvailable() == 0)
        co_return;
    // The next question has come in the meantime.
    QMetaObject::invokeMethod(
        guard,
        [self, guard] {
            if (self && self->m_open.contains(guard))
                self->onReadable(guard);
        },
        Qt::QueuedConnection);
}

// ---- watches

/// A line for somebody who may not read.
static void push(QLocalSocket *socket, const QByteArray &line)
{
    if (socket->bytesToWrite() > unreadBytesMax)
        socket->abort();
    else
        socket->write(line);
}

static Seen seenOf(const QJsonObject &event)
{
    return {.root = event[u"root"_s].toString(), .version = event[u"version"_s].toString()};
}

/// Answers, and says at once what the asker has not seen.
void Socket::watch(QLocalSocket *socket, const Ask &ask)
{
    Result<std::optional<QJsonObject>> news = std::optional<QJsonObject>();
    Seen seen = Seen::fromText(ask.root);
    if (!ask.service.isEmpty())
        news = m_news(ask.service, seen);
    if (!news) {
        push(socket, writeAnswer(news.error()) + '\n');
        return;
    }
    push(socket, writeAnswer(QJsonObject{{u"watching"_s, true}}) + '\n');
    if (*news) {
        push(socket, writeAnswer(**news) + '\n');
        seen = seenOf(**news);
    }
    if (!m_open.contains(socket))
        return; // It does not read.
    Watching &watching = m_watching[socket];
    if (ask.service.isEmpty())
        watching.isAll = true;
    else
        watching.services.insert_or_assign(ask.service, seen);
}

void Socket::tell(const ServiceStatus &status)
{
    if (m_watching.empty())
        return;
    const QByteArray line = writeAnswer(toJson(status)) + '\n';
    for (const auto &[socket, watching] : std::map(m_watching)) {
        if (watching.isAll)
            push(socket, line);
    }
    tellNews(status.report.service);
}

void Socket::tellNews(const QString &service)
{
    for (const auto &[socket, watching] : std::map(m_watching)) {
        const auto watched = watching.services.find(service);
        if (watched == watching.services.end())
            continue;
        const Result<std::optional<QJsonObject>> news = m_news(service, watched->second);
        if (!news || !*news)
            continue; // The target is gone, or there is nothing new.
        push(socket, writeAnswer(**news) + '\n');
        if (m_open.contains(socket))
            m_watching[socket].services.insert_or_assign(service, seenOf(**news));
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
