// SPDX-License-Identifier: Apache-2.0
#include "bench/options.h"
#include "bench/report.h"
#include "bench/stopwatch.h"
#include "store/store.h"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <tuple>

#include <malloc.h>

using namespace coffer;
using namespace coffer::bench;
using namespace coffer::store;

static constexpr std::size_t batchSize = 1'000;
static constexpr std::size_t valueBytes = 256;

static QByteArray pathOf(std::size_t file)
{
    return "/bench/" + QByteArray::number(qulonglong(file % 1'000)) + "/file-"
           + QByteArray::number(qulonglong(file));
}

/// A prime step, so that no cache foresees the next file.
static std::size_t scattered(std::size_t i, std::size_t files) { return i * 7'919'017 % files; }

using Batch = std::vector<QByteArray>;

/// A store and what it takes to fill it.
class Bench
{
public:
    using Make = std::function<Command(std::size_t)>;

    [[nodiscard]] static Command put(std::size_t file)
    {
        Transaction put;
        put.operations = {Put{.path = pathOf(file), .value = QByteArray(valueBytes, 'v')}};
        return {{}, put};
    }
    void fill(std::size_t files)
    {
        for (std::size_t begin = 0; begin < files; begin += batchSize)
            apply(batch(begin, put));
    }
    /// Without any history.
    void settle()
    {
        static_cast<void>(store.takeChanges());
        apply({encode(Command{{}, Compact{store.revision()}})});
        while (!store.tree().history().isEmpty())
            apply({});
    }
    /// Seconds for \a count commands; making and encoding them is not counted.
    double run(std::size_t count, const Make &make)
    {
        double seconds = 0;
        for (std::size_t begin = 0; begin < count; begin += batchSize) {
            const Batch commands = batch(begin, make);
            const Stopwatch watch;
            apply(commands);
            seconds += watch.cpuSeconds();
            if (begin % (10 * batchSize) == 0)
                upkeep();
        }
        return seconds;
    }
    /// What a node does now and then: a checkpoint, and a floor 10,000 revisions behind.
    void upkeep()
    {
        static_cast<void>(store.takeChanges());
        if (const auto command = store.upkeepCommand({.keepRevisions = 10'000}))
            apply({*command});
    }
    void apply(const Batch &commands)
    {
        static_cast<void>(store.apply(store.applied().next(), WallMs(1), commands));
    }

    Store store;

private:
    [[nodiscard]] static Batch batch(std::size_t begin, const Make &make)
    {
        Batch commands;
        for (std::size_t i = begin; i < begin + batchSize; ++i)
            commands.push_back(encode(make(i)));
        return commands;
    }
};

/// A case that is run as often as wanted, each time with a store of its own.
static void measure(const Options &options, Report &report, const QString &name,
                    const std::function<void(Case &)> &run)
{
    if (!options.isWanted(QStringLiteral("store"), name))
        return;
    Case measured(QStringLiteral("store"), name);
    for (int i = 0; i < options.runs; ++i)
        run(measured);
    report.add(std::move(measured));
}

static void measurePuts(const Options &options, Report &report, std::size_t files)
{
    static constexpr std::size_t count = 200'000;
    measure(options, report, QStringLiteral("put, %1 keys").arg(files), [files](Case &measured) {
        Bench bench;
        bench.fill(files);
        bench.settle();
        const double seconds =
            bench.run(count, [files](std::size_t i) { return Bench::put(scattered(i, files)); });
        measured.add(QStringLiteral("puts/s"), count / seconds);
    });
    measure(options, report, QStringLiteral("put in a session, %1 keys").arg(files),
            [files](Case &measured) {
                Bench bench;
                bench.fill(files);
                bench.settle();
                bench.apply({encode(Command{{}, OpenSession{1, std::chrono::hours(1)}})});
                const double seconds = bench.run(count, [files](std::size_t i) {
                    Command put = Bench::put(scattered(i, files));
                    put.origin = Origin{SessionId(1), Sequence(i + 1), Sequence(i)};
                    return put;
                });
                measured.add(QStringLiteral("puts/s"), count / seconds);
            });
    measure(options, report, QStringLiteral("delete, %1 keys").arg(files), [files](Case &measured) {
        Bench bench;
        bench.fill(files);
        bench.settle();
        const std::size_t all = std::min(files, count);
        const double seconds = bench.run(all, [files](std::size_t i) {
            Transaction remove;
            remove.operations = {Delete{pathOf(scattered(i, files))}};
            return Command{{}, remove};
        });
        measured.add(QStringLiteral("deletes/s"), double(all) / seconds);
    });
}

static void measureReads(const Options &options, Report &report, std::size_t files)
{
    measure(options, report, QStringLiteral("get, %1 keys").arg(files), [files](Case &measured) {
        Bench bench;
        bench.fill(files);
        bench.settle();
        std::vector<QByteArray> questions;
        for (std::size_t i = 0; i < 100'000; ++i)
            questions.push_back(encode(Question(Get{pathOf(scattered(i, files))})));
        const Stopwatch watch;
        for (const QByteArray &question : questions)
            static_cast<void>(encode(bench.store.query(question)));
        measured.add(QStringLiteral("gets/s"), double(questions.size()) / watch.cpuSeconds());
    });
    measure(options, report, QStringLiteral("pages, %1 keys").arg(files), [files](Case &measured) {
        Bench bench;
        bench.fill(files);
        bench.settle();
        const auto readAll = [&bench](auto question) {
            const Stopwatch watch;
            for (;;) {
                const Reply reply = bench.store.query(encode(Question(question)));
                static_cast<void>(encode(reply));
                if (!reply.hasMore)
                    return watch.cpuSeconds();
                question.page.after = reply.resume;
            }
        };
        measured.add(QStringLiteral("listed files/s"), double(files) / readAll(List{"/", {}, {}}));
        measured.add(QStringLiteral("files/s of a glob of 1 in 1,000"),
                     double(files) / readAll(Match{"/bench/*/file-*777", {}, {}}));
        measured.add(QStringLiteral("entries/s"), 1'000 / readAll(Entries{"/bench", {}, {}}));
    });
}

static void measureCompaction(const Options &options, Report &report)
{
    measure(options, report, QStringLiteral("compaction of 100,000 versions"), [](Case &measured) {
        Bench bench;
        bench.fill(10'000);
        bench.run(100'000, [](std::size_t i) { return Bench::put(scattered(i, 10'000)); });
        for (int i = 0; i < 10; ++i)
            bench.fill(10'000);
        static_cast<void>(bench.store.takeChanges());
        const QByteArray command = encode(Command{{}, Compact{bench.store.revision()}});
        measured.add(QStringLiteral("ns for the command"),
                     nanosecondsPerCall(1, [&](std::size_t) { bench.apply({command}); }));
        double most = 0;
        const std::uint64_t versions = bench.store.tree().versionCount();
        const Stopwatch watch;
        while (bench.store.tree().versionCount() > bench.store.tree().size()) {
            most = std::max(most, nanosecondsPerCall(1, [&](std::size_t) { bench.apply({}); }));
        }
        const auto dropped = double(versions - bench.store.tree().versionCount());
        measured.add(QStringLiteral("dropped versions/s"), dropped / watch.cpuSeconds());
        measured.add(QStringLiteral("longest slot, us"), most / 1000);
    });
}

static void measureMemory(const Options &options, Report &report, std::size_t files)
{
    measure(
        options, report, QStringLiteral("memory and restore, %1 keys").arg(files),
        [files](Case &measured) {
            const auto inUse = [] {
                const struct mallinfo2 info = mallinfo2();
                return double(info.uordblks + info.hblkhd);
            };
            const double before = inUse();
            Bench bench;
            bench.fill(files);
            const double withHistory = inUse();
            const Stopwatch taking;
            std::vector<Row> rows = bench.store.takeChanges();
            measured.add(QStringLiteral("taken rows/s"), double(rows.size()) / taking.cpuSeconds());
            const double withRows = inUse();
            const Revision last = bench.store.revision();
            bench.apply({encode(Command{{}, Compact{last}})});
            while (!bench.store.tree().history().isEmpty())
                bench.apply({});
            static_cast<void>(bench.store.takeChanges());
            measured.add(QStringLiteral("bytes/key"),
                         (withHistory - before - (withRows - inUse())) / double(files));
            measured.add(QStringLiteral("bytes/key with one change in the history"),
                         (withHistory - before) / double(files));
            // In the order in which a checkpoint gives them.
            std::sort(rows.begin(), rows.end(), [](const Row &left, const Row &right) {
                return std::tie(left.table, left.key) < std::tie(right.table, right.key);
            });
            Store full;
            const Stopwatch restoring;
            for (const Row &row : rows)
                static_cast<void>(full.restoreRow(row));
            static_cast<void>(full.finishRestore(Slot(1), Hash128()));
            measured.add(QStringLiteral("restored rows/s"), double(files) / restoring.cpuSeconds());
        });
}

int main(int count, char **values)
{
    QStringList arguments;
    for (int i = 1; i < count; ++i)
        arguments += QString::fromLocal8Bit(values[i]);
    const Result<Options> options = parseOptions(arguments);
    if (!options || options->isHelp) {
        if (!options)
            std::fprintf(stderr, "bench_store: %s\n", qUtf8Printable(options.error().message));
        std::fputs(helpText(), options ? stdout : stderr);
        return options ? 0 : 2;
    }
    Report report(options->isJson);
    report.begin(
        QStringLiteral("store"),
        QStringLiteral(
            "Store alone, one core, by processor time: transactions of one put of 256 bytes, 1,000 "
            "a slot. During\nputs a checkpoint is taken each 10,000, and "
            "10,000 revisions are kept."));
    for (const std::size_t files : {10'000, 1'000'000}) {
        measurePuts(*options, report, files);
        measureReads(*options, report, files);
    }
    measureCompaction(*options, report);
    measureMemory(*options, report, 1'000'000);
    report.finish();
    return 0;
}
