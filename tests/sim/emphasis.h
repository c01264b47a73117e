// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/draw.h"
#include "sim/plan.h"

namespace coffer::sim {

/// Changes \a plan so that what \a emphasis is about happens often, and little else.
void emphasize(Plan &plan, Emphasis emphasis, Draw &draw);

} // namespace coffer::sim
