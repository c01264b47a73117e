// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/journal.h"

#include <cstdint>
#include <deque>
#include <vector>

namespace coffer::sim {

/// How large a journal may be, from what was appended to it and what of that must be kept.
///
/// It knows the format only as far as that groups begin at sectors, lie whole in one segment, and
/// that whole segments are forgotten. Value.
class JournalBound
{
public:
    explicit JournalBound(std::uint64_t segmentBytes) : m_segmentBytes(segmentBytes) {}

    void appended(const std::vector<storage::JournalRecord> &records);
    /// As appended(), by a truncation, which begins a segment for them.
    void rewritten(const std::vector<storage::JournalRecord> &live);
    /// Another journal of \a bytes is there instead, with votes and values up to \a highest.
    void replaced(std::uint64_t bytes, Slot highest);

    /// The most bytes that it may have once all up to \a slot was to be forgotten. \a slot never
    /// falls; what lies below it is not asked for again.
    [[nodiscard]] std::uint64_t most(Slot slot);

private:
    struct Group
    {
        Slot highest;
        std::uint64_t cost = 0;
    };

    void add(const std::vector<storage::JournalRecord> &records, std::uint64_t besides);
    [[nodiscard]] std::uint64_t segmentFor(std::uint64_t bytes) const;

    std::uint64_t m_segmentBytes;
    std::deque<Group> m_groups;
    std::uint64_t m_sum = 0;     ///< Of their costs.
    std::uint64_t m_largest = 0; ///< Segment that a group ever needed.
};

} // namespace coffer::sim
