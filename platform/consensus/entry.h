// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/ballot.h"

#include <QByteArray>

#include <vector>

namespace coffer::consensus {

/// The members of one epoch. Both lists are sorted, without repeats, and share no node.
struct MemberSet
{
    std::vector<NodeId> voters;
    std::vector<NodeId> observers;

    bool operator==(const MemberSet &) const = default;

    [[nodiscard]] bool isVoter(NodeId node) const;
    [[nodiscard]] bool isMember(NodeId node) const;
    /// Voters needed for any decision: more than half.
    [[nodiscard]] std::size_t quorum() const { return voters.size() / 2 + 1; }
    /// Empty when the set may become a configuration, else a sentence that says what is wrong.
    [[nodiscard]] const char *fault() const;
};

/// Who decides from which slot on. Epoch e+1 begins right after the stop-sign of epoch e.
struct Configuration
{
    Epoch epoch;    ///< 0: nothing known yet.
    Slot firstSlot; ///< First slot this configuration decides.
    MemberSet members;

    bool operator==(const Configuration &) const = default;
};

enum class EntryKind : std::uint8_t { // on disk and on the wire, values never change
    noOp = 0,                         ///< Fills a gap.
    leaderStart = 1, ///< First own entry of a new leader; a barrier for commands and reads.
    commands = 2,    ///< A batch; the body is opaque to consensus.
    reconfigure = 3  ///< The stop-sign: the last entry of its epoch.
};

/// What one slot decides. Value; the body is shared, not copied.
struct Entry
{
    EntryKind kind = EntryKind::noOp;
    QByteArray body;   ///< commands: at most limits::batchBytesMax, but one larger command alone.
    MemberSet members; ///< reconfigure: the members of the next epoch.

    bool operator==(const Entry &) const = default;

    [[nodiscard]] std::size_t bytes() const { return std::size_t(body.size()) + 32; }
};

/// An entry that is decided: no other value can ever be chosen for its slot.
struct ChosenEntry
{
    Slot slot;
    Entry entry;
};

} // namespace coffer::consensus
