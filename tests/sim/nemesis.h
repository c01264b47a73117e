// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/cluster.h"

#include <functional>
#include <vector>

namespace coffer::sim {

/// Does harm: of the kinds in the plan, at random times, and ends each harm after a while.
///
/// It keeps to what the cluster must survive: of the voters of every configuration that is or may
/// come into force, a quorum keeps its disks. Resource.
class Nemesis
{
public:
    Nemesis(Cluster &cluster, std::uint64_t seed);

    void begin();
    /// Does nothing any more, for good.
    void rest() { m_isResting = true; }
    /// False after a mass wipe: nothing can be chosen any more.
    [[nodiscard]] bool isSurvivable() const { return m_isSurvivable; }
    /// True while nothing else may be changed, because a fault is being judged.
    [[nodiscard]] bool needsQuiet() const { return m_isQuiet; }

private:
    using Deed = void (Nemesis::*)();

    void planNext();
    void act();
    [[nodiscard]] std::vector<std::pair<FaultKind, Deed>> deeds() const;

    void partition();
    void isolateLeader();
    void clog();
    void kill();
    void killThenLosePower(std::size_t machine);
    void losePower();
    void crashAtStep();
    void pause();
    void slowDisk();
    void slowProcessor();
    void fillDisk();
    void failDisk();
    void drift();
    void jumpWall();
    void wipe();
    void wipeAllButOne();
    void swapDisks();

    // torn_faults.cpp
    void tearWrite();
    void failSync();
    void losePowerAfterTrap(const SimDisk *disk, SimTime latest);
    void waitForTrap(const SimDisk *disk, std::uint64_t sprung, SimTime latest, int patience);

    // bit_rot.cpp
    void rotDisk();
    void judgeRot(std::size_t machine, NodeId id);

    void lagBehind(std::size_t leader);
    void cutFromVoters(std::size_t leader);
    void cutHalves();
    void cutOneWay();
    void cutBridge();
    void cutRing();
    void unclogOneByOne(std::vector<std::size_t> machines);
    void down(std::size_t machine, bool isPowerLoss);
    void trap(std::size_t machine, const SimDisk::Trap &trap);
    [[nodiscard]] bool mayWipe(std::size_t machine) const;
    [[nodiscard]] std::size_t anyMachine();
    [[nodiscard]] std::optional<std::size_t> anyRunning();
    void note(FaultKind kind, const QString &text);

    // quiet_faults.cpp: those that need quiet around them
    using QuietDeed = void (Nemesis::*)(std::size_t machine);
    void rollBack();
    void diverge();
    void makeQuiet(FaultKind kind, QuietDeed deed);
    void waitForQuiet(QuietDeed deed, int patience);
    void endQuiet();
    [[nodiscard]] std::optional<std::size_t> quietVoter();
    void takeImage(std::size_t machine);
    void judgeRollback(std::size_t machine, NodeId id, int patience);
    void judgeKnown(NodeId id, int patience);
    void corruptState(std::size_t machine);
    void judgeDivergence(std::size_t machine, int patience);

    Cluster &m_cluster;
    Draw m_draw;
    bool m_isResting = false;
    bool m_isQuiet = false; ///< Something is being judged; no other fault.
    bool m_isPartitioned = false;
    bool m_isSurvivable = true;
};

} // namespace coffer::sim
