// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "consensus/log.h"
#include "consensus/message.h"

#include <map>
#include <optional>

namespace coffer::consensus {

/// Phase 2 of one ballot: what a leader has proposed, who holds how much of it, what is chosen.
///
/// Pure. Lives from the end of phase 1 until the leader steps down or its epoch ends. Everything
/// proposed stands in the leader's own log as its vote.
class Proposer
{
public:
    /// \a start is the first slot that phase 1 covered and that was not chosen then.
    Proposer(NodeId self, Ballot ballot, Slot start, const MemberSet &members, Monotonic now);

    [[nodiscard]] Ballot ballot() const { return m_ballot; }
    [[nodiscard]] Slot start() const { return m_start; }
    [[nodiscard]] Slot lastSlot() const { return m_lastSlot; }
    /// The slot of its LeaderStart; nothing while it only finishes a recovered stop-sign.
    [[nodiscard]] std::optional<Slot> leaderStart() const { return m_leaderStart; }
    [[nodiscard]] bool hasStop() const { return m_stop.has_value(); }

    /// Notes that \a entry was put into the log at lastSlot() + 1. Nothing may follow a stop-sign.
    void proposed(const Entry &entry);

    /// Peer \a node durably holds everything up to \a durableTo at this ballot. Only voters count
    /// for quorum(). Returns true when that is news.
    bool acknowledged(NodeId node, Slot durableTo, const Log &log, Monotonic now);
    /// The leader's own vote is durable up to \a slot.
    void ownDurable(Slot slot);
    /// \a node showed in any other way that it follows this ballot.
    void heardFrom(NodeId node, Monotonic now);
    /// \a node lacks what was sent: begin again right after \a held.
    void rewind(NodeId node, Slot held);

    /// The highest slot that a quorum of the epoch's voters durably holds at this ballot.
    [[nodiscard]] Slot quorumSlot() const;
    /// How far \a node is known to hold the log at this ballot.
    [[nodiscard]] Slot durableTo(NodeId node) const;
    /// When \a node last answered; the start of this ballot if it never did.
    [[nodiscard]] Monotonic heardAt(NodeId node) const;
    /// The earliest time since which a quorum (the leader included) has been silent or better.
    [[nodiscard]] Monotonic quorumHeardAt(Monotonic now) const;
    /// The voter of \a among, other than the leader, that holds most; none if nobody answered.
    [[nodiscard]] NodeId mostAdvanced(const std::vector<NodeId> &among) const;

    /// Appends the Accepts that fit each peer's window, resending what was not acknowledged for
    /// \a patience (doubled each time).
    void pump(const Log &log, Slot chosenUpTo, Monotonic now, Monotonic patience,
              std::vector<Outgoing> &out);

private:
    struct Peer
    {
        bool isVoter = false;
        Slot durableTo;
        Slot next;                     ///< First slot not sent since the last rewind.
        std::size_t bytesInFlight = 0; ///< Of slots above durableTo, below next.
        Monotonic heardAt{0};
        Monotonic resendAt{0}; ///< When unacknowledged slots are sent again; 0: nothing is.
        unsigned resends = 0;
    };

    void pumpPeer(NodeId node, Peer &peer, const Log &log, Slot chosenUpTo,
                  std::vector<Outgoing> &out);

    NodeId m_self;
    Ballot m_ballot;
    Slot m_start;
    Slot m_lastSlot;
    std::optional<Slot> m_leaderStart;
    std::optional<Slot> m_stop;
    MemberSet m_members;
    Slot m_ownDurable;
    std::map<NodeId, Peer> m_peers; ///< Everybody but the leader, observers too.
};

} // namespace coffer::consensus
