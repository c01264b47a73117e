// SPDX-License-Identifier: Apache-2.0
#include "consensus/election.h"

#include <algorithm>
#include <vector>

namespace coffer::consensus {

/// How long a peer's wall clock reading counts.
static constexpr Monotonic wallReadingLife{2'000'000};

void Election::reset(Monotonic now)
{
    const auto spread = std::uint64_t((m_timing.electionMax - m_timing.electionMin).count()) + 1;
    m_deadline = now + m_timing.electionMin + Monotonic(std::int64_t(m_random.below(spread)));
    m_preVote.reset();
}

void Election::heardLeader(Ballot ballot, Monotonic now)
{
    m_leader = ballot;
    m_heardAt = now;
    reset(now);
}

void Election::lostLeader(Monotonic now)
{
    m_heardAt.reset();
    m_leader = Ballot();
    const auto jitter = std::uint64_t(m_timing.heartbeat.count()) + 1;
    m_deadline = std::min(m_deadline, now + Monotonic(std::int64_t(m_random.below(jitter))));
}

void Election::forgetLeader()
{
    m_heardAt.reset();
    m_leader = Ballot();
}

bool Election::hasLeader(Monotonic now) const
{
    return m_heardAt && now - *m_heardAt < m_timing.electionMin;
}

void Election::noteRound(std::uint64_t round) { m_roundMax = std::max(m_roundMax, round); }

void Election::beginPreVote(Ballot ballot, NodeId self) { m_preVote = PreVoting{ballot, {self}}; }

bool Election::granted(Ballot ballot, NodeId voter, const MemberSet &members)
{
    if (!m_preVote || m_preVote->ballot != ballot || !members.isVoter(voter))
        return false;
    m_preVote->grants.insert(voter);
    return m_preVote->grants.size() >= members.quorum();
}

void Election::noteWall(NodeId node, WallMs wall, WallMs own, Monotonic now)
{
    m_offsets[node] = {wall - own, now};
}

bool Election::isSkewed(Monotonic now) const
{
    std::vector<WallMs> offsets{WallMs(0)};
    for (const auto &[node, reading] : m_offsets) {
        if (now - reading.heardAt < wallReadingLife)
            offsets.push_back(reading.offset);
    }
    std::sort(offsets.begin(), offsets.end());
    const WallMs upper = offsets[offsets.size() / 2];
    const WallMs lower = offsets[(offsets.size() - 1) / 2];
    const WallMs nearest = std::min(std::chrono::abs(lower), std::chrono::abs(upper));
    return nearest > m_timing.wallSkewMax;
}

} // namespace coffer::consensus
