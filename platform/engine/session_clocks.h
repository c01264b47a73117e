// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/host_p.h"

#include <map>
#include <optional>
#include <set>

namespace coffer::engine {

/// Measures how long sessions have been silent, while this node leads.
///
/// A session's time to live is a strict lower bound: every new leader grants a full period, and a
/// clock advances at most two heartbeats a tick, so that a leader which stalled does not end
/// sessions in waves. Time alone ends nothing: the end is a command, void if it comes from a
/// tenure that is over.
class SessionClocks
{
public:
    explicit SessionClocks(Host &host) : m_host(host) {}

    /// A KeepAlive of \a session arrived now. False: it does not exist, or its end is proposed.
    [[nodiscard]] bool renew(SessionId session);
    [[nodiscard]] bool isEnding(SessionId session) const { return m_ending.contains(session); }
    /// Moves the clocks on; returns the commands that end what ran out.
    [[nodiscard]] std::vector<QByteArray> advance(Slot tenure);
    /// Leadership is lost: nothing is measured any more.
    void stop();

private:
    void follow();

    Host &m_host;
    std::map<SessionId, Monotonic> m_left; ///< Time to live that is left.
    std::set<SessionId> m_ending;          ///< Their end is proposed.
    std::optional<Monotonic> m_last;
    std::optional<StateMachine::SessionsMark> m_followed; ///< The sessions that m_left has.
};

} // namespace coffer::engine
