// SPDX-License-Identifier: Apache-2.0
#include "base/ballot.h"

#include <QtTest>

#include <algorithm>
#include <vector>

using namespace coffer;

class TestBallot : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void order_isEpochThenRoundThenNode();
    void order_isTotal();
    void none_isBelowEveryBallotOfItsEpoch();
    void none_isAboveEveryBallotOfTheEpochBefore();
};

static Ballot ballot(std::uint64_t epoch, std::uint64_t round, std::uint64_t node)
{
    return {Epoch(epoch), round, NodeId(node)};
}

void TestBallot::order_isEpochThenRoundThenNode()
{
    QVERIFY(ballot(1, 99, 99) < ballot(2, 1, 1));
    QVERIFY(ballot(2, 1, 99) < ballot(2, 2, 1));
    QVERIFY(ballot(2, 2, 1) < ballot(2, 2, 2));
    QVERIFY(ballot(2, 2, 2) == ballot(2, 2, 2));
}

void TestBallot::order_isTotal()
{
    std::vector<Ballot> all;
    for (std::uint64_t i = 0; i < 27; ++i)
        all.push_back(ballot(i / 9, i / 3 % 3, i % 3));
    for (std::size_t i = 0; i < all.size(); ++i) {
        for (std::size_t j = 0; j < all.size(); ++j) {
            QCOMPARE(all[i] < all[j], i < j);
            QCOMPARE(all[i] == all[j], i == j);
        }
    }
}

void TestBallot::none_isBelowEveryBallotOfItsEpoch()
{
    const Ballot none{Epoch(3), 0, NodeId()};
    QVERIFY(none.isNone());
    QVERIFY(none < ballot(3, 0, 1));
    QVERIFY(none < ballot(3, 1, 1));
}

void TestBallot::none_isAboveEveryBallotOfTheEpochBefore()
{
    const Ballot none{Epoch(3), 0, NodeId()};
    QVERIFY(none > ballot(2, 1000, 1000));
}

QTEST_APPLESS_MAIN(TestBallot)
#include "tst_ballot.moc"
