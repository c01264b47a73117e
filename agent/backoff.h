// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/random.h"

#include <algorithm>
#include <chrono>

namespace coffer::agent {

/// Growing pauses with full jitter: any time up to a bound that doubles with each failure, so that
/// a fleet that lost its nodes at once does not come back at once. Value.
class Backoff
{
public:
    Backoff(std::chrono::milliseconds first, std::chrono::milliseconds longest)
        : m_first(first), m_longest(longest)
    {}

    /// The pause after one more failure; at least a tenth of `first`.
    [[nodiscard]] std::chrono::milliseconds next(Random &random)
    {
        const auto bound = std::min(m_longest, m_first * (std::int64_t(1) << m_failures));
        if (m_failures < doublingsMax)
            ++m_failures;
        return m_first / 10 + std::chrono::milliseconds(random.below(bound.count() + 1));
    }
    void reset() { m_failures = 0; }

private:
    static constexpr int doublingsMax = 20;

    std::chrono::milliseconds m_first;
    std::chrono::milliseconds m_longest;
    int m_failures = 0;
};

} // namespace coffer::agent
