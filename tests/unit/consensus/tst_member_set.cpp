// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "consensus/entry.h"
#include "unit/consensus/samples.h"

#include <QtTest>

using namespace coffer;
using namespace coffer::consensus;

class TestMemberSet : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void quorum_isMoreThanHalf_data();
    void quorum_isMoreThanHalf();
    void quorums_alwaysMeet();
    void isVoter_isFalseForObservers();
    void fault_data();
    void fault();
    void fault_namesTooManyMembers();
};

static std::vector<NodeId> range(std::uint64_t first, std::uint64_t last)
{
    std::vector<NodeId> list;
    for (std::uint64_t node = first; node <= last; ++node)
        list.push_back(NodeId(node));
    return list;
}

void TestMemberSet::quorum_isMoreThanHalf_data()
{
    QTest::addColumn<quint64>("voters");
    QTest::addColumn<quint64>("quorum");
    const std::vector<std::pair<quint64, quint64>> rows{{1, 1}, {2, 2}, {3, 2}, {4, 3},
                                                        {5, 3}, {6, 4}, {7, 4}, {15, 8}};
    for (const auto &[count, quorum] : rows)
        QTest::addRow("%d voters", int(count)) << count << quorum;
}

void TestMemberSet::quorum_isMoreThanHalf()
{
    QFETCH(quint64, voters);
    QFETCH(quint64, quorum);
    const MemberSet set{range(1, voters), range(100, 110)}; // observers change nothing
    QCOMPARE(quint64(set.quorum()), quorum);
}

void TestMemberSet::quorums_alwaysMeet()
{
    for (std::uint64_t count = 1; count <= limits::votersMax; ++count) {
        const MemberSet set{range(1, count), {}};
        QVERIFY(2 * set.quorum() > count);
        QVERIFY(set.quorum() <= count);
    }
}

void TestMemberSet::isVoter_isFalseForObservers()
{
    const MemberSet set{nodes({1, 3}), nodes({2})};
    QVERIFY(set.isVoter(NodeId(3)));
    QVERIFY(!set.isVoter(NodeId(2)));
    QVERIFY(set.isMember(NodeId(2)));
    QVERIFY(!set.isMember(NodeId(4)));
    QVERIFY(!MemberSet().isMember(NodeId()));
}

void TestMemberSet::fault_data()
{
    QTest::addColumn<std::vector<NodeId>>("voters");
    QTest::addColumn<std::vector<NodeId>>("observers");
    QTest::addColumn<bool>("isSound");
    using Nodes = std::vector<NodeId>;
    QTest::newRow("one voter") << nodes({1}) << Nodes() << true;
    QTest::newRow("voters and observers") << nodes({1, 5}) << nodes({2, 9}) << true;
    QTest::newRow("most voters") << range(1, limits::votersMax) << Nodes() << true;
    QTest::newRow("no voter") << Nodes() << nodes({1}) << false;
    QTest::newRow("too many voters") << range(1, limits::votersMax + 1) << Nodes() << false;
    QTest::newRow("voters not sorted") << nodes({2, 1}) << Nodes() << false;
    QTest::newRow("a voter twice") << nodes({1, 1, 2}) << Nodes() << false;
    QTest::newRow("observers not sorted") << nodes({1}) << nodes({4, 3}) << false;
    QTest::newRow("an observer twice") << nodes({1}) << nodes({3, 3}) << false;
    QTest::newRow("voter without id") << nodes({0, 1}) << Nodes() << false;
    QTest::newRow("observer without id") << nodes({1}) << nodes({0}) << false;
    QTest::newRow("both voter and observer") << nodes({1, 2}) << nodes({2, 3}) << false;
}

void TestMemberSet::fault()
{
    QFETCH(std::vector<NodeId>, voters);
    QFETCH(std::vector<NodeId>, observers);
    QFETCH(bool, isSound);
    const MemberSet set{voters, observers};
    QCOMPARE(set.fault() == nullptr, isSound);
}

void TestMemberSet::fault_namesTooManyMembers()
{
    MemberSet set{nodes({1}), range(2, limits::membersMax)};
    QVERIFY(set.fault() == nullptr);
    set.observers.push_back(NodeId(limits::membersMax + 1));
    QVERIFY(QByteArray(set.fault()).contains("64"));
}

QTEST_APPLESS_MAIN(TestMemberSet)
#include "tst_member_set.moc"
