// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/options.h"
#include "bench/report.h"

/// The parts of bench_watch.
namespace coffer::bench {

/// Nanoseconds to compare one path with one glob.
void benchGlob(const Options &options, Report &report);
/// Nanoseconds that waiting watches cost a write, and that an event costs its watcher.
void benchWatches(const Options &options, Report &report);

} // namespace coffer::bench
