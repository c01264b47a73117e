// SPDX-License-Identifier: Apache-2.0
#include "testkit/machine.h"

#include <utility>

namespace coffer::testkit {

/// Different numbers for each purpose and run, all from the seed of the cluster.
static std::uint64_t seedOf(const MachineOptions &options, std::uint64_t run, std::uint64_t purpose)
{
    SeededRandom random(options.seed * 1'000'003 + options.self.value() * 1'009 + run * 31
                        + purpose);
    return random.next();
}

static node::HostOptions hostOptions(const MachineOptions &options, RunId run)
{
    node::HostOptions host;
    host.engine.self = options.self;
    host.engine.run = run;
    host.engine.address = options.address;
    if (options.peers.size() > 1)
        host.engine.peers = options.peers;
    return host;
}

static pluginhost::PluginHostOptions pluginOptions(const MachineOptions &options,
                                                   const std::vector<MachinePlugin> &plugins)
{
    pluginhost::PluginHostOptions made;
    made.node = options.address.toUtf8();
    for (const MachinePlugin &plugin : plugins) {
        if (!plugin.settings.isEmpty())
            made.settings.emplace(plugin.spec.name, plugin.settings);
    }
    return made;
}

/// The host borrows the disk, which is made behind it and so ends before it.
Machine::Process::Process(Machine &machine, RunId run, const std::vector<MachinePlugin> &given)
    : link(machine.m_network.makeLink(machine.m_options.self))
    , random(seedOf(machine.m_options, machine.m_runs, 1))
    , journal(machine.m_disk)
    , checkpoint(machine.m_disk)
    , host(hostOptions(machine.m_options, run),
           {machine.m_loop, random, *link, journal, checkpoint, disk},
           [&machine](const Error &error) { machine.m_failure = error; })
    , disk(machine.m_loop, seedOf(machine.m_options, machine.m_runs, 2))
    , store(host)
    , door(registry, router, machine.m_loop)
    , timers(machine.m_loop)
    , workers(machine.m_loop)
    , plugins({machine.m_loop, timers, workers, machine.m_store, registry, router,
               [this](net::HttpRequest request, QString method, QCborMap params) {
                   return door.call(std::move(request), std::move(method), params);
               }},
              pluginOptions(machine.m_options, given))
    , verbs(plugins)
    , flights(registry, machine.m_loop)
    , connection(flights)
{
    door.setReadiness([this]() -> QString {
        return host.status().leader.isNone() ? QStringLiteral("there is no leader") : QString();
    });
    for (const MachinePlugin &plugin : given) {
        const auto make = [by = plugin.make]() -> Result<std::unique_ptr<pluginapi::Plugin>> {
            return by();
        };
        plugins.add(plugin.spec, make);
    }
}

Machine::Machine(VirtualLoop &loop, Network &network, MachineOptions options)
    : m_loop(loop), m_network(network), m_options(std::move(options))
{}

Machine::~Machine() { kill(); }

Result<void> Machine::start(const std::vector<MachinePlugin> &plugins)
{
    m_failure.reset();
    ++m_runs;
    const RunId run(m_options.self.value() * 1'000 + m_runs);
    m_process = std::make_unique<Process>(*this, run, plugins);
    if (const Result<void> resolved = m_process->plugins.resolve(); !resolved)
        return resolved;
    if (const Result<void> added = m_process->verbs.addTo(m_process->registry); !added)
        return added;
    m_network.join(m_options.self, m_options.address, m_process->host);
    m_store.setStore(&m_process->store);
    if (const Result<void> started = m_process->host.start(); !started)
        return started;
    m_process->plugins.start();
    return {};
}

pluginapi::Task<Result<void>> Machine::stopPlugins()
{
    co_await m_process->plugins.stop();
    co_return Result<void>();
}

void Machine::kill()
{
    if (!m_process)
        return;
    m_store.setStore(nullptr);
    m_network.leave(m_options.self);
    m_process.reset();
    m_disk.crash(0);
}

} // namespace coffer::testkit
