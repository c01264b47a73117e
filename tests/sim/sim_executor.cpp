// SPDX-License-Identifier: Apache-2.0
#include "sim/sim_executor.h"

#include "sim/finding.h"

#include <utility>

namespace coffer::sim {

SimExecutor::SimExecutor(Scheduler &world, Draw &draw, SimDisk &disk, Post post, Down down)
    : m_world(world)
    , m_draw(draw)
    , m_disk(disk)
    , m_post(std::move(post))
    , m_down(std::move(down))
    , m_isAlive(std::make_shared<bool>(true))
{}

SimExecutor::~SimExecutor() { *m_isAlive = false; }

void SimExecutor::run(engine::Lane lane, Work work, Done done)
{
    Queue &queue = m_queues[std::size_t(lane)];
    queue.jobs.push_back({std::move(work), std::move(done)});
    if (!queue.isRunning)
        startNext(lane);
}

SimTime SimExecutor::duration(engine::Lane lane)
{
    if (m_draw.chance(m_disk.slowPermille)) {
        const SimTime time = m_draw.time(m_disk.syncMax, m_disk.slowMax);
        m_disk.setSlowUntil(m_world.now() + time);
        return time;
    }
    const SimTime time(m_draw.between(m_disk.syncMin.count(), m_disk.syncMax.count()));
    return lane == engine::Lane::checkpoint ? time * 4 : time;
}

void SimExecutor::startNext(engine::Lane lane)
{
    Queue &queue = m_queues[std::size_t(lane)];
    queue.isRunning = !queue.jobs.empty();
    if (!queue.isRunning)
        return;
    m_world.after(duration(lane), [this, lane, isAlive = m_isAlive] {
        if (*isAlive)
            finish(lane);
    });
}

void SimExecutor::finish(engine::Lane lane)
{
    Queue &queue = m_queues[std::size_t(lane)];
    Job job = std::move(queue.jobs.front());
    queue.jobs.pop_front();
    try {
        const Result<void> result = job.work();
        m_post([done = std::move(job.done), result] { done(result); });
    } catch (const MachineDown &) {
        m_down();
        return;
    }
    startNext(lane);
}

void SimExecutor::stop()
{
    if (!*m_isAlive)
        return;
    *m_isAlive = false;
    for (Queue &queue : m_queues) {
        if (queue.isRunning && !queue.jobs.empty() && m_draw.chance(500))
            doPart(queue);
        queue.jobs.clear();
    }
}

/// Runs the work under way up to one of its steps.
void SimExecutor::doPart(Queue &queue)
{
    m_disk.setTrap({.call = {}, .skip = m_draw.index(4), .error = {}});
    try {
        const Result<void> ignored = queue.jobs.front().work();
        static_cast<void>(ignored);
    } catch (const MachineDown &) {
        // As wanted: what comes after this step was not done.
    }
    m_disk.clearTrap();
}

} // namespace coffer::sim
