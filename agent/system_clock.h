// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"

namespace coffer::agent {

/// The clocks of this machine.
class SystemClock final : public Clock
{
public:
    [[nodiscard]] Monotonic monotonic() const override
    {
        return std::chrono::duration_cast<Monotonic>(
            std::chrono::steady_clock::now().time_since_epoch());
    }
    [[nodiscard]] WallMs wall() const override
    {
        return std::chrono::duration_cast<WallMs>(
            std::chrono::system_clock::now().time_since_epoch());
    }
};

} // namespace coffer::agent
