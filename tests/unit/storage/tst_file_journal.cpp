// SPDX-License-Identifier: Apache-2.0
#include "storage/memory_journal.h"
#include "storage/posix_file_system.h"
#include "unit/storage/journal_samples.h"

#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <sys/wait.h>
#include <unistd.h>

using namespace coffer;
using namespace coffer::storage;
using namespace coffer::test;

using Slots = std::vector<std::uint64_t>;

/// One of the journals of this room, and what a restart or a power loss makes of it.
class Bed
{
public:
    virtual ~Bed() = default;
    /// A process start: an object that has replayed nothing yet.
    virtual Journal &restart() = 0;
    /// Power loss that takes everything not synced; false where that cannot be played.
    virtual bool crash() = 0;

    /// Starts a process that reads; the slots of the records, or 999.
    Slots slots()
    {
        Slots slots;
        const Result<void> replayed =
            restart().replay([&slots](const JournalRecord &record) -> Result<void> {
                slots.push_back(record.slot.value());
                return {};
            });
        return replayed ? slots : Slots{999};
    }
};

class TwinBed final : public Bed
{
public:
    TwinBed() { m_disk.setSegmentBytes(8192); }
    Journal &restart() override { return m_journal.emplace(m_disk); }
    bool crash() override
    {
        m_disk.crash(0);
        return true;
    }

private:
    MemoryDisk m_disk;
    std::optional<MemoryJournal> m_journal;
};

class MemoryBed final : public Bed
{
public:
    Journal &restart() override
    {
        m_journal.reset(); // lets the lock go
        return m_journal.emplace(m_files, smallSegments());
    }
    bool crash() override
    {
        m_journal.reset();
        m_files.crash([](std::size_t) { return std::size_t(0); });
        return true;
    }

private:
    MemoryFileSystem m_files;
    std::optional<FileJournal> m_journal;
};

class PosixBed final : public Bed
{
public:
    PosixBed() : m_files(*PosixFileSystem::open(m_directory.path())) {}
    Journal &restart() override
    {
        m_journal.reset();
        return m_journal.emplace(*m_files, smallSegments());
    }
    bool crash() override { return false; }

private:
    QTemporaryDir m_directory;
    std::unique_ptr<PosixFileSystem> m_files;
    std::optional<FileJournal> m_journal;
};

static std::unique_ptr<Bed> makeBed(const QString &name)
{
    if (name == QLatin1String("twin"))
        return std::make_unique<TwinBed>();
    if (name == QLatin1String("memory"))
        return std::make_unique<MemoryBed>();
    return std::make_unique<PosixBed>();
}

static Result<void> ignore(const JournalRecord &) { return {}; }

/// The contract of Journal, which all its kinds keep, and what is particular to files.
class TestFileJournal : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void replay_givesRecordsInTheOrderOfAppends_data() { beds(); }
    void replay_givesRecordsInTheOrderOfAppends();
    void replay_givesBackWhatWasAppended_data() { beds(); }
    void replay_givesBackWhatWasAppended();
    void replay_makesDurableWhatAKilledProcessHadNotSynced_data() { beds(); }
    void replay_makesDurableWhatAKilledProcessHadNotSynced();
    void replay_stopsWithTheErrorOfTheVisitor_data() { beds(); }
    void replay_stopsWithTheErrorOfTheVisitor();
    void replay_ofNothingIsEmpty_data() { beds(); }
    void replay_ofNothingIsEmpty();
    void crash_losesWhatWasNotSynced_data() { beds(); }
    void crash_losesWhatWasNotSynced();
    void crash_losesTheClusterOfARecordThatWasNotSynced();
    void truncate_forgetsWholeSegmentsAndKeepsWhatLives_data() { beds(); }
    void truncate_behindAGroupThatFoundNoSpaceCanCrashAnywhere();
    void truncate_forgetsWholeSegmentsAndKeepsWhatLives();
    void truncate_neverRemovesWhatItRewrote_data() { beds(); }
    void truncate_neverRemovesWhatItRewrote();
    void truncate_keepsTheNewestSegment_data() { beds(); }
    void truncate_keepsTheNewestSegment();

    void append_ofAGroupLargerThanASegmentMakesALargerOne();
    void append_aboveALimitIsInvalidAndChangesNothing();
    void append_onAFullDiskLeavesTheJournalAsItWas();
    void truncate_onAFullDiskMakesASmallSegment();
    void truncate_withoutSpaceForgetsNothingAndCanBeRepeated();
    void truncate_thatFoundNoSpaceStillNeedsTheOldSegments();
    void sync_thatFailedIsFinal();
    void sync_thatFailedIsNotBelievedAfterARestart();
    void lock_isHeldAgainstASecondJournal();
    void lock_isHeldAgainstAnotherProcess();
    void files_ofOtherNamesAreLeftAlone();

