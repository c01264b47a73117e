// SPDX-License-Identifier: Apache-2.0
#include "store/watches.h"
#include "support/watch_checker.h"

#include <QTest>

using namespace coffer;
using namespace coffer::store;
using coffer::test::MemoryHistory;
using Put = MemoryHistory::Put;

class TestWatches : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void add_refusesRevisionZero();
    void add_namesTheFloor();
    void add_isLimited();
    void remove_forgets();
    void next_knowsItsWatches();
    void next_isOrdered();
    void next_isUnique();
    void next_isReliable();
    void next_isAtomic_data();
    void next_isAtomic();
    void next_isResumableAfterAnyBatch();
    void next_filtersKinds();
    void next_givesPreviousOnRequest();
    void next_cutsPreviousValuesOfALargeRevision();
    void next_looksAtABoundedPiece();
    void next_countsLongComparisonsMore();
    void next_waitsForTheFuture();
    void next_saysCompactedOnce();
    void progress_followsAnIdleWatch();
    void progress_staysBehindWhatIsNotShown();
    void noteChanges_wakesWhoIsConcerned();
    void noteChanges_compactsWhoCouldNotLook();
    void compaction_sparesWhoWaits();
    void takeReady_isFair();
    void replaceSource_goesOnOrSaysCompacted();
};

namespace {

/// One node: a history and its watches.
struct World
{
    explicit World(const WatchesOptions &options = {}) : watches(history, options) {}

    Revision commit(const std::vector<Put> &puts)
    {
        const Revision revision = history.commit(puts);
        watches.noteChanges();
        return revision;
    }
    WatchId add(const WatchRequest &request)
    {
        const auto added = watches.add(request);
        if (!added || !std::holds_alternative<WatchId>(*added))
            qFatal("a watch was refused");
        return std::get<WatchId>(*added);
    }
    WatchId add(const char *pattern, std::uint64_t from)
    {
        return add({.glob = *Glob::parse(pattern), .from = Revision(from)});
    }
    WatchBatch next(WatchId id, const WatchBounds &bounds = {})
    {
        const Result<WatchAnswer> answer = watches.next(id, bounds);
        if (!answer || !std::holds_alternative<WatchBatch>(*answer))
            qFatal("a watch has no batch");
        return std::get<WatchBatch>(*answer);
    }
    std::optional<WatchCompacted> compactedAt(WatchId id)
    {
        const Result<WatchAnswer> answer = watches.next(id);
        if (!answer || !std::holds_alternative<WatchCompacted>(*answer))
            return std::nullopt;
        return std::get<WatchCompacted>(*answer);
    }

    MemoryHistory history;
    Watches watches;
};

} // namespace

/// "1/a 1-/b": put of /a and deletion of /b, both by revision 1.
static QByteArray text(const WatchBatch &batch)
{
    QByteArrayList words;
    for (const WatchEvent &event : batch.events) {
        const char *mark = event.kind == WatchEvent::Kind::deleted ? "-" : "";
        words += QByteArray::number(qulonglong(event.revision.value())) + mark + event.path;
    }
    return words.join(' ');
}

void TestWatches::add_refusesRevisionZero()
{
    World world;
    const auto added = world.watches.add({.glob = *Glob::parse("/**"), .from = Revision()});
    QVERIFY(!added);
    QCOMPARE(added.error().code, ErrorCode::invalid);
    QCOMPARE(world.watches.size(), 0U);
}

void TestWatches::add_namesTheFloor()
{
    World world;
    for (int i = 0; i < 4; ++i)
        world.commit({{"/a", "1"}});
    world.history.compact(Revision(3));
    const auto added = world.watches.add({.glob = *Glob::parse("/**"), .from = Revision(3)});
    QVERIFY(added.has_value());
    QCOMPARE(std::get<WatchCompacted>(*added).floor, Revision(3));
    QCOMPARE(world.watches.size(), 0U);
    QCOMPARE(text(world.next(world.add("/**", 4))), "4/a");
}

