// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/random.h"
#include "engine/executor.h"
#include "testkit/virtual_loop.h"

#include <map>
#include <memory>

namespace coffer::testkit {

/// Does the work of a disk after 0.1 to 0.5 ms of virtual time, in order in each lane. What waits
/// when it is destroyed is never done: the process is gone. One thread.
class SlowDisk final : public engine::Executor
{
    Q_DISABLE_COPY_MOVE(SlowDisk)

public:
    SlowDisk(VirtualLoop &loop, std::uint64_t seed) : m_loop(loop), m_random(seed) {}
    ~SlowDisk() override = default;

    void run(engine::Lane lane, Work work, Done done) override;
    [[nodiscard]] std::size_t pending() const { return *m_pending; }

private:
    VirtualLoop &m_loop;
    SeededRandom m_random;
    std::map<engine::Lane, Monotonic> m_freeAt;
    /// Shared with the work that waits, which so sees that the disk is gone.
    std::shared_ptr<std::size_t> m_pending = std::make_shared<std::size_t>(0);
};

} // namespace coffer::testkit
