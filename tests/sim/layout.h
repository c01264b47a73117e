// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/checkpoint_layout.h"

namespace coffer::sim {

/// The tables of the store.
[[nodiscard]] inline storage::CheckpointLayout checkpointLayout()
{
    storage::CheckpointLayout layout;
    layout.tables = {{1, "files"}, {2, "sessions"}, {3, "outcomes"}, {4, "meta"}};
    return layout;
}

} // namespace coffer::sim