void TestWatches::add_isLimited()
{
    World world({.watchesMax = 2});
    const WatchId first = world.add("/a", 1);
    world.add("/a", 1);
    const auto refused = world.watches.add({.glob = *Glob::parse("/**"), .from = Revision(1)});
    QVERIFY(!refused);
    QCOMPARE(refused.error().code, ErrorCode::refused);
    world.watches.remove(first);
    QVERIFY(world.add("/a", 1) > first);
}

void TestWatches::remove_forgets()
{
    World world;
    world.commit({{"/a", "1"}});
    const WatchId ready = world.add("/a", 1);
    const WatchId waiting = world.add("/a", 2);
    world.watches.remove(ready);
    world.watches.remove(waiting);
    world.watches.remove(waiting);
    world.commit({{"/a", "2"}});
    QVERIFY(!world.watches.hasReady());
    QCOMPARE(world.watches.size(), 0U);
    QVERIFY(!world.watches.progress(ready));
}

void TestWatches::next_knowsItsWatches()
{
    World world;
    QCOMPARE(world.watches.next(WatchId(1)).error().code, ErrorCode::notFound);
}

void TestWatches::next_isOrdered()
{
    World world;
    world.commit({{"/b", "1"}, {"/a", "1"}});
    world.commit({{"/a", {}}, {"/a", "2"}});
    world.commit({{"/b", {}}});
    const WatchBatch batch = world.next(world.add("/**", 1));
    QCOMPARE(text(batch), "1/b 1/a 2-/a 2/a 3-/b");
    QCOMPARE(batch.progress, Revision(3));
    QVERIFY(!batch.hasMore);
}

void TestWatches::next_isUnique()
{
    World world;
    const WatchId id = world.add("/**", 1);
    world.commit({{"/a", "1"}});
    QCOMPARE(text(world.next(id)), "1/a");
    QCOMPARE(text(world.next(id)), "");
    // Read before it was noted: nothing comes twice.
    world.history.commit({{"/a", "2"}});
    QCOMPARE(text(world.next(id)), "2/a");
    world.watches.noteChanges();
    QVERIFY(!world.watches.hasReady());
    QCOMPARE(text(world.next(id)), "");
}

void TestWatches::next_isReliable()
{
    World world;
    const WatchId slow = world.add("/x/*", 1);
    for (int i = 0; i < 50; ++i)
        world.commit({{i % 5 == 0 ? "/x/a" : "/y", "v"}});
    QByteArrayList seen;
    while (!world.watches.takeReady(1).empty())
        seen += text(world.next(slow, {.eventsMax = 3}));
    QCOMPARE(seen.join(' '), "1/x/a 6/x/a 11/x/a 16/x/a 21/x/a 26/x/a 31/x/a 36/x/a 41/x/a 46/x/a");
}

void TestWatches::next_isAtomic_data()
{
    QTest::addColumn<std::size_t>("eventsMax");
    QTest::addColumn<std::size_t>("bytesMax");
    QTest::addColumn<QByteArrayList>("batches");
    const QByteArrayList ones{"1/a", "2/a 2/b 2/c", "3/a 3/b", "4/a"};
    const std::size_t many = 1'000'000;
    const std::size_t event = 64 + 2 + 1;
    QTest::newRow("nothing fits") << std::size_t(0) << std::size_t(0) << ones;
    QTest::newRow("one event") << std::size_t(1) << many << ones;
    QTest::newRow("two events") << std::size_t(2) << many << ones;
    QTest::newRow("three events") << std::size_t(3) << many
                                  << QByteArrayList{"1/a", "2/a 2/b 2/c", "3/a 3/b 4/a"};
    QTest::newRow("four events") << std::size_t(4) << many
                                 << QByteArrayList{"1/a 2/a 2/b 2/c", "3/a 3/b 4/a"};
    QTest::newRow("bytes of four")
        << many << 4 * event << QByteArrayList{"1/a 2/a 2/b 2/c", "3/a 3/b 4/a"};
    QTest::newRow("a byte less") << many << 4 * event - 1
                                 << QByteArrayList{"1/a", "2/a 2/b 2/c", "3/a 3/b 4/a"};
}

