// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace coffer {

/// Where chance comes from. The simulator's implementation is seeded.
class Random
{
public:
    virtual ~Random() = default;
    /// 64 uniform bits.
    virtual std::uint64_t next() = 0;
    /// A uniform number in [0, bound); 0 when bound is 0.
    std::uint64_t below(std::uint64_t bound) { return bound == 0 ? 0 : next() % bound; }
};

/// SplitMix64 (Steele, Lea, Flood 2014): small, seeded, the same on every machine.
class SeededRandom final : public Random
{
public:
    explicit SeededRandom(std::uint64_t seed) : m_state(seed) {}

    std::uint64_t next() override
    {
        m_state += 0x9e3779b97f4a7c15ULL;
        std::uint64_t z = m_state;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        return z ^ (z >> 31);
    }

private:
    std::uint64_t m_state;
};

} // namespace coffer
