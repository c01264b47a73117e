// SPDX-License-Identifier: Apache-2.0
#include "consensus/phase_one.h"

#include "base/mutant.h"

#include <algorithm>

namespace coffer::consensus {

bool PhaseOne::Answer::isWhole() const
{
    if (mutantIsOn(Mutant::firstChunkIsWholePromise))
        return true;
    return std::find(seen.begin(), seen.end(), false) == seen.end();
}

void PhaseOne::add(NodeId voter, const Promise &promise)
{
    if (promise.ballot != m_ballot || promise.from != m_from || promise.chunk >= promise.chunks)
        return;
    Answer &answer = m_answers[voter];
    // Chunks of two answers must not be mixed: they may be cut at different slots. While a voter's
    // promise stands, its votes above its chosenUpTo cannot change, so answers with the same
    // chosenUpTo are the same answer; the one that knows more replaces the other.
    if (promise.chosenUpTo < answer.chosenUpTo)
        return;
    if (promise.chosenUpTo > answer.chosenUpTo || answer.seen.size() != promise.chunks)
        answer.seen.assign(promise.chunks, false);
    answer.seen[promise.chunk] = true;
    answer.chosenUpTo = promise.chosenUpTo;

    for (const VoteReport &report : promise.votes) {
        const auto found = m_votes.find(report.slot);
        if (found == m_votes.end()) {
            m_votes.emplace(report.slot, Vote{report.ballot, report.entry});
            continue;
        }
        const bool isBetter = mutantIsOn(Mutant::lowestBallotRecovered)
                                  ? report.ballot < found->second.ballot
                                  : report.ballot > found->second.ballot;
        if (isBetter)
            found->second = {report.ballot, report.entry};
    }
}

bool PhaseOne::hasPromised(NodeId voter) const
{
    const auto found = m_answers.find(voter);
    return found != m_answers.end() && found->second.isWhole();
}

bool PhaseOne::isQuorum(const MemberSet &members) const
{
    std::size_t count = 0;
    for (NodeId voter : members.voters)
        count += hasPromised(voter) ? 1 : 0;
    return count >= members.quorum();
}

std::pair<Slot, NodeId> PhaseOne::chosenUpTo() const
{
    std::pair<Slot, NodeId> best;
    for (const auto &[voter, answer] : m_answers) {
        if (answer.chosenUpTo > best.first)
            best = {answer.chosenUpTo, voter};
    }
    return best;
}

PhaseOne::Recovery PhaseOne::recover(Slot chosen) const
{
    Recovery recovery;
    const Slot last = m_votes.empty() ? chosen : std::max(chosen, m_votes.rbegin()->first);
    for (Slot slot = chosen.next(); slot <= last; slot = slot.next()) {
        const auto found = m_votes.find(slot);
        const bool isGap = found == m_votes.end() || mutantIsOn(Mutant::recoveredValueReplaced);
        recovery.entries.push_back(isGap ? Entry() : found->second.entry);
        // ⚑ Nothing above a recovered stop-sign is proposed. Proof that nothing there was chosen:
        // let the stop at s come from ballot b, the highest vote for s. Suppose a value at k > s
        // was chosen at b' in this epoch. Votes are in order, so that quorum voted at b' for s too
        // and b' chose some v at s. If b' < b, the phase-1 quorum of b met one of them, so b
        // proposed v at s: v is the stop. If b' >= b, then v was recovered here as the highest
        // vote for s: again v is the stop. But no proposer goes past a stop that it proposed.
        if (recovery.entries.back().kind == EntryKind::reconfigure
            && !mutantIsOn(Mutant::keepAboveStop)) {
            recovery.endsInStop = true;
            break;
        }
    }
    return recovery;
}

} // namespace coffer::consensus
