// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/random.h"
#include "sim/scheduler.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

namespace coffer::sim {

/// Everything that is left to chance, from one seed. Each part of the simulator has its own, so
/// that one more draw in one part does not change what the others draw.
class Draw
{
public:
    Draw(std::uint64_t seed, std::uint64_t part) : m_random(seed * 0x9e3779b97f4a7c15ULL + part)
    {
        m_random.next();
    }

    [[nodiscard]] std::uint64_t bits() { return m_random.next(); }
    /// True \a permille times of a thousand.
    [[nodiscard]] bool chance(int permille)
    {
        return permille > 0 && m_random.below(1000) < std::uint64_t(permille);
    }
    /// A uniform number from \a low to \a high, both included.
    [[nodiscard]] std::int64_t between(std::int64_t low, std::int64_t high)
    {
        return low + std::int64_t(m_random.below(std::uint64_t(high - low) + 1));
    }
    /// A number from \a low (above 0) to \a high, each order of magnitude (of two) as likely as
    /// the others.
    [[nodiscard]] std::int64_t scaled(std::int64_t low, std::int64_t high)
    {
        const auto from = std::uint64_t(std::max<std::int64_t>(low, 1));
        const auto to = std::max(std::uint64_t(high), from);
        const int shift = int(between(0, std::bit_width(to / from) - 1));
        const std::uint64_t bottom = from << shift;
        return between(std::int64_t(bottom), std::int64_t(std::min(to, bottom * 2)));
    }
    /// A time, drawn as scaled().
    [[nodiscard]] SimTime time(SimTime low, SimTime high)
    {
        return SimTime(scaled(low.count(), high.count()));
    }
    /// An index below \a size, which is not 0.
    [[nodiscard]] std::size_t index(std::size_t size) { return m_random.below(size); }
    template<class T>
    [[nodiscard]] const T &of(const std::vector<T> &values)
    {
        return values[index(values.size())];
    }
    template<class T>
    void shuffle(std::vector<T> &values)
    {
        for (std::size_t i = values.size(); i > 1; --i)
            std::swap(values[i - 1], values[index(i)]);
    }

private:
    SeededRandom m_random;
};

} // namespace coffer::sim
