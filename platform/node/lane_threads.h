// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/executor.h"

#include <QObject>

#include <array>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace coffer::node {

/// The engine's executor of a real node: one thread a lane.
///
/// What is done waits in a list, and the loop of the thread that made this is woken once for all
/// that is in it. Resource; run() and stop() belong to that thread.
class LaneThreads final : public QObject, public engine::Executor
{
    Q_DISABLE_COPY_MOVE(LaneThreads)

public:
    LaneThreads();
    ~LaneThreads() override;

    void run(engine::Lane lane, Work work, Done done) override;
    /// Waits for the work that is under way; what has not begun is forgotten, and no done is
    /// called any more. To be called before what the work needs ends.
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
        std::condition_variable hasJobs;
    };

    void work(Queue &queue);
    void handOver();
    bool event(QEvent *event) override;

    std::mutex m_mutex; ///< Of everything below but the threads.
    std::array<Queue, 2> m_queues;
    std::vector<std::pair<Done, Result<void>>> m_done;
    bool m_isEnding = false;
    std::vector<std::thread> m_threads;
};

} // namespace coffer::node
