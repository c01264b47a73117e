// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/checkpoint.h"

namespace coffer::test {

/// For those whom the state itself does not concern.
[[nodiscard]] inline storage::CheckpointTrial acceptAll()
{
    return {[](const storage::Row &) -> Result<void> { return {}; },
            [](const storage::CheckpointHeader &) -> Result<void> { return {}; }};
}

} // namespace coffer::test
