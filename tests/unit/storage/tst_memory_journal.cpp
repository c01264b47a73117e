// SPDX-License-Identifier: Apache-2.0
#include "storage/memory_journal.h"

#include <QTest>

using namespace coffer;
using namespace coffer::storage;

static JournalRecord vote(std::uint64_t slot, qsizetype bytes = 10)
{
    return {RecordKind::vote, Slot(slot), Ballot{Epoch(1), 1, NodeId(7)}, QByteArray(bytes, 'v')};
}

static JournalRecord promise(std::uint64_t round)
{
    return {RecordKind::promise, Slot(), Ballot{Epoch(1), round, NodeId(7)}, {}};
}

/// What a process that starts now reads: the slots of its votes.
static std::vector<std::uint64_t> slotsOn(MemoryDisk &disk)
{
    std::vector<std::uint64_t> slots;
    const Result<void> replayed =
        MemoryJournal(disk).replay([&slots](const JournalRecord &record) -> Result<void> {
            slots.push_back(record.slot.value());
            return {};
        });
    return replayed ? slots : std::vector<std::uint64_t>{999};
}

using Slots = std::vector<std::uint64_t>;

class TestMemoryJournal : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void replay_givesRecordsInTheOrderOfAppends()
    {
        MemoryDisk disk;
        MemoryJournal journal(disk);
        QVERIFY(journal.append({vote(1), vote(2)}));
        QVERIFY(journal.append({vote(3)}));
        QVERIFY(journal.sync());
        disk.crash(0);
        QCOMPARE(slotsOn(disk), (Slots{1, 2, 3}));
    }

    void crash_losesWhatWasNotSynced()
    {
        MemoryDisk disk;
        MemoryJournal journal(disk);
        QVERIFY(journal.append({vote(1)}));
        QVERIFY(journal.sync());
        QVERIFY(journal.append({vote(2), vote(3)}));
        disk.crash(0);
        QCOMPARE(slotsOn(disk), (Slots{1}));
    }

    void crash_mayKeepAPrefixOfWhatWasNotSynced()
    {
        MemoryDisk disk;
        MemoryJournal journal(disk);
        QVERIFY(journal.append({vote(1), vote(2), vote(3)}));
        QCOMPARE(disk.unsyncedCount(), std::size_t(3));
        disk.crash(2);
        QCOMPARE(slotsOn(disk), (Slots{1, 2}));
    }

    void replay_makesDurableWhatAKilledProcessHadNotSynced()
    {
        MemoryDisk disk;
        QVERIFY(MemoryJournal(disk).append({vote(1)}));
        QCOMPARE(slotsOn(disk), (Slots{1}));
        disk.crash(0);
        QCOMPARE(slotsOn(disk), (Slots{1}));
    }

    void replay_stopsWithTheErrorOfTheVisitor()
    {
        MemoryDisk disk;
        QVERIFY(MemoryJournal(disk).append({vote(1), vote(2)}));
        int visited = 0;
        const Result<void> result =
            MemoryJournal(disk).replay([&visited](const JournalRecord &) -> Result<void> {
                ++visited;
                return Error{ErrorCode::corrupt, QStringLiteral("enough")};
            });
        QVERIFY(!result);
        QCOMPARE(result.error().message, QStringLiteral("enough"));
        QCOMPARE(visited, 1);
    }

    void sync_thatFailedLosesThePagesThoughARetryReportsSuccess()
    {
        MemoryDisk disk;
        MemoryJournal journal(disk);
        QVERIFY(journal.append({vote(1)}));
        QVERIFY(journal.sync());
        QVERIFY(journal.append({vote(2)}));
        int syncs = 0;
        disk.setFaultHook([&syncs](DiskCall call) -> std::optional<Error> {
            if (call == DiskCall::sync && ++syncs == 1)
                return Error{ErrorCode::syncFailed, QStringLiteral("injected")};
            return std::nullopt;
        });
        const Result<void> failed = journal.sync();
        QVERIFY(!failed);
        QCOMPARE(failed.error().code, ErrorCode::syncFailed);
        QVERIFY(journal.sync()); // The kernel has forgotten the pages.
        int durable = 0;
        disk.visitDurable([&durable](const JournalRecord &) { ++durable; });
        QCOMPARE(durable, 1);
        disk.crash(0);
        const Result<void> replayed =
            MemoryJournal(disk).replay([](const JournalRecord &) -> Result<void> { return {}; });
        QVERIFY(!replayed);
        QCOMPARE(replayed.error().code, ErrorCode::corrupt);
    }

    void sync_thatFailedAndWasNotRetriedLeavesThePrefix()
    {
        MemoryDisk disk;
        MemoryJournal journal(disk);
        QVERIFY(journal.append({vote(1)}));
        QVERIFY(journal.sync());
        QVERIFY(journal.append({vote(2)}));
        disk.setFaultHook([](DiskCall) {
            return std::optional(Error{ErrorCode::syncFailed, QStringLiteral("injected")});
        });
        QVERIFY(!journal.sync());
        disk.setFaultHook(nullptr);
        disk.crash(1);
        QCOMPARE(slotsOn(disk), (Slots{1}));
    }

    void append_onAFullDiskLeavesTheJournalAsItWas()
    {
        MemoryDisk disk;
        MemoryJournal journal(disk);
        disk.setCapacity(recordBytes(vote(1)) * 2);
        QVERIFY(journal.append({vote(1)}));
        const Result<void> full = journal.append({vote(2), vote(3)});
        QVERIFY(!full);
        QCOMPARE(full.error().code, ErrorCode::noSpace);
        QCOMPARE(disk.recordCount(), std::size_t(1));
        disk.setCapacity(std::nullopt);
        QVERIFY(journal.append({vote(2), vote(3)}));
        QVERIFY(journal.sync());
        QCOMPARE(slotsOn(disk), (Slots{1, 2, 3}));
    }

    void truncate_forgetsWholeSegmentsAndRewritesWhatLives()
    {
        MemoryDisk disk;
        disk.setSegmentBytes(recordBytes(vote(1)) * 2);
        MemoryJournal journal(disk);
        QVERIFY(journal.append({vote(1), vote(2), vote(3), vote(4), vote(5)}));
        QVERIFY(journal.sync());
        QVERIFY(journal.truncate(Slot(3), {promise(9)}));
        disk.crash(0);
        QCOMPARE(slotsOn(disk), (Slots{3, 4, 5, 0}));
    }

    /// The live records once straddled two segments, and the first of them was removed again.
    void truncate_neverRemovesWhatItRewrote()
    {
        for (qsizetype padding = 0; padding < 200; ++padding) {
            MemoryDisk disk;
            disk.setSegmentBytes(256);
            MemoryJournal journal(disk);
            for (std::uint64_t slot = 1; slot <= 6; ++slot) {
                QVERIFY(journal.append({vote(slot, 20 + padding)}));
                QVERIFY(journal.sync());
            }
            JournalRecord founding{RecordKind::founding, Slot(), Ballot(), QByteArray(150, 'f')};
            QVERIFY(journal.truncate(Slot(6), {founding, promise(9)}));
            QVERIFY(journal.truncate(Slot(6), {founding, promise(9)}));
            int found = 0;
            const auto count = [&found](const JournalRecord &record) -> Result<void> {
                found += record.kind == RecordKind::founding ? 1 : 0;
                return {};
            };
            QVERIFY(MemoryJournal(disk).replay(count));
            QVERIFY2(found > 0, qPrintable(QString::number(padding)));
        }
    }

    void truncate_keepsTheNewestSegment()
    {
        MemoryDisk disk;
        MemoryJournal journal(disk);
        QVERIFY(journal.append({vote(1), vote(2)}));
        QVERIFY(journal.sync());
        QVERIFY(journal.truncate(Slot(9), {promise(9)}));
        QCOMPARE(slotsOn(disk), (Slots{1, 2}));
    }

    void truncate_thatEndsInACrashLosesNothingThatLives()
    {
        MemoryDisk disk;
        disk.setSegmentBytes(recordBytes(vote(1)));
        MemoryJournal journal(disk);
        QVERIFY(journal.append({promise(9), vote(1), vote(2), vote(3)}));
        QVERIFY(journal.sync());
        int removed = 0;
        disk.setFaultHook([&removed](DiskCall call) -> std::optional<Error> {
            if (call == DiskCall::removeSegment && ++removed == 2)
                return Error{ErrorCode::io, QStringLiteral("injected")};
            return std::nullopt;
        });
        QVERIFY(!journal.truncate(Slot(2), {promise(9)}));
        disk.setFaultHook(nullptr);
        disk.crash(0);
        QCOMPARE(slotsOn(disk), (Slots{1, 2, 3, 0}));
    }

    void hook_isToldEachRecordOnceWhenItBecomesDurable()
    {
        MemoryDisk disk;
        Slots told;
        disk.setDurableHook(
            [&told](const JournalRecord &record) { told.push_back(record.slot.value()); });
        MemoryJournal journal(disk);
        QVERIFY(journal.append({vote(1)}));
        QVERIFY(told.empty());
        QVERIFY(journal.sync());
        QVERIFY(journal.append({vote(2), vote(3)}));
        disk.crash(1);
        QCOMPARE(told, (Slots{1, 2}));
    }

    void restore_goesBackToAnEarlierDurableImage()
    {
        MemoryDisk disk;
        MemoryJournal journal(disk);
        QVERIFY(journal.append({vote(1)}));
        QVERIFY(journal.sync());
        QVERIFY(journal.append({vote(2)}));
        const MemoryDisk::Image image = disk.image();
        QVERIFY(journal.sync());
        disk.crash(0);
        disk.restore(image);
        QCOMPARE(slotsOn(disk), (Slots{1}));
    }

    void crash_atAStepLeavesTheStepUndone()
    {
        struct Down
        {};
        MemoryDisk disk;
        MemoryJournal journal(disk);
        disk.setFaultHook([](DiskCall call) -> std::optional<Error> {
            if (call == DiskCall::sync)
                throw Down();
            return std::nullopt;
        });
        QVERIFY(journal.append({vote(1)}));
        QVERIFY_THROWS_EXCEPTION(Down, static_cast<void>(journal.sync()));
        disk.setFaultHook(nullptr);
        disk.crash(0);
        QCOMPARE(slotsOn(disk), Slots{});
    }
};

QTEST_APPLESS_MAIN(TestMemoryJournal)
#include "tst_memory_journal.moc"
