// SPDX-License-Identifier: Apache-2.0
#include "consensus/read_rounds.h"

#include "unit/consensus/samples.h"

#include <QtTest>

using namespace coffer;
using namespace coffer::consensus;
using Reads = std::vector<std::uint64_t>;

class TestReadRounds : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void begin_needsAWaitingRead();
    void begin_refusesASecondRound();
    void take_needsAQuorum();
    void take_ignoresObserversAndStrangers();
    void take_countsAVoterOnce();
    void take_ignoresAnswersToAnEarlierRound();
    void take_ignoresAnswersToALaterRound();
    void take_answersWithTheIndexOfTheBeginning();
    void read_ofALateArrivalWaitsForTheNextRound();
    void round_ofASingleVoterIsReadyAtOnce();
    void takeAll_givesCurrentAndWaiting();

private:
    const MemberSet m_members{nodes({1, 2, 3}), nodes({4})};
    const NodeId m_self{1};
};

void TestReadRounds::begin_needsAWaitingRead()
{
    ReadRounds rounds;
    QVERIFY(!rounds.begin(Slot(1)));
    QCOMPARE(rounds.sequence(), 0U);
    QVERIFY(!rounds.take(m_self, m_members));
}

void TestReadRounds::begin_refusesASecondRound()
{
    ReadRounds rounds;
    rounds.add(1);
    QVERIFY(rounds.begin(Slot(1)));
    rounds.add(2);
    QVERIFY(!rounds.begin(Slot(2)));
    QCOMPARE(rounds.sequence(), 1U);
}

void TestReadRounds::take_needsAQuorum()
{
    ReadRounds rounds;
    rounds.add(7);
    QVERIFY(rounds.begin(Slot(4)));
    QVERIFY(!rounds.take(m_self, m_members)); // the leader alone proves nothing
    rounds.acknowledged(NodeId(2), 1);
    const auto ready = rounds.take(m_self, m_members);
    QVERIFY(ready && ready->reads == Reads({7}));
    QVERIFY(!rounds.take(m_self, m_members)); // answered once
}

void TestReadRounds::take_ignoresObserversAndStrangers()
{
    ReadRounds rounds;
    rounds.add(7);
    QVERIFY(rounds.begin(Slot(4)));
    rounds.acknowledged(NodeId(4), 1);
    rounds.acknowledged(NodeId(99), 1);
    QVERIFY(!rounds.take(m_self, m_members));
}

void TestReadRounds::take_countsAVoterOnce()
{
    const MemberSet five = voters({1, 2, 3, 4, 5});
    ReadRounds rounds;
    rounds.add(7);
    QVERIFY(rounds.begin(Slot(4)));
    rounds.acknowledged(NodeId(2), 1);
    rounds.acknowledged(NodeId(2), 1);
    rounds.acknowledged(NodeId(1), 1); // itself, counted already
    QVERIFY(!rounds.take(m_self, five));
}

void TestReadRounds::take_ignoresAnswersToAnEarlierRound()
{
    ReadRounds rounds;
    rounds.add(1);
    QVERIFY(rounds.begin(Slot(1)));
    rounds.acknowledged(NodeId(2), 1);
    QVERIFY(rounds.take(m_self, m_members).has_value());
    rounds.add(2);
    QVERIFY(rounds.begin(Slot(2)));
    rounds.acknowledged(NodeId(3), 1); // it was given before read 2 arrived
    QVERIFY(!rounds.take(m_self, m_members));
}

void TestReadRounds::take_ignoresAnswersToALaterRound()
{
    ReadRounds rounds;
    rounds.add(1);
    QVERIFY(rounds.begin(Slot(1)));
    rounds.acknowledged(NodeId(2), 5);
    QVERIFY(!rounds.take(m_self, m_members));
}

void TestReadRounds::take_answersWithTheIndexOfTheBeginning()
{
    ReadRounds rounds;
    rounds.add(1);
    QVERIFY(rounds.begin(Slot(12)));
    rounds.acknowledged(NodeId(2), 1);
    QCOMPARE(rounds.take(m_self, m_members)->index, Slot(12));
}

void TestReadRounds::read_ofALateArrivalWaitsForTheNextRound()
{
    ReadRounds rounds;
    rounds.add(1);
    QVERIFY(rounds.begin(Slot(1)));
    rounds.add(2);
    rounds.acknowledged(NodeId(2), 1);
    QVERIFY(rounds.take(m_self, m_members)->reads == Reads({1}));
    QVERIFY(rounds.begin(Slot(3)));
    QCOMPARE(rounds.sequence(), 2U);
    QVERIFY(!rounds.take(m_self, m_members)); // the answer of round 1 does not count
    rounds.acknowledged(NodeId(2), 2);
    QVERIFY(rounds.take(m_self, m_members)->reads == Reads({2}));
}

void TestReadRounds::round_ofASingleVoterIsReadyAtOnce()
{
    ReadRounds rounds;
    rounds.add(1);
    QVERIFY(rounds.begin(Slot(1)));
    QVERIFY(rounds.take(m_self, voters({1})).has_value());
}

void TestReadRounds::takeAll_givesCurrentAndWaiting()
{
    ReadRounds rounds;
    rounds.add(1);
    rounds.add(2);
    QVERIFY(rounds.begin(Slot(1)));
    rounds.add(3);
    QVERIFY(rounds.takeAll() == Reads({1, 2, 3}));
    QVERIFY(rounds.takeAll().empty());
    QVERIFY(!rounds.begin(Slot(1)));
}

QTEST_APPLESS_MAIN(TestReadRounds)
#include "tst_read_rounds.moc"
