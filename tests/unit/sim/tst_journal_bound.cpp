// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"
#include "sim/journal_bound.h"
#include "storage/file_journal.h"
#include "storage/memory_file_system.h"

#include <QTest>

using namespace coffer;
using namespace coffer::sim;
using namespace coffer::storage;

/// The bound against the real journal.
class TestJournalBound : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void most_isNeverBelowTheJournal_data();
    void most_isNeverBelowTheJournal();
    void most_isBelowAJournalThatForgetsNothing_data();
    void most_isBelowAJournalThatForgetsNothing();
    void replaced_beginsAnew();
};

static constexpr std::uint64_t keep = 20;

/// A journal that is appended to and truncated by chance, with the bound beside it.
struct Life
{
    Life(std::uint64_t seed, std::uint64_t segmentBytes)
        : random(seed)
        , journal(files, {.owner = {NodeId(7), std::nullopt},
                          .segmentBytes = segmentBytes,
                          .fillBytes = seed % 2 == 0 ? 0u : 4096u})
        , bound(segmentBytes)
    {
        const Result<void> read =
            journal.replay([](const JournalRecord &) { return Result<void>(); });
        QVERIFY(read.has_value());
    }

    void append()
    {
        std::vector<JournalRecord> group;
        for (std::uint64_t i = random.below(4) + 1; i > 0; --i) {
            const bool isVote = random.below(3) > 0;
            slot += isVote ? 1 : 0;
            group.push_back(
                {isVote ? RecordKind::vote : RecordKind::promise, Slot(isVote ? slot : 0),
                 Ballot{Epoch(1), 1, NodeId(7)},
                 QByteArray(qsizetype(random.below(random.below(8) == 0 ? 9000 : 200)), 'x')});
        }
        QVERIFY(journal.append(group).has_value());
        QVERIFY(journal.sync().has_value());
        bound.appended(group);
    }
    void truncate(Slot upTo)
    {
        const std::vector<JournalRecord> live{
            {RecordKind::promise, Slot(), Ballot{Epoch(1), 1, NodeId(7)}, {}}};
        const std::uint64_t before = journal.nextLsn();
        QVERIFY(journal.truncate(upTo, live).has_value());
        if (journal.nextLsn() > before)
            bound.rewritten(live);
    }

    SeededRandom random;
    MemoryFileSystem files;
    FileJournal journal;
    JournalBound bound;
    std::uint64_t slot = 0;
};

static void sizes()
{
    QTest::addColumn<quint64>("segmentBytes");
    for (const quint64 bytes : {128, 4096, 8192, 16'384, 65'536})
        QTest::newRow(QByteArray::number(bytes)) << bytes;
}

void TestJournalBound::most_isNeverBelowTheJournal_data() { sizes(); }

void TestJournalBound::most_isNeverBelowTheJournal()
{
    QFETCH(const quint64, segmentBytes);
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        Life life(seed, segmentBytes);
        std::uint64_t forgotten = 0;
        for (int i = 0; i < 400; ++i) {
            life.append();
            if (life.slot > forgotten + keep && life.random.below(4) == 0) {
                forgotten = life.slot - keep;
                life.truncate(Slot(forgotten));
            }
            const std::uint64_t most = life.bound.most(Slot(forgotten));
            QVERIFY2(life.files.usedBytes() <= most,
                     qPrintable(QStringLiteral("seed %1, step %2: %3 bytes, at most %4")
                                    .arg(seed)
                                    .arg(i)
                                    .arg(life.files.usedBytes())
                                    .arg(most)));
        }
    }
}

void TestJournalBound::most_isBelowAJournalThatForgetsNothing_data() { sizes(); }

void TestJournalBound::most_isBelowAJournalThatForgetsNothing()
{
    QFETCH(const quint64, segmentBytes);
    Life life(1, segmentBytes);
    for (int i = 0; i < 2000; ++i)
        life.append();
    QVERIFY(life.files.usedBytes() > life.bound.most(Slot(life.slot - keep)));
}

void TestJournalBound::replaced_beginsAnew()
{
    JournalBound bound(16'384);
    bound.appended({{RecordKind::vote, Slot(9), Ballot(), QByteArray(100'000, 'x')}});
    bound.replaced(1000, Slot(5));
    QCOMPARE(bound.most(Slot(4)) - bound.most(Slot(5)), std::uint64_t(1000));
}

QTEST_APPLESS_MAIN(TestJournalBound)
#include "tst_journal_bound.moc"
