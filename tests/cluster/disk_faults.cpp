// SPDX-License-Identifier: Apache-2.0
#include "cluster/disk_faults.h"

#include <QDir>
#include <QFile>

namespace coffer::test {

DiskFaults::DiskFaults(ProcessCluster &cluster)
{
    for (std::size_t index = 0; index < cluster.size(); ++index) {
        QDir().mkpath(folderOf(index));
        NodeProcess &node = cluster.node(index);
        node.setVariable(QStringLiteral("LD_PRELOAD"), QStringLiteral(COFFER_DISK_SHIM));
        node.setVariable(QStringLiteral("COFFER_SHIM_CONTROL"), folderOf(index));
        node.setVariable(QStringLiteral("COFFER_SHIM_DATA"), cluster.directory(index));
    }
}

QString DiskFaults::folderOf(std::size_t index) const
{
    return m_folder.filePath(QString::number(index + 1));
}

void DiskFaults::set(std::size_t index, const QString &name, bool isThere)
{
    QFile file(folderOf(index) + QLatin1Char('/') + name);
    const bool isDone = isThere ? file.open(QIODevice::WriteOnly) : file.remove();
    if (!isDone)
        qFatal("%s: %s", qUtf8Printable(file.fileName()), qUtf8Printable(file.errorString()));
}

} // namespace coffer::test
