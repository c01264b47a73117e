// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "pluginhost/ports.h"

#include <QObject>
#include <QThreadPool>
#include <QTimer>

#include <map>

namespace coffer::pluginhost {

/// Timers of the event loop, all on one QTimer. Node thread.
class LoopTimers final : public QObject, public Timers
{
    Q_DISABLE_COPY_MOVE(LoopTimers)

public:
    /// \a clock has to outlive this.
    explicit LoopTimers(const Clock &clock);
    ~LoopTimers() override = default;

    void after(std::chrono::milliseconds time, std::function<void()> call) override;

private:
    void onTimeout();
    void plan();

    const Clock &m_clock;
    QTimer m_timer;
    std::multimap<Monotonic, std::function<void()>> m_calls;
};

/// A few threads of their own. Made and used on the node thread; waits at its end for what runs.
class PoolWorkers final : public QObject, public Workers
{
    Q_DISABLE_COPY_MOVE(PoolWorkers)

public:
    static constexpr int waitingMax = 1'024;

    explicit PoolWorkers(int threads = 2);
    ~PoolWorkers() override;

    [[nodiscard]] bool run(std::function<void()> work, std::function<void()> done) override;

private:
    QThreadPool m_pool;
    int m_waiting = 0; ///< Begun or not, their end not yet told.
};

} // namespace coffer::pluginhost
