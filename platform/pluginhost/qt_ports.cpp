// SPDX-License-Identifier: Apache-2.0
#include "pluginhost/qt_ports.h"

#include <algorithm>
#include <utility>

namespace coffer::pluginhost {

LoopTimers::LoopTimers(const Clock &clock) : m_clock(clock)
{
    m_timer.setSingleShot(true);
    m_timer.setTimerType(Qt::PreciseTimer);
    connect(&m_timer, &QTimer::timeout, this, &LoopTimers::onTimeout);
}

void LoopTimers::after(std::chrono::milliseconds time, std::function<void()> call)
{
    const auto added = m_calls.emplace(m_clock.monotonic() + time, std::move(call));
    if (added == m_calls.begin())
        plan();
}

void LoopTimers::plan()
{
    if (m_calls.empty())
        return;
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(m_calls.begin()->first - m_clock.monotonic());
    m_timer.start(std::clamp(left, std::chrono::milliseconds(0),
                             std::chrono::milliseconds(std::chrono::hours(24))));
}

/// What is added meanwhile has its turn later, even if it is due at once.
void LoopTimers::onTimeout()
{
    const Monotonic now = m_clock.monotonic();
    std::multimap<Monotonic, std::function<void()>> due;
    while (!m_calls.empty() && m_calls.begin()->first <= now)
        due.insert(due.end(), m_calls.extract(m_calls.begin()));
    for (const auto &[time, call] : due)
        call();
    plan();
}

PoolWorkers::PoolWorkers(int threads) { m_pool.setMaxThreadCount(threads); }

PoolWorkers::~PoolWorkers()
{
    m_pool.clear();
    m_pool.waitForDone();
}

bool PoolWorkers::run(std::function<void()> work, std::function<void()> done)
{
    if (m_waiting >= waitingMax)
        return false;
    ++m_waiting;
    m_pool.start([this, work = std::move(work), done = std::move(done)] {
        work();
        QMetaObject::invokeMethod(
            this,
            [this, done] {
                --m_waiting;
                done();
            },
            Qt::QueuedConnection);
    });
    return true;
}

} // namespace coffer::pluginhost
