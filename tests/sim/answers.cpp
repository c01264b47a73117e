// SPDX-License-Identifier: Apache-2.0
#include "sim/answers.h"

#include "sim/finding.h"
#include "store/query.h"

#include <algorithm>

namespace coffer::sim {

/// How much faster a leader's clock may run than true time.
static constexpr int driftPercentMax = 6;

void Answers::writeDone(const QByteArray &command, const engine::Answer &answer, Slot floorAtCall)
{
    if (!m_shadow.wasAnswered(answer.slot, command, answer.bytes))
        report("P11", QStringLiteral("a write was answered with slot %1, where it does not stand "
                                     "or has another answer")
                          .arg(answer.slot.value()));
    if (answer.slot <= floorAtCall)
        report("P11", QStringLiteral("a write took effect at slot %1, though slot %2 had been "
                                     "answered before it was called")
                          .arg(answer.slot.value())
                          .arg(floorAtCall.value()));
    m_floor = std::max(m_floor, answer.slot);
}

void Answers::readDone(const Read &read, const engine::Answer &answer)
{
    const Slot slot = answer.slot;
    if (slot > m_shadow.appliedTo())
        report(
            "P11",
            QStringLiteral("a read was served at slot %1, which nobody applied").arg(slot.value()));
    if (read.mode == engine::ReadMode::linearizable && slot < read.floorAtCall)
        report("P11", QStringLiteral("a linearizable read was served at slot %1, though slot %2 "
                                     "had been answered before")
                          .arg(slot.value())
                          .arg(read.floorAtCall.value()));
    if (read.mode == engine::ReadMode::session && slot < read.seen)
        report("P11", QStringLiteral("a session read was served at slot %1, older than slot %2")
                          .arg(slot.value())
                          .arg(read.seen.value()));
    const Result<store::Reply> reply = store::decodeReply(answer.bytes);
    if (!reply || !reply->isValid())
        report("P11", QStringLiteral("a read was answered with garbage"));
    if (!slot.isNone()) {
        const QString wrong = m_shadow.whatIsWrong(*reply, read.question, slot);
        if (!wrong.isEmpty())
            report("P11",
                   QStringLiteral("a read at slot %1 has another answer than the log gives: ")
                           .arg(slot.value())
                       + wrong);
    }
    if (read.mode == engine::ReadMode::linearizable)
        m_floor = std::max(m_floor, slot);
}

void Answers::sessionProlonged(SessionId session, std::chrono::milliseconds timeToLive,
                               SimTime asked)
{
    Life &life = m_lives[session];
    if (life.expired && asked > *life.expired)
        report("P15", QStringLiteral("session %1 had ended %2 ms before it was prolonged")
                          .arg(session.value())
                          .arg((asked - *life.expired).count() / 1000));
    life.timeToLive = timeToLive;
    life.asked = std::max(life.asked, asked);
}

void Answers::sessionExpired(SessionId session, SimTime now)
{
    const auto found = m_lives.find(session);
    if (found == m_lives.end())
        return;
    found->second.expired = now;
    const SimTime lived = now - found->second.asked;
    const SimTime promised = SimTime(found->second.timeToLive) * (100 - driftPercentMax) / 100;
    if (lived < promised)
        report("P15", QStringLiteral("session %1 ended %2 ms after its last prolongation; it was "
                                     "promised %3 ms")
                          .arg(session.value())
                          .arg(lived.count() / 1000)
                          .arg(found->second.timeToLive.count()));
}

} // namespace coffer::sim
