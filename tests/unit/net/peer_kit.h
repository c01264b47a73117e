// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/peer_transport.h"

#include <QTcpSocket>

#include <memory>
#include <vector>

namespace coffer::test {

/// A transport on loopback that notes what it is told.
struct PeerEnd
{
    explicit PeerEnd(net::PeerTransport::Options options);

    [[nodiscard]] QString address() const;
    [[nodiscard]] NodeId id() const { return options.self; }
    /// Sends one frame and ends the turn.
    void say(const PeerEnd &to, const QByteArray &frame);

    net::PeerTransport::Options options;
    SeededRandom random;
    std::vector<QByteArray> received;
    std::vector<NodeId> lost;
    net::PeerTransport transport;
};

/// Node \a id, process run \a run, in cluster "test", to dial \a seeds. Listens on any port.
[[nodiscard]] net::PeerTransport::Options
peerOptions(std::uint64_t id, const QStringList &seeds = {}, std::uint64_t run = 0);

[[nodiscard]] inline bool areConnected(const PeerEnd &one, const PeerEnd &other)
{
    return one.transport.isConnected(other.id()) && other.transport.isConnected(one.id());
}

/// What is logged while it lives.
class LogCatcher
{
public:
    LogCatcher();
    ~LogCatcher();
    LogCatcher(const LogCatcher &) = delete;
    LogCatcher &operator=(const LogCatcher &) = delete;

    [[nodiscard]] static int count(const QString &words);

private:
    QtMessageHandler m_before;
};

} // namespace coffer::test
