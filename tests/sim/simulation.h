// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/hash128.h"
#include "sim/counts.h"
#include "sim/finding.h"
#include "sim/plan.h"

#include <optional>

namespace coffer::sim {

struct RunOptions
{
    std::uint64_t seed = 1;
    std::bitset<faultKinds> off;      ///< Kinds that must not happen.
    std::optional<SimTime> duration;  ///< Of the faults; drawn if empty.
    std::optional<Emphasis> emphasis; ///< Drawn if empty.
    bool isTracing = false;
};

struct RunResult
{
    std::optional<Finding> finding;
    Counts counts;
    std::uint64_t steps = 0;
    SimTime time{0};  ///< Simulated.
    Hash128 hash;     ///< Of all that happened: equal for equal seeds.
    QString timeline; ///< The last events; only with a finding.
    QByteArray history;
};

/// One cluster, from its founding through its faults to its recovery. Depends on nothing but
/// \a options.
[[nodiscard]] RunResult runSimulation(const RunOptions &options);

} // namespace coffer::sim
