// SPDX-License-Identifier: Apache-2.0
#include "testkit/cluster.h"

#include "testkit/machine.h"
#include "testkit/main.h"

#include <QCoreApplication>
#include <QFile>
#include <QJsonDocument>

#include <algorithm>
#include <utility>
#include <vector>

using namespace Qt::StringLiterals;

namespace coffer::testkit {

static constexpr int nodesMax = 7;
static constexpr std::chrono::seconds patience{60};
static constexpr std::chrono::seconds handOverMax{5};

Application::Application(int &count, char **arguments)
{
    QCoreApplication::setEventDispatcher(new VirtualLoop); // the application owns it
    m_application = std::make_unique<QCoreApplication>(count, arguments);
}

Application::~Application() = default;

std::uint64_t defaultSeed()
{
    bool isNumber = false;
    const std::uint64_t seed = qEnvironmentVariable("COFFER_SEED").toULongLong(&isNumber);
    return isNumber ? seed : 1;
}

struct Cluster::Parts
{
    explicit Parts(const ClusterOptions &of) : options(of) {}

    [[nodiscard]] Machine &machine(int node) const
    {
        if (node < 1 || node > int(machines.size()))
            qFatal("testkit: there is no node %d; they are 1 to %d", node, int(machines.size()));
        return *machines[std::size_t(node - 1)];
    }
    [[nodiscard]] Machine &running(int node) const
    {
        Machine &found = machine(node);
        if (!found.isRunning())
            qFatal("testkit: node %d is down; restart() it first", node);
        return found;
    }
    void endFailed();
    [[nodiscard]] bool isBusy() const;
    [[nodiscard]] Result<void> checkPlugins() const;
    void handOver(int node) const;

