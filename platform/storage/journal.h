// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/ballot.h"
#include "base/result.h"

#include <QByteArray>

#include <functional>
#include <vector>

namespace coffer::storage {

/// What a record says. On disk; values never change. The payload is encoded by `engine`.
enum class RecordKind : std::uint8_t {
    founding = 1,   ///< First record of every journal: cluster, founding members.
    promise = 2,    ///< Ballot promised.
    vote = 3,       ///< Slot, ballot, entry.
    chosen = 4,     ///< Slot, entry.
    chosenUpTo = 5, ///< Slot.
    install = 6,    ///< Slot: the checkpoint generation named in the payload is the state now.
    fenced = 7      ///< This identity must never vote again.
};

struct JournalRecord
{
    RecordKind kind = RecordKind::promise;
    Slot slot;
    Ballot ballot;
    QByteArray payload;

    bool operator==(const JournalRecord &) const = default;
};

/// An append-only log that survives a crash of the machine.
///
/// Synchronous and bound to no thread: one caller at a time. append() makes nothing durable by
/// itself; after sync() returned without error, everything appended before it is. A record is
/// read back whole or not at all, in the order of appends, and never without those before it.
///
/// Errors: noSpace from append() leaves the journal as it was, and the append may be repeated
/// later. Every other error, and every error of sync(), is final: what is on disk is not known,
/// and the process must end without having told anybody (a failed fsync must never be retried:
/// the kernel may have dropped the pages and report success the second time).
class Journal
{
public:
    virtual ~Journal() = default;

    /// Reads every record from the oldest on. Called once, before anything else. Stops with the
    /// visitor's error. Damage below synced bytes is `corrupt`; an unsynced tail is cut. What was
    /// visited is durable: a tail that an earlier process wrote but did not sync is synced first.
    using Visit = std::function<Result<void>(const JournalRecord &)>;
    virtual Result<void> replay(const Visit &visit) = 0;

    /// Adds the records behind all others, all or (on error) none of them.
    virtual Result<void> append(const std::vector<JournalRecord> &records) = 0;

    /// Makes everything appended durable.
    virtual Result<void> sync() = 0;

    /// Allows the journal to forget whole segments of votes and chosen values at or below \a slot.
    /// \a live are rewritten and synced first: the founding record, the durable promise, the last
    /// install and the fencing, which must outlive the segment they stood in. noSpace: nothing was
    /// forgotten, and it may be tried again. Every other error is final.
    virtual Result<void> truncate(Slot slot, const std::vector<JournalRecord> &live) = 0;
};

} // namespace coffer::storage
