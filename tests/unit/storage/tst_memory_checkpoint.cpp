// SPDX-License-Identifier: Apache-2.0
#include "storage/memory_checkpoint.h"
#include "support/checkpoint_trials.h"

#include <QTest>

using namespace coffer;
using namespace coffer::storage;

static CheckpointHeader header(std::uint64_t applied)
{
    return {ClusterId(5), Slot(applied), {applied, 1}, "configuration"};
}

static std::vector<Row> rowsOn(MemoryDisk &disk)
{
    std::vector<Row> rows;
    const Result<void> loaded =
        MemoryCheckpoint(disk).load([&rows](const Row &row) -> Result<void> {
            rows.push_back(row);
            return {};
        });
    return loaded ? rows : std::vector<Row>{};
}

static std::uint64_t appliedOn(MemoryDisk &disk)
{
    const auto opened = MemoryCheckpoint(disk).open();
    return opened && *opened ? (*opened)->applied.value() : 0;
}

/// All bytes of an export, read in small pieces.
static QByteArray exported(MemoryDisk &disk)
{
    const auto file = MemoryCheckpoint(disk).exportFile();
    QByteArray bytes;
    for (;;) {
        const Result<QByteArray> piece = (*file)->read(std::uint64_t(bytes.size()), 7);
        if (!piece || piece->isEmpty())
            return bytes;
        bytes += *piece;
    }
}

static Result<std::pair<CheckpointHeader, QByteArray>> staged(Checkpoint &checkpoint,
                                                              const QByteArray &file)
{
    for (qsizetype offset = 0; offset < file.size(); offset += 10) {
        if (const auto taken = checkpoint.receive(std::uint64_t(offset), file.mid(offset, 10));
            !taken)
            return taken.error();
    }
    return checkpoint.stage(coffer::test::acceptAll());
}

class TestMemoryCheckpoint : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void open_ofAnEmptyDiskFindsNothing()
    {
        MemoryDisk disk;
        const auto opened = MemoryCheckpoint(disk).open();
        QVERIFY(opened && !*opened);
        QVERIFY(disk.isEmpty());
    }

    void commit_thatFailsChangesNothing()
    {
        MemoryDisk disk;
        MemoryCheckpoint checkpoint(disk);
        QVERIFY(checkpoint.commit(header(3), {{1, "a", "1"}}));
        disk.setFaultHook([](DiskCall) {
            return std::optional(Error{ErrorCode::noSpace, QString()});
        });
        QVERIFY(!checkpoint.commit(header(4), {{1, "a", "2"}}));
        disk.setFaultHook(nullptr);
        QCOMPARE(appliedOn(disk), std::uint64_t(3));
        QVERIFY(rowsOn(disk) == (std::vector<Row>{{1, "a", "1"}}));
    }

    void stage_isNotUsedBeforeActivate()
    {
        MemoryDisk disk;
        QVERIFY(MemoryCheckpoint(disk).commit(header(9), {{1, "a", "1"}}));
        const QByteArray file = exported(disk);
        MemoryDisk other;
        MemoryCheckpoint target(other);
        QVERIFY(target.commit(header(2), {{1, "z", "1"}}));
        const auto generation = staged(target, file);
        QVERIFY(generation);
        other.crash(0);
        QCOMPARE(appliedOn(other), std::uint64_t(2));
        QVERIFY(MemoryCheckpoint(other).activate(generation->second));
        QCOMPARE(appliedOn(other), std::uint64_t(9));
        QVERIFY(rowsOn(other) == (std::vector<Row>{{1, "a", "1"}}));
    }

    void activate_isHarmlessWhenRepeated()
    {
        MemoryDisk disk;
        MemoryCheckpoint checkpoint(disk);
        QVERIFY(checkpoint.commit(header(9), {{1, "a", "1"}}));
        const auto generation = staged(checkpoint, exported(disk));
        QVERIFY(checkpoint.activate(generation->second));
        QVERIFY(checkpoint.commit(header(12), {{1, "a", "2"}}));
        QVERIFY(MemoryCheckpoint(disk).activate(generation->second));
        QCOMPARE(appliedOn(disk), std::uint64_t(12));
    }

    void receive_fromZeroForgetsWhatWasStaged()
    {
        MemoryDisk disk;
        MemoryCheckpoint checkpoint(disk);
        QVERIFY(checkpoint.commit(header(9), {{1, "a", "1"}}));
        const QByteArray file = exported(disk);
        const auto first = staged(checkpoint, file);
        QCOMPARE(disk.staged(), Slot(9));
        QVERIFY(checkpoint.receive(0, file.first(3)));
        QCOMPARE(disk.staged(), Slot());
        QVERIFY(!checkpoint.activate(first->second));
    }

    void stage_refusesEveryChangedByte()
    {
        MemoryDisk disk;
        MemoryCheckpoint checkpoint(disk);
        QVERIFY(checkpoint.commit(header(9), {{1, "a", "1"}, {2, "key", "value"}}));
        const QByteArray file = exported(disk);
        for (qsizetype i = 0; i < file.size(); ++i) {
            QByteArray damaged = file;
            damaged[i] = char(damaged[i] ^ 1);
            const auto result = staged(checkpoint, damaged);
            QVERIFY2(!result, qPrintable(QString::number(i)));
            QCOMPARE(result.error().code, ErrorCode::corrupt);
        }
        QVERIFY(!staged(checkpoint, file.chopped(1)));
        QVERIFY(staged(checkpoint, file));
    }

    void restore_takesTheCheckpointBackAsWell()
    {
        MemoryDisk disk;
        MemoryCheckpoint checkpoint(disk);
        QVERIFY(checkpoint.commit(header(3), {{1, "a", "1"}}));
        const MemoryDisk::Image image = disk.image();
        QVERIFY(checkpoint.commit(header(4), {{1, "a", "2"}}));
        disk.restore(image);
        QCOMPARE(appliedOn(disk), std::uint64_t(3));
    }
};

QTEST_APPLESS_MAIN(TestMemoryCheckpoint)
#include "tst_memory_checkpoint.moc"
