// SPDX-License-Identifier: Apache-2.0
#include "base/mutant.h"
#include "unit/store/driver.h"

#include <QTest>

#include <functional>

using namespace coffer;
using namespace coffer::store;
using namespace std::chrono_literals;
using coffer::store::test::Driver;
using coffer::store::test::restored;
using coffer::store::test::Rows;

/// Each deliberate bug of the store (base/mutant.h) is found by a claim that holds without it.
class TestStoreMutants : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void mutant_isFound_data();
    void mutant_isFound();
};

using Claim = std::function<bool()>;

static Transaction transactionOf(const std::vector<Operation> &operations)
{
    return {.guards = {}, .operations = operations, .otherwise = {}};
}

/// Three revisions of /a, the floor at the second, dropped as far as can be.
static Driver compacted()
{
    Driver driver;
    for (const char *value : {"1", "2", "3"})
        driver.put("/a", value);
    static_cast<void>(driver.store.takeChanges());
    driver.apply({{}, Compact{Revision(2)}});
    driver.apply(Transaction());
    return driver;
}

static bool refusesReadsBelowTheFloor()
{
    return compacted().ask(Get{"/a", Revision(1)}).status == ReplyStatus::compacted;
}

static bool keepsTheValueAtTheFloor()
{
    const Reply reply = compacted().ask(Get{"/a", Revision(2)});
    return reply.files.size() == 1 && reply.files[0].value == "2";
}

static bool countsTheQuota()
{
    Driver driver;
    driver.store = Store({.bytesMax = 10});
    return driver.put("/a", "123456789").status == Status::quotaExceeded;
}

static bool beginsAnewAfterADelete()
{
    Driver driver;
    driver.put("/a", "");
    driver.apply(transactionOf({Delete{"/a"}}));
    driver.put("/a", "");
    return driver.ask(Get{"/a"}).files[0].created == Revision(3);
}

static bool deletesAllOfATree()
{
    Driver driver;
    driver.apply(transactionOf({Put{"/t/a", ""}, Put{"/t/b", ""}, Put{"/t/c", ""}}));
    driver.apply(transactionOf({DeleteTree{"/t"}}));
    return driver.store.tree().size() == 0;
}

static bool pagesShowOneRevision()
{
    Driver driver;
    driver.apply(transactionOf({Put{"/a", "1"}, Put{"/b", "1"}}));
    driver.put("/b", "2");
    const Reply page = driver.ask(List{"/", Page{"/a"}, Revision(1)});
    return page.at == Revision(1) && page.files[0].value == "1";
}

static bool changesAreInOrder()
{
    Driver driver;
    std::vector<Operation> operations;
    QByteArrayList paths;
    for (int i = 20; i > 0; --i) {
        paths.append("/f" + QByteArray::number(i));
        operations.emplace_back(Put{paths.back(), ""});
    }
    driver.apply(transactionOf(operations));
    QByteArrayList seen;
    driver.store.changes().visitChanges(Revision(1), [&seen](const ChangeView &change) {
        seen.append(change.path.toByteArray());
        return true;
    });
    return seen == paths;
}

/// A driver whose only session has an ephemeral file that lingers.
static Driver withLingering()
{
    Driver driver;
    driver.startLeader();
    const SessionId session = driver.open(1);
    driver.apply(
        {Origin{session, Sequence(1), Sequence(0)}, transactionOf({Put{"/e", "", true, 5s}})});
    return driver;
}

static bool closedSessionLeavesNothing()
{
    Driver driver = withLingering();
    driver.apply({{}, CloseSession{SessionId(1)}});
    return !driver.has("/e");
}

static bool timeOnlyRises()
{
    Driver driver;
    driver.put("/a", "");
    driver.stamp = 1ms;
    driver.put("/a", "");
    return driver.store.appliedTime() == 1000ms;
}

static bool elseIsDone()
{
    Driver driver;
    driver.apply(Transaction{{RevisionEquals{"/a", Revision(1)}}, {}, {Put{"/else", ""}}});
    return driver.has("/else");
}

static bool floorIsRestored()
{
    Driver driver;
    for (const char *value : {"1", "2", "3"})
        driver.put("/a", value);
    driver.apply({{}, Compact{Revision(2)}});
    Rows rows;
    rows.follow(driver.store);
    const auto copy = restored(rows.all(), driver.store.applied(), driver.store.hash());
    return copy && copy->floor() == Revision(2);
}

static bool sessionTakesItsFiles()
{
    Driver driver = withLingering();
    driver.apply(
        {Origin{SessionId(1), Sequence(2), Sequence(0)}, transactionOf({Put{"/plain", "", true}})});
    driver.apply({{}, EndSession{SessionId(1), Slot(1)}});
    return driver.has("/e") && !driver.has("/plain");
}

void TestStoreMutants::mutant_isFound_data()
{
    QTest::addColumn<int>("mutant");
    QTest::addColumn<Claim>("claim");
    const auto row = [](const char *name, Mutant mutant, const Claim &claim) {
        QTest::newRow(name) << int(mutant) << claim;
    };
    row("compactedReadAnswered", Mutant::compactedReadAnswered, refusesReadsBelowTheFloor);
    row("compactionDropsBase", Mutant::compactionDropsBase, keepsTheValueAtTheFloor);
    row("quotaNotCounted", Mutant::quotaNotCounted, countsTheQuota);
    row("createdKeptAcrossDelete", Mutant::createdKeptAcrossDelete, beginsAnewAfterADelete);
    row("deleteTreeMissesLast", Mutant::deleteTreeMissesLast, deletesAllOfATree);
    row("pagingIgnoresRevision", Mutant::pagingIgnoresRevision, pagesShowOneRevision);
    row("versionOrderedByHash", Mutant::versionOrderedByHash, changesAreInOrder);
    row("lingerOnClose", Mutant::lingerOnClose, closedSessionLeavesNothing);
    row("timeGoesBack", Mutant::timeGoesBack, timeOnlyRises);
    row("elseBranchForgotten", Mutant::elseBranchForgotten, elseIsDone);
    row("floorNotInCheckpoint", Mutant::floorNotInCheckpoint, floorIsRestored);
    row("ephemeralLeftBehind", Mutant::ephemeralLeftBehind, sessionTakesItsFiles);
    const int own = int(Mutant::floorNotInCheckpoint) - int(Mutant::compactedReadAnswered) + 1;
    QCOMPARE(own, 11);
}

void TestStoreMutants::mutant_isFound()
{
    QFETCH(const int, mutant);
    QFETCH(const Claim, claim);
    selectMutant(Mutant::none);
    QVERIFY2(claim(), "the claim does not hold without the mutant");
    selectMutant(Mutant(mutant));
    const bool holds = claim();
    selectMutant(Mutant::none);
    QVERIFY2(!holds, "the mutant was not noticed");
}

QTEST_APPLESS_MAIN(TestStoreMutants)
#include "tst_store_mutants.moc"
