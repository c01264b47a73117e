// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/options.h"

namespace coffer::sim {

/// Runs seed after seed as \a line says, prints what was done and what was found. Returns the
/// exit code: 0 without a finding, 1 with one, 2 if \a line makes no sense.
[[nodiscard]] int runCampaign(const CommandLine &line);

} // namespace coffer::sim
