// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/ids.h"
#include "base/result.h"

#include <QByteArray>

#include <optional>

namespace coffer::store {

/// How a command ended. In the log's answers and in checkpoints; never renumbered.
enum class Status : std::uint8_t {
    ok = 1,             ///< Done. See Answer::isChanged for whether there was anything to do.
    guardFailed = 2,    ///< A guard did not hold; the else-operations, if any, were done.
    invalid = 3,        ///< The bytes are no command. Nothing was done, now or later, unless the
                        ///< apply version is raised.
    sessionGone = 4,    ///< The session is not open. On a repeat the first attempt may have worked.
    sequenceOld = 5,    ///< The client had acknowledged this sequence; its outcome is forgotten.
    sequenceAhead = 6,  ///< Too many unacknowledged commands; nothing was done.
    voided = 7,         ///< EndSession of a leader that was followed by another; nothing was done.
    limitReached = 8,   ///< The transaction touches too many files; nothing was done.
    nonceTaken = 9,     ///< A live session was opened with this nonce and another time-to-live.
    notDirectory = 10,  ///< A put below a file; nothing was done. See Answer::failedOperation.
    isDirectory = 11,   ///< A put on a directory; nothing was done. See Answer::failedOperation.
    quotaExceeded = 12, ///< The files would grow above the quota; nothing was done.
    floorNotRaised = 13, ///< Compact: the floor is there already, or above.
    revisionAhead = 14,  ///< Compact: there is no such revision yet; nothing was done.
    versionNotNext = 15  ///< RaiseApplyVersion: it is there already, or one was left out.
};

/// The outcome of one command: small, kept for repeats, equal on every node.
struct Answer
{
    Status status = Status::invalid;
    /// True if the tree changed, which gave the change its own revision.
    bool isChanged = false;
    /// Of the change; where nothing changed, of the store when the command was applied.
    Revision revision = {};
    /// guardFailed: which of the guards, from 0.
    std::optional<std::uint16_t> failedGuard = {};
    /// notDirectory, isDirectory: which of the operations that were to be done, from 0.
    std::optional<std::uint16_t> failedOperation = {};
    /// guardFailed: what it found. The file's revision (createdEquals: its created revision), 0 if
    /// it is missing; sessionAlive: 0; timeReached, timeWithin: the applied time in milliseconds.
    /// notDirectory, isDirectory: how many bytes of the operation's path name what was found.
    /// quotaExceeded: the bytes of the files. Compact: the floor; RaiseApplyVersion: the version.
    std::uint64_t found = 0;
    /// OpenSession: the session, never used before for any other.
    SessionId session = {};

    bool operator==(const Answer &) const = default;
};

/// The bytes of docs/formats/commands.md; equal answers have equal bytes.
[[nodiscard]] QByteArray encode(const Answer &answer);
/// `invalid` if the bytes are not exactly one encoded answer.
[[nodiscard]] Result<Answer> decodeAnswer(QByteArrayView bytes);

} // namespace coffer::store
