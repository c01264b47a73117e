// SPDX-License-Identifier: Apache-2.0
#include "consensus/membership.h"

#include "unit/consensus/samples.h"

#include <QtTest>

using namespace coffer;
using namespace coffer::consensus;

class TestMembership : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void others_leaveOutTheNodeItself();
    void outsider_isNothing();
    void enterNext_beginsRightAboveTheStop();
    void enterNext_countsNobodyOfTheOldSet();
    void jumpTo_skipsEpochs();

private:
    static Membership of(std::uint64_t self)
    {
        return {NodeId(self), {Epoch(3), Slot(10), {nodes({1, 2, 3}), nodes({4, 5})}}};
    }
};

void TestMembership::others_leaveOutTheNodeItself()
{
    QVERIFY(of(2).otherVoters() == nodes({1, 3}));
    QVERIFY(of(2).others() == nodes({1, 3, 4, 5}));
    QVERIFY(of(4).otherVoters() == nodes({1, 2, 3}));
    QVERIFY(of(4).others() == nodes({1, 2, 3, 5}));
}

void TestMembership::outsider_isNothing()
{
    QVERIFY(!of(9).isVoter());
    QVERIFY(!of(9).isMember());
    QVERIFY(!of(4).isVoter());
    QVERIFY(of(4).isMember());
    QVERIFY(of(9).others() == nodes({1, 2, 3, 4, 5})); // whom it asks for entries
}

void TestMembership::enterNext_beginsRightAboveTheStop()
{
    Membership membership = of(1);
    membership.enterNext(Slot(25), voters({1, 2, 4}));
    QCOMPARE(membership.epoch(), Epoch(4));
    QCOMPARE(membership.configuration().firstSlot, Slot(26));
    QVERIFY(membership.isVoter());
}

void TestMembership::enterNext_countsNobodyOfTheOldSet()
{
    Membership membership = of(1);
    membership.enterNext(Slot(25), voters({7, 8, 9}));
    QVERIFY(!membership.isMember());
    QVERIFY(membership.members() == voters({7, 8, 9}));
}

void TestMembership::jumpTo_skipsEpochs()
{
    Membership membership = of(1);
    membership.jumpTo({Epoch(8), Slot(90), voters({1})});
    QCOMPARE(membership.epoch(), Epoch(8));
    QVERIFY(membership.otherVoters().empty());
}

QTEST_APPLESS_MAIN(TestMembership)
#include "tst_membership.moc"
