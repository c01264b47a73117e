// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/executor.h"
#include "sim/draw.h"
#include "sim/scheduler.h"
#include "sim/sim_disk.h"

#include <array>
#include <deque>
#include <functional>
#include <memory>

namespace coffer::sim {

/// The two disk threads of one process run. Work is done at the end of its time; what it answers
/// reaches the engine through \a post, in the process's own turn.
class SimExecutor final : public engine::Executor
{
public:
    using Post = std::function<void(std::function<void()>)>;
    /// The machine went down in the middle of some work.
    using Down = std::function<void()>;

    SimExecutor(Scheduler &world, Draw &draw, SimDisk &disk, Post post, Down down);
    ~SimExecutor() override;

    void run(engine::Lane lane, Work work, Done done) override;

    /// The process ends now. Of the work that is under way, perhaps a part is done first.
    void stop();

private:
    struct Job
    {
        Work work;
        Done done;
    };
    struct Queue
    {
        std::deque<Job> jobs;
        bool isRunning = false;
    };

    void startNext(engine::Lane lane);
    void finish(engine::Lane lane);
    [[nodiscard]] SimTime duration(engine::Lane lane);
    void doPart(Queue &queue);

    Scheduler &m_world;
    Draw &m_draw;
    SimDisk &m_disk;
    Post m_post;
    Down m_down;
    std::array<Queue, 2> m_queues;
    std::shared_ptr<bool> m_isAlive; ///< Shared with queued events, which may outlive the run.
};

} // namespace coffer::sim
