// SPDX-License-Identifier: Apache-2.0
#include "consensus/acceptor.h"

#include "base/limits.h"
#include "unit/consensus/samples.h"

#include <QtTest>

using namespace coffer;
using namespace coffer::consensus;
using PromiseResult = Acceptor::PromiseResult;
using VoteResult = Acceptor::VoteResult;

class TestAcceptor : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void promise_raisesOnce();
    void promise_refusesLower_data();
    void promise_refusesLower();
    void promise_makesEarlierVotesCountNoMore();
    void vote_refusesBelowThePromise();
    void vote_impliesThePromise();
    void vote_refusesAGap();
    void vote_refusesAGapAfterAHigherBallot();
    void vote_isRepeatedWithoutEffect();
    void vote_keepsAChosenValue();
    void vote_replacesALowerBallot();
    void votedTo_neverPassesWhatIsHeld();
    void votedTo_restsOnChosenSlots();
    void enterEpoch_voidsThePromise();
    void enterEpoch_keepsAPromiseOfThatEpoch();
    void recount_countsVotesOfThePromiseAlone();
    void report_leavesOutWhatIsChosen();
    void report_isAtLeastOneChunk();
    void report_isCutAtTheLimit();

private:
    std::unique_ptr<Log> m_log;
    std::unique_ptr<Acceptor> m_acceptor;
};

void TestAcceptor::init()
{
    m_acceptor.reset();
    m_log = std::make_unique<Log>();
    m_acceptor = std::make_unique<Acceptor>(*m_log);
    m_acceptor->enterEpoch(Epoch(1));
}

void TestAcceptor::promise_raisesOnce()
{
    QCOMPARE(m_acceptor->promise(ballot(1, 1)), PromiseResult::raised);
    QCOMPARE(m_acceptor->promise(ballot(1, 1)), PromiseResult::same);
    QVERIFY(m_acceptor->promised() == ballot(1, 1));
}

void TestAcceptor::promise_refusesLower_data()
{
    QTest::addColumn<quint64>("epoch");
    QTest::addColumn<quint64>("round");
    QTest::addColumn<quint64>("node");
    QTest::newRow("lower node") << quint64(2) << quint64(5) << quint64(2);
    QTest::newRow("lower round, higher node") << quint64(2) << quint64(4) << quint64(9);
    QTest::newRow("lower epoch, higher round") << quint64(1) << quint64(9) << quint64(9);
}

void TestAcceptor::promise_refusesLower()
{
    QFETCH(quint64, epoch);
    QFETCH(quint64, round);
    QFETCH(quint64, node);
    QCOMPARE(m_acceptor->promise(ballot(5, 3, 2)), PromiseResult::raised);
    QCOMPARE(m_acceptor->promise(ballot(round, node, epoch)), PromiseResult::refused);
    QVERIFY(m_acceptor->promised() == ballot(5, 3, 2));
}

void TestAcceptor::promise_makesEarlierVotesCountNoMore()
{
    QCOMPARE(m_acceptor->vote(ballot(1, 1), Slot(1), command("a")), VoteResult::voted);
    QCOMPARE(m_acceptor->votedTo(), Slot(1));
    QCOMPARE(m_acceptor->promise(ballot(2, 2)), PromiseResult::raised);
    QCOMPARE(m_acceptor->votedTo(), Slot(0));
    QVERIFY(m_log->holds(Slot(1))); // but it is reported to the new leader
}

void TestAcceptor::vote_refusesBelowThePromise()
{
    m_acceptor->promise(ballot(2, 2));
    QCOMPARE(m_acceptor->vote(ballot(1, 3), Slot(1), command("a")), VoteResult::refused);
    QVERIFY(!m_log->holds(Slot(1)));
}

void TestAcceptor::vote_impliesThePromise()
{
    QCOMPARE(m_acceptor->vote(ballot(3, 1), Slot(1), command("a")), VoteResult::voted);
    QVERIFY(m_acceptor->promised() == ballot(3, 1));
    QCOMPARE(m_acceptor->vote(ballot(2, 9), Slot(2), command("b")), VoteResult::refused);
}

void TestAcceptor::vote_refusesAGap()
{
    QCOMPARE(m_acceptor->vote(ballot(1, 1), Slot(2), command("b")), VoteResult::gap);
    QVERIFY(!m_log->holds(Slot(2)));
    QCOMPARE(m_acceptor->vote(ballot(1, 1), Slot(1), command("a")), VoteResult::voted);
    QCOMPARE(m_acceptor->vote(ballot(1, 1), Slot(2), command("b")), VoteResult::voted);
}

void TestAcceptor::vote_refusesAGapAfterAHigherBallot()
{
    // The log holds slot 1, but at another ballot: it is no vote of this one.
    QCOMPARE(m_acceptor->vote(ballot(1, 1), Slot(1), command("a")), VoteResult::voted);
    QCOMPARE(m_acceptor->vote(ballot(2, 2), Slot(2), command("b")), VoteResult::gap);
    QCOMPARE(m_acceptor->vote(ballot(2, 2), Slot(1), command("c")), VoteResult::voted);
    QCOMPARE(m_acceptor->vote(ballot(2, 2), Slot(2), command("b")), VoteResult::voted);
}

void TestAcceptor::vote_isRepeatedWithoutEffect()
{
    QCOMPARE(m_acceptor->vote(ballot(1, 1), Slot(1), command("a")), VoteResult::voted);
    QCOMPARE(m_acceptor->vote(ballot(1, 1), Slot(1), command("a")), VoteResult::already);
    QCOMPARE(m_acceptor->votedTo(), Slot(1));
}

