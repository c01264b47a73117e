// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "base/random.h"

namespace coffer::node {

/// The clocks of this machine. Any thread.
class SystemClock final : public Clock
{
public:
    [[nodiscard]] Monotonic monotonic() const override;
    [[nodiscard]] WallMs wall() const override;
};

/// Chance seeded by the kernel. Any thread.
class SystemRandom final : public Random
{
public:
    std::uint64_t next() override;
};

} // namespace coffer::node
