// SPDX-License-Identifier: Apache-2.0
#include "sim/scheduler.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace coffer::sim {

bool Scheduler::isLater(const Entry &a, const Entry &b)
{
    return std::tie(a.time, a.sequence) > std::tie(b.time, b.sequence);
}

void Scheduler::at(SimTime time, Action action)
{
    std::size_t index = m_actions.size();
    if (m_free.empty()) {
        m_actions.push_back(std::move(action));
    } else {
        index = m_free.back();
        m_free.pop_back();
        m_actions[index] = std::move(action);
    }
    m_heap.push_back({std::max(time, m_now), ++m_sequence, index});
    std::push_heap(m_heap.begin(), m_heap.end(), isLater);
}

bool Scheduler::runNext()
{
    if (m_heap.empty())
        return false;
    std::pop_heap(m_heap.begin(), m_heap.end(), isLater);
    const Entry entry = m_heap.back();
    m_heap.pop_back();
    const Action action = std::exchange(m_actions[entry.action], nullptr);
    m_free.push_back(entry.action);
    m_now = entry.time;
    ++m_steps;
    action();
    return true;
}

} // namespace coffer::sim
