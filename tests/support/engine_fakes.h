// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/engine.h"
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
    [[nodiscard]] SessionsMark sessionsMark() const override
    {
        return {SessionId(m_timesSet), m_sessions.size()};
    }
    [[nodiscard]] std::vector<engine::SessionView> sessions() const override { return m_sessions; }
    [[nodiscard]] std::optional<std::chrono::milliseconds>
    timeToLiveOf(SessionId session) const override;
    [[nodiscard]] QByteArray endSessionCommand(SessionId session, Slot tenure) const override;
    [[nodiscard]] bool isRepeatable(const QByteArray &command) const override;
    [[nodiscard]] std::optional<QByteArray> upkeepCommand() const override { return upkeep; }
    [[nodiscard]] std::uint32_t versionMax() const override { return version; }
    /// "raise N"
    [[nodiscard]] std::optional<std::uint32_t>
    raisedVersion(const QByteArray &command) const override;
    [[nodiscard]] bool needsNewerBuild() const override { return m_needsNewerBuild; }
    [[nodiscard]] Hash128 hash() const override;

    std::optional<QByteArray> upkeep;
    std::uint32_t version = 1;
    [[nodiscard]] std::vector<storage::Row> takeChanges() override;
    void reset() override;
    Result<void> restoreRow(const storage::Row &row) override;
    Result<void> finishRestore(Slot applied, Hash128 hash) override;
    [[nodiscard]] std::unique_ptr<engine::StateMachine> makeEmpty() const override
    {
        return std::make_unique<RowMachine>();
    }
    void swapState(engine::StateMachine &other) override;

    void setSessions(std::vector<engine::SessionView> sessions)
    {
        m_sessions = std::move(sessions);
        ++m_timesSet;
    }
    void setApplied(Slot slot) { m_applied = slot; }
    /// A bit of the memory flips: from now on the state is not that of the others.
    void corrupt() { m_rows["corrupt"] = "yes"; }
    /// How many commands were carried out.
    [[nodiscard]] int count() const { return m_count; }

private:
    Slot m_applied;
    bool m_needsNewerBuild = false;
    int m_count = 0;
    std::map<QByteArray, QByteArray> m_rows;
    std::map<QByteArray, QByteArray> m_changes;
    std::vector<engine::SessionView> m_sessions;
    std::uint64_t m_timesSet = 0;
};

} // namespace coffer::test
