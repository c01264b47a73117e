// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"
#include "store/glob.h"
#include "store/limits.h"
#include "store/path.h"
#include "support/naive_glob.h"

#include <QTest>

using namespace coffer;
using namespace coffer::store;

class TestGlob : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void matches_agreesWithTheSpecification_data();
    void matches_agreesWithTheSpecification();
    void matches_agreesWithTheRules();
    void matches_isTotal();
    void matches_staysPolynomial_data();
    void matches_staysPolynomial();
    void parse_refuses_data();
    void parse_refuses();
    void parse_takesExactlyTheseBytes();
    void parse_takesTheLargest_data();
    void parse_takesTheLargest();
    void tree_holdsEveryMatch_data();
    void tree_holdsEveryMatch();
};

static std::uint64_t seed()
{
    const QByteArray given = qgetenv("COFFER_TEST_SEED");
    const std::uint64_t seed = given.isEmpty() ? 20'240'613 : given.toULongLong();
    qInfo("COFFER_TEST_SEED=%llu", static_cast<unsigned long long>(seed));
    return seed;
}

static Glob globOf(const QByteArray &pattern)
{
    const Result<Glob> glob = Glob::parse(pattern);
    if (!glob)
        qFatal("%s: %s", pattern.constData(), qPrintable(glob.error().message));
    return *glob;
}

void TestGlob::matches_agreesWithTheSpecification_data()
{
    QTest::addColumn<QByteArray>("pattern");
    QTest::addColumn<QByteArrayList>("matching");
    QTest::addColumn<QByteArrayList>("others");
    const auto row = [](const char *pattern, const QByteArrayList &matching,
                        const QByteArrayList &others) {
        QTest::newRow(pattern) << QByteArray(pattern) << matching << others;
    };
    row("/a/b", {"/a/b"}, {"/a/c", "/a/bc", "/a/b/c"});
    row("/a?", {"/ab", "/a."}, {"/a", "/abc", "/a/b"});
    row("/a*", {"/a", "/ab", "/abc"}, {"/", "/ba", "/a/b"});
    row("/a**", {"/a", "/ab", "/a/b", "/ab/c/d"}, {"/ba", "/"});
    row("/a/**", {"/a/b", "/a/b/c"}, {"/a"});
    row("/*", {"/a", "/"}, {"/a/b"});
    row("/**", {"/", "/a", "/a/b", "/a/b/c"}, {});
    row("/**/a", {"/x/a", "/x/y/a"}, {"/a", "/xa"});
    row("/*/*", {"/x/y"}, {"/x", "/x/y/z"});
    row("/x/*/c", {"/x/y/c"}, {"/x/c", "/x/y/z/c"});
    row("/a*b", {"/ab", "/a.b", "/a-b"}, {"/a/b"});
    row("/", {"/"}, {"/a", "/a/b"});
    // Not in Doozer's examples.
    row("/?", {"/a", "/_"}, {"/", "/ab"});
    row("/***", {"/", "/a", "/a/b"}, {});
    row("/a***b", {"/ab", "/a/b", "/a/x/yb"}, {"/a", "/a/bc"});
    row("/a****", {"/a", "/a/b"}, {"/b"});
    row("/*a*", {"/a", "/ba", "/bab"}, {"/b", "/a/a", "/b/a"});
    row("/*?", {"/a", "/ab"}, {"/", "/a/b"});
    row("/**?", {"/a", "/a/b"}, {"/"});
    row("/a/*/**/z", {"/a/b/c/z", "/a/b/c/d/z"}, {"/a/z", "/a/b/z"});
    row("/**b**b", {"/bb", "/a/b/b", "/bxb"}, {"/b", "/bba"});
    row("/A@b:c=~%+_*", {"/A@b:c=~%+_", "/A@b:c=~%+_x"}, {"/a@b:c=~%+_", "/A@b:c"});
    row("/ab*ab", {"/abab", "/abxab"}, {"/ab", "/aba"}); // The ends may not overlap.
}

