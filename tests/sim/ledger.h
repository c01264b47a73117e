// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/ballot.h"
#include "consensus/entry.h"
#include "engine/peer_message.h"

#include <QString>

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace coffer::sim {

/// A number for the content of an entry: equal for equal entries.
[[nodiscard]] std::uint64_t entryHash(const consensus::Entry &entry);
[[nodiscard]] QString toText(const Ballot &ballot);
/// The last four hexadecimal digits: enough to tell the nodes of a run apart.
[[nodiscard]] QString toText(NodeId node);

/// What is true in the simulated world, whoever knows of it: every proposal, every durable vote,
/// and so every chosen value and every configuration.
///
/// A value is chosen when a quorum of the voters of its ballot's epoch holds durable votes of that
/// ballot. Each call reports a Finding when a property breaks: P1, P4, P5, P16. Resource.
class Ledger
{
public:
    /// A founding record became durable on \a disk.
    void founded(std::size_t disk, const engine::Founding &founding);
    /// The disk holds nothing any more.
    void forgetDisk(std::size_t disk);
    [[nodiscard]] bool holdsCluster(std::size_t disk) const
    {
        return m_clusterOfDisk.contains(disk);
    }
    /// An Accept was sent.
    void proposed(RunId run, const Ballot &ballot, Slot slot, const consensus::Entry &entry);
    /// A vote became durable.
    void voted(NodeId node, const Ballot &ballot, Slot slot, const consensus::Entry &entry);

    /// The hash of the chosen value, if there is one.
    [[nodiscard]] std::optional<std::uint64_t> chosenHash(Slot slot) const;
    [[nodiscard]] const consensus::Entry *chosenEntry(Slot slot) const;
    /// Every slot up to this one is chosen.
    [[nodiscard]] Slot chosenTo() const { return m_chosenTo; }
    /// Highest slot for which anybody proposed or voted.
    [[nodiscard]] Slot lastSlot() const { return Slot(m_slots.size()); }

    [[nodiscard]] bool isFounded() const { return !m_configurations.empty(); }
    [[nodiscard]] ClusterId cluster() const { return m_cluster; }
    /// Null if no chosen value began that epoch.
    [[nodiscard]] const consensus::Configuration *configuration(Epoch epoch) const;
    /// The configuration that decides the next slot. Only when isFounded().
    [[nodiscard]] const consensus::Configuration &newest() const;
    /// Member sets that were voted for above chosenTo(): one of them may still be chosen.
    [[nodiscard]] std::vector<consensus::MemberSet> pendingMembers() const;
    /// True once the LeaderStart of the newest epoch is chosen: no earlier member is needed.
    [[nodiscard]] bool isNewestStarted() const;

private:
    struct Value
    {
        Ballot ballot;
        std::uint64_t hash = 0;
        consensus::Entry entry;
        std::vector<NodeId> voters;
        bool isChosen = false;
    };
    struct SlotState
    {
        std::vector<Value> values;         ///< One a ballot.
        std::optional<std::size_t> chosen; ///< The value with the lowest chosen ballot.
    };

    SlotState &at(Slot slot);
    Value &valueOf(const Ballot &ballot, Slot slot, const consensus::Entry &entry);
    void checkAgainstChosen(const SlotState &state, const Value &value, Slot slot) const;
    void setChosen(SlotState &state, std::size_t index, Slot slot);
    void beginEpoch(const Value &stop, Slot slot);

    ClusterId m_cluster;
    std::map<std::size_t, ClusterId> m_clusterOfDisk;
    std::vector<consensus::Configuration> m_configurations; ///< Epoch 1 first.
    std::vector<SlotState> m_slots;                         ///< Slot 1 first.
    std::map<Ballot, RunId> m_runOfBallot;
    Slot m_chosenTo;
};

} // namespace coffer::sim
