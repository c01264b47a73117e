// SPDX-License-Identifier: Apache-2.0
#include "unit/storage/journal_samples.h"

#include <QTest>

#include <array>

using namespace coffer;
using namespace coffer::storage;
using namespace coffer::test;

/// The world ends or misbehaves at every single call in turn; what is left must be everything that
/// was durable, and nothing that was not appended.
class TestFileJournalFaults : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void crash_atEveryCallLosesNothingThatWasSynced_data() { seeds(); }
    void crash_atEveryCallLosesNothingThatWasSynced();
    void crash_atEveryCallOfARecoveryLosesNothing();
    void failure_ofEveryCallLosesNothingThatWasSynced_data();
    void failure_ofEveryCallLosesNothingThatWasSynced();
    void noSpace_atEveryCallIsGotOver();
    void kill_leavesWhatWasWritten();
    void capacity_thatEndsAnywhereIsGotOver();

private:
    static void seeds()
    {
        QTest::addColumn<quint64>("seed");
        for (quint64 seed = 1; seed <= 3; ++seed)
            QTest::addRow("seed %llu", static_cast<unsigned long long>(seed)) << seed;
    }
};

static constexpr int stepsBefore = 40;
static constexpr int stepsAfter = 60;
static constexpr int survivorChoices = 6;

/// Power loss: nothing, everything, or what chance says of the un-synced writes survives.
static void crash(MemoryFileSystem &files, int choice, std::uint64_t seed)
{
    SeededRandom random(seed * 1000 + std::uint64_t(choice));
    if (choice == 0)
        files.crash([](std::size_t) { return std::size_t(0); });
    else if (choice == 1)
        files.crash([](std::size_t count) { return count; });
    else
        files.crash(random);
}

/// Lets the \a nth call from now on throw.
static void goDownAt(MemoryFileSystem &files, int nth)
{
    files.setFaultHook([nth, count = 0](FileCall, const QString &) mutable -> std::optional<Error> {
        if (++count == nth)
            throw Down();
        return std::nullopt;
    });
}

/// True when the machine went down before \a work had ended.
template<class Work>
static bool wentDown(const Work &work)
{
    try {
        work();
    } catch (const Down &) {
        return true;
    }
    return false;
}

void TestFileJournalFaults::crash_atEveryCallLosesNothingThatWasSynced()
{
    QFETCH(quint64, seed);
    int crashes = 0;
    bool isDown = true;
    for (int nth = 1; isDown; ++nth) {
        for (int choice = 0; choice < survivorChoices; ++choice) {
            MemoryFileSystem files;
            JournalDriver driver(files, seed);
            goDownAt(files, nth);
            isDown = wentDown([&driver] {
                static_cast<void>(driver.start());
                driver.run(stepsBefore);
            });
            driver.stop();
            files.setFaultHook(nullptr);
            crash(files, choice, seed * 7919 + std::uint64_t(nth));
            QCOMPARE(driver.start(), QString());
            driver.run(stepsAfter);
            QVERIFY(!driver.failure());
            driver.stop();
            crash(files, choice, std::uint64_t(nth));
            QCOMPARE(driver.start(), QString());
            ++crashes;
        }
    }
    qInfo("%d crashes, %d calls", crashes, crashes / survivorChoices - 1);
    QVERIFY(crashes > 100 * survivorChoices);
}

/// Two power losses: one in the script, one at each call of the recovery from it.
void TestFileJournalFaults::crash_atEveryCallOfARecoveryLosesNothing()
{
    int crashes = 0;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        bool isDown = true;
        for (int nth = 1; isDown; ++nth) {
            MemoryFileSystem files;
            JournalDriver driver(files, seed);
            goDownAt(files, 20 + int(seed) * 3);
            QVERIFY(wentDown([&driver] {
                static_cast<void>(driver.start());
                driver.run(1000);
            }));
            driver.stop();
            files.setFaultHook(nullptr);
            crash(files, 2, seed);
            goDownAt(files, nth);
            isDown = wentDown([&driver] { static_cast<void>(driver.start()); });
            driver.stop();
            files.setFaultHook(nullptr);
            crash(files, 2, seed + std::uint64_t(nth));
            QCOMPARE(driver.start(), QString());
            driver.run(driver.steps() + 5);
            QVERIFY(!driver.failure());
            driver.stop();
            crash(files, 0, seed);
            QCOMPARE(driver.start(), QString());
            ++crashes;
        }
    }
    qInfo("%d crashes in recoveries", crashes);
    QVERIFY(crashes > 400);
}

void TestFileJournalFaults::failure_ofEveryCallLosesNothingThatWasSynced_data()
{
    QTest::addColumn<bool>("isForEver");
    QTest::addRow("once") << false;
    QTest::addRow("for ever") << true;
}

