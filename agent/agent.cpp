// SPDX-License-Identifier: Apache-2.0
#include "agent/agent.h"

#include "agent/log.h"
#include "net/spawn.h"

#include <QRandomGenerator>

#include <algorithm>
#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::agent {

using namespace std::chrono_literals;
using MonotonicClock = std::chrono::steady_clock;

/// How often a host that is not let in looks whether somebody has joined it anew.
static constexpr std::chrono::milliseconds identityCheck = 5s;
static constexpr int rootDigitsMin = 4;

Agent::Agent(Settings settings, World world)
    : m_settings(std::move(settings)), m_world(std::move(world)), m_startedAt(MonotonicClock::now())
{
    connect(&m_identityTimer, &QTimer::timeout, this, &Agent::lookForIdentity);
    connect(&m_scrubTimer, &QTimer::timeout, this, &Agent::scrubAll);
}

Agent::~Agent() = default;

// ---- targets

void Agent::setTargets(std::vector<Target> targets)
{
    m_targets = std::move(targets);
    reconcile();
    if (m_network)
        m_network->follower.again(services());
}

QStringList Agent::services() const
{
    QStringList names;
    for (const Target &target : m_targets)
        names.append(QString::fromUtf8(target.service));
    return names;
}

/// Workers as the targets say: one that is no longer right is retired first, and replaced when it
/// is idle.
void Agent::reconcile()
{
    for (auto entry = m_workers.begin(); entry != m_workers.end();) {
        Worker &worker = *entry->second;
        const bool isRight =
            !m_isStopping && std::ranges::find(m_targets, worker.target()) != m_targets.end();
        if (isRight) {
            ++entry;
            continue;
        }
        worker.retire();
        if (m_network)
            m_network->reporter.forget(worker.service());
        entry = worker.isIdle() ? m_workers.erase(entry) : std::next(entry);
    }
    if (m_isStopping) {
        if (m_workers.empty())
            Q_EMIT stopped();
        return;
    }
    for (const Target &target : m_targets) {
        if (!m_workers.contains(QString::fromUtf8(target.service)))
            addWorker(target);
    }
}

void Agent::addWorker(const Target &target)
{
    client::Client *const client = m_network ? &m_network->client : nullptr;
    Follower *const follower = m_network ? &m_network->follower : nullptr;
    Reporter *const reporter = m_network ? &m_network->reporter : nullptr;
    auto made =
        std::make_unique<Worker>(target, m_settings.state, m_world.makeActions(),
                                 Worker::World{client, follower, reporter, m_world.files,
                                               m_world.clock, m_world.random, m_world.duty});
    Worker *const worker = made.get();
    const QString service = worker->service();
    m_workers[service] = std::move(made);
    connect(worker, &Worker::changed, this, [this](const QString &name) {
        const auto found = m_workers.find(name);
        if (found != m_workers.end())
            Q_EMIT changed(found->second->status());
        Q_EMIT progressed();
    });
    connect(worker, &Worker::idle, this, [this, worker] { onIdle(worker); });
    worker->recover();
    const auto wanted = m_wanted.find(service);
    if (wanted != m_wanted.end())
        worker->want(wanted->second);
}

void Agent::onIdle(Worker *worker)
{
    if (worker->isIdle())
        reconcile(); // It may be the one that was waited for.
    Q_EMIT progressed();
}

static Task<void> scrubOne(QPointer<Worker> worker)
{
    (void)co_await worker->scrub(); // What it found is reported.
}

void Agent::scrubAll()
{
    for (const auto &[service, worker] : m_workers)
        spawn(scrubOne(worker.get()), "scrub");
}

// ---- the cluster

void Agent::connectToCluster()
{
    m_scrubTimer.start(m_settings.scrub);
    m_identityTimer.start(identityCheck);
    lookForIdentity();
}

