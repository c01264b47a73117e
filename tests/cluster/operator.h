// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cluster/process_cluster.h"
#include "rpc/error.h"

#include <QCborMap>

namespace coffer::test {

/// Who runs a cluster: asks single nodes, by the methods behind `coffer status` and `coffer
/// member`. Each question waits for its answer in a nested event loop. Resource.
class Operator
{
public:
    /// \a cluster has to outlive this.
    explicit Operator(ProcessCluster &cluster) : m_cluster(cluster) {}

    /// Asks one node and no other. Sent again while that node is not reached, but not longer than
    /// a few seconds.
    [[nodiscard]] rpc::Outcome ask(std::size_t index, const QString &method,
                                   const QCborMap &params = {});
    /// The result of cluster.status; empty if the node does not answer.
    [[nodiscard]] QCborMap status(std::size_t index);
    /// It answers, and says that it leads; or that it does not.
    [[nodiscard]] bool isLeading(std::size_t index);
    [[nodiscard]] bool isNotLeading(std::size_t index);
    /// Voters as \a index knows them.
    [[nodiscard]] bool isVoter(std::size_t index, const QString &id);

    /// Does it until it is done, at whichever node is served: `members.add` with the id of a node,
    /// and so on. Refusals ("it has not caught up yet") are tried again. False after a minute.
    [[nodiscard]] bool change(const QString &method, const QCborMap &params);
    /// Why the last change was not done at once; empty if it was.
    [[nodiscard]] QString lastRefusal() const { return m_refusal; }

private:
    ProcessCluster &m_cluster;
    QString m_refusal;
};

} // namespace coffer::test
