// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

#include <QUrl>

#include <vector>

namespace coffer::client {

/// Where a node without an own setting listens for clients.
inline constexpr quint16 defaultPort = 7400;

/// Reads "host", "host:port", "[::1]:port", "http://host:port" or "https://host:port" as the
/// address of a node's front door; without a scheme it is http. `invalid` says what is wrong.
[[nodiscard]] Result<QUrl> parseEndpoint(const QString &text);
/// The same for a list with commas. At least one.
[[nodiscard]] Result<std::vector<QUrl>> parseEndpoints(const QString &text);

} // namespace coffer::client