/// The first time, and as long as no node is followed: somebody may join it (anew).
void Agent::lookForIdentity()
{
    if (m_isStopping
        || (m_network && m_network->follower.standing().state == Standing::State::following))
        return;
    Result<Identity> identity = readIdentity(m_settings);
    if (identity && identity->instance.isEmpty())
        identity = withInstance(*identity);
    if (identity) {
        if (m_identity != *identity)
            openNetwork(*identity);
        return;
    }
    if (m_joinTrouble != identity.error().message && !m_network)
        qCWarning(logAgent).noquote() << identity.error().message;
    m_joinTrouble = identity.error().message;
    Q_EMIT progressed();
}

/// The name of this installation, if there is none yet; who only looks makes none.
Result<Identity> Agent::withInstance(Identity identity) const
{
    if (m_world.duty == Duty::look)
        return Error{
            ErrorCode::notFound,
            u"no agent has run with %1 on this machine yet; start it once"_s.arg(m_settings.state)};
    Result<QString> made = makeInstance(m_settings.state);
    if (!made)
        return made.error();
    identity.instance = *made;
    return identity;
}

void Agent::openNetwork(const Identity &identity)
{
    Result<client::Options> options = clientOptions(m_settings, identity.nodes);
    if (!options) {
        if (m_joinTrouble != options.error().message)
            qCWarning(logAgent).noquote() << options.error().message;
        m_joinTrouble = options.error().message;
        return;
    }
    m_identity = identity;
    m_joinTrouble.clear();
    for (const auto &[service, worker] : m_workers)
        worker->setNetwork(nullptr, nullptr, nullptr);
    Follower::Options following{
        .identity = {.host = identity.host,
                     .secret = identity.secret,
                     .instance = identity.instance,
                     .run = QString::number(QRandomGenerator::system()->generate64(), 16),
                     .version = QStringLiteral(COFFER_VERSION)},
        .services = services(),
        .has = [this] { return has(); },
        .poll = m_settings.poll};
    m_network = std::make_unique<Network>(*options, std::move(following), m_world.random);
    connect(&m_network->follower, &Follower::offered, this, [this](const Wanted &wanted) {
        m_wanted[wanted.service] = wanted;
        const auto found = m_workers.find(wanted.service);
        if (found != m_workers.end())
            found->second->want(wanted);
    });
    connect(&m_network->follower, &Follower::withdrawn, this, [this](const QString &service) {
        m_wanted.erase(service);
        const auto found = m_workers.find(service);
        if (found != m_workers.end())
            found->second->withdraw();
    });
    connect(&m_network->follower, &Follower::completed, this, &Agent::progressed);
    connect(&m_network->follower, &Follower::standingChanged, this, &Agent::progressed);
    connect(&m_network->reporter, &Reporter::becameIdle, this, &Agent::progressed);
    for (const auto &[service, worker] : m_workers)
        worker->setNetwork(&m_network->client, &m_network->follower, &m_network->reporter);
    m_network->follower.start();
}

std::map<QString, Had> Agent::has() const
{
    std::map<QString, Had> has;
    for (const auto &[service, worker] : m_workers) {
        if (const auto applied = worker->switcher().applied())
            has[service] = {QString::fromUtf8(applied->version), applied->root.hex()};
    }
    return has;
}

void Agent::stop()
{
    if (std::exchange(m_isStopping, true))
        return;
    m_identityTimer.stop();
    m_scrubTimer.stop();
    for (const auto &[service, worker] : m_workers)
        worker->setNetwork(nullptr, nullptr, nullptr);
    m_network.reset();
    QMetaObject::invokeMethod(this, &Agent::reconcile, Qt::QueuedConnection);
}

// ---- how it stands

AgentStatus Agent::status() const
{
    const auto now = MonotonicClock::now();
    AgentStatus status;
    status.version = QStringLiteral(COFFER_VERSION);
    status.host = m_identity ? m_identity->host : QString();
    status.upTime = std::chrono::duration_cast<std::chrono::seconds>(now - m_startedAt);
    if (m_network)
        status.standing = m_network->follower.standing();
    else
        status.standing.trouble = m_joinTrouble;
    if (status.standing.heardAt)
        status.heardAgo =
            std::chrono::duration_cast<std::chrono::seconds>(now - *status.standing.heardAt);
    for (const auto &[service, worker] : m_workers)
        status.services.push_back(worker->status());
    return status;
}

