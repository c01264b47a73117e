// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pluginapi/store.h"

namespace coffer::testkit {

/// The store of one node, as tests and plugins see it: it outlives the runs of the node, and says
/// `unavailable` while there is none. So a plugin of a node that was killed reaches nothing.
class NodeStore final : public pluginapi::Store
{
    Q_DISABLE_COPY_MOVE(NodeStore)

public:
    NodeStore() = default;
    ~NodeStore() override = default;

    /// \a store until the next call; null: the node is down.
    void setStore(pluginapi::Store *store) { m_store = store; }

    template<class T>
    using Task = pluginapi::Task<T>;

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

private:
    pluginapi::Store *m_store = nullptr;
};

} // namespace coffer::testkit
