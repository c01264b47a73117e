// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/counts.h"
#include "sim/oracle.h"
#include "sim/plan.h"
#include "sim/sim_network.h"
#include "sim/sim_node.h"
#include "sim/timeline.h"

#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace coffer::sim {

/// All machines, what connects them, and the oracle that watches them.
///
/// The first plan.founders machines were given the list of each other; the spare ones the same
/// list and themselves. Identities follow the disks. Resource; one thread.
class Cluster final : public Surroundings
{
public:
    /// \a world, \a timeline and \a counts must outlive it.
    Cluster(Scheduler &world, const Plan &plan, std::uint64_t seed, Timeline &timeline,
            Counts &counts);
    ~Cluster() override;

    [[nodiscard]] std::size_t size() const { return m_nodes.size(); }
    [[nodiscard]] SimNode &node(std::size_t machine) { return *m_nodes[machine]; }
    [[nodiscard]] const SimNode &node(std::size_t machine) const { return *m_nodes[machine]; }
    [[nodiscard]] SimNetwork &network() { return m_network; }
    [[nodiscard]] Oracle &oracle() { return m_oracle; }
    [[nodiscard]] const Oracle &oracle() const { return m_oracle; }
    [[nodiscard]] Scheduler &world() { return m_world; }
    [[nodiscard]] Timeline &timeline() { return m_timeline; }
    [[nodiscard]] Counts &counts() { return m_counts; }
    [[nodiscard]] const Plan &plan() const { return m_plan; }

    /// Where the disk with this identity is, if it still exists.
    [[nodiscard]] std::optional<std::size_t> machineOf(NodeId node) const;
    /// The machine that leads the newest epoch and serves, if one does.
    [[nodiscard]] std::optional<std::size_t> leader() const;
    /// Machines whose process runs and is not paused.
    [[nodiscard]] std::vector<std::size_t> serving() const;
    /// Voters of \a members whose disks exist and never lost anything.
    [[nodiscard]] std::size_t intactVoters(const consensus::MemberSet &members) const;
    /// True once every founding member holds the cluster.
    [[nodiscard]] bool isFounded() const;

    /// False if nobody on the machines that all were told of would hold the cluster any more when
    /// \a machine is left out: restarted with the old command line, they would found another one.
    /// Operators must not do that; the nodes cannot know.
    [[nodiscard]] bool isRememberedWithout(std::size_t machine) const;

    void start(std::size_t machine);
    void startLater(std::size_t machine, SimTime delay);
    void stop(std::size_t machine, bool isPowerLoss);
    /// Throws the disk of a stopped machine away; the new one has a new identity.
    void wipe(std::size_t machine);
    void swapDisks(std::size_t a, std::size_t b);
    /// Ends every fault of network, disks, clocks and processors; starts nothing.
    void repairAll();

    void frameSent(SimNode &node, NodeId to, const QByteArray &frame) override;
    void frameSent(SimNode &node, const QString &address, const QByteArray &frame) override;
    void frameReceived(SimNode &node, const QByteArray &frame) override;
    void entryApplied(SimNode &node, Slot slot, const consensus::Entry &entry,
                      const Hash128 &hash) override;
    void processEnded(SimNode &node, const std::optional<Error> &error) override;

private:
    struct Progress
    {
        std::uint64_t run = 0;
        Slot applied;
    };

    [[nodiscard]] SimNode::Settings settingsOf(std::size_t machine) const;
    [[nodiscard]] std::unique_ptr<SimDisk> newDisk();

    Scheduler &m_world;
    Plan m_plan;
    Timeline &m_timeline;
    Counts &m_counts;
    Draw m_draw;
    Draw m_networkDraw;
    Oracle m_oracle;
    SimNetwork m_network;
    std::vector<std::unique_ptr<SimNode>> m_nodes;
    std::map<QString, std::size_t> m_byAddress;
    std::map<NodeId, std::size_t> m_byId;
    std::vector<Progress> m_progress;
    std::vector<std::unique_ptr<SimDisk>> m_discarded; ///< Kept: events may still name them.
    std::size_t m_disks = 0;
};

} // namespace coffer::sim
