// SPDX-License-Identifier: Apache-2.0
#include "node/lane_threads.h"

#include <QCoreApplication>
#include <QEvent>

#include <sys/resource.h>
#include <unistd.h>
#include <utility>

namespace coffer::node {

/// "Something is done": at most one of these waits in the loop.
static QEvent::Type doneEvent()
{
    static const int type = QEvent::registerEventType();
    return QEvent::Type(type);
}

/// Nobody waits for a checkpoint, but writes wait for the loop and the journal: where there are
/// too few processors, a commit would hold them up for as long as the scheduler lets a thread run.
static void yieldToOthers()
{
    static constexpr int niceness = 5; // a third of their share, so that it keeps up under any load
    static_cast<void>(::setpriority(PRIO_PROCESS, id_t(::gettid()), niceness));
}

LaneThreads::LaneThreads()
{
    for (Queue &queue : m_queues) {
        const bool isPatient = &queue == &m_queues[std::size_t(engine::Lane::checkpoint)];
        m_threads.emplace_back([this, &queue, isPatient] {
            if (isPatient)
                yieldToOthers();
            work(queue);
        });
    }
}

LaneThreads::~LaneThreads() { stop(); }

void LaneThreads::stop()
{
    {
        const std::lock_guard lock(m_mutex);
        m_isEnding = true;
    }
    for (Queue &queue : m_queues)
        queue.hasJobs.notify_one();
    for (std::thread &thread : m_threads)
        thread.join();
    m_threads.clear();
    for (Queue &queue : m_queues)
        queue.jobs.clear();
    m_done.clear();
}

void LaneThreads::run(engine::Lane lane, Work work, Done done)
{
    Queue &queue = m_queues[std::size_t(lane)];
    {
        const std::lock_guard lock(m_mutex);
        if (m_isEnding)
            return;
        queue.jobs.push_back({std::move(work), std::move(done)});
    }
    queue.hasJobs.notify_one();
}

void LaneThreads::work(Queue &queue)
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
        job.work = {}; // what it holds ends here, not on the loop's thread
        lock.lock();
        m_done.emplace_back(std::move(job.done), std::move(result));
        const bool isFirst = m_done.size() == 1;
        if (!isFirst)
            continue;
        lock.unlock();
        QCoreApplication::postEvent(this, new QEvent(doneEvent()));
        lock.lock();
    }
}

bool LaneThreads::event(QEvent *event)
{
    if (event->type() != doneEvent())
        return QObject::event(event);
    handOver();
    return true;
}

void LaneThreads::handOver()
{
    std::unique_lock lock(m_mutex);
    auto finished = std::exchange(m_done, {});
    lock.unlock();
    for (const auto &[done, result] : finished)
        done(result);
}

} // namespace coffer::node
