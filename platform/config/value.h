// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

#include <QByteArray>

#include <cstdint>
#include <vector>

namespace coffer::config {

/// What kind of value a key has. Numbers are in stored bytes and never change.
enum class Type : std::uint8_t {
    string = 1,
    integer = 2,     ///< 64 bits, signed, decimal, without leading zeros.
    floating = 3,    ///< Finite; canonical the shortest, always with a point: "1.0", "2.5e+30".
    boolean = 4,     ///< true yes 1 y enable; false no 0 n disable. Anything else is an error.
    duration = 5,    ///< A number and ns us ms s m h (also sec min hour); canonical "1500ms": in
                     ///< the largest unit that divides; 64 bits of nanoseconds.
    size = 6,        ///< A number and b k kb m mb g gb in any case, powers of 1024; "64mb". Bytes
                     ///< where there is no unit; at most 63 bits.
    enumeration = 7, ///< One of Value::choices.
    list = 8,        ///< Texts; canonical a compact JSON array of strings. "a,b" is read too.
    json = 9         ///< Any JSON; canonical compact, members in their order.
};

/// "string", "int", "float", "bool", "duration", "size", "enum", "list", "json".
[[nodiscard]] QByteArray nameOf(Type type);
/// `invalid` that lists the types.
[[nodiscard]] Result<Type> typeNamed(QByteArrayView name);

/// A typed value in its canonical text: equal values have equal text. Value; UTF-8.
struct Value
{
    Type type = Type::string;
    QByteArray text;
    std::vector<QByteArray> choices = {}; ///< enumeration only; in the order they were given.

    /// Reads \a text as people write it. `invalid` says what was expected, and with which value.
    [[nodiscard]] static Result<Value> parse(Type type, const QByteArray &text,
                                             std::vector<QByteArray> choices = {});
    /// The parts of a list; empty for other types.
    [[nodiscard]] std::vector<QByteArray> parts() const;
    bool operator==(const Value &) const = default;
};

} // namespace coffer::config