bool Agent::isSettled() const
{
    return m_network && m_network->follower.isComplete() && m_network->reporter.isIdle()
           && std::ranges::all_of(m_workers,
                                  [](const auto &entry) { return entry.second->isSettled(); });
}

bool Agent::isSettledWithOrigins() const
{
    return isSettled() && std::ranges::none_of(m_workers, [](const auto &entry) {
               return entry.second->willAskForOrigins();
           });
}

bool Agent::isConverged() const
{
    return std::ranges::all_of(m_workers, [](const auto &entry) {
        const ServiceStatus status = entry.second->status();
        return status.report.state == u"healthy" || (!status.wanted && !status.applied);
    });
}

// ---- questions

Result<Worker *> Agent::find(const QString &service) const
{
    const auto found = m_workers.find(service);
    if (found != m_workers.end())
        return found->second.get();
    return Error{ErrorCode::notFound, u"\"%1\" has no target on this host; there are: %2"_s.arg(
                                          service.left(200), services().join(u", "_s))};
}

/// The service, or all.
std::vector<QPointer<Worker>> Agent::chosen(const QString &service) const
{
    std::vector<QPointer<Worker>> workers;
    for (const auto &[name, worker] : m_workers) {
        if (service.isEmpty() || name == service)
            workers.emplace_back(worker.get());
    }
    return workers;
}

Result<QJsonObject> Agent::history(const Ask &ask) const
{
    QJsonArray services;
    for (const QPointer<Worker> &worker : chosen(ask.service)) {
        QJsonArray generations;
        for (const Generation &generation : worker->switcher().generations())
            generations.append(toJson(generation));
        services.append(
            QJsonObject{{u"service"_s, worker->service()}, {u"generations"_s, generations}});
    }
    return QJsonObject{{u"services"_s, services}};
}

Result<QJsonObject> Agent::file(const Ask &ask) const
{
    Result<Worker *> worker = find(ask.service);
    if (!worker)
        return worker.error();
    const auto applied = (*worker)->switcher().applied();
    if (!applied)
        return Error{ErrorCode::notFound, u"nothing of %1 is applied yet"_s.arg(ask.service)};
    Result<QByteArray> bytes = (*worker)->switcher().bundleBytes(applied->root);
    if (!bytes)
        return bytes.error();
    Result<config::Bundle> bundle = config::decodeBundle(*bytes);
    if (!bundle)
        return bundle.error();
    for (const config::BundleFile &file : bundle->files) {
        if (file.path == ask.path.toUtf8())
            return QJsonObject{{u"version"_s, QString::fromUtf8(applied->version)},
                               {u"root"_s, QString::fromLatin1(applied->root.hex())},
                               {u"base64"_s, QString::fromLatin1(file.bytes.toBase64())}};
    }
    return Error{ErrorCode::notFound, u"%1 has no file \"%2\""_s.arg(ask.service, ask.path)};
}

/// Verb::get, list, version and env.
Result<QJsonObject> Agent::applied(const Ask &ask)
{
    if (ask.service.isEmpty()) {
        QJsonArray services;
        for (const auto &[name, worker] : m_workers)
            services.append(briefOf(name, worker->switcher().applied()));
        return QJsonObject{{u"services"_s, services}};
    }
    const Result<Worker *> worker = find(ask.service);
    if (!worker)
        return worker.error();
    return m_versions.answer(ask, (*worker)->switcher());
}

Result<QJsonObject> Agent::why(const Ask &ask)
{
    const Result<Worker *> worker = find(ask.service);
    if (!worker)
        return worker.error();
    return m_versions.why(ask, (*worker)->switcher(), (*worker)->origins());
}

Result<std::optional<QJsonObject>> Agent::news(const QString &service, const Seen &seen)
{
    const Result<Worker *> worker = find(service);
    if (!worker)
        return worker.error();
    return m_versions.news(service, seen, (*worker)->switcher());
}

