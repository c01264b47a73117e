// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/limits.h"

#include <chrono>

/// Bounds of the tree and its sessions. They decide what apply() answers, so that all members have
/// to agree on them: part of docs/formats/commands.md.
namespace coffer::limits {

inline constexpr std::size_t pathBytesMax = 4096;
inline constexpr std::size_t segmentBytesMax = 255;
inline constexpr std::size_t segmentsMax = 32; ///< Of a path; each may be a directory in memory.
inline constexpr std::size_t valueBytesMax = std::size_t(1) << 20;
inline constexpr std::size_t transactionGuardsMax = 10'000;
/// Operations of each branch; a delete tree counts the files that it finds.
inline constexpr std::size_t transactionOperationsMax = 10'000;
inline constexpr std::size_t sessionEphemeralsMax = 10'000;
inline constexpr std::chrono::milliseconds sessionTimeToLiveMin{100};
inline constexpr std::chrono::milliseconds sessionTimeToLiveMax{std::chrono::hours(24)};
inline constexpr std::chrono::milliseconds lingerMax{std::chrono::minutes(10)};
/// Of a file that lingers: the end of a session writes all of them anew.
inline constexpr std::size_t lingerValueBytesMax = 4096;
inline constexpr std::size_t sessionsMax = 100'000;
/// Held files that are removed at one slot because their time is over.
inline constexpr std::size_t releasesPerSlotMax = 1'000;
inline constexpr std::uint64_t storeBytesMax = std::uint64_t(4) << 30; ///< Paths, values of files.
inline constexpr std::size_t listFilesMax = 1'000;                     ///< Of one answer.
inline constexpr std::size_t listBytesMax = std::size_t(2) << 20;      ///< One more file fits.
inline constexpr std::size_t scanNodesMax = 20'000; ///< Looked at for one answer.
inline constexpr std::size_t globStarsMax = 64;     ///< Runs of stars in one glob.

/// Between the state of a cluster and that of the one which is made from it: more revisions, and
/// more session ids, than the former can have given since, and further ahead than anything is
/// granted.
inline constexpr std::uint64_t anewRevisions = std::uint64_t(1) << 32;
inline constexpr std::chrono::milliseconds anewAhead{std::chrono::seconds(60)};

// Of one node's watches; no answer of apply() depends on them.
inline constexpr std::size_t watchesMax = 65'536;
inline constexpr std::size_t watchScanMax = 4'096; ///< Changes that one piece of catching up reads.

} // namespace coffer::limits
