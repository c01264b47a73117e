// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "client/client.h"
#include "client/sequences.h"
#include "pluginapi/store.h"

#include <deque>
#include <memory>

namespace coffer::client {

/// The store of a cluster, from far away.
///
/// Writes are done exactly once, whatever breaks: each is a command of a session that the store
/// opens with the first of them, keeps alive, and closes in finish(). Ephemeral files of commits
/// without an origin belong to that session. Watches go on by themselves after the connection
/// broke. Resource; thread of the client.
class RemoteStore final : public pluginapi::Store
{
    Q_DISABLE_COPY_MOVE(RemoteStore)

public:
    /// \a client has to outlive this.
    explicit RemoteStore(Client &client);
    ~RemoteStore() override;

    [[nodiscard]] Task<Result<store::Reply>> read(store::Question question,
                                                  pluginapi::ReadOptions options = {}) override;
    [[nodiscard]] Task<Result<store::Answer>>
    commit(store::Transaction transaction, pluginapi::CommitOptions options = {}) override;
    [[nodiscard]] Task<Result<store::WatchAnswer>>
    history(pluginapi::HistoryRequest request, pluginapi::ReadOptions options = {}) override;
    [[nodiscard]] std::unique_ptr<pluginapi::Watch> watch(store::WatchRequest request) override;
    [[nodiscard]] Task<Result<SessionId>> openSession(store::OpenSession open) override;
    [[nodiscard]] Task<Result<void>> keepAlive(SessionId session) override;
    [[nodiscard]] Task<Result<void>> closeSession(SessionId session) override;
    [[nodiscard]] Task<Result<store::Answer>> compact(Revision revision) override;

    /// Closes the store's own session, if it has one. To be awaited before a polite end.
    [[nodiscard]] Task<Result<void>> finish();
    /// The newest revision that answers and watches have shown: reads of ReadMode::session are not
    /// older.
    [[nodiscard]] Revision seen() const { return m_seen; }

private:
    struct Own;
    struct Sent;

    [[nodiscard]] Task<Result<std::shared_ptr<Own>>> ownSession();
    [[nodiscard]] Task<Result<bool>> openOwn();
    [[nodiscard]] Task<Result<void>> keepOwnAlive();
    [[nodiscard]] Task<Sent> send(store::Transaction transaction, pluginapi::CommitOptions options);
    void note(Revision revision) { m_seen = std::max(m_seen, revision); }
    [[nodiscard]] pluginapi::ReadOptions fresh(pluginapi::ReadOptions options) const;

    Client &m_client;
    QObject m_context; ///< Its end is this store's end.
    QTimer m_keepAlive;
    std::shared_ptr<Own> m_own; // shared with the commits that use it
    bool m_isOpening = false;
    std::vector<Eventual<bool>::Setter> m_awaitOwn;
    Revision m_seen;
};

} // namespace coffer::client
