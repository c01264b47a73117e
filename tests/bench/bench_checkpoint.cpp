// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"
#include "bench/options.h"
#include "bench/report.h"
#include "bench/stopwatch.h"
#include "storage/sqlite_checkpoint.h"
#include "support/checkpoint_trials.h"

#include <QTemporaryDir>

#include <cstdio>
#include <memory>
#include <utility>

using namespace coffer;
using namespace coffer::bench;
using namespace coffer::storage;

static constexpr std::uint64_t keys = 1'000'000;
static constexpr int rowsOfACommit = 1'000;
static constexpr int valueBytes = 300;
static constexpr int commitsOfARun = 40;

namespace {

/// Fails loudly: a benchmark of something that does not work says nothing.
template<class T>
T must(Result<T> result)
{
    if (!result) {
        std::fprintf(stderr, "bench_checkpoint: %s\n", qUtf8Printable(result.error().message));
        std::exit(1);
    }
    if constexpr (!std::is_void_v<T>)
        return std::move(*result);
}

/// A data directory on the disk of the current folder, with a state that grows and changes.
class Bench
{
public:
    Bench() : m_directory(QStringLiteral("bench-checkpoint-XXXXXX")) { open(); }

    void open()
    {
        CheckpointLayout layout;
        layout.tables = {{1, "files"}};
        m_checkpoint.reset();
        m_checkpoint = std::make_unique<SqliteCheckpoint>(
            SqliteCheckpoint::Options{QDir(m_directory.path()).absolutePath(), layout});
        if (!m_generation.isEmpty())
            must(m_checkpoint->activate(m_generation));
        must(m_checkpoint->open());
    }
    [[nodiscard]] SqliteCheckpoint &checkpoint() { return *m_checkpoint; }

    /// Keys of a tree: long common beginnings, as paths have.
    [[nodiscard]] Row row(std::uint64_t key)
    {
        const QByteArray name =
            "/bench/" + QByteArray::number(qulonglong(key)).rightJustified(8, '0') + "/setting";
        return {1, name, QByteArray(valueBytes, char('a' + m_random.below(26)))};
    }
    void commit(const std::vector<Row> &rows)
    {
        m_slot = m_slot.next();
        must(m_checkpoint->commit({ClusterId(1), m_slot, {1, 2}, "configuration"}, rows));
    }
    [[nodiscard]] std::vector<Row> changes(int count)
    {
        std::vector<Row> rows;
        for (int i = 0; i < count; ++i)
            rows.push_back(row(m_random.below(keys)));
        return rows;
    }
    void install(const QByteArray &generation)
    {
        m_generation = generation;
        must(m_checkpoint->activate(generation));
    }

private:
    QTemporaryDir m_directory;
    std::unique_ptr<SqliteCheckpoint> m_checkpoint;
    SeededRandom m_random{1};
    Slot m_slot;
    QByteArray m_generation;
};

} // namespace

static const QString group = QStringLiteral("checkpoint");

