// SPDX-License-Identifier: Apache-2.0
#include "consensus/election.h"

#include "unit/consensus/samples.h"

#include <QtTest>

#include <set>

using namespace coffer;
using namespace coffer::consensus;

static constexpr Monotonic now{1'000'000};

class TestElection : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void reset_staysWithinTheBounds();
    void reset_spreadsTheDeadlines();
    void reset_isTheSameForTheSameSeed();
    void leader_isHeardForATime();
    void leader_isForgotten();
    void lostLeader_shortensTheWait();
    void lostLeader_neverLengthensTheWait();
    void round_neverGoesBack();
    void preVote_needsAQuorum();
    void preVote_ignoresAnotherBallot();
    void preVote_ignoresWhoIsNoVoter();
    void preVote_endsWithANewDeadline();
    void preVote_endsWhenALeaderIsHeard();
    void skew_isJudgedByTheMedian_data();
    void skew_isJudgedByTheMedian();
    void skew_forgetsOldReadings();

private:
    Election make(std::uint64_t seed = 1) const { return {Timing(), seed}; }
};

void TestElection::reset_staysWithinTheBounds()
{
    const Timing timing;
    for (std::uint64_t seed = 0; seed < 1000; ++seed) {
        Election election = make(seed);
        election.reset(now);
        QVERIFY(election.deadline() >= now + timing.electionMin);
        QVERIFY(election.deadline() <= now + timing.electionMax);
        QVERIFY(!election.isDue(election.deadline() - Monotonic(1)));
        QVERIFY(election.isDue(election.deadline()));
    }
}

void TestElection::reset_spreadsTheDeadlines()
{
    std::set<Monotonic> deadlines;
    Election election = make();
    for (int i = 0; i < 100; ++i) {
        election.reset(now);
        deadlines.insert(election.deadline());
    }
    QVERIFY(deadlines.size() > 90); // two nodes seldom wake up together
}

void TestElection::reset_isTheSameForTheSameSeed()
{
    Election one = make(42);
    Election two = make(42);
    for (int i = 0; i < 10; ++i) {
        one.reset(now);
        two.reset(now);
        QCOMPARE(one.deadline(), two.deadline());
    }
}

void TestElection::leader_isHeardForATime()
{
    Election election = make();
    QVERIFY(!election.hasLeader(now));
    election.heardLeader(ballot(3, 2), now);
    QCOMPARE(election.leader(), NodeId(2));
    QVERIFY(election.hasLeader(now + Timing().electionMin - Monotonic(1)));
    QVERIFY(!election.hasLeader(now + Timing().electionMin));
    QCOMPARE(election.leader(), NodeId(2)); // still the best guess for clients
}

void TestElection::leader_isForgotten()
{
    Election election = make();
    election.heardLeader(ballot(3, 2), now);
    election.forgetLeader();
    QVERIFY(!election.hasLeader(now));
    QVERIFY(election.leader().isNone());
}

void TestElection::lostLeader_shortensTheWait()
{
    Election election = make();
    election.heardLeader(ballot(3, 2), now);
    election.lostLeader(now);
    QVERIFY(!election.hasLeader(now));
    QVERIFY(election.deadline() <= now + Timing().heartbeat);
}

void TestElection::lostLeader_neverLengthensTheWait()
{
    Election election = make();
    election.heardLeader(ballot(3, 2), now);
    const Monotonic deadline = election.deadline();
    election.lostLeader(now + Monotonic(500'000)); // it was due long before
    QCOMPARE(election.deadline(), deadline);
}

void TestElection::round_neverGoesBack()
{
    Election election = make();
    election.noteRound(7);
    election.noteRound(3);
    QCOMPARE(election.roundMax(), 7U);
}

void TestElection::preVote_needsAQuorum()
{
    Election election = make();
    const MemberSet five = voters({1, 2, 3, 4, 5});
    election.beginPreVote(ballot(1, 1), NodeId(1));
    QVERIFY(!election.granted(ballot(1, 1), NodeId(2), five));
    QVERIFY(!election.granted(ballot(1, 1), NodeId(2), five)); // the same voter again
    QVERIFY(election.granted(ballot(1, 1), NodeId(3), five));
}

void TestElection::preVote_ignoresAnotherBallot()
{
    Election election = make();
    QVERIFY(!election.granted(ballot(1, 1), NodeId(2), voters({1, 2, 3}))); // nothing was asked
    election.beginPreVote(ballot(2, 1), NodeId(1));
    QVERIFY(!election.granted(ballot(1, 1), NodeId(2), voters({1, 2, 3})));
    QVERIFY(!election.granted(ballot(2, 1, 2), NodeId(2), voters({1, 2, 3})));
}

void TestElection::preVote_ignoresWhoIsNoVoter()
{
    Election election = make();
    election.beginPreVote(ballot(1, 1), NodeId(1));
    QVERIFY(!election.granted(ballot(1, 1), NodeId(9), voters({1, 2, 3})));
}

void TestElection::preVote_endsWithANewDeadline()
{
    Election election = make();
    election.beginPreVote(ballot(1, 1), NodeId(1));
    election.reset(now);
    QVERIFY(!election.granted(ballot(1, 1), NodeId(2), voters({1, 2, 3})));
}

void TestElection::preVote_endsWhenALeaderIsHeard()
{
    Election election = make();
    election.beginPreVote(ballot(1, 1), NodeId(1));
    election.heardLeader(ballot(4, 3), now);
    QVERIFY(!election.granted(ballot(1, 1), NodeId(2), voters({1, 2, 3})));
}

void TestElection::skew_isJudgedByTheMedian_data()
{
    QTest::addColumn<QList<int>>("offsetsOfOthers"); // seconds
    QTest::addColumn<bool>("isSkewed");
    QTest::newRow("alone") << QList<int>{} << false;
    QTest::newRow("all agree") << QList<int>{0, 0} << false;
    QTest::newRow("one of the others is wrong") << QList<int>{0, 900} << false;
    QTest::newRow("both others say so") << QList<int>{900, 901} << true;
    QTest::newRow("behind them") << QList<int>{-900, -901} << true;
    QTest::newRow("exactly the limit") << QList<int>{10, 10} << false;
    QTest::newRow("just above the limit") << QList<int>{11, 11} << true;
    QTest::newRow("two clocks alone cannot tell") << QList<int>{900} << false;
    QTest::newRow("half of four") << QList<int>{0, 900, 900} << false;
    QTest::newRow("three of four") << QList<int>{900, 900, 900} << true;
}

void TestElection::skew_isJudgedByTheMedian()
{
    QFETCH(QList<int>, offsetsOfOthers);
    QFETCH(bool, isSkewed);
    Election election = make();
    const WallMs own(5'000'000);
    std::uint64_t node = 2;
    for (int seconds : offsetsOfOthers)
        election.noteWall(NodeId(node++), own + std::chrono::seconds(seconds), own, now);
    QCOMPARE(election.isSkewed(now), isSkewed);
}

void TestElection::skew_forgetsOldReadings()
{
    Election election = make();
    for (std::uint64_t node : {2, 3})
        election.noteWall(NodeId(node), WallMs(900'000), WallMs(0), now);
    QVERIFY(election.isSkewed(now));
    QVERIFY(!election.isSkewed(now + Monotonic(10'000'000)));
}

QTEST_APPLESS_MAIN(TestElection)
#include "tst_election.moc"
