// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "node/host.h"
#include "node/method_table.h"
#include "storage/checkpoint.h"

#include <QTimer>

#include <map>
#include <memory>
#include <vector>

namespace coffer::node {

/// A copy of the store for every transport: backup.begin, backup.read, backup.end.
/// docs/formats/store-methods.md.
///
/// begin() makes a copy that holds everything acknowledged before it was called; the caller pulls
/// it in pieces at his own pace, so that nothing is queued for him. A copy takes as much of the
/// disk as the state; it goes with end(), or when nobody asked for it for a minute. Resource; node
/// thread. To be stopped with no call in flight: see rpc::Registration.
class BackupMethods
{
    Q_DISABLE_COPY_MOVE(BackupMethods)

public:
    /// At once, of a node.
    static constexpr std::size_t copiesMax = 2;

    /// \a host has to outlive this. \a directory is where copies lie, to look for space; empty: it
    /// is not looked for.
    BackupMethods(Host &host, QString directory);
    ~BackupMethods() = default;

    /// Fails only where a name is taken.
    [[nodiscard]] Result<void> addTo(rpc::Registry &registry);

    /// Drops copies that nobody asks for. A timer does this; tests do it by hand.
    void dropUnused(Monotonic now);

private:
    using Task = QCoro::Task<rpc::Outcome>;
    using File = std::shared_ptr<storage::CheckpointFile>; // shared with the checkpoint's lane

    struct Copy
    {
        File file;
        Monotonic usedAt{0};
    };

    [[nodiscard]] Task begin(rpc::Call &call);
    [[nodiscard]] Task read(rpc::Call &call);
    [[nodiscard]] Task end(rpc::Call &call);
    [[nodiscard]] QCoro::Task<Result<File>> copy();
    [[nodiscard]] Result<void> checkSpace() const;
    [[nodiscard]] MethodTable<BackupMethods> methods() const;

    Host &m_host;
    QString m_directory;
    std::size_t m_making = 0;
    std::map<qint64, Copy> m_copies; ///< By the number that their callers know.
    QTimer m_timer;                  ///< While there are copies.
    std::vector<rpc::Registration> m_registrations;
};

} // namespace coffer::node
