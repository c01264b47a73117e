// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "rpc/schema.h"

#include <QCborArray>
#include <QRegularExpression>
#include <QStringList>

#include <deque>
#include <map>
#include <optional>
#include <vector>

namespace coffer::rpc {

/// One subschema, its keywords read. What is absent is not checked. Nodes point at each other
/// (properties, $ref) and are owned by the Body, so that a recursive schema is a graph.
struct Schema::Node
{
    enum Type : unsigned {
        null = 1,
        boolean = 2,
        integer = 4,
        number = 8 | 4, ///< An integer is a number.
        text = 16,
        bytes = 32, ///< "string" with contentEncoding.
        array = 64,
        object = 128
    };

    /// A regular expression, with a bound on what one match may cost.
    struct Pattern
    {
        QString text; ///< As it was written.
        QRegularExpression expression = {};
    };

    unsigned types = 0;               ///< Those allowed; 0: all.
    bool isNever = false;             ///< The schema `false`.
    std::optional<QCborArray> values; ///< enum, const.
    std::optional<QCborValue> minimum, maximum, above, below, multipleOf;
    std::optional<qint64> lengthMin, lengthMax; ///< Characters of a text, bytes of bytes.
    std::optional<qint64> itemsMin, itemsMax;
    std::optional<qint64> membersMin, membersMax;
    std::optional<Pattern> pattern;
    bool isUnique = false;
    const Node *items = nullptr;
    std::map<QString, const Node *> properties;
    std::vector<std::pair<Pattern, const Node *>> likeNamed; ///< patternProperties.
    QStringList required;
    const Node *additional = nullptr; ///< For members that neither of these names.
    const Node *names = nullptr;
    std::vector<const Node *> allOf, anyOf, oneOf; ///< A $ref is the only one of allOf.
    const Node *isNot = nullptr;
    QString about; ///< description, else title.
};

struct Schema::Body
{
    QCborValue document;
    std::deque<Node> nodes; ///< A deque: pointers stay valid while it grows.
    const Node *root = nullptr;
};

} // namespace coffer::rpc
