// SPDX-License-Identifier: Apache-2.0
#include "consensus/replica.h"

#include "base/check.h"
#include "base/limits.h"
#include "base/mutant.h"

#include <algorithm>

// What is chosen, how it is learned, and the change from one epoch to the next.

namespace coffer::consensus {

bool Replica::isEpochSettled() const
{
    // The first entry of every epoch is the LeaderStart of its first leader.
    return m_learner.chosenUpTo() >= m_membership.configuration().firstSlot;
}

/// The leader of \a ballot says that everything up to \a upTo is chosen.
void Replica::learnByBallot(Ballot ballot, Slot upTo)
{
    while (m_learner.chosenUpTo() < upTo && ballot.epoch == m_membership.epoch()) {
        const Slot next = m_learner.chosenUpTo().next();
        // ⚑ The leader chose the value of *its* ballot. An own vote of another ballot may be for
        // another value, although the slot is chosen: then the chosen value is fetched.
        const bool isSame =
            m_log.holds(next)
            && (m_log.at(next).ballot == ballot || mutantIsOn(Mutant::naiveChosenUpTo));
        if (!isSame)
            break;
        advanceTo(next);
    }
    m_learner.heardOf(ballot.node, upTo);
}

void Replica::learnChosen(Slot slot, const Entry &entry)
{
    if (!m_log.holds(slot) || m_log.at(slot).entry != entry) {
        write(ChosenRecord{slot, entry});
        m_log.put(slot, {Ballot(), entry});
        m_learner.setRecordedUpTo(slot);
    }
    advanceTo(slot);
}

/// \a slot, the next one, is known as chosen with the value in the log.
void Replica::advanceTo(Slot slot)
{
    const Entry &entry = m_log.at(slot).entry;
    m_learner.setChosenUpTo(slot);
    m_acceptor.setChosenUpTo(slot);
    m_out.chosen.push_back({slot, entry});
    if (entry.kind == EntryKind::reconfigure) {
        const MemberSet members = entry.members; // the log is about to change
        enterEpoch(slot, members);
    }
}

/// The stop-sign at \a stop is chosen: epoch e ends there, e+1 begins right above it.
void Replica::enterEpoch(Slot stop, const MemberSet &members)
{
    const bool wasLeading = m_proposer.has_value();
    const Ballot ballot = wasLeading ? m_proposer->ballot() : Ballot();
    NodeId successor;
    if (wasLeading) {
        successor = m_proposer->mostAdvanced(members.voters);
        sendHeartbeats(); // the members of e learn that the stop is chosen
    }
    // ⚑ Votes of e above the stop are void: nothing can be chosen there in e any more, and in
    // e+1 only what e+1 votes for counts.
    if (!mutantIsOn(Mutant::oldVotesKept))
        m_log.dropAbove(stop);
    stepDown();
    m_phaseOne.reset();
    m_membership.enterNext(stop, members);
    m_acceptor.enterEpoch(m_membership.epoch());
    if (m_isReplaying)
        return;

    recordChosen();
    m_election.forgetLeader();
    m_election.reset(m_now.monotonic);
    m_pollAt = m_now.monotonic + m_timing.electionMax;
    askStanding();
    if (!wasLeading)
        return;
    const Slot chosen = m_learner.chosenUpTo();
    if (!m_membership.isVoter()) {
        say(successor, Transfer{m_membership.epoch(), chosen});
    } else if (mutantIsOn(Mutant::noPhaseOneInNewEpoch)) {
        const Ballot next{m_membership.epoch(), ballot.round, m_self};
        m_phaseOne.emplace(next, chosen.next());
        m_acceptor.promise(next);
        write(PromiseRecord{next});
        becomeLeader();
    } else {
        m_transfer = {m_membership.epoch(), chosen, m_now.monotonic + m_timing.electionMax};
    }
}

void Replica::receive(NodeId from, const Fetch &message)
{
    const Slot chosen = m_learner.chosenUpTo();
    if (message.from.isNone() || message.from > chosen)
        return;
    if (message.from <= m_log.base()) {
        m_out.checkpointFor.push_back(from);
        return;
    }
    Chosen reply{message.from, {}, chosen};
    std::size_t bytes = 0;
    Slot slot = message.from;
    for (; slot <= chosen; slot = slot.next()) {
        const Entry &entry = m_log.at(slot).entry;
        bytes += entry.bytes();
        if (!reply.entries.empty() && bytes > limits::chunkBytesMax)
            break;
        reply.entries.push_back(entry);
    }
    if (m_proposer)
        m_proposer->rewind(from, slot.previous());
    say(from, std::move(reply));
}

void Replica::receive(NodeId from, const Chosen &message)
{
    // A leader learns by its own quorum alone. If others chose more, it was deposed and will hear.
    if (m_isDiskStuck || m_proposer)
        return;
    const Slot before = m_learner.chosenUpTo();
    Slot slot = message.from;
    for (const Entry &entry : message.entries) {
        if (slot > m_learner.chosenUpTo().next())
            break;
        if (slot > m_learner.chosenUpTo())
            learnChosen(slot, entry);
        slot = slot.next();
    }
    m_learner.heardOf(from, message.chosenUpTo);
    if (m_learner.chosenUpTo() > before)
        m_learner.fetched();
}

void Replica::receive(NodeId from, const Reconfigured &message)
{
    if (message.epoch > m_membership.epoch())
        m_learner.heardOf(from, message.chosenUpTo);
}

void Replica::settleFetch()
{
    if (const auto node = m_learner.takeFetch(m_now.monotonic, 2 * m_timing.heartbeat))
        say(*node, Fetch{m_learner.chosenUpTo().next()});
}

/// A node without a vote that hears no leader asks around: a leader may have left its epoch
/// before everybody knew that the stop-sign is chosen.
void Replica::pollMembers()
{
    m_pollAt = m_now.monotonic + 2 * m_timing.electionMax;
    const std::vector<NodeId> others = m_membership.others();
    const bool isNeeded = m_membership.isMember() || !isEpochSettled();
    if (!isNeeded || others.empty() || m_election.hasLeader(m_now.monotonic))
        return;
    say(others[m_pollNext++ % others.size()], Fetch{m_learner.chosenUpTo().next()});
}

void Replica::handle(const Installed &event)
{
    if (event.slot <= m_learner.chosenUpTo())
        return;
    stepDown();
    m_phaseOne.reset();
    // Promise and votes above the slot survive, unless they belong to an epoch that is over.
    if (event.configuration.epoch > m_membership.epoch())
        m_log.reset(event.slot);
    else
        m_log.dropUpTo(event.slot);
    m_installed = event.slot;
    m_durable.votedTo = std::max(m_durable.votedTo, m_installed);
    m_learner.setChosenUpTo(event.slot);
    m_learner.setRecordedUpTo(event.slot);
    m_learner.fetched();
    m_acceptor.setChosenUpTo(event.slot);
    if (event.configuration.epoch > m_membership.epoch()) {
        m_membership.jumpTo(event.configuration);
        m_acceptor.enterEpoch(m_membership.epoch());
        m_election.forgetLeader();
        m_election.reset(m_now.monotonic);
        askStanding();
    } else {
        m_acceptor.recount();
    }
}

void Replica::askStanding()
{
    if (!m_isRestart || m_isReplaying)
        return;
    m_standing.ask(Standing{m_acceptor.promised(), m_acceptor.votedTo(), m_run});
    m_standingAt = m_now.monotonic;
    sendStandings();
}

void Replica::sendStandings()
{
    if (!m_standing.isAsking() || m_isFenced || !m_membership.isVoter())
        return;
    m_standingAt = m_now.monotonic + 2 * m_timing.heartbeat;
    for (NodeId voter : m_membership.otherVoters()) {
        if (!m_standing.hasAnswered(voter))
            say(voter, m_standing.standing());
    }
}

} // namespace coffer::consensus