void TestWatches::next_isAtomic()
{
    QFETCH(const std::size_t, eventsMax);
    QFETCH(const std::size_t, bytesMax);
    QFETCH(const QByteArrayList, batches);
    World world;
    world.commit({{"/a", "1"}});
    world.commit({{"/a", "2"}, {"/b", "2"}, {"/c", "2"}});
    world.commit({{"/a", "3"}, {"/b", "3"}});
    world.commit({{"/a", "4"}});
    const WatchId id = world.add("/**", 1);
    QByteArrayList told;
    for (bool hasMore = true; hasMore;) {
        const WatchBatch batch = world.next(id, {bytesMax, eventsMax});
        QCOMPARE(batch.progress, batch.events.back().revision);
        hasMore = batch.hasMore;
        told += text(batch);
    }
    QCOMPARE(told, batches);
}

void TestWatches::next_isResumableAfterAnyBatch()
{
    World world;
    for (int i = 0; i < 10; ++i)
        world.commit({{"/a", "1"}, {"/b", "1"}});
    Revision progress;
    QByteArrayList seen;
    while (progress < world.history.revision()) {
        const WatchId id = world.add("/b", progress.next().value());
        const WatchBatch batch = world.next(id, {.eventsMax = 3});
        seen += text(batch);
        progress = batch.progress;
        world.watches.remove(id);
    }
    QCOMPARE(seen.join(' '), "1/b 2/b 3/b 4/b 5/b 6/b 7/b 8/b 9/b 10/b");
}

void TestWatches::next_filtersKinds()
{
    World world;
    const WatchId puts =
        world.add({.glob = *Glob::parse("/a"), .from = Revision(1), .kinds = WatchKinds::puts});
    const WatchId deletes =
        world.add({.glob = *Glob::parse("/a"), .from = Revision(1), .kinds = WatchKinds::deletes});
    world.commit({{"/a", "1"}});
    QCOMPARE(world.watches.takeReady(9), std::vector<WatchId>{puts});
    world.commit({{"/a", {}}});
    QCOMPARE(world.watches.takeReady(9), std::vector<WatchId>{deletes});
    QCOMPARE(text(world.next(puts)), "1/a");
    QCOMPARE(text(world.next(deletes)), "2-/a");
}

void TestWatches::next_givesPreviousOnRequest()
{
    World world;
    world.commit({{"/a", "1"}});
    world.commit({{"/a", "2"}});
    world.commit({{"/a", {}}});
    const WatchBatch batch = world.next(
        world.add({.glob = *Glob::parse("/a"), .from = Revision(1), .withPrevious = true}));
    QCOMPARE(text(batch), "1/a 2/a 3-/a");
    QVERIFY(!batch.events[0].previous);
    QCOMPARE(batch.events[1].previous, std::optional(batch.events[0].now));
    QCOMPARE(batch.events[1].now.created, Revision(1));
    QCOMPARE(batch.events[2].previous, std::optional(batch.events[1].now));
    QCOMPARE(batch.events[2].now, FileVersion());
    QVERIFY(!world.next(world.add("/a", 2)).events[0].previous);
}

void TestWatches::next_cutsPreviousValuesOfALargeRevision()
{
    World world;
    world.commit({{"/a", "12345"}, {"/b", "12345"}, {"/c", ""}, {"/d", "12345"}});
    world.commit({{"/a", "1"}, {"/b", {}}, {"/c", "1"}, {"/d", "1"}, {"/e", "1"}});
    world.commit({{"/a", "2"}});
    const WatchId id =
        world.add({.glob = *Glob::parse("/**"), .from = Revision(2), .withPrevious = true});
    const WatchBatch batch = world.next(id, {.previousBytesMax = 9});
    QCOMPARE(text(batch), "2/a 2-/b 2/c 2/d 2/e 3/a");
    QByteArrayList values;
    for (const WatchEvent &event : batch.events)
        values += event.previous ? event.previous->value + (event.isPreviousCut ? "cut" : "") : "-";
    QCOMPARE(values.join(' '), "12345 cut  cut - 1");
    QCOMPARE(batch.events[1].previous->revision, Revision(1)); // where its value is to be had
}

