// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/hash128.h"
#include "base/ids.h"
#include "base/result.h"

#include <QByteArray>

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace coffer::storage {

/// One row of the state machine's state: the absence of a value deletes it.
struct Row
{
    std::uint8_t table = 0;
    QByteArray key;
    std::optional<QByteArray> value;

    bool operator==(const Row &) const = default;
};

/// What a checkpoint says of itself; committed in the same transaction as its rows, so that the
/// applied slot and the effects can never differ.
struct CheckpointHeader
{
    ClusterId cluster;
    Slot applied;             ///< Every slot up to here is in the rows, none above.
    Hash128 stateHash;        ///< Of the state machine right after `applied`.
    QByteArray configuration; ///< Encoded by engine: the configuration that decides applied + 1.

    bool operator==(const CheckpointHeader &) const = default;
};

/// One finished, immutable checkpoint file, shared by all who read it. Any thread.
class CheckpointFile
{
public:
    virtual ~CheckpointFile() = default;
    [[nodiscard]] virtual const CheckpointHeader &header() const = 0;
    [[nodiscard]] virtual std::uint64_t size() const = 0;
    /// Up to \a bytesMax bytes from \a offset; empty at the end.
    [[nodiscard]] virtual Result<QByteArray> read(std::uint64_t offset, std::size_t bytesMax) = 0;
};

/// Whether what a received file holds can be the state, asked before anything is kept of it.
struct CheckpointTrial
{
    std::function<Result<void>(const Row &)> row; ///< Every row, ordered by table and key.
    std::function<Result<void>(const CheckpointHeader &)> finish; ///< Once, behind the last row.
};

/// The state machine's state on disk, behind the journal. Synchronous, one caller at a time, on
/// its own lane of the Executor, never that of the journal.
class Checkpoint
{
public:
    virtual ~Checkpoint() = default;

    /// The last committed header, or nothing when there was never a commit.
    [[nodiscard]] virtual Result<std::optional<CheckpointHeader>> open() = 0;
    /// Calls \a visit with every row, ordered by table and key.
    virtual Result<void> load(const std::function<Result<void>(const Row &)> &visit) = 0;
    /// Adds one transaction: exactly the changes of the slots since the last commit. Durable when
    /// it returns; after a crash all of it is there or nothing.
    virtual Result<void> commit(const CheckpointHeader &header, const std::vector<Row> &rows) = 0;

    /// A consistent copy of the last commit for transfer or backup.
    [[nodiscard]] virtual Result<std::shared_ptr<CheckpointFile>> exportFile() = 0;

    /// Receives a file in pieces, in order; offset 0 begins anew. Nothing of it is visible yet.
    virtual Result<void> receive(std::uint64_t offset, const QByteArray &piece) = 0;
    /// Checks the received file (whole, its own hash, \a trial) and keeps it durably as a new
    /// generation, which is not used until the journal names it. Returns its header and generation
    /// name. If an error of \a trial refuses it, that error comes back as `corrupt`.
    [[nodiscard]] virtual Result<std::pair<CheckpointHeader, QByteArray>>
    stage(const CheckpointTrial &trial) = 0;
    /// Makes a staged generation the one that open(), load() and commit() mean, and forgets the
    /// others. Called after the journal named it, and again at start; harmless when repeated.
    virtual Result<void> activate(const QByteArray &generation) = 0;
};

} // namespace coffer::storage
