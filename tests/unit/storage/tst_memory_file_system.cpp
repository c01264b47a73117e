// SPDX-License-Identifier: Apache-2.0
#include "storage/memory_file_system.h"

#include <QTest>

#include <set>

using namespace coffer;
using namespace coffer::storage;

static const QString name = QStringLiteral("file");

static std::size_t none(std::size_t) { return 0; }
static std::size_t all(std::size_t count) { return count; }

/// A durable file of \a sectors sectors of 'a'.
static std::unique_ptr<File> durableFile(MemoryFileSystem &files, int sectors)
{
    auto file = files.create(name);
    const bool isDone = file && (*file)->write(0, QByteArray(512 * sectors, 'a')) && (*file)->sync()
                        && files.syncDirectory();
    return isDone ? std::move(*file) : nullptr;
}

/// What a process reads that starts now.
static QByteArray contents(MemoryFileSystem &files)
{
    const auto file = files.open(name, FileSystem::Open::read);
    if (!file)
        return "no file";
    const auto bytes = (*file)->read(0, 1 << 20);
    return bytes ? *bytes : QByteArray("no bytes");
}

/// The first letter of each sector.
static QByteArray letters(MemoryFileSystem &files)
{
    QByteArray letters;
    const QByteArray bytes = contents(files);
    for (qsizetype at = 0; at < bytes.size(); at += 512)
        letters += bytes.at(at);
    return letters;
}

