// SPDX-License-Identifier: Apache-2.0
#include "support/watch_checker.h"

#include <QTest>

using namespace coffer;
using namespace coffer::store;
using namespace coffer::test;

class TestWatchChecker : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void goodStreams_haveNoViolation_data();
    void goodStreams_haveNoViolation();
    void badStreams_areFound_data();
    void badStreams_areFound();
    void compacted_isGoodBelowTheFloor();
    void compacted_isFoundWhenItIsWrong();
    void restart_judgesFromThere();
    void resumeFrom_followsTheProgress();
};

using Batches = std::vector<WatchBatch>;

/// Revision 1 puts /a and /x; 2 puts /a and /b; 3 deletes /a; 4 puts /x; 5 puts /a.
static MemoryHistory history()
{
    MemoryHistory history;
    history.commit({{"/a", "1"}, {"/x", "1"}});
    history.commit({{"/a", "2"}, {"/b", "2"}});
    history.commit({{"/a", {}}});
    history.commit({{"/x", "4"}});
    history.commit({{"/a", "5"}});
    return history;
}

/// What a watch of /? apart from /x is to see: "1/a 2/a 2/b 3-/a 5/a".
static WatchRequest request()
{
    return {.glob = *Glob::parse("/?"), .from = Revision(1), .withPrevious = true};
}

/// The event of the change with this number in the history above.
static WatchEvent event(std::size_t at)
{
    const RecordedChange change = history().changes().at(at);
    WatchEvent event;
    event.kind = change.now ? WatchEvent::Kind::put : WatchEvent::Kind::deleted;
    event.revision = change.revision;
    event.path = change.path;
    event.now = change.now.value_or(FileVersion());
    event.previous = change.before;
    return event;
}

static WatchBatch batch(const std::vector<std::size_t> &changes, std::uint64_t progress)
{
    WatchBatch batch;
    for (const std::size_t change : changes)
        batch.events.push_back(event(change));
    batch.progress = Revision(progress);
    return batch;
}

static QStringList judge(const Batches &batches)
{
    WatchChecker checker(request());
    for (const WatchBatch &batch : batches)
        checker.answer(batch, Revision());
    return checker.violations(history().changes(), history().revision());
}

void TestWatchChecker::goodStreams_haveNoViolation_data()
{
    QTest::addColumn<Batches>("batches");
    QTest::newRow("nothing") << Batches{};
    QTest::newRow("all at once") << Batches{batch({0, 1, 2, 3, 4, 5, 6}, 5)};
    QTest::newRow("a revision each")
        << Batches{batch({0, 1}, 1), batch({2, 3}, 2), batch({4}, 3), batch({5}, 4), batch({6}, 5)};
    QTest::newRow("empty ones between")
        << Batches{batch({}, 0), batch({0, 1}, 1), batch({}, 1), batch({2, 3, 4}, 3)};
}

void TestWatchChecker::goodStreams_haveNoViolation()
{
    QFETCH(const Batches, batches);
    QCOMPARE(judge(batches), QStringList());
}

