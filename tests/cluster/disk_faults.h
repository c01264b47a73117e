// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cluster/process_cluster.h"

#include <QTemporaryDir>

namespace coffer::test {

/// Disks of the nodes of a cluster that are slow or full when a test says so. By a library that is
/// loaded into the nodes (disk_shim.cpp): works for everybody, on every file system, but not beside
/// a sanitizer. Resource.
class DiskFaults
{
public:
    /// To be made before the nodes of \a cluster are started.
    explicit DiskFaults(ProcessCluster &cluster);

    /// Each sync takes 50 ms more, until isSlow is false.
    void setSlow(std::size_t index, bool isSlow) { set(index, QStringLiteral("slow"), isSlow); }
    /// Each write fails for want of space, until isFull is false.
    void setFull(std::size_t index, bool isFull) { set(index, QStringLiteral("full"), isFull); }

private:
    [[nodiscard]] QString folderOf(std::size_t index) const;
    void set(std::size_t index, const QString &name, bool isThere);

    QTemporaryDir m_folder;
};

} // namespace coffer::test
