// SPDX-License-Identifier: Apache-2.0
#include "testkit/network.h"

namespace coffer::testkit {

static constexpr Monotonic delayMin{200};
static constexpr Monotonic delayMax{1'000};

class Network::Wire final : public node::Link
{
public:
    Wire(Network &network, NodeId self) : m_network(network), m_self(self) {}
    void send(NodeId to, const QByteArray &frame) override { m_network.send(m_self, to, frame); }
    void sendToAddress(const QString &address, const QByteArray &frame) override
    {
        for (const auto &[node, place] : m_network.m_places) {
            if (place.address == address) {
                m_network.send(m_self, node, frame);
                return;
            }
        }
    }
    void flush() override {}

private:
    Network &m_network;
    NodeId m_self;
};

std::unique_ptr<node::Link> Network::makeLink(NodeId self)
{
    return std::make_unique<Wire>(*this, self);
}

void Network::join(NodeId self, const QString &address, node::Host &host)
{
    m_places[self] = {address, &host, ++m_stays};
}

void Network::leave(NodeId self)
{
    m_places.erase(self);
    for (const auto &[node, place] : m_places) {
        if (!isCut(self, node))
            place.host->peerLost(self);
    }
}

void Network::setIsolated(NodeId node, bool isIsolated)
{
    if (isIsolated)
        m_isolated.insert(node);
    else
        m_isolated.erase(node);
}

bool Network::isCut(NodeId from, NodeId to) const
{
    return m_isolated.contains(from) || m_isolated.contains(to);
}

Monotonic Network::delay(NodeId from, NodeId to)
{
    const auto spread = std::uint64_t((delayMax - delayMin).count());
    const Monotonic now = m_loop.monotonic();
    Monotonic &last = m_lastArrival[{from, to}];
    last = std::max(last, now + delayMin + Monotonic(m_random.below(spread)));
    return last - now;
}

void Network::send(NodeId from, NodeId to, const QByteArray &frame)
{
    const auto place = m_places.find(to);
    if (place == m_places.end() || isCut(from, to))
        return;
    ++m_flying;
    m_loop.after(delay(from, to),
                 [weak = weak_from_this(), from, to, stay = place->second.stay, frame] {
                     if (const std::shared_ptr<Network> network = weak.lock())
                         network->deliver(from, to, stay, frame);
                 });
}

void Network::deliver(NodeId from, NodeId to, std::uint64_t stay, const QByteArray &frame)
{
    --m_flying;
    const auto place = m_places.find(to);
    if (place == m_places.end() || place->second.stay != stay || isCut(from, to))
        return;
    place->second.host->receive(frame);
}

} // namespace coffer::testkit
