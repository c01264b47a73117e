// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "store/store.h"

#include <QString>

#include <cstdint>

namespace coffer::sim {

/// What a store says of itself besides its hash. Most of it is kept beside what is hashed, or made
/// anew by a restore: equal hashes do not make it equal. Value.
struct Figures
{
    std::uint64_t files = 0;
    std::uint64_t liveBytes = 0;
    std::uint64_t changes = 0;     ///< Above the floor.
    std::uint64_t changeBytes = 0; ///< Of these.
    std::uint64_t sessions = 0;
    std::uint64_t sessionsHash = 0; ///< Of their ids, times, sequences, outcomes and files.
    Revision revision;
    Revision floor;
    WallMs time{0};
    std::uint32_t applyVersion = 0;

    bool operator==(const Figures &) const = default;
};

[[nodiscard]] Figures figuresOf(const store::Store &store);
/// The fields in which the two differ, for people.
[[nodiscard]] QString differenceOf(const Figures &found, const Figures &expected);

} // namespace coffer::sim
