// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "consensus/entry.h"

namespace coffer::consensus {

/// Who decides the slots that are not decided yet.
///
/// Pure value. Exactly one configuration is in force at a time: that of the epoch of the next
/// slot. It changes at one place only, when a stop-sign becomes known as chosen, so that a vote
/// can never be counted by the rules of another epoch (stoppable Paxos; Lamport, Malkhi, Zhou).
class Membership
{
public:
    Membership(NodeId self, Configuration configuration)
        : m_self(self), m_configuration(std::move(configuration))
    {}

    [[nodiscard]] const Configuration &configuration() const { return m_configuration; }
    [[nodiscard]] const MemberSet &members() const { return m_configuration.members; }
    [[nodiscard]] Epoch epoch() const { return m_configuration.epoch; }
    [[nodiscard]] bool isVoter() const { return members().isVoter(m_self); }
    [[nodiscard]] bool isMember() const { return members().isMember(m_self); }

    /// The voters other than this node, sorted.
    [[nodiscard]] std::vector<NodeId> otherVoters() const;
    /// Voters and observers other than this node.
    [[nodiscard]] std::vector<NodeId> others() const;

    /// The stop-sign at \a stop is chosen: the next epoch begins right above it.
    void enterNext(Slot stop, const MemberSet &members);
    /// A checkpoint brought a later configuration.
    void jumpTo(const Configuration &configuration) { m_configuration = configuration; }

private:
    NodeId m_self;
    Configuration m_configuration;
};

} // namespace coffer::consensus
