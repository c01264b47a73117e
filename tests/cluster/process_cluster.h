// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cluster/node_process.h"

#include <QTemporaryDir>

#include <memory>
#include <vector>

namespace coffer::test {

/// \a count ports of loopback that nobody used a moment ago.
[[nodiscard]] std::vector<quint16> freePorts(std::size_t count);

/// Several cofferd with one list of peers, each with a directory of its own. Resource.
class ProcessCluster
{
public:
    explicit ProcessCluster(std::size_t size);

    [[nodiscard]] std::size_t size() const { return m_nodes.size(); }
    [[nodiscard]] NodeProcess &node(std::size_t index) { return *m_nodes[index]; }
    [[nodiscard]] QString directory(std::size_t index) const;
    [[nodiscard]] QString address(std::size_t index) const { return m_addresses[index]; }
    [[nodiscard]] const QStringList &addresses() const { return m_addresses; }

    void startAll();
    /// Every running one is ready, since its start.
    [[nodiscard]] bool areReady();
    /// The leader, if isAgreed().
    [[nodiscard]] std::optional<std::size_t> leader();
    /// The id of a node that has said it since it was started.
    [[nodiscard]] QString idOf(std::size_t index);
    /// All running ones know one leader, and it runs.
    [[nodiscard]] bool isAgreed() { return leader().has_value(); }
    /// The id of the leader that a node spoke of last; empty if it knows none.
    [[nodiscard]] QString leaderKnownBy(std::size_t index);

private:
    QTemporaryDir m_folder;
    QStringList m_addresses;
    std::vector<std::unique_ptr<NodeProcess>> m_nodes;
};

} // namespace coffer::test
