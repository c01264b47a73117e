// SPDX-License-Identifier: Apache-2.0
#include "engine/session_clocks.h"

#include <algorithm>

namespace coffer::engine {

void SessionClocks::stop()
{
    m_left.clear();
    m_ending.clear();
    m_last.reset();
    m_followed.reset();
}

/// Takes in what was opened and closed since the last look.
void SessionClocks::follow()
{
    const StateMachine::SessionsMark mark = m_host.parts().machine.sessionsMark();
    if (m_followed == mark)
        return;
    m_followed = mark;
    std::map<SessionId, Monotonic> left;
    std::set<SessionId> ending;
    for (const SessionView &view : m_host.parts().machine.sessions()) {
        const auto found = m_left.find(view.session);
        left[view.session] = found == m_left.end() ? Monotonic(view.timeToLive) : found->second;
        if (m_ending.contains(view.session))
            ending.insert(view.session);
    }
    m_left = std::move(left);
    m_ending = std::move(ending);
}

bool SessionClocks::renew(SessionId session)
{
    if (m_ending.contains(session))
        return false;
    const auto timeToLive = m_host.parts().machine.timeToLiveOf(session);
    if (!timeToLive)
        return false;
    // The next advance() takes off time that had passed before this call.
    m_left[session] = *timeToLive + 2 * Monotonic(m_host.options().heartbeat);
    return true;
}

std::vector<QByteArray> SessionClocks::advance(Slot tenure)
{
    const Monotonic now = m_host.now();
    const Monotonic stepMax = 2 * Monotonic(m_host.options().heartbeat);
    const Monotonic elapsed = std::min(now - m_last.value_or(now), stepMax);
    m_last = now;
    std::vector<QByteArray> commands;
    for (auto &[session, left] : m_left) {
        if (m_ending.contains(session))
            continue;
        left -= std::min(left, elapsed);
        if (left > Monotonic(0))
            continue;
        m_ending.insert(session);
        commands.push_back(m_host.parts().machine.endSessionCommand(session, tenure));
    }
    follow(); // last: what is new starts with its full period
    return commands;
}

} // namespace coffer::engine
