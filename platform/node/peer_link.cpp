// SPDX-License-Identifier: Apache-2.0
#include "node/peer_link.h"

#include "node/host.h"

#include <utility>

namespace coffer::node {

PeerLink::PeerLink(net::PeerTransport::Options options, Random &random)
    : m_transport(std::move(options), random,
                  {[this](const QByteArray &frame) { m_host->receive(frame); },
                   [this](NodeId peer) { m_host->peerLost(peer); }})
{}

Result<void> PeerLink::start(Host &host)
{
    m_host = &host;
    return m_transport.start();
}

} // namespace coffer::node
