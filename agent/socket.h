// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/ask.h"

#include <QCoroTask>
#include <QLocalServer>
#include <QObject>

#include <functional>
#include <optional>
#include <set>

class QLocalSocket;

namespace coffer::agent {

/// The Unix socket of a running agent: one question a line, one answer a line, in order.
///
/// Its owner and group may connect (mode 0660); who may connect may ask everything. At most
/// connectionsMax at a time; one question of a connection is worked on at a time, and a line that
/// is too long ends it. Resource; one thread, with an event loop.
class Socket final : public QObject
{
    Q_DISABLE_COPY_MOVE(Socket)

public:
    using Handler = std::function<QCoro::Task<Result<QJsonObject>>(Ask)>;
    static constexpr int connectionsMax = 64;

    /// \a handler answers everything but Verb::watch.
    explicit Socket(Handler handler);
    ~Socket() override;

    /// Listens at \a path; its folder is made if it is missing, and a socket that an agent left
    /// behind is replaced: the caller knows that there is no other one. `io` says why not.
    [[nodiscard]] Result<void> listen(const QString &path);
    /// A line for everybody who watches. Who does not read is left behind.
    void tell(const QJsonObject &event);

private:
    void onConnected();
    void onReadable(QLocalSocket *socket);
    [[nodiscard]] QCoro::Task<void> answer(QLocalSocket *socket, QByteArray line);

    Handler m_handler;
    QLocalServer m_server;
    std::set<QLocalSocket *> m_open;
    std::set<QLocalSocket *> m_busy;
    std::set<QLocalSocket *> m_watching;
};

/// Asks the agent at \a path and waits; nothing if none runs there. `denied` if this user may not
/// connect; else what the agent says.
[[nodiscard]] Result<std::optional<QJsonObject>> askAgent(const QString &path, const Ask &ask,
                                                          std::chrono::milliseconds timeout);

} // namespace coffer::agent
