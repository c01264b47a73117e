// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "base/random.h"
#include "engine/engine.h"
#include "engine/store_machine.h"
#include "node/data_directory.h"

#include <functional>
#include <memory>

namespace coffer::node {

/// How an offline work goes on; \a done of \a total bytes, 0 of 0 where that is not known.
using Progress = std::function<void(const QString &what, std::uint64_t done, std::uint64_t total)>;

/// What a state holds, for people. Value.
struct Contents
{
    ClusterId cluster;
    Slot applied;
    Revision revision;
    Revision floor;
    WallMs time{0}; ///< Applied time.
    std::uint64_t files = 0;
    std::uint64_t liveBytes = 0;
    std::uint64_t sessions = 0;
};

/// A cluster that began with the state of another one. Value.
struct Refounded
{
    QString directory;
    NodeId node;
    Contents from; ///< What was taken over, as it was.
    Contents now;
};

/// What both need from outside; outlives the calls.
struct RefoundingParts
{
    Clock &clock;
    Random &random;
    Progress progress;
};

/// Checks a backup: its bytes, its rows, and that these give the state that it says. Blocking.
/// `notFound`; `io`; `corrupt` says what is wrong; a file of a newer format or build is refused.
[[nodiscard]] Result<Contents> checkBackup(const QString &file);

/// Makes a cluster of one in \a directory, which has to be empty or not to exist, with the state of
/// the backup \a file; see Store::beginAnew(). Cluster and node have new ids. Blocking.
///
/// All or nothing: until everything is durable no node starts from \a directory, and what an error
/// leaves is removed. Errors as checkBackup(), `refused` for the directory, `noSpace`.
[[nodiscard]] Result<Refounded> restoreBackup(const QString &file, const QString &directory,
                                              const RefoundingParts &parts);

/// The way out after a majority was lost for good: a new cluster of one with what a single node
/// holds. Blocking. The old directory is read, and changed only as any start of a node does.
class Recovery
{
public:
    /// Reads the directory of a node that does not run. `notFound` if there is none; errors as
    /// Engine::salvage(). \a parts must outlive this.
    [[nodiscard]] static Result<std::unique_ptr<Recovery>> open(const QString &directory,
                                                                const RefoundingParts &parts);
    ~Recovery();
    Recovery(const Recovery &) = delete;
    Recovery &operator=(const Recovery &) = delete;

    [[nodiscard]] const engine::Salvage &salvage() const { return m_salvage; }
    [[nodiscard]] NodeId self() const;
    [[nodiscard]] Contents contents() const;
    /// As restoreBackup(), with what was read. Once.
    [[nodiscard]] Result<Refounded> refound(const QString &directory);

private:
    struct Disk;

    explicit Recovery(const RefoundingParts &parts);

    const RefoundingParts &m_parts;
    std::unique_ptr<Disk> m_disk;
    engine::Salvage m_salvage;
};

} // namespace coffer::node
