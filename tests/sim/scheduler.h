// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

namespace coffer::sim {

/// True time of the simulated world since its beginning; no node ever sees it.
using SimTime = std::chrono::microseconds;

/// The world's only queue: what happens when. Events of the same time happen in the order in
/// which they were queued, so that one seed gives one history. Resource; one thread.
class Scheduler
{
public:
    using Action = std::function<void()>;

    [[nodiscard]] SimTime now() const { return m_now; }
    /// Queues \a action for \a time, or for now if that is past.
    void at(SimTime time, Action action);
    void after(SimTime delay, Action action) { at(m_now + delay, std::move(action)); }

    /// Moves the time to the next event and lets it happen; false when there is none.
    bool runNext();
    [[nodiscard]] std::size_t pending() const { return m_heap.size(); }
    /// Events that have happened.
    [[nodiscard]] std::uint64_t steps() const { return m_steps; }

private:
    struct Entry
    {
        SimTime time;
        std::uint64_t sequence;
        std::size_t action; ///< Index in m_actions.
    };
    static bool isLater(const Entry &a, const Entry &b);

    SimTime m_now{0};
    std::uint64_t m_sequence = 0;
    std::uint64_t m_steps = 0;
    std::vector<Entry> m_heap;
    std::vector<Action> m_actions;
    std::vector<std::size_t> m_free;
};

} // namespace coffer::sim
