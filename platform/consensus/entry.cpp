// SPDX-License-Identifier: Apache-2.0
#include "consensus/entry.h"

#include "base/limits.h"

#include <algorithm>

namespace coffer::consensus {

bool MemberSet::isVoter(NodeId node) const
{
    return std::binary_search(voters.begin(), voters.end(), node);
}

bool MemberSet::isMember(NodeId node) const
{
    return isVoter(node) || std::binary_search(observers.begin(), observers.end(), node);
}

static bool isSortedUnique(const std::vector<NodeId> &nodes)
{
    return std::adjacent_find(nodes.begin(), nodes.end(), std::greater_equal<>()) == nodes.end();
}

const char *MemberSet::fault() const
{
    if (voters.empty())
        return "a configuration needs at least one voter";
    if (voters.size() > limits::votersMax)
        return "a configuration has at most 15 voters";
    if (voters.size() + observers.size() > limits::membersMax)
        return "a configuration has at most 64 members";
    if (!isSortedUnique(voters) || !isSortedUnique(observers))
        return "members must be sorted and must not repeat";
    if (voters.front().isNone() || (!observers.empty() && observers.front().isNone()))
        return "a member needs an id other than 0";
    for (NodeId node : observers) {
        if (isVoter(node))
            return "a node is either a voter or an observer";
    }
    return nullptr;
}

} // namespace coffer::consensus
