// SPDX-License-Identifier: Apache-2.0
#include "cluster/process_cluster.h"

#include <QCoreApplication>
#include <QTcpServer>

namespace coffer::test {

std::vector<quint16> freePorts(std::size_t count)
{
    constexpr quint32 first = 15'000; // below those that the kernel gives to who does not choose
    constexpr quint32 range = 15'000;
    static quint32 next = quint32(QCoreApplication::applicationPid()) * 1009;
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

ProcessCluster::ProcessCluster(std::size_t size, PeerProxy *proxy) : m_proxy(proxy)
{
    reserve(size);
    for (std::size_t index = 0; index < size; ++index)
        makeNode(m_addresses);
}

void ProcessCluster::reserve(std::size_t count)
{
    const std::vector<quint16> ports = freePorts(2 * count);
    for (std::size_t index = 0; index < count; ++index) {
        const quint16 port = ports[2 * index];
        m_ports.push_back(port);
        m_addresses.append(m_proxy != nullptr ? m_proxy->add(port)
                                              : QStringLiteral("127.0.0.1:%1").arg(port));
        m_clientNodes.emplace_back(QStringLiteral("http://127.0.0.1:%1").arg(ports[2 * index + 1]));
    }
}

void ProcessCluster::makeNode(const QStringList &peers)
{
    const std::size_t index = m_nodes.size();
    m_nodes.push_back(std::make_unique<NodeProcess>(
        QStringList{"--data", directory(index), "--cluster-name", "test", "--peers",
                    peers.join(QLatin1Char(',')), "--listen-peers",
                    QStringLiteral("127.0.0.1:%1").arg(m_ports[index]), "--advertise-peers",
                    m_addresses[int(index)], "--listen", m_clientNodes[index].authority()}));
}

std::size_t ProcessCluster::addNode()
{
    reserve(1);
    makeNode(m_addresses);
    return m_nodes.size() - 1;
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

bool ProcessCluster::isReady(std::size_t index)
{
    return m_nodes[index]->output().contains(QLatin1String("ready after"));
}

bool ProcessCluster::areReady()
{
    for (std::size_t index = 0; index < m_nodes.size(); ++index) {
        if (m_nodes[index]->isRunning() && !isReady(index))
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