class TestMemoryFileSystem : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void write_isReadAtOnceAndLostWithoutASync()
    {
        MemoryFileSystem files;
        const auto file = durableFile(files, 2);
        QVERIFY(file->write(512, QByteArray(1024, 'b')));
        QCOMPARE(letters(files), QByteArray("abb"));
        files.crash(none);
        QCOMPARE(letters(files), QByteArray("aa"));
    }

    void write_isDurableAfterASync()
    {
        MemoryFileSystem files;
        const auto file = durableFile(files, 2);
        QVERIFY(file->write(512, QByteArray(1024, 'b')));
        QVERIFY(file->sync());
        files.crash(none);
        QCOMPARE(letters(files), QByteArray("abb"));
    }

    /// As with O_TRUNC: no later change of the directory can bring the old file back.
    void create_emptiesTheFileThatIsThere()
    {
        MemoryFileSystem files;
        (void)durableFile(files, 2);
        const auto file = files.create(name);
        QVERIFY(file.has_value());
        QVERIFY((*file)->write(0, QByteArray(512, 'b')));
        QVERIFY((*file)->sync());
        files.crash(none);
        QCOMPARE(letters(files), QByteArray("b"));
    }

    void crash_leavesARenamedFileOrNone()
    {
        MemoryFileSystem files;
        (void)files.create(QStringLiteral("draft")); // kept
        QVERIFY(files.remove(QStringLiteral("draft")));
        const auto file = files.create(QStringLiteral("draft"));
        QVERIFY(file.has_value());
        QVERIFY((*file)->write(0, QByteArray(512, 'b')));
        QVERIFY((*file)->sync());
        QVERIFY(files.rename(QStringLiteral("draft"), name)); // kept
        int change = 0;
        files.crash([&change](std::size_t) { return std::size_t(++change == 1 || change == 4); });
        QCOMPARE(letters(files), QByteArray("b"));
    }

    void resize_leavesZerosWhereItCut()
    {
        MemoryFileSystem files;
        const auto file = durableFile(files, 2);
        QVERIFY(file->resize(512));
        QVERIFY(file->resize(1024));
        QVERIFY(file->sync());
        files.crash(none);
        QVERIFY(files.image().at(name) == QByteArray(512, 'a') + QByteArray(512, '\0'));
    }

    /// Of two writes to three sectors, every mixture of old, first and second.
    void crash_leavesEachSectorAtAnyOfItsStates()
    {
        std::set<QByteArray> seen;
        for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
            MemoryFileSystem files;
            const auto file = durableFile(files, 3);
            QVERIFY(file->write(0, QByteArray(3 * 512, 'b')));
            QVERIFY(file->write(0, QByteArray(3 * 512, 'c')));
            SeededRandom random(seed);
            files.crash(random);
            seen.insert(letters(files));
        }
        QCOMPARE(seen.size(), std::size_t(27));
    }

    /// A sector goes to the disk as it is at that time: a later state has the earlier write in it.
    void crash_neverUndoesAnEarlierWriteOfASector()
    {
        for (std::uint64_t seed = 1; seed <= 100; ++seed) {
            MemoryFileSystem files;
            const auto file = durableFile(files, 1);
            QVERIFY(file->write(0, QByteArray("b")));
            QVERIFY(file->write(100, QByteArray("c")));
            SeededRandom random(seed);
            files.crash(random);
            const QByteArray left = contents(files);
            QVERIFY(left.at(100) != 'c' || left.at(0) == 'b');
        }
    }

    void crash_mayLoseCreationRenameAndRemoval()
    {
        std::set<QStringList> seen;
        for (std::uint64_t seed = 1; seed <= 200; ++seed) {
            MemoryFileSystem files;
            static_cast<void>(durableFile(files, 1));
            QVERIFY(files.create(QStringLiteral("draft")));
            QVERIFY(files.rename(QStringLiteral("draft"), QStringLiteral("final")));
            QVERIFY(files.remove(name));
            SeededRandom random(seed);
            files.crash(random);
            seen.insert(*files.names());
        }
        // With or without the old file, each with neither, draft, or final.
        QCOMPARE(seen.size(), std::size_t(6));
    }

    void syncDirectory_makesNamesDurableAndNotContents()
    {
        MemoryFileSystem files;
        const auto file = files.create(name);
        QVERIFY((*file)->write(0, "bytes"));
        QVERIFY(files.syncDirectory());
        files.crash(none);
        QCOMPARE(contents(files), QByteArray());
        QCOMPARE(*files.names(), QStringList{name});
    }

    void sync_thatFailedLosesThePagesThoughTheyAreStillRead()
    {
        MemoryFileSystem files;
        const auto file = durableFile(files, 2);
        QVERIFY(file->write(0, QByteArray(512, 'b')));
        files.setFaultHook([](FileCall call, const QString &) -> std::optional<Error> {
            if (call == FileCall::sync)
                return Error{ErrorCode::io, QStringLiteral("injected")};
            return std::nullopt;
        });
        const Result<void> failed = file->sync();
        QVERIFY(!failed);
        QCOMPARE(failed.error().code, ErrorCode::syncFailed);
        files.setFaultHook(nullptr);
        QVERIFY(file->write(512, QByteArray(512, 'c')));
        QVERIFY(file->sync());
        QCOMPARE(letters(files), QByteArray("bc"));
        files.crash(all);
        QCOMPARE(letters(files), QByteArray("ac"));
    }

    void write_thatFailedLeavesHalf()
    {
        MemoryFileSystem files;
        const auto file = durableFile(files, 2);
        files.setFaultHook([](FileCall, const QString &) {
            return std::optional(Error{ErrorCode::io, QStringLiteral("injected")});
        });
        QVERIFY(!file->write(0, QByteArray(1024, 'b')));
        files.setFaultHook(nullptr);
        QCOMPARE(letters(files), QByteArray("ba"));
    }

    void capacity_isKeptByPreallocateAndFreedByRemove()
    {
        MemoryFileSystem files;
        files.setCapacity(2048);
        const auto file = durableFile(files, 2);
        QVERIFY(file->preallocate(2048));
        QCOMPARE(files.usedBytes(), std::uint64_t(2048));
        QVERIFY(file->write(1024, QByteArray(1024, 'b'))); // kept for it
        const Result<void> full = file->write(2048, "x");
        QVERIFY(!full);
        QCOMPARE(full.error().code, ErrorCode::noSpace);
        QVERIFY(!file->preallocate(2049));
        QVERIFY(files.remove(name));
        QCOMPARE(files.usedBytes(), std::uint64_t(0));
    }

    void handles_ofBeforeAPowerLossAreDead()
    {
        MemoryFileSystem files;
        const auto file = durableFile(files, 1);
        const auto lock = files.lock(QStringLiteral("lock"));
        QVERIFY(!files.lock(QStringLiteral("lock")));
        files.crash(none);
        QVERIFY(!file->write(0, "x"));
        QVERIFY(!file->read(0, 1));
        QVERIFY(files.lock(QStringLiteral("lock")));
    }

    void hook_isAskedForEachCallWithItsFile()
    {
        MemoryFileSystem files;
        std::vector<FileCall> calls;
        files.setFaultHook([&calls](FileCall call, const QString &) -> std::optional<Error> {
            calls.push_back(call);
            return std::nullopt;
        });
        const auto file = durableFile(files, 1);
        QVERIFY(file->size());
        QVERIFY(file->resize(10));
        QVERIFY(files.names());
        QVERIFY((calls
                 == std::vector{FileCall::create, FileCall::write, FileCall::sync,
                                FileCall::syncDirectory, FileCall::size, FileCall::resize,
                                FileCall::names}));
    }

    void restore_goesBackToAnImage()
    {
        MemoryFileSystem files;
        const auto file = durableFile(files, 1);
        const auto image = files.image();
        QVERIFY(file->write(0, QByteArray(512, 'b')));
        QVERIFY(file->sync());
        QVERIFY(files.create(QStringLiteral("other")));
        QVERIFY(files.syncDirectory());
        files.restore(image);
        QCOMPARE(letters(files), QByteArray("a"));
        QCOMPARE(*files.names(), QStringList{name});
        MemoryFileSystem another;
        another.restore(image);
        QCOMPARE(letters(another), QByteArray("a"));
    }

    void flip_changesADurableByte()
    {
        MemoryFileSystem files;
        static_cast<void>(durableFile(files, 1));
        QVERIFY(files.flip(name, 7, 3));
        QVERIFY(!files.flip(name, 512, 3));
        QVERIFY(!files.flip(QStringLiteral("other"), 0, 3));
        QCOMPARE(contents(files).at(7), 'b');
        files.crash(none);
        QCOMPARE(contents(files).at(7), 'b');
    }
};

QTEST_APPLESS_MAIN(TestMemoryFileSystem)
#include "tst_memory_file_system.moc"
