// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "store/glob.h"

/// How the paths of one pattern lie to those of another. Pure.
namespace coffer::store {

/// True only if \a wide matches everything that \a narrow matches. May be false although it does:
/// where that takes too many steps to find out, or where only strings that are no paths differ.
[[nodiscard]] bool covers(const Glob &wide, const Glob &narrow);

/// False only if nothing matches both. Exact for byte strings, so it may be true where only
/// strings that are no paths match both.
[[nodiscard]] bool intersects(const Glob &left, const Glob &right);

} // namespace coffer::store
