// SPDX-License-Identifier: Apache-2.0
#include "store/changes_p.h"

#include <QTest>

using coffer::store::Changes;

class TestChanges : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void take_givesEachKeyOnceInOrder();
    void take_forgets();
    void note_keepsTheListShort();
};

void TestChanges::take_givesEachKeyOnceInOrder()
{
    Changes<int> changes;
    for (const int key : {3, 1, 3, 2, 1})
        changes.note(key);
    QCOMPARE(changes.take(), (std::vector<int>{1, 2, 3}));
}

void TestChanges::take_forgets()
{
    Changes<int> changes;
    changes.note(1);
    QCOMPARE(changes.take().size(), 1U);
    QVERIFY(changes.take().empty());
}

void TestChanges::note_keepsTheListShort()
{
    Changes<int> changes;
    for (int i = 0; i < 1'000'000; ++i)
        changes.note(i % 7);
    const std::vector<int> keys = changes.take();
    QCOMPARE(keys.size(), 7U);
    QVERIFY(keys.capacity() < 100'000);
}

QTEST_APPLESS_MAIN(TestChanges)
#include "tst_changes.moc"
