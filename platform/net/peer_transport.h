// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/random.h"
#include "net/peer_address.h"
#include "net/peer_connection.h"

#include <QSslConfiguration>
#include <QStringList>

#include <deque>
#include <map>
#include <memory>
#include <vector>

class QTcpServer;

namespace coffer::net {

/// How a peer is reached. Value.
struct PeerStatus
{
    NodeId node;
    QString address; ///< As it says; may be empty.
    QString build;
    std::size_t unsentBytes = 0;
};

/// Frames to and from the other nodes of a cluster, over TCP.
///
/// There is one connection a pair of nodes, used both ways, whoever made it: so who can reach the
/// other makes both reachable, an answer takes the acknowledgement of its question along, and
/// there is half of everything to poll and to encrypt. Both sides dial; of two connections the one
/// stays that the node with the smaller id dialled. docs/formats/peer-transport.md.
///
/// At most once, in order a connection, perhaps never. What is sent in a turn leaves with flush(),
/// in one write a peer. What does not fit the queue of a peer (16 MiB) is dropped and counted, as
/// is what is for somebody who is not connected. Resource; node thread.
class PeerTransport final : public QObject
{
    Q_DISABLE_COPY_MOVE(PeerTransport)

public:
    struct Options
    {
        NodeId self;
        RunId run;
        PeerAddress listen;  ///< Port 0: any; see port().
        QString address;     ///< Where others reach this node; it is not dialled.
        QStringList seeds;   ///< Addresses to dial, in the form of PeerAddress::text().
        QString clusterName; ///< Empty: not compared.
        QString build;
        std::optional<QSslConfiguration> tls;
    };
    struct Handlers
    {
        std::function<void(const QByteArray &frame)> received;
        /// The connection to \a peer ended and no other took its place.
        std::function<void(NodeId peer)> lost;
    };

    /// \a random draws the pauses between attempts; it must outlive this.
    PeerTransport(Options options, Random &random, Handlers handlers);
    ~PeerTransport() override;

    /// Listens and begins to dial. `refused`: the address cannot be listened on.
    Result<void> start();
    [[nodiscard]] quint16 port() const;
    /// One more address to dial, after start(); one that is known is not dialled twice.
    void addSeed(const QString &address) { addDial(address, true); }
    /// The cluster that this node belongs to from now on; whoever belongs to another one is left.
    void setCluster(ClusterId cluster);

    void send(NodeId to, const QByteArray &frame);
    /// To whoever is or was reached at \a address.
    void sendToAddress(const QString &address, const QByteArray &frame);
    void flush();

    [[nodiscard]] bool isConnected(NodeId node) const { return m_peers.contains(node); }
    /// Those that are connected, by id.
    [[nodiscard]] std::vector<PeerStatus> peers() const;
    [[nodiscard]] std::uint64_t dropped() const { return m_dropped; }

private:
    /// An address and what is known of it.
    struct Dial
    {
        QString address;
        NodeId node;                          ///< Who was there last; none: nobody yet.
        bool isSeed = false;                  ///< The others were learned, and can be forgotten.
        PeerConnection *connection = nullptr; ///< Under way, or established.
        unsigned failures = 0;                ///< In a row.
        QString told;                         ///< The last fault that was logged.
        QTimer timer = QTimer();
    };
    enum class Standing { stays, goes };

    void accept(std::unique_ptr<QTcpSocket> socket);
    void addDial(const QString &address, bool isSeed);
    void dial(Dial &entry);
    void planDial(Dial &entry, std::chrono::milliseconds pauseMax);
    [[nodiscard]] Dial *dialOf(const PeerConnection &connection);

    PeerConnection &adopt(std::unique_ptr<QTcpSocket> socket, PeerConnection::Side side);
    [[nodiscard]] std::optional<QString> introduced(PeerConnection &connection);
    [[nodiscard]] std::optional<QString> judge(PeerConnection &connection);
    [[nodiscard]] Standing settle(PeerConnection &connection, PeerConnection &other);
    void learn(PeerConnection &connection);
    void spread(PeerConnection &connection);
    void ended(PeerConnection &connection, const QString &why);
    void forget(PeerConnection &connection);
    void lose(NodeId node, const QString &why);
    [[nodiscard]] PeerHello ownHello() const;
    [[nodiscard]] std::size_t strangers() const;

    Options m_options;
    Random &m_random;
    Handlers m_handlers;
    ClusterId m_cluster;
    std::unique_ptr<QTcpServer> m_server;
    std::vector<std::unique_ptr<PeerConnection>> m_connections;
    std::map<NodeId, PeerConnection *> m_peers; ///< Established, one each.
    std::vector<std::unique_ptr<Dial>> m_dials;
    std::deque<std::pair<NodeId, RunId>> m_oldRuns; ///< That were followed by another run.
    std::uint64_t m_dropped = 0;
};

} // namespace coffer::net
