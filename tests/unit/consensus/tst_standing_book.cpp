// SPDX-License-Identifier: Apache-2.0
#include "consensus/standing.h"

#include "unit/consensus/samples.h"

#include <QtTest>

using namespace coffer;
using namespace coffer::consensus;

/// What the second run of a node says of itself.
static Standing standingOf(const Ballot &promised, std::uint64_t durableTo)
{
    return {promised, Slot(durableTo), RunId(2)};
}

class TestStandingBook : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void stranger_isNotBehind();
    void behind_data();
    void behind();
    void remember_keepsTheMost();
    void remember_forgetsTheVotesOfALowerBallot();
    void remember_keepsNodesApart();
    void isBehind_leavesOutWhatTheAskingRunSaid();
    void isBehind_remembersManyRuns();
    void firstRun_needsNobody();
    void restarted_needsAQuorumToCampaign();
    void restarted_votesForNobodyBeforeAQuorumAgrees();
    void restarted_votesOnlyForWhoAgreed();
    void restarted_aloneIsItsOwnQuorum();
    void confirmed_ignoresAnAnswerToAnotherQuestion();
    void ask_beginsAnew();
};

void TestStandingBook::stranger_isNotBehind()
{
    const StandingBook book;
    QVERIFY(!book.isBehind(NodeId(2), Standing()));
}

void TestStandingBook::behind_data()
{
    QTest::addColumn<quint64>("epoch");
    QTest::addColumn<quint64>("round");
    QTest::addColumn<quint64>("durableTo");
    QTest::addColumn<bool>("isBehind");
    const auto row = [](const char *name, quint64 epoch, quint64 round, quint64 durableTo,
                        bool isBehind) {
        QTest::newRow(name) << epoch << round << durableTo << isBehind;
    };
    row("exactly as said", 2, 5, 9, false);
    row("more than said", 2, 5, 10, false);
    row("higher promise, fewer votes", 2, 6, 0, false); // votes of a lower ballot are no claim
    row("next epoch", 3, 1, 0, false);
    row("one vote less", 2, 5, 8, true);
    row("lower promise", 2, 4, 99, true);
    row("earlier epoch", 1, 99, 99, true);
    row("nothing at all", 0, 0, 0, true);
}

void TestStandingBook::behind()
{
    QFETCH(quint64, epoch);
    QFETCH(quint64, round);
    QFETCH(quint64, durableTo);
    QFETCH(bool, isBehind);
    StandingBook book;
    book.remember(NodeId(2), RunId(1), ballot(5, 1, 2), Slot(9));
    QCOMPARE(book.isBehind(NodeId(2), standingOf(ballot(round, 1, epoch), durableTo)), isBehind);
}

void TestStandingBook::remember_keepsTheMost()
{
    StandingBook book;
    book.remember(NodeId(2), RunId(1), ballot(5, 1), Slot(9));
    book.remember(NodeId(2), RunId(1), ballot(5, 1), Slot(3));  // late
    book.remember(NodeId(2), RunId(1), ballot(4, 1), Slot(99)); // later still
    QVERIFY(book.isBehind(NodeId(2), standingOf(ballot(5, 1), 8)));
    QVERIFY(!book.isBehind(NodeId(2), standingOf(ballot(5, 1), 9)));
}

void TestStandingBook::remember_forgetsTheVotesOfALowerBallot()
{
    StandingBook book;
    book.remember(NodeId(2), RunId(1), ballot(5, 1), Slot(9));
    book.remember(NodeId(2), RunId(1), ballot(6, 3), Slot(2));
    QVERIFY(!book.isBehind(NodeId(2), standingOf(ballot(6, 3), 2)));
}

void TestStandingBook::remember_keepsNodesApart()
{
    StandingBook book;
    book.remember(NodeId(2), RunId(1), ballot(5, 1), Slot(9));
    QVERIFY(!book.isBehind(NodeId(3), Standing()));
}

