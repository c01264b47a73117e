// SPDX-License-Identifier: Apache-2.0
#include "engine/state_reports.h"

#include "unit/engine/fake_host.h"

#include <QtTest>

using namespace coffer;
using namespace coffer::engine;
using coffer::test::FakeHost;

/// Node 1 of the voters 1, 2 and 3.
class TestStateReports : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void tick_saysTheNewestHashToAllOthers();
    void applied_saysTheHashOfEachCommonSlot();
    void receive_theSameHashIsNoDifference();
    void receive_oneThatDiffersIsAnAlarm();
    void receive_aMajorityThatAgreesIsRight();
    void receive_peersOfOtherBuildsAgreeAsWell();
    void receive_threeDifferentStatesConvictNobody();
    void receive_otherSlotsConvictNobody();
    void receive_aReportOfALaterSlotWaits();
    void receive_agreementLaterClearsThePeer();
    void receive_strangersAreIgnored();
    void isDisputed_untilAMajorityAgrees();
    void isDisputed_ofEarlierAgreementSaysNothing();
    void versionOf_isWhatWasSaid();
    void say_tellsThatTheNodeIsFenced();
    void say_beginsWithTheCheckpoint();
    void fenced_areTheMembersThatSaySo();

private:
    static Hash128 hashOf(std::uint64_t number) { return {number, 7}; }
    void apply(std::uint64_t from, std::uint64_t to);
    void hear(std::uint64_t node, std::uint64_t slot, std::uint64_t number,
              std::uint32_t version = 1);

    std::unique_ptr<FakeHost> m_host;
    std::unique_ptr<StateReports> m_reports;
    std::vector<Slot> m_diverged;
};

void TestStateReports::init()
{
    m_diverged.clear();
    m_reports.reset();
    m_host = std::make_unique<FakeHost>();
    m_host->makeReplica();
    m_reports =
        std::make_unique<StateReports>(*m_host, [this](Slot slot) { m_diverged.push_back(slot); });
}

/// The hash after a slot is its number.
void TestStateReports::apply(std::uint64_t from, std::uint64_t to)
{
    for (std::uint64_t slot = from; slot <= to; ++slot)
        m_reports->applied(Slot(slot), hashOf(slot));
}

void TestStateReports::hear(std::uint64_t node, std::uint64_t slot, std::uint64_t number,
                            std::uint32_t version)
{
    m_reports->receive(NodeId(node), {Slot(slot), hashOf(number), version});
}

void TestStateReports::tick_saysTheNewestHashToAllOthers()
{
    m_reports->tick();
    QVERIFY(m_host->sent.empty()); // there is no state yet
    apply(1, 5);
    m_reports->tick();
    m_reports->tick(); // not so soon again
    QCOMPARE(m_host->sent.size(), std::size_t(2));
    QCOMPARE(m_host->sent[0].first, NodeId(2));
    QCOMPARE(m_host->sent[1].first, NodeId(3));
    const auto &said = std::get<StateReport>(m_host->sent[0].second);
    QCOMPARE(said.applied, Slot(5));
    QVERIFY(said.hash == hashOf(5));
}

void TestStateReports::applied_saysTheHashOfEachCommonSlot()
{
    apply(1, 200);
    std::vector<std::uint64_t> slots;
    for (const auto &[to, message] : m_host->sent) {
        if (to == NodeId(2))
            slots.push_back(std::get<StateReport>(message).applied.value());
    }
    QVERIFY(slots == (std::vector<std::uint64_t>{64, 128, 192}));
}

void TestStateReports::receive_theSameHashIsNoDifference()
{
    apply(1, 10);
    hear(2, 10, 10);
    hear(3, 4, 4);
    QVERIFY(m_reports->differing().empty());
    QVERIFY(m_diverged.empty());
}

void TestStateReports::receive_oneThatDiffersIsAnAlarm()
{
    apply(1, 10);
    hear(2, 10, 99);
    hear(3, 10, 10);
    QVERIFY(m_reports->differing() == std::vector<NodeId>{NodeId(2)});
    QVERIFY(m_diverged.empty());
}

void TestStateReports::receive_aMajorityThatAgreesIsRight()
{
    apply(1, 700);
    // Busy peers, a few slots apart: each has said more before the other comes to the same slot.
    hear(2, 640, 9640);
    hear(2, 650, 9650);
    hear(2, 650, 9650);
    hear(3, 630, 9630);
    QVERIFY(m_diverged.empty());
    hear(3, 640, 9640);
    QVERIFY(m_diverged == std::vector<Slot>{Slot(640)});
    hear(3, 650, 9650);
    QCOMPARE(m_diverged.size(), std::size_t(1)); // said once
}

