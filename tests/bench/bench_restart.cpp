// SPDX-License-Identifier: Apache-2.0
#include "bench/options.h"
#include "bench/report.h"
#include "bench/solo.h"
#include "bench/stopwatch.h"

#include <QTemporaryDir>

#include <algorithm>
#include <cstdio>

#include <malloc.h>

using namespace coffer;
using namespace coffer::bench;

static constexpr std::uint64_t keys = 1'000'000;
static constexpr std::size_t valueBytes = 100;
static constexpr std::uint64_t tailSlots = 4'000;
static constexpr std::uint64_t keptRevisions = 10'000;
static const QString group = QStringLiteral("restart");

static QByteArray put(std::uint64_t key)
{
    store::Transaction put;
    put.operations = {store::Put{.path = "/bench/" + QByteArray::number(qulonglong(key % 1'000))
                                         + "/file-" + QByteArray::number(qulonglong(key)),
                                 .value = QByteArray(valueBytes, 'v')}};
    return encode(store::Command{{}, put});
}

/// Clients that each ask for one put after the other.
class Clients
{
public:
    using NextKey = std::function<std::uint64_t()>;

    Clients(Solo &solo, std::size_t count, NextKey nextKey)
        : m_solo(solo), m_free(count), m_nextKey(std::move(nextKey))
    {}

    void run(std::uint64_t puts)
    {
        const std::uint64_t end = m_done + puts;
        std::uint64_t begun = m_done;
        m_solo.runUntil([&] {
            for (; m_free > 0 && begun < end; --m_free, ++begun)
                submit();
            return m_done == end;
        });
    }
    /// Milliseconds a put, of all so far.
    [[nodiscard]] const Figure &times() const { return m_times; }

private:
    void submit()
    {
        const Stopwatch watch;
        m_solo.engine().submit(put(m_nextKey()), [this, watch](const Result<engine::Answer> &done) {
            if (!done) {
                std::fprintf(stderr, "bench_restart: %s\n", qUtf8Printable(done.error().message));
                std::_Exit(1);
            }
            ++m_done;
            ++m_free;
            m_times.samples.push_back(watch.wallSeconds() * 1000);
        });
    }

    Solo &m_solo;
    std::size_t m_free;
    NextKey m_nextKey;
    std::uint64_t m_done = 0;
    Figure m_times;
};

static engine::Options withoutCheckpoints()
{
    engine::Options options;
    options.checkpointEvery = std::chrono::hours(1);
    options.checkpointSlots = UINT64_MAX;
    options.checkpointBytes = SIZE_MAX;
    return options;
}

static void submitAndWait(Solo &solo, const QByteArray &command)
{
    bool isDone = false;
    solo.engine().submit(command, [&isDone](const Result<engine::Answer> &) { isDone = true; });
    solo.runUntil([&isDone] { return isDone; });
}

/// All keys once, then the history goes but for the newest revisions.
static void fill(const QString &directory)
{
    Solo solo(directory, 1, {});
    solo.start();
    std::uint64_t next = 0;
    Clients clients(solo, 4096, [&next] { return next++; });
    clients.run(keys);
    const auto isCommitted = [&solo] {
        const engine::Status status = solo.engine().status();
        return status.checkpointed == status.applied;
    };
    solo.runUntil(isCommitted);
    const Revision floor(solo.machine().store().revision().value() - keptRevisions);
    submitAndWait(solo, encode(store::Command{{}, store::Compact{floor}}));
    while (solo.machine().store().tree().history().oldest() <= floor)
        submitAndWait(solo, put(0));
    solo.runUntil(isCommitted);
}

/// Slots that no checkpoint holds, each of one put.
static void addTail(const QString &directory, std::uint64_t run)
{
    Solo solo(directory, run, withoutCheckpoints());
    solo.start();
    std::uint64_t next = 0;
    Clients clients(solo, 1, [&next] { return next++ * 7'919 % keys; });
    clients.run(tailSlots);
}

static double memoryInUse()
{
    const struct mallinfo2 info = mallinfo2();
    return double(info.uordblks + info.hblkhd);
}

static void benchRestart(const QString &directory, const Options &options, std::uint64_t &run,
                         Report &report)
{
    using Seconds = std::chrono::duration<double>;
    Case measured(
        group, QStringLiteral("restart: 1 M keys, %1 slots behind the checkpoint").arg(tailSlots));
    for (int i = 0; i < options.runs; ++i) {
        const double before = memoryInUse();
        Solo solo(directory, ++run, withoutCheckpoints());
        const Stopwatch watch;
        const auto begin = std::chrono::steady_clock::now();
        solo.start();
        const TimedMachine &machine = solo.machine();
        const double rows = Seconds(machine.inRows).count();
        measured.add(QStringLiteral("s, all, until it serves"), watch.wallSeconds());
        measured.add(QStringLiteral("CPU-s, all"), watch.cpuSeconds());
        measured.add(QStringLiteral("s, reading the journal"),
                     Seconds(machine.resetAt - begin).count());
        measured.add(QStringLiteral("s, loading the checkpoint"),
                     Seconds(machine.loadedAt - machine.resetAt).count() - rows);
        measured.add(QStringLiteral("s, restoring the store"),
                     rows + Seconds(machine.finishedAt - machine.loadedAt).count());
        measured.add(QStringLiteral("s, applying the tail, election"),
                     watch.wallSeconds() - Seconds(machine.finishedAt - begin).count());
        measured.add(QStringLiteral("bytes of memory/key"),
                     (memoryInUse() - before) / double(keys));
    }
    report.add(std::move(measured));
}

/// Both kinds take turns, so that what else the machine does meets both alike.
static void benchCheckpoints(const QString &directory, const Options &options, std::uint64_t &run,
                             Report &report)
{
    for (const std::size_t count : {std::size_t(1), std::size_t(64)}) {
        Case measured(group,
                      QStringLiteral("puts into 1 M keys, %1 at a time, each durable").arg(count));
        for (int i = 0; i < options.runs; ++i) {
            double p99[2] = {};
            for (const bool hasCheckpoints : {false, true}) {
                Solo solo(directory, ++run,
                          hasCheckpoints ? engine::Options() : withoutCheckpoints());
                solo.start();
                SeededRandom random(run);
                Clients clients(solo, count, [&random] { return random.below(keys); });
                const Stopwatch watch;
                for (const double end = 5 * options.seconds; watch.wallSeconds() < end;)
                    clients.run(100 * count);
                const QString kind =
                    hasCheckpoints ? QStringLiteral("with checkpoints") : QStringLiteral("without");
                const Figure &times = clients.times();
                p99[hasCheckpoints] = times.quantile(0.99);
                measured.add(QStringLiteral("ms, p50, ") + kind, times.median());
                measured.add(QStringLiteral("ms, p99, ") + kind, times.quantile(0.99));
                measured.add(QStringLiteral("ms, slowest, ") + kind, times.most());
                measured.add(QStringLiteral("puts/s, ") + kind,
                             double(times.samples.size()) / watch.wallSeconds());
            }
            measured.add(QStringLiteral("times the p99 without checkpoints"), p99[1] / p99[0]);
        }
        report.add(std::move(measured));
    }
}

int main(int count, char **values)
{
    QStringList arguments;
    for (int i = 1; i < count; ++i)
        arguments += QString::fromLocal8Bit(values[i]);
    const Result<Options> options = parseOptions(arguments);
    if (!options || options->isHelp) {
        std::fprintf(stderr, "usage: bench_restart [--runs N] [--seconds S] [--json]\n"
                             "  a run of puts takes 5 times S; works in the current folder, which "
                             "decides the disk\n");
        return options ? 0 : 2;
    }
    Report report(options->isJson);
    report.begin(group,
                 QStringLiteral("A cluster of one on real files: 1 M keys, values of 100 bytes, "
                                "10,000 revisions of history. Real time."));
    const QTemporaryDir directory(QStringLiteral("bench-restart-XXXXXX"));
    fill(directory.path());
    addTail(directory.path(), 2);
    std::uint64_t run = 2;
    benchRestart(directory.path(), *options, run, report);
    benchCheckpoints(directory.path(), *options, run, report);
    report.finish();
    return 0;
}
