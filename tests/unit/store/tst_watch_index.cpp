// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"
#include "store/limits.h"
#include "store/watch_index.h"
#include "support/naive_glob.h"

#include <QTest>

#include <algorithm>

using namespace coffer;
using namespace coffer::store;

class TestWatchIndex : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void find_orderDependsOnNothingElse();
    void find_agreesWithASearchOfAll();
    void find_seesAnyDepth();
};

static Glob globOf(const QByteArray &pattern) { return *Glob::parse(pattern); }

static std::vector<WatchId> find(const WatchIndex &index, const QByteArray &path)
{
    std::vector<WatchId> found;
    index.find(path, found);
    return found;
}

void TestWatchIndex::find_orderDependsOnNothingElse()
{
    const QByteArrayList patterns{"/a/b", "/**", "/a/*", "/a/**", "/a/*", "/b", "/*/b"};
    const std::vector<WatchId> expected{WatchId(2), WatchId(7), WatchId(3),
                                        WatchId(5), WatchId(4), WatchId(1)};
    WatchIndex forwards;
    WatchIndex backwards;
    for (qsizetype i = 0; i < patterns.size(); ++i) {
        const qsizetype last = patterns.size() - 1 - i;
        forwards.add(WatchId(std::uint64_t(i + 1)), globOf(patterns[i]));
        backwards.add(WatchId(std::uint64_t(last + 1)), globOf(patterns[last]));
    }
    QCOMPARE(find(forwards, "/a/b"), expected);
    QCOMPARE(find(backwards, "/a/b"), expected);
}

void TestWatchIndex::find_agreesWithASearchOfAll()
{
    const QByteArray given = qgetenv("COFFER_TEST_SEED");
    const std::uint64_t seed = given.isEmpty() ? 20'240'613 : given.toULongLong();
    qInfo("COFFER_TEST_SEED=%llu", static_cast<unsigned long long>(seed));
    SeededRandom random(seed);
    const auto draw = [&random](const QByteArray &alphabet) {
        QByteArray path;
        for (std::uint64_t depth = 1 + random.below(3); depth > 0; --depth) {
            path += '/';
            for (std::uint64_t left = 1 + random.below(2); left > 0; --left)
                path += alphabet[qsizetype(random.below(std::uint64_t(alphabet.size())))];
        }
        return path;
    };
    WatchIndex index;
    std::map<WatchId, QByteArray> all;
    std::size_t matches = 0;
    for (std::uint64_t round = 1; round < 20'000; ++round) {
        if (random.below(2) == 0 && all.size() < 60) {
            all[WatchId(round)] = random.below(20) == 0 ? QByteArray("/") : draw("ab*?");
            index.add(WatchId(round), globOf(all[WatchId(round)]));
        } else if (!all.empty()) {
            const auto some = std::next(all.begin(), std::ptrdiff_t(random.below(all.size())));
            index.remove(some->first, globOf(some->second));
            all.erase(some);
        }
        const QByteArray path = random.below(20) == 0 ? QByteArray("/") : draw("ab");
        std::vector<WatchId> expected;
        for (const auto &[id, pattern] : all) {
            if (test::NaiveGlob::matches(pattern, path))
                expected.push_back(id);
        }
        std::vector<WatchId> found = find(index, path);
        std::sort(found.begin(), found.end());
        QVERIFY2(found == expected, path);
        QCOMPARE(index.isEmpty(), all.empty());
        matches += found.size();
    }
    QVERIFY(matches > 1'000); // Otherwise the draw above shows nothing.
}

void TestWatchIndex::find_seesAnyDepth()
{
    const QByteArray path = QByteArray("/a").repeated(qsizetype(limits::segmentsMax));
    const qsizetype deepest = 30;
    WatchIndex index;
    for (qsizetype depth = 1; depth <= deepest; ++depth)
        index.add(WatchId(std::uint64_t(depth)), globOf(path.first(2 * depth)));
    for (qsizetype depth = 1; depth <= deepest; ++depth) {
        QCOMPARE(find(index, path.first(2 * depth)),
                 std::vector<WatchId>{WatchId(std::uint64_t(depth))});
    }
    index.add(WatchId(101), globOf(path.chopped(2) + "/*"));
    QCOMPARE(find(index, path), std::vector<WatchId>{WatchId(101)});
    QCOMPARE(find(index, path.first(2 * (deepest + 1))), std::vector<WatchId>());
    for (qsizetype depth = 1; depth <= deepest; ++depth)
        index.remove(WatchId(std::uint64_t(depth)), globOf(path.first(2 * depth)));
    index.remove(WatchId(101), globOf(path.chopped(2) + "/*"));
    QVERIFY(index.isEmpty());
}

QTEST_APPLESS_MAIN(TestWatchIndex)

#include "tst_watch_index.moc"
