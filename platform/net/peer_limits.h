// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// Bounds and numbers of the peer transport. Those that are on the wire are listed in
/// docs/formats/peer-transport.md and never change.
namespace coffer::net {

inline constexpr char peerMagic[] = "coffer/p";                 ///< On the wire; without the 0.
inline constexpr std::size_t peerMagicBytes = 8;                ///< On the wire.
inline constexpr std::size_t peerFrameHeadBytes = 8;            ///< On the wire.
inline constexpr std::uint32_t peerVersion = 1;                 ///< Of what follows the hellos.
inline constexpr std::size_t peerHelloBytesMax = 4096;          ///< Hello and refusal.
inline constexpr std::size_t peerTextBytesMax = 1024;           ///< One text of a hello.
inline constexpr std::size_t peerAddressesBytesMax = 64 * 1024; ///< All of one frame.
inline constexpr std::size_t peerRefusalBytesMax = 3072;        ///< The text of a refusal.
inline constexpr std::size_t peerQueueBytesMax = std::size_t(16) << 20; ///< Unsent, a peer.
inline constexpr std::size_t peerStrangersMax = 64;  ///< Incoming ones that said no hello yet.
inline constexpr std::size_t peerAddressesMax = 128; ///< Seeds and learned ones.
inline constexpr std::size_t peersMax = 128;         ///< Connected.
inline constexpr unsigned peerFailuresMax = 600;     ///< Then a learned address is forgotten.
inline constexpr std::size_t peerOldRunsMax = 1024;  ///< Remembered.

inline constexpr std::chrono::milliseconds peerHelloTimeout{3000}; ///< From dialling on.
inline constexpr std::chrono::milliseconds peerSilenceMax{5000};   ///< Unacknowledged, or idle.
inline constexpr std::chrono::milliseconds peerPauseMin{10};       ///< Before dialling again.
inline constexpr std::chrono::milliseconds peerPauseMax{1000};
inline constexpr std::chrono::milliseconds peerRefusedPause{3000}; ///< After a refusal.

} // namespace coffer::net
