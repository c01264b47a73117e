// SPDX-License-Identifier: Apache-2.0
#include "node/metered.h"

#include <chrono>

namespace coffer::node {

using prometheus::BuildCounter;
using prometheus::BuildHistogram;

/// From 50 µs, the quickest sync of a good disk, to what is beyond all patience; each twice the one
/// before.
static prometheus::Histogram::BucketBoundaries boundaries()
{
    prometheus::Histogram::BucketBoundaries seconds;
    for (double bound = 50e-6; bound < 10; bound *= 2)
        seconds.push_back(bound);
    return seconds;
}

static prometheus::Histogram &histogram(prometheus::Registry &registry, const char *name,
                                        const char *help)
{
    return BuildHistogram().Name(name).Help(help).Register(registry).Add({}, boundaries());
}

static prometheus::Counter &counter(prometheus::Registry &registry, const char *name,
                                    const char *help)
{
    return BuildCounter().Name(name).Help(help).Register(registry).Add({});
}

namespace {

/// Tells a histogram how long it lived.
class Stopwatch
{
public:
    explicit Stopwatch(prometheus::Histogram &histogram) : m_histogram(histogram) {}
    ~Stopwatch()
    {
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - m_began;
        m_histogram.Observe(took.count());
    }
    Q_DISABLE_COPY_MOVE(Stopwatch)

private:
    prometheus::Histogram &m_histogram;
    const std::chrono::steady_clock::time_point m_began = std::chrono::steady_clock::now();
};

} // namespace

// ---- journal

MeteredJournal::MeteredJournal(storage::Journal &journal, prometheus::Registry &registry)
    : m_journal(journal)
    , m_syncSeconds(histogram(registry, "coffer_journal_sync_seconds",
                              "How long the journal took to become durable."))
    , m_records(counter(registry, "coffer_journal_records_total", "Records that were written."))
    , m_bytes(counter(registry, "coffer_journal_bytes_total", "Bytes of what they hold."))
    , m_truncations(counter(registry, "coffer_journal_truncations_total",
                            "How often old segments were let go."))
{}

Result<void> MeteredJournal::append(const std::vector<storage::JournalRecord> &records)
{
    Result<void> appended = m_journal.append(records);
    if (!appended)
        return appended;
    std::size_t bytes = 0;
    for (const storage::JournalRecord &record : records)
        bytes += std::size_t(record.payload.size());
    m_records.Increment(double(records.size()));
    m_bytes.Increment(double(bytes));
    return appended;
}

Result<void> MeteredJournal::sync()
{
    const Stopwatch stopwatch(m_syncSeconds);
    return m_journal.sync();
}

Result<void> MeteredJournal::truncate(Slot slot, const std::vector<storage::JournalRecord> &live)
{
    m_truncations.Increment();
    return m_journal.truncate(slot, live);
}

// ---- checkpoint

MeteredCheckpoint::MeteredCheckpoint(storage::Checkpoint &checkpoint,
                                     prometheus::Registry &registry)
    : m_checkpoint(checkpoint)
    , m_commitSeconds(histogram(registry, "coffer_checkpoint_commit_seconds",
                                "How long the commits of the checkpoint took."))
    , m_rows(counter(registry, "coffer_checkpoint_rows_total", "Rows of these commits."))
    , m_exportSeconds(histogram(registry, "coffer_checkpoint_export_seconds",
                                "How long copies for backups and peers took."))
{}

Result<void> MeteredCheckpoint::commit(const storage::CheckpointHeader &header,
                                       const std::vector<storage::Row> &rows)
{
    const Stopwatch stopwatch(m_commitSeconds);
    m_rows.Increment(double(rows.size()));
    return m_checkpoint.commit(header, rows);
}

Result<std::shared_ptr<storage::CheckpointFile>> MeteredCheckpoint::exportFile()
{
    const Stopwatch stopwatch(m_exportSeconds);
    return m_checkpoint.exportFile();
}

// ---- calls

RpcMetrics::RpcMetrics(prometheus::Registry &registry)
    : m_calls(BuildCounter()
                  .Name("coffer_rpc_calls_total")
                  .Help("Calls that ended, by method and code.")
                  .Register(registry))
    , m_seconds(BuildHistogram()
                    .Name("coffer_rpc_seconds")
                    .Help("How long calls took, by method.")
                    .Register(registry))
{}

void RpcMetrics::count(const rpc::Method &method, const rpc::Outcome &outcome, Monotonic took)
{
    OfMethod &known = m_methods[method.name];
    if (!known.seconds)
        known.seconds = &m_seconds.Add({{"method", method.name.toStdString()}}, boundaries());
    prometheus::Counter *&calls = known.calls[outcome ? -1 : int(outcome.error().code)];
    if (!calls) {
        const QLatin1StringView code =
            outcome ? QLatin1StringView("OK") : rpc::nameOf(outcome.error().code);
        calls = &m_calls.Add({{"method", method.name.toStdString()}, {"code", code.data()}});
    }
    calls->Increment();
    known.seconds->Observe(std::chrono::duration<double>(took).count());
}

} // namespace coffer::node
