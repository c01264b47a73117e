// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/ids.h"
#include "sim/draw.h"
#include "storage/checkpoint.h"
#include "storage/memory_disk.h"
#include "support/sim_vfs.h"

#include <functional>
#include <memory>
#include <optional>

namespace coffer::sim {

/// Where a node keeps its checkpoints. Resource.
class CheckpointDisk
{
public:
    /// Asked before each step; see storage::MemoryDisk::FaultHook.
    using FaultHook = storage::MemoryDisk::FaultHook;
    /// Everything durable at one moment. Value.
    struct Image
    {
        storage::MemoryDisk::Image memory;
        test::SimVfs::Image files;
        Slot checkpointed;
    };

    virtual ~CheckpointDisk() = default;

    /// What one process run opens.
    [[nodiscard]] virtual std::unique_ptr<storage::Checkpoint> open() = 0;
    /// The last slot of the durable checkpoint in use, as far as a process was told.
    [[nodiscard]] virtual Slot checkpointed() const = 0;
    /// Nothing that is done from now on reaches the disk, ...
    virtual void processEnds() = 0;
    /// ... until now, when all that the process had open is closed.
    virtual void processEnded(bool isPowerLoss) = 0;
    [[nodiscard]] virtual Image image() const = 0;
    virtual void restore(const Image &image) = 0;
};

/// The twin: each step fails or is done as a whole.
[[nodiscard]] std::unique_ptr<CheckpointDisk>
makeMemoryCheckpointDisk(CheckpointDisk::FaultHook hook);
/// SQLite on a disk of which each write and sync may fail or be the last one. What the hook wants
/// to happen to a step happens at one of the calls that the step makes.
[[nodiscard]] std::unique_ptr<CheckpointDisk>
makeSqliteCheckpointDisk(CheckpointDisk::FaultHook hook, std::uint64_t seed);

} // namespace coffer::sim
