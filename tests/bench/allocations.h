// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace coffer::bench {

/// What malloc and its kin gave out since the program began: operator new, Qt's
/// arrays and protobuf all end there. Any thread, but counted for one.
struct Allocations
{
    std::uint64_t count = 0; ///< Calls of malloc, calloc, realloc and the aligned ones.
    std::uint64_t bytes = 0; ///< Asked for.
};

/// Zero for ever where malloc cannot be counted: not glibc, or under a
/// sanitizer.
[[nodiscard]] Allocations allocationsSoFar();

} // namespace coffer::bench
