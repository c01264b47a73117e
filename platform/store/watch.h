// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "store/change.h"
#include "store/glob.h"

#include <optional>
#include <variant>
#include <vector>

namespace coffer::store {

/// One watch of one node's registry, never used again for another.
using WatchId = StrongId<struct WatchTag>;

enum class WatchKinds { all, puts, deletes };

/// What somebody wants to see.
struct WatchRequest
{
    Glob glob;
    /// The first revision to see, at least 1. For everything after a listing: its revision, and
    /// one more. May lie in the future; what comes before is not shown.
    Revision from;
    bool withPrevious = false; ///< Each event carries what the file was before.
    WatchKinds kinds = WatchKinds::all;
};

/// One change as a watcher sees it. Value.
struct WatchEvent
{
    enum class Kind { put, deleted };

    Kind kind = Kind::put;
    Revision revision; ///< Of the change.
    QByteArray path;
    FileVersion now = {};                     ///< A put alone; its defaults for a deletion.
    std::optional<FileVersion> previous = {}; ///< Empty if it was missing, or was not asked for.
    /// The value of previous is left out; WatchBounds::previousBytesMax says when. A read of the
    /// file at its revision has it.
    bool isPreviousCut = false;

    bool operator==(const WatchEvent &) const = default;
};

/// A piece of what a watcher is to see: whole revisions, in order. Value.
struct WatchBatch
{
    std::vector<WatchEvent> events; ///< May be empty, also when there is more.
    /// Every change up to and with this revision was shown, or does not concern this watcher. To
    /// go on elsewhere, watch from progress.next().
    Revision progress;
    bool hasMore = false; ///< There are later revisions that nobody has looked at yet.

    bool operator==(const WatchBatch &) const = default;
};

/// What a watcher asks for is no longer kept. It lists the tree anew at a revision that is not
/// below the floor, and watches from the one behind that.
struct WatchCompacted
{
    Revision floor; ///< Changes up to and with this revision are gone.

    bool operator==(const WatchCompacted &) const = default;
};

using WatchAnswer = std::variant<WatchBatch, WatchCompacted>;

/// How much of a batch is enough. A single revision that is larger comes whole, alone.
struct WatchBounds
{
    std::size_t bytesMax = std::size_t(1) << 20; ///< Of paths and values, and 64 for each event.
    std::size_t eventsMax = 1'000;
    /// Of previous values. A transaction carries 4 MiB, but can delete far more than that: where a
    /// single revision goes beyond, its events come without them.
    std::size_t previousBytesMax = std::size_t(1) << 20;
};

/// What \a event counts against WatchBounds::bytesMax.
[[nodiscard]] std::size_t weight(const WatchEvent &event);

} // namespace coffer::store
