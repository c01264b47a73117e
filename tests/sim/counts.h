// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/plan.h"

#include <array>
#include <cstdint>

namespace coffer::sim {

/// What a run, or many of them, did. Value.
struct Counts
{
    std::array<std::uint64_t, faultKinds> faults{};
    std::uint64_t writesDone = 0;
    std::uint64_t writesFailed = 0;
    std::uint64_t writesUnknown = 0;
    std::uint64_t linearizableReads = 0;
    std::uint64_t sessionReads = 0;
    std::uint64_t localReads = 0;
    std::uint64_t readsFailed = 0;
    std::uint64_t keepAlives = 0;
    std::uint64_t sessionsOpened = 0;
    std::uint64_t sessionsExpired = 0;
    std::uint64_t retries = 0;
    std::uint64_t abandoned = 0;
    std::uint64_t changesDone = 0;    ///< Of the configuration.
    std::uint64_t changesRefused = 0; ///< Or failed, or of unknown outcome.
    std::uint64_t restarts = 0;
    std::uint64_t slots = 0;
    std::uint64_t epochs = 0;
    std::uint64_t installs = 0;
    std::uint64_t explorations = 0;   ///< Commands of explorers that were answered.
    std::uint64_t refusals = 0;       ///< Of these: refused, by a guard, the tree or the quota.
    std::uint64_t compactions = 0;    ///< Of these: raised the floor.
    std::uint64_t oldReads = 0;       ///< At a revision that was not the newest.
    std::uint64_t compactedReads = 0; ///< Below the floor.
    std::uint64_t watchEvents = 0;
    std::uint64_t watchResumes = 0;     ///< At another process than before.
    std::uint64_t watchCompactions = 0; ///< Watches that were told so.
    std::uint64_t boundsChecked = 0;    ///< Journals whose size had to be bounded.
    std::uint64_t livenessChecked = 0;
    std::uint64_t livenessSkipped = 0; ///< No quorum of the voters was left.

    void fault(FaultKind kind) { ++faults[std::size_t(kind)]; }
    Counts &operator+=(const Counts &other);
};

/// A table for people, one line a figure.
[[nodiscard]] QString toText(const Counts &counts);

} // namespace coffer::sim
