// SPDX-License-Identifier: Apache-2.0
#include "engine/journal_writer.h"

#include "unit/engine/fake_host.h"

#include <QtTest>

using namespace coffer;
using namespace coffer::engine;
using coffer::test::FakeHost;

class TestJournalWriter : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void flush_writesWhatGatheredAsOneGroup();
    void flush_writesOneGroupAtATime();
    void written_isReportedInOrder();
    void hold_sendsAtOnceWhenNothingIsWritten();
    void hold_waitsForEarlierWrites();
    void hold_waitsForTheGroupBehindTheOneUnderWay();
    void hold_keepsTheNewestOfOneVotersClaims();
    void hold_keepsClaimsOfTwoBallotsApart();
    void whenDurable_isCalledOnce();
    void fullDisk_isToldAndTriedAgain();
    void fullDisk_letsNothingOvertake();
    void failedSync_endsWithoutAWord();
    void failedAppend_endsWithoutAWord();
    void truncate_waitsForTheWriteUnderWay();

private:
    static storage::JournalRecord record(std::uint64_t slot)
    {
        return {storage::RecordKind::chosenUpTo, Slot(slot), Ballot(), {}};
    }
    static consensus::Accepted claim(std::uint64_t round, std::uint64_t slot)
    {
        return {{Epoch(1), round, NodeId(2)}, Slot(slot)};
    }
    [[nodiscard]] std::vector<std::uint64_t> durableSlots() const;
    [[nodiscard]] std::vector<std::uint64_t> marks() const;
    template<class Event>
    [[nodiscard]] int count() const;

    std::unique_ptr<FakeHost> m_host;
    std::unique_ptr<JournalWriter> m_writer;
};

using Numbers = std::vector<std::uint64_t>;

void TestJournalWriter::init()
{
    m_writer.reset();
    m_host = std::make_unique<FakeHost>();
    m_writer = std::make_unique<JournalWriter>(*m_host);
}

Numbers TestJournalWriter::durableSlots() const
{
    Numbers found;
    m_host->disk.visitDurable(
        [&](const storage::JournalRecord &record) { found.push_back(record.slot.value()); });
    return found;
}

Numbers TestJournalWriter::marks() const
{
    Numbers found;
    for (const consensus::Event &event : m_host->events) {
        if (const auto *written = std::get_if<consensus::Written>(&event))
            found.push_back(written->mark);
    }
    return found;
}

void TestJournalWriter::flush_writesWhatGatheredAsOneGroup()
{
    int syncs = 0;
    m_host->disk.setFaultHook([&](storage::DiskCall call) -> std::optional<Error> {
        syncs += call == storage::DiskCall::sync ? 1 : 0;
        return std::nullopt;
    });
    m_writer->write({record(1)}, 1);
    m_writer->write({record(2), record(3)}, 2);
    m_writer->flush();
    QCOMPARE(m_host->executor.pending(), 1U);
    QVERIFY(m_host->executor.runOne());
    QCOMPARE(syncs, 1);
    QVERIFY(durableSlots() == Numbers({1, 2, 3}));
    QVERIFY(marks() == Numbers({2})); // everything up to the mark
}

void TestJournalWriter::flush_writesOneGroupAtATime()
{
    m_writer->write({record(1)}, 1);
    m_writer->flush();
    m_writer->write({record(2)}, 2);
    m_writer->flush();
    QVERIFY(!m_writer->isIdle());
    QCOMPARE(m_host->executor.pending(), 1U);
    QVERIFY(m_host->executor.runOne());
    QVERIFY(m_writer->isIdle());
    QVERIFY(durableSlots() == Numbers({1}));
    m_writer->flush();
    QVERIFY(m_host->executor.runOne());
    QVERIFY(durableSlots() == Numbers({1, 2}));
}

void TestJournalWriter::written_isReportedInOrder()
{
    for (std::uint64_t i = 1; i <= 3; ++i) {
        m_writer->write({record(i)}, i);
        m_writer->flush();
        QVERIFY(m_host->executor.runOne());
    }
    m_writer->write({record(4)}, 0); // nobody waits for this one
    m_writer->flush();
    QVERIFY(m_host->executor.runOne());
    QVERIFY(marks() == Numbers({1, 2, 3}));
}

void TestJournalWriter::hold_sendsAtOnceWhenNothingIsWritten()
{
    m_writer->hold(NodeId(2), claim(1, 1));
    QCOMPARE(m_host->said.size(), 1U);
}

void TestJournalWriter::hold_waitsForEarlierWrites()
{
    m_writer->write({record(1)}, 1);
    m_writer->hold(NodeId(2), claim(1, 1));
    QVERIFY(m_host->said.empty());
    m_writer->flush();
    QVERIFY(m_host->said.empty());
    QVERIFY(m_host->executor.runOne());
    QCOMPARE(m_host->said.size(), 1U);
}

void TestJournalWriter::hold_waitsForTheGroupBehindTheOneUnderWay()
{
    m_writer->write({record(1)}, 1);
    m_writer->flush();
    m_writer->write({record(2)}, 2);
    m_writer->hold(NodeId(2), claim(1, 2));
    QVERIFY(m_host->executor.runOne());
    QVERIFY(m_host->said.empty()); // group 1 is durable, group 2 is not
    m_writer->flush();
    QVERIFY(m_host->executor.runOne());
    QCOMPARE(m_host->said.size(), 1U);
}

void TestJournalWriter::hold_keepsTheNewestOfOneVotersClaims()
{
    m_writer->write({record(1)}, 1);
    for (std::uint64_t slot : {1, 3, 2})
        m_writer->hold(NodeId(2), claim(1, slot));
    m_writer->flush();
    QVERIFY(m_host->executor.runOne());
    QCOMPARE(m_host->said.size(), 1U);
    QVERIFY(std::get<consensus::Accepted>(m_host->said[0].message) == claim(1, 3));
}

