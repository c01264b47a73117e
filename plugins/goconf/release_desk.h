// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "goconf/publisher.h"

#include "goconf/record_fields.h"

#include <algorithm>
#include <set>

namespace coffer::goconf {

/// What one attempt has gathered.
struct Publisher::Desk
{
    explicit Desk(ReleasePlan::Order order) : plan(std::move(order)) {}

    Revision at = {};
    WallMs time{0}; ///< Of the store then.
    std::vector<QByteArray> idcs = {};
    std::map<QByteArray, HostRecord> hosts = {};
    ReleasePlan plan;
    Material material = {};
    std::vector<config::Object> objects = {}; ///< To be stored before the commit.
    /// Files that are new in a layer, and stored already: guarded so that they stay.
    std::map<config::Hash, std::uint64_t> files = {};
    std::vector<config::Conflict> conflicts = {};
};

[[nodiscard]] inline bool contains(const std::vector<QByteArray> &names, const QByteArray &name)
{
    return std::find(names.begin(), names.end(), name) != names.end();
}

/// Begins a release, under an id of its own.
[[nodiscard]] inline ReleasePlan::Order orderOf(const ReleaseWish &wish, const QByteArray &id,
                                                ReleaseRecord::Kind kind)
{
    return {.kind = kind,
            .id = id,
            .change = wish.change.isEmpty() ? id : wish.change,
            .message = wish.message,
            .made = wish.made,
            .address = wish.address,
            .wish = wish.digest};
}

/// The beginning of an id: milliseconds of the store's \a time, which never goes back. So a release
/// that rests on another one never has a smaller beginning, whatever clocks nodes have.
[[nodiscard]] inline QByteArray releaseIdAt(WallMs time)
{
    return QByteArray::number(qulonglong(time.count()), 16).rightJustified(16, '0');
}

/// Says which of \a named is not \a known.
[[nodiscard]] std::optional<rpc::Failure> unknownIdc(const std::vector<QByteArray> &named,
                                                     const std::vector<QByteArray> &known);

} // namespace coffer::goconf
