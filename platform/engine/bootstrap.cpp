// SPDX-License-Identifier: Apache-2.0
#include "engine/bootstrap.h"

#include "base/mutant.h"

#include <algorithm>
#include <utility>

namespace coffer::engine {

static constexpr Monotonic probePause{100'000};
static constexpr Monotonic invitePause{300'000};
/// An answer older than this says nothing about the peer any more.
static constexpr Monotonic answerLife{1'000'000};

Bootstrap::Bootstrap(Host &host, Belong belong)
    : m_host(host), m_belong(std::move(belong)), m_peers(host.options().peers)
{
    std::sort(m_peers.begin(), m_peers.end());
    m_peers.erase(std::unique(m_peers.begin(), m_peers.end()), m_peers.end());
}

void Bootstrap::belongTo(const Founding &founding)
{
    if (std::exchange(m_isBelonging, true))
        return;
    m_belong(founding);
}

void Bootstrap::receive(NodeId from, const Probe &)
{
    ProbeReply reply{m_peers, m_host.options().address, !m_founding, {}};
    if (m_founding)
        reply.founding = *m_founding;
    m_host.send(from, reply);
}

void Bootstrap::receive(NodeId from, const ProbeReply &reply)
{
    if (m_founding)
        return;
    if (!reply.isEmpty) {
        m_empty.erase(reply.address);
        // Only a member by name: a wiped node has a new id, and its old self was never it.
        if (reply.founding.members.isMember(m_host.options().self))
            belongTo(reply.founding);
        return;
    }
    const bool isListed = std::binary_search(m_peers.begin(), m_peers.end(), reply.address);
    if (isListed && reply.peers == m_peers && reply.address != m_host.options().address) {
        m_empty[reply.address] = {from, m_host.now()};
        tryToFound();
    }
}

void Bootstrap::receive(NodeId, const Found &found)
{
    if (m_founding)
        return;
    if (found.isJoin || found.founding.members.isMember(m_host.options().self))
        belongTo(found.founding);
}

void Bootstrap::tryToFound()
{
    const QString &own = m_host.options().address;
    m_empty[own] = {m_host.options().self, m_host.now()};
    Founding founding;
    QString first;
    for (const QString &peer : m_peers) {
        const auto found = m_empty.find(peer);
        const bool isFresh = found != m_empty.end() && m_host.now() - found->second.at < answerLife;
        if (!isFresh && mutantIsOn(Mutant::foundWithMajority))
            continue;
        if (!isFresh)
            return;
        if (first.isEmpty())
            first = peer;
        founding.members.voters.push_back(found->second.node);
    }
    if (founding.members.voters.size() <= m_peers.size() / 2 || first != own)
        return;
    std::sort(founding.members.voters.begin(), founding.members.voters.end());
    if (founding.members.fault() != nullptr)
        return; // the same node under two addresses: probing goes on, the operator sees it
    founding.cluster = ClusterId(m_host.parts().random.next() | 1);
    belongTo(founding);
}

void Bootstrap::probe()
{
    m_nextAt = m_host.now() + probePause;
    if (m_peers.empty()) {
        belongTo({ClusterId(m_host.parts().random.next() | 1), {{m_host.options().self}, {}}});
        return;
    }
    for (const QString &peer : m_peers) {
        if (peer != m_host.options().address)
            m_host.sendToAddress(peer, Probe{m_peers});
    }
    if (m_peers.size() == 1)
        tryToFound();
}

/// Members that a leader never heard of hold nothing, perhaps not even the founding record: the
/// messages that told them of it are lost, or they were added later.
void Bootstrap::invite()
{
    consensus::Replica *replica = m_host.replica();
    if (replica == nullptr || replica->leading().isNone())
        return;
    m_nextAt = m_host.now() + invitePause;
    for (NodeId node : replica->others()) {
        if (replica->isUnheard(node))
            m_host.send(node, Found{*m_founding, true});
    }
}

void Bootstrap::tick()
{
    if (m_host.now() < m_nextAt)
        return;
    if (m_founding)
        invite();
    else
        probe();
}

} // namespace coffer::engine