void TestWatchChecker::badStreams_areFound_data()
{
    QTest::addColumn<Batches>("batches");
    QTest::addColumn<QString>("found");
    const auto row = [](const char *name, const Batches &batches, const char *found) {
        QTest::newRow(name) << batches << QString::fromLatin1(found);
    };
    const auto changed = [](const auto &change) {
        Batches batches{batch({0, 1, 2, 3, 4, 5, 6}, 5)};
        change(batches[0].events);
        return batches;
    };
    row("lost at the end", {batch({0, 1, 2, 3, 4}, 4)},
        "put of /x at revision 4 is missing: the progress 4 passed over it");
    row("lost between", {batch({0, 1, 2, 3, 5}, 4)},
        "put of /x at revision 4 came where deletion of /a at revision 3 had to come");
    row("lost deletion", {batch({0, 1, 2, 3}, 3)}, "deletion of /a at revision 3 is missing");
    row("lost at a resume", {batch({0, 1}, 1), batch({4}, 3)}, "had to come: lost");
    row("repeated", {batch({0, 0, 1}, 1)}, "came where put of /x at revision 1 had to come");
    row("repeated at a resume", {batch({0, 1}, 1), batch({1, 2, 3}, 2)},
        "came where put of /a at revision 2 had to come");
    row("out of order", {batch({1, 0}, 1)}, "came where put of /a at revision 1 had to come");
    row("torn", {batch({0, 1, 2}, 2)}, "put of /b at revision 2 is missing: its revision is torn");
    row("progress behind", {batch({0, 1, 2, 3}, 1)},
        "put of /a at revision 2 is ahead of the progress 1 that came with it");
    row("progress ahead", {batch({0, 1}, 3)}, "is missing: the progress 3 passed over it");
    row("progress beyond", {batch({0, 1, 2, 3, 4, 5, 6}, 6)}, "progress 6 is ahead of the store");
    row("progress back", {batch({0, 1, 2, 3}, 2), batch({}, 1)}, "went back from 2 to 1");
    row("invented", changed([](auto &events) { events[6].path = "/y"; }),
        "put of /y at revision 5 came where");
    row("not wanted", changed([](auto &events) { events.push_back(events[6]); }),
        "put of /a at revision 5 is not wanted, repeated or invented");
    row("wrong kind", changed([](auto &e) { e[6].kind = WatchEvent::Kind::deleted; }),
        "deletion of /a at revision 5 came where put of /a");
    row("wrong value", changed([](auto &events) { events[6].now.value = "?"; }), "wrong version");
    row("wrong creation", changed([](auto &events) { events[2].now.created = Revision(2); }),
        "put of /a at revision 2 came with a wrong version");
    row("wrong previous", changed([](auto &events) { events[2].previous->value = "?"; }),
        "put of /a at revision 2 came with a wrong previous");
    row("no previous", changed([](auto &events) { events[4].previous.reset(); }),
        "deletion of /a at revision 3 came with a wrong previous");
}

void TestWatchChecker::badStreams_areFound()
{
    QFETCH(const Batches, batches);
    QFETCH(const QString, found);
    const QStringList violations = judge(batches);
    QCOMPARE(violations.size(), 1);
    QVERIFY2(violations[0].contains(found), qPrintable(violations[0]));
}

void TestWatchChecker::compacted_isGoodBelowTheFloor()
{
    WatchChecker checker(request());
    checker.answer(batch({0, 1}, 1), Revision());
    checker.answer(WatchCompacted{Revision(2)}, Revision(2));
    QVERIFY(checker.isCompacted());
    QCOMPARE(checker.violations(history().changes(), Revision(5)), QStringList());
}

void TestWatchChecker::compacted_isFoundWhenItIsWrong()
{
    WatchChecker checker(request());
    checker.answer(batch({0, 1}, 1), Revision());
    checker.answer(WatchCompacted{Revision(1)}, Revision());
    checker.answer(WatchCompacted{Revision(2)}, Revision(2));
    checker.answer(batch({2, 3}, 2), Revision());
    const QStringList expected{
        QStringLiteral("compacted up to 1 was said, but the floor is 0"),
        QStringLiteral("compacted was said at floor 0, but revision 2 is kept"),
        QStringLiteral("compacted was said twice"),
        QStringLiteral("progress 2 came after compacted")};
    QCOMPARE(checker.violations(history().changes(), Revision(5)), expected);
}

void TestWatchChecker::restart_judgesFromThere()
{
    WatchChecker checker(request());
    checker.answer(WatchCompacted{Revision(2)}, Revision(2));
    checker.restart(Revision(4));
    QCOMPARE(checker.resumeFrom(), Revision(4));
    checker.answer(batch({5, 6}, 5), Revision(2));
    QCOMPARE(checker.events(), 2U);
    QCOMPARE(checker.violations(history().changes(), Revision(5)), QStringList());
}

void TestWatchChecker::resumeFrom_followsTheProgress()
{
    WatchChecker checker(request());
    QCOMPARE(checker.resumeFrom(), Revision(1));
    checker.answer(batch({0, 1}, 1), Revision());
    QCOMPARE(checker.resumeFrom(), Revision(2));
    checker.bookmark(Revision(3));
    QCOMPARE(checker.resumeFrom(), Revision(4));
    QCOMPARE(checker.violations(history().changes(), Revision(5)).size(), 1); // 2 and 3 are lost.
}

QTEST_GUILESS_MAIN(TestWatchChecker)

#include "tst_watch_checker.moc"