void TestGlob::matches_agreesWithTheSpecification()
{
    QFETCH(const QByteArray, pattern);
    QFETCH(const QByteArrayList, matching);
    QFETCH(const QByteArrayList, others);
    const Glob glob = globOf(pattern);
    QCOMPARE(glob.pattern(), pattern);
    for (const QByteArray &path : matching) {
        QVERIFY2(glob.matches(path), path);
        QVERIFY2(test::NaiveGlob::matches(pattern, path), path);
        QVERIFY2(path.startsWith(glob.literalPrefix().toByteArray()), path);
    }
    for (const QByteArray &path : others) {
        QVERIFY2(!glob.matches(path), path);
        QVERIFY2(!test::NaiveGlob::matches(pattern, path), path);
    }
}

static QByteArray draw(Random &random, const char *alphabet, std::uint64_t sizeMax)
{
    const QByteArray bytes(alphabet);
    QByteArray drawn("/");
    for (std::uint64_t left = random.below(sizeMax); left > 0; --left)
        drawn += bytes[qsizetype(random.below(std::uint64_t(bytes.size())))];
    return drawn;
}

void TestGlob::matches_agreesWithTheRules()
{
    SeededRandom random(seed());
    std::size_t matched = 0;
    std::size_t refused = 0;
    for (int round = 0; round < 20'000; ++round) {
        const QByteArray pattern = draw(random, "ab/*?*", 12);
        const Result<Glob> glob = Glob::parse(pattern);
        refused += glob ? 0 : 1;
        for (int i = 0; glob && i < 8; ++i) {
            const QByteArray path = draw(random, "ab/b", 14);
            const bool expected = test::NaiveGlob::matches(pattern, path);
            matched += expected ? 1 : 0;
            QVERIFY2(glob->matches(path) == expected, pattern + " on " + path);
            if (expected && isTreePath(path))
                QVERIFY2(isWithin(path, glob->tree()), pattern + " on " + path);
        }
    }
    QVERIFY(matched > 2'000); // Otherwise the draw above shows nothing.
    QVERIFY(refused > 2'000);
}

void TestGlob::matches_isTotal()
{
    const Glob glob = globOf("/**");
    QVERIFY(!glob.matches({}));
    QVERIFY(!glob.matches("a"));
    QVERIFY(glob.matches(QByteArray("/\0\xff", 3)));
    const QByteArray longest = '/' + QByteArray(qsizetype(limits::pathBytesMax) - 1, 'a');
    QVERIFY(glob.matches(longest));
    QVERIFY(!glob.matches(longest + 'a'));
    QVERIFY(globOf("/**a").matches(longest));
    QVERIFY(!globOf("/**b").matches(longest));
}

void TestGlob::matches_staysPolynomial_data()
{
    QTest::addColumn<QByteArray>("pattern");
    QTest::addColumn<QByteArray>("path");
    const QByteArray flat = '/' + QByteArray(qsizetype(limits::segmentBytesMax), 'a');
    const QByteArray deep = QByteArray("/a").repeated(2048);
    QTest::newRow("stars in a segment") << '/' + QByteArray("a*").repeated(64) + 'b' << flat;
    QTest::newRow("stars across segments") << '/' + QByteArray("**a").repeated(64) + 'b' << deep;
    QTest::newRow("pairs and stars") << '/' + QByteArray("**a*/").repeated(31) + 'b' << deep;
    QTest::newRow("long tail") << "/**" + QByteArray("/?").repeated(30) + "/b" << deep;
}

/// An exponential matcher would not come back from these.
void TestGlob::matches_staysPolynomial()
{
    QFETCH(const QByteArray, pattern);
    QFETCH(const QByteArray, path);
    const Glob glob = globOf(pattern);
    for (int i = 0; i < 10; ++i)
        QVERIFY(!glob.matches(path));
    // Its end fits now, so that not the first look decides.
    const QByteArray ending = path.chopped(2) + "/b";
    QCOMPARE(glob.matches(ending), test::NaiveGlob::matches(pattern, ending));
}

void TestGlob::parse_refuses_data()
{
    QTest::addColumn<QByteArray>("pattern");
    QTest::addColumn<int>("byte");
    const auto row = [](const char *pattern, int byte) {
        QTest::newRow(pattern) << QByteArray(pattern) << byte;
    };
    QTest::newRow("empty") << QByteArray() << 0;
    row("a", 0);
    row("a/", 0);
    row("/a/", 3);
    row("//", 1);
    row("/x//**", 3);
    row("*", 0);
    row("/a b", 2);
    row("/a^b", 2);
    row("/a$b", 2);
    row("/a[b", 2);
    row("/a]b", 2);
    row("/a(b", 2);
    row("/a)b", 2);
    row("/a\n", 2);
    row("/a,b", 2);
    row("/\xc3\xa4", 1);
    QTest::newRow("zero byte") << QByteArray("/a\0b", 4) << 2;
    QTest::newRow("too long") << "/**" + QByteArray("/a").repeated(2047) << 4096;
    QTest::newRow("component too long") << "/a/" + QByteArray(256, '?') + '*' << 258;
    QTest::newRow("component too long behind a star") << "/a*" + QByteArray(256, 'a') << 258;
    QTest::newRow("too many stars") << '/' + QByteArray("*a").repeated(65) << 129;
    QTest::newRow("too many stars in components") << QByteArray("/*a*a*").repeated(22) << 129;
    QTest::newRow("too many components") << QByteArray("/*").repeated(33) << 64;
}

void TestGlob::parse_refuses()
{
    QFETCH(const QByteArray, pattern);
    QFETCH(const int, byte);
    const Result<Glob> glob = Glob::parse(pattern);
    QVERIFY(!glob);
    QCOMPARE(glob.error().code, ErrorCode::invalid);
    const QString place = QStringLiteral("byte %1: expected").arg(byte);
    QVERIFY2(glob.error().message.contains(place), qPrintable(glob.error().message));
}

void TestGlob::parse_takesExactlyTheseBytes()
{
    for (int byte = 0; byte < 256; ++byte) {
        const QByteArray path = QByteArray("/a") + char(byte) + 'b';
        const bool isExpected = isFilePath(path) || byte == '*' || byte == '?';
        QVERIFY2(Glob::parse(path).has_value() == isExpected, QByteArray::number(byte));
    }
}

void TestGlob::parse_takesTheLargest_data()
{
    QTest::addColumn<QByteArray>("pattern");
    const QByteArray segment = '/' + QByteArray(qsizetype(limits::segmentBytesMax), 'a');
    QTest::newRow("longest") << segment.repeated(16);
    QTest::newRow("longest segment twice") << segment + '*' + segment.sliced(1);
    QTest::newRow("most stars") << '/' + QByteArray("***a").repeated(64);
    QTest::newRow("longest run of stars") << '/' + QByteArray(4095, '*');
}

void TestGlob::parse_takesTheLargest()
{
    QFETCH(const QByteArray, pattern);
    const Result<Glob> glob = Glob::parse(pattern);
    QVERIFY2(glob.has_value(), qPrintable(glob ? QString() : glob.error().message));
    QVERIFY(isTreePath(glob->tree()));
}

void TestGlob::tree_holdsEveryMatch_data()
{
    QTest::addColumn<QByteArray>("pattern");
    QTest::addColumn<QByteArray>("tree");
    QTest::addColumn<QByteArray>("prefix");
    const auto row = [](const char *pattern, const char *tree, const char *prefix) {
        QTest::newRow(pattern) << QByteArray(pattern) << QByteArray(tree) << QByteArray(prefix);
    };
    row("/", "/", "/");
    row("/a/b", "/a/b", "/a/b");
    row("/*", "/", "/");
    row("/**", "/", "/");
    row("/a*", "/", "/a");
    row("/a**", "/", "/a");
    row("/a/**", "/a", "/a/");
    row("/a/b?/c", "/a", "/a/b");
    row("/a/b/?/c", "/a/b", "/a/b/");
}

void TestGlob::tree_holdsEveryMatch()
{
    QFETCH(const QByteArray, pattern);
    QFETCH(const QByteArray, tree);
    QFETCH(const QByteArray, prefix);
    const Glob glob = globOf(pattern);
    QCOMPARE(glob.tree(), tree);
    QVERIFY(isTreePath(glob.tree()));
    QCOMPARE(glob.literalPrefix().toByteArray(), prefix);
    QCOMPARE(glob.isLiteral(), prefix == pattern);
}

QTEST_GUILESS_MAIN(TestGlob)

#include "tst_glob.moc"
