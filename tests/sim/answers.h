// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/engine.h"
#include "sim/scheduler.h"
#include "sim/shadow.h"

#include <map>
#include <optional>

namespace coffer::sim {

/// Judges every answer that a client gets: P7, P11 and P15. Resource.
class Answers
{
public:
    /// \a shadow must outlive it.
    explicit Answers(const Shadow &shadow) : m_shadow(shadow) {}

    /// What a call that begins now must not fall behind: every write acknowledged and every
    /// linearizable read answered so far.
    [[nodiscard]] Slot floor() const { return m_floor; }

    void writeDone(const QByteArray &command, const engine::Answer &answer, Slot floorAtCall);

    struct Read
    {
        engine::ReadMode mode = engine::ReadMode::linearizable;
        Slot seen;        ///< As given to the engine.
        Slot floorAtCall; ///< floor() at the call.
        store::Question question;
    };
    void readDone(const Read &read, const engine::Answer &answer);

    /// A session was opened, or its KeepAlive answered; the client had asked at \a asked.
    void sessionProlonged(SessionId session, std::chrono::milliseconds timeToLive, SimTime asked);
    /// A leader ended \a session.
    void sessionExpired(SessionId session, SimTime now);

private:
    struct Life
    {
        std::chrono::milliseconds timeToLive{0};
        SimTime asked{0};
        std::optional<SimTime> expired;
    };

    const Shadow &m_shadow;
    Slot m_floor;
    std::map<SessionId, Life> m_lives;
};

} // namespace coffer::sim
