// SPDX-License-Identifier: Apache-2.0
#include "consensus/proposer.h"

#include "base/check.h"
#include "base/limits.h"
#include "base/mutant.h"

#include <algorithm>
#include <functional>

namespace coffer::consensus {

Proposer::Proposer(NodeId self, Ballot ballot, Slot start, const MemberSet &members, Monotonic now)
    : m_self(self)
    , m_ballot(ballot)
    , m_start(start)
    , m_lastSlot(start.previous())
    , m_members(members)
{
    const auto add = [&](NodeId node, bool isVoter) {
        if (node != m_self)
            m_peers[node] = Peer{isVoter, Slot(), start, 0, now, Monotonic(0), 0};
    };
    for (NodeId node : members.voters)
        add(node, true);
    for (NodeId node : members.observers)
        add(node, false);
}

void Proposer::proposed(const Entry &entry)
{
    // ⚑ Nothing above a stop-sign in its epoch: the slots above belong to the next members.
    COFFER_CHECK(!m_stop || mutantIsOn(Mutant::proposePastStop)
                     || mutantIsOn(Mutant::keepAboveStop),
                 "an entry is proposed above a stop-sign");
    m_lastSlot = m_lastSlot.next();
    if (entry.kind == EntryKind::reconfigure && !m_stop)
        m_stop = m_lastSlot;
    if (entry.kind == EntryKind::leaderStart)
        m_leaderStart = m_lastSlot;
}

bool Proposer::acknowledged(NodeId node, Slot durableTo, const Log &log, Monotonic now)
{
    const auto found = m_peers.find(node);
    if (found == m_peers.end())
        return false;
    Peer &peer = found->second;
    peer.heardAt = std::max(peer.heardAt, now);
    const Slot held = std::min(durableTo, m_lastSlot);
    if (held <= peer.durableTo)
        return false;
    for (Slot slot = std::max(peer.durableTo, m_start.previous()).next();
         slot <= held && slot < peer.next; slot = slot.next()) {
        const std::size_t bytes = log.holds(slot) ? log.at(slot).entry.bytes() : 0;
        peer.bytesInFlight -= std::min(peer.bytesInFlight, bytes);
    }
    peer.durableTo = held;
    peer.next = std::max(peer.next, held.next());
    if (peer.next == held.next())
        peer.bytesInFlight = 0;
    peer.resends = 0;
    peer.resendAt = Monotonic(0);
    return true;
}

void Proposer::ownDurable(Slot slot) { m_ownDurable = std::max(m_ownDurable, slot); }

void Proposer::heardFrom(NodeId node, Monotonic now)
{
    const auto found = m_peers.find(node);
    if (found != m_peers.end())
        found->second.heardAt = std::max(found->second.heardAt, now);
}

void Proposer::rewind(NodeId node, Slot held)
{
    const auto found = m_peers.find(node);
    if (found == m_peers.end())
        return;
    Peer &peer = found->second;
    peer.next = std::max({m_start, peer.durableTo.next(), std::min(peer.next, held.next())});
    peer.bytesInFlight = 0;
}

Slot Proposer::quorumSlot() const
{
    // The leader's own vote counts only when its write is done, like everybody's. It is a voter
    // of the epoch, else it would not lead.
    std::vector<Slot> held{mutantIsOn(Mutant::ownVoteCountedEarly) ? m_lastSlot : m_ownDurable};
    for (const auto &[node, peer] : m_peers) {
        if (peer.isVoter || mutantIsOn(Mutant::countObservers))
            held.push_back(peer.durableTo);
    }
    std::sort(held.begin(), held.end(), std::greater<>());
    std::size_t needed = m_members.quorum();
    if (mutantIsOn(Mutant::chooseWithMinority) && needed > 1)
        --needed;
    return held[needed - 1];
}

Slot Proposer::durableTo(NodeId node) const
{
    const auto found = m_peers.find(node);
    return found == m_peers.end() ? Slot() : found->second.durableTo;
}

Monotonic Proposer::heardAt(NodeId node) const
{
    const auto found = m_peers.find(node);
    return found == m_peers.end() ? Monotonic(0) : found->second.heardAt;
}

Monotonic Proposer::quorumHeardAt(Monotonic now) const
{
    std::vector<Monotonic> heard{now};
    for (const auto &[node, peer] : m_peers) {
        if (peer.isVoter)
            heard.push_back(peer.heardAt);
    }
    std::sort(heard.begin(), heard.end(), std::greater<>());
    return heard[m_members.quorum() - 1];
}

NodeId Proposer::mostAdvanced(const std::vector<NodeId> &among) const
{
    NodeId best;
    Slot held;
    for (NodeId node : among) {
        if (node != m_self && (best.isNone() || durableTo(node) > held)) {
            best = node;
            held = durableTo(node);
        }
    }
    return best;
}

void Proposer::pump(const Log &log, Slot chosenUpTo, Monotonic now, Monotonic patience,
                    std::vector<Outgoing> &out)
{
    for (auto &[node, peer] : m_peers) {
        if (peer.resendAt != Monotonic(0) && now >= peer.resendAt) {
            peer.next = std::max(m_start, peer.durableTo.next());
            peer.bytesInFlight = 0;
            peer.resendAt = Monotonic(0);
            peer.resends = std::min(peer.resends + 1, 5U);
        }
        pumpPeer(node, peer, log, chosenUpTo, out);
        if (peer.next > peer.durableTo.next() && peer.resendAt == Monotonic(0))
            peer.resendAt = now + patience * (1U << peer.resends);
    }
}

void Proposer::pumpPeer(NodeId node, Peer &peer, const Log &log, Slot chosenUpTo,
                        std::vector<Outgoing> &out)
{
    // After two fruitless resends the peer is probably gone: one slot at a time will do.
    const std::size_t slotsMax = peer.resends >= 2 ? 1 : limits::windowSlotsMax;
    // What is forgotten here is chosen: the peer fetches it, or a checkpoint, by itself.
    peer.next = std::max(peer.next, log.first());
    const std::uint64_t held = std::max({peer.durableTo, m_start.previous(), log.base()}).value();
    while (peer.next <= m_lastSlot) {
        if (peer.next.value() - held > slotsMax || peer.bytesInFlight >= limits::windowBytesMax)
            return;
        const Entry &entry = log.at(peer.next).entry;
        peer.bytesInFlight += entry.bytes();
        out.push_back({node, Accept{m_ballot, peer.next, chosenUpTo, entry}});
        peer.next = peer.next.next();
    }
}

} // namespace coffer::consensus
