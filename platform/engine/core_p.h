// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/bootstrap.h"
#include "engine/checkpointer.h"
#include "engine/engine.h"
#include "engine/host_p.h"
#include "engine/journal_writer.h"
#include "engine/leader_desk.h"
#include "engine/read_queue.h"
#include "engine/requests.h"
#include "engine/state_reports.h"

#include <map>
#include <memory>
#include <optional>

namespace coffer::engine {

/// The parts of an engine, joined. Every effect of consensus passes through step(), in the order
/// that consensus states.
class Engine::Core final : public Host
{
public:
    Core(Options options, Parts parts, Fatal fatal);

    Result<void> start();
    [[nodiscard]] Result<Salvage> salvage();
    void receive(const QByteArray &bytes);
    void peerLost(NodeId peer);
    void tick();
    [[nodiscard]] Monotonic nextWake() const;
    void flush();

    void submit(const QByteArray &command, Done done, std::optional<Monotonic> until);
    void read(ReadMode mode, Slot seen, const QByteArray &question, Done done);
    void ask(Request request, Done done);
    void exportCheckpoint(Slot slot, Exported done)
    {
        m_checkpointer.exportFrom(slot, std::move(done));
    }
    [[nodiscard]] Status status() const;
    void setAppliedHook(AppliedHook hook) { m_appliedHook = std::move(hook); }

    [[nodiscard]] const Options &options() const override { return m_options; }
    [[nodiscard]] const Parts &parts() const override { return m_parts; }
    [[nodiscard]] Monotonic now() const override { return m_parts.clock.monotonic(); }
    [[nodiscard]] ClusterId cluster() const override;
    [[nodiscard]] consensus::Replica *replica() override { return m_replica.get(); }
    [[nodiscard]] RunId runOf(NodeId node) const override;
    [[nodiscard]] std::uint32_t versionOf(NodeId node) const override
    {
        return m_reports.versionOf(node);
    }
    [[nodiscard]] bool isDisputed() const override { return m_reports.isDisputed(); }
    [[nodiscard]] bool isFenced(NodeId node) const override { return m_reports.isFenced(node); }
    void send(NodeId to, EngineMessage message) override;
    void send(NodeId to, consensus::Message message) override;
    void sendToAddress(const QString &address, EngineMessage message) override;
    void step(const consensus::Event &event) override;
    void run(Lane lane, Executor::Work work, Executor::Done done) override;
    void finish(Done done, Result<Answer> result) override;
    void fail(const Error &error) override;

private:
    struct Stored
    {
        std::vector<storage::JournalRecord> records;
        std::optional<Founding> founding;
        consensus::Configuration configuration;
        Slot base;
    };

    Result<Stored> readJournal();
    Result<void> readCheckpoint(Stored &stored);
    [[nodiscard]] Result<Stored> readDisk();
    Result<void> replay(const Stored &stored);
    void makeReplica(const consensus::Configuration &configuration, Slot base);
    void belongTo(const Founding &founding);
    [[nodiscard]] std::vector<storage::JournalRecord> liveRecords() const;

    void receiveFrame(const PeerFrame &frame);
    void receiveEngine(const PeerFrame &frame, const EngineMessage &message);
    void carryOut(consensus::Effects effects);
    void apply(const consensus::ChosenEntry &chosen);
    void deliver();
    void fenceDiverged(Slot slot);
    [[nodiscard]] PeerFrame frame(NodeId to) const;
    [[nodiscard]] consensus::Moment moment() const;

    Options m_options;
    Parts m_parts;
    Fatal m_fatal;
    AppliedHook m_appliedHook;
    bool m_isFailed = false;
    bool m_isMute = false;      ///< The own state is wrong: nothing is said or served any more.
    std::optional<Error> m_end; ///< While mute: why, and when it ends at the latest.
    Monotonic m_endAt{0};
    std::uint64_t m_framesRefused = 0;
    Monotonic m_tickAt{0}; ///< The latest moment of the next tick.

    std::unique_ptr<consensus::Replica> m_replica;
    std::optional<storage::JournalRecord> m_fenced; ///< As in the journal; its payload says why.
    /// In force for the slot behind the applied one; consensus may be further.
    consensus::Configuration m_appliedConfiguration;
    std::map<NodeId, RunId> m_runs;
    std::vector<Reply> m_localReplies; ///< Of the own leader's desk, for the end of this turn.
    std::vector<std::pair<Done, Result<Answer>>> m_finished;

    JournalWriter m_writer;
    Bootstrap m_bootstrap;
    Checkpointer m_checkpointer;
    Requests m_requests;
    LeaderDesk m_desk;
    ReadQueue m_reads;
    StateReports m_reports;
};

} // namespace coffer::engine