/// The process ends at the error and starts again; later the power fails too.
void TestFileJournalFaults::failure_ofEveryCallLosesNothingThatWasSynced()
{
    QFETCH(bool, isForEver);
    int failures = 0;
    std::array<int, 13> kinds{};
    for (int nth = 1;; ++nth) {
        MemoryFileSystem files;
        JournalDriver driver(files, 5);
        bool hasFailed = false;
        files.setFaultHook(
            [&, count = 0](FileCall call, const QString &) mutable -> std::optional<Error> {
                const bool isHit = ++count == nth || (isForEver && count > nth);
                if (!isHit)
                    return std::nullopt;
                if (!hasFailed)
                    ++kinds[std::size_t(call)];
                hasFailed = true;
                return Error{ErrorCode::io, QStringLiteral("injected")};
            });
        const QString started = driver.start();
        if (started.isEmpty())
            driver.run(stepsBefore);
        if (!hasFailed)
            break;
        QVERIFY(!started.isEmpty() || driver.failure());
        driver.stop();
        files.setFaultHook(nullptr);
        QCOMPARE(driver.start(), QString());
        driver.stop();
        crash(files, nth % 2 == 0 ? 0 : 2, std::uint64_t(nth));
        QCOMPARE(driver.start(), QString());
        driver.run(stepsAfter);
        QVERIFY(!driver.failure());
        ++failures;
    }
    qInfo("%d failures: %d writes, %d syncs, %d renames, %d removals, %d directory syncs", failures,
          kinds[std::size_t(FileCall::write)], kinds[std::size_t(FileCall::sync)],
          kinds[std::size_t(FileCall::rename)], kinds[std::size_t(FileCall::remove)],
          kinds[std::size_t(FileCall::syncDirectory)]);
    for (const FileCall call : {FileCall::lock, FileCall::names, FileCall::open, FileCall::create,
                                FileCall::preallocate, FileCall::write, FileCall::sync,
                                FileCall::rename, FileCall::remove, FileCall::syncDirectory})
        QVERIFY2(kinds[std::size_t(call)] > 0, qPrintable(QString::number(int(call))));
}

/// Each call says once that the disk is full. Either the operation can be repeated, or (a sync)
/// the error is final and the process starts again.
void TestFileJournalFaults::noSpace_atEveryCallIsGotOver()
{
    int repeated = 0;
    int restarted = 0;
    for (int nth = 1;; ++nth) {
        MemoryFileSystem files;
        JournalDriver driver(files, 5);
        bool hasFailed = false;
        files.setFaultHook(
            [&, count = 0](FileCall, const QString &) mutable -> std::optional<Error> {
                if (++count != nth)
                    return std::nullopt;
                hasFailed = true;
                return Error{ErrorCode::noSpace, QStringLiteral("injected")};
            });
        if (driver.start().isEmpty())
            driver.run(stepsBefore);
        if (!hasFailed)
            break;
        files.setFaultHook(nullptr);
        if (driver.failure() && driver.failure()->code == ErrorCode::noSpace) {
            driver.run(stepsAfter);
            QVERIFY2(!driver.failure(), qPrintable(QString::number(nth)));
            ++repeated;
        } else {
            ++restarted;
        }
        driver.stop();
        QCOMPARE(driver.start(), QString());
        driver.stop();
        crash(files, 0, 1);
        QCOMPARE(driver.start(), QString());
    }
    qInfo("%d operations repeated, %d final or passed over", repeated, restarted);
    QVERIFY(repeated > 40);
    QVERIFY(restarted > 10);
}

/// A process that is killed leaves to the kernel what it wrote; the next one makes it durable.
void TestFileJournalFaults::kill_leavesWhatWasWritten()
{
    int kills = 0;
    bool isDown = true;
    for (int nth = 1; isDown; ++nth) {
        MemoryFileSystem files;
        JournalDriver driver(files, 9);
        goDownAt(files, nth);
        isDown = wentDown([&driver] {
            static_cast<void>(driver.start());
            driver.run(stepsBefore);
        });
        driver.stop();
        files.setFaultHook(nullptr);
        QCOMPARE(driver.start(), QString());
        const std::size_t count = driver.recordCount();
        driver.stop();
        crash(files, 0, 1);
        QCOMPARE(driver.start(), QString());
        QCOMPARE(driver.recordCount(), count);
        ++kills;
    }
    qInfo("%d kills", kills);
    QVERIFY(kills > 100);
}

/// The disk really is full at some size, with the truth of what fits left to the twin.
void TestFileJournalFaults::capacity_thatEndsAnywhereIsGotOver()
{
    int full = 0;
    for (std::uint64_t capacity = 0; capacity < 64 * 1024; capacity += 1111) {
        MemoryFileSystem files;
        JournalDriver driver(files, 3);
        files.setCapacity(capacity);
        QCOMPARE(driver.start(), QString());
        driver.run(stepsBefore);
        if (driver.failure()) {
            QCOMPARE(driver.failure()->code, ErrorCode::noSpace);
            ++full;
            driver.run(stepsBefore); // still full
            files.setCapacity(std::nullopt);
            driver.run(stepsAfter);
        }
        QVERIFY(!driver.failure());
        driver.stop();
        crash(files, 0, 1);
        QCOMPARE(driver.start(), QString());
    }
    qInfo("%d times full", full);
    QVERIFY(full > 10);
}

QTEST_APPLESS_MAIN(TestFileJournalFaults)
#include "tst_file_journal_faults.moc"
