// SPDX-License-Identifier: Apache-2.0
#include "consensus/proposer.h"

#include "base/limits.h"
#include "unit/consensus/samples.h"

#include <QtTest>

using namespace coffer;
using namespace coffer::consensus;

static constexpr Monotonic start{1'000'000};
static constexpr Monotonic patience{40'000};

class TestProposer : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void quorumSlot_needsTheOwnVoteDurable();
    void quorumSlot_isReachedWithoutTheLeader();
    void quorumSlot_ignoresObservers();
    void quorumSlot_ofOneVoterIsItsOwn();
    void acknowledged_ignoresStrangers();
    void acknowledged_neverPassesWhatWasProposed();
    void acknowledged_neverGoesBack();
    void proposed_refusesAnythingAboveAStop();
    void proposed_notesLeaderStart();
    void pump_sendsEachSlotOnce();
    void pump_sendsToObserversToo();
    void pump_stopsAtTheSlotWindow();
    void pump_stopsAtTheByteWindow();
    void pump_resendsAfterPatience();
    void pump_resendsSlowerEachTime();
    void pump_sendsOneSlotToADeadPeer();
    void rewind_sendsAgainBehindWhatIsHeld();
    void rewind_neverSkipsForward();
    void quorumHeardAt_isTheSlowestOfTheQuorum();
    void mostAdvanced_leavesOutTheLeader();
    void mostAdvanced_takesAnybodyRatherThanNobody();

private:
    void propose(int count, const Entry &entry = Entry());
    std::vector<Outgoing> pump(Monotonic now = start);
    static std::vector<std::uint64_t> sentTo(std::uint64_t node,
                                             const std::vector<Outgoing> &messages);

    MemberSet m_members;
    std::unique_ptr<Log> m_log;
    std::unique_ptr<Proposer> m_proposer;
};

void TestProposer::init()
{
    m_members = {nodes({1, 2, 3}), nodes({4})};
    m_log = std::make_unique<Log>();
    m_proposer = std::make_unique<Proposer>(NodeId(1), ballot(1, 1), Slot(1), m_members, start);
}

void TestProposer::propose(int count, const Entry &entry)
{
    for (int i = 0; i < count; ++i) {
        m_log->put(m_log->last().next(), {ballot(1, 1), entry});
        m_proposer->proposed(entry);
    }
}

std::vector<Outgoing> TestProposer::pump(Monotonic now)
{
    std::vector<Outgoing> out;
    m_proposer->pump(*m_log, Slot(0), now, patience, out);
    return out;
}

std::vector<std::uint64_t> TestProposer::sentTo(std::uint64_t node,
                                                const std::vector<Outgoing> &messages)
{
    std::vector<std::uint64_t> sent;
    for (const Outgoing &outgoing : messages) {
        if (outgoing.to == NodeId(node))
            sent.push_back(std::get<Accept>(outgoing.message).slot.value());
    }
    return sent;
}

void TestProposer::quorumSlot_needsTheOwnVoteDurable()
{
    propose(2);
    QVERIFY(m_proposer->acknowledged(NodeId(2), Slot(2), *m_log, start));
    QCOMPARE(m_proposer->quorumSlot(), Slot(0));
    m_proposer->ownDurable(Slot(1));
    QCOMPARE(m_proposer->quorumSlot(), Slot(1));
}

void TestProposer::quorumSlot_isReachedWithoutTheLeader()
{
    // The others are a quorum of their own; the leader's slow disk does not hold them up.
    propose(1);
    QVERIFY(m_proposer->acknowledged(NodeId(2), Slot(1), *m_log, start));
    QVERIFY(m_proposer->acknowledged(NodeId(3), Slot(1), *m_log, start));
    QCOMPARE(m_proposer->quorumSlot(), Slot(1));
}

void TestProposer::quorumSlot_ignoresObservers()
{
    propose(1);
    m_proposer->ownDurable(Slot(1));
    QVERIFY(m_proposer->acknowledged(NodeId(4), Slot(1), *m_log, start));
    QCOMPARE(m_proposer->quorumSlot(), Slot(0));
}

