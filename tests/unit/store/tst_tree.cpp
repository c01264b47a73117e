// SPDX-License-Identifier: Apache-2.0
#include "store/tree.h"

#include <QTest>

using namespace coffer;
using namespace coffer::store;
using Verdict = Tree::Verdict;

class TestTree : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void put_keepsTheCreation();
    void put_copiesWhatWasBorrowed();
    void put_refusesFileBelowFile();
    void put_refusesFileOnDirectory();
    void directory_goesWithItsLastEntry();
    void removeTree_endsAtASegment();
    void count_stopsAtTheMost();
    void owner_isThatOfTheLastPut();
    void commit_isNothingWithoutANetChange();
    void rollback_undoesEverything();
    void tidy_keepsWhatNobodyTook();
    void tidy_keepsTheBase();
    void chain_isFreedWithoutRecursion();
};

/// One revision.
template<class Change>
static bool change(Tree &tree, const Change &change)
{
    tree.begin(WallMs(1));
    change();
    return tree.commit();
}

static bool put(Tree &tree, const QByteArray &path, const QByteArray &value = "v",
                SessionId owner = {})
{
    return change(tree, [&] {
        QCOMPARE(tree.put({.path = path, .value = value, .owner = owner}), Verdict::done);
    });
}

static Tree treeOf(const QByteArrayList &paths)
{
    Tree tree;
    for (const QByteArray &path : paths)
        put(tree, path);
    return tree;
}

static bool removeTree(Tree &tree, const QByteArray &path)
{
    return change(tree, [&] { tree.removeTree(path); });
}

void TestTree::put_keepsTheCreation()
{
    Tree tree = treeOf({"/a", "/a"});
    QCOMPARE(tree.find("/a")->file.created, Revision(1));
    QCOMPARE(tree.find("/a")->file.revision, Revision(2));
    QVERIFY(removeTree(tree, "/a"));
    QVERIFY(!removeTree(tree, "/a"));
    put(tree, "/a");
    QCOMPARE(tree.find("/a")->file.created, Revision(4));
}

void TestTree::put_copiesWhatWasBorrowed()
{
    char bytes[] = "/avalue";
    Tree tree;
    put(tree, QByteArray::fromRawData(bytes, 2), QByteArray::fromRawData(bytes + 2, 5));
    std::fill(std::begin(bytes), std::end(bytes), 'x');
    QVERIFY(tree.find("/a"));
    QCOMPARE(tree.find("/a")->file.value, QByteArray("value"));
}

void TestTree::put_refusesFileBelowFile()
{
    Tree tree = treeOf({"/a", "/b/c"});
    change(tree, [&tree] {
        QCOMPARE(tree.put({.path = "/a/b", .value = ""}), Verdict::notDirectory);
        QCOMPARE(tree.put({.path = "/b/c/d/e", .value = ""}), Verdict::notDirectory);
        QCOMPARE(tree.put({.path = "/ab", .value = ""}), Verdict::done);
    });
    QCOMPARE(tree.fileAbove("/b/c/d/e"), QByteArrayView("/b/c"));
    QCOMPARE(tree.fileAbove("/b/d/e"), QByteArrayView());
}

void TestTree::put_refusesFileOnDirectory()
{
    Tree tree = treeOf({"/a/b/c"});
    change(tree, [&tree] {
        QCOMPARE(tree.put({.path = "/a", .value = ""}), Verdict::isDirectory);
        QCOMPARE(tree.put({.path = "/a/b", .value = ""}), Verdict::isDirectory);
        QVERIFY(tree.remove("/a/b/c"));
        QCOMPARE(tree.put({.path = "/a/b", .value = ""}), Verdict::done);
    });
    QVERIFY(tree.find("/a/b"));
}

void TestTree::directory_goesWithItsLastEntry()
{
    Tree tree = treeOf({"/a/b/c", "/a/b/d", "/a/e"});
    QCOMPARE(tree.entryCount("/"), 1U);
    QCOMPARE(tree.entryCount("/a"), 2U);
    QCOMPARE(tree.entryCount("/a/b"), 2U);
    removeTree(tree, "/a/b/c");
    QCOMPARE(tree.entryCount("/a/b"), 1U);
    removeTree(tree, "/a/b/d");
    QCOMPARE(tree.entryCount("/a/b"), 0U);
    QCOMPARE(tree.entryCount("/a"), 1U);
    removeTree(tree, "/");
    QCOMPARE(tree.entryCount("/a"), 0U);
    QCOMPARE(tree.entryCount("/"), 0U);
}

