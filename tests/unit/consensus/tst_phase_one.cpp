// SPDX-License-Identifier: Apache-2.0
#include "consensus/phase_one.h"

#include "unit/consensus/samples.h"

#include <QtTest>

using namespace coffer;
using namespace coffer::consensus;

class TestPhaseOne : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void quorum_needsMoreThanHalf();
    void quorum_countsAVoterOnce();
    void quorum_ignoresWhoIsNoVoter();
    void add_ignoresAnotherBallot();
    void add_ignoresAnotherPrepare();
    void add_ignoresAnImpossibleChunk();
    void promise_isWholeWithEveryChunk();
    void promise_takesChunksInAnyOrder();
    void promise_withMoreChosenReplacesTheEarlier();
    void promise_withLessChosenIsStale();
    void chosenUpTo_namesWhoKnowsMost();
    void recover_takesTheHighestBallotPerSlot();
    void recover_fillsGapsWithNoOps();
    void recover_takesNothingWhereNothingWasVoted();
    void recover_leavesOutWhatIsChosen();
    void recover_discardsWhatIsAboveAStop();
    void recover_goesOnAboveAStopThatLost();
    void recover_endsWithAStopAtTheEnd();

private:
    static Promise promise(std::vector<VoteReport> votes, std::uint64_t chosen = 0)
    {
        return {ballot(5, 1), Slot(1), Slot(chosen), 0, 1, std::move(votes)};
    }
    static VoteReport vote(std::uint64_t slot, std::uint64_t round, const Entry &entry)
    {
        return {Slot(slot), ballot(round, 2), entry};
    }
    PhaseOne m_phase{ballot(5, 1), Slot(1)};

private Q_SLOTS:
    void init() { m_phase = PhaseOne(ballot(5, 1), Slot(1)); }
};

void TestPhaseOne::quorum_needsMoreThanHalf()
{
    m_phase.add(NodeId(1), promise({}));
    m_phase.add(NodeId(2), promise({}));
    QVERIFY(m_phase.isQuorum(voters({1, 2, 3})));
    QVERIFY(!m_phase.isQuorum(voters({1, 2, 3, 4})));
    QVERIFY(!m_phase.isQuorum(voters({1, 2, 3, 4, 5})));
}

void TestPhaseOne::quorum_countsAVoterOnce()
{
    m_phase.add(NodeId(1), promise({}));
    m_phase.add(NodeId(1), promise({}));
    QVERIFY(!m_phase.isQuorum(voters({1, 2, 3})));
}

void TestPhaseOne::quorum_ignoresWhoIsNoVoter()
{
    m_phase.add(NodeId(1), promise({}));
    m_phase.add(NodeId(8), promise({}));
    m_phase.add(NodeId(9), promise({}));
    QVERIFY(!m_phase.isQuorum(voters({1, 2, 3})));
}

void TestPhaseOne::add_ignoresAnotherBallot()
{
    Promise other = promise({});
    other.ballot = ballot(4, 1);
    m_phase.add(NodeId(2), other);
    QVERIFY(!m_phase.hasPromised(NodeId(2)));
}

void TestPhaseOne::add_ignoresAnotherPrepare()
{
    // A Prepare from a higher slot reports less; its answer must not complete this one.
    Promise other = promise({});
    other.from = Slot(2);
    m_phase.add(NodeId(2), other);
    QVERIFY(!m_phase.hasPromised(NodeId(2)));
}

void TestPhaseOne::add_ignoresAnImpossibleChunk()
{
    Promise none = promise({});
    none.chunks = 0;
    m_phase.add(NodeId(2), none);
    Promise beyond = promise({});
    beyond.chunk = 1;
    m_phase.add(NodeId(2), beyond);
    QVERIFY(!m_phase.hasPromised(NodeId(2)));
}

void TestPhaseOne::promise_isWholeWithEveryChunk()
{
    Promise part = promise({vote(1, 1, command("a"))});
    part.chunks = 2;
    m_phase.add(NodeId(2), part);
    m_phase.add(NodeId(2), part); // the same chunk again is still one of two
    QVERIFY(!m_phase.hasPromised(NodeId(2)));
    part.chunk = 1;
    part.votes = {vote(2, 1, command("b"))};
    m_phase.add(NodeId(2), part);
    QVERIFY(m_phase.hasPromised(NodeId(2)));
    QCOMPARE(m_phase.recover(Slot(0)).entries.size(), 2U);
}

void TestPhaseOne::promise_takesChunksInAnyOrder()
{
    Promise part = promise({vote(2, 1, command("b"))});
    part.chunks = 2;
    part.chunk = 1;
    m_phase.add(NodeId(2), part);
    part.chunk = 0;
    part.votes = {vote(1, 1, command("a"))};
    m_phase.add(NodeId(2), part);
    const auto entries = m_phase.recover(Slot(0)).entries;
    QVERIFY(entries == std::vector<Entry>({command("a"), command("b")}));
}

