// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "node/host.h"
#include "node/system.h"
#include "storage/memory_checkpoint.h"
#include "storage/memory_journal.h"

#include <QObject>

#include <vector>

namespace coffer::test {

/// A node that is a cluster of one, on a disk in memory, in the event loop of the test.
class SoloNode
{
public:
    explicit SoloNode(store::WatchesOptions watches = {}, std::uint64_t seed = 1);
    ~SoloNode();
    SoloNode(const SoloNode &) = delete;
    SoloNode &operator=(const SoloNode &) = delete;

    /// Runs the event loop until it serves; false if it does not within ten seconds.
    [[nodiscard]] bool waitUntilServing();
    [[nodiscard]] node::Host &host() { return m_host; }
    [[nodiscard]] storage::MemoryDisk &disk() { return m_disk; }
    [[nodiscard]] const std::vector<Error> &failures() const { return m_failures; }

private:
    /// Does the work in a later round of the loop.
    class LoopExecutor final : public QObject, public engine::Executor
    {
    public:
        void run(engine::Lane lane, Work work, Done done) override;
    };

    node::SystemClock m_clock;
    SeededRandom m_random;
    node::NoLink m_link;
    storage::MemoryDisk m_disk;
    storage::MemoryJournal m_journal{m_disk};
    storage::MemoryCheckpoint m_checkpoint{m_disk};
    LoopExecutor m_executor;
    std::vector<Error> m_failures;
    node::Host m_host;
};

} // namespace coffer::test
