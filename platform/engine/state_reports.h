// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "consensus/entry.h"
#include "engine/host_p.h"

#include <deque>
#include <map>
#include <optional>
#include <vector>

namespace coffer::engine {

/// Compares the state hashes of the members, so that a replica whose state went wrong (a flipped
/// bit in memory, an apply() that is not deterministic) is found while it runs.
///
/// Every node tells all members the hash after its newest applied slot, once in a while; each
/// compares what it hears with its own hash of that slot. Besides, each says the hash of every
/// commonSlots-th slot as it is applied: busy nodes would hardly ever speak of the same one else.
///
/// A node is wrong if a majority of the voters agree on another hash of one slot. Where nobody has
/// such a majority against him (two voters, one of three is down, all three differ) it cannot be
/// known who is wrong, and differing() is all there is.
class StateReports
{
public:
    /// This node differs from a majority at this slot. Called once.
    using Diverged = std::function<void(Slot)>;

    StateReports(Host &host, Diverged diverged);

    /// \a hash is that of the own state right after \a slot; slots rise, with gaps at an install.
    void applied(Slot slot, const Hash128 &hash);
    void receive(NodeId from, const StateReport &report);
    /// Says the own hash when it is time.
    void tick();
    /// Says it at once, because there is news of this node.
    void sayNow();

    /// The newest apply version that the build of \a node knows, as it last said; 0: never heard.
    [[nodiscard]] std::uint32_t versionOf(NodeId node) const;
    /// \a node said so, whatever else it said.
    [[nodiscard]] bool isFenced(NodeId node) const;
    /// The members that are, ordered; not this node.
    [[nodiscard]] std::vector<NodeId> fenced() const;
    /// The members whose newest compared hash is not the own one, ordered.
    [[nodiscard]] std::vector<NodeId> differing() const;

    /// True while a member says of a slot something else than this node, unless a majority of the
    /// voters, this node included, is known to agree with it there or later. Then nobody knows who
    /// is right, and a checkpoint could spread the wrong state until that has the majority.
    [[nodiscard]] bool isDisputed() const;

private:
    struct Peer
    {
        Slot agreed;                        ///< The newest slot of which it said the same.
        std::optional<StateReport> waiting; ///< Of a slot that is not applied here yet.
        /// What it said of slots of which this node says else, in the order of arrival.
        std::deque<StateReport> differs;
        std::uint32_t versionMax = 0;
        bool isFenced = false;
    };

    [[nodiscard]] const Hash128 *ownHash(Slot slot) const;
    void compare(Peer &peer, const StateReport &report);
    void judge(const StateReport &report);
    void say(StateReport report);

    /// A peer that is further behind is not compared; 32 bytes a slot.
    static constexpr std::size_t slotsKept = 4096;
    static constexpr std::uint64_t commonSlots = 64;
    static constexpr std::size_t differsKept = 16; ///< Of each peer.

    Host &m_host;
    Diverged m_diverged;
    std::deque<StateReport> m_own; ///< Of consecutive slots, but for installs.
    std::map<NodeId, Peer> m_peers;
    Monotonic m_sayAt{0};
    bool m_hasDiverged = false;
};

} // namespace coffer::engine
