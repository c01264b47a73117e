// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

/// Bounds of the front door. What is not here is bounded by these.
namespace coffer::net::limits {

inline constexpr int requestLineBytesMax = 8'192;     ///< Else 414.
inline constexpr int headBytesMax = 16'384;           ///< Request line and headers; else 431.
inline constexpr std::int64_t bodyBytesMax = 8 << 20; ///< Else 413.
inline constexpr int connectionsMax = 20'000;         ///< WebSockets included; else 503.
inline constexpr int backlogMax = 4'096;              ///< To be accepted; the kernel may cut it.
inline constexpr int otherFilesMax = 256;             ///< Files a node needs beside connections.
inline constexpr std::chrono::seconds requestTimeMax{30}; ///< First byte to last; else 408.
inline constexpr std::chrono::seconds idleTimeMax{75};    ///< Between requests; then closed.
inline constexpr std::chrono::seconds lingerTimeMax{2};   ///< For a refused peer to read why.
inline constexpr std::int64_t readBufferBytes = 65'536;   ///< TCP holds back what is above.
inline constexpr std::int64_t unsentBytesMax = 1 << 20;   ///< Pipelined requests wait above it.

} // namespace coffer::net::limits
