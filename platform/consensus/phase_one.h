// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "consensus/message.h"

#include <map>
#include <optional>

namespace coffer::consensus {

/// Collects the promises of one ballot and finds what its proposer is bound to.
///
/// Pure value. Chunks may come in any order and more than once.
class PhaseOne
{
public:
    PhaseOne() = default;
    PhaseOne(Ballot ballot, Slot from) : m_ballot(ballot), m_from(from) {}

    [[nodiscard]] Ballot ballot() const { return m_ballot; }
    [[nodiscard]] Slot from() const { return m_from; }

    /// Adds one chunk. Ignored when it belongs to another ballot or another Prepare.
    void add(NodeId voter, const Promise &promise);

    /// True when a quorum of \a members promised and every chunk of theirs is here.
    [[nodiscard]] bool isQuorum(const MemberSet &members) const;
    /// The highest slot that a promising voter knows as chosen, and who does.
    [[nodiscard]] std::pair<Slot, NodeId> chosenUpTo() const;
    /// Voters that promised in full.
    [[nodiscard]] bool hasPromised(NodeId voter) const;

    /// What must be proposed above \a chosen: per slot the value of the highest ballot, a no-op
    /// in gaps, nothing above a stop-sign.
    struct Recovery
    {
        std::vector<Entry> entries; ///< For chosen + 1, chosen + 2, …
        bool endsInStop = false;    ///< The last one is a Reconfigure.
    };
    [[nodiscard]] Recovery recover(Slot chosen) const;

private:
    struct Answer
    {
        std::vector<bool> seen; ///< A flag a chunk.
        Slot chosenUpTo;
        [[nodiscard]] bool isWhole() const;
    };
    struct Vote
    {
        Ballot ballot;
        Entry entry;
    };

    Ballot m_ballot;
    Slot m_from;
    std::map<NodeId, Answer> m_answers;
    std::map<Slot, Vote> m_votes; ///< The highest ballot's vote of each slot.
};

} // namespace coffer::consensus
