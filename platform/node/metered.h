// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "rpc/method.h"
#include "storage/checkpoint.h"
#include "storage/journal.h"

#include <QHash>

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <map>

/// What cannot be looked up later is measured as it happens, and gathered in the registry of the
/// node. Registries outlive what is made here.
namespace coffer::node {

/// A journal that is measured. On the thread of the journal.
class MeteredJournal final : public storage::Journal
{
public:
    MeteredJournal(storage::Journal &journal, prometheus::Registry &registry);

    Result<void> replay(const Visit &visit) override { return m_journal.replay(visit); }
    Result<void> append(const std::vector<storage::JournalRecord> &records) override;
    Result<void> sync() override;
    Result<void> truncate(Slot slot, const std::vector<storage::JournalRecord> &live) override;

private:
    storage::Journal &m_journal;
    prometheus::Histogram &m_syncSeconds;
    prometheus::Counter &m_records;
    prometheus::Counter &m_bytes;
    prometheus::Counter &m_truncations;
};

/// A checkpoint that is measured. On the thread of the checkpoint.
class MeteredCheckpoint final : public storage::Checkpoint
{
public:
    MeteredCheckpoint(storage::Checkpoint &checkpoint, prometheus::Registry &registry);

    Result<std::optional<storage::CheckpointHeader>> open() override { return m_checkpoint.open(); }
    Result<void> load(const std::function<Result<void>(const storage::Row &)> &visit) override
    {
        return m_checkpoint.load(visit);
    }
    Result<void> commit(const storage::CheckpointHeader &header,
                        const std::vector<storage::Row> &rows) override;
    Result<std::shared_ptr<storage::CheckpointFile>> exportFile() override;
    Result<void> receive(std::uint64_t offset, const QByteArray &piece) override
    {
        return m_checkpoint.receive(offset, piece);
    }
    Result<std::pair<storage::CheckpointHeader, QByteArray>>
    stage(const storage::CheckpointTrial &trial) override
    {
        return m_checkpoint.stage(trial);
    }
    Result<void> activate(const QByteArray &generation) override
    {
        return m_checkpoint.activate(generation);
    }

private:
    storage::Checkpoint &m_checkpoint;
    prometheus::Histogram &m_commitSeconds;
    prometheus::Counter &m_rows;
    prometheus::Histogram &m_exportSeconds;
};

/// Calls by method and what became of them. Node thread.
class RpcMetrics
{
public:
    explicit RpcMetrics(prometheus::Registry &registry);

    /// Each call that ended, once.
    void count(const rpc::Method &method, const rpc::Outcome &outcome, Monotonic took);

private:
    /// Found once: a look-up by labels takes a lock and compares texts.
    struct OfMethod
    {
        prometheus::Histogram *seconds = nullptr;
        std::map<int, prometheus::Counter *> calls; ///< By rpc::Code; -1: done.
    };

    prometheus::Family<prometheus::Counter> &m_calls;
    prometheus::Family<prometheus::Histogram> &m_seconds;
    QHash<QString, OfMethod> m_methods;
};

} // namespace coffer::node
