// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/cluster.h"
#include "sim/nemesis.h"

#include <optional>
#include <vector>

namespace coffer::sim {

/// The operator: replaces members that are gone or fenced, changes the membership, hands
/// leadership over. Knows only what a serving node says, and now and then asks for nonsense.
/// Resource.
class Administrator
{
public:
    Administrator(Cluster &cluster, const Nemesis &nemesis, std::uint64_t seed);

    void begin();
    void rest() { m_isResting = true; }

private:
    using Members = consensus::MemberSet;

    void planNext();
    void act();
    void retireFenced();
    [[nodiscard]] std::optional<Members> repaired(const Members &members);
    [[nodiscard]] Members changed(const Members &members);
    void ask(std::size_t machine, Members members, Epoch ifEpoch);
    void answered(const Members &members, Epoch ifEpoch, const Result<engine::Answer> &result);
    void transfer();
    /// Identities of disks that are in some machine and in neither list.
    [[nodiscard]] std::vector<NodeId> outsiders(const Members &members) const;

    Cluster &m_cluster;
    const Nemesis &m_nemesis;
    Draw m_draw;
    bool m_isResting = false;
    SimTime m_interval{0};
};

} // namespace coffer::sim
