// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

namespace coffer::cli {

/// What `coffer` ends with. Documented in --help; never renumbered.
enum Exit {
    ok = 0,
    failure = 1,
    usage = 2,          ///< The command line is wrong; nothing was asked of anybody.
    notFound = 3,       ///< The named thing does not exist.
    conflict = 4,       ///< It is not as it was expected to be; nothing was done.
    unavailable = 5,    ///< No node, no leader, no answer in time; certainly not done.
    denied = 6,         ///< This caller may not.
    unknownOutcome = 7, ///< The write may have been done or not.
};

[[nodiscard]] constexpr Exit exitOf(ErrorCode code)
{
    switch (code) {
    case ErrorCode::notFound: return notFound;
    case ErrorCode::conflict:
    case ErrorCode::compacted: return conflict;
    case ErrorCode::unavailable: return unavailable;
    case ErrorCode::denied:
    case ErrorCode::unauthenticated: return denied;
    case ErrorCode::unknown: return unknownOutcome;
    case ErrorCode::invalid: return usage;
    default: return failure;
    }
}

} // namespace coffer::cli
