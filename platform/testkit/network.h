// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/random.h"
#include "node/host.h"
#include "testkit/virtual_loop.h"

#include <map>
#include <memory>
#include <set>

namespace coffer::testkit {

/// What lies between the nodes: frames arrive after 0.2 to 1 ms of virtual time, those from one
/// node to another in order. Who is isolated is silent for the others; who has ended is missed at
/// once, as with a broken connection. Resource; one thread.
class Network final : public std::enable_shared_from_this<Network>
{
    Q_DISABLE_COPY_MOVE(Network)

public:
    Network(VirtualLoop &loop, std::uint64_t seed) : m_loop(loop), m_random(seed) {}
    ~Network() = default;

    /// The way out of \a self; must not outlive the network.
    [[nodiscard]] std::unique_ptr<node::Link> makeLink(NodeId self);
    /// Delivers to \a host from now on, until leave().
    void join(NodeId self, const QString &address, node::Host &host);
    /// What is under way to \a self is lost; the others are told that its connections broke.
    void leave(NodeId self);
    void setIsolated(NodeId node, bool isIsolated);

    /// Frames under way.
    [[nodiscard]] std::size_t flying() const { return m_flying; }

private:
    class Wire;
    struct Place
    {
        QString address;
        node::Host *host = nullptr;
        std::uint64_t stay = 0; ///< Which one of its stays: frames do not outlive one.
    };

    void send(NodeId from, NodeId to, const QByteArray &frame);
    void deliver(NodeId from, NodeId to, std::uint64_t stay, const QByteArray &frame);
    [[nodiscard]] Monotonic delay(NodeId from, NodeId to);
    [[nodiscard]] bool isCut(NodeId from, NodeId to) const;

    VirtualLoop &m_loop;
    SeededRandom m_random;
    std::map<NodeId, Place> m_places;
    std::map<std::pair<NodeId, NodeId>, Monotonic> m_lastArrival;
    std::set<NodeId> m_isolated;
    std::uint64_t m_stays = 0;
    std::size_t m_flying = 0;
};

} // namespace coffer::testkit
