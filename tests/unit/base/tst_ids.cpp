// SPDX-License-Identifier: Apache-2.0
#include "base/ids.h"

#include <QtTest>

using namespace coffer;

static_assert(!std::is_convertible_v<std::uint64_t, Slot>, "a number is not a slot by accident");
static_assert(!std::is_constructible_v<Slot, NodeId>, "a node is not a slot");
static_assert(!std::is_same_v<Slot, Revision>);

class TestIds : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void default_isNone();
    void order_isThatOfTheNumbers();
    void next_isOneMore();
    void previous_stopsAtNone();
};

void TestIds::default_isNone()
{
    QVERIFY(NodeId().isNone());
    QVERIFY(!NodeId(1).isNone());
    QCOMPARE(Slot().value(), 0U);
}

void TestIds::order_isThatOfTheNumbers()
{
    QVERIFY(Slot(2) < Slot(10));
    QVERIFY(Slot(10) == Slot(10));
    QVERIFY(NodeId(std::uint64_t(-1)) > NodeId(1)); // random ids use all 64 bits
}

void TestIds::next_isOneMore()
{
    QCOMPARE(Slot().next(), Slot(1));
    QCOMPARE(Slot(41).next(), Slot(42));
}

void TestIds::previous_stopsAtNone()
{
    QCOMPARE(Slot(1).previous(), Slot());
    QCOMPARE(Slot().previous(), Slot());
}

QTEST_APPLESS_MAIN(TestIds)
#include "tst_ids.moc"
