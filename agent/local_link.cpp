// SPDX-License-Identifier: Apache-2.0
#include "agent/local_link.h"

#include "agent/socket.h"

#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::agent {

using namespace std::chrono_literals;

LocalLink::LocalLink(QString path, Random &random)
    : m_path(std::move(path)), m_random(random), m_backoff(100ms, 2s)
{
    m_again.setSingleShot(true);
    connect(&m_again, &QTimer::timeout, this, &LocalLink::open);
    connect(&m_socket, &QLocalSocket::connected, this, [this] {
        m_isOpen = true;
        m_backoff.reset();
        Q_EMIT opened();
    });
    connect(&m_socket, &QLocalSocket::readyRead, this, &LocalLink::onLines);
    connect(&m_socket, &QLocalSocket::disconnected, this, &LocalLink::onGone);
    connect(&m_socket, &QLocalSocket::errorOccurred, this, &LocalLink::onGone);
}

LocalLink::~LocalLink() { m_socket.disconnect(this); }

void LocalLink::open() { m_socket.connectToServer(m_path); }

QCoro::Task<Result<QJsonObject>> LocalLink::ask(Ask ask)
{
    Eventual<QJsonObject> answer({ErrorCode::unavailable, u"the agent is gone"_s});
    if (m_isOpen) {
        m_awaited.push_back(answer.setter());
        m_socket.write(write(ask) + '\n');
    } else {
        (void)answer.setter(); // Dropped: that is the answer.
    }
    Result<QJsonObject> said = co_await answer;
    co_return said;
}

void LocalLink::onLines()
{
    while (m_socket.canReadLine()) {
        Result<QJsonObject> said = parseAnswer(m_socket.readLine().trimmed());
        if (said && said->contains(u"event"_s)) {
            Q_EMIT heard(*said);
        } else if (!m_awaited.empty()) {
            const auto answer = std::move(m_awaited.front());
            m_awaited.pop_front();
            answer(std::move(said));
        }
    }
    if (m_socket.bytesAvailable() > Socket::answerBytesMax + 1)
        m_socket.abort(); // That is no agent.
}

void LocalLink::onGone()
{
    const bool wasOpen = std::exchange(m_isOpen, false);
    if (!m_again.isActive())
        m_again.start(m_backoff.next(m_random));
    m_awaited.clear();
    if (wasOpen)
        Q_EMIT lost();
}

} // namespace coffer::agent
