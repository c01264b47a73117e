// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/options.h"
#include "bench/report.h"

/// The parts of bench_core: each measures the cases that are wanted and reports
/// them.
namespace coffer::bench {

/// Commands a second through three engines, with what a command costs in frames
/// and allocations.
void benchCommands(const Options &options, Report &report);
/// The codec: nanoseconds to encode and decode one frame.
void benchMessages(const Options &options, Report &report);
/// Replica::step: nanoseconds an event.
void benchSteps(const Options &options, Report &report);
/// The store alone: nanoseconds to apply one put.
void benchApply(const Options &options, Report &report);
/// Linearizable reads a second through three engines.
void benchReads(const Options &options, Report &report);
/// Virtual time from the leader's crash to the next write that is done.
void benchElections(const Options &options, Report &report);

} // namespace coffer::bench
