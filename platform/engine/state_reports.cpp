// SPDX-License-Identifier: Apache-2.0
#include "engine/state_reports.h"

#include "base/mutant.h"

#include <algorithm>
#include <utility>

namespace coffer::engine {

/// Whatever builds the two run.
static bool saysTheSame(const StateReport &left, const StateReport &right)
{
    return left.applied == right.applied && left.hash == right.hash;
}

static bool contains(const std::deque<StateReport> &said, const StateReport &report)
{
    return std::any_of(said.begin(), said.end(),
                       [&report](const StateReport &one) { return saysTheSame(one, report); });
}

StateReports::StateReports(Host &host, Diverged diverged)
    : m_host(host), m_diverged(std::move(diverged))
{}

void StateReports::applied(Slot slot, const Hash128 &hash)
{
    m_own.push_back({slot, hash, m_host.parts().machine.versionMax(), false});
    if (slot.value() % commonSlots == 0)
        say(m_own.back());
    if (m_own.size() > slotsKept)
        m_own.pop_front();
    for (auto &[node, peer] : m_peers) {
        if (!peer.waiting || peer.waiting->applied > slot)
            continue;
        const StateReport report = *std::exchange(peer.waiting, std::nullopt);
        compare(peer, report);
    }
}

const Hash128 *StateReports::ownHash(Slot slot) const
{
    const auto found =
        std::lower_bound(m_own.begin(), m_own.end(), slot,
                         [](const StateReport &own, Slot wanted) { return own.applied < wanted; });
    return found != m_own.end() && found->applied == slot ? &found->hash : nullptr;
}

void StateReports::receive(NodeId from, const StateReport &report)
{
    const consensus::Replica *replica = m_host.replica();
    if (!replica || !replica->configuration().members.isMember(from))
        return;
    Peer &peer = m_peers[from];
    peer.versionMax = report.versionMax;
    peer.isFenced = report.isFenced;
    if (!m_own.empty() && report.applied <= m_own.back().applied)
        compare(peer, report);
    else if (!peer.waiting) // The older one is reached first: a node that always lags compares too.
        peer.waiting = report;
}

void StateReports::compare(Peer &peer, const StateReport &report)
{
    const Hash128 *own = ownHash(report.applied);
    if (!own)
        return; // too old, or skipped by an install
    if (*own == report.hash) {
        peer.agreed = std::max(peer.agreed, report.applied);
        // The peer is right now; a late word of the past says nothing about what came later.
        std::erase_if(peer.differs, [&report](const StateReport &said) {
            return said.applied <= report.applied;
        });
        return;
    }
    if (!contains(peer.differs, report))
        peer.differs.push_back(report);
    if (peer.differs.size() > differsKept)
        peer.differs.pop_front();
    judge(report);
}

void StateReports::judge(const StateReport &report)
{
    if (mutantIsOn(Mutant::divergenceIgnored))
        return;
    const consensus::MemberSet &members = m_host.replica()->configuration().members;
    const auto isAgainst = [&](const auto &of) {
        return members.isVoter(of.first) && contains(of.second.differs, report);
    };
    const auto against = std::count_if(m_peers.begin(), m_peers.end(), isAgainst);
    if (std::size_t(against) < members.quorum() || std::exchange(m_hasDiverged, true))
        return;
    m_diverged(report.applied);
}

void StateReports::tick()
{
    if (m_host.now() >= m_sayAt)
        sayNow();
}

void StateReports::sayNow()
{
    const StateMachine &machine = m_host.parts().machine;
    if (m_own.empty() && !machine.applied().isNone()) // as the checkpoint had it
        m_own.push_back({machine.applied(), machine.hash(), machine.versionMax(), false});
    if (!m_host.replica() || m_own.empty())
        return;
    m_sayAt = m_host.now() + m_host.options().reportStateEvery;
    say(m_own.back());
}

void StateReports::say(StateReport report)
{
    report.isFenced = m_host.replica()->isFenced();
    const consensus::MemberSet &members = m_host.replica()->configuration().members;
    for (const auto *nodes : {&members.voters, &members.observers}) {
        for (const NodeId node : *nodes) {
            if (node != m_host.options().self)
                m_host.send(node, report);
        }
    }
}

std::uint32_t StateReports::versionOf(NodeId node) const
{
    if (node == m_host.options().self)
        return m_host.parts().machine.versionMax();
    const auto found = m_peers.find(node);
    return found == m_peers.end() ? 0 : found->second.versionMax;
}

bool StateReports::isFenced(NodeId node) const
{
    const auto found = m_peers.find(node);
    return found != m_peers.end() && found->second.isFenced;
}

std::vector<NodeId> StateReports::fenced() const
{
    std::vector<NodeId> nodes;
    const consensus::Replica *replica = m_host.replica();
    for (const auto &[node, peer] : m_peers) {
        if (peer.isFenced && replica && replica->configuration().members.isMember(node))
            nodes.push_back(node);
    }
    return nodes;
}

std::vector<NodeId> StateReports::differing() const
{
    std::vector<NodeId> nodes;
    for (const auto &[node, peer] : m_peers) {
        if (!peer.differs.empty() && m_host.replica()->configuration().members.isMember(node))
            nodes.push_back(node);
    }
    return nodes;
}

bool StateReports::isDisputed() const
{
    const std::vector<NodeId> others = differing();
    if (others.empty())
        return false;
    Slot since = m_peers.at(others.front()).differs.front().applied;
    for (const NodeId node : others) {
        for (const StateReport &said : m_peers.at(node).differs)
            since = std::min(since, said.applied);
    }
    const consensus::MemberSet &members = m_host.replica()->configuration().members;
    std::size_t agreeing = members.isVoter(m_host.options().self) ? 1 : 0;
    for (const auto &[node, peer] : m_peers)
        agreeing += members.isVoter(node) && peer.differs.empty() && peer.agreed >= since ? 1 : 0;
    return agreeing < members.quorum();
}

} // namespace coffer::engine
