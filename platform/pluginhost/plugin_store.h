// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pluginapi/store.h"
#include "pluginhost/plugin_run.h"

namespace coffer::pluginhost {

/// The store as one run of a plugin sees it: watches end when the plugin stops, all answers come
/// by the time it is cut, and what it does with them is measured. Node thread.
class PluginStore final : public pluginapi::Store
{
    Q_DISABLE_COPY_MOVE(PluginStore)

public:
    template<class T>
    using Task = pluginapi::Task<T>;

    /// \a store has to live until the run is cut.
    PluginStore(std::shared_ptr<PluginRun> run, pluginapi::Store &store)
        : m_run(std::move(run)), m_store(store)
    {}
    ~PluginStore() override = default;

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
    /// Asks the store by \a ask, unless the run is cut.
    template<class T, class Ask>
    [[nodiscard]] Task<Result<T>> through(ErrorCode ifCut, Ask ask);

    std::shared_ptr<PluginRun> m_run; // shared with everything that the plugin was given
    pluginapi::Store &m_store;
};

} // namespace coffer::pluginhost
