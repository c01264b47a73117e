// SPDX-License-Identifier: Apache-2.0
#include "sim/shrink.h"

namespace coffer::sim {

using namespace std::chrono_literals;

static bool failsAlike(const RunOptions &options, const Finding &finding, SimTime *time)
{
    const RunResult result = runSimulation(options);
    if (!result.finding || result.finding->property != finding.property)
        return false;
    *time = result.time;
    return true;
}

RunOptions shrunk(const RunOptions &options, const RunResult &failed)
{
    RunOptions best = options;
    best.isTracing = false;
    SimTime time = failed.time;
    const Plan plan = makePlan(options.seed, options.off, options.duration, options.emphasis);
    // What the plan does not have need not be named.
    for (std::size_t i = 0; i < faultKinds; ++i) {
        if (!plan.faults.test(i))
            continue;
        RunOptions fewer = best;
        fewer.off.set(i);
        if (failsAlike(fewer, *failed.finding, &time))
            best = fewer;
    }
    // Liveness is judged after the faults: there, half the time may do.
    for (SimTime shorter = plan.duration / 2; shorter >= 1s; shorter /= 2) {
        RunOptions less = best;
        less.duration = std::chrono::floor<std::chrono::seconds>(shorter);
        if (!failsAlike(less, *failed.finding, &time))
            break;
        best = less;
    }
    return best;
}

} // namespace coffer::sim