/// All keys once, in commits of about 4 MiB; one run, as it makes the state of all other cases. The
/// pages are full afterwards, as after an install.
static void benchFill(Bench &bench, Report &report)
{
    const Stopwatch watch;
    std::vector<Row> rows;
    for (std::uint64_t key = 0; key < keys; ++key) {
        rows.push_back(bench.row(key));
        if (rows.size() == 12'000 || key + 1 == keys)
            bench.commit(std::exchange(rows, {}));
    }
    Case measured(group, QStringLiteral("fill: 1 M new keys in their order, 12,000 a commit"));
    measured.add(QStringLiteral("rows/s"), double(keys) / watch.wallSeconds());
    report.add(std::move(measured));
}

static void benchCommits(Bench &bench, int rowCount, const Options &options, Report &report)
{
    Case measured(group, QStringLiteral("commit: %1 of 1 M keys, %2 of these a run")
                             .arg(rowCount)
                             .arg(commitsOfARun));
    for (int run = 0; run < options.runs; ++run) {
        Figure times;
        const Stopwatch all;
        for (int i = 0; i < commitsOfARun; ++i) {
            const std::vector<Row> rows = bench.changes(rowCount);
            const Stopwatch watch;
            bench.commit(rows);
            times.samples.push_back(watch.wallSeconds() * 1000);
        }
        measured.add(QStringLiteral("ms/commit, median"), times.median());
        measured.add(QStringLiteral("ms/commit, slowest"), times.most());
        measured.add(QStringLiteral("rows/s"),
                     double(rowCount) * commitsOfARun / all.wallSeconds());
        measured.add(QStringLiteral("rows/CPU-s"),
                     double(rowCount) * commitsOfARun / all.cpuSeconds());
    }
    report.add(std::move(measured));
}

static void benchLoad(Bench &bench, const Options &options, Report &report)
{
    Case measured(group, QStringLiteral("start: open and load 1 M rows"));
    for (int run = 0; run < options.runs; ++run) {
        const Stopwatch watch;
        bench.open();
        const double opened = watch.wallSeconds();
        std::uint64_t bytes = 0;
        must(bench.checkpoint().load([&bytes](const Row &row) -> Result<void> {
            bytes += std::uint64_t(row.key.size() + row.value->size());
            return {};
        }));
        measured.add(QStringLiteral("s, open"), opened);
        measured.add(QStringLiteral("s, open and load"), watch.wallSeconds());
        measured.add(QStringLiteral("rows/s, load"), double(keys) / (watch.wallSeconds() - opened));
        measured.add(QStringLiteral("MB/s, load"),
                     double(bytes) / 1e6 / (watch.wallSeconds() - opened));
    }
    report.add(std::move(measured));
}

static void benchTransfer(Bench &bench, const Options &options, Report &report)
{
    Case measured(group, QStringLiteral("transfer: export, receive, stage, activate of 1 M rows"));
    for (int run = 0; run < options.runs; ++run) {
        const Stopwatch exporting;
        const auto file = must(bench.checkpoint().exportFile());
        const double megabytes = double(file->size()) / 1e6;
        measured.add(QStringLiteral("MB"), megabytes);
        measured.add(QStringLiteral("MB/s, export"), megabytes / exporting.wallSeconds());
        const Stopwatch receiving;
        for (std::uint64_t offset = 0; offset < file->size();) {
            const QByteArray piece = must(file->read(offset, std::size_t(1) << 20));
            must(bench.checkpoint().receive(offset, piece));
            offset += std::uint64_t(piece.size());
        }
        measured.add(QStringLiteral("MB/s, read and receive"), megabytes / receiving.wallSeconds());
        const Stopwatch staging;
        const auto staged = must(bench.checkpoint().stage(coffer::test::acceptAll()));
        measured.add(QStringLiteral("MB/s, stage"), megabytes / staging.wallSeconds());
        const Stopwatch activating;
        bench.install(staged.second);
        measured.add(QStringLiteral("ms, activate"), activating.wallSeconds() * 1000);
    }
    report.add(std::move(measured));
}

int main(int count, char **values)
{
    QStringList arguments;
    for (int i = 1; i < count; ++i)
        arguments += QString::fromLocal8Bit(values[i]);
    const Result<Options> options = parseOptions(arguments);
    if (!options || options->isHelp) {
        std::fprintf(stderr, "usage: bench_checkpoint [--runs N] [--json]\n"
                             "  works in the current folder, which decides the disk\n");
        return options ? 0 : 2;
    }
    Report report(options->isJson);
    report.begin(group, QStringLiteral("SqliteCheckpoint on a real directory: 1 M keys, values of "
                                       "300 bytes. Real time, every\ncommit synced."));
    Bench bench;
    benchFill(bench, report);
    for (const int rows : {100, 1'000, 12'000})
        benchCommits(bench, rows, *options, report);
    benchLoad(bench, *options, report);
    benchTransfer(bench, *options, report);
    report.finish();
    return 0;
}
