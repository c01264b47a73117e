// SPDX-License-Identifier: Apache-2.0
#include "unit/storage/checkpoint_life.h"

#include <QTest>

using namespace coffer;
using namespace coffer::test;

/// Faults at every single call of the disk in a node's life.
class TestSqliteCheckpointCrash : public QObject
{
    Q_OBJECT

private:
    std::vector<ForeignFile> m_foreign;
    int m_seeds = 1;

    [[nodiscard]] std::uint64_t callsOf(std::uint64_t seed) const
    {
        CheckpointLife life(seed, m_foreign);
        const Result<void> done = life.run();
        if (!done)
            qWarning("%s", qPrintable(done.error().message));
        return done ? life.vfs().calls() : 0;
    }

    /// Calls \a test with each call of each seed's life; it says what is wrong.
    [[nodiscard]] QString
    forEachCall(const std::function<QString(CheckpointLife &, std::uint64_t)> &test) const
    {
        for (std::uint64_t seed = 1; seed <= std::uint64_t(m_seeds); ++seed) {
            const std::uint64_t calls = callsOf(seed);
            if (calls == 0)
                return QStringLiteral("a life without faults fails");
            for (std::uint64_t call = 1; call <= calls; ++call) {
                CheckpointLife life(seed, m_foreign);
                const QString wrong = test(life, call);
                if (!wrong.isEmpty())
                    return QStringLiteral("seed %1, call %2: %3").arg(seed).arg(call).arg(wrong);
            }
        }
        return {};
    }

    /// What could not be read was an export or a received file; the checkpoint itself is sound.
    static bool isHarmless(const Error &error, const CheckpointLife &life)
    {
        return life.hasFailedToRead()
               || error.message.contains(QStringLiteral("the received file is refused"));
    }

    /// The node starts again, finds what it must find, and goes on.
    static QString startAgain(CheckpointLife &life, std::uint64_t call)
    {
        if (const Result<void> started = life.start(); !started)
            return QStringLiteral("start: ") + started.error().message;
        if (const QString difference = life.difference(); !difference.isEmpty())
            return difference;
        if (const Result<void> wentOn = life.goOn(call % 3 == 0); !wentOn)
            return QStringLiteral("going on: ") + wentOn.error().message;
        life.vfs().restart();
        if (const Result<void> started = life.start(); !started)
            return QStringLiteral("start after going on: ") + started.error().message;
        return life.difference();
    }

private Q_SLOTS:
    /// COFFER_SEEDS=N: so many lives instead of one.
    void initTestCase()
    {
        m_seeds = std::max(1, qEnvironmentVariableIntValue("COFFER_SEEDS"));
        for (std::uint64_t i = 1; i <= 3; ++i) {
            const Result<ForeignFile> file = makeForeignFile(i, 1000 * i);
            QVERIFY(file);
            m_foreign.push_back(*file);
        }
    }

    void crash_atEveryCallKeepsWhatWasCommitted()
    {
        int runs = 0;
        const QString wrong = forEachCall([&runs](CheckpointLife &life, std::uint64_t call) {
            life.vfs().failAt(call, SimVfs::Fault::crash);
            if (life.run())
                return QStringLiteral("survived the crash");
            ++runs;
            life.vfs().restart();
            return startAgain(life, call);
        });
        QVERIFY2(wrong.isEmpty(), qPrintable(wrong));
        qInfo("power lost at %d calls of %d lives", runs, m_seeds);
    }

    void crash_whileComingBackKeepsWhatWasCommitted()
    {
        int runs = 0;
        const QString wrong = forEachCall([&runs](CheckpointLife &life, std::uint64_t call) {
            life.vfs().failAt(call, SimVfs::Fault::crash);
            static_cast<void>(life.run());
            life.vfs().restart();
            for (std::uint64_t next = 1 + call % 7; next < 200; next += 17 + call % 29) {
                life.vfs().failAt(next, SimVfs::Fault::crash);
                const Result<void> started = life.start();
                ++runs;
                life.vfs().restart();
                if (started)
                    break;
            }
            return startAgain(life, call);
        });
        QVERIFY2(wrong.isEmpty(), qPrintable(wrong));
        qInfo("power lost again in %d starts", runs);
    }

    void kill_atEveryCallKeepsWhatWasCommitted()
    {
        int runs = 0;
        const QString wrong = forEachCall([&runs](CheckpointLife &life, std::uint64_t call) {
            life.vfs().failAt(call, SimVfs::Fault::crash);
            static_cast<void>(life.run());
            ++runs;
            life.vfs().restartProcess();
            return startAgain(life, call);
        });
        QVERIFY2(wrong.isEmpty(), qPrintable(wrong));
        qInfo("killed at %d calls", runs);
    }

    void failure_once_data() { failures(); }
    void failure_once() { failure(false); }
    void failure_forEver_data() { failures(); }
    void failure_forEver() { failure(true); }

    void noSpace_atEveryCallIsTriedAgain()
    {
        int runs = 0;
        int retries = 0;
        const QString wrong = forEachCall([&](CheckpointLife &life, std::uint64_t call) {
            life.vfs().failAt(call, SimVfs::Fault::full, call % 2 == 0);
            const Result<void> done = life.runWithRetries();
            if (!done)
                return done.error().message;
            ++runs;
            retries += life.retries();
            const QString difference = life.difference();
            if (!difference.isEmpty() || call % 4 != 0)
                return difference;
            life.vfs().restart();
            return startAgain(life, call);
        });
        QVERIFY2(wrong.isEmpty(), qPrintable(wrong));
        QVERIFY(retries > 100);
        qInfo("no space at %d calls, %d steps tried again", runs, retries);
    }

    void noSpace_ofASmallDiskIsTriedAgain()
    {
        int retries = 0;
        for (std::uint64_t capacity = 0; capacity < 800'000; capacity += 3001) {
            CheckpointLife life(1 + capacity % 5, m_foreign);
            life.vfs().setCapacity(capacity);
            const Result<void> done = life.runWithRetries();
            QVERIFY2(done, qPrintable(done ? QString() : done.error().message));
            retries += life.retries();
            const QString difference = life.difference();
            QVERIFY2(difference.isEmpty(), qPrintable(difference));
        }
        QVERIFY(retries > 50);
        qInfo("%d steps tried again", retries);
    }

private:
    static void failures()
    {
        QTest::addColumn<bool>("losesPower");
        QTest::newRow("and the process starts again") << false;
        QTest::newRow("and power is lost") << true;
    }

    void failure(bool isForEver)
    {
        QFETCH(bool, losesPower);
        int failed = 0;
        int unnoticed = 0;
        const QString wrong = forEachCall([&](CheckpointLife &life, std::uint64_t call) {
            life.vfs().failAt(call, SimVfs::Fault::io, isForEver);
            if (const Result<void> done = life.run(); done) {
                ++unnoticed;
                if (life.vfs().faults() != 1)
                    return QStringLiteral("nothing failed, or for ever, and nobody noticed");
            } else {
                ++failed;
                if (!isHarmless(done.error(), life) && !life.isRefusingEverything())
                    return QStringLiteral("a call was not refused after: ") + done.error().message;
            }
            if (losesPower)
                life.vfs().restart();
            else
                life.vfs().restartProcess();
            return startAgain(life, call);
        });
        QVERIFY2(wrong.isEmpty(), qPrintable(wrong));
        qInfo("%d failures, %d more that nobody noticed and that did no harm", failed, unnoticed);
    }
};

QTEST_APPLESS_MAIN(TestSqliteCheckpointCrash)
#include "tst_sqlite_checkpoint_crash.moc"
