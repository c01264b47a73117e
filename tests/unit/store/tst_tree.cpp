// SPDX-License-Identifier: Apache-2.0
#include "store/tree.h"

#include <QTest>

using namespace coffer;
using namespace coffer::store;

class TestTree : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void put_keepsTheCreation();
    void put_copiesWhatWasBorrowed();
    void removeTree_endsAtASegment();
    void count_stopsAtTheMost();
    void owner_isThatOfTheLastPut();
    void hash_forgetsWhatIsGone();
    void takeChanges_namesEachPathOnce();
    void restore_refusesWhatCannotBe();
};

static Tree treeOf(const QByteArrayList &paths)
{
    Tree tree;
    for (const QByteArray &path : paths)
        tree.put(path, "v", {Revision(1)});
    return tree;
}

void TestTree::put_keepsTheCreation()
{
    Tree tree;
    tree.put("/a", "1", {Revision(1)});
    tree.put("/a", "2", {Revision(2)});
    QCOMPARE(tree.find("/a")->created(), Revision(1));
    QCOMPARE(tree.find("/a")->revision(), Revision(2));
    QVERIFY(tree.remove("/a"));
    QVERIFY(!tree.remove("/a"));
    tree.put("/a", "3", {Revision(3)});
    QCOMPARE(tree.find("/a")->created(), Revision(3));
}

void TestTree::put_copiesWhatWasBorrowed()
{
    char bytes[] = "/avalue";
    Tree tree;
    tree.put(QByteArray::fromRawData(bytes, 2), QByteArray::fromRawData(bytes + 2, 5),
             {Revision(1)});
    std::fill(std::begin(bytes), std::end(bytes), 'x');
    QCOMPARE(tree.find("/a")->value().toByteArray(), QByteArray("value"));
}

void TestTree::removeTree_endsAtASegment()
{
    Tree tree = treeOf({"/a", "/a/b", "/a/b/c", "/a-", "/a.b", "/a0", "/b"});
    QCOMPARE(tree.count("/a", 100), 3U);
    QCOMPARE(tree.removeTree("/a"), 3U);
    QCOMPARE(tree.size(), 4U);
    QCOMPARE(tree.removeTree("/a"), 0U);
    QCOMPARE(tree.removeTree("/"), 4U);
    QCOMPARE(tree.hash(), Hash128());
}

void TestTree::count_stopsAtTheMost()
{
    const Tree tree = treeOf({"/a/1", "/a/2", "/a/3", "/b"});
    QCOMPARE(tree.count("/a", 2), 2U);
    QCOMPARE(tree.count("/", 2), 2U);
    QCOMPARE(tree.count("/", 9), 4U);
}

void TestTree::owner_isThatOfTheLastPut()
{
    const SessionId one(1);
    const SessionId two(2);
    Tree tree;
    tree.put("/a", "", {Revision(1), one});
    tree.put("/b", "", {Revision(1), one});
    tree.put("/c", "", {Revision(1), one});
    QCOMPARE(tree.ownedCount(one), 3U);
    tree.put("/a", "", {Revision(2), two});
    tree.put("/b", "", {Revision(2)});
    QCOMPARE(tree.ownedCount(one), 1U);
    QCOMPARE(tree.owners(), (std::vector<SessionId>{one, two}));
    QCOMPARE(tree.removeOwned(one), 1U);
    QCOMPARE(tree.removeOwned(one), 0U);
    QVERIFY(tree.find("/a") && tree.find("/b") && !tree.find("/c"));
    QVERIFY(tree.remove("/a"));
    QVERIFY(tree.owners().empty());
}

void TestTree::hash_forgetsWhatIsGone()
{
    Tree tree = treeOf({"/a", "/b"});
    const Hash128 before = tree.hash();
    tree.put("/c", "1", {Revision(2)});
    tree.put("/c", "2", {Revision(3)});
    QVERIFY(tree.hash() != before);
    tree.remove("/c");
    QCOMPARE(tree.hash(), before);
    QCOMPARE(treeOf({"/b", "/a"}).hash(), before);
}

void TestTree::takeChanges_namesEachPathOnce()
{
    Tree tree = treeOf({"/b", "/a", "/c"});
    tree.put("/a", "w", {Revision(2)});
    tree.remove("/c");
    tree.put("/c", "w", {Revision(3)});
    tree.remove("/b");
    std::vector<Row> rows;
    tree.takeChanges(rows);
    const std::vector<Row> expected{{Table::files, "/a", tree.find("/a")->row()},
                                    {Table::files, "/b", {}},
                                    {Table::files, "/c", tree.find("/c")->row()}};
    QCOMPARE(rows, expected);
    rows.clear();
    tree.takeChanges(rows);
    QVERIFY(rows.empty());
    tree.put("/a", "x", {Revision(4)});
    tree.takeChanges(rows);
    QCOMPARE(rows.size(), 1U);
}

void TestTree::restore_refusesWhatCannotBe()
{
    const QByteArray good = File({Revision(2), Revision(1), {}}, "v").row();
    Tree tree;
    QVERIFY(tree.restore("/a", good));
    QVERIFY(!tree.restore("/a", good));
    QVERIFY(!tree.restore("a", good));
    QVERIFY(!tree.restore("/b", good.first(23)));
    QVERIFY(!tree.restore("/b", File({Revision(1), Revision(2), {}}, "v").row()));
    QVERIFY(!tree.restore("/b", File({Revision(1), Revision(0), {}}, "v").row()));
    QVERIFY(tree.restore("/b", File({Revision(1), Revision(1), {}}, "").row()));
}

QTEST_APPLESS_MAIN(TestTree)
#include "tst_tree.moc"
