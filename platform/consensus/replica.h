// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "consensus/acceptor.h"
#include "consensus/effects.h"
#include "consensus/election.h"
#include "consensus/learner.h"
#include "consensus/membership.h"
#include "consensus/phase_one.h"
#include "consensus/proposer.h"
#include "consensus/read_rounds.h"
#include "consensus/standing.h"

#include <deque>

namespace coffer::consensus {

/// One node's part in Multi-Paxos with stop-sign epochs: events in, effects out.
///
/// Pure: no clock, no I/O, no randomness but its seed. The same events give the same effects.
/// Joins the roles; each rule lives in the role it belongs to.
///
/// Life: construct at the state of the checkpoint, replay() every journal record in order,
/// start(), then step() for ever. Effects are to be carried out in the order that they state.
class Replica
{
public:
    /// What is known before the journal is read.
    struct Origin
    {
        NodeId self;
        RunId run;
        Configuration configuration; ///< In force for slot base + 1.
        Slot base;                   ///< Applied slot of the checkpoint; 0 without one.
        Timing timing;
        std::uint64_t seed = 0;
    };

    explicit Replica(Origin origin);

    /// Feeds back one journal record. Errors: `corrupt` when it cannot follow what came before.
    Result<void> replay(const Record &record);
    /// This identity lost durable state once: it learns and serves entries, but never votes.
    void setFenced() { m_isFenced = true; }

    /// Begins. \a isRestart: an earlier run may have voted, so peers are asked first whether they
    /// remember more than the journal holds.
    [[nodiscard]] Effects start(Moment now, bool isRestart);
    [[nodiscard]] Effects step(const Event &event, Moment now);
    /// When the next Tick is due.
    [[nodiscard]] Monotonic nextWake() const;

    [[nodiscard]] Ballot promised() const { return m_acceptor.promised(); }
    /// The part of it that a crash at this moment would not take back.
    [[nodiscard]] Ballot durablePromise() const { return m_durable.promised; }
    [[nodiscard]] const Configuration &configuration() const;
    [[nodiscard]] Slot chosenUpTo() const { return m_learner.chosenUpTo(); }
    [[nodiscard]] const Log &log() const { return m_log; }
    [[nodiscard]] bool isFenced() const { return m_isFenced; }
    /// The node that leads, as far as known: itself, or whom it last heard.
    [[nodiscard]] NodeId leader() const;
    /// The ballot that this node leads, serving or not; none when it does not lead.
    [[nodiscard]] Ballot leading() const { return m_proposer ? m_proposer->ballot() : Ballot(); }
    /// Leading: the highest slot proposed.
    [[nodiscard]] Slot lastSlot() const { return m_proposer ? m_proposer->lastSlot() : Slot(); }
    /// Leads this epoch, and its LeaderStart is chosen.
    [[nodiscard]] bool isServing() const;
    /// Serving, no stop-sign open, and the window has room for \a bytes more.
    [[nodiscard]] bool canPropose() const;
    /// Serving: the slot of the own LeaderStart (the tenure).
    [[nodiscard]] Slot tenure() const;
    /// Leading: \a node answered lately and holds all but a window's worth of what is chosen.
    [[nodiscard]] bool isUpToDate(NodeId node) const;
    /// Leading: how far \a node is known to hold the log; 0 if it never answered.
    [[nodiscard]] Slot heldBy(NodeId node) const
    {
        return m_proposer ? m_proposer->durableTo(node) : Slot();
    }
    /// How often this run began a phase 1.
    [[nodiscard]] std::uint64_t campaigns() const { return m_campaigns; }
    /// Leading: \a node holds nothing yet, as far as known; perhaps it does not know the cluster.
    [[nodiscard]] bool isUnheard(NodeId node) const;
    /// Every other member of the configuration in force.
    [[nodiscard]] std::vector<NodeId> others() const { return m_membership.others(); }
    [[nodiscard]] bool hasStop() const { return m_proposer && m_proposer->hasStop(); }
    /// True once the LeaderStart of the epoch in force is known as chosen.
    [[nodiscard]] bool isEpochSettled() const;

private:
    void pollMembers();
    void handle(const PeerMessage &event);
    void handle(const Tick &event);
    void handle(const PeerLost &event);
    void handle(const Propose &event);
    void handle(const ReadRequest &event);
    void handle(const Written &event);
    void handle(const TransferTo &event);
    void handle(const Installed &event);
    void handle(const Forget &event);
    void handle(const DiskStuck &event);

