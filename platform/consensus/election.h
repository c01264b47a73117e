// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/ballot.h"
#include "base/clock.h"
#include "base/random.h"
#include "consensus/entry.h"

#include <map>
#include <optional>
#include <set>

namespace coffer::consensus {

struct Timing
{
    Monotonic heartbeat{20'000};
    Monotonic electionMin{120'000};
    Monotonic electionMax{240'000};
    WallMs wallSkewMax{10'000};
};

/// When a voter tries to lead: randomised time-outs, and a round of PreVote that raises no number,
/// so that a node which cannot win disturbs nobody (Ongaro 2014, section 9.6).
///
/// Pure: the random numbers come from its seed. Nothing here matters for safety.
class Election
{
public:
    Election(Timing timing, std::uint64_t seed) : m_timing(timing), m_random(seed) {}

    /// A new random deadline, after which this node tries.
    void reset(Monotonic now);
    /// The leader of \a ballot spoke.
    void heardLeader(Ballot ballot, Monotonic now);
    /// The connection to the leader broke: need not wait for the time-out.
    void lostLeader(Monotonic now);
    /// Nothing was heard of any leader; used when an epoch begins.
    void forgetLeader();

    [[nodiscard]] NodeId leader() const { return m_leader.node; }
    /// True while a leader was heard so lately that another candidate should be refused.
    [[nodiscard]] bool hasLeader(Monotonic now) const;
    [[nodiscard]] bool isDue(Monotonic now) const { return now >= m_deadline; }
    [[nodiscard]] Monotonic deadline() const { return m_deadline; }

    /// The highest round heard of; a new ballot exceeds it.
    [[nodiscard]] std::uint64_t roundMax() const { return m_roundMax; }
    void noteRound(std::uint64_t round);

    void beginPreVote(Ballot ballot, NodeId self);
    /// True when \a voter's consent completes a quorum of \a members, once.
    [[nodiscard]] bool granted(Ballot ballot, NodeId voter, const MemberSet &members);
    void endPreVote() { m_preVote.reset(); }

    /// \a node's wall clock read \a wall when ours read \a own.
    void noteWall(NodeId node, WallMs wall, WallMs own, Monotonic now);
    /// True when the own wall clock is too far off the median of those heard of lately: as leader
    /// it would stamp commands with a wrong time. Two clocks alone cannot tell who is wrong.
    [[nodiscard]] bool isSkewed(Monotonic now) const;

private:
    struct PreVoting
    {
        Ballot ballot;
        std::set<NodeId> grants;
    };
    struct WallOffset
    {
        WallMs offset;
        Monotonic heardAt;
    };

    Timing m_timing;
    SeededRandom m_random;
    Monotonic m_deadline{0};
    Ballot m_leader;
    std::optional<Monotonic> m_heardAt;
    std::uint64_t m_roundMax = 0;
    std::optional<PreVoting> m_preVote;
    std::map<NodeId, WallOffset> m_offsets;
};

} // namespace coffer::consensus
