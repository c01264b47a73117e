// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "node/host.h"
#include "node/method_table.h"

#include <vector>

namespace coffer::node {

/// The cluster for every transport: cluster.status, cluster.stateHash, members.*, leader.transfer.
/// docs/formats/store-methods.md.
///
/// Nodes are named by 16 hexadecimal digits. Resource; node thread. To be stopped with no call in
/// flight: see rpc::Registration.
class ClusterMethods
{
    Q_DISABLE_COPY_MOVE(ClusterMethods)

public:
    /// \a host has to outlive this.
    explicit ClusterMethods(Host &host) : m_host(host) {}
    ~ClusterMethods() = default;

    /// Fails only where a name is taken.
    [[nodiscard]] Result<void> addTo(rpc::Registry &registry);

private:
    using Task = QCoro::Task<rpc::Outcome>;

    [[nodiscard]] Task status(rpc::Call &call);
    [[nodiscard]] Task stateHash(rpc::Call &call);
    [[nodiscard]] Task list(rpc::Call &call);
    [[nodiscard]] Task add(rpc::Call &call);
    [[nodiscard]] Task promote(rpc::Call &call);
    [[nodiscard]] Task remove(rpc::Call &call);
    [[nodiscard]] Task replace(rpc::Call &call);
    [[nodiscard]] Task transfer(rpc::Call &call);

    /// Makes \a members the next configuration, if \a ifEpoch is the present one.
    [[nodiscard]] QCoro::Task<Result<bool>> reconfigure(consensus::MemberSet members,
                                                        Epoch ifEpoch);
    [[nodiscard]] QCborMap members() const;
    /// As this node knows it; `unavailable` while it belongs to no cluster.
    [[nodiscard]] rpc::Answer<consensus::Configuration> configuration() const;

    [[nodiscard]] MethodTable<ClusterMethods> methods() const;

    Host &m_host;
    std::vector<rpc::Registration> m_registrations;
};

} // namespace coffer::node
