// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>

#include <tuple>
#include <vector>

namespace coffer::goconf {

/// What hosts of one IDC are to have of one service: they all get the same bytes. A host that gets
/// something of its own is a class of its own.
struct HostClass
{
    QByteArray service;
    QByteArray idc;
    QByteArray host = {}; ///< Empty: what all hosts of the IDC get that are not named.
    bool operator==(const HostClass &) const = default;
    friend bool operator<(const HostClass &a, const HostClass &b)
    {
        return std::tie(a.service, a.idc, a.host) < std::tie(b.service, b.idc, b.host);
    }
};

/// One version of one scope of a service: it never changes. Value.
struct Edition
{
    QByteArray service;
    QByteArray scope;
    QByteArray version;
    bool operator==(const Edition &) const = default;
    friend bool operator<(const Edition &a, const Edition &b)
    {
        return std::tie(a.service, a.scope, a.version) < std::tie(b.service, b.scope, b.version);
    }
};

/// Versions that together are what hosts get, lowest first; see Stack.
using Editions = std::vector<Edition>;

} // namespace coffer::goconf
