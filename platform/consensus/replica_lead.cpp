// SPDX-License-Identifier: Apache-2.0
#include "consensus/replica.h"

#include "base/check.h"
#include "base/limits.h"
#include "base/mutant.h"

#include <algorithm>

// Campaigning and leading: the proposer's side of the protocol.

namespace coffer::consensus {

bool Replica::isServing() const
{
    if (!m_proposer || m_isDiskStuck || !m_proposer->leaderStart())
        return false;
    // Before the own LeaderStart is chosen, entries of earlier leaders may be chosen that this one
    // does not know as chosen yet: a read could miss them.
    return m_learner.chosenUpTo() >= *m_proposer->leaderStart()
           || mutantIsOn(Mutant::noLeaderStartBarrier);
}

bool Replica::canPropose() const
{
    if (!isServing() || (m_proposer->hasStop() && !mutantIsOn(Mutant::proposePastStop)))
        return false;
    const std::uint64_t open = m_proposer->lastSlot().value() - m_learner.chosenUpTo().value();
    return open < limits::windowSlotsMax;
}

Slot Replica::tenure() const
{
    return m_proposer && m_proposer->leaderStart() ? *m_proposer->leaderStart() : Slot();
}

bool Replica::isUpToDate(NodeId node) const
{
    if (!m_proposer)
        return false;
    if (node == m_self)
        return true;
    const Monotonic since = m_now.monotonic - m_timing.electionMax;
    const std::uint64_t held = m_proposer->durableTo(node).value() + limits::windowSlotsMax;
    return m_proposer->heardAt(node) >= since && held >= m_learner.chosenUpTo().value()
           && !m_proposer->durableTo(node).isNone();
}

bool Replica::isUnheard(NodeId node) const
{
    return m_proposer && m_proposer->durableTo(node).isNone();
}

bool Replica::mayCampaign() const
{
    return m_membership.isVoter() && !m_isFenced && !m_isDiskStuck
           && m_standing.isConfirmed(m_membership.members())
           && !m_election.isSkewed(m_now.monotonic);
}

void Replica::tryToLead()
{
    m_phaseOne.reset();
    m_election.reset(m_now.monotonic);
    m_election.forgetLeader();
    if (!m_membership.isVoter() || m_isFenced || m_isDiskStuck
        || !m_standing.isConfirmed(m_membership.members()))
        return;
    if (m_membership.members().quorum() == 1) {
        campaign();
        return;
    }
    // A clock that is far off shows itself by the answers to PreVote, so ask even if skewed.
    const Ballot ballot{m_membership.epoch(), m_election.roundMax() + 1, m_self};
    m_election.beginPreVote(ballot, m_self);
    for (NodeId voter : m_membership.otherVoters())
        say(voter, PreVote{ballot, m_now.wall});
}

void Replica::receive(NodeId from, const PreVoteReply &message)
{
    if (!isOfThisEpoch(from, message.ballot, Slot()))
        return;
    m_election.noteRound(message.roundMax);
    m_election.noteWall(from, message.wall, m_now.wall, m_now.monotonic);
    if (!message.isGranted || m_proposer || m_phaseOne || m_election.hasLeader(m_now.monotonic))
        return;
    if (m_election.granted(message.ballot, from, m_membership.members()) && mayCampaign())
        campaign();
}

/// Phase 1. ⚑ No ballot is valid without it, not even the first one of an epoch: another leader of
/// the epoch before may have finished the same stop-sign and begun here already.
void Replica::campaign()
{
    std::uint64_t round = m_election.roundMax() + 1;
    // A ballot belongs to one process run: the round exceeds every round in the journal. The
    // Accepts of a leader leave before its own vote is durable, so a resumed ballot could carry
    // two values for one slot.
    const bool isOwn = m_acceptor.promised().node == m_self;
    if (mutantIsOn(Mutant::resumedBallot) && m_isRestart && isOwn && !m_isResumed)
        round = m_acceptor.promised().round;
    m_isResumed = true;
    ++m_campaigns;

    m_election.noteRound(round);
    m_election.reset(m_now.monotonic);
    const Ballot ballot{m_membership.epoch(), round, m_self};
    m_acceptor.promise(ballot);
    write(PromiseRecord{ballot});
    m_phaseOne.emplace(ballot, m_learner.chosenUpTo().next());
    m_heartbeatAt = m_now.monotonic + 2 * m_timing.heartbeat;
    for (NodeId voter : m_membership.otherVoters())
        sayAfterWrites(voter, Prepare{ballot, m_phaseOne->from()});
}

void Replica::sendPrepares()
{
    m_heartbeatAt = m_now.monotonic + 2 * m_timing.heartbeat;
    if (m_durable.promised != m_phaseOne->ballot() && !mutantIsOn(Mutant::promiseNotWritten))
        return;
    for (NodeId voter : m_membership.otherVoters()) {
        if (!m_phaseOne->hasPromised(voter))
            say(voter, Prepare{m_phaseOne->ballot(), m_phaseOne->from()});
    }
}

void Replica::receive(NodeId from, const Promise &message)
{
    if (!isOfThisEpoch(from, message.ballot, message.chosenUpTo))
        return;
    if (!m_membership.members().isVoter(from))
        return;
    m_standing.remember(from, m_senderRun, message.ballot, Slot());
    if (!m_phaseOne || m_phaseOne->ballot() != message.ballot)
        return;
    m_phaseOne->add(from, message);
    m_learner.heardOf(from, message.chosenUpTo);
}

void Replica::receive(NodeId from, const Refusal &message)
{
    if (!isOfThisEpoch(from, message.promised, Slot()))
        return;
    m_election.noteRound(message.promised.round);
    if (m_proposer && message.promised > m_proposer->ballot())
        stepDown();
    if (m_phaseOne && message.promised > m_phaseOne->ballot())
        m_phaseOne.reset();
}

void Replica::settlePhaseOne()
{
    if (!m_phaseOne)
        return;
    const bool isOwnDurable =
        m_durable.promised == m_phaseOne->ballot() || mutantIsOn(Mutant::promiseNotWritten);
    if (isOwnDurable && !m_phaseOne->hasPromised(m_self)) {
        const Slot chosen = m_learner.chosenUpTo();
        Promise own{m_phaseOne->ballot(), m_phaseOne->from(), chosen, 0, 1, {}};
        for (auto &chunk : m_acceptor.report(chosen))
            own.votes.insert(own.votes.end(), chunk.begin(), chunk.end());
        m_phaseOne->add(m_self, own);
    }
    if (!m_phaseOne->isQuorum(m_membership.members()))
        return;
    const auto [chosen, node] = m_phaseOne->chosenUpTo();
    if (chosen > m_learner.chosenUpTo())
        m_learner.heardOf(node, chosen); // fetch first, propose then
    else
        becomeLeader();
}

void Replica::becomeLeader()
{
    const PhaseOne phaseOne = std::move(*m_phaseOne);
    m_phaseOne.reset();
    m_election.endPreVote();
    m_reads = ReadRounds();
    m_announced = Slot();
    m_proposer.emplace(m_self, phaseOne.ballot(), m_learner.chosenUpTo().next(),
                       m_membership.members(), m_now.monotonic);
    const PhaseOne::Recovery recovery = phaseOne.recover(m_learner.chosenUpTo());
    for (const Entry &entry : recovery.entries)
        propose(entry);
    if (!recovery.endsInStop) {
        // The body only tells one LeaderStart from another, for people and oracles.
        const Ballot ballot = phaseOne.ballot();
        const QByteArray body = QByteArray::number(qulonglong(ballot.epoch.value())) + '.'
                                + QByteArray::number(qulonglong(ballot.round)) + '.'
                                + QByteArray::number(qulonglong(ballot.node.value()), 16);
        propose(Entry{EntryKind::leaderStart, body, {}});
    }
    sendHeartbeats();
}

void Replica::propose(const Entry &entry)
{
    const Slot slot = m_proposer->lastSlot().next();
    const auto result = m_acceptor.vote(m_proposer->ballot(), slot, entry);
    COFFER_CHECK(result == Acceptor::VoteResult::voted, "a leader cannot vote for its own entry");
    m_proposer->proposed(entry);
    write(VoteRecord{slot, m_proposer->ballot(), entry});
}

void Replica::handle(const Propose &event)
{
    COFFER_CHECK(canPropose(), "something is proposed that may not be");
    propose(event.entry);
}

void Replica::receive(NodeId from, const Accepted &message)
{
    if (!isOfThisEpoch(from, message.ballot, Slot()))
        return;
    m_standing.remember(from, m_senderRun, message.ballot, message.durableTo);
    if (m_proposer && m_proposer->ballot() == message.ballot)
        m_proposer->acknowledged(from, message.durableTo, m_log, m_now.monotonic);
}

void Replica::receive(NodeId from, const HeartbeatAck &message)
{
    if (!isOfThisEpoch(from, message.ballot, Slot()))
        return;
    m_standing.remember(from, m_senderRun, message.ballot, message.durableTo);
    m_election.noteWall(from, message.wall, m_now.wall, m_now.monotonic);
    if (!m_proposer || m_proposer->ballot() != message.ballot)
        return;
    m_proposer->acknowledged(from, message.durableTo, m_log, m_now.monotonic);
    m_reads.acknowledged(from, message.readSeq);
}

void Replica::settleChosen()
{
    // Only what a quorum of this ballot's own epoch holds at exactly this ballot. An entry of an
    // earlier ballot is chosen by being proposed again, never by counting its old votes.
    while (m_proposer && m_learner.chosenUpTo() < m_proposer->quorumSlot())
        advanceTo(m_learner.chosenUpTo().next());
}

void Replica::handle(const ReadRequest &event)
{
    if (isServing())
        m_reads.add(event.read);
    else
        m_out.readsLost.push_back(event.read);
}

void Replica::settleReads()
{
    if (!isServing())
        return;
    if (m_reads.begin(m_learner.chosenUpTo()))
        sendHeartbeats();
    while (auto ready = m_reads.take(m_self, m_membership.members())) {
        m_out.reads.push_back({ready->index, std::move(ready->reads)});
        if (m_reads.begin(m_learner.chosenUpTo()))
            sendHeartbeats();
    }
}

void Replica::sendHeartbeats()
{
    m_heartbeatAt = m_now.monotonic + m_timing.heartbeat;
    sayHeartbeat(false);
}

/// Heartbeats whose answer is awaited go on beside it: it is no sign of life of the others.
void Replica::announce() { sayHeartbeat(true); }

void Replica::sayHeartbeat(bool isNews)
{
    m_announced = m_learner.chosenUpTo();
    const Heartbeat heartbeat{m_proposer->ballot(), m_learner.chosenUpTo(), m_reads.sequence(),
                              m_now.wall, isNews};
    for (NodeId node : m_membership.others())
        say(node, heartbeat);
}

void Replica::tickLeader()
{
    const Monotonic now = m_now.monotonic;
    const bool isAlone = m_proposer->quorumHeardAt(now) + m_timing.electionMax < now;
    const bool isDiskSlow =
        !m_claims.empty() && m_claims.front().since + m_timing.electionMax < now;
    // A leader with a wrong clock would stamp commands with a wrong time.
    if (isAlone || isDiskSlow || m_election.isSkewed(now))
        stepDown();
    else if (now >= m_heartbeatAt)
        sendHeartbeats();
}

void Replica::stepDown()
{
    if (!m_proposer)
        return;
    m_proposer.reset();
    for (std::uint64_t read : m_reads.takeAll())
        m_out.readsLost.push_back(read);
    m_reads = ReadRounds();
    m_election.reset(m_now.monotonic);
}

void Replica::handle(const TransferTo &event)
{
    if (isServing() && event.node != m_self && m_membership.members().isVoter(event.node))
        say(event.node, Transfer{m_membership.epoch(), m_learner.chosenUpTo()});
}

void Replica::receive(NodeId from, const Transfer &message)
{
    if (message.epoch < m_membership.epoch())
        return;
    m_learner.heardOf(from, message.chosenUpTo);
    m_transfer = {message.epoch, message.chosenUpTo, m_now.monotonic + m_timing.electionMax};
}

void Replica::settleTransfer()
{
    if (!m_transfer)
        return;
    const bool isOver = m_transfer->until < m_now.monotonic || m_proposer || m_phaseOne
                        || m_transfer->epoch < m_membership.epoch();
    if (isOver) {
        m_transfer.reset();
        return;
    }
    const bool isReady = m_transfer->epoch == m_membership.epoch()
                         && m_learner.chosenUpTo() >= m_transfer->upTo && mayCampaign();
    if (!isReady)
        return;
    m_transfer.reset();
    campaign();
}

} // namespace coffer::consensus
