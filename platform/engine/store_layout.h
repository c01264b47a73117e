// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/checkpoint_layout.h"

namespace coffer::engine {

/// How the rows of the store appear in a checkpoint file: its tables, and views that decode the
/// numbers in their keys and values. Part of the format: docs/formats/checkpoint.md.
[[nodiscard]] storage::CheckpointLayout storeLayout();

} // namespace coffer::engine
