// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

/// Bounds of everything that comes from outside or grows. Values that are part of a format are
/// listed in docs/formats and never change.
namespace coffer::limits {

inline constexpr std::size_t batchBytesMax = std::size_t(1) << 20;    ///< One entry's commands.
inline constexpr std::size_t batchCommandsMax = 1024;                 ///< Commands of one entry.
inline constexpr std::size_t commandBytesMax = std::size_t(4) << 20;  ///< One command.
inline constexpr std::size_t frameBytesMax = std::size_t(8) << 20;    ///< One peer frame.
inline constexpr std::size_t windowSlotsMax = 64;                     ///< Open slots of a leader.
inline constexpr std::size_t windowBytesMax = std::size_t(8) << 20;   ///< Unacknowledged, a peer.
inline constexpr std::size_t chunkBytesMax = std::size_t(1) << 20;    ///< Promise, Chosen, file.
inline constexpr std::size_t membersMax = 64;                         ///< Voters and observers.
inline constexpr std::size_t votersMax = 15;                          ///< Voters.
inline constexpr std::size_t pendingCommandsMax = 65'536;             ///< Waiting at one node.
inline constexpr std::size_t pendingBytesMax = std::size_t(64) << 20; ///< Waiting at one node.
inline constexpr std::size_t pendingReadsMax = 65'536;                ///< Waiting at one node.
inline constexpr std::size_t sessionOutstandingMax = 64; ///< Unacknowledged commands a session.

} // namespace coffer::limits
