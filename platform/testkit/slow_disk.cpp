// SPDX-License-Identifier: Apache-2.0
#include "testkit/slow_disk.h"

#include <utility>

namespace coffer::testkit {

static constexpr Monotonic workMin{100};
static constexpr std::uint64_t workSpread = 400;

void SlowDisk::run(engine::Lane lane, Work work, Done done)
{
    const Monotonic now = m_loop.monotonic();
    Monotonic &freeAt = m_freeAt[lane];
    freeAt = std::max(freeAt, now) + workMin + Monotonic(m_random.below(workSpread));
    ++*m_pending;
    m_loop.after(freeAt - now, [alive = std::weak_ptr(m_pending), work = std::move(work),
                                done = std::move(done)] {
        const std::shared_ptr<std::size_t> pending = alive.lock();
        if (!pending)
            return;
        --*pending;
        done(work());
    });
}

} // namespace coffer::testkit
