// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/engine_fakes.h"

#include <set>

namespace coffer::test {

/// Whole engines over a loopback network in memory, with one clock that is moved by hand. Writes
/// become durable, and frames arrive, within run(); nothing is lost but by cut() and crash().
class EngineCluster
{
public:
    EngineCluster();
    ~EngineCluster();
    EngineCluster(const EngineCluster &) = delete;
    EngineCluster &operator=(const EngineCluster &) = delete;

    /// Options for the next nodes; self, run, peers and address are set by add().
    engine::Options options;

    /// Starts node \a node at address "n<node>" with an empty or its former disk.
    void add(std::uint64_t node, const std::vector<QString> &peers);
    void addAll(std::initializer_list<std::uint64_t> nodes);
    /// The process ends; what was not synced is lost.
    void crash(std::uint64_t node);
    void restart(std::uint64_t node);
    /// The node is gone with its disk; a new one with id \a next takes its address.
    void wipe(std::uint64_t node, std::uint64_t next);
    /// Frames from and to the node are lost.
    void setCut(std::uint64_t node, bool isCut);

    /// Lets \a time pass, with everything that becomes due.
    void run(std::chrono::milliseconds time);
    /// Until one node leads and serves; none when that does not happen in ten seconds.
    [[nodiscard]] NodeId waitForLeader();
    /// Runs until \a isTrue, ten seconds at most.
    [[nodiscard]] bool waitFor(const std::function<bool()> &isTrue);

    [[nodiscard]] engine::Engine &engine(std::uint64_t node);
    [[nodiscard]] RowMachine &machine(std::uint64_t node);
    [[nodiscard]] storage::MemoryDisk &disk(std::uint64_t node);
    [[nodiscard]] const std::vector<Error> &failures() const { return m_failures; }

    /// Runs until the answer is there.
    [[nodiscard]] Result<engine::Answer> submit(std::uint64_t node, const QByteArray &command);
    [[nodiscard]] Result<engine::Answer> read(std::uint64_t node, engine::ReadMode mode,
                                              const QByteArray &question, Slot seen = Slot());
    [[nodiscard]] Result<engine::Answer>
    reconfigure(std::uint64_t node, const consensus::MemberSet &members, Epoch ifEpoch);

private:
    class Loopback;
    struct Node;
    struct Flying
    {
        std::uint64_t from = 0;
        std::uint64_t to = 0;
        QByteArray frame;
    };

    void start(Node &node);
    bool settleOnce();
    [[nodiscard]] Result<engine::Answer>
    await(const std::function<void(engine::Engine::Done)> &ask);

    ManualClock m_clock;
    std::map<std::uint64_t, std::unique_ptr<Node>> m_nodes;
    std::map<QString, std::uint64_t> m_addresses;
    std::deque<Flying> m_flying;
    std::set<std::uint64_t> m_cut;
    std::vector<Error> m_failures;
};

} // namespace coffer::test
