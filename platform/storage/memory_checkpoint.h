// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/checkpoint.h"
#include "storage/memory_disk.h"

namespace coffer::storage {

/// The checkpoint of a MemoryDisk: each commit is whole or absent after a crash; an export is one
/// run of bytes with its own hash. One object a process run; \a disk must outlive it. What was
/// received and not staged is gone with the object.
class MemoryCheckpoint final : public Checkpoint
{
public:
    explicit MemoryCheckpoint(MemoryDisk &disk) : m_disk(disk) {}

    [[nodiscard]] Result<std::optional<CheckpointHeader>> open() override;
    Result<void> load(const std::function<Result<void>(const Row &)> &visit) override;
    Result<void> commit(const CheckpointHeader &header, const std::vector<Row> &rows) override;
    [[nodiscard]] Result<std::shared_ptr<CheckpointFile>> exportFile() override;
    Result<void> receive(std::uint64_t offset, const QByteArray &piece) override;
    [[nodiscard]] Result<std::pair<CheckpointHeader, QByteArray>>
    stage(const CheckpointTrial &trial) override;
    Result<void> activate(const QByteArray &generation) override;

private:
    MemoryDisk &m_disk;
    QByteArray m_received;
};

} // namespace coffer::storage
