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
    Revision revision;       ///< Of the pointer.
    Snapshot live;           ///< What the pointer names; without layers if it names nothing.
    Snapshot candidate = {}; ///< The same of its candidate.
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
    /// base layer names. Nothing if nothing is live there. Of the scope of a host: what that alone
    /// has besides.
    struct Wanted
    {
        QByteArray version;
        Snapshot snapshot;
        QByteArray release; ///< The id of the release that made it live.
    };
    [[nodiscard]] std::optional<Wanted> wanted(const QByteArray &idc) const;
    /// Null if \a scope has no pointer.
    [[nodiscard]] const ScopeState *scope(const QByteArray &scope) const;
    /// What some hosts try; null if nothing is tried. There is one candidate of a service at most,
    /// which may be in several scopes; this is that of the first, with its hosts alone.
    [[nodiscard]] const Candidate *candidate() const;
};

} // namespace coffer::goconf
