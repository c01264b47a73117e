// SPDX-License-Identifier: Apache-2.0
#include "unit/storage/journal_samples.h"

#include <QtEndian>

#include <algorithm>

namespace coffer::test {

using namespace storage;

JournalRecord vote(std::uint64_t slot, qsizetype bytes)
{
    return {RecordKind::vote, Slot(slot), Ballot{Epoch(1), 1, NodeId(7)}, QByteArray(bytes, 'v')};
}

JournalRecord promise(std::uint64_t round)
{
    return {RecordKind::promise, Slot(), Ballot{Epoch(1), round, NodeId(7)}, {}};
}

JournalRecord founding(std::uint64_t cluster)
{
    QByteArray payload(9, '\x09'); // field 1, fixed64
    qToLittleEndian<quint64>(cluster, payload.data() + 1);
    return {RecordKind::founding, Slot(), Ballot(), payload};
}

FileJournal::Options smallSegments(std::uint64_t bytes)
{
    FileJournal::Options options;
    options.owner.node = NodeId(7);
    options.segmentBytes = bytes;
    options.fillBytes = 1024;
    return options;
}

Result<Records> readAll(FileSystem &files)
{
    Records records;
    FileJournal journal(files, smallSegments());
    const auto visit = [&records](const JournalRecord &record) -> Result<void> {
        records.push_back(record);
        return {};
    };
    if (const Result<void> replayed = journal.replay(visit); !replayed)
        return replayed.error();
    return records;
}

JournalDriver::JournalDriver(MemoryFileSystem &files, std::uint64_t seed)
    : m_files(files), m_random(seed)
{}

QString JournalDriver::start()
{
    m_journal = std::make_unique<FileJournal>(m_files, smallSegments());
    m_failure.reset();
    Records found;
    const auto visit = [&found](const JournalRecord &record) -> Result<void> {
        found.push_back(record);
        return {};
    };
    if (const Result<void> replayed = m_journal->replay(visit); !replayed)
        return replayed.error().message;
    for (std::size_t from = 0; from <= m_all.size(); ++from) {
        if (!fits(found, from))
            continue;
        m_all.resize(from + found.size());
        m_durable = m_all.size(); // what was visited is durable
        std::erase_if(m_truncations,
                      [this](const Truncation &past) { return past.liveTo > m_all.size(); });
        return {};
    }
    return QStringLiteral("%1 records were read; of %2, %3 were durable, and they do not fit")
        .arg(found.size())
        .arg(m_all.size())
        .arg(m_durable);
}

/// True when \a found may be left if the first \a from of all records are forgotten.
bool JournalDriver::fits(const Records &found, std::size_t from) const
{
    const std::size_t end = from + found.size();
    return end <= m_all.size() && end >= m_durable
           && std::equal(found.begin(), found.end(), m_all.begin() + std::ptrdiff_t(from))
           && (from == 0 || mayBeForgotten(from, end));
}

bool JournalDriver::mayBeForgotten(std::size_t count, std::size_t end) const
{
    return std::any_of(
        m_truncations.begin(), m_truncations.end(), [&](const Truncation &truncation) {
            if (truncation.liveFrom < count || truncation.liveTo > end)
                return false;
            return std::none_of(m_all.begin(), m_all.begin() + std::ptrdiff_t(count),
                                [&truncation](const JournalRecord &record) {
                                    const bool isValue = record.kind == RecordKind::vote
                                                         || record.kind == RecordKind::chosen;
                                    return isValue && record.slot > truncation.slot;
                                });
        });
}

void JournalDriver::run(int count)
{
    m_failure.reset();
    while (m_step < count) {
        if (const Result<void> done = step(); !done) {
            m_failure = done.error();
            return;
        }
        ++m_step;
    }
}

Result<void> JournalDriver::step()
{
    const std::uint64_t what = m_random.below(12);
    if (what == 0 && !m_pending)
        return truncate();
    const int groups = what == 1 ? 3 : 1;
    for (int i = 0; i < groups; ++i) {
        if (Result<void> appended = appendGroup(); !appended)
            return appended;
    }
    if (what == 2)
        return {}; // a sync comes later
    if (Result<void> synced = m_journal->sync(); !synced)
        return synced;
    m_durable = m_all.size();
    return {};
}

/// Notes the group before it is appended: a crash in the middle may leave it.
Result<void> JournalDriver::appendGroup()
{
    Records group;
    if (m_pending) {
        group = *std::exchange(m_pending, std::nullopt);
    } else {
        if (m_all.empty())
            group.push_back(founding());
        const std::uint64_t count = 1 + m_random.below(4);
        for (std::uint64_t i = 0; i < count; ++i)
            group.push_back(nextRecord());
    }
    m_all.insert(m_all.end(), group.begin(), group.end());
    Result<void> appended = m_journal->append(group);
    if (!appended && appended.error().code == ErrorCode::noSpace) {
        m_all.resize(m_all.size() - group.size());
        m_pending = group;
    }
    return appended;
}

/// A truncation syncs what is before it, so nothing of that may be lost once it began to remove.
Result<void> JournalDriver::truncate()
{
    const Slot slot(m_slot > 4 ? m_slot - 4 : 0);
    const Records live{founding(), promise(++m_round)};
    const Truncation truncation{slot, m_all.size(), m_all.size() + live.size()};
    m_all.insert(m_all.end(), live.begin(), live.end());
    m_truncations.push_back(truncation);
    const std::uint64_t before = m_journal->nextLsn();
    Result<void> truncated = m_journal->truncate(slot, live);
    const bool isExpected = truncated || truncated.error().code == ErrorCode::noSpace;
    if (isExpected && m_journal->nextLsn() == before) { // there was nothing to forget, or no space
        m_all.resize(truncation.liveFrom);
        m_truncations.pop_back();
    } else if (isExpected) {
        m_durable = m_all.size();
    }
    return truncated;
}

JournalRecord JournalDriver::nextRecord()
{
    const auto bytes = [this](std::uint64_t most) {
        return QByteArray(qsizetype(m_random.below(most)), char(m_random.below(256)));
    };
    const Ballot ballot{Epoch(1 + m_random.below(3)), m_random.below(99), NodeId(m_random.next())};
    switch (m_random.below(8)) {
    case 0: return promise(++m_round);
    case 1: return {RecordKind::chosen, Slot(++m_slot), {}, bytes(300)};
    case 2: return {RecordKind::chosenUpTo, Slot(m_slot), {}, {}};
    case 3: return {RecordKind::install, Slot(m_slot), {}, "generation"};
    case 4: return {RecordKind::fenced, Slot(), {}, {}};
    default: return {RecordKind::vote, Slot(++m_slot), ballot, bytes(900)};
    }
}

} // namespace coffer::test
