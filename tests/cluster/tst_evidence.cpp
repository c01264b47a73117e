// SPDX-License-Identifier: Apache-2.0
#include "cluster/evidence.h"

#include <QTest>

#include <functional>

using namespace coffer;
using namespace coffer::test;

static store::WatchRequest wantsAll()
{
    return {*store::Glob::parse("/load/**"), Revision(1), true, store::WatchKinds::all};
}

static store::FileVersion version(std::uint64_t revision, std::uint64_t created, QByteArray value)
{
    return {Revision(revision), Revision(created), {}, WallMs(0), std::move(value)};
}

/// Two writes and a deletion that all went well.
static std::vector<RecordedChange> soundChanges()
{
    const auto one = version(1, 1, "a");
    const auto two = version(2, 1, "b");
    return {{Revision(1), "/load/k", one, {}},
            {Revision(2), "/load/k", two, one},
            {Revision(3), "/load/k", {}, two}};
}

static constexpr const char *soundHistory = "c0 0 1 put /load/k a -> ok rev=1\n"
                                            "c1 2 3 cas /load/k a b -> ok rev=2\n"
                                            "c0 4 5 get /load/k -> b rev=2\n"
                                            "c1 6 7 del /load/k -> ok rev=3\n"
                                            "last 8 9 get /load/k -> absent rev=3\n";

static WatchChecker told(const std::vector<RecordedChange> &changes)
{
    WatchChecker watcher(wantsAll());
    for (const RecordedChange &change : changes) {
        store::WatchEvent event;
        event.kind = change.now ? store::WatchEvent::Kind::put : store::WatchEvent::Kind::deleted;
        event.revision = change.revision;
        event.path = change.path;
        event.now = change.now.value_or(store::FileVersion());
        event.previous = change.before;
        watcher.answer(store::WatchBatch{{event}, change.revision, false}, Revision());
    }
    return watcher;
}

static Evidence evidence(const QByteArray &history, std::vector<RecordedChange> changes)
{
    Evidence of{*History::parse(history), std::move(changes), Revision(3), {}};
    of.watchers.push_back(told(of.changes));
    return of;
}

/// A judge that everything gets past is worth nothing: each kind of defect has to be seen.
class TestEvidence : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void sound_isAccepted()
    {
        const QStringList found = judge(evidence(soundHistory, soundChanges()));
        QVERIFY2(found.isEmpty(), qPrintable(found.join('\n')));
    }

    void unknownWrite_mayHappenOrNot()
    {
        QByteArray history(soundHistory);
        history.replace("c1 2 3 cas /load/k a b -> ok rev=2", "c1 2 - cas /load/k a b -> unknown");
        QCOMPARE(judge(evidence(history, soundChanges())), QStringList());
        history += "c2 2 - put /load/k never -> unknown\n";
        QCOMPARE(judge(evidence(history, soundChanges())), QStringList());
    }

    void defect_isSeen_data()
    {
        using Spoil = std::function<void(QByteArray & history, std::vector<RecordedChange> &)>;
        QTest::addColumn<Spoil>("spoil");
        QTest::addColumn<QString>("words");
        const auto row = [](const char *name, const QString &words, const Spoil &spoil) {
            QTest::newRow(name) << spoil << words;
        };
        row("stale read", "not linearizable", [](QByteArray &history, auto &) {
            history.replace("get /load/k -> b rev=2", "get /load/k -> a rev=1");
        });
        row("acknowledged write not in the last read", "not linearizable",
            [](QByteArray &history, auto &) {
                history.replace("last 8 9 get /load/k -> absent", "last 8 9 get /load/k -> b");
            });
        row("acknowledged write is no change", "an acknowledged write is lost",
            [](QByteArray &, auto &changes) { changes.erase(changes.begin() + 1); });
        row("change has another value", "an acknowledged write is lost",
            [](QByteArray &, auto &changes) { changes[0].now->value = "z"; });
        row("change that nobody asked for", "nobody asked for this change",
            [](QByteArray &, auto &changes) {
                changes.push_back({Revision(4), "/load/k", version(4, 4, "z"), {}});
            });
        row("failed write that happened", "nobody asked for this change",
            [](QByteArray &history, auto &changes) {
                history += "c2 2 3 put /load/k z -> fail\n";
                changes.push_back({Revision(4), "/load/k", version(4, 4, "z"), {}});
            });
        row("unknown write that happened twice", "it happened twice",
            [](QByteArray &history, auto &changes) {
                history += "c2 8 - put /load/k z -> unknown\n";
                const auto first = version(4, 4, "z");
                changes.push_back({Revision(4), "/load/k", first, {}});
                changes.push_back({Revision(5), "/load/k", version(5, 4, "z"), first});
            });
        row("acknowledged write that happened twice", "it happened twice",
            [](QByteArray &, auto &changes) {
                changes.push_back({Revision(4), "/load/k", version(4, 4, "b"), {}});
            });
        row("two writes with one revision", "duplicate",
            [](QByteArray &history, auto &) { history.replace("rev=3\nlast", "rev=2\nlast"); });
    }
    void defect_isSeen()
    {
        using Spoil = std::function<void(QByteArray & history, std::vector<RecordedChange> &)>;
        QFETCH(const Spoil, spoil);
        QFETCH(const QString, words);
        QByteArray history(soundHistory);
        std::vector<RecordedChange> changes = soundChanges();
        spoil(history, changes);
        const QString found = judge(evidence(history, changes)).join('\n');
        QVERIFY2(found.contains(words), qPrintable(found));
    }

    void watcher_data()
    {
        QTest::addColumn<std::vector<int>>("order");
        QTest::newRow("repeated") << std::vector{0, 1, 1, 2};
        QTest::newRow("left out") << std::vector{0, 2};
        QTest::newRow("out of order") << std::vector{1, 0, 2};
        QTest::newRow("not to the end") << std::vector{0, 1};
    }
    void watcher()
    {
        QFETCH(const std::vector<int>, order);
        Evidence of = evidence(soundHistory, soundChanges());
        QCOMPARE(judge(of), QStringList());
        std::vector<RecordedChange> seen;
        for (const int index : order)
            seen.push_back(of.changes[std::size_t(index)]);
        of.watchers.push_back(told(seen));
        const QString found = judge(of).join('\n');
        QVERIFY2(found.startsWith("watcher 1: "), qPrintable(found));
    }
};

QTEST_GUILESS_MAIN(TestEvidence)
#include "tst_evidence.moc"
