// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/simulation.h"

namespace coffer::sim {

/// A run of the same seed that breaks the same property with fewer kinds of faults and, where
/// possible, in less time. Tries each kind once; \a options must fail.
[[nodiscard]] RunOptions shrunk(const RunOptions &options, const RunResult &failed);

} // namespace coffer::sim
