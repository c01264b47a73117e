// SPDX-License-Identifier: Apache-2.0
#include "node/client_service.h"

#include "net/peer_address.h"
#include "node/log.h"
#include "node/node_metrics.h"
#include "node/slow_log.h"
#include "rpc/spawn.h"

#include <QHostAddress>
#include <QPointer>
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
static net::HttpOptions httpOptions(const ClientServiceOptions &options)
{
    net::HttpOptions http;
    http.hostNames = options.hostNames;
    http.hostNames->append(QSysInfo::machineHostName().toLower());
    return http;
}

struct ClientService::Parts
{
    Parts(Host &of, const QString &directory, const ClientServiceOptions &options,
          net::HttpOptions http)
        : host(of)
        , store(of)
        , access(of, store, options.auth)
        , storeMethods(store, &access)
        , clusterMethods(of)
        , backupMethods(of, directory)
        , authMethods(access, store, registry)
        , door(registry, router, of.clock())
        , rest(door, router)
        , server(router, of.clock(), std::move(http))
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
    AccessControl access;
    std::unique_ptr<AuditLog> audit;
    rpc::Registry registry;
    net::HttpRouter router;
    StoreMethods storeMethods;
    ClusterMethods clusterMethods;
    BackupMethods backupMethods;
    AuthMethods authMethods;
    rpc::FrontDoor door;
    StoreRest rest;
    net::HttpServer server;
    Health health;
    SlowLog slowLog;
    std::optional<NodeMetrics> metrics;
    QTimer stopTimer;
    std::function<void()> stopped;
};

ClientService::ClientService(ClientServiceOptions options) : m_options(std::move(options)) {}

ClientService::ClientService(const QString &listen)
    : ClientService(ClientServiceOptions{.listen = listen})
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

void ClientService::setPluginMetrics(std::function<QByteArray()> text)
{
    if (m_parts->metrics)
        m_parts->metrics->setPlugins(std::move(text));
}

AccessControl &ClientService::access() { return m_parts->access; }
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

/// Tries until it is so; without a quorum nothing can be stored.
static QCoro::Task<void> installRoot(AccessControl &access, Token root, bool isReset)
{
    const QPointer<AccessControl> self(&access);
    for (;;) {
        const Result<void> done = co_await access.setRoot(root, isReset);
        if (!self)
            co_return;
        if (done || done.error().code == ErrorCode::conflict) {
            if (done && isReset)
                qCWarning(logNode) << "the root token is that of --root-token-file; whoever had "
                                      "another one has lost its rights. Start without "
                                      "--reset-root-token from now on";
            co_return;
        }
        Eventual<bool> over({ErrorCode::unavailable, u"the node ended"_s});
        QTimer::singleShot(std::chrono::milliseconds(500), self,
                           [set = over.setter()] { set(true); });
        const Result<bool> isOver = co_await over;
        if (!isOver)
            co_return;
    }
}

/// Everything that comes in is asked who it is, and whether it may.
void ClientService::guardDoor()
{
    Parts &parts = *m_parts;
    parts.door.setIdentify([&access = parts.access](rpc::Credentials credentials) {
        return access.identify(std::move(credentials));
    });
    parts.registry.setAuthorize(
        [&access = parts.access](const rpc::Method &method, const rpc::Call &call) {
            return access.authorize(method, call);
        });
    if (parts.audit) {
        const bool isAlways = m_options.audit == AuditMode::always;
        parts.door.addObserver([&parts, isAlways](const rpc::Method &method, const rpc::Call &call,
                                                  const rpc::Outcome &outcome, Monotonic) {
            if ((isAlways || parts.access.isOn()) && isAudited(method, outcome))
                parts.audit->write(auditLine(method, call, outcome, parts.access.now()));
        });
    }
    parts.access.start([&door = parts.door](const auto &isMeant) {
        door.endSubscriptions(isMeant, rpc::Failure::of(rpc::Code::unavailable,
                                                        u"The access rules have changed; "
                                                        "subscribe again."_s));
    });
}

Result<QString> ClientService::start(Host &host)
{
    const Result<net::PeerAddress> listen = net::PeerAddress::parse(m_options.listen);
    if (!listen)
        return listen.error().in(u"--listen"_s);
    const Result<QHostAddress> address = addressOf(listen->host);
    if (!address)
        return address.error();
    std::optional<Token> root;
    if (!m_options.rootTokenFile.isEmpty()) {
        const Result<Token> token = readTokenFile(m_options.rootTokenFile);
        if (!token)
            return Error{ErrorCode::invalid, u"--root-token-file: "_s + token.error().message};
        if (token->id != QLatin1StringView(access::rootToken))
            return Error{ErrorCode::invalid, u"--root-token-file: the id of its token has to be "
                                             "root; `coffer auth make-root` makes one"_s};
        root = *token;
    }
    net::HttpOptions http = httpOptions(m_options);
    if (!m_options.tls.certificate.isEmpty()) {
        const Result<QSslConfiguration> tls = net::readServerTls(m_options.tls);
        if (!tls)
            return tls.error();
        http.tls = *tls;
    }
    m_parts = std::make_unique<Parts>(host, m_directory, m_options, http);
    for (const Result<void> &added :
         {m_parts->storeMethods.addTo(m_parts->registry),
          m_parts->clusterMethods.addTo(m_parts->registry), m_parts->authMethods.addMethods(),
          m_parts->backupMethods.addTo(m_parts->registry), m_parts->rest.addRoutes()}) {
        if (!added)
            return added.error();
    }
    if (m_options.audit != AuditMode::never) {
        auto audit = AuditLog::open({.directory = m_options.auditDirectory});
        if (!audit)
            return audit.error().in(u"the audit"_s);
        m_parts->audit = std::move(*audit);
    }
    guardDoor();
    if (root)
        spawn(installRoot(m_parts->access, *root, m_options.isRootReset), "root token");
    if (m_metrics) {
        m_parts->metrics.emplace(*m_metrics, host, m_parts->door, m_parts->server);
        if (const Result<void> added = m_parts->metrics->addTo(m_parts->router); !added)
            return added.error();
    }
    if (const Result<void> started = m_parts->server.start(*address, listen->port); !started)
        return started.error().in(u"--listen"_s);
    return u"%1://%2"_s.arg(http.tls ? u"https"_s : u"http"_s,
                            net::PeerAddress{listen->host, port()}.text());
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
