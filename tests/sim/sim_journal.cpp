// SPDX-License-Identifier: Apache-2.0
#include "sim/sim_journal.h"

namespace coffer::sim {

SimJournal::SimJournal(SimDisk &disk) : m_disk(disk), m_inner(disk.m_files, disk.journalOptions())
{}

Result<void> SimJournal::replay(const Visit &visit)
{
    std::vector<storage::JournalRecord> records;
    Result<void> replayed = m_inner.replay([&](const storage::JournalRecord &record) {
        records.push_back(record);
        return visit(record);
    });
    if (!replayed)
        return replayed;
    add(records);
    tellAll();
    return {};
}

Result<void> SimJournal::append(const std::vector<storage::JournalRecord> &records)
{
    Result<void> appended = m_inner.append(records);
    if (appended)
        add(records);
    return appended;
}

Result<void> SimJournal::sync()
{
    Result<void> synced = m_inner.sync();
    if (synced)
        tellAll();
    return synced;
}

Result<void> SimJournal::truncate(Slot slot, const std::vector<storage::JournalRecord> &live)
{
    const std::uint64_t before = m_inner.nextLsn();
    Result<void> truncated = m_inner.truncate(slot, live);
    if (truncated && m_inner.nextLsn() > before) {
        add(live);
        tellAll();
    }
    return truncated;
}

void SimJournal::add(const std::vector<storage::JournalRecord> &records)
{
    std::uint64_t lsn = m_inner.nextLsn() - records.size();
    for (const storage::JournalRecord &record : records)
        m_waiting.emplace_back(lsn++, record);
}

void SimJournal::tellAll()
{
    for (const auto &[lsn, record] : std::exchange(m_waiting, {}))
        m_disk.tell(lsn, record);
}

} // namespace coffer::sim
