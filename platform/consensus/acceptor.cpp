// SPDX-License-Identifier: Apache-2.0
#include "consensus/acceptor.h"

#include "base/check.h"
#include "base/limits.h"
#include "base/mutant.h"

#include <algorithm>

namespace coffer::consensus {

Acceptor::PromiseResult Acceptor::promise(Ballot ballot)
{
    if (ballot < m_promised)
        return PromiseResult::refused;
    if (ballot == m_promised)
        return PromiseResult::same;
    m_promised = ballot;
    m_votedTo = m_chosenUpTo; // votes of a lower ballot are no votes of this one
    return PromiseResult::raised;
}

Acceptor::VoteResult Acceptor::vote(Ballot ballot, Slot slot, const Entry &entry)
{
    if (ballot < m_promised && !mutantIsOn(Mutant::acceptBelowPromise))
        return VoteResult::refused;
    if (ballot > m_promised)
        promise(ballot);
    if (slot <= m_chosenUpTo)
        return VoteResult::already;
    if (slot <= m_votedTo && !mutantIsOn(Mutant::acceptBelowPromise))
        return VoteResult::already;

    // ⚑ Votes are made in order. A vote for slot k at b says that the voter holds b-votes or chosen
    // values for all slots below. Without that, a value above a stop-sign could be recovered from
    // a ballot that never knew of the stop, and be chosen in an epoch that was over.
    const bool isNext = slot <= m_votedTo.next();
    const bool fits = slot <= m_log.last().next() && slot > m_log.base();
    if (!isNext && !(mutantIsOn(Mutant::votesOutOfOrder) && fits))
        return VoteResult::gap;

    m_log.put(slot, {ballot, entry});
    m_votedTo = std::max(m_votedTo, slot);
    return VoteResult::voted;
}

void Acceptor::setChosenUpTo(Slot slot)
{
    m_chosenUpTo = std::max(m_chosenUpTo, slot);
    m_votedTo = std::max(m_votedTo, m_chosenUpTo);
}

void Acceptor::enterEpoch(Epoch epoch)
{
    // ⚑ Promises and votes are keyed by epoch. The quorums of the next epoch are other sets of
    // nodes, so nothing that was promised or voted before says anything about them.
    if (m_promised.epoch < epoch)
        m_promised = Ballot{epoch, 0, NodeId()};
    m_votedTo = m_chosenUpTo;
}

void Acceptor::recount()
{
    m_votedTo = std::max(m_chosenUpTo, m_log.base());
    while (m_log.holds(m_votedTo.next()) && m_log.at(m_votedTo.next()).ballot == m_promised)
        m_votedTo = m_votedTo.next();
}

std::vector<std::vector<VoteReport>> Acceptor::report(Slot above) const
{
    std::vector<std::vector<VoteReport>> chunks(1);
    std::size_t bytes = 0;
    for (Slot slot = std::max(above, m_log.base()).next(); slot <= m_log.last();
         slot = slot.next()) {
        const Log::Item &item = m_log.at(slot);
        const std::size_t size = item.entry.bytes();
        if (!chunks.back().empty() && bytes + size > limits::chunkBytesMax) {
            chunks.emplace_back();
            bytes = 0;
        }
        bytes += size;
        chunks.back().push_back({slot, item.ballot, item.entry});
    }
    return chunks;
}

} // namespace coffer::consensus