    ClusterOptions options;
    VirtualLoop &loop = VirtualLoop::instance();
    std::shared_ptr<Network> network = std::make_shared<Network>(loop, options.seed);
    std::set<int> isolated;
    std::vector<MachinePlugin> plugins;
    std::optional<Error> fault; ///< Of a plugin that cannot be used.
    std::vector<std::unique_ptr<Machine>> machines;
};

/// A replica that gave up takes its process with it.
void Cluster::Parts::endFailed()
{
    for (const auto &machine : machines) {
        if (machine->isRunning() && machine->failure()) {
            qWarning("testkit: a node ended: %s", qUtf8Printable(machine->failure()->message));
            machine->kill();
        }
    }
}

bool Cluster::Parts::isBusy() const
{
    std::size_t pending = network->flying();
    for (const auto &machine : machines)
        pending += machine->pending();
    return pending > 0;
}

Cluster::Cluster(ClusterOptions options) : m_parts(std::make_unique<Parts>(options))
{
    if (options.nodes < 1 || options.nodes > nodesMax)
        qFatal("testkit: %d nodes; expected 1 to %d", options.nodes, nodesMax);
    MachineOptions machine;
    machine.seed = options.seed;
    for (int node = 1; node <= options.nodes; ++node)
        machine.peers.push_back(u"n%1"_s.arg(node));
    for (int node = 1; node <= options.nodes; ++node) {
        machine.self = NodeId(std::uint64_t(node));
        machine.address = machine.peers[std::size_t(node - 1)];
        m_parts->machines.push_back(
            std::make_unique<Machine>(m_parts->loop, *m_parts->network, machine));
    }
}

Cluster::~Cluster() = default;

/// What a plugin says of itself, as its author's build wrote it.
static Result<pluginhost::PluginSpec> readSpec(const QString &json)
{
    QFile file(json);
    if (!file.open(QFile::ReadOnly))
        return Error{ErrorCode::io, u"%1: %2"_s.arg(json, file.errorString())};
    return pluginhost::PluginSpec::parse(QJsonDocument::fromJson(file.readAll()).object());
}

void Cluster::addPlugin(const QString &json, MakePlugin make, const QCborMap &settings)
{
    Result<pluginhost::PluginSpec> spec = readSpec(json);
    if (!spec) {
        m_parts->fault = spec.error().in(json);
        return;
    }
    m_parts->plugins.push_back({std::move(*spec), std::move(make), settings});
}

Result<void> Cluster::Parts::checkPlugins() const
{
    for (std::size_t i = 0; i < machines.size(); ++i) {
        for (const MachinePlugin &plugin : plugins) {
            const auto report = machines[i]->plugins().reportOf(plugin.spec.name);
            if (!report || report->state == pluginhost::PluginState::started)
                continue;
            return Error{ErrorCode::refused, u"plugin %1 is %2 on node %3: %4"_s.arg(
                                                 plugin.spec.name, nameOf(report->state),
                                                 QString::number(i + 1), report->reason)};
        }
    }
    return {};
}

/// If \a node leads, another one that is within reach is to.
void Cluster::Parts::handOver(int node) const
{
    for (int other = 1; other <= int(machines.size()); ++other) {
        if (other == node || !machine(other).isRunning() || isolated.contains(other))
            continue;
        node::Host &host = machine(node).host();
        host.engine().transferLeadership(NodeId(std::uint64_t(other)),
                                         [](const Result<engine::Answer> &) {});
        host.requestFlush();
        return;
    }
}

Result<void> Cluster::start()
{
    if (m_parts->fault)
        return *m_parts->fault;
    for (const auto &machine : m_parts->machines) {
        if (const Result<void> started = machine->start(m_parts->plugins); !started)
            return started;
    }
    if (!runUntil([this] { return leader().has_value(); }))
        return Error{ErrorCode::unavailable, u"no node leads within a minute"_s};
    const bool isSettled = runUntil([this] {
        return std::ranges::all_of(m_parts->machines, [](const auto &machine) {
            return !machine->isRunning() || machine->plugins().isSettled();
        });
    });
    if (!isSettled)
        return Error{ErrorCode::unavailable, u"plugins start for more than a minute"_s};
    return m_parts->checkPlugins();
}

// ---- what befalls nodes

Result<void> Cluster::stop(int node)
{
    const Result<void> stopped = await(m_parts->running(node).stopPlugins());
    m_parts->handOver(node);
    (void)runUntil([this, node] { return leader() != node; }, handOverMax);
    kill(node);
    return stopped;
}

void Cluster::kill(int node) { m_parts->machine(node).kill(); }

Result<void> Cluster::restart(int node)
{
    Machine &machine = m_parts->machine(node);
    if (machine.isRunning())
        return Error{ErrorCode::invalid, u"node %1 runs; kill() or stop() it first"_s.arg(node)};
    return machine.start(m_parts->plugins);
}

void Cluster::isolate(int node)
{
    (void)m_parts->machine(node);
    m_parts->isolated.insert(node);
    m_parts->network->setIsolated(NodeId(std::uint64_t(node)), true);
}

void Cluster::rejoin(int node)
{
    (void)m_parts->machine(node);
    m_parts->isolated.erase(node);
    m_parts->network->setIsolated(NodeId(std::uint64_t(node)), false);
}

bool Cluster::isRunning(int node) const { return m_parts->machine(node).isRunning(); }

bool Cluster::hasStarted(int node, const QString &plugin) const
{
    Machine &machine = m_parts->machine(node);
    if (!machine.isRunning())
        return false;
    const auto report = machine.plugins().reportOf(plugin);
    return report && report->state == pluginhost::PluginState::started;
}

std::optional<int> Cluster::leader() const
{
    for (int node = 1; node <= m_parts->options.nodes; ++node) {
        Machine &machine = m_parts->machine(node);
        if (machine.isRunning() && !m_parts->isolated.contains(node)
            && machine.host().status().isLeading)
            return node;
    }
    return std::nullopt;
}

// ---- time

const Clock &Cluster::clock() const { return m_parts->loop; }

bool Cluster::runUntil(const std::function<bool()> &isTrue, std::chrono::milliseconds limit)
{
    VirtualLoop &loop = m_parts->loop;
    const Monotonic end = loop.monotonic() + limit;
    for (;;) {
        if (isTrue())
            return true;
        const bool wasBusy = loop.round();
        m_parts->endFailed();
        if (wasBusy)
            continue;
        const Monotonic next = loop.nextDue();
        loop.advanceTo(std::min(next, end));
        if (next > end)
            return isTrue();
    }
}

void Cluster::advance(std::chrono::milliseconds time)
{
    (void)runUntil([] { return false; }, time);
}

void Cluster::settle()
{
    VirtualLoop &loop = m_parts->loop;
    for (;;) {
        while (loop.round())
            m_parts->endFailed();
        if (!m_parts->isBusy())
            return;
        loop.advanceTo(loop.nextDue());
    }
}

// ---- what clients do

pluginapi::Store &Cluster::store(int node) { return m_parts->machine(node).store(); }

rpc::Outcome Cluster::call(int node, const QString &method, const QCborMap &params)
{
    Machine &machine = m_parts->running(node);
    const qint64 number = machine.connection().call(method, params);
    std::optional<rpc::Outcome> outcome;
    const auto isDone = [&] {
        if (machine.isRunning())
            outcome = machine.connection().takeAnswer(number);
        return outcome || !machine.isRunning();
    };
    if (!runUntil(isDone, patience) || !outcome)
        return rpc::Failure::of(rpc::Code::unavailable, u"%1 has no answer"_s.arg(method));
    return *outcome;
}

static QCoro::Task<void> invoke(rpc::Registry &registry, std::shared_ptr<rpc::Call> call,
                                std::shared_ptr<std::optional<rpc::Outcome>> outcome)
{
    outcome->emplace(co_await registry.invoke(*call, rpc::Form::cbor));
}

rpc::Outcome Cluster::callAs(int node, const rpc::Caller &caller, const QString &method,
                             const QCborMap &params)
{
    const auto call = std::make_shared<rpc::Call>(); // shared with the coroutine, which may go last
    call->method = method;
    call->params = params;
    call->caller = caller;
    const auto outcome = std::make_shared<std::optional<rpc::Outcome>>(); // the same
    spawn(invoke(m_parts->running(node).registry(), call, outcome), "testkit");
    if (!runUntil([&outcome] { return outcome->has_value(); }, patience))
        return rpc::Failure::of(rpc::Code::unavailable, u"%1 has no answer"_s.arg(method));
    return **outcome;
}

rpc::Answer<Subscription> Cluster::subscribe(int node, const QString &method,
                                             const QCborMap &params)
{
    const rpc::Outcome outcome = call(node, method, params);
    if (!outcome)
        return outcome.error();
    const qint64 id = outcome->toMap().value(u"subscription"_s).toInteger(-1);
    if (id < 0)
        return rpc::Failure::of(rpc::Code::invalidArgument,
                                u"%1 opens no subscription"_s.arg(method));
    return Subscription{node, std::uint64_t(id)};
}

std::deque<QCborValue> Cluster::takeEvents(const Subscription &subscription)
{
    return m_parts->running(subscription.node).connection().takeEvents(subscription.id);
}

std::optional<rpc::Failure> Cluster::endOf(const Subscription &subscription) const
{
    return m_parts->running(subscription.node).connection().endOf(subscription.id);
}

static pluginapi::Task<Result<HttpAnswer>> ask(net::HttpHandler handler, net::HttpRequest request)
{
    const net::HttpResponse response = co_await handler(std::move(request));
    HttpAnswer answer{response.status, response.body};
    for (const auto &[name, value] : response.headers)
        answer.headers.insert_or_assign(name.toLower(), value);
    co_return answer;
}

HttpAnswer Cluster::request(int node, const QByteArray &verb, const QByteArray &target,
                            const QByteArray &body, const std::map<QByteArray, QByteArray> &headers)
{
    Machine &machine = m_parts->running(node);
    net::HttpRequest request;
    const qsizetype path = (target + '?').indexOf('?');
    request.method = verb;
    request.path = target.left(path);
    request.query = target.mid(path + 1);
    request.headers = {{"Content-Type", "application/json"}};
    request.headers.insert(request.headers.end(), headers.begin(), headers.end());
    request.body = body;
    request.address = u"testkit"_s;
    request.hangup = std::make_shared<net::Hangup>();
    const net::HttpRouter::Match match = machine.router().match(request, false);
    if (match.handler == nullptr)
        return {match.refusal->status, match.refusal->body};
    const Result<HttpAnswer> answer = await(ask(*match.handler, std::move(request)));
    return answer ? *answer : HttpAnswer{504, answer.error().message.toUtf8()};
}

QByteArray Cluster::metrics(int node) const { return m_parts->running(node).plugins().metrics(); }

double Cluster::metric(int node, const QByteArray &line) const
{
    for (const QByteArray &some : metrics(node).split('\n')) {
        const qsizetype end = some.lastIndexOf(' ');
        if (end > 0 && some.first(end) == line)
            return some.sliced(end + 1).toDouble();
    }
    return 0;
}

} // namespace coffer::testkit
