// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/host_p.h"

#include <map>
#include <optional>

namespace coffer::engine {

/// How an empty node comes to belong to a cluster, and nothing else can make one.
///
/// Founding needs every peer of the operator's list to answer "empty" with the same list. Then the
/// first peer in sorted order makes the cluster and tells the others. A majority is never enough:
/// two wiped nodes of three would found a new cluster over the live data of the third. A node
/// whose peers hold a cluster that does not name it waits until a leader's `Found` invites it.
class Bootstrap
{
public:
    /// This node belongs to \a founding from now on; to be made durable before anything else.
    using Belong = std::function<void(const Founding &)>;

    Bootstrap(Host &host, Belong belong);

    /// This node durably holds a founding record, so probes are answered with it.
    void setFounding(const Founding &founding) { m_founding = founding; }
    [[nodiscard]] const std::optional<Founding> &founding() const { return m_founding; }

    void receive(NodeId from, const Probe &probe);
    void receive(NodeId from, const ProbeReply &reply);
    void receive(NodeId from, const Found &found);
    /// Probes while empty; as leader, invites members that may not know the cluster.
    void tick();

private:
    struct Answered
    {
        NodeId node;
        Monotonic at;
    };

    void belongTo(const Founding &founding);
    void probe();
    void tryToFound();
    void invite();

    Host &m_host;
    Belong m_belong;
    std::vector<QString> m_peers; ///< Sorted, own address included; empty: a cluster of one.
    std::optional<Founding> m_founding;
    bool m_isBelonging = false;          ///< A founding record is being written.
    std::map<QString, Answered> m_empty; ///< Peers that said they are empty, and when.
    Monotonic m_nextAt{0};
};

} // namespace coffer::engine