void TestWatches::next_looksAtABoundedPiece()
{
    World world({.scanMax = 10});
    for (int i = 0; i < 35; ++i)
        world.commit({{"/other", "1"}, {"/more", "1"}});
    world.commit({{"/rare", "1"}});
    const WatchId id = world.add("/rare", 1);
    static_cast<void>(world.history.takeReads());
    int calls = 0;
    QByteArray seen;
    for (Revision progress; !world.watches.takeReady(1).empty(); ++calls) {
        const WatchBatch batch = world.next(id);
        QVERIFY(world.history.takeReads() <= 11);
        QVERIFY(batch.progress > progress);
        progress = batch.progress;
        seen += text(batch);
    }
    QCOMPARE(seen, "36/rare");
    QCOMPARE(calls, 8);
}

void TestWatches::next_countsLongComparisonsMore()
{
    World world({.scanMax = 257});
    const QByteArray path = QByteArray("/a").repeated(2048);
    const QByteArray segment = '/' + QByteArray(255, '?');
    const QByteArray pattern = segment.repeated(15) + segment.left(253) + "**b";
    for (int i = 0; i < 3; ++i)
        world.commit({{path, "1"}});
    const WatchId id = world.add(pattern.constData(), 1);
    QCOMPARE(world.next(id), (WatchBatch{{}, Revision(1), true}));
    QCOMPARE(world.next(id), (WatchBatch{{}, Revision(2), true}));
    QCOMPARE(world.next(id), (WatchBatch{{}, Revision(3), false}));
}

void TestWatches::next_waitsForTheFuture()
{
    World world;
    world.commit({{"/a", "1"}});
    const WatchId id = world.add("/a", 4);
    QCOMPARE(world.next(id).progress, Revision(3));
    world.commit({{"/a", "2"}});
    world.commit({{"/a", "3"}});
    QVERIFY(!world.watches.hasReady());
    QCOMPARE(world.watches.progress(id), std::optional(Revision(3)));
    world.commit({{"/a", "4"}});
    QCOMPARE(world.watches.takeReady(9), std::vector<WatchId>{id});
    QCOMPARE(text(world.next(id)), "4/a");
}

void TestWatches::next_saysCompactedOnce()
{
    World world;
    const WatchId id = world.add("/a", 1);
    for (int i = 0; i < 5; ++i)
        world.commit({{"/a", "1"}});
    world.history.compact(Revision(4));
    QCOMPARE(world.watches.takeReady(9), std::vector<WatchId>{id});
    QCOMPARE(world.compactedAt(id), std::optional(WatchCompacted{Revision(4)}));
    QCOMPARE(world.watches.next(id).error().code, ErrorCode::notFound);
    QCOMPARE(world.watches.size(), 0U);
    QVERIFY(!world.watches.hasReady());
}

void TestWatches::progress_followsAnIdleWatch()
{
    World world;
    const WatchId id = world.add("/a", 1);
    for (std::uint64_t i = 1; i < 5; ++i) {
        world.commit({{"/other", "1"}});
        QCOMPARE(world.watches.progress(id), std::optional(Revision(i)));
    }
    QVERIFY(!world.watches.hasReady());
    QCOMPARE(world.next(id), (WatchBatch{{}, Revision(4), false}));
}

void TestWatches::progress_staysBehindWhatIsNotShown()
{
    World world;
    const WatchId id = world.add("/a", 1);
    world.commit({{"/other", "1"}});
    world.commit({{"/a", "1"}});
    world.commit({{"/a", "2"}});
    QCOMPARE(world.watches.progress(id), std::optional(Revision(1)));
    QCOMPARE(world.watches.takeReady(9), std::vector<WatchId>{id});
    QCOMPARE(world.watches.progress(id), std::optional(Revision(1)));
    QCOMPARE(text(world.next(id, {.eventsMax = 1})), "2/a");
    QCOMPARE(world.watches.progress(id), std::optional(Revision(2)));
    // Several revisions are noted at once, and the last one concerns it.
    const WatchId other = world.add("/b", 4);
    for (const char *path : {"/x", "/x", "/b"})
        world.history.commit({{path, "1"}});
    world.watches.noteChanges();
    QCOMPARE(world.watches.progress(other), std::optional(Revision(5)));
}

