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
    WallMs time{0};  ///< Of the store then.
    WallMs until{0}; ///< When layers of hosts end that are released.
    std::vector<QByteArray> idcs = {};
    std::map<QByteArray, HostRecord> hosts = {};
    ReleasePlan plan;
    bool isCheck = false; ///< Nothing is to be released.
    Material material = {};
    std::vector<config::Object> objects = {}; ///< To be stored before the commit.
    /// Files that are new in a layer, and stored already: guarded so that they stay.
    std::map<config::Hash, std::uint64_t> files = {};
    std::vector<config::Conflict> conflicts = {};
    /// The only schema that counts, rather than those that services have.
    std::optional<BoundSchema> trial = {};
};

template<class Wish>
Task<rpc::Answer<Released>> Publisher::untilPlanned(Task<Attempt> (Publisher::*attempt)(Wish),
                                                    Wish wish)
{
    for (int i = 0; i < planTries; ++i) {
        const Attempt made = co_await (this->*attempt)(wish);
        if (!made)
            co_return made.error();
        if (*made)
            co_return **made;
    }
    co_return rpc::Failure::of(
        rpc::Code::conflict,
        QStringLiteral("others publish or edit here all the time; try again in a moment"));
}

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

/// \a named by their data centres, which are among \a scopes. REFUSED names the one that does not
/// run \a service, or is in none of them.
[[nodiscard]] rpc::Answer<std::map<QByteArray, std::vector<QByteArray>>>
canaryHosts(const std::vector<QByteArray> &named, const QByteArray &service,
            const std::map<QByteArray, HostRecord> &hosts, const std::set<QByteArray> &scopes);

/// Says what to do about the candidate that is being tried; nothing if there is none.
[[nodiscard]] std::optional<rpc::Failure> canaryFailure(const ServiceState &state);

/// Says which of \a named is not \a known.
[[nodiscard]] std::optional<rpc::Failure> unknownIdc(const std::vector<QByteArray> &named,
                                                     const std::vector<QByteArray> &known);

} // namespace coffer::goconf