void TestPhaseOne::promise_withMoreChosenReplacesTheEarlier()
{
    // The voter learned more between two answers, and cut the second one elsewhere: a chunk of
    // each is not a whole.
    Promise first = promise({vote(1, 1, command("a"))});
    first.chunks = 2;
    m_phase.add(NodeId(2), first);
    Promise second = promise({vote(4, 1, command("d"))}, 3);
    second.chunks = 2;
    second.chunk = 1;
    m_phase.add(NodeId(2), second);
    QVERIFY(!m_phase.hasPromised(NodeId(2)));
    second.chunk = 0;
    m_phase.add(NodeId(2), second);
    QVERIFY(m_phase.hasPromised(NodeId(2)));
}

void TestPhaseOne::promise_withLessChosenIsStale()
{
    m_phase.add(NodeId(2), promise({}, 3));
    m_phase.add(NodeId(2), promise({}, 1));
    QVERIFY(m_phase.hasPromised(NodeId(2)));
    QCOMPARE(m_phase.chosenUpTo().first, Slot(3));
}

void TestPhaseOne::chosenUpTo_namesWhoKnowsMost()
{
    QCOMPARE(m_phase.chosenUpTo().first, Slot(0));
    m_phase.add(NodeId(1), promise({}, 2));
    m_phase.add(NodeId(2), promise({}, 7));
    m_phase.add(NodeId(3), promise({}, 5));
    QVERIFY(m_phase.chosenUpTo() == std::pair(Slot(7), NodeId(2)));
}

void TestPhaseOne::recover_takesTheHighestBallotPerSlot()
{
    m_phase.add(NodeId(1), promise({vote(1, 3, command("three")), vote(2, 1, command("one"))}));
    m_phase.add(NodeId(2), promise({vote(1, 2, command("two")), vote(2, 4, command("four"))}));
    const auto recovery = m_phase.recover(Slot(0));
    QVERIFY(recovery.entries == std::vector<Entry>({command("three"), command("four")}));
    QVERIFY(!recovery.endsInStop);
}

void TestPhaseOne::recover_fillsGapsWithNoOps()
{
    m_phase.add(NodeId(1), promise({vote(3, 1, command("c"))}));
    const auto entries = m_phase.recover(Slot(0)).entries;
    QVERIFY(entries == std::vector<Entry>({Entry(), Entry(), command("c")}));
}

void TestPhaseOne::recover_takesNothingWhereNothingWasVoted()
{
    m_phase.add(NodeId(1), promise({}));
    QVERIFY(m_phase.recover(Slot(0)).entries.empty());
    QVERIFY(m_phase.recover(Slot(9)).entries.empty());
}

void TestPhaseOne::recover_leavesOutWhatIsChosen()
{
    m_phase.add(NodeId(1), promise({vote(1, 1, command("a")), vote(2, 1, command("b"))}));
    QVERIFY(m_phase.recover(Slot(1)).entries == std::vector<Entry>({command("b")}));
    QVERIFY(m_phase.recover(Slot(5)).entries.empty());
}

void TestPhaseOne::recover_discardsWhatIsAboveAStop()
{
    // Slot 3 has the higher ballot, and is discarded all the same.
    m_phase.add(NodeId(1), promise({vote(1, 1, command("a")), vote(2, 2, stopSign()),
                                    vote(3, 4, command("never"))}));
    const auto recovery = m_phase.recover(Slot(0));
    QVERIFY(recovery.entries == std::vector<Entry>({command("a"), stopSign()}));
    QVERIFY(recovery.endsInStop);
}

void TestPhaseOne::recover_goesOnAboveAStopThatLost()
{
    m_phase.add(NodeId(1), promise({vote(1, 1, stopSign())}));
    m_phase.add(NodeId(2), promise({vote(1, 2, command("won")), vote(2, 2, command("next"))}));
    const auto recovery = m_phase.recover(Slot(0));
    QVERIFY(recovery.entries == std::vector<Entry>({command("won"), command("next")}));
    QVERIFY(!recovery.endsInStop);
}

void TestPhaseOne::recover_endsWithAStopAtTheEnd()
{
    m_phase.add(NodeId(1), promise({vote(1, 1, stopSign())}));
    QVERIFY(m_phase.recover(Slot(0)).endsInStop);
    QVERIFY(!m_phase.recover(Slot(1)).endsInStop); // it is chosen already
}

QTEST_APPLESS_MAIN(TestPhaseOne)
#include "tst_phase_one.moc"
