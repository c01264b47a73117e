// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "unit/storage/checkpoint_kit.h"

#include <QString>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace coffer::test {

/// What another node has committed, and its export.
struct ForeignFile
{
    Content content;
    QByteArray bytes;
};
[[nodiscard]] Result<ForeignFile> makeForeignFile(std::uint64_t seed, std::uint64_t applied);

/// A node's life with its checkpoint: starts, commits, exports, installs, and a journal that
/// remembers the name of what was installed. Knows after each step what must be on the disk.
///
/// The same seed makes the same steps and the same calls of the disk. Resource.
class CheckpointLife
{
public:
    /// \a foreign: what it will receive; must outlive the object.
    CheckpointLife(std::uint64_t seed, const std::vector<ForeignFile> &foreign);

    [[nodiscard]] SimVfs &vfs() { return m_vfs; }

    /// All steps in order, until one fails.
    Result<void> run();
    /// All steps; one that finds no space is tried again, with space. Counts those.
    Result<void> runWithRetries();
    [[nodiscard]] int retries() const { return m_retries; }

    /// True after a failure to read an export's bytes: then the checkpoint itself goes on.
    [[nodiscard]] bool hasFailedToRead() const { return m_hasFailedToRead; }
    /// Whether all kinds of calls of the object that failed are refused.
    [[nodiscard]] bool isRefusingEverything();
    /// The process goes and starts again. Power has to be taken away by the caller.
    Result<void> start();
    /// What is there equals what must be there. An empty text says yes.
    [[nodiscard]] QString difference();
    /// More commits, and perhaps an install, as proof that the directory can be used.
    Result<void> goOn(bool isInstalling);

private:
    using Step = std::function<Result<void>()>;

    void planSteps();
    Result<void> commit();
    Result<void> exportAndCompare();
    Result<void> receive(bool isInstalled);

    SimVfs m_vfs;
    SeededRandom m_random;
    const std::vector<ForeignFile> &m_foreign;
    std::size_t m_received = 0;
    std::unique_ptr<storage::SqliteCheckpoint> m_checkpoint;
    std::vector<Step> m_steps;
    int m_retries = 0;
    bool m_hasFailedToRead = false;

    std::uint64_t m_slot = 10;
    Content m_sure;                ///< As the last step that returned left it.
    std::optional<Content> m_open; ///< What a step that did not return may have left.
    QByteArray m_named;            ///< The journal's install record.
};

} // namespace coffer::test
