// SPDX-License-Identifier: Apache-2.0
#include "pluginhost/plugin_store.h"

namespace coffer::pluginhost {

using namespace pluginapi;

namespace {

template<class T>
Task<Result<T>> ready(Error error)
{
    co_return error;
}

/// A watch that ends when the plugin stops.
class EndingWatch final : public Watch
{
public:
    EndingWatch(std::shared_ptr<PluginRun> run, std::unique_ptr<Watch> watch)
        : m_run(std::move(run)), m_watch(std::move(watch)), m_progress(m_watch->progress())
    {
        m_ticket = m_run->when(PluginRun::Moment::stop, [this] { end(); });
    }

    [[nodiscard]] Task<Result<store::WatchAnswer>> next() override
    {
        if (!m_watch)
            return ready<store::WatchAnswer>(m_run->goneError(ErrorCode::unavailable));
        return m_run->await(m_watch->next(), ErrorCode::unavailable);
    }
    [[nodiscard]] Revision progress() const override
    {
        return m_watch ? m_watch->progress() : m_progress;
    }

private:
    void end()
    {
        m_progress = m_watch->progress();
        m_watch.reset();
    }

    std::shared_ptr<PluginRun> m_run; // shared with everything that the plugin was given
    std::unique_ptr<Watch> m_watch;   ///< Null once the plugin stops.
    Revision m_progress;
    PluginRun::Ticket m_ticket;
};

} // namespace

template<class T, class Ask>
Task<Result<T>> PluginStore::through(ErrorCode ifCut, Ask ask)
{
    if (m_run->isCut())
        return ready<T>(m_run->goneError(ErrorCode::unavailable));
    return m_run->await<T>(ask(), ifCut);
}

Task<Result<store::Reply>> PluginStore::read(store::Question question, ReadOptions options)
{
    return through<store::Reply>(ErrorCode::unavailable,
                                 [&] { return m_store.read(std::move(question), options); });
}

Task<Result<store::Answer>> PluginStore::commit(store::Transaction transaction,
                                                CommitOptions options)
{
    return through<store::Answer>(ErrorCode::unknown,
                                  [&] { return m_store.commit(std::move(transaction), options); });
}

Task<Result<store::WatchAnswer>> PluginStore::history(HistoryRequest request, ReadOptions options)
{
    return through<store::WatchAnswer>(
        ErrorCode::unavailable, [&] { return m_store.history(std::move(request), options); });
}

std::unique_ptr<Watch> PluginStore::watch(store::WatchRequest request)
{
    return std::make_unique<EndingWatch>(m_run, m_store.watch(std::move(request)));
}

Task<Result<SessionId>> PluginStore::openSession(store::OpenSession open)
{
    return through<SessionId>(ErrorCode::unknown, [&] { return m_store.openSession(open); });
}

Task<Result<void>> PluginStore::keepAlive(SessionId session)
{
    return through<void>(ErrorCode::unavailable, [&] { return m_store.keepAlive(session); });
}

Task<Result<void>> PluginStore::closeSession(SessionId session)
{
    return through<void>(ErrorCode::unknown, [&] { return m_store.closeSession(session); });
}

Task<Result<store::Answer>> PluginStore::compact(Revision revision)
{
    return through<store::Answer>(ErrorCode::unknown, [&] { return m_store.compact(revision); });
}

} // namespace coffer::pluginhost
