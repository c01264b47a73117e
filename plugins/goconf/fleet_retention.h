// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"

#include <QByteArray>

#include <cstdint>
#include <set>
#include <vector>

namespace coffer::goconf {

/// Which versions of a service have to stay. Pure.
struct Retention
{
    static constexpr std::uint64_t versionsKept = 100; ///< The last ones of a service.
    static constexpr std::chrono::hours timeKept{180 * 24};

    struct Version
    {
        QByteArray name;
        WallMs made{0};
    };
    /// What is live or was before it, in any scope; and what any host runs.
    std::set<QByteArray> used = {};
    std::uint64_t last = 0; ///< The highest number given.

    /// Those of \a versions that nobody needs and that are neither young nor among the last ones.
    [[nodiscard]] std::vector<QByteArray> droppable(const std::vector<Version> &versions,
                                                    WallMs now) const;
};

} // namespace coffer::goconf
