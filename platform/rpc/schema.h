// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "rpc/error.h"

#include <QByteArray>
#include <QCborValue>
#include <QJsonValue>
#include <QString>
#include <QStringList>

#include <memory>
#include <optional>
#include <vector>

namespace coffer::rpc {

/// One JSON Schema (draft-07), checked itself and made ready for use. Immutable; copies share.
///
/// The keywords are a closed list (docs/formats/rpc.md): a schema with another one, with a remote
/// $ref, or with a $ref that leads back to itself without going deeper, is refused rather than
/// half obeyed. Checking is exact for 64-bit integers, total, and bounded (limits.h): a value that
/// takes more steps is refused.
class Schema
{
public:
    /// What it describes: parameters of calls, or documents, which have no byte strings.
    enum class Of { calls, documents };
    /// Reads a schema; the error names the keyword by its place ("/properties/path/format").
    [[nodiscard]] static Result<Schema> parse(const QByteArray &json, Of of = Of::calls);

    /// Why \a value is not described by this schema ("guards[3].revision: expected an integer,
    /// found a text"), or nothing if it is. \a value is CBOR: where the schema has
    /// contentEncoding, byte strings; elsewhere text.
    [[nodiscard]] std::optional<QString> refute(const QCborValue &value) const;

    /// One thing that a value is not as described.
    struct Fault
    {
        QStringList place; ///< Names of members and numbers of items, from the outside in.
        QString message;   ///< "expected at most 65535, found 70000"
        QString about;     ///< What the schema says of the place (description, title); may be "".
        bool isOfType;     ///< It is of another type.
    };
    /// All that is wrong with \a value, but at most \a max, the first ones; empty if it fits. For
    /// documents, which are large: it takes more steps than refute(), and up to ten seconds. One
    /// that takes more has that as its last fault, with an empty place. Any thread.
    [[nodiscard]] std::vector<Fault> faults(const QCborValue &value, std::size_t max) const;

    /// \a json as CBOR. A member that this schema says is a byte string may come as text (its
    /// UTF-8 is meant) or under its name with "Base64" behind it. Fails only where those two cannot
    /// be read; everything else is left to refute().
    [[nodiscard]] Answer<QCborValue> fromJson(const QJsonValue &json) const;

    /// The schema itself, for discovery.
    [[nodiscard]] QCborValue document() const;

    struct Node;

private:
    struct Body;
    explicit Schema(std::shared_ptr<const Body> body);

    std::shared_ptr<const Body> m_body; // shared by copies; never changes
};

} // namespace coffer::rpc
