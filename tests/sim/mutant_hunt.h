// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/options.h"

namespace coffer::sim {

/// Looks for every mutant over seeds 1, 2, 3 ... until one of them breaks a property, and prints
/// how many each took. A finding counts only if the same seed is clean without the mutant.
///
/// Returns 0 when all were found, 1 when one survived or a seed is not clean.
[[nodiscard]] int huntMutants(const CommandLine &line);

} // namespace coffer::sim
