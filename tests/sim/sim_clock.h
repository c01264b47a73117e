// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "sim/scheduler.h"

namespace coffer::sim {

/// The clocks of one machine: a monotonic one that may run too fast or too slow, and a wall clock
/// that may also jump. Neither starts where another machine's starts.
class SimClock final : public Clock
{
public:
    /// \a world must outlive the clock. \a origin is what the monotonic clock shows at first.
    SimClock(const Scheduler &world, Monotonic origin) : m_world(world), m_shown(origin) {}

    [[nodiscard]] Monotonic monotonic() const override
    {
        const auto passed = (m_world.now() - m_since).count();
        return m_shown + Monotonic(passed + passed * m_driftPpm / 1'000'000);
    }
    [[nodiscard]] WallMs wall() const override
    {
        return epoch + m_wallOffset + std::chrono::duration_cast<WallMs>(monotonic() - m_wallBase);
    }

    /// From now on the clocks gain \a ppm microseconds a second; negative: they lose.
    void setDrift(std::int64_t ppm)
    {
        m_shown = monotonic();
        m_since = m_world.now();
        m_driftPpm = ppm;
    }
    void jumpWall(WallMs by) { m_wallOffset += by; }
    /// The operator sets the wall clock right.
    void correctWall()
    {
        m_wallBase = monotonic();
        m_wallOffset = std::chrono::duration_cast<WallMs>(m_world.now());
    }
    /// The true time at which monotonic() will show \a local, if the drift stays as it is.
    [[nodiscard]] SimTime trueTime(Monotonic local) const
    {
        const auto left = (local - monotonic()).count();
        if (left <= 0)
            return m_world.now();
        if (left > farAway)
            return m_world.now() + SimTime(farAway);
        return m_world.now() + SimTime(left * 1'000'000 / (1'000'000 + m_driftPpm) + 1);
    }

private:
    static constexpr WallMs epoch{1'700'000'000'000};
    static constexpr std::int64_t farAway = std::int64_t(24) * 3600 * 1'000'000;

    const Scheduler &m_world;
    Monotonic m_shown;
    SimTime m_since{0};
    Monotonic m_wallBase{m_shown};
    WallMs m_wallOffset{0};
    std::int64_t m_driftPpm = 0;
};

} // namespace coffer::sim
