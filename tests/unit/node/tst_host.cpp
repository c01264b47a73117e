// SPDX-License-Identifier: Apache-2.0
#include "node/host.h"
#include "node/system.h"
#include "storage/memory_checkpoint.h"
#include "storage/memory_journal.h"
#include "store/answer.h"
#include "store/command.h"

#include <QTest>

using namespace coffer;
using namespace coffer::node;

namespace {

/// Does the work in the loop of the same thread, in a later round.
class LoopExecutor final : public QObject, public engine::Executor
{
public:
    void run(engine::Lane, Work work, Done done) override
    {
        QMetaObject::invokeMethod(
            this, [work = std::move(work), done = std::move(done)] { done(work()); },
            Qt::QueuedConnection);
    }
};

class CountingLink final : public Link
{
public:
    void send(NodeId, const QByteArray &) override {}
    void sendToAddress(const QString &, const QByteArray &) override {}
    void flush() override { ++flushes; }
    int flushes = 0;
};

/// A process of a cluster of one on \a disk.
struct Process
{
    explicit Process(storage::MemoryDisk &disk)
        : journal(disk)
        , checkpoint(disk)
        , host(options(), {clock, random, link, journal, checkpoint, executor},
               [this](const Error &error) { failures.push_back(error); })
    {}
    static HostOptions options()
    {
        HostOptions options;
        options.engine.self = NodeId(7);
        options.engine.run = RunId(SystemRandom().next() | 1);
        return options;
    }
    void start() { QVERIFY(host.start()); }

    /// Puts a file; the answer comes into `answers`.
    void put(const QByteArray &path, const QByteArray &value)
    {
        store::Transaction transaction;
        transaction.operations.push_back(store::Put{path, value});
        host.engine().submit(store::encode(store::Command{{}, transaction}),
                             [this](const Result<engine::Answer> &answer) {
                                 answers.push_back(answer ? "ok" : answer.error().message);
                             });
        host.requestFlush();
    }

    SystemClock clock;
    SystemRandom random;
    CountingLink link;
    storage::MemoryJournal journal;
    storage::MemoryCheckpoint checkpoint;
    LoopExecutor executor;
    std::vector<Error> failures;
    QStringList answers;
    Host host;
};

} // namespace

class TestHost : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void start_leadsAlone()
    {
        storage::MemoryDisk disk;
        Process process(disk);
        process.start();
        QTRY_VERIFY(process.host.status().isLeading);
        QVERIFY(process.host.watches() != nullptr);
    }

    void submit_isAnsweredAndApplied()
    {
        storage::MemoryDisk disk;
        Process process(disk);
        process.start();
        process.put("/a", "1");
        QTRY_COMPARE(process.answers, QStringList{"ok"});
        QCOMPARE(process.host.store().revision(), Revision(1));
    }

    void oneTurn_isOneSlotAndOneWriteToPeers()
    {
        storage::MemoryDisk disk;
        Process process(disk);
        process.start();
        QTRY_VERIFY(process.host.status().isLeading);
        const Slot before = process.host.status().applied;
        const int flushes = process.link.flushes;
        for (int number = 0; number < 100; ++number)
            process.put("/" + QByteArray::number(number), "x");
        QCOMPARE(process.link.flushes, flushes); // nothing happens before the turn ends
        process.host.endTurn();
        QCOMPARE(process.link.flushes, flushes + 1);
        QTRY_COMPARE(process.answers.size(), 100);
        QCOMPARE(process.host.status().applied, before.next());
    }

    void callbacks_maySubmitMore()
    {
        storage::MemoryDisk disk;
        Process process(disk);
        process.start();
        int done = 0;
        std::function<void()> next = [&] {
            store::Transaction transaction;
            transaction.operations.push_back(store::Put{"/n", QByteArray::number(done)});
            process.host.engine().submit(store::encode(store::Command{{}, transaction}),
                                         [&](const Result<engine::Answer> &) {
                                             if (++done < 100)
                                                 next();
                                         });
            process.host.requestFlush();
        };
        next();
        QTRY_COMPARE(done, 100);
    }

    void appliedHooks_areCalledOnceATurnUntilTheirContextIsGone()
    {
        storage::MemoryDisk disk;
        Process process(disk);
        process.start();
        QTRY_VERIFY(process.host.status().isLeading);
        int stays = 0;
        int goes = 0;
        auto context = std::make_unique<QObject>();
        process.host.addAppliedHook(context.get(), [&] { ++goes; });
        process.host.addAppliedHook(&process.host, [&] { ++stays; });
        for (int number = 0; number < 10; ++number)
            process.put("/a", "x");
        QTRY_COMPARE(process.answers.size(), 10);
        QCOMPARE(stays, 1);
        QCOMPARE(goes, 1);
        context.reset();
        process.put("/a", "y");
        QTRY_COMPARE(process.answers.size(), 11);
        QCOMPARE(stays, 2);
        QCOMPARE(goes, 1);
    }

    void watches_hearOfChanges()
    {
        storage::MemoryDisk disk;
        Process process(disk);
        process.start();
        QTRY_VERIFY(process.host.status().isLeading);
        const auto glob = store::Glob::parse("/a/*");
        QVERIFY(glob);
        store::Watches &watches = *process.host.watches();
        const auto added = watches.add({*glob, Revision(1), false, store::WatchKinds::all});
        QVERIFY(added);
        const auto id = std::get<store::WatchId>(*added);
        static_cast<void>(watches.next(id));
        process.put("/a/b", "1");
        QTRY_VERIFY(watches.hasReady());
        QCOMPARE(watches.takeReady(10), std::vector<store::WatchId>{id});
    }

    void restart_keepsWhatWasAcknowledged()
    {
        storage::MemoryDisk disk;
        {
            Process process(disk);
            process.start();
            process.put("/a", "1");
            QTRY_COMPARE(process.answers.size(), 1);
        }
        Process process(disk);
        process.start();
        QTRY_VERIFY(process.host.status().isLeading);
        QCOMPARE(process.host.store().revision(), Revision(1));
    }

    void failedSync_isFatalOnceAndEndsEverything()
    {
        storage::MemoryDisk disk;
        Process process(disk);
        process.start();
        QTRY_VERIFY(process.host.status().isLeading);
        disk.setFaultHook([](storage::DiskCall call) -> std::optional<Error> {
            if (call != storage::DiskCall::sync)
                return std::nullopt;
            return Error{ErrorCode::syncFailed, "the disk is gone"};
        });
        process.put("/a", "1");
        QTRY_COMPARE(process.failures.size(), 1U);
        QVERIFY(process.failures.front().message.contains("the disk is gone"));
        QVERIFY(process.host.isFailed());
        const int flushes = process.link.flushes;
        process.put("/b", "1");
        process.host.endTurn();
        QCOMPARE(process.link.flushes, flushes);
        QVERIFY(process.answers.isEmpty());
        QCOMPARE(process.failures.size(), 1U);
    }
};

QTEST_GUILESS_MAIN(TestHost)
#include "tst_host.moc"
