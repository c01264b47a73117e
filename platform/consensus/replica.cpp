// SPDX-License-Identifier: Apache-2.0
#include "consensus/replica.h"

#include "base/check.h"
#include "base/limits.h"
#include "base/mutant.h"

#include <algorithm>

// What every event passes through, and the voter's side of the protocol.
// replica_lead.cpp: campaigning and leading. replica_learn.cpp: chosen values and epochs.

namespace coffer::consensus {

Replica::Replica(Origin origin)
    : m_self(origin.self)
    , m_run(origin.run)
    , m_timing(origin.timing)
    , m_log(origin.base)
    , m_acceptor(m_log)
    , m_learner(origin.base)
    , m_membership(origin.self, std::move(origin.configuration))
    , m_election(origin.timing, origin.seed)
{
    m_acceptor.enterEpoch(m_membership.epoch());
    m_acceptor.setChosenUpTo(origin.base);
}

Result<void> Replica::replay(const Record &record)
{
    if (const auto *promise = std::get_if<PromiseRecord>(&record)) {
        m_election.noteRound(promise->ballot.round);
        m_acceptor.promise(promise->ballot);
        return {};
    }
    if (const auto *chosenUpTo = std::get_if<ChosenUpToRecord>(&record)) {
        while (m_learner.chosenUpTo() < chosenUpTo->slot) {
            if (!m_log.holds(m_learner.chosenUpTo().next())) {
                return Error{ErrorCode::corrupt,
                             QStringLiteral("the journal lacks slot %1, which it calls chosen")
                                 .arg(m_learner.chosenUpTo().value() + 1)};
            }
            advanceTo(m_learner.chosenUpTo().next());
        }
        return {};
    }
    const auto *chosen = std::get_if<ChosenRecord>(&record);
    const auto *vote = std::get_if<VoteRecord>(&record);
    const Slot slot = chosen != nullptr ? chosen->slot : vote->slot;
    if (vote != nullptr)
        m_election.noteRound(vote->ballot.round);
    if (slot <= m_learner.chosenUpTo()) {
        if (vote != nullptr && vote->ballot.epoch == m_membership.epoch())
            m_acceptor.promise(vote->ballot);
        return {};
    }
    // A vote of an epoch that is over, for a slot above its stop-sign, is void.
    if (vote != nullptr && vote->ballot.epoch < m_membership.epoch())
        return {};
    if (slot > m_log.last().next()) {
        return Error{ErrorCode::corrupt, QStringLiteral("the journal jumps from slot %1 to slot %2")
                                             .arg(m_log.last().value())
                                             .arg(slot.value())};
    }
    if (chosen != nullptr) {
        m_log.put(slot, {Ballot(), chosen->entry});
        advanceTo(slot);
    } else {
        m_acceptor.promise(vote->ballot);
        m_log.put(slot, {vote->ballot, vote->entry});
    }
    return {};
}

Effects Replica::start(Moment now, bool isRestart)
{
    m_now = now;
    m_isReplaying = false;
    m_isRestart = isRestart;
    m_acceptor.recount();
    m_learner.setRecordedUpTo(m_learner.chosenUpTo());
    m_durable = {0, m_acceptor.promised(), m_acceptor.votedTo(), Monotonic(0)};
    m_election.reset(now.monotonic);
    m_pollAt = now.monotonic;
    askStanding();
    if (m_membership.isVoter() && m_membership.members().voters.size() == 1)
        tryToLead();
    settle();
    return std::exchange(m_out, {});
}

Effects Replica::step(const Event &event, Moment now)
{
    m_now = now;
    std::visit([this](const auto &kind) { handle(kind); }, event);
    settle();
    return std::exchange(m_out, {});
}

Monotonic Replica::nextWake() const
{
    if (m_proposer)
        return m_heartbeatAt;
    const Monotonic soon = m_now.monotonic + m_timing.heartbeat;
    return m_membership.isVoter() ? std::min(soon, m_election.deadline()) : soon;
}

const Configuration &Replica::configuration() const { return m_membership.configuration(); }

NodeId Replica::leader() const { return m_proposer ? m_self : m_election.leader(); }

void Replica::settle()
{
    settleChosen();
    settleTransfer();
    settlePhaseOne();
    settleReads();
    if (m_proposer && !m_isDiskStuck) {
        m_proposer->pump(m_log, m_learner.chosenUpTo(), m_now.monotonic, 2 * m_timing.heartbeat,
                         m_out.now);
        const bool isIdle = m_proposer->lastSlot() <= m_learner.chosenUpTo();
        if (isIdle && m_learner.chosenUpTo() > m_announced)
            announce();
    }
    settleFetch();
    settleClaims();
}

void Replica::settleClaims()
{
    if (m_out.writes.empty())
        return;
    recordChosen(); // the claim below may rest on slots that became chosen after the last record
    m_out.mark = ++m_mark;
    m_claims.push_back({m_mark, m_acceptor.promised(), m_acceptor.votedTo(), m_now.monotonic});
}

// ---- what every message needs

void Replica::say(NodeId to, Message message) { m_out.now.push_back({to, std::move(message)}); }

void Replica::sayAfterWrites(NodeId to, Message message)
{
    const bool isEarly =
        (mutantIsOn(Mutant::voteBeforeSync) && std::holds_alternative<Accepted>(message))
        || (mutantIsOn(Mutant::promiseBeforeSync) && std::holds_alternative<Promise>(message))
        || (mutantIsOn(Mutant::prepareBeforeOwnPromise)
            && std::holds_alternative<Prepare>(message));
    (isEarly ? m_out.now : m_out.afterWrites).push_back({to, std::move(message)});
}

void Replica::write(Record record)
{
    if (mutantIsOn(Mutant::promiseNotWritten) && std::holds_alternative<PromiseRecord>(record))
        return;
    recordChosen();
    m_out.writes.push_back(std::move(record));
}

/// Whatever is written next may rely on what is known as chosen (a vote says "and I hold all
/// below", a promise belongs to the epoch after a chosen stop-sign), so that comes first.
void Replica::recordChosen()
{
    if (m_learner.recordedUpTo() >= m_learner.chosenUpTo())
        return;
    m_learner.setRecordedUpTo(m_learner.chosenUpTo());
    if (!mutantIsOn(Mutant::chosenUpToNotRecorded))
        m_out.writes.push_back(ChosenUpToRecord{m_learner.chosenUpTo()});
}

/// ⚑ A ballot counts only in its own epoch. Whoever is behind fetches; whoever speaks from an
/// earlier epoch is told that it is over.
bool Replica::isOfThisEpoch(NodeId from, Ballot ballot, Slot chosenUpTo)
{
    if (ballot.epoch == m_membership.epoch() || mutantIsOn(Mutant::epochNotInBallot))
        return true;
    if (ballot.epoch > m_membership.epoch())
        m_learner.heardOf(from, std::max(chosenUpTo, m_learner.chosenUpTo().next()));
    else
        say(from, Reconfigured{m_membership.epoch(), m_learner.chosenUpTo()});
    return false;
}

bool Replica::mayVoteFor(NodeId node) const
{
    if (m_isDiskStuck || !m_membership.isMember())
        return false;
    if (!m_membership.isVoter())
        return true; // an observer keeps the log like a voter; nobody counts it
    return !m_isFenced && m_standing.isConfirmedBy(node, m_membership.members());
}

/// Somebody leads at \a ballot, which is not below the promise.
void Replica::follow(Ballot ballot)
{
    m_election.noteRound(ballot.round);
    if (m_proposer && m_proposer->ballot() < ballot)
        stepDown();
    if (m_phaseOne && m_phaseOne->ballot() < ballot)
        m_phaseOne.reset();
    m_election.heardLeader(ballot, m_now.monotonic);
}

void Replica::handle(const PeerMessage &event)
{
    if (event.from == m_self)
        return;
    m_senderRun = event.run;
    std::visit([&](const auto &message) { receive(event.from, message); }, event.message);
}

void Replica::handle(const Tick &)
{
    const Monotonic now = m_now.monotonic;
    if (m_proposer)
        tickLeader();
    else if (m_phaseOne && now >= m_heartbeatAt)
        sendPrepares();
    if (!m_proposer && m_membership.isVoter() && m_election.isDue(now))
        tryToLead();
    if (m_standing.isAsking() && now >= m_standingAt)
        sendStandings();
    if (!m_membership.isVoter() && now >= m_pollAt)
        pollMembers();
}

void Replica::handle(const PeerLost &event)
{
    if (!m_proposer && event.node == m_election.leader())
        m_election.lostLeader(m_now.monotonic);
}

void Replica::handle(const Written &event)
{
    while (!m_claims.empty() && m_claims.front().mark <= event.mark) {
        m_durable = m_claims.front();
        m_durable.votedTo = std::max(m_durable.votedTo, m_installed);
        m_claims.pop_front();
    }
    if (m_proposer && m_durable.promised == m_proposer->ballot())
        m_proposer->ownDurable(m_durable.votedTo);
}

void Replica::handle(const Forget &event)
{
    m_log.dropUpTo(std::min(event.upTo, m_learner.chosenUpTo()));
}

void Replica::handle(const DiskStuck &event)
{
    m_isDiskStuck = event.isStuck;
    if (!m_isDiskStuck)
        return;
    stepDown();
    m_phaseOne.reset();
}

// ---- the voter

void Replica::receive(NodeId from, const PreVote &message)
{
    if (!isOfThisEpoch(from, message.ballot, Slot()))
        return;
    m_election.noteWall(from, message.wall, m_now.wall, m_now.monotonic);
    if (!m_membership.isVoter() || !m_membership.members().isVoter(from))
        return;
    const bool isGranted = mayVoteFor(from) && !m_proposer && !m_election.hasLeader(m_now.monotonic)
                           && message.ballot > m_acceptor.promised();
    say(from, PreVoteReply{message.ballot, isGranted, m_election.roundMax(), m_now.wall});
}

void Replica::receive(NodeId from, const Prepare &message)
{
    if (!isOfThisEpoch(from, message.ballot, Slot()))
        return;
    const bool isSound = message.ballot.node == from && m_membership.members().isVoter(from);
    if (!isSound || !m_membership.isVoter() || m_isDiskStuck || m_isFenced)
        return;
    if (!m_standing.isConfirmedBy(from, m_membership.members())) {
        m_standingAt = m_now.monotonic;
        sendStandings();
        return;
    }
    m_election.noteRound(message.ballot.round);
    const auto result = m_acceptor.promise(message.ballot);
    if (result == Acceptor::PromiseResult::refused) {
        say(from, Refusal{message.ballot, m_acceptor.promised()});
        return;
    }
    if (result == Acceptor::PromiseResult::raised) {
        stepDown();
        m_phaseOne.reset();
        m_election.forgetLeader();
        m_election.reset(m_now.monotonic);
        write(PromiseRecord{message.ballot});
    }
    // The promise leaves after it is durable, also when a repeated Prepare meets it half written.
    const Slot chosen = m_learner.chosenUpTo();
    auto chunks = m_acceptor.report(std::max(message.from.previous(), chosen));
    for (std::size_t i = 0; i < chunks.size(); ++i) {
        sayAfterWrites(from, Promise{message.ballot, message.from, chosen, std::uint32_t(i),
                                     std::uint32_t(chunks.size()), std::move(chunks[i])});
    }
}

void Replica::receive(NodeId from, const Accept &message)
{
    if (!isOfThisEpoch(from, message.ballot, message.chosenUpTo))
        return;
    if (message.ballot.node != from || !m_membership.members().isVoter(from))
        return;
    if (!mayVoteFor(from)) {
        m_learner.heardOf(from, message.chosenUpTo);
        return;
    }
    const bool isRaised = message.ballot > m_acceptor.promised();
    const auto result = m_acceptor.vote(message.ballot, message.slot, message.entry);
    if (result == Acceptor::VoteResult::refused) {
        say(from, Refusal{message.ballot, m_acceptor.promised()});
        return;
    }
    follow(message.ballot);
    if (result == Acceptor::VoteResult::voted)
        write(VoteRecord{message.slot, message.ballot, message.entry});
    else if (isRaised)
        write(PromiseRecord{message.ballot}); // no vote that would imply it
    // The claim may rest on slots that were fetched and found to be what an older vote holds: no
    // record was needed to hold them, but one is to know after a crash that they are chosen.
    if (result == Acceptor::VoteResult::already)
        recordChosen();
    Slot claim = m_acceptor.votedTo();
    if (mutantIsOn(Mutant::newVoterWithoutPrefix))
        claim = std::max(claim, message.slot);
    if (result != Acceptor::VoteResult::gap || claim == message.slot)
        sayAfterWrites(from, Accepted{message.ballot, claim});
    learnByBallot(message.ballot, message.chosenUpTo);
}

void Replica::receive(NodeId from, const Heartbeat &message)
{
    if (!isOfThisEpoch(from, message.ballot, message.chosenUpTo))
        return;
    if (message.ballot.node != from || !m_membership.members().isVoter(from))
        return;
    m_election.noteWall(from, message.wall, m_now.wall, m_now.monotonic);
    if (!mayVoteFor(from)) {
        // Who must not vote still learns who leads, to pass requests on.
        if (!m_proposer && message.ballot >= m_acceptor.promised())
            m_election.heardLeader(message.ballot, m_now.monotonic);
        m_learner.heardOf(from, message.chosenUpTo);
        return;
    }
    const auto result = m_acceptor.promise(message.ballot);
    if (result == Acceptor::PromiseResult::refused) {
        say(from, Refusal{message.ballot, m_acceptor.promised()});
        return;
    }
    follow(message.ballot);
    if (result == Acceptor::PromiseResult::raised)
        write(PromiseRecord{message.ballot});
    learnByBallot(message.ballot, message.chosenUpTo);
    if (message.isNews)
        return;
    // The answer proves to a reader that no higher ballot was promised here, so it is given only
    // by whose promise is exactly this ballot. It claims nothing that is not durable.
    const bool isDurable = m_durable.promised == message.ballot;
    const HeartbeatAck ack{message.ballot, isDurable ? m_durable.votedTo : Slot(), message.readSeq,
                           m_now.wall};
    if (isDurable)
        say(from, ack);
    else
        sayAfterWrites(from, ack);
}

void Replica::receive(NodeId from, const Standing &message)
{
    const bool isBehind = m_standing.isBehind(from, message);
    say(from, StandingAck{message, isBehind});
}

void Replica::receive(NodeId from, const StandingAck &message)
{
    if (!m_standing.isAsking() || message.checked != m_standing.standing())
        return;
    if (!message.isBehind) {
        m_standing.confirmed(from, message.checked);
        return;
    }
    if (m_isFenced)
        return;
    m_isFenced = true;
    m_out.hasBecomeFenced = true;
    stepDown();
    m_phaseOne.reset();
}

} // namespace coffer::consensus
