// SPDX-License-Identifier: Apache-2.0
#include "storage/memory_disk.h"

#include <algorithm>

namespace coffer::storage {

/// Header, checksum and chain of one record.
static constexpr std::uint64_t recordOverhead = 64;

std::uint64_t recordBytes(const JournalRecord &record)
{
    return recordOverhead + std::uint64_t(record.payload.size());
}

std::optional<Error> MemoryDisk::fault(DiskCall call) const
{
    return m_faultHook ? m_faultHook(call) : std::nullopt;
}

std::size_t MemoryDisk::durableCount() const
{
    return m_hole ? std::min(m_synced, *m_hole) : m_synced;
}

std::size_t MemoryDisk::unsyncedCount() const { return m_records.size() - m_synced; }

void MemoryDisk::beginSegment()
{
    ++m_segment;
    m_segmentFill = 0;
}

void MemoryDisk::add(const JournalRecord &record)
{
    const std::uint64_t bytes = recordBytes(record);
    if (m_segmentFill > 0 && m_segmentFill + bytes > m_segmentBytes)
        beginSegment();
    m_segmentFill += bytes;
    m_bytes += bytes;
    m_records.push_back({record, bytes, m_segment});
}

void MemoryDisk::popFront()
{
    m_bytes -= m_records.front().bytes;
    m_records.pop_front();
    --m_synced;
    if (m_hole && *m_hole > 0)
        --*m_hole;
}

void MemoryDisk::makeDurable(std::size_t count)
{
    const std::size_t before = durableCount();
    m_synced = std::max(m_synced, count);
    if (!m_durableHook)
        return;
    for (std::size_t i = before; i < durableCount(); ++i)
        m_durableHook(m_records[i].record);
}

void MemoryDisk::loseUnsynced()
{
    if (!m_hole && unsyncedCount() > 0)
        m_hole = m_synced;
}

void MemoryDisk::crash(std::size_t survivors)
{
    if (m_hole && *m_hole < m_synced)
        m_isDamaged = true;
    const std::size_t kept = m_hole ? durableCount() : m_synced + survivors;
    while (m_records.size() > kept) {
        m_bytes -= m_records.back().bytes;
        m_records.pop_back();
    }
    m_synced = std::min(m_synced, m_records.size());
    m_hole.reset();
    makeDurable(m_records.size());
    beginSegment(); // A restarted journal begins a new segment.
}

void MemoryDisk::visitDurable(const std::function<void(const JournalRecord &)> &visit) const
{
    for (std::size_t i = 0; i < durableCount(); ++i)
        visit(m_records[i].record);
}

Slot MemoryDisk::checkpointed() const
{
    return m_current.header ? m_current.header->applied : Slot();
}

Slot MemoryDisk::staged() const
{
    return m_staged && m_staged->header ? m_staged->header->applied : Slot();
}

MemoryDisk::Image MemoryDisk::image() const
{
    Image image;
    visitDurable([&image](const JournalRecord &record) { image.records.push_back(record); });
    image.current = m_current;
    image.staged = m_staged;
    image.generations = m_generations;
    return image;
}

void MemoryDisk::restore(Image image)
{
    m_records.clear();
    m_bytes = 0;
    m_synced = 0;
    m_hole.reset();
    m_isDamaged = false;
    for (const JournalRecord &record : image.records)
        add(record);
    m_synced = m_records.size();
    m_current = std::move(image.current);
    m_staged = std::move(image.staged);
    m_generations = image.generations;
}

} // namespace coffer::storage
