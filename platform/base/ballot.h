// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/ids.h"
#include "base/mutant.h"

namespace coffer {

/// The right to propose: one leader's term within one epoch.
///
/// Value, compared as (epoch, round, node). The epoch stands first: a promise or vote of one
/// epoch says nothing about the next, whose quorums are other sets of nodes. With the epoch left
/// out, a ballot of the old members could outrank one of the new ones and two values be chosen
/// for one slot (docs/model, mutant no-epoch-in-ballot).
struct Ballot
{
    Epoch epoch;
    std::uint64_t round = 0;
    NodeId node;

    bool operator==(const Ballot &) const = default;
    [[nodiscard]] std::strong_ordering operator<=>(const Ballot &other) const
    {
        if (epoch != other.epoch && !mutantIsOn(Mutant::epochNotInBallot))
            return epoch <=> other.epoch;
        if (round != other.round)
            return round <=> other.round;
        return node <=> other.node;
    }

    /// True when no one may propose with it: it stands for "nothing promised in this epoch".
    [[nodiscard]] constexpr bool isNone() const { return node.isNone(); }
};

} // namespace coffer
