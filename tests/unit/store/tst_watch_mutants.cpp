// SPDX-License-Identifier: Apache-2.0
#include "base/mutant.h"
#include "unit/store/watch_world.h"

#include <QTest>

using namespace coffer;
using namespace coffer::store::test;

/// The watches are compiled with their deliberate bugs here.
class TestWatchMutants : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void cleanup() { selectMutant(Mutant::none); }
    void none_isClean();
    void mutants_areFound_data();
    void mutants_areFound();
};

void TestWatchMutants::none_isClean()
{
    for (std::uint64_t seed = 1; seed <= 20; ++seed)
        QCOMPARE(WatchWorld(seed).run(600).violations, QStringList());
}

void TestWatchMutants::mutants_areFound_data()
{
    QTest::addColumn<Mutant>("mutant");
    QTest::addColumn<QString>("how");
    const auto row = [](const char *name, Mutant mutant, const char *how) {
        QTest::newRow(name) << mutant << QString::fromLatin1(how);
    };
    row("watchProgressBeforeEvents", Mutant::watchProgressBeforeEvents, "passed over it");
    row("watchEventLostAtResume", Mutant::watchEventLostAtResume, "lost");
    row("watchRevisionSplit", Mutant::watchRevisionSplit, "its revision is torn");
    row("watchMissesDeletes", Mutant::watchMissesDeletes, "where deletion of");
}

void TestWatchMutants::mutants_areFound()
{
    QFETCH(const Mutant, mutant);
    QFETCH(const QString, how);
    selectMutant(mutant);
    const QString found = WatchWorld(1).run(600).violations.join('\n');
    QVERIFY2(found.contains(how), qPrintable(found));
}

QTEST_GUILESS_MAIN(TestWatchMutants)

#include "tst_watch_mutants.moc"
