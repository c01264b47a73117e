// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "consensus/entry.h"
#include "engine/state_machine.h"

namespace coffer::engine {

/// Applies the entry of the slot behind StateMachine::applied(); the answers of its commands. The
/// one place that says what an entry does to the state.
[[nodiscard]] std::vector<QByteArray> applyEntry(StateMachine &machine, Slot slot,
                                                 const consensus::Entry &entry);

} // namespace coffer::engine
