// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/eventual.h"
#include "node/host.h"
#include "node/local_watches.h"
#include "pluginapi/store.h"

#include <chrono>
#include <map>
#include <optional>

namespace coffer::node {

/// The store inside a node: any node, for the engine sends on what only the leader can do.
///
/// A commit without an origin is sent to one leader at most. Resource; node thread. Destroy it
/// after what uses it; calls under way end when the host does.
class LocalStore final : public pluginapi::Store
{
    Q_DISABLE_COPY_MOVE(LocalStore)

public:
    struct Options
    {
        /// How long a session read waits for this node to catch up.
        std::chrono::milliseconds reachTimeout{5'000};
    };

    /// \a host has to outlive this.
    explicit LocalStore(Host &host) : LocalStore(host, Options()) {}
    LocalStore(Host &host, const Options &options);
    ~LocalStore() override;

    template<class T>
    using Task = pluginapi::Task<T>;
    using Deadline = std::optional<Monotonic>;

    [[nodiscard]] Task<Result<store::Reply>> read(store::Question question,
                                                  pluginapi::ReadOptions options = {}) override;
    [[nodiscard]] Task<Result<store::Answer>>
    commit(store::Transaction transaction, pluginapi::CommitOptions options = {}) override;
    [[nodiscard]] Task<Result<store::WatchAnswer>>
    history(pluginapi::HistoryRequest request, pluginapi::ReadOptions options = {}) override;
    [[nodiscard]] std::unique_ptr<pluginapi::Watch> watch(store::WatchRequest request) override;
    [[nodiscard]] Task<Result<SessionId>> openSession(store::OpenSession open) override
    {
        return openSession(open, Deadline());
    }
    [[nodiscard]] Task<Result<void>> keepAlive(SessionId session) override;
    [[nodiscard]] Task<Result<void>> closeSession(SessionId session) override
    {
        return closeSession(session, Deadline());
    }
    [[nodiscard]] Task<Result<store::Answer>> compact(Revision revision) override
    {
        return compact(revision, Deadline());
    }

    // With a deadline, after which nobody waits: what no leader could be told until shortly before
    // is `unavailable`.

    [[nodiscard]] Task<Result<SessionId>> openSession(store::OpenSession open, Deadline deadline);
    [[nodiscard]] Task<Result<void>> closeSession(SessionId session, Deadline deadline);
    [[nodiscard]] Task<Result<store::Answer>> compact(Revision revision, Deadline deadline);
    /// commit() of what store::encode() made of a transaction, which decodeCommand() accepts.
    [[nodiscard]] Task<Result<store::Answer>> submit(QByteArray command, Deadline deadline);

    /// Waits until this node may answer a read of \a options. What the look() of the same turn then
    /// finds is new enough, so that who answers can look when there is room for it.
    [[nodiscard]] Task<Result<bool>> ready(pluginapi::ReadOptions options);
    /// What this node has. Valid until the end of this turn.
    [[nodiscard]] store::Reply look(const store::Question &question) const;
    [[nodiscard]] Result<store::WatchAnswer> look(const pluginapi::HistoryRequest &request);

private:
    /// Waits until this node has \a revision.
    [[nodiscard]] Task<Result<bool>> reach(Revision revision);
    void onApplied();

    Host &m_host;
    Options m_options;
    LocalWatches m_watches;
    QObject m_context;                                          ///< Of hooks and timers.
    std::multimap<Revision, Eventual<bool>::Setter> m_reaching; ///< Session reads that wait.
};

} // namespace coffer::node