void TestProposer::quorumSlot_ofOneVoterIsItsOwn()
{
    m_members = voters({1});
    m_proposer = std::make_unique<Proposer>(NodeId(1), ballot(1, 1), Slot(1), m_members, start);
    propose(1);
    QCOMPARE(m_proposer->quorumSlot(), Slot(0));
    m_proposer->ownDurable(Slot(1));
    QCOMPARE(m_proposer->quorumSlot(), Slot(1));
}

void TestProposer::acknowledged_ignoresStrangers()
{
    propose(1);
    QVERIFY(!m_proposer->acknowledged(NodeId(77), Slot(1), *m_log, start));
    QVERIFY(!m_proposer->acknowledged(NodeId(1), Slot(1), *m_log, start));
    QCOMPARE(m_proposer->quorumSlot(), Slot(0));
}

void TestProposer::acknowledged_neverPassesWhatWasProposed()
{
    propose(1);
    m_proposer->ownDurable(Slot(1));
    QVERIFY(m_proposer->acknowledged(NodeId(2), Slot(900), *m_log, start));
    QCOMPARE(m_proposer->durableTo(NodeId(2)), Slot(1));
    QCOMPARE(m_proposer->quorumSlot(), Slot(1));
}

void TestProposer::acknowledged_neverGoesBack()
{
    propose(3);
    QVERIFY(m_proposer->acknowledged(NodeId(2), Slot(3), *m_log, start));
    QVERIFY(!m_proposer->acknowledged(NodeId(2), Slot(1), *m_log, start));
    QCOMPARE(m_proposer->durableTo(NodeId(2)), Slot(3));
}

void TestProposer::proposed_refusesAnythingAboveAStop()
{
    const ThrowingChecks checks;
    propose(1, stopSign());
    QVERIFY(m_proposer->hasStop());
    QVERIFY_THROWS_EXCEPTION(std::logic_error, m_proposer->proposed(Entry()));
}

void TestProposer::proposed_notesLeaderStart()
{
    QVERIFY(!m_proposer->leaderStart());
    propose(1, command("recovered"));
    propose(1, {EntryKind::leaderStart, {}, {}});
    QVERIFY(m_proposer->leaderStart() == Slot(2));
}

void TestProposer::pump_sendsEachSlotOnce()
{
    propose(2);
    QVERIFY(sentTo(2, pump()) == std::vector<std::uint64_t>({1, 2}));
    QVERIFY(pump().empty());
    propose(1);
    QVERIFY(sentTo(3, pump()) == std::vector<std::uint64_t>({3}));
}

void TestProposer::pump_sendsToObserversToo()
{
    propose(1);
    const auto out = pump();
    QCOMPARE(sentTo(4, out).size(), 1U);
    QVERIFY(sentTo(1, out).empty()); // nothing to itself
}

void TestProposer::pump_stopsAtTheSlotWindow()
{
    propose(int(limits::windowSlotsMax) + 10);
    QCOMPARE(sentTo(2, pump()).size(), limits::windowSlotsMax);
    QVERIFY(m_proposer->acknowledged(NodeId(2), Slot(3), *m_log, start));
    const auto next = pump();
    QCOMPARE(sentTo(2, next).size(), 3U);
    QVERIFY(sentTo(3, next).empty());
}

void TestProposer::pump_stopsAtTheByteWindow()
{
    propose(4, {EntryKind::commands, QByteArray(limits::windowBytesMax / 2, 'x'), {}});
    QCOMPARE(sentTo(2, pump()).size(), 2U);
    QVERIFY(m_proposer->acknowledged(NodeId(2), Slot(2), *m_log, start));
    QVERIFY(sentTo(2, pump()) == std::vector<std::uint64_t>({3, 4}));
}

