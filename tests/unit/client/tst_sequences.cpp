// SPDX-License-Identifier: Apache-2.0
#include "client/sequences.h"

#include <QTest>

using namespace coffer;
using namespace coffer::client;

class TestSequences : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void begin_countsFromOne()
    {
        Sequences sequences{SessionId(5)};
        QVERIFY(sequences.begin() == (store::Origin{SessionId(5), Sequence(1), Sequence(0)}));
        QVERIFY(sequences.begin() == (store::Origin{SessionId(5), Sequence(2), Sequence(0)}));
    }
    void acknowledged_stopsBelowTheFirstOpen()
    {
        Sequences sequences{SessionId(5)};
        for (int n = 0; n < 4; ++n)
            (void)sequences.begin();
        sequences.end(Sequence(2));
        QCOMPARE(sequences.begin().acknowledgedUpTo, Sequence(0));
        sequences.end(Sequence(1));
        QCOMPARE(sequences.begin().acknowledgedUpTo, Sequence(2));
        for (std::uint64_t n = 3; n <= 6; ++n)
            sequences.end(Sequence(n));
        QCOMPARE(sequences.begin().acknowledgedUpTo, Sequence(6));
    }
    void room_endsAtTheBound()
    {
        Sequences sequences{SessionId(5)};
        for (std::size_t n = 0; n < limits::sessionOutstandingMax; ++n) {
            QVERIFY(sequences.hasRoom());
            (void)sequences.begin();
        }
        QVERIFY(!sequences.hasRoom());
        sequences.end(Sequence(2)); // The first is still open, and the window hangs on it.
        QVERIFY(!sequences.hasRoom());
        sequences.end(Sequence(1));
        QVERIFY(sequences.hasRoom());
    }
};

QTEST_APPLESS_MAIN(TestSequences)
#include "tst_sequences.moc"
