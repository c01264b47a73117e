// SPDX-License-Identifier: Apache-2.0
#include "base/mutant.h"
#include "storage/journal_format.h"
#include "unit/storage/journal_samples.h"

#include <QTest>

using namespace coffer;
using namespace coffer::storage;
using namespace coffer::test;

/// A rule of the journal that no sequence of its own calls needs, so that the simulator cannot miss
/// it; compiled with its deliberate bug here.
class TestJournalMutants : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void cleanup() { selectMutant(Mutant::none); }
    void replay_doesNotBelieveAGroupOfAnotherLife();
    void journalRecordNotChained_believesIt();

private:
    [[nodiscard]] static Result<Records> readWithAGroupOfAnotherLife();
};

static const QString segment = format::segmentName(1);
static constexpr std::uint64_t secondBlock = format::firstBlockOffset + format::sectorBytes;

/// One life of a journal: \a first is appended and synced, then \a second is appended.
static void live(MemoryFileSystem &files, const JournalRecord &first,
                 const std::optional<JournalRecord> &second)
{
    FileJournal journal(files, smallSegments());
    const auto ignore = [](const JournalRecord &) { return Result<void>(); };
    QVERIFY(journal.replay(ignore).has_value());
    QVERIFY(journal.append({first}).has_value());
    if (second)
        QVERIFY(journal.append({*second}).has_value());
    else
        QVERIFY(journal.sync().has_value());
}

/// A block with the right number, in its right place, of a segment with the same header: all that
/// speaks against it is that it was written behind another group.
Result<Records> TestJournalMutants::readWithAGroupOfAnotherLife()
{
    MemoryFileSystem before;
    live(before, vote(1), vote(2));
    const auto old = before.open(segment, FileSystem::Open::read);
    if (!old)
        return old.error();
    const auto block = (*old)->read(secondBlock, format::sectorBytes);
    if (!block)
        return block.error();
    MemoryFileSystem now;
    live(now, vote(9), std::nullopt);
    const auto file = now.open(segment, FileSystem::Open::readWrite);
    if (!file)
        return file.error();
    if (Result<void> written = (*file)->write(secondBlock, *block); !written)
        return written.error();
    return readAll(now);
}

void TestJournalMutants::replay_doesNotBelieveAGroupOfAnotherLife()
{
    const Result<Records> read = readWithAGroupOfAnotherLife();
    QVERIFY2(read.has_value(), read ? "" : qPrintable(read.error().message));
    QVERIFY(*read == Records{vote(9)});
}

void TestJournalMutants::journalRecordNotChained_believesIt()
{
    selectMutant(Mutant::journalRecordNotChained);
    const Result<Records> read = readWithAGroupOfAnotherLife();
    QVERIFY2(read.has_value(), read ? "" : qPrintable(read.error().message));
    QVERIFY(*read == (Records{vote(9), vote(2)}));
}

QTEST_GUILESS_MAIN(TestJournalMutants)

#include "tst_journal_mutants.moc"