void TestStandingBook::isBehind_leavesOutWhatTheAskingRunSaid()
{
    // The network kept the question; the run has said more since.
    StandingBook book;
    book.remember(NodeId(2), RunId(2), ballot(5, 1), Slot(9));
    QVERIFY(!book.isBehind(NodeId(2), standingOf(ballot(5, 1), 8)));
    book.remember(NodeId(2), RunId(1), ballot(5, 1), Slot(9));
    QVERIFY(book.isBehind(NodeId(2), standingOf(ballot(5, 1), 8)));
}

void TestStandingBook::isBehind_remembersManyRuns()
{
    StandingBook book;
    book.remember(NodeId(2), RunId(100), ballot(5, 1), Slot(9));
    for (std::uint64_t run = 101; run < 200; ++run)
        book.remember(NodeId(2), RunId(run), ballot(1, 1), Slot(1));
    QVERIFY(book.isBehind(NodeId(2), standingOf(ballot(5, 1), 8)));
}

void TestStandingBook::firstRun_needsNobody()
{
    const StandingBook book;
    QVERIFY(!book.isAsking());
    QVERIFY(book.isConfirmed(voters({1, 2, 3})));
    QVERIFY(book.isConfirmedBy(NodeId(2), voters({1, 2, 3})));
}

void TestStandingBook::restarted_needsAQuorumToCampaign()
{
    const MemberSet five = voters({1, 2, 3, 4, 5});
    const Standing standing = standingOf(ballot(1, 1), 1);
    StandingBook book;
    book.ask(standing);
    QVERIFY(!book.isConfirmed(five));
    book.confirmed(NodeId(2), standing);
    book.confirmed(NodeId(2), standing); // twice is still one
    book.confirmed(NodeId(9), standing); // no voter
    QVERIFY(!book.isConfirmed(five));
    book.confirmed(NodeId(3), standing);
    QVERIFY(book.isConfirmed(five));
}

void TestStandingBook::restarted_votesForNobodyBeforeAQuorumAgrees()
{
    const MemberSet five = voters({1, 2, 3, 4, 5});
    const Standing standing = standingOf(ballot(1, 1), 1);
    StandingBook book;
    book.ask(standing);
    book.confirmed(NodeId(2), standing);
    QVERIFY(!book.isConfirmedBy(NodeId(2), five));
    book.confirmed(NodeId(3), standing);
    QVERIFY(book.isConfirmedBy(NodeId(2), five));
}

void TestStandingBook::restarted_votesOnlyForWhoAgreed()
{
    // Node 3 may remember more: its ballot gets no vote before it has answered.
    const Standing standing = standingOf(ballot(1, 1), 1);
    StandingBook book;
    book.ask(standing);
    book.confirmed(NodeId(2), standing);
    QVERIFY(book.isConfirmedBy(NodeId(2), voters({1, 2, 3})));
    QVERIFY(!book.isConfirmedBy(NodeId(3), voters({1, 2, 3})));
}

void TestStandingBook::restarted_aloneIsItsOwnQuorum()
{
    StandingBook book;
    book.ask(standingOf(ballot(1, 1), 1));
    QVERIFY(book.isConfirmed(voters({1})));
}

void TestStandingBook::confirmed_ignoresAnAnswerToAnotherQuestion()
{
    StandingBook book;
    book.ask(standingOf(ballot(2, 1), 5));
    book.confirmed(NodeId(2), standingOf(ballot(2, 1), 4));
    book.confirmed(NodeId(2), standingOf(ballot(1, 1), 5));
    QVERIFY(!book.hasAnswered(NodeId(2)));
    StandingBook unasked;
    unasked.confirmed(NodeId(2), Standing());
    QVERIFY(!unasked.hasAnswered(NodeId(2)));
}

void TestStandingBook::ask_beginsAnew()
{
    const Standing first = standingOf(ballot(1, 1), 1);
    const Standing second = standingOf(ballot(1, 1, 2), 4);
    StandingBook book;
    book.ask(first);
    book.confirmed(NodeId(2), first);
    book.ask(second);
    QVERIFY(!book.isConfirmed(voters({1, 2, 3})));
    book.confirmed(NodeId(2), first); // late answer to the first question
    QVERIFY(!book.isConfirmed(voters({1, 2, 3})));
}

QTEST_APPLESS_MAIN(TestStandingBook)
#include "tst_standing_book.moc"
