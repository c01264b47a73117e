// SPDX-License-Identifier: Apache-2.0
#include "sim/journal_bound.h"

#include "storage/journal_format.h"

#include <algorithm>

namespace coffer::sim {

using namespace storage::format;

/// Segments that stay or are there besides: the one in which the oldest needed group stands, the
/// one that is written, one that a full disk left empty, and one that a crash left half made.
static constexpr std::uint64_t segmentsBesides = 4;

std::uint64_t JournalBound::segmentFor(std::uint64_t bytes) const
{
    return std::max(aligned(m_segmentBytes, sectorBytes), firstBlockOffset + bytes);
}

void JournalBound::appended(const std::vector<storage::JournalRecord> &records) { add(records, 0); }

void JournalBound::rewritten(const std::vector<storage::JournalRecord> &live)
{
    add(live, segmentFor(0) + firstBlockOffset);
}

void JournalBound::replaced(std::uint64_t bytes, Slot highest)
{
    m_groups.clear();
    m_groups.push_back({highest, bytes});
    m_sum = bytes;
}

/// A group takes its sectors and one for the mark behind it. Where it does not fit any more, at
/// most as much stays unused before it; and it pays its share of a segment's header.
void JournalBound::add(const std::vector<storage::JournalRecord> &records, std::uint64_t besides)
{
    Group group;
    std::uint64_t bytes = blockHeaderBytes;
    for (const storage::JournalRecord &record : records) {
        bytes += sizeOf(record);
        if (record.kind == storage::RecordKind::vote || record.kind == storage::RecordKind::chosen)
            group.highest = std::max(group.highest, record.slot);
    }
    const std::uint64_t own = aligned(bytes, sectorBytes) + sectorBytes;
    const std::uint64_t segment = segmentFor(own);
    const std::uint64_t header =
        std::min(firstBlockOffset, firstBlockOffset * 2 * own / (segment - firstBlockOffset));
    group.cost = 2 * own + header + besides;
    m_largest = std::max(m_largest, segment);
    m_sum += group.cost;
    m_groups.push_back(group);
}

std::uint64_t JournalBound::most(Slot slot)
{
    while (!m_groups.empty() && m_groups.front().highest <= slot) {
        m_sum -= m_groups.front().cost;
        m_groups.pop_front();
    }
    return m_sum + segmentsBesides * std::max(m_largest, segmentFor(sectorBytes));
}

} // namespace coffer::sim
