// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/file_system.h"
#include "storage/journal.h"
#include "storage/journal_reader.h"

#include <memory>

namespace coffer::storage {

/// The journal in a directory of its own: segments of a fixed size (docs/formats/journal.md).
///
/// Holds the lock file from replay() on; a second journal of that directory is `refused`, and so
/// are one of another node or cluster and one of a newer format. Damage is `corrupt`; the sentence
/// names the file, the offset and what to do. After a final error every call returns that error.
///
/// append() writes a group at once, whole or (after a crash) not at all; it becomes durable with
/// sync(). A call that needs a new segment first makes durable what was appended before.
/// Resource; \a files must outlive it.
class FileJournal final : public Journal
{
public:
    struct Options
    {
        /// Whose journal it is; written into each segment, and required of those that are there
        /// unless none.
        JournalOwner owner;
        /// Size of a segment; at most format::segmentBytesMax. One with a larger group is larger.
        std::uint64_t segmentBytes = std::uint64_t(32) << 20;
        /// Zeros are written ahead in steps of this size: a write into space that was only kept
        /// takes a second one of the file system's own for its sync. 0: none are.
        std::uint64_t fillBytes = std::uint64_t(256) << 10;
    };

    FileJournal(FileSystem &files, Options options);

    /// A tail that nothing proves durable is written once more before it is synced: after a sync
    /// that failed, the kernel may show bytes that the disk does not have, and would not write
    /// them again by itself.
    Result<void> replay(const Visit &visit) override;
    Result<void> append(const std::vector<JournalRecord> &records) override;
    Result<void> sync() override;
    /// \a live must not be empty. Makes a smaller segment if the disk has no space for a whole one.
    Result<void> truncate(Slot slot, const std::vector<JournalRecord> &live) override;

    /// The number of the record that is appended next; the first one ever is 1.
    [[nodiscard]] std::uint64_t nextLsn() const { return m_end.nextLsn; }

private:
    Result<void> open(const Visit &visit);
    Result<void> repairTail();
    Result<void> prepare(const std::vector<JournalRecord> &records);
    Result<void> writeGroup(const std::vector<JournalRecord> &records);
    Result<void> forget(Slot slot, const std::vector<JournalRecord> &live);
    Result<void> beginSegment(std::uint64_t capacity);
    [[nodiscard]] Result<std::unique_ptr<File>> makeSegment(const format::SegmentHeader &header,
                                                            std::uint32_t &checksum);
    Result<void> writeMark(format::BlockKind kind);
    Result<void> tryMark(format::BlockKind kind);
    Result<void> removeRest();
    Result<void> flush();
    Result<void> removeBelow(std::uint64_t number);
    [[nodiscard]] bool hasRoom() const;
    [[nodiscard]] std::uint64_t capacityNeeded() const;
    [[nodiscard]] std::uint64_t wholeCapacity() const;
    [[nodiscard]] std::uint64_t keptFrom(Slot slot) const;
    /// Keeps a final error, so that every later call gives it too.
    Result<void> settle(Result<void> result);

    FileSystem &m_files;
    Options m_options;
    std::unique_ptr<FileLock> m_lock;
    std::unique_ptr<File> m_file; ///< The last segment; null: there is none yet.
    std::optional<Error> m_failure;
    JournalEnd m_end;
    /// As a record says that may not be durable yet. No header may name it before: if the record is
    /// lost, the node can still become part of another cluster.
    ClusterId m_foundedBy;
    std::uint64_t m_filledTo = 0; ///< Up to here the last segment was written to.
    QByteArray m_group;           ///< The group that is being written; kept for its memory.
    bool m_isReplayed = false;
    bool m_hasRest = false; ///< A part of a group that failed, perhaps all, stands at the end.
};

} // namespace coffer::storage
