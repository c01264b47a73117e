// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/checkpoint.h"
#include "storage/journal.h"

namespace coffer::bench {

/// A journal that is durable at once and remembers nothing: what is left is the
/// price of the rest.
class NullJournal final : public storage::Journal
{
public:
    Result<void> replay(const Visit &) override { return {}; }
    Result<void> append(const std::vector<storage::JournalRecord> &) override { return {}; }
    Result<void> sync() override { return {}; }
    Result<void> truncate(Slot, const std::vector<storage::JournalRecord> &) override { return {}; }
};

/// The checkpoint that goes with it. Nobody lags so far here that a file is
/// asked for.
class NullCheckpoint final : public storage::Checkpoint
{
public:
    Result<std::optional<storage::CheckpointHeader>> open() override { return {std::nullopt}; }
    Result<void> load(const std::function<Result<void>(const storage::Row &)> &) override
    {
        return {};
    }
    Result<void> commit(const storage::CheckpointHeader &,
                        const std::vector<storage::Row> &) override
    {
        return {};
    }
    Result<std::shared_ptr<storage::CheckpointFile>> exportFile() override { return refusal(); }
    Result<void> receive(std::uint64_t, const QByteArray &) override { return refusal(); }
    Result<std::pair<storage::CheckpointHeader, QByteArray>>
    stage(const storage::CheckpointTrial &) override
    {
        return refusal();
    }
    Result<void> activate(const QByteArray &) override { return refusal(); }

private:
    static Error refusal()
    {
        return {ErrorCode::refused, QStringLiteral("the null checkpoint holds nothing")};
    }
};

} // namespace coffer::bench
