// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

namespace coffer {

/// Time that never goes back, from an arbitrary origin that differs from run to run.
using Monotonic = std::chrono::microseconds;
/// Milliseconds since 1970 as this machine believes; may jump either way at any moment.
using WallMs = std::chrono::milliseconds;

/// Where time comes from. The simulator's implementation is virtual.
class Clock
{
public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual Monotonic monotonic() const = 0;
    [[nodiscard]] virtual WallMs wall() const = 0;
};

} // namespace coffer
