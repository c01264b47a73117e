// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/limits.h"
#include "store/command.h"

#include <optional>
#include <set>

namespace coffer::client {

/// Numbers the commands of one session, so that each is done once however often it is sent.
///
/// At most limits::sessionOutstandingMax are open; each command also says up to where all outcomes
/// are known. Value.
class Sequences
{
public:
    explicit Sequences(SessionId session) : m_session(session) {}

    [[nodiscard]] SessionId session() const { return m_session; }
    /// True if another command may be sent now.
    [[nodiscard]] bool hasRoom() const
    {
        return m_last.value() - acknowledgedUpTo().value() < limits::sessionOutstandingMax;
    }
    /// The origin of the next command, whose outcome is open from now on. Only with room.
    [[nodiscard]] store::Origin begin()
    {
        const store::Origin origin{m_session, m_last.next(), acknowledgedUpTo()};
        m_last = m_last.next();
        m_open.insert(m_last);
        return origin;
    }
    /// The outcome of the command is known, or nobody will ask for it any more.
    void end(Sequence sequence) { m_open.erase(sequence); }

private:
    [[nodiscard]] Sequence acknowledgedUpTo() const
    {
        return m_open.empty() ? m_last : m_open.begin()->previous();
    }

    SessionId m_session;
    Sequence m_last;
    std::set<Sequence> m_open;
};

} // namespace coffer::client
