// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/journal.h"
#include "storage/memory_disk.h"

namespace coffer::storage {

/// The journal of a MemoryDisk, with the durability of the real one and none of its waiting.
///
/// One object a process run, as a file that is opened anew; \a disk must outlive it. What
/// replay() visited is durable when it returns, also what a killed process had appended and not
/// synced: otherwise a restarted node would speak of records that a power loss can still take.
class MemoryJournal final : public Journal
{
public:
    explicit MemoryJournal(MemoryDisk &disk) : m_disk(disk) {}

    Result<void> replay(const Visit &visit) override;
    Result<void> append(const std::vector<JournalRecord> &records) override;
    Result<void> sync() override;
    Result<void> truncate(Slot slot, const std::vector<JournalRecord> &live) override;

private:
    [[nodiscard]] bool isFrontSegmentBelow(Slot slot) const;

    MemoryDisk &m_disk;
};

} // namespace coffer::storage
