// SPDX-License-Identifier: Apache-2.0
#include "goconf/fleet_retention.h"

#include "goconf/paths.h"

namespace coffer::goconf {

std::vector<QByteArray> Retention::droppable(const std::vector<Version> &versions, WallMs now) const
{
    std::vector<QByteArray> names;
    for (const Version &version : versions) {
        const std::optional<std::uint64_t> number = versionNumber(version.name);
        if (!number || *number + versionsKept > last)
            continue;
        if (!used.contains(version.name) && now - version.made > timeKept)
            names.push_back(version.name);
    }
    return names;
}

} // namespace coffer::goconf
