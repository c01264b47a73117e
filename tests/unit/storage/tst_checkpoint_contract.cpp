// SPDX-License-Identifier: Apache-2.0
#include "unit/storage/checkpoint_kit.h"

#include "storage/memory_checkpoint.h"

#include <QTest>

using namespace coffer;
using namespace coffer::storage;
using namespace coffer::test;

namespace {

/// One data directory of either kind; each open() is a process that starts.
class Directory
{
public:
    explicit Directory(bool isMemory) : m_isMemory(isMemory) {}

    std::unique_ptr<Checkpoint> open()
    {
        if (m_isMemory)
            return std::make_unique<MemoryCheckpoint>(m_disk);
        return onDisk(m_vfs);
    }

private:
    bool m_isMemory;
    MemoryDisk m_disk;
    SimVfs m_vfs{1};
};

} // namespace

/// What storage/checkpoint.h promises, for each implementation of it.
class TestCheckpointContract : public QObject
{
    Q_OBJECT

private:
    static void implementations()
    {
        QTest::addColumn<bool>("isMemory");
        QTest::newRow("memory") << true;
        QTest::newRow("SQLite") << false;
    }

    static Content contentIn(Directory &directory)
    {
        const Result<Content> content = contentOf(*directory.open());
        return content ? *content : Content{headerAt(999'999), {}};
    }

    static QByteArray fileAt(std::uint64_t applied, bool isMemory)
    {
        Directory source(isMemory);
        const auto checkpoint = source.open();
        const bool isDone =
            bool(checkpoint->commit(headerAt(applied), {{1, "a", "1"}, {2, "key", "value"}}));
        return isDone ? exportOf(*checkpoint).value_or(QByteArray()) : QByteArray();
    }

private Q_SLOTS:
    void open_ofAnEmptyDirectoryFindsNothing_data() { implementations(); }
    void open_ofAnEmptyDirectoryFindsNothing()
    {
        QFETCH(bool, isMemory);
        Directory directory(isMemory);
        QVERIFY(contentIn(directory) == Content());
        QVERIFY(contentIn(directory) == Content());
    }

    void commit_isCumulativeAndOrdered_data() { implementations(); }
    void commit_isCumulativeAndOrdered()
    {
        QFETCH(bool, isMemory);
        Directory directory(isMemory);
        const auto checkpoint = directory.open();
        QVERIFY(checkpoint->open());
        QVERIFY(checkpoint->commit(headerAt(3), {{2, "a", "1"}, {1, "b", "2"}, {1, "a", "3"}}));
        QVERIFY(checkpoint->commit(headerAt(5), {{1, "b", std::nullopt}, {1, "a", "4"}}));
        std::vector<Row> rows;
        QVERIFY(checkpoint->load([&rows](const Row &row) -> Result<void> {
            rows.push_back(row);
            return {};
        }));
        QVERIFY(rows == (std::vector<Row>{{1, "a", "4"}, {2, "a", "1"}}));
        QVERIFY(*checkpoint->open() == headerAt(5));
    }

    void commit_takesALaterChangeOfAKeyForTheLast_data() { implementations(); }
    void commit_takesALaterChangeOfAKeyForTheLast()
    {
        QFETCH(bool, isMemory);
        Directory directory(isMemory);
        QVERIFY(directory.open()->commit(
            headerAt(3), {{1, "a", "1"}, {1, "a", std::nullopt}, {1, "b", "2"}, {1, "b", "3"}}));
        QVERIFY((contentIn(directory) == Content{headerAt(3), {{{1, "b"}, "3"}}}));
    }

    void commit_takesEmptyKeysAndValues_data() { implementations(); }
    void commit_takesEmptyKeysAndValues()
    {
        QFETCH(bool, isMemory);
        Directory directory(isMemory);
        CheckpointHeader header = headerAt(1);
        header.configuration = {};
        const std::vector<Row> rows{{1, "", ""}, {2, QByteArray(1, '\0'), QByteArray(3, '\0')}};
        QVERIFY(directory.open()->commit(header, rows));
        Content expected;
        expected.commit(header, rows);
        QVERIFY(contentIn(directory) == expected);
    }

    void load_passesTheVisitorsErrorOn_data() { implementations(); }
    void load_passesTheVisitorsErrorOn()
    {
        QFETCH(bool, isMemory);
        Directory directory(isMemory);
        const auto checkpoint = directory.open();
        QVERIFY(checkpoint->commit(headerAt(3), {{1, "a", "1"}}));
        const Error mine{ErrorCode::corrupt, QStringLiteral("mine")};
        const Result<void> loaded =
            checkpoint->load([&mine](const Row &) -> Result<void> { return mine; });
        QVERIFY(!loaded && loaded.error() == mine);
        QVERIFY(checkpoint->commit(headerAt(4), {}));
    }

    void exportFile_isNotChangedByLaterCommits_data() { implementations(); }
    void exportFile_isNotChangedByLaterCommits()
    {
        QFETCH(bool, isMemory);
        Directory directory(isMemory);
        const auto checkpoint = directory.open();
        QVERIFY(!checkpoint->exportFile());
        QVERIFY(checkpoint->commit(headerAt(3), {{1, "a", "1"}}));
        const auto file = checkpoint->exportFile();
        QVERIFY(file);
        QVERIFY(checkpoint->commit(headerAt(4), {{1, "a", "2"}}));
        QVERIFY((*file)->header() == headerAt(3));
        Directory other(isMemory);
        const auto target = other.open();
        const auto generation = stageFile(*target, *(*file)->read(0, 1'000'000));
        QVERIFY(generation);
        QVERIFY(generation->first == headerAt(3));
        QVERIFY(target->activate(generation->second));
        QVERIFY((*contentOf(*target) == Content{headerAt(3), {{{1, "a"}, "1"}}}));
        QVERIFY((*file)->read((*file)->size(), 10)->isEmpty());
    }

    void stage_isNotUsedBeforeActivate_data() { implementations(); }
    void stage_isNotUsedBeforeActivate()
    {
        QFETCH(bool, isMemory);
        Directory directory(isMemory);
        const auto target = directory.open();
        QVERIFY(target->commit(headerAt(2), {{1, "z", "1"}}));
        const auto generation = stageFile(*target, fileAt(9, isMemory));
        QVERIFY(generation);
        QVERIFY((*contentOf(*target) == Content{headerAt(2), {{{1, "z"}, "1"}}}));
        QVERIFY(target->commit(headerAt(3), {{1, "z", "2"}}));
        QVERIFY(target->activate(generation->second));
        const Content expected{headerAt(9), {{{1, "a"}, "1"}, {{2, "key"}, "value"}}};
        QVERIFY(*contentOf(*target) == expected);
    }

    void activate_comesFirstWhenAProcessStarts_data() { implementations(); }
    void activate_comesFirstWhenAProcessStarts()
    {
        QFETCH(bool, isMemory);
        Directory directory(isMemory);
        QByteArray name;
        {
            const auto target = directory.open();
            QVERIFY(target->commit(headerAt(2), {{1, "z", "1"}}));
            const auto generation = stageFile(*target, fileAt(9, isMemory));
            QVERIFY(generation);
            name = generation->second;
        }
        {
            const auto started = directory.open();
            QVERIFY(started->activate(name));
            QCOMPARE(contentOf(*started)->header->applied, Slot(9));
            QVERIFY(started->commit(headerAt(12), {{1, "a", "2"}}));
            QVERIFY(started->activate(name));
        }
        const auto started = directory.open();
        QVERIFY(started->activate(name));
        const Content expected{headerAt(12), {{{1, "a"}, "2"}, {{2, "key"}, "value"}}};
        QVERIFY(*contentOf(*started) == expected);
    }

    void activate_ofAnUnknownGenerationIsAnError_data() { implementations(); }
    void activate_ofAnUnknownGenerationIsAnError()
    {
        QFETCH(bool, isMemory);
        for (const char *name : {"g77", "77-0011223344556677", "", "-"}) {
            Directory directory(isMemory);
            const Result<void> result = directory.open()->activate(name);
            QVERIFY(!result);
            QCOMPARE(result.error().code, ErrorCode::notFound);
        }
    }

    void receive_fromZeroForgetsWhatWasStaged_data() { implementations(); }
    void receive_fromZeroForgetsWhatWasStaged()
    {
        QFETCH(bool, isMemory);
        Directory directory(isMemory);
        const auto target = directory.open();
        const QByteArray file = fileAt(9, isMemory);
        const auto first = stageFile(*target, file);
        QVERIFY(first);
        QVERIFY(target->receive(0, file.first(3)));
        QVERIFY(!target->activate(first->second));
        QVERIFY(stageFile(*target, file));
    }

    void receive_refusesAGap_data() { implementations(); }
    void receive_refusesAGap()
    {
        QFETCH(bool, isMemory);
        Directory directory(isMemory);
        const auto target = directory.open();
        QVERIFY(target->receive(0, "abc"));
        const Result<void> refused = target->receive(4, "e");
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, ErrorCode::invalid);
        QVERIFY(target->receive(3, "d"));
    }

    void stage_refusesHalfAFile_data() { implementations(); }
    void stage_refusesHalfAFile()
    {
        QFETCH(bool, isMemory);
        Directory directory(isMemory);
        const auto target = directory.open();
        const QByteArray file = fileAt(9, isMemory);
        const auto result = stageFile(*target, file.first(file.size() / 2));
        QVERIFY(!result);
        QCOMPARE(result.error().code, ErrorCode::corrupt);
        QVERIFY(stageFile(*target, file));
    }

    void stage_refusesWhatTheTrialRefuses_data() { implementations(); }
    void stage_refusesWhatTheTrialRefuses()
    {
        QFETCH(bool, isMemory);
        Directory directory(isMemory);
        const auto target = directory.open();
        QVERIFY(target->commit(headerAt(3), {{1, "own", "value"}}));
        const Result<Content> own = contentOf(*target);
        const Error bad{ErrorCode::io, QStringLiteral("bad")};
        CheckpointTrial badRow = acceptAll();
        badRow.row = [&bad](const Row &) { return Result<void>(bad); };
        CheckpointTrial badEnd = acceptAll();
        badEnd.finish = [&bad](const CheckpointHeader &) { return Result<void>(bad); };
        for (const CheckpointTrial &trial : {badRow, badEnd}) {
            QVERIFY(target->receive(0, fileAt(9, isMemory)));
            const auto result = target->stage(trial);
            QVERIFY(!result);
            QCOMPARE(result.error().code, ErrorCode::corrupt);
            QVERIFY(result.error().message.endsWith(bad.message));
            QVERIFY(*contentOf(*target) == *own);
        }
        QVERIFY(stageFile(*target, fileAt(9, isMemory)));
    }

    void stage_showsTheTrialTheWholeState_data() { implementations(); }
    void stage_showsTheTrialTheWholeState()
    {
        QFETCH(bool, isMemory);
        Directory directory(isMemory);
        const auto target = directory.open();
        Content seen;
        const CheckpointTrial trial{
            [&seen](const Row &row) -> Result<void> {
                seen.rows.insert_or_assign({row.table, row.key}, *row.value);
                return {};
            },
            [&seen](const CheckpointHeader &header) -> Result<void> {
                seen.header = header;
                return {};
            }};
        QVERIFY(target->receive(0, fileAt(9, isMemory)));
        const auto staged = target->stage(trial);
        QVERIFY(staged);
        QVERIFY(target->activate(staged->second));
        QVERIFY(seen == *contentOf(*target));
    }
};

QTEST_APPLESS_MAIN(TestCheckpointContract)
#include "tst_checkpoint_contract.moc"
