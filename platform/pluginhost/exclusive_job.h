// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pluginapi/context.h"
#include "pluginhost/plugin_run.h"

namespace coffer::pluginhost {

struct ExclusiveOptions
{
    /// Of the session that holds the lock: how long a dead node's jobs wait for another node.
    std::chrono::milliseconds timeToLive{5'000};
    /// Before it is tried again after an error or the end of the job.
    std::chrono::milliseconds pause{1'000};
    QByteArray holder; ///< Written into the lock, for people: the name of the node.
};

/// One job of a plugin that runs on one node at a time.
///
/// The lock is an ephemeral file; who creates it has the job until its session ends. The node
/// counts the time of its session from before the call that renewed it, so that its duty is over
/// before anybody else can have the lock, as far as clocks run equally fast. Node thread.
class ExclusiveJob final : public std::enable_shared_from_this<ExclusiveJob>
{
    Q_DISABLE_COPY_MOVE(ExclusiveJob)

public:
    /// \a lock: the path of the file. Store, clock and timers have to live until the run is cut.
    struct Parts
    {
        std::shared_ptr<PluginRun> run; // shared with everything that the plugin was given
        pluginapi::Store &store;
        pluginapi::PluginClock &clock;
        Timers &timers;
    };
    ExclusiveJob(Parts parts, ExclusiveOptions options, QByteArray lock, pluginapi::Job job);
    ~ExclusiveJob() = default;

    /// Competes for the lock and does the job, again and again, until the plugin stops.
    [[nodiscard]] pluginapi::Task<Result<void>> compete();

private:
    class Duty;
    struct Won
    {
        SessionId session;
        Revision created;      ///< Of the lock.
        Monotonic countedFrom; ///< Of the session's time.
    };

    /// Nothing if somebody else has the lock; \a seen is then where to watch from.
    [[nodiscard]] pluginapi::Task<Result<std::optional<Won>>> tryOnce();
    [[nodiscard]] pluginapi::Task<Result<std::optional<Won>>> lockWith(SessionId session,
                                                                       Monotonic countedFrom);
    [[nodiscard]] pluginapi::Task<Result<void>> awaitChange();
    [[nodiscard]] pluginapi::Task<Result<void>> hold(Won won);
    [[nodiscard]] pluginapi::Task<void> doJob(std::shared_ptr<Duty> duty);

    Parts m_parts;
    ExclusiveOptions m_options;
    QByteArray m_lock;
    pluginapi::Job m_job;
    Revision m_seen; ///< The lock was somebody else's at this revision.
};

} // namespace coffer::pluginhost
