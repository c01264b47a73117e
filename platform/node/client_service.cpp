// SPDX-License-Identifier: Apache-2.0
#include "node/client_service.h"

#include "net/peer_address.h"

#include <QHostAddress>
#include <QTimer>

#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::node {

/// How often a stop looks whether all calls are answered.
static constexpr std::chrono::milliseconds lookEvery{5};

struct ClientService::Parts
{
    explicit Parts(Host &of)
        : host(of)
        , store(of)
        , storeMethods(store)
        , clusterMethods(of)
        , door(registry, router, of.clock())
        , rest(door, router)
        , server(router, of.clock())
    {}

    Host &host;
    LocalStore store;
    rpc::Registry registry;
    net::HttpRouter router;
    StoreMethods storeMethods;
    ClusterMethods clusterMethods;
    rpc::FrontDoor door;
    StoreRest rest;
    net::HttpServer server;
    QTimer stopTimer;
    std::function<void()> stopped;
};

ClientService::ClientService(QString listen) : m_listen(std::move(listen)) {}

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

rpc::FrontDoor &ClientService::door() { return m_parts->door; }

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
    m_parts = std::make_unique<Parts>(host);
    m_parts->door.setReadiness([&host]() -> QString {
        return host.status().leader.isNone() ? u"there is no leader"_s : QString();
    });
    for (const Result<void> &added :
         {m_parts->storeMethods.addTo(m_parts->registry),
          m_parts->clusterMethods.addTo(m_parts->registry), m_parts->rest.addRoutes()}) {
        if (!added)
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