    void receive(NodeId from, const PreVote &message);
    void receive(NodeId from, const PreVoteReply &message);
    void receive(NodeId from, const Prepare &message);
    void receive(NodeId from, const Promise &message);
    void receive(NodeId from, const Refusal &message);
    void receive(NodeId from, const Accept &message);
    void receive(NodeId from, const Accepted &message);
    void receive(NodeId from, const Heartbeat &message);
    void receive(NodeId from, const HeartbeatAck &message);
    void receive(NodeId from, const Fetch &message);
    void receive(NodeId from, const Chosen &message);
    void receive(NodeId from, const Reconfigured &message);
    void receive(NodeId from, const Transfer &message);
    void receive(NodeId from, const Standing &message);
    void receive(NodeId from, const StandingAck &message);

    // replica.cpp: what every message needs
    [[nodiscard]] bool isOfThisEpoch(NodeId from, Ballot ballot, Slot chosenUpTo);
    [[nodiscard]] bool mayVoteFor(NodeId node) const;
    void follow(Ballot ballot);
    void say(NodeId to, Message message);
    void sayAfterWrites(NodeId to, Message message);
    void write(Record record);
    void recordChosen();
    void settle();
    void settleClaims();

    // replica_lead.cpp: campaigning and leading
    [[nodiscard]] bool mayCampaign() const;
    void tryToLead();
    void campaign();
    void sendPrepares();
    void settleTransfer();
    void settlePhaseOne();
    void becomeLeader();
    void propose(const Entry &entry);
    void settleChosen();
    void settleReads();
    void sendHeartbeats();
    void announce();
    void sayHeartbeat(bool isNews);
    void stepDown();
    void tickLeader();

    // replica_learn.cpp: what is chosen, epochs
    void learnByBallot(Ballot ballot, Slot upTo);
    void learnChosen(Slot slot, const Entry &entry);
    void advanceTo(Slot slot);
    void enterEpoch(Slot stop, const MemberSet &members);
    void settleFetch();
    void askStanding();
    void sendStandings();

    NodeId m_self;
    RunId m_run;
    RunId m_senderRun; ///< Of the message being handled.
    Timing m_timing;
    Log m_log;
    Acceptor m_acceptor;
    Learner m_learner;
    Membership m_membership;
    Election m_election;
    StandingBook m_standing;
    std::optional<PhaseOne> m_phaseOne;
    std::optional<Proposer> m_proposer;
    ReadRounds m_reads;

    Effects m_out;
    Moment m_now;
    bool m_isReplaying = true;
    bool m_isRestart = false;
    bool m_isFenced = false;
    bool m_isDiskStuck = false;
    bool m_isResumed = false; ///< Mutant resumedBallot: it happened once.

    /// What will be durable once the writes up to `mark` are: the base of every own claim.
    struct Claim
    {
        std::uint64_t mark = 0;
        Ballot promised;
        Slot votedTo;
        Monotonic since{0};
    };
    std::uint64_t m_campaigns = 0;
    std::uint64_t m_mark = 0;
    std::deque<Claim> m_claims; ///< Being written.
    Claim m_durable;
    Slot m_installed; ///< A durable checkpoint holds everything up to here.

    Slot m_announced;           ///< Leader: the chosenUpTo that followers were last told.
    Monotonic m_heartbeatAt{0}; ///< Leader: next heartbeat. Candidate: next Prepare again.
    Monotonic m_standingAt{0};  ///< Next Standing to those who did not answer.
    Monotonic m_pollAt{0};      ///< Non-voter without a leader: next Fetch.
    std::size_t m_pollNext = 0;
    struct PendingTransfer
    {
        Epoch epoch;
        Slot upTo;
        Monotonic until;
    };
    std::optional<PendingTransfer> m_transfer;
};

} // namespace coffer::consensus
