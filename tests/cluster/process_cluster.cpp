// SPDX-License-Identifier: Apache-2.0
#include "cluster/process_cluster.h"

#include <QCoreApplication>
#include <QTcpServer>

namespace coffer::test {

std::vector<quint16> freePorts(std::size_t count)
{
    constexpr quint32 first = 15'000; // below those that the kernel gives to who does not choose
    constexpr quint32 range = 15'000;
    static quint32 next = quint32(QCoreApplication::applicationPid()) * 97;
    std::vector<std::unique_ptr<QTcpServer>> places;
    std::vector<quint16> ports;
    for (quint32 tries = 0; ports.size() < count; ++tries) {
        if (tries > range)
            qFatal("no port is free");
        places.push_back(std::make_unique<QTcpServer>());
        if (places.back()->listen(QHostAddress::LocalHost, quint16(first + next++ % range)))
            ports.push_back(places.back()->serverPort());
    }
    return ports;
}

/// Each listens for clients where the kernel likes: nobody has to know.
ProcessCluster::ProcessCluster(std::size_t size)
{
    for (const quint16 port : freePorts(size))
        m_addresses.append(QStringLiteral("127.0.0.1:%1").arg(port));
    for (std::size_t index = 0; index < size; ++index)
        m_nodes.push_back(std::make_unique<NodeProcess>(
            QStringList{"--data", directory(index), "--cluster-name", "test", "--peers",
                        m_addresses.join(QLatin1Char(',')), "--listen-peers",
                        m_addresses[int(index)], "--listen", "127.0.0.1:0"}));
}

QString ProcessCluster::directory(std::size_t index) const
{
    return m_folder.filePath(QString::number(index + 1));
}

void ProcessCluster::startAll()
{
    for (const auto &node : m_nodes) {
        if (!node->isRunning())
            node->start();
    }
}

bool ProcessCluster::areReady()
{
    for (const auto &node : m_nodes) {
        if (node->isRunning() && !node->output().contains(QLatin1String("ready after")))
            return false;
    }
    return true;
}

QString ProcessCluster::idOf(std::size_t index)
{
    return m_nodes[index]->wordBehind(QStringLiteral("coffer.node: node "));
}

QString ProcessCluster::leaderKnownBy(std::size_t index)
{
    NodeProcess &node = *m_nodes[index];
    const QString log = node.log();
    const QString own = QStringLiteral("this node leads, ");
    const QString other = QStringLiteral("the leader is ");
    return node.wordBehind(log.lastIndexOf(own) > log.lastIndexOf(other) ? own : other);
}

std::optional<std::size_t> ProcessCluster::leader()
{
    std::optional<QString> known;
    std::optional<std::size_t> found;
    for (std::size_t index = 0; index < m_nodes.size(); ++index) {
        if (!m_nodes[index]->isRunning())
            continue;
        const QString leader = leaderKnownBy(index);
        if (leader.isEmpty() || (known && *known != leader))
            return std::nullopt;
        known = leader;
        if (idOf(index) == leader)
            found = index;
    }
    return found;
}

} // namespace coffer::test