void TestTree::removeTree_endsAtASegment()
{
    Tree tree = treeOf({"/a/b", "/a/c/d", "/a-", "/a.b", "/a0", "/b"});
    QCOMPARE(tree.count("/a", 100), 2U);
    removeTree(tree, "/a");
    QCOMPARE(tree.size(), 4U);
    removeTree(tree, "/");
    QCOMPARE(tree.size(), 0U);
    QCOMPARE(tree.liveBytes(), 0U);
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
    for (const char *path : {"/a", "/b", "/c"})
        put(tree, path, "", one);
    QCOMPARE(tree.ownedCount(one), 3U);
    put(tree, "/a", "", two);
    put(tree, "/b");
    QCOMPARE(tree.ownedCount(one), 1U);
    QCOMPARE(tree.owners(), (std::vector<SessionId>{one, two}));
    QVERIFY(change(tree, [&] { tree.removeOwned(one, true); }));
    QVERIFY(!change(tree, [&] { tree.removeOwned(one, true); }));
    QVERIFY(tree.find("/a") && tree.find("/b") && !tree.find("/c"));
    removeTree(tree, "/a");
    QVERIFY(tree.owners().empty());
}

void TestTree::commit_isNothingWithoutANetChange()
{
    Tree tree = treeOf({"/a"});
    const Hash128 before = tree.hash();
    QVERIFY(!change(tree, [&tree] {
        QCOMPARE(tree.put({.path = "/b/c", .value = "v"}), Verdict::done);
        QVERIFY(tree.remove("/b/c"));
    }));
    QCOMPARE(tree.revision(), Revision(1));
    QCOMPARE(tree.hash(), before);
    QCOMPARE(tree.entryCount("/b"), 0U);
    QCOMPARE(tree.versionCount(), 1U);
    QVERIFY(!tree.index().find("/b/c"));
}

void TestTree::rollback_undoesEverything()
{
    Tree tree = treeOf({"/a", "/d/e"});
    const Hash128 before = tree.hash();
    tree.begin(WallMs(5));
    QCOMPARE(tree.put({.path = "/a", .value = "longer"}), Verdict::done);
    QVERIFY(tree.remove("/d/e"));
    QCOMPARE(tree.put({.path = "/d", .value = ""}), Verdict::done);
    QCOMPARE(tree.put({.path = "/x/y", .value = ""}), Verdict::done);
    tree.rollback();
    QCOMPARE(tree.hash(), before);
    QCOMPARE(tree.auditHash(), before);
    QCOMPARE(tree.liveBytes(), 2U + 4 + 2);
    QCOMPARE(tree.find("/a")->file.value, QByteArray("v"));
    QVERIFY(tree.find("/d/e") && !tree.find("/d") && !tree.find("/x/y"));
    QCOMPARE(tree.entryCount("/d"), 1U);
    QCOMPARE(tree.entryCount("/"), 2U);
    QCOMPARE(tree.size(), 2U);
}

void TestTree::tidy_keepsWhatNobodyTook()
{
    Tree tree = treeOf({"/a", "/a", "/a"});
    tree.compact(Revision(3));
    tree.tidy(100);
    QCOMPARE(tree.versionCount(), 3U);
    std::vector<Row> rows;
    tree.takeChanges(rows);
    QCOMPARE(rows.size(), 3U);
    tree.tidy(1);
    QCOMPARE(tree.versionCount(), 3U);
    tree.tidy(2);
    QCOMPARE(tree.versionCount(), 1U);
    rows.clear();
    tree.takeChanges(rows);
    const std::vector<Row> expected{{Table::files, keyOf("/a", Revision(1)), {}},
                                    {Table::files, keyOf("/a", Revision(2)), {}}};
    QCOMPARE(rows, expected);
}

void TestTree::tidy_keepsTheBase()
{
    Tree tree = treeOf({"/a", "/a", "/b"});
    removeTree(tree, "/b");
    put(tree, "/a");
    std::vector<Row> rows;
    tree.takeChanges(rows);
    const Hash128 before = tree.hash();
    tree.compact(Revision(4));
    QVERIFY(tree.hash() != before);
    tree.tidy(100);
    QCOMPARE(tree.hash(), tree.auditHash());
    QCOMPARE(tree.versionCount(), 2U);
    QCOMPARE(tree.index().find("/a")->fileAt(Revision(4))->file.revision, Revision(2));
    QVERIFY(!tree.index().find("/b"));
}

void TestTree::chain_isFreedWithoutRecursion()
{
    Tree tree;
    for (int i = 0; i < 300'000; ++i)
        put(tree, "/a", "");
    QCOMPARE(tree.versionCount(), 300'000U);
}

QTEST_APPLESS_MAIN(TestTree)
#include "tst_tree.moc"
