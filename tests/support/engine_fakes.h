// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/engine.h"
#include "engine/host_p.h"
#include "storage/memory_checkpoint.h"
#include "storage/memory_journal.h"

#include <deque>
#include <map>
#include <memory>

/// The world of an engine, moved by hand. One thread.
namespace coffer::test {

/// Stands still until it is told to go on.
class ManualClock final : public Clock
{
public:
    [[nodiscard]] Monotonic monotonic() const override { return m_now; }
    [[nodiscard]] WallMs wall() const override { return std::chrono::duration_cast<WallMs>(m_now); }
    void advance(Monotonic time) { m_now += time; }

private:
    Monotonic m_now{1'000'000};
};

/// Keeps work until it is told to do it.
class ManualExecutor final : public engine::Executor
{
public:
    void run(engine::Lane lane, Work work, Done done) override;
    /// Does the oldest work and calls its done; false when there is none.
    bool runOne();
    [[nodiscard]] std::size_t pending() const { return m_jobs.size(); }
    void clear() { m_jobs.clear(); }

private:
    std::deque<std::pair<Work, Done>> m_jobs;
};

/// A machine that is easy to look at: "key=value" sets a row and answers "ok"; a question is a
/// key. A command that begins with '+' is repeatable.
class RowMachine final : public engine::StateMachine
{
public:
    std::vector<QByteArray> apply(Slot slot, WallMs stamp,
                                  const std::vector<QByteArray> &commands) override;
    void applyLeaderStart(Slot slot) override { m_applied = slot; }
    void applyNothing(Slot slot) override { m_applied = slot; }
    [[nodiscard]] Slot applied() const override { return m_applied; }
    [[nodiscard]] QByteArray query(const QByteArray &question) const override;
    [[nodiscard]] std::vector<engine::SessionView> sessions() const override { return m_sessions; }
    [[nodiscard]] QByteArray endSessionCommand(SessionId session, Slot tenure) const override;
    [[nodiscard]] bool isRepeatable(const QByteArray &command) const override;
    [[nodiscard]] Hash128 hash() const override;
    [[nodiscard]] std::vector<storage::Row> takeChanges() override;
    void reset() override;
    Result<void> restoreRow(const storage::Row &row) override;
    Result<void> finishRestore(Slot applied, Hash128 hash) override;

    void setSessions(std::vector<engine::SessionView> sessions)
    {
        m_sessions = std::move(sessions);
    }
    void setApplied(Slot slot) { m_applied = slot; }
    /// How many commands were carried out.
    [[nodiscard]] int count() const { return m_count; }

private:
    Slot m_applied;
    int m_count = 0;
    std::map<QByteArray, QByteArray> m_rows;
    std::map<QByteArray, QByteArray> m_changes;
    std::vector<engine::SessionView> m_sessions;
};

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