Task<Result<QJsonObject>> Agent::diff(Ask ask)
{
    QJsonArray services;
    for (const QPointer<Worker> &worker : chosen(ask.service)) {
        if (!worker)
            continue;
        const DriftReport drift = co_await worker->scrub();
        if (!worker)
            continue;
        QJsonObject service{{u"service"_s, worker->service()},
                            {u"files"_s, toJson(drift.files)},
                            {u"repaired"_s, drift.isRepaired}};
        if (!drift.error.isEmpty())
            service[u"error"_s] = drift.error;
        services.append(service);
    }
    co_return QJsonObject{{u"services"_s, services}};
}

Task<Result<QJsonObject>> Agent::plan(Ask ask)
{
    QJsonArray services;
    for (const QPointer<Worker> &worker : chosen(ask.service)) {
        if (!worker)
            continue;
        const Result<std::vector<FileDiff>> files = co_await worker->plan();
        if (!worker)
            continue;
        QJsonObject service{{u"service"_s, worker->service()}};
        if (files)
            service[u"files"_s] = toJson(*files);
        else
            service[u"error"_s] = files.error().message;
        services.append(service);
    }
    co_return QJsonObject{{u"services"_s, services}};
}

/// The one generation that is meant: by the first digits of its root, by its version, or the one
/// before what is applied.
static Result<Generation> pick(const std::vector<Generation> &kept, const QString &which)
{
    std::vector<Generation> fit;
    for (std::size_t i = 0; i < kept.size(); ++i) {
        const bool isNamed =
            which == QString::fromUtf8(kept[i].version)
            || (which.size() >= rootDigitsMin && kept[i].root.hex().startsWith(which.toLatin1()));
        if (which.isEmpty() ? i == 1 : isNamed)
            fit.push_back(kept[i]);
    }
    if (fit.size() == 1)
        return fit.front();
    return Error{ErrorCode::notFound,
                 fit.empty() ? u"no such version is kept here; `coffer-agent history` lists them"_s
                             : u"several versions fit; give more digits of the root"_s};
}

Task<Result<QJsonObject>> Agent::rollBack(Ask ask)
{
    const Result<Worker *> worker = find(ask.service);
    if (!worker)
        co_return worker.error();
    const Result<Generation> to = pick((*worker)->switcher().generations(), ask.root);
    if (!to)
        co_return to.error();
    const Verdict verdict = co_await (*worker)->rollBack(to->root);
    if (verdict.state != Verdict::State::healthy)
        co_return Error{ErrorCode::refused, verdict.error + u'\n' + verdict.output};
    co_return toJson(*to);
}

static Result<QJsonObject> said(const Result<void> &done)
{
    if (!done)
        return done.error();
    return QJsonObject{{u"done"_s, true}};
}

Task<Result<QJsonObject>> Agent::answer(Ask ask)
{
    const QPointer<Agent> self(this);
    if (!ask.service.isEmpty()) {
        const Result<Worker *> named = find(ask.service);
        if (!named)
            co_return named.error();
    }
    switch (ask.verb) {
    case Verb::status: co_return toJson(status());
    case Verb::metrics:
        co_return QJsonObject{{u"text"_s, QString::fromUtf8(metricsOf(toJson(status())))}};
    case Verb::history: co_return history(ask);
    case Verb::file: co_return file(ask);
    case Verb::get:
    case Verb::list:
    case Verb::version:
    case Verb::env: co_return applied(ask);
    case Verb::why: co_return why(ask);
    case Verb::diff: co_return co_await diff(ask);
    case Verb::plan: co_return co_await plan(ask);
    case Verb::rollback: co_return co_await rollBack(ask);
    case Verb::hold:
        co_return said((*find(ask.service))
                           ->hold(ask.seconds > 0 ? std::optional(std::chrono::seconds(ask.seconds))
                                                  : std::nullopt));
    case Verb::release: co_return said((*find(ask.service))->release());
    case Verb::watch: break;
    }
    co_return Error{ErrorCode::invalid, u"ask: cannot be answered"_s};
}

} // namespace coffer::agent
