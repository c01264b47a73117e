// SPDX-License-Identifier: Apache-2.0
#include "consensus/learner.h"

#include <QtTest>

using namespace coffer;
using namespace coffer::consensus;

static constexpr Monotonic now{1'000'000};
static constexpr Monotonic patience{40'000};

class TestLearner : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void chosen_neverGoesBack();
    void recorded_isApartFromChosen();
    void fetch_asksNobodyWhenNothingIsMissing();
    void fetch_asksWhoSpokeLast();
    void fetch_ignoresWhoKnowsNoMore();
    void fetch_isUnderWayOnce();
    void fetch_isRepeatedAfterPatience();
    void fetch_goesOnAfterAnAnswer();
    void fetch_endsWhenAllIsLearned();
};

void TestLearner::chosen_neverGoesBack()
{
    Learner learner(Slot(4));
    learner.setChosenUpTo(Slot(2));
    QCOMPARE(learner.chosenUpTo(), Slot(4));
    learner.setChosenUpTo(Slot(6));
    QCOMPARE(learner.chosenUpTo(), Slot(6));
}

void TestLearner::recorded_isApartFromChosen()
{
    Learner learner(Slot(4));
    learner.setChosenUpTo(Slot(9));
    QCOMPARE(learner.recordedUpTo(), Slot(4));
    learner.setRecordedUpTo(Slot(9));
    learner.setRecordedUpTo(Slot(5));
    QCOMPARE(learner.recordedUpTo(), Slot(9));
}

void TestLearner::fetch_asksNobodyWhenNothingIsMissing()
{
    Learner learner(Slot(4));
    QVERIFY(!learner.takeFetch(now, patience));
    learner.heardOf(NodeId(2), Slot(4));
    QVERIFY(!learner.takeFetch(now, patience));
}

void TestLearner::fetch_asksWhoSpokeLast()
{
    Learner learner(Slot(0));
    learner.heardOf(NodeId(2), Slot(9));
    learner.heardOf(NodeId(3), Slot(5));
    QVERIFY(learner.takeFetch(now, patience) == NodeId(3));
}

void TestLearner::fetch_ignoresWhoKnowsNoMore()
{
    Learner learner(Slot(4));
    learner.heardOf(NodeId(2), Slot(9));
    learner.heardOf(NodeId(3), Slot(4));
    QVERIFY(learner.takeFetch(now, patience) == NodeId(2));
}

void TestLearner::fetch_isUnderWayOnce()
{
    Learner learner(Slot(0));
    learner.heardOf(NodeId(2), Slot(9));
    QVERIFY(learner.takeFetch(now, patience).has_value());
    learner.heardOf(NodeId(3), Slot(10));
    QVERIFY(!learner.takeFetch(now + patience - Monotonic(1), patience));
}

void TestLearner::fetch_isRepeatedAfterPatience()
{
    Learner learner(Slot(0));
    learner.heardOf(NodeId(2), Slot(9));
    QVERIFY(learner.takeFetch(now, patience).has_value());
    QVERIFY(learner.takeFetch(now + patience, patience) == NodeId(2));
}

void TestLearner::fetch_goesOnAfterAnAnswer()
{
    // One answer carries a chunk; the next chunk is asked for at once.
    Learner learner(Slot(0));
    learner.heardOf(NodeId(2), Slot(9));
    QVERIFY(learner.takeFetch(now, patience).has_value());
    learner.fetched();
    learner.setChosenUpTo(Slot(5));
    QVERIFY(learner.takeFetch(now, patience) == NodeId(2));
}

void TestLearner::fetch_endsWhenAllIsLearned()
{
    Learner learner(Slot(0));
    learner.heardOf(NodeId(2), Slot(9));
    learner.setChosenUpTo(Slot(9));
    QVERIFY(!learner.takeFetch(now, patience));
}

QTEST_APPLESS_MAIN(TestLearner)
#include "tst_learner.moc"
