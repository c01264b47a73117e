// SPDX-License-Identifier: Apache-2.0
#include "storage/memory_journal.h"

namespace coffer::storage {

Result<void> MemoryJournal::replay(const Visit &visit)
{
    if (auto error = m_disk.fault(DiskCall::replay))
        return *error;
    if (m_disk.m_isDamaged)
        return Error{ErrorCode::corrupt,
                     QStringLiteral("journal: a record below synced ones is missing")};
    if (m_disk.unsyncedCount() > 0) {
        if (const Result<void> synced = sync(); !synced)
            return synced.error();
    }
    for (const MemoryDisk::Stored &stored : m_disk.m_records) {
        if (const Result<void> visited = visit(stored.record); !visited)
            return visited.error();
    }
    return {};
}

Result<void> MemoryJournal::append(const std::vector<JournalRecord> &records)
{
    if (auto error = m_disk.fault(DiskCall::append))
        return *error;
    std::uint64_t bytes = 0;
    for (const JournalRecord &record : records)
        bytes += recordBytes(record);
    if (m_disk.m_capacity && m_disk.m_bytes + bytes > *m_disk.m_capacity)
        return Error{ErrorCode::noSpace, QStringLiteral("journal: the disk is full")};
    for (const JournalRecord &record : records)
        m_disk.add(record);
    return {};
}

Result<void> MemoryJournal::sync()
{
    if (auto error = m_disk.fault(DiskCall::sync)) {
        m_disk.loseUnsynced();
        return Error{ErrorCode::syncFailed, error->message};
    }
    m_disk.makeDurable(m_disk.m_records.size());
    return {};
}

Result<void> MemoryJournal::truncate(Slot slot, const std::vector<JournalRecord> &live)
{
    // A segment that holds nothing but what is rewritten goes as well: so the journal stays small.
    if (!isFrontSegmentBelow(slot))
        return {};
    // The live records begin a segment: it and whatever follows is never removed here.
    m_disk.beginSegment();
    const std::uint64_t keptFrom = m_disk.m_segment;
    if (const Result<void> appended = append(live); !appended)
        return appended.error();
    if (const Result<void> synced = sync(); !synced)
        return synced.error();
    while (isFrontSegmentBelow(slot) && m_disk.m_records.front().segment < keptFrom) {
        if (auto error = m_disk.fault(DiskCall::removeSegment))
            return *error;
        const std::uint64_t segment = m_disk.m_records.front().segment;
        while (!m_disk.m_records.empty() && m_disk.m_records.front().segment == segment)
            m_disk.popFront();
    }
    return {};
}

/// True when the oldest segment is not the newest and holds no vote or chosen value above \a slot.
bool MemoryJournal::isFrontSegmentBelow(Slot slot) const
{
    if (m_disk.m_records.empty() || m_disk.m_records.front().segment == m_disk.m_segment)
        return false;
    const std::uint64_t segment = m_disk.m_records.front().segment;
    for (const MemoryDisk::Stored &stored : m_disk.m_records) {
        if (stored.segment != segment)
            return true;
        const RecordKind kind = stored.record.kind;
        if ((kind == RecordKind::vote || kind == RecordKind::chosen) && stored.record.slot > slot)
            return false;
    }
    return true;
}

} // namespace coffer::storage