private:
    static void beds()
    {
        QTest::addColumn<QString>("bed");
        for (const char *name : {"twin", "memory", "posix"})
            QTest::addRow("%s", name) << QString::fromLatin1(name);
    }
};

void TestFileJournal::replay_givesRecordsInTheOrderOfAppends()
{
    QFETCH(QString, bed);
    const auto world = makeBed(bed);
    Journal &journal = world->restart();
    QVERIFY(journal.replay(ignore));
    QVERIFY(journal.append({vote(1), vote(2)}));
    QVERIFY(journal.append({vote(3)}));
    QVERIFY(journal.sync());
    world->crash();
    QCOMPARE(world->slots(), (Slots{1, 2, 3}));
}

void TestFileJournal::replay_givesBackWhatWasAppended()
{
    QFETCH(QString, bed);
    const auto world = makeBed(bed);
    SeededRandom random(7);
    Records written{founding()};
    for (int i = 0; i < 200; ++i) {
        const auto kind = static_cast<RecordKind>(2 + random.below(6));
        const Ballot ballot{Epoch(random.next()), random.next(), NodeId(random.next())};
        const auto bytes = qsizetype(random.below(i % 40 == 0 ? 20'000 : 300));
        written.push_back({kind, Slot(random.next()), ballot, QByteArray(bytes, char(i))});
    }
    for (int life = 0; life < 4; ++life) {
        Journal &journal = world->restart();
        QVERIFY(journal.replay(ignore));
        for (std::size_t i = 0; i < 50; ++i)
            QVERIFY(journal.append({written[std::size_t(life) * 50 + i]}));
        QVERIFY(journal.sync());
    }
    Records read;
    QVERIFY(world->restart().replay([&read](const JournalRecord &record) -> Result<void> {
        read.push_back(record);
        return {};
    }));
    written.resize(200);
    QVERIFY(read == written);
}

void TestFileJournal::replay_makesDurableWhatAKilledProcessHadNotSynced()
{
    QFETCH(QString, bed);
    const auto world = makeBed(bed);
    Journal &journal = world->restart();
    QVERIFY(journal.replay(ignore));
    QVERIFY(journal.append({vote(1)}));
    QCOMPARE(world->slots(), (Slots{1}));
    world->crash();
    QCOMPARE(world->slots(), (Slots{1}));
}

void TestFileJournal::replay_stopsWithTheErrorOfTheVisitor()
{
    QFETCH(QString, bed);
    const auto world = makeBed(bed);
    Journal &journal = world->restart();
    QVERIFY(journal.replay(ignore));
    QVERIFY(journal.append({vote(1), vote(2)}));
    int visited = 0;
    const Result<void> result =
        world->restart().replay([&visited](const JournalRecord &) -> Result<void> {
            ++visited;
            return Error{ErrorCode::corrupt, QStringLiteral("enough")};
        });
    QVERIFY(!result);
    QCOMPARE(result.error().message, QStringLiteral("enough"));
    QCOMPARE(visited, 1);
}

void TestFileJournal::replay_ofNothingIsEmpty()
{
    QFETCH(QString, bed);
    const auto world = makeBed(bed);
    QCOMPARE(world->slots(), Slots{});
    QCOMPARE(world->slots(), Slots{});
}

void TestFileJournal::crash_losesWhatWasNotSynced()
{
    QFETCH(QString, bed);
    const auto world = makeBed(bed);
    Journal &journal = world->restart();
    QVERIFY(journal.replay(ignore));
    QVERIFY(journal.append({vote(1)}));
    QVERIFY(journal.sync());
    QVERIFY(journal.append({vote(2), vote(3)}));
    const bool isLost = world->crash();
    QCOMPARE(world->slots(), (isLost ? Slots{1} : Slots{1, 2, 3}));
}

/// Found by the simulator (seed 84): the first segment named the cluster of a record that the crash
/// took away, and refused the one that the node became part of later.
void TestFileJournal::crash_losesTheClusterOfARecordThatWasNotSynced()
{
    storage::MemoryFileSystem files;
    const auto nothing = [](const storage::JournalRecord &) { return Result<void>(); };
    {
        storage::FileJournal journal(files, test::smallSegments());
        QVERIFY(journal.replay(nothing));
        QVERIFY(journal.append({test::founding(1)}));
    }
    files.crash([](std::size_t) { return std::size_t(0); });
    {
        storage::FileJournal journal(files, test::smallSegments());
        QVERIFY(journal.replay(nothing));
        QVERIFY(journal.append({test::founding(2)}));
        QVERIFY(journal.sync());
    }
    const Result<test::Records> found = test::readAll(files);
    QVERIFY2(found, found ? "" : qPrintable(found.error().message));
    QVERIFY(*found == test::Records{test::founding(2)});
}

/// The zeros behind a group find no space, the group itself does: it stands there as a whole, and
/// must not be believed once a next segment was begun without it.
void TestFileJournal::truncate_behindAGroupThatFoundNoSpaceCanCrashAnywhere()
{
    const auto nothing = [](const storage::JournalRecord &) { return Result<void>(); };
    auto options = test::smallSegments();
    options.fillBytes = 4096;
    int crashes = 0;
    for (int calls = 0;; ++calls) {
        storage::MemoryFileSystem files;
        storage::FileJournal journal(files, options);
        QVERIFY(journal.replay(nothing));
        for (std::uint64_t slot = 1; slot <= 12; ++slot) { // more than one segment
            QVERIFY(journal.append({test::vote(slot, 900)}));
            QVERIFY(journal.sync());
        }
        files.setFaultHook([](storage::FileCall call, const QString &) {
            return call == storage::FileCall::write
                       ? std::optional(Error{ErrorCode::noSpace, QStringLiteral("full")})
                       : std::nullopt;
        });
        QVERIFY(!journal.append({test::vote(13, 10)}));
        files.setFaultHook([left = calls](storage::FileCall, const QString &) mutable {
            if (left-- == 0)
                throw test::Down();
            return std::optional<Error>();
        });
        bool isDown = false;
        try {
            QVERIFY(journal.truncate(Slot(12), {test::founding(), test::promise(3)}));
        } catch (const test::Down &) {
            isDown = true;
        }
        files.setFaultHook(nullptr);
        files.crash([](std::size_t states) { return states; });
        const Result<test::Records> found = test::readAll(files);
        QVERIFY2(found, found ? "" : qPrintable(found.error().message));
        if (!isDown)
            break;
        ++crashes;
    }
    QVERIFY2(crashes > 8, qPrintable(QString::number(crashes)));
}

void TestFileJournal::truncate_forgetsWholeSegmentsAndKeepsWhatLives()
{
    QFETCH(QString, bed);
    const auto world = makeBed(bed);
    Journal &journal = world->restart();
    QVERIFY(journal.replay(ignore));
    for (std::uint64_t slot = 1; slot <= 40; ++slot) {
        QVERIFY(journal.append({vote(slot, 900)}));
        QVERIFY(journal.sync());
    }
    QVERIFY(journal.truncate(Slot(20), {promise(9)}));
    world->crash();
    const Slots left = world->slots();
    QVERIFY(left.size() < 40);
    QVERIFY(left.front() > 1 && left.front() <= 21); // all above 20 are left
    QCOMPARE(left.back(), std::uint64_t(0));         // and the promise
    QCOMPARE(left[left.size() - 2], std::uint64_t(40));
}

/// The live records once straddled two segments, and the first of them was removed again.
void TestFileJournal::truncate_neverRemovesWhatItRewrote()
{
    QFETCH(QString, bed);
    for (qsizetype padding = 0; padding < 4000;
         padding += bed == QLatin1String("posix") ? 700 : 97) {
        const auto world = makeBed(bed);
        Journal &journal = world->restart();
        QVERIFY(journal.replay(ignore));
        for (std::uint64_t slot = 1; slot <= 6; ++slot) {
            QVERIFY(journal.append({vote(slot, 20 + padding)}));
            QVERIFY(journal.sync());
        }
        JournalRecord large = founding();
        large.payload += QByteArray("\x12\xff\x01", 3) + QByteArray(255, '\0'); // unknown to us
        QVERIFY(journal.truncate(Slot(6), {large, promise(9)}));
        QVERIFY(journal.truncate(Slot(6), {large, promise(9)}));
        int found = 0;
        const auto count = [&found](const JournalRecord &record) -> Result<void> {
            found += record.kind == RecordKind::founding ? 1 : 0;
            return {};
        };
        QVERIFY(world->restart().replay(count));
        QVERIFY2(found > 0 || padding < 1300, qPrintable(QString::number(padding)));
    }
}

void TestFileJournal::truncate_keepsTheNewestSegment()
{
    QFETCH(QString, bed);
    const auto world = makeBed(bed);
    Journal &journal = world->restart();
    QVERIFY(journal.replay(ignore));
    QVERIFY(journal.append({vote(1), vote(2)}));
    QVERIFY(journal.sync());
    QVERIFY(journal.truncate(Slot(9), {promise(9)}));
    QCOMPARE(world->slots(), (Slots{1, 2}));
}

void TestFileJournal::append_ofAGroupLargerThanASegmentMakesALargerOne()
{
    MemoryFileSystem files;
    FileJournal journal(files, smallSegments());
    QVERIFY(journal.replay(ignore));
    const Records large{vote(1, 1'000'000), vote(2, 1'000'000)};
    QVERIFY(journal.append({vote(0)}));
    QVERIFY(journal.append(large));
    QVERIFY(journal.append({vote(3)}));
    QVERIFY(journal.sync());
    files.crash([](std::size_t) { return std::size_t(0); });
    const auto found = readAll(files);
    QVERIFY(found);
    QVERIFY(*found == (Records{vote(0), large[0], large[1], vote(3)}));
}

void TestFileJournal::append_aboveALimitIsInvalidAndChangesNothing()
{
    MemoryFileSystem files;
    FileJournal journal(files, smallSegments());
    QVERIFY(journal.replay(ignore));
    QVERIFY(journal.append({vote(1, qsizetype(format::payloadBytesMax))}));
    const Result<void> refused =
        journal.append({vote(2), vote(3, qsizetype(format::payloadBytesMax) + 1)});
    QVERIFY(!refused);
    QCOMPARE(refused.error().code, ErrorCode::invalid);
    QVERIFY(journal.append({vote(4)}));
    QVERIFY(journal.sync());
    QCOMPARE(journal.nextLsn(), std::uint64_t(3));
}

void TestFileJournal::append_onAFullDiskLeavesTheJournalAsItWas()
{
    MemoryFileSystem files;
    FileJournal journal(files, smallSegments());
    QVERIFY(journal.replay(ignore));
    files.setCapacity(8192);
    QVERIFY(journal.append({vote(1, 2000)}));
    QVERIFY(journal.sync());
    for (int i = 0; i < 3; ++i) {
        const Result<void> full = journal.append({vote(2, 2000)});
        QVERIFY(!full);
        QCOMPARE(full.error().code, ErrorCode::noSpace);
        QVERIFY(journal.sync());
    }
    QVERIFY(journal.append({vote(3, 600)})); // there is still room for this one
    files.setCapacity(std::nullopt);
    QVERIFY(journal.append({vote(2, 2000)}));
    QVERIFY(journal.sync());
    files.crash([](std::size_t) { return std::size_t(0); });
    const auto found = readAll(files);
    QVERIFY(found);
    QVERIFY(*found == (Records{vote(1, 2000), vote(3, 600), vote(2, 2000)}));
}

/// A journal of three segments, the last one nearly full, on a disk with \a spare bytes left.
static void fill(MemoryFileSystem &files, FileJournal &journal, std::uint64_t spare)
{
    QVERIFY(journal.replay(ignore));
    for (std::uint64_t slot = 1; slot <= 9; ++slot) {
        QVERIFY(journal.append({vote(slot, 900)}));
        QVERIFY(journal.sync());
    }
    files.setCapacity(files.usedBytes() + spare);
}

void TestFileJournal::truncate_onAFullDiskMakesASmallSegment()
{
    MemoryFileSystem files;
    FileJournal journal(files, smallSegments());
    fill(files, journal, 6000); // a whole segment has 8192
    const std::uint64_t before = files.usedBytes();
    QVERIFY(journal.truncate(Slot(9), {founding(), promise(9)}));
    QVERIFY(files.usedBytes() < before);
    files.crash([](std::size_t) { return std::size_t(0); });
    const auto found = readAll(files);
    QVERIFY(found);
    QVERIFY(*found == (Records{founding(), promise(9)}));
}

void TestFileJournal::truncate_withoutSpaceForgetsNothingAndCanBeRepeated()
{
    MemoryFileSystem files;
    FileJournal journal(files, smallSegments());
    fill(files, journal, 100);
    for (int i = 0; i < 3; ++i) {
        const Result<void> full = journal.truncate(Slot(9), {founding(), promise(9)});
        QVERIFY(!full);
        QCOMPARE(full.error().code, ErrorCode::noSpace);
    }
    QCOMPARE(journal.nextLsn(), std::uint64_t(10));
    files.setCapacity(std::nullopt);
    QVERIFY(journal.truncate(Slot(9), {founding(), promise(9)}));
    QCOMPARE(journal.nextLsn(), std::uint64_t(12));
    files.crash([](std::size_t) { return std::size_t(0); });
    const auto found = readAll(files);
    QVERIFY(found);
    QCOMPARE(found->size(), std::size_t(2));
}

/// What is written after the failed try must not say that the journal begins later now.
void TestFileJournal::truncate_thatFoundNoSpaceStillNeedsTheOldSegments()
{
    MemoryFileSystem files;
    FileJournal journal(files, smallSegments());
    fill(files, journal, 100'000);
    files.setFaultHook([](FileCall call, const QString &name) -> std::optional<Error> {
        const bool isLive = call == FileCall::write && name == format::segmentName(4);
        return isLive ? std::optional(Error{ErrorCode::noSpace, name}) : std::nullopt;
    });
    const Result<void> full = journal.truncate(Slot(9), {founding(), promise(9)});
    QVERIFY(!full);
    QCOMPARE(full.error().code, ErrorCode::noSpace);
    files.setFaultHook(nullptr);
    QVERIFY(journal.append({vote(10)}));
    QVERIFY(journal.sync());
    MemoryFileSystem::Image left = files.image();
    files.restore(left);
    QVERIFY(readAll(files));
    left.erase(format::segmentName(1));
    files.restore(left);
    QVERIFY(!readAll(files));
}

/// Says that the first sync of a segment fails.
static MemoryFileSystem::FaultHook oneSyncFails()
{
    return [isDone = false](FileCall call, const QString &name) mutable -> std::optional<Error> {
        if (call != FileCall::sync || isDone)
            return std::nullopt;
        isDone = true;
        return Error{ErrorCode::io, name + QStringLiteral(": injected")};
    };
}

void TestFileJournal::sync_thatFailedIsFinal()
{
    MemoryFileSystem files;
    FileJournal journal(files, smallSegments());
    QVERIFY(journal.replay(ignore));
    QVERIFY(journal.append({vote(1)}));
    files.setFaultHook(oneSyncFails());
    for (int i = 0; i < 2; ++i) {
        const Result<void> failed = journal.sync();
        QVERIFY(!failed);
        QCOMPARE(failed.error().code, ErrorCode::syncFailed);
    }
    QVERIFY(!journal.append({vote(2)}));
    QVERIFY(!journal.truncate(Slot(1), {promise(1)}));
}

/// The kernel still shows the bytes that it failed to write, and thinks that they are written.
void TestFileJournal::sync_thatFailedIsNotBelievedAfterARestart()
{
    MemoryFileSystem files;
    {
        FileJournal journal(files, smallSegments());
        QVERIFY(journal.replay(ignore));
        QVERIFY(journal.append({vote(1)}));
        QVERIFY(journal.sync());
        QVERIFY(journal.append({vote(2)}));
        files.setFaultHook(oneSyncFails());
        QVERIFY(!journal.sync());
    }
    const auto seen = readAll(files);
    QVERIFY(seen);
    QCOMPARE(seen->size(), std::size_t(2));
    files.crash([](std::size_t) { return std::size_t(0); });
    const auto left = readAll(files);
    QVERIFY(left);
    QVERIFY(*left == *seen);
}

void TestFileJournal::lock_isHeldAgainstASecondJournal()
{
    QTemporaryDir directory;
    const auto files = PosixFileSystem::open(directory.path());
    QVERIFY(files);
    const auto others = PosixFileSystem::open(directory.path());
    QVERIFY(others);
    {
        FileJournal journal(**files, smallSegments());
        QVERIFY(journal.replay(ignore));
        const auto refused = readAll(**others);
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, ErrorCode::refused);
        const QString holder = QStringLiteral("locked by process %1;").arg(::getpid());
        QVERIFY2(refused.error().message.contains(holder), qPrintable(refused.error().message));
        QVERIFY(journal.append({vote(1)}));
    }
    QVERIFY(readAll(**others));
}

void TestFileJournal::lock_isHeldAgainstAnotherProcess()
{
    QTemporaryDir directory;
    const auto files = PosixFileSystem::open(directory.path());
    QVERIFY(files);
    FileJournal journal(**files, smallSegments());
    QVERIFY(journal.replay(ignore));
    const pid_t child = ::fork();
    if (child == 0) {
        const auto own = PosixFileSystem::open(directory.path());
        const auto read = own ? readAll(**own) : Result<Records>(own.error());
        ::_exit(!read && read.error().code == ErrorCode::refused ? 42 : 1);
    }
    QVERIFY(child > 0);
    int status = 0;
    QCOMPARE(::waitpid(child, &status, 0), child);
    QVERIFY(WIFEXITED(status));
    QCOMPARE(WEXITSTATUS(status), 42);
}

void TestFileJournal::files_ofOtherNamesAreLeftAlone()
{
    MemoryFileSystem files;
    for (const char *name :
         {"checkpoint.sqlite", "segment-1", "segment-000000000000000g", "segment"})
        QVERIFY(files.create(QLatin1String(name)));
    FileJournal journal(files, smallSegments());
    QVERIFY(journal.replay(ignore));
    QVERIFY(journal.append({vote(1)}));
    QVERIFY(journal.sync());
    QCOMPARE(files.names()->size(), qsizetype(5));
}

QTEST_APPLESS_MAIN(TestFileJournal)
#include "tst_file_journal.moc"
