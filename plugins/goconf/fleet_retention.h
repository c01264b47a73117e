// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"

#include <QByteArray>
#include <QCborMap>

#include <cstdint>
#include <set>
#include <vector>

namespace coffer::goconf {

/// How much of what nobody uses is kept: the settings of the plugin (settings.json). Value.
struct RetentionLimits
{
    std::uint64_t versions = 100;                                 ///< The last ones of a service.
    std::chrono::milliseconds age = std::chrono::hours(180 * 24); ///< Of versions.
    std::chrono::milliseconds objectAge = std::chrono::hours(24); ///< Of objects nobody names.

    /// \a settings have passed the schema; what nobody set is absent.
    [[nodiscard]] static RetentionLimits of(const QCborMap &settings);
    bool operator==(const RetentionLimits &) const = default;
};

/// Which versions of a service have to stay. Pure.
struct Retention
{
    struct Version
    {
        QByteArray name;
        WallMs made{0};
    };
    /// What is live or was before it, in any scope; and what any host runs.
    std::set<QByteArray> used = {};
    std::uint64_t last = 0; ///< The highest number given.
    RetentionLimits limits = {};

    /// Those of \a versions that nobody needs and that are neither young nor among the last ones.
    [[nodiscard]] std::vector<QByteArray> droppable(const std::vector<Version> &versions,
                                                    WallMs now) const;
};

} // namespace coffer::goconf