void TestAcceptor::vote_keepsAChosenValue()
{
    m_log->put(Slot(1), {Ballot(), command("chosen")});
    m_acceptor->setChosenUpTo(Slot(1));
    QCOMPARE(m_acceptor->vote(ballot(7, 1), Slot(1), command("other")), VoteResult::already);
    QVERIFY(m_log->at(Slot(1)).entry == command("chosen"));
}

void TestAcceptor::vote_replacesALowerBallot()
{
    QCOMPARE(m_acceptor->vote(ballot(1, 1), Slot(1), command("a")), VoteResult::voted);
    QCOMPARE(m_acceptor->vote(ballot(2, 2), Slot(1), command("b")), VoteResult::voted);
    QVERIFY(m_log->at(Slot(1)).ballot == ballot(2, 2));
    QVERIFY(m_log->at(Slot(1)).entry == command("b"));
}

void TestAcceptor::votedTo_neverPassesWhatIsHeld()
{
    for (std::uint64_t slot : {1, 2, 3})
        QCOMPARE(m_acceptor->vote(ballot(1, 1), Slot(slot), Entry()), VoteResult::voted);
    QCOMPARE(m_acceptor->vote(ballot(1, 1), Slot(5), Entry()), VoteResult::gap);
    QCOMPARE(m_acceptor->votedTo(), Slot(3));
}

void TestAcceptor::votedTo_restsOnChosenSlots()
{
    m_log->put(Slot(1), {Ballot(), Entry()});
    m_log->put(Slot(2), {Ballot(), Entry()});
    m_acceptor->setChosenUpTo(Slot(2));
    QCOMPARE(m_acceptor->votedTo(), Slot(2));
    m_acceptor->promise(ballot(4, 1));
    QCOMPARE(m_acceptor->votedTo(), Slot(2)); // whatever is promised, chosen stays chosen
    QCOMPARE(m_acceptor->vote(ballot(4, 1), Slot(3), Entry()), VoteResult::voted);
}

void TestAcceptor::enterEpoch_voidsThePromise()
{
    m_acceptor->promise(ballot(99, 9));
    m_acceptor->enterEpoch(Epoch(2));
    QVERIFY(m_acceptor->promised().isNone());
    QCOMPARE(m_acceptor->promise(ballot(1, 1, 2)), PromiseResult::raised);
    QCOMPARE(m_acceptor->promise(ballot(99, 9, 1)), PromiseResult::refused);
}

void TestAcceptor::enterEpoch_keepsAPromiseOfThatEpoch()
{
    // At a restart the promise may be replayed before the stop-sign is known as chosen.
    m_acceptor->promise(ballot(3, 1, 2));
    m_acceptor->enterEpoch(Epoch(2));
    QVERIFY(m_acceptor->promised() == ballot(3, 1, 2));
}

void TestAcceptor::recount_countsVotesOfThePromiseAlone()
{
    m_log->put(Slot(1), {ballot(1, 1), Entry()}); // chosen
    m_log->put(Slot(2), {ballot(2, 2), Entry()});
    m_log->put(Slot(3), {ballot(2, 2), Entry()});
    m_log->put(Slot(4), {ballot(1, 1), Entry()});
    m_log->put(Slot(5), {ballot(2, 2), Entry()});
    m_acceptor->promise(ballot(2, 2));
    m_acceptor->setChosenUpTo(Slot(1));
    m_acceptor->recount();
    QCOMPARE(m_acceptor->votedTo(), Slot(3));
}

void TestAcceptor::report_leavesOutWhatIsChosen()
{
    for (std::uint64_t slot : {1, 2, 3})
        QCOMPARE(m_acceptor->vote(ballot(1, 1), Slot(slot), Entry()), VoteResult::voted);
    const auto chunks = m_acceptor->report(Slot(1));
    QCOMPARE(chunks.size(), 1U);
    QCOMPARE(chunks[0].size(), 2U);
    QCOMPARE(chunks[0][0].slot, Slot(2));
    QVERIFY(chunks[0][0].ballot == ballot(1, 1));
}

void TestAcceptor::report_isAtLeastOneChunk()
{
    QCOMPARE(m_acceptor->report(Slot(0)).size(), 1U);
    QVERIFY(m_acceptor->report(Slot(0))[0].empty());
    QCOMPARE(m_acceptor->report(Slot(77)).size(), 1U); // above everything held
}

void TestAcceptor::report_isCutAtTheLimit()
{
    const Entry half{EntryKind::commands, QByteArray(limits::chunkBytesMax / 2, 'x'), {}};
    const Entry huge{EntryKind::commands, QByteArray(limits::chunkBytesMax * 2, 'x'), {}};
    std::uint64_t slot = 0;
    for (const Entry &entry : {half, half, huge, half})
        QCOMPARE(m_acceptor->vote(ballot(1, 1), Slot(++slot), entry), VoteResult::voted);
    const auto chunks = m_acceptor->report(Slot(0));
    QCOMPARE(chunks.size(), 4U); // two halves and their heads are more than one chunk
    std::uint64_t next = 0;
    for (const auto &chunk : chunks) {
        QVERIFY(!chunk.empty());
        for (const VoteReport &vote : chunk)
            QCOMPARE(vote.slot, Slot(++next));
    }
    QCOMPARE(next, slot);
}

QTEST_APPLESS_MAIN(TestAcceptor)
#include "tst_acceptor.moc"
