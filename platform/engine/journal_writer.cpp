// SPDX-License-Identifier: Apache-2.0
#include "engine/journal_writer.h"

#include "base/mutant.h"

#include <algorithm>
#include <memory>

namespace coffer::engine {

/// How long a full disk is left alone before the write is tried again.
static constexpr Monotonic retryPause{100'000};

void JournalWriter::write(std::vector<storage::JournalRecord> records, std::uint64_t mark)
{
    for (storage::JournalRecord &record : records)
        m_gathering.records.push_back(std::move(record));
    m_gathering.mark = std::max(m_gathering.mark, mark);
}

bool JournalWriter::isQuiet() const { return !m_isBusy && m_gathering.records.empty(); }

void JournalWriter::hold(NodeId to, consensus::Message message)
{
    if (isQuiet()) {
        m_host.send(to, std::move(message));
        return;
    }
    // Votes are told cumulatively: of several for one leader and ballot the last says it all.
    if (const auto *vote = std::get_if<consensus::Accepted>(&message)) {
        for (auto held = m_gathering.held.rbegin(); held != m_gathering.held.rend(); ++held) {
            auto *earlier = std::get_if<consensus::Accepted>(&held->message);
            if (held->to == to && earlier != nullptr && earlier->ballot == vote->ballot) {
                earlier->durableTo = std::max(earlier->durableTo, vote->durableTo);
                return;
            }
        }
    }
    m_gathering.held.push_back({to, std::move(message)});
}

void JournalWriter::whenDurable(std::function<void()> then)
{
    const bool isEarly = mutantIsOn(Mutant::installBeforeRecord) && !m_gathering.records.empty()
                         && m_gathering.records.back().kind == storage::RecordKind::install;
    if (isQuiet() || isEarly)
        then();
    else
        m_gathering.then.push_back(std::move(then));
}

void JournalWriter::truncate(Slot slot, LiveRecords live)
{
    if (mutantIsOn(Mutant::journalNotTruncated))
        return;
    m_truncateTo = slot;
    m_live = std::move(live);
}

void JournalWriter::beginTruncate()
{
    m_isBusy = true;
    m_isTrying = true;
    storage::Journal *journal = &m_host.parts().journal;
    const Slot slot = std::exchange(m_truncateTo, Slot());
    m_host.run(
        Lane::journal, [journal, slot, live = m_live()] { return journal->truncate(slot, live); },
        [this](const Result<void> &result) {
            m_isTrying = false;
            m_isBusy = m_retryAt.has_value(); // a group may be waiting for the space
            // No space to rewrite the live records: the segments stay, and a later truncation
            // tries again.
            if (!result && result.error().code != ErrorCode::noSpace)
                m_host.fail(result.error().in(QStringLiteral("truncating the journal")));
        });
}

void JournalWriter::flush()
{
    if (m_isBusy)
        return;
    if (!m_truncateTo.isNone()) {
        beginTruncate();
        return;
    }
    if (m_gathering.records.empty()) {
        release(std::exchange(m_gathering, {}));
        return;
    }
    m_writing = std::exchange(m_gathering, {});
    begin();
}

void JournalWriter::begin()
{
    m_isBusy = true;
    m_isTrying = true;
    storage::Journal *journal = &m_host.parts().journal;
    auto records = std::make_shared<const std::vector<storage::JournalRecord>>(m_writing.records);
    m_host.run(
        Lane::journal,
        [journal, records]() -> Result<void> {
            if (Result<void> appended = journal->append(*records); !appended) {
                if (!mutantIsOn(Mutant::failedAppendIgnored))
                    return appended;
            }
            Result<void> synced = journal->sync();
            if (!synced && mutantIsOn(Mutant::failedSyncRetried))
                return journal->sync();
            // Whatever it calls itself: after a failed sync nobody knows what is durable.
            if (!synced)
                return Error{ErrorCode::syncFailed, synced.error().message};
            return {};
        },
        [this](const Result<void> &result) { ended(result); });
}

void JournalWriter::ended(const Result<void> &result)
{
    m_isTrying = false;
    if (!result && result.error().code == ErrorCode::noSpace) {
        if (!m_retryAt)
            m_host.step(consensus::DiskStuck{true});
        m_retryAt = m_host.now() + retryPause;
        return; // still busy: nothing overtakes this group
    }
    if (!result) {
        m_host.fail(result.error().in(QStringLiteral("writing the journal")));
        return;
    }
    m_isBusy = false;
    const bool wasFull = std::exchange(m_retryAt, std::nullopt).has_value();
    release(std::exchange(m_writing, {}));
    if (wasFull)
        m_host.step(consensus::DiskStuck{false});
}

void JournalWriter::release(Group group)
{
    for (consensus::Outgoing &outgoing : group.held)
        m_host.send(outgoing.to, std::move(outgoing.message));
    for (const auto &then : group.then)
        then();
    if (group.mark != 0)
        m_host.step(consensus::Written{group.mark});
}

void JournalWriter::tick()
{
    if (!m_retryAt || m_host.now() < *m_retryAt)
        return;
    m_retryAt = m_host.now() + retryPause;
    if (m_isTrying)
        return;
    if (m_truncateTo.isNone())
        begin();
    else
        beginTruncate(); // may free what the group waits for
}

} // namespace coffer::engine