void TestWatches::noteChanges_wakesWhoIsConcerned()
{
    World world;
    const WatchId exact = world.add("/a/b", 1);
    const WatchId below = world.add("/a/**", 1);
    const WatchId all = world.add("/**", 1);
    const WatchId other = world.add("/b/**", 1);
    world.commit({{"/a/b", "1"}});
    QCOMPARE(world.watches.takeReady(9), (std::vector<WatchId>{all, below, exact}));
    world.commit({{"/a/b", "1"}}); // They are taken already.
    QVERIFY(!world.watches.hasReady());
    for (const WatchId id : {exact, below, all})
        QCOMPARE(text(world.next(id)), "1/a/b 2/a/b");
    world.commit({{"/b/c", "1"}});
    QCOMPARE(world.watches.takeReady(9), (std::vector<WatchId>{all, other}));
}

void TestWatches::noteChanges_compactsWhoCouldNotLook()
{
    World world;
    const WatchId waiting = world.add("/a", 1);
    const WatchId future = world.add("/a", 3);
    world.history.commit({{"/b", "1"}});
    world.history.commit({{"/b", "1"}});
    world.history.commit({{"/a", "1"}});
    world.history.compact(Revision(2)); // In the same step: nobody has looked at 1 and 2.
    world.watches.noteChanges();
    QCOMPARE(world.watches.takeReady(9), (std::vector<WatchId>{waiting, future}));
    QCOMPARE(world.compactedAt(waiting), std::optional(WatchCompacted{Revision(2)}));
    QCOMPARE(text(world.next(future)), "3/a");
}

void TestWatches::compaction_sparesWhoWaits()
{
    World world;
    const WatchId id = world.add("/a", 1);
    for (int i = 0; i < 5; ++i)
        world.commit({{"/b", "1"}});
    world.history.compact(Revision(5));
    world.watches.noteChanges();
    world.commit({{"/a", "1"}});
    QCOMPARE(text(world.next(id)), "6/a");
}

void TestWatches::takeReady_isFair()
{
    World world;
    for (int i = 0; i < 6; ++i)
        world.commit({{"/a", "1"}});
    const WatchId one = world.add("/a", 1);
    const WatchId two = world.add("/a", 1);
    const WatchId three = world.add("/a", 1);
    std::vector<WatchId> order;
    for (int i = 0; i < 7; ++i) {
        order.push_back(world.watches.takeReady(1).front());
        static_cast<void>(world.next(order.back(), {.eventsMax = 1}));
    }
    QCOMPARE(order, (std::vector<WatchId>{one, two, three, one, two, three, one}));
}

void TestWatches::replaceSource_goesOnOrSaysCompacted()
{
    World world;
    MemoryHistory later;
    const auto commit = [&](MemoryHistory &history, const char *path) {
        history.commit({{path, "1"}});
    };
    for (const char *path : {"/a", "/b", "/a"})
        commit(later, path);
    commit(world.history, "/a");
    world.watches.noteChanges();
    const WatchId behind = world.add("/a", 1);
    const WatchId idle = world.add("/a", 2);
    const WatchId far = world.add("/a", 4);
    later.compact(Revision(1));
    world.watches.replaceSource(later);
    QCOMPARE(world.compactedAt(behind), std::optional(WatchCompacted{Revision(1)}));
    QCOMPARE(text(world.next(idle)), "3/a");
    QCOMPARE(world.watches.progress(far), std::optional(Revision(3)));
    commit(later, "/a");
    world.watches.noteChanges();
    QCOMPARE(text(world.next(far)), "4/a");
}

QTEST_GUILESS_MAIN(TestWatches)

#include "tst_watches.moc"
