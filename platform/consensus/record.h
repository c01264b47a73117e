// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "consensus/entry.h"

#include <variant>

/// What a replica makes durable. Records are written and replayed in order; the later one wins.
namespace coffer::consensus {

/// Every lower ballot is ignored from now on.
struct PromiseRecord
{
    Ballot ballot;
    bool operator==(const PromiseRecord &) const = default;
};

/// A vote; it implies the promise of its ballot.
struct VoteRecord
{
    Slot slot;
    Ballot ballot;
    Entry entry;
    bool operator==(const VoteRecord &) const = default;
};

/// A value learned as chosen without an own vote at the deciding ballot.
struct ChosenRecord
{
    Slot slot;
    Entry entry;
    bool operator==(const ChosenRecord &) const = default;
};

/// The values held for all slots up to this one are the chosen ones. Stands before or in the same
/// group as the first promise or vote that relies on it.
struct ChosenUpToRecord
{
    Slot slot;
    bool operator==(const ChosenUpToRecord &) const = default;
};

using Record = std::variant<PromiseRecord, VoteRecord, ChosenRecord, ChosenUpToRecord>;

} // namespace coffer::consensus
