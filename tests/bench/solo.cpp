// SPDX-License-Identifier: Apache-2.0
#include "bench/solo.h"

#include "engine/store_layout.h"

#include <QDir>

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace coffer::bench {

static const NodeId self(7);

[[noreturn]] static void die(const Error &error)
{
    std::fprintf(stderr, "bench: %s\n", qUtf8Printable(error.message));
    std::_Exit(1); // The executor's threads may be at work.
}

// ---- executor

ThreadExecutor::ThreadExecutor()
{
    for (Queue &queue : m_queues)
        m_threads.emplace_back([this, &queue] { work(queue); });
}

ThreadExecutor::~ThreadExecutor()
{
    {
        const std::lock_guard lock(m_mutex);
        m_isEnding = true;
    }
    for (Queue &queue : m_queues)
        queue.hasJobs.notify_one();
    for (std::thread &thread : m_threads)
        thread.join();
}

void ThreadExecutor::run(engine::Lane lane, Work work, Done done)
{
    Queue &queue = m_queues[std::size_t(lane)];
    const std::lock_guard lock(m_mutex);
    queue.jobs.push_back({std::move(work), std::move(done)});
    queue.hasJobs.notify_one();
}

void ThreadExecutor::work(Queue &queue)
{
    std::unique_lock lock(m_mutex);
    for (;;) {
        queue.hasJobs.wait(lock, [&] { return m_isEnding || !queue.jobs.empty(); });
        if (m_isEnding)
            return;
        Job job = std::move(queue.jobs.front());
        queue.jobs.pop_front();
        lock.unlock();
        Result<void> result = job.work();
        job.work = {};
        lock.lock();
        m_done.emplace_back(std::move(job.done), std::move(result));
        m_hasDone.notify_one();
    }
}

void ThreadExecutor::handle(Monotonic atMost)
{
    std::unique_lock lock(m_mutex);
    if (atMost > Monotonic(0))
        m_hasDone.wait_for(lock, atMost, [this] { return !m_done.empty(); });
    auto finished = std::exchange(m_done, {});
    lock.unlock();
    for (const auto &[done, result] : finished)
        done(result);
}

// ---- machine

void TimedMachine::reset()
{
    StoreMachine::reset();
    resetAt = std::chrono::steady_clock::now();
    inRows = {};
}

Result<void> TimedMachine::restoreRow(const storage::Row &row)
{
    const Time begin = std::chrono::steady_clock::now();
    Result<void> restored = StoreMachine::restoreRow(row);
    inRows += std::chrono::steady_clock::now() - begin;
    return restored;
}

Result<void> TimedMachine::finishRestore(Slot applied, Hash128 hash)
{
    loadedAt = std::chrono::steady_clock::now();
    Result<void> finished = StoreMachine::finishRestore(applied, hash);
    finishedAt = std::chrono::steady_clock::now();
    return finished;
}

// ---- node

Monotonic Solo::RealClock::monotonic() const
{
    return std::chrono::duration_cast<Monotonic>(
        std::chrono::steady_clock::now().time_since_epoch());
}

WallMs Solo::RealClock::wall() const
{
    return std::chrono::duration_cast<WallMs>(std::chrono::system_clock::now().time_since_epoch());
}

static QString journalOf(const QString &directory)
{
    const QString journal = QDir(directory).absoluteFilePath(QStringLiteral("journal"));
    if (!QDir().mkpath(journal))
        die({ErrorCode::io, QStringLiteral("cannot make %1").arg(journal)});
    return journal;
}

Solo::Solo(const QString &directory, std::uint64_t run, engine::Options options)
    : m_random(run), m_checkpoint({QDir(directory).absolutePath(), engine::storeLayout()})
{
    auto files = storage::PosixFileSystem::open(journalOf(directory));
    if (!files)
        die(files.error());
    m_files = std::move(*files);
    storage::FileJournal::Options journal;
    journal.owner.node = self;
    m_journal = std::make_unique<storage::FileJournal>(*m_files, journal);
    options.self = self;
    options.run = RunId(run);
    options.address = QStringLiteral("solo:1");
    m_engine = std::make_unique<engine::Engine>(
        options,
        engine::Parts{m_clock, m_random, *this, *m_journal, m_checkpoint, m_executor, m_machine},
        [](const Error &error) { die(error); });
}

void Solo::start()
{
    if (const Result<void> started = m_engine->start(); !started)
        die(started.error());
    runUntil([this] { return m_engine->status().isLeading; });
}

void Solo::runUntil(const std::function<bool()> &isDone)
{
    while (!isDone()) {
        m_engine->flush();
        m_executor.handle(m_engine->nextWake() - m_clock.monotonic());
        if (m_clock.monotonic() >= m_engine->nextWake())
            m_engine->tick();
    }
}

} // namespace coffer::bench
