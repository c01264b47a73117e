// SPDX-License-Identifier: Apache-2.0
#include "consensus/log.h"

#include "unit/consensus/samples.h"

#include <QtTest>

using namespace coffer;
using namespace coffer::consensus;

class TestLog : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void empty_holdsNothing();
    void put_refusesAHole();
    void put_refusesWhatIsForgotten();
    void put_replaces();
    void at_refusesWhatIsNotHeld();
    void dropAbove_keepsWhatIsBelow();
    void dropAbove_ofNothingIsHarmless();
    void dropUpTo_movesTheBase();
    void dropUpTo_beyondTheEndLeavesAnEmptyLog();
    void dropUpTo_neverGoesBack();
    void reset_forgetsEverything();
    void bytes_areThoseOfWhatIsHeld();
    void lowestWithin_countsFromTheEnd();

private:
    static Log threeBehind(std::uint64_t base);
};

Log TestLog::threeBehind(std::uint64_t base)
{
    Log log{Slot(base)};
    for (std::uint64_t i = 1; i <= 3; ++i)
        log.put(Slot(base + i), {ballot(i, 1), Entry()});
    return log;
}

void TestLog::empty_holdsNothing()
{
    const Log log(Slot(5));
    QCOMPARE(log.last(), Slot(5));
    QCOMPARE(log.first(), Slot(6));
    QVERIFY(!log.holds(Slot(5)));
    QVERIFY(!log.holds(Slot(6)));
}

void TestLog::put_refusesAHole()
{
    const ThrowingChecks checks;
    Log log = threeBehind(5);
    QVERIFY_THROWS_EXCEPTION(std::logic_error, log.put(Slot(10), Log::Item()));
    QCOMPARE(log.last(), Slot(8));
}

void TestLog::put_refusesWhatIsForgotten()
{
    const ThrowingChecks checks;
    Log log = threeBehind(5);
    QVERIFY_THROWS_EXCEPTION(std::logic_error, log.put(Slot(5), Log::Item()));
    QVERIFY_THROWS_EXCEPTION(std::logic_error, log.put(Slot(0), Log::Item()));
}

void TestLog::put_replaces()
{
    Log log = threeBehind(5);
    log.put(Slot(7), {ballot(9, 9), command("new")});
    QVERIFY(log.at(Slot(7)).ballot == ballot(9, 9));
    QVERIFY(log.at(Slot(8)).ballot == ballot(3, 1)); // those above stay
}

void TestLog::at_refusesWhatIsNotHeld()
{
    const ThrowingChecks checks;
    const Log log = threeBehind(5);
    QVERIFY_THROWS_EXCEPTION(std::logic_error, (void)log.at(Slot(5)));
    QVERIFY_THROWS_EXCEPTION(std::logic_error, (void)log.at(Slot(9)));
}

void TestLog::dropAbove_keepsWhatIsBelow()
{
    Log log = threeBehind(5);
    log.dropAbove(Slot(6));
    QCOMPARE(log.last(), Slot(6));
    QVERIFY(log.at(Slot(6)).ballot == ballot(1, 1));
}

void TestLog::dropAbove_ofNothingIsHarmless()
{
    Log log = threeBehind(5);
    log.dropAbove(Slot(8));
    QCOMPARE(log.last(), Slot(8));
    log.dropAbove(Slot(2));
    QCOMPARE(log.last(), Slot(5));
}

void TestLog::dropUpTo_movesTheBase()
{
    Log log = threeBehind(5);
    log.dropUpTo(Slot(7));
    QCOMPARE(log.base(), Slot(7));
    QVERIFY(!log.holds(Slot(7)));
    QVERIFY(log.at(Slot(8)).ballot == ballot(3, 1));
}

void TestLog::dropUpTo_beyondTheEndLeavesAnEmptyLog()
{
    Log log = threeBehind(5);
    log.dropUpTo(Slot(20));
    QCOMPARE(log.base(), Slot(20));
    QCOMPARE(log.last(), Slot(20));
    log.put(Slot(21), {ballot(1, 1), Entry()});
    QVERIFY(log.holds(Slot(21)));
}

void TestLog::dropUpTo_neverGoesBack()
{
    Log log = threeBehind(5);
    log.dropUpTo(Slot(3));
    QCOMPARE(log.base(), Slot(5));
    QCOMPARE(log.last(), Slot(8));
}

void TestLog::reset_forgetsEverything()
{
    Log log = threeBehind(5);
    log.reset(Slot(7));
    QCOMPARE(log.base(), Slot(7));
    QVERIFY(!log.holds(Slot(8)));
}

void TestLog::bytes_areThoseOfWhatIsHeld()
{
    Log log(Slot(5));
    std::size_t bytes = 0;
    for (std::uint64_t slot = 6; slot <= 9; ++slot) {
        const Entry entry{EntryKind::commands, QByteArray(qsizetype(slot * 10), 'x'), {}};
        log.put(Slot(slot), {ballot(1, 1), entry});
        bytes += entry.bytes();
    }
    QCOMPARE(log.bytes(), bytes);
    log.put(Slot(7), {ballot(2, 1), Entry()}); // 70 bytes less
    QCOMPARE(log.bytes(), bytes - 70);
    log.dropAbove(Slot(8));
    QCOMPARE(log.bytes(), bytes - 70 - (90 + 32));
    log.dropUpTo(Slot(6));
    QCOMPARE(log.bytes(), std::size_t(32 + 80 + 32));
    log.reset(Slot(20));
    QCOMPARE(log.bytes(), std::size_t(0));
}

void TestLog::lowestWithin_countsFromTheEnd()
{
    Log log(Slot(5));
    for (std::uint64_t slot = 6; slot <= 9; ++slot)
        log.put(Slot(slot), {ballot(1, 1), Entry{EntryKind::commands, QByteArray(68, 'x'), {}}});
    QCOMPARE(log.lowestWithin(400), Slot(5)); // all of it
    QCOMPARE(log.lowestWithin(399), Slot(6));
    QCOMPARE(log.lowestWithin(200), Slot(7));
    QCOMPARE(log.lowestWithin(99), Slot(9));
    QCOMPARE(Log(Slot(3)).lowestWithin(0), Slot(3));
}

QTEST_APPLESS_MAIN(TestLog)
#include "tst_log.moc"
