// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cluster/node_process.h"
#include "cluster/peer_proxy.h"

#include <QTemporaryDir>
#include <QUrl>

#include <memory>
#include <vector>

namespace coffer::test {

/// \a count ports of loopback that nobody used a moment ago.
[[nodiscard]] std::vector<quint16> freePorts(std::size_t count);

/// Several cofferd with one list of peers, each with a directory of its own. Resource.
class ProcessCluster
{
public:
    /// With \a proxy, peers reach each other through it alone, and its nodes have the same numbers;
    /// it has to outlive this.
    explicit ProcessCluster(std::size_t size, PeerProxy *proxy = nullptr);

    [[nodiscard]] std::size_t size() const { return m_nodes.size(); }
    [[nodiscard]] NodeProcess &node(std::size_t index) { return *m_nodes[index]; }
    [[nodiscard]] QString directory(std::size_t index) const;
    /// Where peers reach a node.
    [[nodiscard]] QString address(std::size_t index) const { return m_addresses[int(index)]; }
    [[nodiscard]] const QStringList &addresses() const { return m_addresses; }
    /// Where clients reach the nodes; the same after a restart.
    [[nodiscard]] const std::vector<QUrl> &clientNodes() const { return m_clientNodes; }

    /// Another node, which knows all that are there and is no member; its number. Not started.
    std::size_t addNode();
    void startAll();
    /// Every running one is ready, since its start.
    [[nodiscard]] bool areReady();
    [[nodiscard]] bool isReady(std::size_t index);
    /// The leader, if isAgreed().
    [[nodiscard]] std::optional<std::size_t> leader();
    /// The id of a node that has said it since it was started.
    [[nodiscard]] QString idOf(std::size_t index);
    /// All running ones know one leader, and it runs.
    [[nodiscard]] bool isAgreed() { return leader().has_value(); }
    /// The id of the leader that a node spoke of last; empty if it knows none.
    [[nodiscard]] QString leaderKnownBy(std::size_t index);

private:
    void reserve(std::size_t count);
    void makeNode(const QStringList &peers);

    QTemporaryDir m_folder;
    PeerProxy *m_proxy;
    std::vector<quint16> m_ports; ///< For peers.
    QStringList m_addresses;
    std::vector<QUrl> m_clientNodes;
    std::vector<std::unique_ptr<NodeProcess>> m_nodes;
};

} // namespace coffer::test
