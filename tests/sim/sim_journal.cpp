// SPDX-License-Identifier: Apache-2.0
#include "sim/sim_journal.h"

#include "sim/finding.h"

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
    if (m_inner.nextLsn() <= m_disk.m_toldLsn)
        report("P6", QStringLiteral("the journal of disk %1 ends before record %2; record %3 was "
                                    "durable")
                         .arg(m_disk.number())
                         .arg(m_inner.nextLsn())
                         .arg(m_disk.m_toldLsn));
    add(records);
    tellAll();
    return {};
}

Result<void> SimJournal::append(const std::vector<storage::JournalRecord> &records)
{
    try {
        Result<void> appended = m_inner.append(records);
        if (appended) {
            add(records);
            m_disk.m_bound.appended(records);
        }
        return appended;
    } catch (const MachineDown &) {
        m_disk.m_bound.appended(records); // as much of it as there may be
        throw;
    }
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
    try {
        Result<void> truncated = m_inner.truncate(slot, live);
        if (m_inner.nextLsn() > before)
            m_disk.m_bound.rewritten(live);
        if (truncated && m_inner.nextLsn() > before) {
            add(live);
            tellAll();
        }
        return truncated;
    } catch (const MachineDown &) {
        m_disk.m_bound.rewritten(live);
        throw;
    }
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
