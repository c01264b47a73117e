// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

#include <QByteArray>

namespace coffer::config {

/// \a text, any JSON value, without blanks between its parts, with the shortest escapes in its
/// strings; members stay in their order and numbers as they are written. (QJsonDocument sorts
/// members and rounds numbers.) `invalid` with the place if it is no JSON of RFC 8259, has a member
/// twice, half a surrogate pair, or more than limits::depthMax levels or limits::nodesMax values.
[[nodiscard]] Result<QByteArray> compactJson(QByteArrayView text);

} // namespace coffer::config
