// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/random.h"
#include "engine/engine.h"
#include "engine/store_machine.h"
#include "storage/file_journal.h"
#include "storage/posix_file_system.h"
#include "storage/sqlite_checkpoint.h"

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace coffer::bench {

/// One thread a lane, as in a node program. What is done waits until somebody takes it.
class ThreadExecutor final : public engine::Executor
{
public:
    ThreadExecutor();
    ~ThreadExecutor() override;

    void run(engine::Lane lane, Work work, Done done) override;
    /// Waits for something to be done, \a atMost at most, and calls the done of all of it.
    void handle(Monotonic atMost);

private:
    struct Job
    {
        Work work;
        Done done;
    };
    struct Queue
    {
        std::deque<Job> jobs;
        std::condition_variable hasJobs;
    };
    void work(Queue &queue);

    std::mutex m_mutex;
    std::condition_variable m_hasDone;
    std::deque<std::pair<Done, Result<void>>> m_done;
    bool m_isEnding = false;
    Queue m_queues[2];
    std::vector<std::thread> m_threads;
};

/// The store, noting how long a start spends where.
class TimedMachine final : public engine::StoreMachine
{
public:
    using Time = std::chrono::steady_clock::time_point;

    void reset() override;
    Result<void> restoreRow(const storage::Row &row) override;
    Result<void> finishRestore(Slot applied, Hash128 hash) override;

    Time resetAt = {};    ///< The journal was read.
    Time loadedAt = {};   ///< The checkpoint was read, and its rows were taken one by one.
    Time finishedAt = {}; ///< They are a state.
    std::chrono::nanoseconds inRows{0};
};

/// A cluster of one on real files: what a node program would be, without sockets. Ends the program
/// if anything fails. One thread besides the executor's.
class Solo final : public engine::Transport
{
public:
    /// \a run: 1 makes the directory, each higher number is a restart.
    Solo(const QString &directory, std::uint64_t run, engine::Options options);

    /// Until it leads and serves.
    void start();
    /// Turns of the loop until \a isDone.
    void runUntil(const std::function<bool()> &isDone);

    [[nodiscard]] engine::Engine &engine() { return *m_engine; }
    [[nodiscard]] const TimedMachine &machine() const { return m_machine; }

    void send(NodeId, const QByteArray &) override {}
    void sendToAddress(const QString &, const QByteArray &) override {}

private:
    class RealClock final : public Clock
    {
    public:
        [[nodiscard]] Monotonic monotonic() const override;
        [[nodiscard]] WallMs wall() const override;
    };

    RealClock m_clock;
    SeededRandom m_random;
    std::unique_ptr<storage::PosixFileSystem> m_files;
    std::unique_ptr<storage::FileJournal> m_journal;
    storage::SqliteCheckpoint m_checkpoint;
    TimedMachine m_machine;
    std::unique_ptr<engine::Engine> m_engine;
    ThreadExecutor m_executor; ///< Ends before all that its work needs.
};

} // namespace coffer::bench
