// SPDX-License-Identifier: Apache-2.0
#include "node/client_service.h"

#include "net/peer_address.h"
#include "node/node_metrics.h"
#include "node/slow_log.h"

#include <QHostAddress>
#include <QSysInfo>
#include <QTimer>

#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::node {

/// How often a stop looks whether all calls are answered.
static constexpr std::chrono::milliseconds lookEvery{5};
/// WebSockets that are sent away at once, each time that Health looks: all of a large node's would
/// run into the next one within a moment.
static constexpr int dismissalsMax = 50;

/// Whoever can make a name lead here cannot choose that of the machine.
static net::HttpOptions httpOptions(const ClientOptions &options)
{
    net::HttpOptions http;
    http.hostNames = options.hostNames;
    http.hostNames->append(QSysInfo::machineHostName().toLower());
    return http;
}

struct ClientService::Parts
{
    Parts(Host &of, const QString &directory, const ClientOptions &options)
        : host(of)
        , store(of)
        , storeMethods(store)
        , clusterMethods(of)
        , backupMethods(of, directory)
        , door(registry, router, of.clock())
        , rest(door, router)
        , server(router, of.clock(), httpOptions(options))
        , health(of, options.health,
                 [this, options](const QString &why) { dismiss(why, options.health.lostAfter); })
        , slowLog(of.clock(), options.slowRequest, [this] { return circumstances(); })
    {
        door.setReadiness([this] { return health.trouble(); });
        door.addObserver([this](const rpc::Method &, const rpc::Call &call,
                                const rpc::Outcome &outcome,
                                Monotonic took) { slowLog.note(call, outcome, took); });
    }
    /// Each of them had as long here as the node has been in trouble at least.
    void dismiss(const QString &why, std::chrono::milliseconds age)
    {
        door.dismiss(host.clock().monotonic() - age, why + u"; go to another node"_s,
                     dismissalsMax);
    }
    [[nodiscard]] QString circumstances() const
    {
        const QString others = u"%1 calls under way"_s.arg(door.callsInFlight());
        const QString trouble = health.trouble();
        return trouble.isEmpty() ? others : others + u"; "_s + trouble;
    }

    Host &host;
    LocalStore store;
    rpc::Registry registry;
    net::HttpRouter router;
    StoreMethods storeMethods;
    ClusterMethods clusterMethods;
    BackupMethods backupMethods;
    rpc::FrontDoor door;
    StoreRest rest;
    net::HttpServer server;
    Health health;
    SlowLog slowLog;
    std::optional<NodeMetrics> metrics;
    QTimer stopTimer;
    std::function<void()> stopped;
};

ClientService::ClientService(QString listen, ClientOptions options)
    : m_listen(std::move(listen)), m_options(std::move(options))
{}

ClientService::~ClientService()
{
    // Calls that outlasted the stop end when the host does, and come back to what they were begun
    // with. The process ends anyway.
    if (m_parts && m_parts->door.callsInFlight() > 0)
        (void)m_parts.release();
}

rpc::Registry &ClientService::registry() { return m_parts->registry; }

net::HttpRouter &ClientService::router() { return m_parts->router; }

pluginapi::Store &ClientService::store() { return m_parts->store; }

quint16 ClientService::port() const { return m_parts->server.serverPort(); }

static Result<QHostAddress> addressOf(const QString &host)
{
    if (host == "localhost"_L1)
        return QHostAddress(QHostAddress::LocalHost);
    const QHostAddress address(host);
    if (address.isNull()) {
        return Error{ErrorCode::invalid,
                     u"--listen: '%1' is no address of this machine; expected numbers as "
                     "127.0.0.1, 0.0.0.0 for all, or localhost"_s.arg(host)};
    }
    return address;
}

Result<QString> ClientService::start(Host &host)
{
    const Result<net::PeerAddress> listen = net::PeerAddress::parse(m_listen);
    if (!listen)
        return listen.error().in(u"--listen"_s);
    const Result<QHostAddress> address = addressOf(listen->host);
    if (!address)
        return address.error();
    m_parts = std::make_unique<Parts>(host, m_directory, m_options);
    for (const Result<void> &added :
         {m_parts->storeMethods.addTo(m_parts->registry),
          m_parts->clusterMethods.addTo(m_parts->registry),
          m_parts->backupMethods.addTo(m_parts->registry), m_parts->rest.addRoutes()}) {
        if (!added)
            return added.error();
    }
    if (m_metrics) {
        m_parts->metrics.emplace(*m_metrics, host, m_parts->door, m_parts->server);
        if (const Result<void> added = m_parts->metrics->addTo(m_parts->router); !added)
            return added.error();
    }
    if (const Result<void> started = m_parts->server.start(*address, listen->port); !started)
        return started.error().in(u"--listen"_s);
    return u"http://%1"_s.arg(net::PeerAddress{listen->host, port()}.text());
}

void ClientService::stop(std::function<void()> done)
{
    if (!m_parts) {
        done();
        return;
    }
    m_parts->server.stop();
    m_parts->door.stop();
    m_parts->stopped = std::move(done);
    QObject::connect(&m_parts->stopTimer, &QTimer::timeout, &m_parts->stopTimer,
                     [parts = m_parts.get()] {
                         if (parts->door.callsInFlight() > 0)
                             return;
                         parts->stopTimer.stop();
                         std::exchange(parts->stopped, {})();
                     });
    m_parts->stopTimer.start(lookEvery);
}

} // namespace coffer::node
