// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"

namespace coffer {

/// Time that moves when a test says so.
class HandClock final : public Clock
{
public:
    [[nodiscard]] Monotonic monotonic() const override { return now; }
    [[nodiscard]] WallMs wall() const override { return WallMs(0); }

    Monotonic now{0};
};

} // namespace coffer
