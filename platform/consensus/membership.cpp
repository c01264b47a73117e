// SPDX-License-Identifier: Apache-2.0
#include "consensus/membership.h"

namespace coffer::consensus {

std::vector<NodeId> Membership::otherVoters() const
{
    std::vector<NodeId> nodes;
    for (NodeId node : members().voters) {
        if (node != m_self)
            nodes.push_back(node);
    }
    return nodes;
}

std::vector<NodeId> Membership::others() const
{
    std::vector<NodeId> nodes = otherVoters();
    for (NodeId node : members().observers) {
        if (node != m_self)
            nodes.push_back(node);
    }
    return nodes;
}

void Membership::enterNext(Slot stop, const MemberSet &members)
{
    m_configuration = {m_configuration.epoch.next(), stop.next(), members};
}

} // namespace coffer::consensus
