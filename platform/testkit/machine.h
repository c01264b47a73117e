// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "node/host.h"
#include "node/local_store.h"
#include "rpc/front_door.h"
#include "storage/memory_checkpoint.h"
#include "storage/memory_journal.h"
#include "testkit/connection.h"
#include "testkit/network.h"
#include "testkit/node_store.h"
#include "testkit/slow_disk.h"

#include <memory>

namespace coffer::testkit {

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

    [[nodiscard]] Result<void> start();
    /// The process ends at once; what was not synced is lost.
    void kill();
    [[nodiscard]] bool isRunning() const { return m_process != nullptr; }

    /// Only while it runs.
    [[nodiscard]] node::Host &host() { return m_process->host; }
    [[nodiscard]] rpc::Registry &registry() { return m_process->registry; }
    [[nodiscard]] net::HttpRouter &router() { return m_process->router; }
    [[nodiscard]] rpc::FrontDoor &door() { return m_process->door; }
    [[nodiscard]] Connection &connection() { return m_process->connection; }
    /// Work of its disk that is under way.
    [[nodiscard]] std::size_t pending() const { return m_process ? m_process->disk.pending() : 0; }

    [[nodiscard]] NodeStore &store() { return m_store; }
    /// Why it ended by itself, if it did.
    [[nodiscard]] const std::optional<Error> &failure() const { return m_failure; }

private:
    struct Process
    {
        Process(Machine &machine, RunId run);

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