void TestJournalWriter::hold_keepsClaimsOfTwoBallotsApart()
{
    m_writer->write({record(1)}, 1);
    m_writer->hold(NodeId(2), claim(1, 9));
    m_writer->hold(NodeId(2), claim(2, 1));
    m_writer->hold(NodeId(3), claim(2, 1));
    m_writer->flush();
    QVERIFY(m_host->executor.runOne());
    QCOMPARE(m_host->said.size(), 3U);
}

void TestJournalWriter::whenDurable_isCalledOnce()
{
    int calls = 0;
    m_writer->whenDurable([&] { ++calls; });
    QCOMPARE(calls, 1); // nothing to wait for
    m_writer->write({record(1)}, 1);
    m_writer->whenDurable([&] { ++calls; });
    m_writer->flush();
    QCOMPARE(calls, 1);
    QVERIFY(m_host->executor.runOne());
    m_writer->flush();
    QCOMPARE(calls, 2);
}

template<class Event>
int TestJournalWriter::count() const
{
    int found = 0;
    for (const consensus::Event &event : m_host->events)
        found += std::holds_alternative<Event>(event) ? 1 : 0;
    return found;
}

void TestJournalWriter::fullDisk_isToldAndTriedAgain()
{
    m_host->disk.setCapacity(0);
    m_writer->write({record(1)}, 1);
    m_writer->hold(NodeId(2), claim(1, 1));
    m_writer->flush();
    QVERIFY(m_host->executor.runOne());
    QCOMPARE(count<consensus::DiskStuck>(), 1);
    QVERIFY(std::get<consensus::DiskStuck>(m_host->events.back()).isStuck);
    QVERIFY(m_host->said.empty());
    QVERIFY(m_host->failures.empty());

    m_writer->tick(); // too early
    QCOMPARE(m_host->executor.pending(), 0U);
    m_host->clock.advance(Monotonic(200'000));
    m_writer->tick();
    QVERIFY(m_host->executor.runOne());
    QCOMPARE(count<consensus::DiskStuck>(), 1); // still stuck, and told once

    m_host->disk.setCapacity(std::nullopt);
    m_host->clock.advance(Monotonic(200'000));
    m_writer->tick();
    QVERIFY(m_host->executor.runOne());
    QVERIFY(durableSlots() == Numbers({1}));
    QVERIFY(marks() == Numbers({1}));
    QCOMPARE(m_host->said.size(), 1U);
    QCOMPARE(count<consensus::DiskStuck>(), 2);
}

void TestJournalWriter::fullDisk_letsNothingOvertake()
{
    m_host->disk.setCapacity(0);
    m_writer->write({record(1)}, 1);
    m_writer->flush();
    QVERIFY(m_host->executor.runOne());
    m_writer->write({record(2)}, 2);
    m_host->disk.setCapacity(std::nullopt);
    m_writer->flush();
    QCOMPARE(m_host->executor.pending(), 0U); // group 1 first
    m_host->clock.advance(Monotonic(200'000));
    m_writer->tick();
    QVERIFY(m_host->executor.runOne());
    m_writer->flush();
    QVERIFY(m_host->executor.runOne());
    QVERIFY(durableSlots() == Numbers({1, 2}));
}

void TestJournalWriter::failedSync_endsWithoutAWord()
{
    m_host->disk.setFaultHook([](storage::DiskCall call) -> std::optional<Error> {
        if (call == storage::DiskCall::sync)
            return Error{ErrorCode::io, QStringLiteral("no")};
        return std::nullopt;
    });
    m_writer->write({record(1)}, 1);
    m_writer->hold(NodeId(2), claim(1, 1));
    m_writer->flush();
    QVERIFY(m_host->executor.runOne());
    QCOMPARE(m_host->failures.size(), 1U);
    QCOMPARE(m_host->failures[0].code, ErrorCode::syncFailed);
    QVERIFY(m_host->said.empty());
    QVERIFY(marks().empty());
    m_host->clock.advance(Monotonic(10'000'000));
    m_writer->tick();
    QCOMPARE(m_host->executor.pending(), 0U); // never a second time
}

void TestJournalWriter::failedAppend_endsWithoutAWord()
{
    m_host->disk.setFaultHook([](storage::DiskCall call) -> std::optional<Error> {
        if (call == storage::DiskCall::append)
            return Error{ErrorCode::io, QStringLiteral("no")};
        return std::nullopt;
    });
    m_writer->write({record(1)}, 1);
    m_writer->hold(NodeId(2), claim(1, 1));
    m_writer->flush();
    QVERIFY(m_host->executor.runOne());
    QCOMPARE(m_host->failures.size(), 1U);
    QVERIFY(m_host->said.empty());
}

void TestJournalWriter::truncate_waitsForTheWriteUnderWay()
{
    int asked = 0;
    m_writer->write({record(1)}, 1);
    m_writer->flush();
    m_writer->truncate(Slot(1), [&] {
        ++asked;
        return std::vector<storage::JournalRecord>();
    });
    m_writer->flush();
    QCOMPARE(asked, 0); // what is live is known when the write is done
    QVERIFY(m_host->executor.runOne());
    m_writer->flush();
    QCOMPARE(asked, 1);
    QVERIFY(m_host->executor.runOne());
    QVERIFY(m_writer->isIdle());
}

QTEST_APPLESS_MAIN(TestJournalWriter)
#include "tst_journal_writer.moc"
