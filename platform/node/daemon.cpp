// SPDX-License-Identifier: Apache-2.0
#include "node/daemon.h"

#include "engine/store_layout.h"
#include "net/peer_tls.h"
#include "node/log.h"
#include "node/own_address.h"

#include <QCoreApplication>
#include <QHostAddress>

#include <algorithm>
#include <cstdio>
#include <unistd.h>
#include <utility>

namespace coffer::node {

/// How often the node looks whether it is ready, or has handed over. Only at those times.
static constexpr std::chrono::milliseconds lookEvery{5};
static constexpr std::chrono::milliseconds lookEveryLater{100};
static constexpr qint64 soonMs = 5000; ///< After its start; an outsider may wait for days.

Daemon::Daemon(Settings settings, prometheus::Registry &metrics)
    : m_settings(std::move(settings))
    , m_metrics(metrics)
    , m_leaderChanges(prometheus::BuildCounter()
                          .Name("coffer_leader_changes_total")
                          .Help("Leaders that began, as this node applied it.")
                          .Register(metrics)
                          .Add({}))
{
    m_age.start();
    connect(&m_lookTimer, &QTimer::timeout, this, &Daemon::look);
}

/// The threads end first: their work uses the disk and the engine.
Daemon::~Daemon()
{
    while (!m_services.empty()) // the later ones use the earlier ones
        m_services.pop_back();
    m_threads.stop();
}

void Daemon::addService(std::unique_ptr<Service> service)
{
    m_services.push_back(std::move(service));
}

// ---- start

Daemon::Exit Daemon::start()
{
    struct Step
    {
        Result<void> (Daemon::*call)();
        Exit exit;
    };
    static constexpr Step steps[] = {
        {&Daemon::makePeers, badSetting},     {&Daemon::openDisk, notStarted},
        {&Daemon::makeHost, replicaFailed},   {&Daemon::joinPeers, notStarted},
        {&Daemon::startServices, notStarted},
    };
    for (const Step &step : steps) {
        if (const Result<void> done = (this->*step.call)(); !done) {
            qCCritical(logNode).noquote() << done.error().message;
            const bool isSetting =
                done.error().code == ErrorCode::invalid && step.call == &Daemon::startServices;
            return isSetting ? badSetting : step.exit;
        }
    }
    m_manager.ready("waiting for a leader");
    m_lookTimer.start(lookEvery);
    return stopped;
}

Result<void> Daemon::openDisk()
{
    auto directory = DataDirectory::open(m_settings.data, m_random);
    if (!directory)
        return directory.error();
    m_directory = std::move(*directory);
    storage::FileJournal::Options journal;
    journal.owner.node = m_directory->self();
    m_journal = std::make_unique<storage::FileJournal>(m_directory->journalFiles(), journal);
    m_checkpoint = std::make_unique<storage::SqliteCheckpoint>(storage::SqliteCheckpoint::Options{
        .directory = m_directory->path(), .layout = engine::storeLayout(), .syncDirectory = [this] {
            return m_directory->files().syncDirectory();
        }});
    m_meteredJournal.emplace(*m_journal, m_metrics);
    m_meteredCheckpoint.emplace(*m_checkpoint, m_metrics);
    return {};
}

/// Looks at everything about peers that can be wrong before it touches the disk.
Result<void> Daemon::makePeers()
{
    if (m_settings.peers.isEmpty())
        return {};
    auto address = findOwnAddress(m_settings);
    if (!address)
        return address.error();
    m_address = *address;
    if (m_settings.peerCertificate.isEmpty())
        return {};
    auto tls = net::readPeerTls(
        {m_settings.peerCertificate, m_settings.peerKey, m_settings.peerAuthority});
    if (!tls)
        return tls.error();
    m_tls = *tls;
    return {};
}

/// Without this it would wait in silence for members that it does not know how to reach.
Result<void> Daemon::checkAlone() const
{
    const engine::Status status = m_host->status();
    const consensus::MemberSet &members = status.configuration.members;
    const std::size_t count = members.voters.size() + members.observers.size();
    if (status.cluster.isNone() || (count == 1 && members.isMember(status.self)))
        return {};
    return Error{ErrorCode::invalid,
                 QStringLiteral("--peers is missing: this node belongs to cluster %1, which has %2 "
                                "members; name where they listen")
                     .arg(idText(status.cluster.value()))
                     .arg(count)};
}

Result<void> Daemon::joinPeers()
{
    if (!m_peers)
        return checkAlone();
    m_peers->setCluster(m_host->status().cluster);
    if (Result<void> started = m_peers->start(*m_host); !started)
        return started;
    qCInfo(logNode).noquote() << "listening for peers at" << m_settings.listenPeers << "as"
                              << m_address << (m_tls ? "with TLS" : "without TLS");
    const auto listen = net::PeerAddress::parse(m_settings.listenPeers);
    if (!m_tls && !QHostAddress(listen->host).isLoopback() && listen->host != u"localhost")
        qCWarning(logNode) << "whoever can reach that address can take part; keep it in a network "
                              "of your own, or use --peer-cert, --peer-key and --peer-ca";
    return {};
}

Result<void> Daemon::makeHost()
{
    HostOptions options;
    options.engine.peers = {m_settings.peers.begin(), m_settings.peers.end()};
    options.engine.address = m_address;
    options.engine.self = m_directory->self();
    options.engine.run = RunId(m_random.next() | 1);
    options.engine.heartbeat = m_settings.heartbeat;
    options.engine.electionMin = m_settings.electionMin;
    options.engine.electionMax = m_settings.electionMax;
    options.engine.requestTimeout = m_settings.requestTimeout;
    if (!m_settings.peers.isEmpty())
        m_peers = std::make_unique<PeerLink>(
            net::PeerTransport::Options{options.engine.self, options.engine.run,
                                        net::PeerAddress::parse(m_settings.listenPeers).value(),
                                        m_address, m_settings.peers, m_settings.clusterName,
                                        QStringLiteral(COFFER_VERSION), m_tls},
            m_random);
    Link &link = m_peers ? static_cast<Link &>(*m_peers) : m_noLink;
    m_host = std::make_unique<Host>(
        options,
        HostParts{m_clock, m_random, link, *m_meteredJournal, *m_meteredCheckpoint, m_threads},
        &Daemon::failed);
    m_host->engine().setAppliedHook([this](Slot, const consensus::Entry &entry, const Hash128 &) {
        if (entry.kind == consensus::EntryKind::leaderStart)
            m_leaderChanges.Increment();
        m_hasNews = m_hasNews || entry.kind == consensus::EntryKind::leaderStart
                    || entry.kind == consensus::EntryKind::reconfigure;
    });
    m_host->addAppliedHook(this, [this] {
        if (std::exchange(m_hasNews, false))
            look();
    });
    qCInfo(logNode).noquote() << "node" << idText(m_directory->self().value()) << "in"
                              << m_directory->path();
    return m_host->start();
}

Result<void> Daemon::startServices()
{
    for (const auto &service : m_services) {
        const auto place = service->start(*m_host);
        if (!place)
            return place.error();
        if (!place->isEmpty())
            m_places.append(*place);
    }
    return {};
}

// ---- while it runs

/// Says what has changed since it last looked.
void Daemon::look()
{
    if (m_isStopping) {
        lookWhetherOver();
        return;
    }
    const engine::Status status = m_host->status();
    if (m_peers)
        m_peers->setCluster(status.cluster);
    if (m_age.elapsed() > soonMs && m_lookTimer.isActive())
        m_lookTimer.setInterval(lookEveryLater);
    const bool isServed = status.isLeading || status.leader != status.self;
    if (status.leader.isNone() || !isServed)
        return;
    if (status.leader != m_toldLeader || status.configuration.epoch != m_toldEpoch) {
        m_toldLeader = status.leader;
        m_toldEpoch = status.configuration.epoch;
        const QString who = idText(status.leader.value());
        qCInfo(logNode).noquote() << (status.leader == status.self ? "this node leads,"
                                                                   : "the leader is")
                                  << who << "in epoch" << status.configuration.epoch.value()
                                  << "with" << status.configuration.members.voters.size()
                                  << "voters, applied slot" << status.applied.value();
    }
    const bool isReady = std::all_of(m_services.begin(), m_services.end(),
                                     [](const auto &service) { return service->isReady(); });
    if (!m_isReady && isReady)
        sayReady(status);
}

void Daemon::sayReady(const engine::Status &status)
{
    m_isReady = true;
    m_lookTimer.stop();
    const QString places =
        m_places.isEmpty() ? QStringLiteral("nowhere") : m_places.join(QStringLiteral(", "));
    const QString line =
        QStringLiteral("ready after %1 ms: node %2 of cluster %3, clients at %4")
            .arg(m_age.elapsed())
            .arg(idText(status.self.value()), idText(status.cluster.value()), places);
    qCInfo(logNode) << "ready";
    std::printf("cofferd: %s\n", qUtf8Printable(line));
    std::fflush(stdout);
    m_manager.setStatus("serving");
}

/// The engine has said its last word. The threads may be anywhere, and what is open is as after a
/// crash, which the disk is made for.
void Daemon::failed(const Error &error)
{
    qCCritical(logNode).noquote() << "the replica has to stop:" << error.message;
    ::_exit(replicaFailed);
}

// ---- stop

void Daemon::stop()
{
    if (std::exchange(m_isStopping, true))
        return;
    qCInfo(logNode) << "stopping";
    m_manager.stopping();
    m_lookTimer.stop();
    QTimer::singleShot(m_settings.stopTimeout, this, [this] { finish("in time out"); });
    m_unstopped = int(m_services.size());
    if (m_unstopped == 0)
        handOver();
    for (auto service = m_services.rbegin(); service != m_services.rend(); ++service) {
        (*service)->stop([this] {
            if (--m_unstopped == 0)
                handOver();
        });
    }
}

/// Leadership goes to a voter within reach, so that the others need not wait for a time-out.
void Daemon::handOver()
{
    const engine::Status status = m_host->status();
    const auto &voters = status.configuration.members.voters;
    const auto other = std::find_if(voters.begin(), voters.end(), [&](NodeId node) {
        return node != status.self && m_peers && m_peers->transport().isConnected(node);
    });
    if (!status.isLeading || other == voters.end()) {
        finish("in good order");
        return;
    }
    qCInfo(logNode).noquote() << "handing leadership to" << idText(other->value());
    m_host->engine().transferLeadership(*other, [](const Result<engine::Answer> &) {});
    m_host->requestFlush();
    m_lookTimer.start(lookEvery);
}

void Daemon::lookWhetherOver()
{
    if (m_unstopped == 0 && !m_host->status().isLeading)
        finish("in good order");
}

void Daemon::finish(const char *how)
{
    m_lookTimer.stop();
    qCInfo(logNode).noquote() << "stopped" << how;
    QCoreApplication::exit(stopped);
}

} // namespace coffer::node
