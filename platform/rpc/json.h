// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArrayView>
#include <QCborValue>
#include <QJsonValue>
#include <QString>

#include <optional>

namespace coffer::rpc {

/// A value as JSON. A byte string that is a member of a map keeps its name and becomes text if it
/// is UTF-8, else its name gets "Base64" behind it and it becomes base64; elsewhere it becomes text
/// or {"base64": ...}. 64-bit integers stay exact. What JSON has not becomes null.
[[nodiscard]] QJsonValue toJson(const QCborValue &value);

/// Why \a json is too deep or has too many values (limits::messageDepthMax, messageItemsMax); says
/// nothing about its syntax. Cheap, and to be asked before the parser, which takes memory for each.
[[nodiscard]] std::optional<QString> refuteJsonSize(QByteArrayView json);
/// Why \a cbor is not exactly one well-formed item without tags, within the same bounds. Indefinite
/// lengths are fine.
[[nodiscard]] std::optional<QString> refuteCbor(QByteArrayView cbor);

} // namespace coffer::rpc
