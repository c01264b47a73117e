// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "base/result.h"

#include <QByteArray>
#include <QCborMap>

#include <optional>

namespace coffer::example {

/// A switch for a part of those who ask. Value; in the store it is JSON, {"percent": 25}, so that
/// people can read it.
struct Flag
{
    int percent = 0;               ///< 0: off for everybody, 100: on for everybody.
    std::optional<WallMs> until{}; ///< Off from this time on; then it is swept away.

    /// Whether it is on for \a subject: always the same answer for the same percentage, on every
    /// node and in every version; who is in at 20 percent is in at 30. \a name is that of the flag.
    [[nodiscard]] bool isOnFor(const QByteArray &name, const QByteArray &subject, WallMs now) const;
    [[nodiscard]] bool isExpired(WallMs now) const { return until && *until <= now; }

    /// `invalid` if \a json is no flag.
    [[nodiscard]] static Result<Flag> parse(const QByteArray &json);
    [[nodiscard]] QByteArray toJson() const;
    /// {percent, untilMs}, as callers see it.
    [[nodiscard]] QCborMap toCbor() const;

    bool operator==(const Flag &) const = default;
};

} // namespace coffer::example
