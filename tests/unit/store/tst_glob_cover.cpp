// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"
#include "store/glob_cover.h"
#include "support/naive_glob.h"

#include <QTest>

using namespace coffer;
using namespace coffer::store;

static Glob globOf(const QByteArray &pattern)
{
    const Result<Glob> glob = Glob::parse(pattern);
    if (!glob)
        qFatal("%s: %s", pattern.constData(), qPrintable(glob.error().message));
    return *glob;
}

class TestGlobCover : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void covers_isInclusion_data()
    {
        QTest::addColumn<QByteArray>("wide");
        QTest::addColumn<QByteArray>("narrow");
        QTest::addColumn<bool>("isCovered");
        QTest::addColumn<bool>("isCommon");
        const auto row = [](const char *wide, const char *narrow, bool isCovered, bool isCommon) {
            QTest::addRow("%s in %s", narrow, wide)
                << QByteArray(wide) << QByteArray(narrow) << isCovered << isCommon;
        };
        row("/**", "/", true, true);
        row("/**", "/a/*/b?", true, true);
        row("/*", "/a*", true, true);
        row("/*", "/a/*", false, false);
        row("/*", "/**", false, true);
        row("/a/**", "/a/**", true, true);
        row("/a/**", "/a/b/**", true, true);
        row("/a/**", "/a", false, false);
        row("/a/**", "/a**", false, true);
        row("/a**", "/a/**", true, true);
        row("/a/*", "/a/?", true, true);
        row("/a/?", "/a/*", false, true);
        row("/a/?*", "/a/??", true, true);
        row("/a/*/c", "/a/b/c", true, true);
        row("/a/*/c", "/*/b/c", false, true);
        row("/*b*", "/ab", true, true);
        row("/*b*", "/a*b*c", true, true);
        row("/*a*b*", "/*b*a*", false, true);
        row("/**/x", "/a/**/x", true, true);
        row("/**/x", "/a/x", true, true);
        row("/**/x", "/x", false, false);
        row("/a/**", "/b/**", false, false);
        row("/a/*b", "/a/*c", false, false);
        row("/*", "/*?", true, true);
        row("/*?", "/?*", true, true);
    }
    void covers_isInclusion()
    {
        QFETCH(QByteArray, wide);
        QFETCH(QByteArray, narrow);
        QTEST(covers(globOf(wide), globOf(narrow)), "isCovered");
        QTEST(intersects(globOf(wide), globOf(narrow)), "isCommon");
        QTEST(intersects(globOf(narrow), globOf(wide)), "isCommon");
    }

    /// Against all short strings over an alphabet that shows every difference.
    void covers_agreesWithEveryShortPath()
    {
        std::vector<QByteArray> strings{"/"};
        for (std::size_t at = 0; strings[at].size() < 6; ++at) {
            for (const char byte : {'a', 'b', '/'})
                strings.push_back(strings[at] + byte);
        }
        SeededRandom random(20'240'613);
        int covered = 0;
        for (int round = 0; round < 3000; ++round) {
            const Glob wide = randomGlob(random);
            const Glob narrow = randomGlob(random);
            bool isCovered = true;
            bool isCommon = false;
            for (const QByteArray &string : strings) {
                const bool isWide = test::NaiveGlob::matches(wide.pattern(), string);
                const bool isNarrow = test::NaiveGlob::matches(narrow.pattern(), string);
                isCovered = isCovered && (isWide || !isNarrow);
                isCommon = isCommon || (isWide && isNarrow);
            }
            const QByteArray what = narrow.pattern() + " in " + wide.pattern();
            if (covers(wide, narrow)) {
                QVERIFY2(isCovered, what.constData());
                ++covered;
            }
            if (isCommon)
                QVERIFY2(intersects(wide, narrow), what.constData());
        }
        QVERIFY2(covered > 100, QByteArray::number(covered).constData());
    }

    void covers_givesUpOnTheSafeSide()
    {
        QByteArray hard = "/";
        for (int i = 0; i < 30; ++i)
            hard += "*a???????";
        QVERIFY(!covers(globOf(hard), globOf("/" + QByteArray("?").repeated(200) + "*a*")));
    }

private:
    static Glob randomGlob(SeededRandom &random)
    {
        static const QByteArrayList parts{"a", "b", "a", "*", "?", "**", "/a", "/*", "/b"};
        for (;;) {
            QByteArray pattern = "/";
            for (std::uint64_t left = 1 + random.next() % 4; left > 0; --left)
                pattern += parts[qsizetype(random.next() % std::uint64_t(parts.size()))];
            if (const Result<Glob> glob = Glob::parse(pattern))
                return *glob;
        }
    }
};

QTEST_APPLESS_MAIN(TestGlobCover)
#include "tst_glob_cover.moc"
