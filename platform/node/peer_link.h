// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/peer_transport.h"
#include "node/link.h"

namespace coffer::node {

class Host;

/// The peer transport as the link of a host. Node thread.
class PeerLink final : public Link
{
public:
    /// \a random must outlive it.
    PeerLink(net::PeerTransport::Options options, Random &random);

    /// Begins to listen and to dial for \a host, which must outlive the last turn of the loop.
    Result<void> start(Host &host);
    void setCluster(ClusterId cluster) { m_transport.setCluster(cluster); }
    [[nodiscard]] const net::PeerTransport &transport() const { return m_transport; }

    void send(NodeId to, const QByteArray &frame) override { m_transport.send(to, frame); }
    void sendToAddress(const QString &address, const QByteArray &frame) override
    {
        m_transport.sendToAddress(address, frame);
    }
    void flush() override { m_transport.flush(); }

private:
    Host *m_host = nullptr; ///< Null until start(): nobody is told before.
    net::PeerTransport m_transport;
};

} // namespace coffer::node
