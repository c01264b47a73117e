// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>

#include <cstdint>
#include <limits>

namespace coffer::cli {

/// The largest revision, session or count that a call can carry.
inline constexpr auto wholeNumberMax = std::uint64_t(std::numeric_limits<std::int64_t>::max());

/// The check of an option that is one of those: without it, a number that is too large would become
/// another one. Its fault names the option and the range.
[[nodiscard]] inline CLI::Range wholeNumber(std::uint64_t from = 0)
{
    return {from, wholeNumberMax};
}

} // namespace coffer::cli
