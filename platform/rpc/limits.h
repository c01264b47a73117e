// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QtGlobal>

#include <chrono>
#include <cstddef>

/// Bounds of calls and messages (docs/formats/rpc.md). Those of HTTP are in net/http_limits.h.
namespace coffer::rpc::limits {

inline constexpr std::size_t messageBytesMax = std::size_t(8) << 20; ///< One message or batch.
inline constexpr int messageDepthMax = 64;          ///< Arrays and maps within each other.
inline constexpr int messageItemsMax = 262'144;     ///< Values of one message, containers included.
inline constexpr int batchCallsMax = 256;           ///< Calls of one batch.
inline constexpr int callsInFlightMax = 256;        ///< Unanswered calls of one connection.
inline constexpr int callsInFlightNodeMax = 16'384; ///< Of all connections of a node.
inline constexpr int subscriptionsMax = 1024;       ///< Open subscriptions of one connection.
inline constexpr qint64 unsentBytesMax = 1 << 20;   ///< Waiting in a connection; then no room.
/// A reader that asks but does not fetch its answers: from here on calls are UNAVAILABLE, ...
inline constexpr qint64 backlogBytesMax = 8 << 20;
/// ... and here the connection is cut.
inline constexpr qint64 backlogBytesCut = 32 << 20;
/// Larger messages of a WebSocket leave in pieces, each of which is a sign of life to the peer.
inline constexpr quint64 frameBytesMax = 16'384;
inline constexpr int methodNameBytesMax = 64;
inline constexpr int idBytesMax = 256;       ///< The id of a call, where it is a text.
inline constexpr int patternBytesMax = 4096; ///< The longest text that a `pattern` is tried on.
inline constexpr int schemaBytesMax = 65'536;
inline constexpr int schemaNodesMax = 10'000;   ///< Subschemas of one schema.
inline constexpr int schemaDepthMax = 128;      ///< Subschemas within each other, or in a chain.
inline constexpr int patternLengthMax = 1024;   ///< Of a `pattern`, in characters.
inline constexpr int patternStepsMax = 100'000; ///< Of one match, from each place of the text.
inline constexpr int checkStepsMax = 2'000'000; ///< Of a value of a call against its schema.
inline constexpr int checkDepthMax = 400;       ///< Subschemas that are being checked at once.
/// The same of a document; nobody waits for it on an event loop.
inline constexpr int documentStepsMax = 20'000'000;
inline constexpr std::chrono::seconds documentTimeMax{10};
inline constexpr std::chrono::milliseconds deadlineMax = std::chrono::minutes(10);

} // namespace coffer::rpc::limits
