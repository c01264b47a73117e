// SPDX-License-Identifier: Apache-2.0
#include "net/peer_transport.h"

#include "net/peer_limits.h"

#include <QLoggingCategory>
#include <QSslSocket>
#include <QTcpServer>

#include <algorithm>
#include <utility>

namespace coffer::net {

Q_LOGGING_CATEGORY(logNet, "coffer.net", QtInfoMsg)

static QString nameOf(NodeId node)
{
    return QStringLiteral("%1").arg(node.value(), 16, 16, QLatin1Char('0'));
}

namespace {

/// Hands out sockets of the right kind, not yet encrypted.
class Server final : public QTcpServer
{
public:
    using Accept = std::function<void(std::unique_ptr<QTcpSocket>)>;
    Server(bool isEncrypted, Accept accept)
        : m_isEncrypted(isEncrypted), m_accept(std::move(accept))
    {}

private:
    void incomingConnection(qintptr descriptor) override
    {
        std::unique_ptr<QTcpSocket> socket;
        if (m_isEncrypted)
            socket = std::make_unique<QSslSocket>();
        else
            socket = std::make_unique<QTcpSocket>();
        if (socket->setSocketDescriptor(descriptor))
            m_accept(std::move(socket));
    }

    bool m_isEncrypted;
    Accept m_accept;
};

} // namespace

PeerTransport::PeerTransport(Options options, Random &random, Handlers handlers)
    : m_options(std::move(options)), m_random(random), m_handlers(std::move(handlers))
{}

PeerTransport::~PeerTransport() = default;

Result<void> PeerTransport::start()
{
    m_server = std::make_unique<Server>(m_options.tls.has_value(),
                                        [this](auto socket) { accept(std::move(socket)); });
    const PeerAddress &listen = m_options.listen;
    const QHostAddress host = listen.host == QLatin1String("localhost")
                                  ? QHostAddress(QHostAddress::LocalHost)
                                  : QHostAddress(listen.host);
    if (host.isNull())
        return Error{ErrorCode::refused,
                     QStringLiteral("cannot listen for peers at %1: write an IP address, 0.0.0.0 "
                                    "for all of this machine")
                         .arg(listen.text())};
    if (!m_server->listen(host, listen.port))
        return Error{ErrorCode::refused, QStringLiteral("cannot listen for peers at %1: %2")
                                             .arg(listen.text(), m_server->errorString())};
    for (const QString &seed : std::as_const(m_options.seeds))
        addDial(seed, true);
    return {};
}

quint16 PeerTransport::port() const { return m_server ? m_server->serverPort() : 0; }

PeerHello PeerTransport::ownHello() const
{
    PeerHello hello;
    hello.cluster = m_cluster;
    hello.node = m_options.self;
    hello.run = m_options.run;
    hello.address = m_options.address;
    hello.build = m_options.build;
    hello.clusterName = m_options.clusterName;
    return hello;
}

void PeerTransport::setCluster(ClusterId cluster)
{
    if (cluster == m_cluster)
        return;
    m_cluster = cluster;
    const auto peers = m_peers;
    for (const auto &[node, connection] : peers) {
        if (const auto why = whyRefused(ownHello(), connection->hello()))
            connection->refuse(*why);
    }
}

// ---- frames

void PeerTransport::send(NodeId to, const QByteArray &frame)
{
    const auto found = m_peers.find(to);
    if (found == m_peers.end() || !found->second->send(frame))
        ++m_dropped;
}

void PeerTransport::sendToAddress(const QString &address, const QByteArray &frame)
{
    for (const auto &entry : m_dials) {
        if (entry->address == address && m_peers.contains(entry->node)) {
            send(entry->node, frame);
            return;
        }
    }
    for (const auto &[node, connection] : m_peers) {
        if (connection->hello().address == address) {
            send(node, frame);
            return;
        }
    }
    ++m_dropped;
}

void PeerTransport::flush()
{
    // A write can end a connection, and with it the walk over the map.
    std::vector<PeerConnection *> ready;
    for (const auto &[node, connection] : m_peers)
        ready.push_back(connection);
    for (PeerConnection *connection : ready)
        connection->flush(); // ended ones live until the loop goes round
}

std::vector<PeerStatus> PeerTransport::peers() const
{
    std::vector<PeerStatus> all;
    for (const auto &[node, connection] : m_peers)
        all.push_back({node, connection->hello().address, connection->hello().build,
                       connection->unsentBytes()});
    return all;
}

// ---- dialling

void PeerTransport::addDial(const QString &address, bool isSeed)
{
    if (address.isEmpty() || address == m_options.address || m_dials.size() >= peerAddressesMax)
        return;
    for (const auto &known : m_dials) {
        if (known->address == address)
            return;
    }
    m_dials.push_back(std::make_unique<Dial>());
    Dial &entry = *m_dials.back();
    entry.address = address;
    entry.isSeed = isSeed;
    for (const auto &[node, connection] : m_peers) {
        if (connection->hello().address == address)
            entry.node = node; // it is connected, and need not be dialled
    }
    entry.timer.setSingleShot(true);
    connect(&entry.timer, &QTimer::timeout, this, [this, &entry] { dial(entry); });
    planDial(entry, std::chrono::milliseconds(0));
}

/// Half of the pause is chance, so that two sides do not dial in step for ever.
void PeerTransport::planDial(Dial &entry, std::chrono::milliseconds pauseMax)
{
    const auto half = std::uint64_t(pauseMax.count()) / 2;
    entry.timer.start(int(half + m_random.below(half + 1)));
}

void PeerTransport::dial(Dial &entry)
{
    const auto address = PeerAddress::parse(entry.address);
    if (entry.connection != nullptr || m_peers.contains(entry.node) || !address)
        return;
    std::unique_ptr<QTcpSocket> socket;
    if (m_options.tls) {
        auto tls = std::make_unique<QSslSocket>();
        tls->setSslConfiguration(*m_options.tls);
        tls->connectToHostEncrypted(address->host, address->port);
        socket = std::move(tls);
    } else {
        socket = std::make_unique<QTcpSocket>();
        socket->connectToHost(address->host, address->port);
    }
    PeerConnection &connection = adopt(std::move(socket), PeerConnection::Side::dialled);
    entry.connection = &connection;
    connection.begin();
}

PeerTransport::Dial *PeerTransport::dialOf(const PeerConnection &connection)
{
    for (const auto &entry : m_dials) {
        if (entry->connection == &connection)
            return entry.get();
    }
    return nullptr;
}

std::size_t PeerTransport::strangers() const
{
    return std::size_t(
        std::count_if(m_connections.begin(), m_connections.end(), [](const auto &connection) {
            return connection->side() == PeerConnection::Side::accepted
                   && !connection->isEstablished();
        }));
}

void PeerTransport::accept(std::unique_ptr<QTcpSocket> socket)
{
    if (strangers() >= peerStrangersMax)
        return; // closes it
    QTcpSocket *raw = socket.get();
    PeerConnection &connection = adopt(std::move(socket), PeerConnection::Side::accepted);
    connection.begin();
    if (auto *tls = qobject_cast<QSslSocket *>(raw)) {
        tls->setSslConfiguration(*m_options.tls);
        tls->startServerEncryption();
    }
}

// ---- the life of a connection

PeerConnection &PeerTransport::adopt(std::unique_ptr<QTcpSocket> socket, PeerConnection::Side side)
{
    PeerConnection::Handlers handlers;
    handlers.introduced = [this](PeerConnection &connection) { return introduced(connection); };
    handlers.received = [this](PeerConnection &, const QByteArray &frame) {
        m_handlers.received(frame);
    };
    handlers.told = [this](const QStringList &addresses) {
        for (const QString &address : addresses)
            addDial(address, false);
    };
    handlers.ended = [this](PeerConnection &connection, const QString &why) {
        ended(connection, why);
    };
    m_connections.push_back(std::make_unique<PeerConnection>(
        std::move(socket), side, [this] { return ownHello(); }, std::move(handlers)));
    return *m_connections.back();
}

std::optional<QString> PeerTransport::introduced(PeerConnection &connection)
{
    Dial *entry = dialOf(connection);
    if (entry != nullptr)
        entry->node = connection.hello().node;
    if (const auto why = judge(connection))
        return why;
    const NodeId node = connection.hello().node;
    const auto known = m_peers.find(node);
    const bool isKnown = known != m_peers.end();
    if (isKnown && known->second->hello().run == connection.hello().run) {
        if (settle(connection, *known->second) == Standing::goes)
            return std::nullopt;
    } else if (isKnown) {
        lose(node, QStringLiteral("it started anew"));
    }
    m_peers[node] = &connection;
    if (entry != nullptr) {
        entry->failures = 0;
        entry->told.clear();
    }
    learn(connection);
    spread(connection);
    if (!isKnown)
        qCInfo(logNet, "connected to peer %s at %s, cofferd %s", qUtf8Printable(nameOf(node)),
               qUtf8Printable(connection.hello().address),
               qUtf8Printable(connection.hello().build));
    return std::nullopt;
}

/// A run that was followed by another one is over. If it comes back, two processes have the same
/// data: the later one keeps the connection, and this one is told.
std::optional<QString> PeerTransport::judge(PeerConnection &connection)
{
    const PeerHello &hello = connection.hello();
    if (auto why = whyRefused(ownHello(), hello))
        return why;
    const std::pair run(hello.node, hello.run);
    if (std::find(m_oldRuns.begin(), m_oldRuns.end(), run) != m_oldRuns.end())
        return QStringLiteral("two processes run with the identity of node %1, one of them at %2; "
                              "stop the one whose data directory is a copy")
            .arg(nameOf(hello.node), hello.address);
    const auto known = m_peers.find(hello.node);
    if (known == m_peers.end() && m_peers.size() >= peersMax)
        return QStringLiteral("node %1 is connected to %2 nodes and takes no more")
            .arg(nameOf(m_options.self))
            .arg(peersMax);
    if (known != m_peers.end() && known->second->hello().run != hello.run) {
        m_oldRuns.emplace_back(hello.node, known->second->hello().run);
        if (m_oldRuns.size() > peerOldRunsMax)
            m_oldRuns.pop_front();
    }
    return std::nullopt;
}

/// Two connections to one run of one node. Both sides keep the same one: that which the smaller id
/// dialled, or the newer of two from one side.
PeerTransport::Standing PeerTransport::settle(PeerConnection &connection, PeerConnection &other)
{
    const bool isSmaller = m_options.self < connection.hello().node;
    const auto right = isSmaller ? PeerConnection::Side::dialled : PeerConnection::Side::accepted;
    const bool stays = connection.side() == right || other.side() != right;
    PeerConnection &loser = stays ? other : connection;
    loser.close(); // no flush: it could end by itself, and its peer would count as lost
    forget(loser);
    return stays ? Standing::stays : Standing::goes;
}

/// A peer is dialled where it says that it is, from now on: it may have moved.
void PeerTransport::learn(PeerConnection &connection)
{
    const PeerHello &hello = connection.hello();
    if (!PeerAddress::parse(hello.address))
        return;
    const auto isStale = [&](const std::unique_ptr<Dial> &entry) {
        return !entry->isSeed && entry->node == hello.node && entry->address != hello.address
               && entry->connection == nullptr;
    };
    m_dials.erase(std::remove_if(m_dials.begin(), m_dials.end(), isStale), m_dials.end());
    addDial(hello.address, false);
    for (const auto &entry : m_dials) {
        if (entry->address == hello.address)
            entry->node = hello.node;
    }
}

/// Who belongs to a cluster has to reach everybody in it, and may have been told of some only: the
/// new peer hears where the others are, and they where it is.
void PeerTransport::spread(PeerConnection &connection)
{
    QStringList others;
    for (const auto &[node, other] : m_peers) {
        if (other == &connection)
            continue;
        if (PeerAddress::parse(other->hello().address))
            others.append(other->hello().address);
        if (PeerAddress::parse(connection.hello().address))
            other->tell({connection.hello().address});
    }
    connection.tell(others);
    flush();
}

void PeerTransport::forget(PeerConnection &connection)
{
    if (Dial *entry = dialOf(connection))
        entry->connection = nullptr;
    const auto found = std::find_if(m_connections.begin(), m_connections.end(),
                                    [&](const auto &held) { return held.get() == &connection; });
    if (found == m_connections.end())
        return;
    found->release()->deleteLater(); // it may be what calls
    m_connections.erase(found);
}

void PeerTransport::lose(NodeId node, const QString &why)
{
    const auto found = m_peers.find(node);
    PeerConnection &connection = *found->second;
    m_peers.erase(found);
    connection.close();
    forget(connection);
    qCInfo(logNet, "lost peer %s: %s", qUtf8Printable(nameOf(node)), qUtf8Printable(why));
    m_handlers.lost(node);
}

void PeerTransport::ended(PeerConnection &connection, const QString &why)
{
    Dial *entry = dialOf(connection);
    const NodeId node = connection.hello().node;
    const auto known = m_peers.find(node);
    const bool isPeer = known != m_peers.end() && known->second == &connection;
    const bool isKnownOtherwise = known != m_peers.end() && !isPeer;
    const QString place = entry != nullptr ? entry->address : connection.remote();
    forget(connection);
    if (isPeer) {
        lose(node, why);
        for (const auto &each : m_dials) {
            if (each->node == node)
                planDial(*each, peerPauseMin);
        }
        return;
    }
    if (isKnownOtherwise)
        return; // there were two connections, and the peer closed the one too many
    if (entry == nullptr) {
        qCWarning(logNet).noquote() << "peer at" << place << "is not connected:" << why;
        return;
    }
    if (entry->told != why)
        qCWarning(logNet).noquote() << "peer at" << place << "is not connected:" << why;
    entry->told = why;
    if (!entry->isSeed && entry->failures >= peerFailuresMax) {
        std::erase_if(m_dials, [entry](const auto &each) { return each.get() == entry; });
        return;
    }
    const unsigned step = std::min(entry->failures++, 10U);
    const bool wasThere = !node.isNone(); // it spoke, and one of us does not want the other
    planDial(*entry,
             wasThere ? peerRefusedPause : std::min(peerPauseMax, peerPauseMin * (1 << step)));
}

} // namespace coffer::net