void TestStateReports::receive_peersOfOtherBuildsAgreeAsWell()
{
    apply(1, 10);
    hear(2, 10, 99, 1);
    hear(3, 10, 99, 2);
    QCOMPARE(m_diverged.size(), std::size_t(1));
}

void TestStateReports::receive_threeDifferentStatesConvictNobody()
{
    apply(1, 10);
    hear(2, 10, 98);
    hear(3, 10, 99);
    QVERIFY(m_diverged.empty());
    QCOMPARE(m_reports->differing().size(), std::size_t(2));
}

void TestStateReports::receive_otherSlotsConvictNobody()
{
    apply(1, 10);
    hear(2, 9, 99);
    hear(3, 10, 99);
    QVERIFY(m_diverged.empty());
}

void TestStateReports::receive_aReportOfALaterSlotWaits()
{
    apply(1, 10);
    hear(2, 12, 99);
    hear(3, 12, 99);
    QVERIFY(m_reports->differing().empty());
    apply(11, 12);
    QVERIFY(m_diverged == std::vector<Slot>{Slot(12)});
}

void TestStateReports::receive_agreementLaterClearsThePeer()
{
    apply(1, 10);
    hear(2, 6, 99);
    hear(2, 5, 5); // a late frame of before
    QCOMPARE(m_reports->differing().size(), std::size_t(1));
    hear(2, 8, 8);
    QVERIFY(m_reports->differing().empty());
    hear(3, 6, 99); // what node 2 said before it was mended counts no more
    QVERIFY(m_diverged.empty());
}

void TestStateReports::receive_strangersAreIgnored()
{
    apply(1, 10);
    hear(8, 10, 99);
    hear(9, 10, 99);
    QVERIFY(m_reports->differing().empty());
    QVERIFY(m_diverged.empty());
}

void TestStateReports::isDisputed_untilAMajorityAgrees()
{
    apply(1, 10);
    QVERIFY(!m_reports->isDisputed());
    hear(2, 8, 99);
    QVERIFY(m_reports->isDisputed());
    hear(3, 9, 9); // two of three are right
    QVERIFY(!m_reports->isDisputed());
    QCOMPARE(m_reports->differing().size(), std::size_t(1));
}

void TestStateReports::isDisputed_ofEarlierAgreementSaysNothing()
{
    apply(1, 10);
    hear(3, 7, 7);
    hear(2, 8, 99);
    QVERIFY(m_reports->isDisputed()); // node 3 may have gone wrong with slot 8
}

void TestStateReports::versionOf_isWhatWasSaid()
{
    QCOMPARE(m_reports->versionOf(NodeId(2)), 0U);
    hear(2, 1, 1, 3);
    QCOMPARE(m_reports->versionOf(NodeId(2)), 3U);
    QCOMPARE(m_reports->versionOf(NodeId(1)), m_host->machine.versionMax());
}

void TestStateReports::say_tellsThatTheNodeIsFenced()
{
    apply(1, 5);
    m_reports->tick();
    QVERIFY(!std::get<StateReport>(m_host->sent.back().second).isFenced);
    m_host->replica()->setFenced();
    m_reports->sayNow();
    QCOMPARE(m_host->sent.size(), std::size_t(4));
    QVERIFY(std::get<StateReport>(m_host->sent.back().second).isFenced);
}

/// A node that was restarted and has nothing new to apply may still have to say that it is fenced.
void TestStateReports::say_beginsWithTheCheckpoint()
{
    m_host->machine.applyNothing(Slot(1));
    m_reports->tick();
    QCOMPARE(m_host->sent.size(), std::size_t(2));
    const auto &said = std::get<StateReport>(m_host->sent.back().second);
    QCOMPARE(said.applied, Slot(1));
    QVERIFY(said.hash == m_host->machine.hash());
}

void TestStateReports::fenced_areTheMembersThatSaySo()
{
    QVERIFY(m_reports->fenced().empty());
    m_reports->receive(NodeId(3), {Slot(1), hashOf(1), 1, true});
    m_reports->receive(NodeId(9), {Slot(1), hashOf(1), 1, true}); // no member
    QVERIFY(m_reports->fenced() == std::vector<NodeId>{NodeId(3)});
    QVERIFY(m_reports->isFenced(NodeId(3)));
    QVERIFY(!m_reports->isFenced(NodeId(2)));
    m_reports->receive(NodeId(3), {Slot(2), hashOf(2), 1, false});
    QVERIFY(m_reports->fenced().empty());
}

QTEST_APPLESS_MAIN(TestStateReports)
#include "tst_state_reports.moc"
