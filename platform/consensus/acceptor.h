// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "consensus/log.h"
#include "consensus/message.h"

namespace coffer::consensus {

/// One node's promise and votes in the epoch that decides the next slot.
///
/// Pure value: no clock, no I/O. The caller makes a new promise or vote durable before it tells
/// anybody; that order is what keeps a restarted node from voting twice.
///
/// Invariant: every vote in the log has a ballot not above promised().
class Acceptor
{
public:
    /// \a log holds the votes; it must outlive the acceptor.
    explicit Acceptor(Log &log) : m_log(log) {}

    [[nodiscard]] Ballot promised() const { return m_promised; }
    /// The highest slot k such that every slot up to k is held as a vote at exactly promised(), or
    /// as the chosen value.
    [[nodiscard]] Slot votedTo() const { return m_votedTo; }

    enum class PromiseResult { raised, same, refused };
    /// Phase 1: ignores every ballot below \a ballot from now on. `raised`: to be made durable.
    PromiseResult promise(Ballot ballot);

    enum class VoteResult {
        voted,   ///< New: to be made durable before it is told.
        already, ///< Voted at this ballot, or chosen, before.
        gap,     ///< A slot below is missing: votes are made in order.
        refused  ///< A higher ballot is promised.
    };
    /// Phase 2. Unless refused, promises \a ballot too: to be made durable even without a vote.
    VoteResult vote(Ballot ballot, Slot slot, const Entry &entry);

    /// Everything up to \a slot is known as chosen and held (or in the checkpoint).
    void setChosenUpTo(Slot slot);
    /// A new epoch begins: nothing of the old one counts.
    void enterEpoch(Epoch epoch);
    /// Looks at the log again after a restart, to find votedTo().
    void recount();

    /// The votes of this epoch above \a above, cut into chunks for Promise. At least one chunk.
    [[nodiscard]] std::vector<std::vector<VoteReport>> report(Slot above) const;

private:
    Log &m_log;
    Ballot m_promised;
    Slot m_chosenUpTo;
    Slot m_votedTo;
};

} // namespace coffer::consensus
