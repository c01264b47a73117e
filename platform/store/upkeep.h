// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "store/tree.h"

#include <optional>

namespace coffer::store {

/// How much history is kept, at least; what is absent does not bound it. The first bound that is
/// passed, by an eighth, asks for a compaction down to it.
struct UpkeepPolicy
{
    std::optional<std::uint64_t> keepRevisions = {};
    std::optional<std::chrono::milliseconds> keepAge = {}; ///< In applied time.
    std::optional<std::uint64_t> keepBytes = {};           ///< Memory of changes, about.
};

/// The floor that is due at the applied time \a now, above the floor of \a tree.
[[nodiscard]] std::optional<Revision> dueFloor(const UpkeepPolicy &policy, const Tree &tree,
                                               WallMs now);

} // namespace coffer::store
