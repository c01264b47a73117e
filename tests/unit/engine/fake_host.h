// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/host_p.h"
#include "support/engine_fakes.h"

namespace coffer::test {

/// Notes what is sent.
class NotingTransport final : public engine::Transport
{
public:
    void send(NodeId to, const QByteArray &frame) override { frames.emplace_back(to, frame); }
    void sendToAddress(const QString &address, const QByteArray &frame) override
    {
        addressed.emplace_back(address, frame);
    }
    std::vector<std::pair<NodeId, QByteArray>> frames;
    std::vector<std::pair<QString, QByteArray>> addressed;
};

/// What a part of an engine sees of the whole; notes what it asks for. It is node 1.
class FakeHost final : public engine::Host
{
public:
    FakeHost();

    [[nodiscard]] const engine::Options &options() const override { return m_options; }
    [[nodiscard]] const engine::Parts &parts() const override { return m_parts; }
    [[nodiscard]] Monotonic now() const override { return clock.monotonic(); }
    [[nodiscard]] ClusterId cluster() const override { return ClusterId(7); }
    [[nodiscard]] consensus::Replica *replica() override { return m_replica.get(); }
    [[nodiscard]] RunId runOf(NodeId node) const override;
    [[nodiscard]] std::uint32_t versionOf(NodeId) const override { return 1; }
    [[nodiscard]] bool isDisputed() const override { return isInDispute; }
    [[nodiscard]] bool isFenced(NodeId node) const override { return node == fencedNode; }
    void send(NodeId to, engine::EngineMessage message) override;
    void send(NodeId to, consensus::Message message) override;
    void sendToAddress(const QString &, engine::EngineMessage) override {}
    void step(const consensus::Event &event) override { events.push_back(event); }
    void run(engine::Lane lane, engine::Executor::Work work, engine::Executor::Done done) override;
    void finish(engine::Engine::Done done, Result<engine::Answer> result) override;
    void fail(const Error &error) override { failures.push_back(error); }

    /// Makes a replica of voters 1, 2 and 3.
    void makeReplica();
    /// \a leader speaks as leader of \a round, in process run \a run.
    void hearLeader(NodeId leader, std::uint64_t round, RunId run = RunId(1));

    ManualClock clock;
    storage::MemoryDisk disk;
    RowMachine machine;
    ManualExecutor executor;
    std::vector<std::pair<NodeId, engine::EngineMessage>> sent;
    std::vector<consensus::Outgoing> said;
    std::vector<consensus::Event> events;
    std::vector<Error> failures;
    bool isInDispute = false;
    NodeId fencedNode;

private:
    engine::Options m_options;
    SeededRandom m_random{1};
    NotingTransport m_transport;
    storage::MemoryJournal m_journal{disk};
    storage::MemoryCheckpoint m_checkpoint{disk};
    engine::Parts m_parts{clock, m_random, m_transport, m_journal, m_checkpoint, executor, machine};
    std::unique_ptr<consensus::Replica> m_replica;
    std::map<NodeId, RunId> m_runs;
};

} // namespace coffer::test
