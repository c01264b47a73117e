// SPDX-License-Identifier: Apache-2.0
#include "engine/read_queue.h"

#include "base/limits.h"

#include <utility>

namespace coffer::engine {

void ReadQueue::add(ReadMode mode, Slot seen, const QByteArray &question, Engine::Done done)
{
    if (m_count >= limits::pendingReadsMax) {
        m_host.finish(std::move(done),
                      Error{ErrorCode::unavailable,
                            QStringLiteral("too many reads are waiting at this node; try again in "
                                           "a moment")});
        return;
    }
    ++m_count;
    Read read{question, std::move(done), m_host.now() + m_host.options().requestTimeout};
    if (mode == ReadMode::linearizable)
        m_gathering.push_back(std::move(read));
    else
        m_waiting.emplace(mode == ReadMode::session ? seen : Slot(), std::move(read));
}

void ReadQueue::answer(Read &read)
{
    --m_count;
    const StateMachine &machine = m_host.parts().machine;
    m_host.finish(std::move(read.done), Answer{machine.applied(), machine.query(read.question)});
}

void ReadQueue::flush()
{
    if (m_asking.empty() && !m_gathering.empty()) {
        m_asking = std::exchange(m_gathering, {});
        m_askIndex([this](const Result<Answer> &result) { indexArrived(result); });
    }
    const Slot applied = m_host.parts().machine.applied();
    // A node that never held a cluster has no state to answer from, not even "not found".
    const bool hasState = m_host.replica() != nullptr;
    while (hasState && !m_waiting.empty() && m_waiting.begin()->first <= applied) {
        Read read = std::move(m_waiting.begin()->second);
        m_waiting.erase(m_waiting.begin());
        answer(read);
    }
}

void ReadQueue::indexArrived(const Result<Answer> &result)
{
    for (Read &read : std::exchange(m_asking, {})) {
        if (result) {
            m_waiting.emplace(result->slot, std::move(read));
            continue;
        }
        --m_count;
        // A read that failed had no effect, so it is never unknown.
        m_host.finish(std::move(read.done), Error{ErrorCode::unavailable, result.error().message});
    }
}

void ReadQueue::tick()
{
    const Monotonic now = m_host.now();
    for (auto it = m_waiting.begin(); it != m_waiting.end();) {
        if (now < it->second.deadline) {
            ++it;
            continue;
        }
        --m_count;
        m_host.finish(std::move(it->second.done),
                      Error{ErrorCode::unavailable,
                            QStringLiteral("this node has not caught up in time; ask another")});
        it = m_waiting.erase(it);
    }
}

} // namespace coffer::engine