void TestProposer::pump_resendsAfterPatience()
{
    propose(3);
    QCOMPARE(sentTo(2, pump()).size(), 3U);
    QVERIFY(m_proposer->acknowledged(NodeId(2), Slot(1), *m_log, start));
    QVERIFY(sentTo(2, pump()).empty());
    QVERIFY(sentTo(2, pump(start + patience - Monotonic(1))).empty());
    QVERIFY(sentTo(2, pump(start + patience)) == std::vector<std::uint64_t>({2, 3}));
}

void TestProposer::pump_resendsSlowerEachTime()
{
    propose(1);
    QCOMPARE(sentTo(2, pump()).size(), 1U);
    QCOMPARE(sentTo(2, pump(start + patience)).size(), 1U);
    QVERIFY(sentTo(2, pump(start + 2 * patience)).empty());
    QCOMPARE(sentTo(2, pump(start + 3 * patience)).size(), 1U);
}

void TestProposer::pump_sendsOneSlotToADeadPeer()
{
    propose(5);
    Monotonic now = start;
    std::vector<std::uint64_t> sent;
    for (int resend = 0; resend < 4; ++resend) {
        sent = sentTo(2, pump(now));
        now += patience * 32;
    }
    QVERIFY(sent == std::vector<std::uint64_t>({1}));
    // It lives: everything again.
    QVERIFY(m_proposer->acknowledged(NodeId(2), Slot(1), *m_log, now));
    QVERIFY(sentTo(2, pump(now)) == std::vector<std::uint64_t>({2, 3, 4, 5}));
}

void TestProposer::rewind_sendsAgainBehindWhatIsHeld()
{
    propose(4);
    QCOMPARE(sentTo(2, pump()).size(), 4U);
    m_proposer->rewind(NodeId(2), Slot(2));
    QVERIFY(sentTo(2, pump()) == std::vector<std::uint64_t>({3, 4}));
}

void TestProposer::rewind_neverSkipsForward()
{
    propose(4);
    m_proposer->rewind(NodeId(2),
                       Slot(3)); // nothing was sent yet: it holds no votes of this ballot
    QVERIFY(sentTo(2, pump()) == std::vector<std::uint64_t>({1, 2, 3, 4}));
    m_proposer->rewind(NodeId(77), Slot(1)); // a stranger is harmless
}

void TestProposer::quorumHeardAt_isTheSlowestOfTheQuorum()
{
    const Monotonic now = start + Monotonic(900'000);
    QCOMPARE(m_proposer->quorumHeardAt(now), start); // nobody but the leader
    m_proposer->heardFrom(NodeId(4), now);           // an observer is no quorum
    QCOMPARE(m_proposer->quorumHeardAt(now), start);
    m_proposer->heardFrom(NodeId(3), start + Monotonic(500));
    QCOMPARE(m_proposer->quorumHeardAt(now), start + Monotonic(500));
    m_proposer->heardFrom(NodeId(3), start); // time does not go back
    QCOMPARE(m_proposer->heardAt(NodeId(3)), start + Monotonic(500));
}

void TestProposer::mostAdvanced_leavesOutTheLeader()
{
    propose(3);
    m_proposer->ownDurable(Slot(3));
    QVERIFY(m_proposer->acknowledged(NodeId(2), Slot(1), *m_log, start));
    QVERIFY(m_proposer->acknowledged(NodeId(3), Slot(2), *m_log, start));
    QCOMPARE(m_proposer->mostAdvanced(nodes({1, 2, 3})), NodeId(3));
    QCOMPARE(m_proposer->mostAdvanced(nodes({1, 2})), NodeId(2));
}

void TestProposer::mostAdvanced_takesAnybodyRatherThanNobody()
{
    QCOMPARE(m_proposer->mostAdvanced(nodes({8, 9})), NodeId(8));
    QVERIFY(m_proposer->mostAdvanced(nodes({1})).isNone());
}

QTEST_APPLESS_MAIN(TestProposer)
#include "tst_proposer.moc"
