// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/file_system.h"
#include "storage/journal_format.h"

#include <functional>
#include <optional>
#include <vector>

namespace coffer::storage {

/// Whose journal is expected; what is none or nothing is not checked.
struct JournalOwner
{
    NodeId node;
    std::optional<ClusterId> cluster;
};

/// One segment as it was read.
struct SegmentSummary
{
    std::uint64_t number = 0;
    Slot highest; ///< Highest slot of its votes and chosen values.
};

/// Where a journal ends, and what has to be known to write on.
struct JournalEnd
{
    std::vector<SegmentSummary> segments; ///< Oldest first. Empty: there is no journal yet.
    NodeId node;
    ClusterId cluster; ///< None as long as no record and no header names it.
    std::uint64_t nextLsn = 1;
    std::uint64_t syncedUpTo = 0;    ///< Lsn up to which the journal itself says it is durable.
    std::uint64_t oldestSegment = 1; ///< As its last group says; older ones may be gone.
    std::uint32_t chain = 0;

    // Of the last segment.
    std::uint32_t segmentChecksum = 0;
    std::uint64_t capacity = 0;
    std::uint64_t unprovenFrom = 0; ///< Groups from this offset on are not known to be durable.
    QByteArray unproven;            ///< Those groups, as they were read.
    std::uint64_t offset = 0;       ///< Where the next group goes.
    std::uint64_t tailFrom = 0;     ///< Bytes of unfinished writes stand from here, ...
    std::uint64_t tailEnd = 0;      ///< ... to here; the same if there are none.
};

/// Reads a journal and judges it. Changes nothing, takes no lock; any thread, one caller.
///
/// The only bytes that it passes over are those of the last appends, if nothing in the journal says
/// that they were durable. Everything else that is not as it was written is `corrupt`, with the
/// name of the file, the offset and what to do. A newer version, or another owner, is `refused`.
/// Uses about as much memory as one segment.
class JournalReader
{
public:
    /// One record and where it stands.
    struct Placed
    {
        std::uint64_t lsn = 0;
        std::uint64_t segment = 0;
        std::uint64_t offset = 0; ///< Of its group.
        JournalRecord record;
    };
    using Visit = std::function<Result<void>(const Placed &)>;

    /// \a files must outlive the object.
    JournalReader(FileSystem &files, JournalOwner expected);

    /// Visits every record from the oldest on. Stops with the visitor's error. What was visited
    /// before an error was found is whole, but not all there is.
    [[nodiscard]] Result<JournalEnd> read(const Visit &visit);

private:
    struct Segment
    {
        QString name;
        QByteArray bytes;
        format::SegmentHeader header;
        std::uint32_t checksum = 0;
    };

    [[nodiscard]] Result<std::vector<std::uint64_t>> numbers();
    [[nodiscard]] Result<Segment> load(std::uint64_t number);
    Result<void> checkOwner(const Segment &segment, ClusterId cluster);
    Result<void> enter(const Segment &segment);
    Result<void> readBlocks(const Segment &segment, const Visit &visit);
    [[nodiscard]] Result<bool> readBlock(const Segment &segment, const Visit &visit);
    Result<void> readGroup(const Segment &segment, const format::PlacedBlock &block,
                           const Visit &visit);
    Result<void> note(const Segment &segment, const JournalRecord &record);
    Result<void> checkTail(const Segment &segment);
    Result<void> checkEnds();
    [[nodiscard]] Error damaged(const QString &name, const QString &what) const;

    FileSystem &m_files;
    JournalOwner m_expected;
    JournalEnd m_end;
    QString m_lastName;
    bool m_isSealed = false; ///< The segment read last says that there is a next one.
};

/// The cluster that a founding record names; nothing if it is another record or makes no sense.
[[nodiscard]] std::optional<ClusterId> clusterOf(const JournalRecord &record);

} // namespace coffer::storage
