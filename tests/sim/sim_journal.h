// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/sim_disk.h"
#include "storage/file_journal.h"

#include <utility>
#include <vector>

namespace coffer::sim {

/// The journal of one process run, which tells its disk what has become durable. Resource.
class SimJournal final : public storage::Journal
{
public:
    explicit SimJournal(SimDisk &disk);

    Result<void> replay(const Visit &visit) override;
    Result<void> append(const std::vector<storage::JournalRecord> &records) override;
    Result<void> sync() override;
    Result<void> truncate(Slot slot, const std::vector<storage::JournalRecord> &live) override;

private:
    void add(const std::vector<storage::JournalRecord> &records);
    void tellAll();

    SimDisk &m_disk;
    storage::FileJournal m_inner;
    /// Appended and not known to be durable, with their lsn.
    std::vector<std::pair<std::uint64_t, storage::JournalRecord>> m_waiting;
};

} // namespace coffer::sim
