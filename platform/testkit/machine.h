// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "node/host.h"
#include "node/local_store.h"
#include "pluginhost/plugin_host.h"
#include "pluginhost/plugin_verbs.h"
#include "pluginhost/qt_ports.h"
#include "rpc/front_door.h"
#include "storage/memory_checkpoint.h"
#include "storage/memory_journal.h"
#include "testkit/connection.h"
#include "testkit/network.h"
#include "testkit/node_store.h"
#include "testkit/slow_disk.h"
#include "testkit/virtual_workers.h"

#include <memory>

namespace coffer::testkit {

/// A plugin of which every node runs a copy.
struct MachinePlugin
{
    pluginhost::PluginSpec spec;
    std::function<std::unique_ptr<pluginapi::Plugin>()> make;
    QCborMap settings; ///< Of each node.
};

/// Who a machine is, for ever.
struct MachineOptions
{
    NodeId self;
    QString address;
    std::vector<QString> peers;
    std::uint64_t seed = 0;
};

/// One node on its machine: the disk stays, what belongs to a process is made anew by start().
/// It is the node of cofferd without threads and sockets. One thread.
class Machine final
{
    Q_DISABLE_COPY_MOVE(Machine)

public:
    /// Both must outlive the machine.
    Machine(VirtualLoop &loop, Network &network, MachineOptions options);
    ~Machine();

    /// Starts the process, with \a plugins. Its plugins start when there is a leader.
    [[nodiscard]] Result<void> start(const std::vector<MachinePlugin> &plugins);
    /// Stops what is orderly to stop: the plugins. Then kill() is harmless.
    [[nodiscard]] pluginapi::Task<Result<void>> stopPlugins();
    /// The process ends at once; what was not synced is lost.
    void kill();
    [[nodiscard]] bool isRunning() const { return m_process != nullptr; }

    /// Only while it runs.
    [[nodiscard]] node::Host &host() { return m_process->host; }
    [[nodiscard]] rpc::Registry &registry() { return m_process->registry; }
    [[nodiscard]] net::HttpRouter &router() { return m_process->router; }
    [[nodiscard]] rpc::FrontDoor &door() { return m_process->door; }
    [[nodiscard]] pluginhost::PluginHost &plugins() { return m_process->plugins; }
    [[nodiscard]] Connection &connection() { return m_process->connection; }
    /// Work of its disk that is under way.
    [[nodiscard]] std::size_t pending() const { return m_process ? m_process->disk.pending() : 0; }

    [[nodiscard]] NodeStore &store() { return m_store; }
    /// Why it ended by itself, if it did.
    [[nodiscard]] const std::optional<Error> &failure() const { return m_failure; }

private:
    struct Process
    {
        Process(Machine &machine, RunId run, const std::vector<MachinePlugin> &given);

        std::unique_ptr<node::Link> link;
        SeededRandom random;
        storage::MemoryJournal journal;
        storage::MemoryCheckpoint checkpoint;
        node::Host host;
        SlowDisk disk; ///< Ends before the host.
        node::LocalStore store;
        rpc::Registry registry;
        net::HttpRouter router;
        rpc::FrontDoor door;
        pluginhost::LoopTimers timers;
        VirtualWorkers workers;
        pluginhost::PluginHost plugins;
        pluginhost::PluginVerbs verbs;
        rpc::Flights flights;
        Connection connection;
    };

    VirtualLoop &m_loop;
    Network &m_network;
    MachineOptions m_options;
    storage::MemoryDisk m_disk;
    NodeStore m_store;
    std::uint64_t m_runs = 0;
    std::optional<Error> m_failure;
    std::unique_ptr<Process> m_process;
};

} // namespace coffer::testkit
