// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace coffer {

/// What happens when an invariant does not hold. Must not return normally to the broken code: it
/// throws or ends the process.
using CheckHandler = void (*)(std::string_view file, int line, std::string_view what);

/// Replaces the handler of this thread and returns the one before; nullptr restores the default,
/// which prints the place and aborts. Used by tests and the simulator, which throw instead.
CheckHandler setCheckHandler(CheckHandler handler);

/// Reports a broken invariant. Never returns.
[[noreturn]] void checkFailed(std::string_view file, int line, std::string_view what);

} // namespace coffer

/// An invariant of consensus or storage. Checked in release builds too: a node that finds itself
/// in an impossible state stops before it tells anybody about it.
#define COFFER_CHECK(condition, what) \
    (static_cast<bool>(condition) ? static_cast<void>(0) \
                                  : ::coffer::checkFailed(__FILE__, __LINE__, (what)))
