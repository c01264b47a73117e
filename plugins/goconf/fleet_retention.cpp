// SPDX-License-Identifier: Apache-2.0
#include "goconf/fleet_retention.h"

#include "goconf/paths.h"

using namespace Qt::StringLiterals;

namespace coffer::goconf {

RetentionLimits RetentionLimits::of(const QCborMap &settings)
{
    RetentionLimits limits;
    const auto number = [&settings](const QString &name, qint64 otherwise) {
        return settings.value(name).toInteger(otherwise);
    };
    limits.versions = std::uint64_t(number(u"keep_versions"_s, 100));
    limits.age = std::chrono::hours(24) * number(u"keep_days"_s, 180);
    limits.objectAge = std::chrono::hours(number(u"keep_objects_hours"_s, 24));
    return limits;
}

std::vector<QByteArray> Retention::droppable(const std::vector<Version> &versions, WallMs now) const
{
    std::vector<QByteArray> names;
    for (const Version &version : versions) {
        const std::optional<std::uint64_t> number = versionNumber(version.name);
        if (!number || *number + limits.versions > last)
            continue;
        if (!used.contains(version.name) && now - version.made > limits.age)
            names.push_back(version.name);
    }
    return names;
}

} // namespace coffer::goconf
