// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "rpc/error.h"
#include "rpc/params.h"

#include <QByteArray>
#include <QCborMap>
#include <QCborValue>
#include <QJsonObject>
#include <QString>

#include <optional>
#include <variant>
#include <vector>

namespace coffer::rpc {

/// How a message is written: JSON in text frames, CBOR in binary ones. The members are the same.
enum class Form { json, cbor };

/// One call of a message that could be read. Value.
struct Request
{
    std::optional<QCborValue> id{}; ///< A text, an integer or null; absent in a notification.
    QString method{};
    std::variant<Params, QJsonObject> params{}; ///< JSON waits for the schema of the method.
    std::optional<qint64> deadlineMs{};
    QByteArray traceparent{};
    bool takesEncoded = false; ///< Its answer goes to writeAnswer() in CBOR.
};

/// One call that could not be read, and the id to answer with.
struct BadRequest
{
    QCborValue id = nullptr;
    Failure failure{};
};

/// A message as it came: one call, or a batch of them. Value.
struct Message
{
    std::vector<std::variant<Request, BadRequest>> calls{}; ///< In order; not empty.
    bool isBatch = false;
};

/// Reads a message. Total: any bytes give a message; what cannot be read at all gives one
/// BadRequest outside of a batch, as JSON-RPC 2.0 demands. Bounds: rpc/limits.h.
[[nodiscard]] Message readMessage(const QByteArray &bytes, Form form);

/// Whether \a text is a trace context of W3C, version 00.
[[nodiscard]] bool isTraceparent(const QString &text);

/// The answer to the call \a id, as bytes.
[[nodiscard]] QByteArray writeAnswer(const QCborValue &id, const Outcome &outcome, Form form);
/// The notification of an event of the subscription \a id; \a resume may be undefined.
[[nodiscard]] QByteArray writeEvent(std::uint64_t id, const QCborValue &event,
                                    const QCborValue &resume, Form form);
/// A notification: an event of a subscription, or its end.
[[nodiscard]] QCborMap notificationOf(const QString &method, const QCborMap &params);
/// A message as bytes.
[[nodiscard]] QByteArray write(const QCborValue &message, Form form);

} // namespace coffer::rpc
