// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/ask.h"
#include "agent/local_versions.h"

#include <QCoroTask>
#include <QLocalServer>
#include <QObject>

#include <functional>
#include <map>
#include <optional>
#include <set>

class QLocalSocket;

namespace coffer::agent {

struct ServiceStatus;

/// The Unix socket of a running agent: one question a line, one answer a line, in order.
///
/// Its owner and group may connect (mode 0660); who may connect may look, and change the host as
/// root or as the agent's own user. At most connectionsMax at a time; one question of a connection
/// is worked on at a time, and a line that is too long ends it. Who watches and does not read is
/// cut off: it can ask again from what it has seen. Resource; one thread, with an event loop.
class Socket final : public QObject
{
    Q_DISABLE_COPY_MOVE(Socket)

public:
    using Handler = std::function<QCoro::Task<Result<QJsonObject>>(Ask)>;
    /// What to say of a service to who has seen a version of it; nothing if there is no other.
    using News = std::function<Result<std::optional<QJsonObject>>(const QString &, const Seen &)>;
    static constexpr int connectionsMax = 256;
    static constexpr qsizetype answerBytesMax = qsizetype(32) << 20;

    /// \a handler answers everything but Verb::watch; \a news is for those.
    Socket(Handler handler, News news);
    ~Socket() override;

    /// Listens at \a path; its folder is made if it is missing, and a socket that an agent left
    /// behind is replaced: the caller knows that there is no other one. `io` says why not.
    [[nodiscard]] Result<void> listen(const QString &path);
    /// Something is new of the service that \a status is of: the status for who watches all, the
    /// version for who watches that service, if it is another one.
    void tell(const ServiceStatus &status);

private:
    void onConnected();
    void onReadable(QLocalSocket *socket);
    [[nodiscard]] QCoro::Task<void> answer(QLocalSocket *socket, QByteArray line);
    void watch(QLocalSocket *socket, const Ask &ask);
    void tellNews(const QString &service);

    /// What somebody watches.
    struct Watching
    {
        bool isAll = false;
        std::map<QString, Seen> services = {}; ///< And what was said last.
    };

    Handler m_handler;
    News m_news;
    QLocalServer m_server;
    std::set<QLocalSocket *> m_open;
    std::set<QLocalSocket *> m_busy;
    std::map<QLocalSocket *, Watching> m_watching;
};

/// Asks the agent at \a path and waits; nothing if none runs there. `denied` if this user may not
/// connect; else what the agent says.
[[nodiscard]] Result<std::optional<QJsonObject>> askAgent(const QString &path, const Ask &ask,
                                                          std::chrono::milliseconds timeout);

} // namespace coffer::agent
