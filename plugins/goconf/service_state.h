// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "goconf/records.h"

#include "base/ids.h"

#include <map>
#include <optional>
#include <vector>

namespace coffer::goconf {

/// A scope of a service at one revision. Value.
struct ScopeState
{
    Pointer pointer;
    Revision revision; ///< Of the pointer.
    Snapshot live;     ///< What the pointer names; without layers if it names nothing.
};

/// A service at one revision: what is live where. Value.
struct ServiceState
{
    QByteArray name;
    ServiceRecord record;
    Revision revision;                       ///< Of the record.
    Revision created;                        ///< Of the service.
    std::map<QByteArray, ScopeState> scopes; ///< Those that have a pointer; the base layer too.

    /// What hosts in \a idc have to run: what its own pointer names; without one, what that of the
    /// base layer names. Nothing if nothing is live there.
    struct Wanted
    {
        QByteArray version;
        Snapshot snapshot;
        QByteArray release; ///< The id of the release that made it live.
    };
    [[nodiscard]] std::optional<Wanted> wanted(const QByteArray &idc) const;
    /// Null if \a scope has no pointer.
    [[nodiscard]] const ScopeState *scope(const QByteArray &scope) const;
};

} // namespace coffer::goconf
