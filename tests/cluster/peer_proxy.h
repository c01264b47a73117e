// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QHostAddress>
#include <QObject>
#include <QStringList>
#include <QTcpServer>

#include <memory>
#include <set>
#include <utility>
#include <vector>

namespace coffer::test {

/// The network between the nodes of a test: each is reached through an address of this proxy, which
/// sees from the hello who dials.
///
/// A line that is blocked loses nothing that TCP would not deliver later: what was said waits, and
/// arrives when the line is released, as after a partition of the network. New connections are not
/// made meanwhile. Resource; a thread with an event loop.
class PeerProxy final : public QObject
{
    Q_OBJECT
    Q_DISABLE_COPY_MOVE(PeerProxy)

public:
    PeerProxy();
    ~PeerProxy() override;

    /// Stands for the node that listens at \a port of loopback; the address to advertise.
    QString add(quint16 port);

    /// What \a from says does not reach \a to.
    void block(std::size_t from, std::size_t to);
    /// The same in both directions, between each of \a some and each of all others.
    void partition(const std::set<std::size_t> &some);
    /// Breaks the connections between \a one and \a other; they may connect again.
    void reset(std::size_t one, std::size_t other);
    /// Releases everything.
    void heal();

    /// How many connections it made so far.
    [[nodiscard]] std::size_t connections() const { return m_made; }

private:
    class Bridge;

    [[nodiscard]] bool isBlocked(std::size_t from, std::size_t to) const
    {
        return m_blocked.contains({from, to});
    }
    [[nodiscard]] std::optional<std::size_t> nodeAt(const QString &address) const;
    void accept(std::size_t to);
    void forget(Bridge *bridge);

    QStringList m_addresses;
    std::vector<quint16> m_ports; ///< Where the nodes listen.
    std::vector<std::unique_ptr<QTcpServer>> m_servers;
    std::vector<std::unique_ptr<Bridge>> m_bridges;
    std::set<std::pair<std::size_t, std::size_t>> m_blocked;
    std::size_t m_made = 0;
};

} // namespace coffer::test
