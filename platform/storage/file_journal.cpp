// SPDX-License-Identifier: Apache-2.0
#include "storage/file_journal.h"

#include "base/check.h"
#include "base/mutant.h"
#include "storage/crc32c.h"

#include <algorithm>
#include <utility>

namespace coffer::storage {

using namespace format;

FileJournal::FileJournal(FileSystem &files, Options options) : m_files(files), m_options(options) {}

/// Only a full disk can be got over; what is `invalid` was refused before anything was done.
Result<void> FileJournal::settle(Result<void> result)
{
    if (!result && result.error().code != ErrorCode::noSpace
        && result.error().code != ErrorCode::invalid && !mutantIsOn(Mutant::failedSyncRetried))
        m_failure = result.error();
    return result;
}

Result<void> FileJournal::replay(const Visit &visit)
{
    COFFER_CHECK(!m_isReplayed, "a journal is replayed once");
    m_isReplayed = true;
    Result<void> opened = open(visit);
    if (!opened)
        m_failure = opened.error();
    return opened;
}

Result<void> FileJournal::open(const Visit &visit)
{
    auto lock = m_files.lock(QLatin1String(lockName));
    if (!lock)
        return lock.error();
    m_lock = std::move(*lock);
    auto end =
        JournalReader(m_files, m_options.owner).read([&visit](const JournalReader::Placed &placed) {
            return visit(placed.record);
        });
    if (!end)
        return end.error();
    m_end = std::move(*end);
    if (m_end.segments.empty()) {
        m_end.node = m_options.owner.node;
        m_end.cluster = m_options.owner.cluster.value_or(ClusterId());
        return {};
    }
    auto file =
        m_files.open(segmentName(m_end.segments.back().number), FileSystem::Open::readWrite);
    if (!file)
        return file.error();
    m_file = std::move(*file);
    m_filledTo = m_end.offset;
    return repairTail();
}

/// Makes durable what was read, and removes what stands behind it. Nothing may be appended before:
/// bytes of the old tail could otherwise stand behind a new group one day.
Result<void> FileJournal::repairTail()
{
    if (mutantIsOn(Mutant::tailNotMadeDurable))
        return {};
    // The process before may have ended between the rename of its last segment and this.
    if (Result<void> synced = m_files.syncDirectory(); !synced)
        return synced;
    QByteArray bytes;
    std::uint64_t from = m_end.tailFrom;
    if (m_end.syncedUpTo + 1 < m_end.nextLsn) {
        from = m_end.unprovenFrom;
        bytes = std::move(m_end.unproven); // not read again: the cache may have lost them by now
    }
    if (m_end.tailEnd > m_end.tailFrom)
        bytes.append(qsizetype(m_end.tailEnd - m_end.tailFrom), '\0');
    if (bytes.isEmpty())
        return {};
    if (Result<void> written = m_file->write(from, bytes); !written)
        return written;
    return flush();
}

Result<void> FileJournal::append(const std::vector<JournalRecord> &records)
{
    COFFER_CHECK(m_isReplayed, "a journal is replayed before anything is appended");
    if (m_failure)
        return *m_failure;
    if (records.empty())
        return {};
    if (Result<void> prepared = prepare(records); !prepared)
        return prepared;
    if (!m_file || !hasRoom()) {
        if (Result<void> begun = beginSegment(wholeCapacity()); !begun)
            return settle(begun);
    }
    return settle(writeGroup(records));
}

/// Puts the records into m_group, behind the room for its header.
Result<void> FileJournal::prepare(const std::vector<JournalRecord> &records)
{
    std::uint64_t bytes = blockHeaderBytes;
    for (const JournalRecord &record : records) {
        if (std::uint64_t(record.payload.size()) > payloadBytesMax)
            return Error{ErrorCode::invalid,
                         QStringLiteral("journal: a record has %1 bytes, at most %2 are allowed")
                             .arg(record.payload.size())
                             .arg(payloadBytesMax)};
        bytes += sizeOf(record);
        if (mutantIsOn(Mutant::headerNamesUnsyncedCluster) && m_end.cluster.isNone())
            m_end.cluster = clusterOf(record).value_or(ClusterId());
    }
    if (bytes > groupBytesMax)
        return Error{ErrorCode::invalid,
                     QStringLiteral("journal: a group has %1 bytes, at most %2 are allowed; append "
                                    "it in parts")
                         .arg(bytes)
                         .arg(groupBytesMax)};
    m_group.clear();
    m_group.reserve(qsizetype(bytes) + qsizetype(m_options.fillBytes));
    m_group.resize(qsizetype(blockHeaderBytes));
    for (const JournalRecord &record : records)
        format::append(record, m_group);
    return {};
}

/// Room for the group and for a mark behind it.
bool FileJournal::hasRoom() const
{
    const std::uint64_t bytes = aligned(std::uint64_t(m_group.size()), sectorBytes) + sectorBytes;
    return bytes <= m_end.capacity && m_end.offset <= m_end.capacity - bytes;
}

std::uint64_t FileJournal::capacityNeeded() const
{
    return firstBlockOffset + aligned(std::uint64_t(m_group.size()), sectorBytes) + sectorBytes;
}

std::uint64_t FileJournal::wholeCapacity() const
{
    const std::uint64_t wanted = std::min(m_options.segmentBytes, segmentBytesMax);
    return aligned(std::max(wanted, capacityNeeded()), sectorBytes);
}

Result<void> FileJournal::writeGroup(const std::vector<JournalRecord> &records)
{
    BlockHeader header;
    header.kind = BlockKind::group;
    header.bodyBytes = std::uint32_t(std::uint64_t(m_group.size()) - blockHeaderBytes);
    header.bodyChecksum = crc32c(QByteArrayView(m_group).sliced(qsizetype(blockHeaderBytes)));
    header.count = std::uint32_t(records.size());
    header.firstLsn = m_end.nextLsn;
    header.syncedUpTo = m_end.syncedUpTo;
    header.oldestSegment = m_end.oldestSegment;
    header.chain = m_end.chain;
    const Place place{m_end.segmentChecksum, m_end.offset};
    const std::uint32_t checksum = format::encode(header, place, m_group.data());

    const std::uint64_t end = aligned(m_end.offset + std::uint64_t(m_group.size()), sectorBytes);
    std::uint64_t filledTo = std::max(m_filledTo, end);
    if (m_options.fillBytes > 0 && end + sectorBytes > m_filledTo)
        filledTo = std::min(aligned(end + sectorBytes, m_options.fillBytes), m_end.capacity);
    const std::uint64_t zerosTo = filledTo > m_filledTo ? filledTo : end;
    m_group.resize(qsizetype(zerosTo - m_end.offset), '\0');
    m_hasRest = true;
    if (Result<void> written = m_file->write(m_end.offset, m_group); !written)
        return written;
    m_hasRest = false;
    m_filledTo = filledTo;
    m_end.offset = end;
    m_end.chain = checksum;
    m_end.nextLsn += records.size();
    for (const JournalRecord &record : records) {
        Slot &highest = m_end.segments.back().highest;
        if (record.kind == RecordKind::vote || record.kind == RecordKind::chosen)
            highest = std::max(highest, record.slot);
        if (const auto cluster = clusterOf(record); cluster && m_end.cluster.isNone())
            m_foundedBy = *cluster;
    }
    return {};
}

Result<void> FileJournal::sync()
{
    COFFER_CHECK(m_isReplayed, "a journal is replayed before it is synced");
    if (m_failure)
        return *m_failure;
    if (m_end.syncedUpTo + 1 == m_end.nextLsn)
        return {};
    return settle(flush());
}

/// Makes durable what was written, and says so behind it.
Result<void> FileJournal::flush()
{
    if (mutantIsOn(Mutant::markBeforeSync)) {
        m_end.syncedUpTo = m_end.nextLsn - 1;
        if (Result<void> marked = writeMark(BlockKind::mark); !marked)
            return marked;
    }
    if (const Result<void> synced = m_file->sync(); !synced)
        return Error{ErrorCode::syncFailed, synced.error().message};
    m_end.syncedUpTo = m_end.nextLsn - 1;
    if (m_end.cluster.isNone())
        m_end.cluster = m_foundedBy;
    return writeMark(BlockKind::mark);
}

/// Writes a mark where the next group goes. It is not synced: it reaches the disk with the next
/// group or by and by. Without it a damaged last group could not be told from one that was never
/// finished. It is not worth an error that the disk is full.
Result<void> FileJournal::writeMark(BlockKind kind)
{
    Result<void> written = tryMark(kind);
    if (!written && written.error().code == ErrorCode::noSpace)
        return {};
    return written;
}

Result<void> FileJournal::tryMark(BlockKind kind)
{
    if (m_end.offset + blockHeaderBytes > m_end.capacity)
        return {};
    BlockHeader header;
    header.kind = kind;
    header.firstLsn = m_end.nextLsn;
    header.syncedUpTo = m_end.syncedUpTo;
    header.oldestSegment = m_end.oldestSegment;
    header.chain = m_end.chain;
    char bytes[blockHeaderBytes];
    format::encode(header, {m_end.segmentChecksum, m_end.offset}, bytes);
    return m_file->write(m_end.offset, QByteArrayView(bytes, sizeof bytes));
}

/// A group that found no space may stand there nevertheless, as a whole: only the zeros behind it
/// found none. It must be gone for good before a next segment can say that it never was.
Result<void> FileJournal::removeRest()
{
    if (!m_hasRest)
        return {};
    if (Result<void> voided = tryMark(BlockKind::mark); !voided)
        return voided;
    if (const Result<void> synced = m_file->sync(); !synced)
        return Error{ErrorCode::syncFailed, synced.error().message};
    m_hasRest = false;
    return {};
}

/// Makes a next segment, durable and empty, and seals the one before. noSpace: nothing happened.
Result<void> FileJournal::beginSegment(std::uint64_t capacity)
{
    if (m_file && m_end.syncedUpTo + 1 != m_end.nextLsn) {
        if (Result<void> flushed = flush(); !flushed)
            return flushed;
    }
    if (Result<void> removed = removeRest(); !removed)
        return removed;
    SegmentHeader header;
    header.number = m_end.segments.empty() ? 1 : m_end.segments.back().number + 1;
    header.node = m_end.node;
    header.cluster = m_end.cluster;
    header.firstLsn = m_end.nextLsn;
    header.capacity = capacity;
    header.chain = m_end.chain;
    std::uint32_t checksum = 0;
    auto file = makeSegment(header, checksum);
    if (!file)
        return file.error();
    if (m_file) {
        if (Result<void> sealed = writeMark(BlockKind::seal); !sealed)
            return sealed;
        if (const Result<void> synced = m_file->sync(); !synced)
            return Error{ErrorCode::syncFailed, synced.error().message};
    }
    m_file = std::move(*file);
    m_end.segments.push_back({header.number, Slot()});
    m_end.chain = checksum;
    m_end.segmentChecksum = checksum;
    m_end.capacity = capacity;
    m_end.offset = firstBlockOffset;
    m_filledTo = 0;
    return {};
}

/// A segment gets its name when it is durable, so that one with a name is always whole.
Result<std::unique_ptr<File>> FileJournal::makeSegment(const SegmentHeader &header,
                                                       std::uint32_t &checksum)
{
    const QString draft = QLatin1String(newSegmentName);
    const QString name = segmentName(header.number);
    const QByteArray bytes = format::encode(header);
    checksum = checksumOf(bytes);
    const auto write = [&]() -> Result<void> {
        auto file = m_files.create(draft);
        if (!file)
            return file.error();
        if (Result<void> kept = (*file)->preallocate(header.capacity); !kept)
            return kept;
        if (Result<void> written = (*file)->write(0, bytes); !written)
            return written;
        if (const Result<void> synced = (*file)->sync(); !synced)
            return Error{ErrorCode::syncFailed, synced.error().message};
        return m_files.rename(draft, name);
    };
    if (Result<void> written = write(); !written) {
        if (written.error().code == ErrorCode::noSpace)
            static_cast<void>(m_files.remove(draft)); // if not, the next try empties it
        return written.error();
    }
    const Result<void> synced =
        mutantIsOn(Mutant::segmentNameNotSynced) ? Result<void>() : m_files.syncDirectory();
    if (!synced)
        return Error{ErrorCode::syncFailed, synced.error().message};
    auto file = m_files.open(name, FileSystem::Open::readWrite);
    if (!file)
        return Error{ErrorCode::io, file.error().message};
    return file;
}

Result<void> FileJournal::truncate(Slot slot, const std::vector<JournalRecord> &live)
{
    COFFER_CHECK(m_isReplayed, "a journal is replayed before it is truncated");
    if (m_failure)
        return *m_failure;
    if (m_end.segments.empty() || keptFrom(slot) == m_end.segments.front().number)
        return {};
    if (live.empty())
        return Error{ErrorCode::invalid,
                     QStringLiteral("journal: a truncation has to be told what must outlive it")};
    if (Result<void> prepared = prepare(live); !prepared)
        return prepared;
    return settle(forget(slot, live));
}

/// The live records begin a segment, and only segments before it are removed. The group itself
/// says where the journal now begins; so a segment that is missing later is noticed.
Result<void> FileJournal::forget(Slot slot, const std::vector<JournalRecord> &live)
{
    // An earlier try may have ended, for want of space, with an empty segment.
    if (m_end.offset != firstBlockOffset || !hasRoom()) {
        Result<void> begun = beginSegment(wholeCapacity());
        if (!begun && begun.error().code == ErrorCode::noSpace)
            begun = beginSegment(capacityNeeded());
        if (!begun)
            return begun;
    }
    const std::uint64_t kept = keptFrom(slot);
    if (mutantIsOn(Mutant::segmentRemovedTooEarly)) {
        if (Result<void> removed = removeBelow(kept); !removed)
            return removed;
    }
    const std::uint64_t before = std::exchange(m_end.oldestSegment, kept);
    if (Result<void> written = writeGroup(live); !written) {
        m_end.oldestSegment = before;
        return written;
    }
    if (Result<void> flushed = flush(); !flushed)
        return flushed;
    return removeBelow(kept);
}

/// The first segment that has to stay: the newest, or one with a vote or value above \a slot.
std::uint64_t FileJournal::keptFrom(Slot slot) const
{
    for (const SegmentSummary &segment : m_end.segments) {
        if (segment.number == m_end.segments.back().number || segment.highest > slot)
            return segment.number;
    }
    return 0;
}

/// One after the other, each durable before the next: there is never a gap.
Result<void> FileJournal::removeBelow(std::uint64_t number)
{
    while (m_end.segments.front().number < number) {
        Result<void> removed = m_files.remove(segmentName(m_end.segments.front().number));
        if (!removed)
            return removed;
        if (const Result<void> synced = m_files.syncDirectory(); !synced)
            return Error{ErrorCode::syncFailed, synced.error().message};
        m_end.segments.erase(m_end.segments.begin());
    }
    return {};
}

} // namespace coffer::storage
