// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "goconf/host_class.h"
#include "goconf/service_state.h"

#include <map>
#include <vector>

namespace coffer::goconf {

/// Versions whose layers lie over one another: what hosts get. Lowest first: that of _global, of
/// the service, of the host; each has a base layer, and over it one of its own. Value; pure.
struct Stack
{
    struct Part
    {
        Edition of;
        Snapshot snapshot;
    };
    std::vector<Part> parts = {};

    /// Nothing is live.
    [[nodiscard]] bool isEmpty() const { return parts.empty(); }
    [[nodiscard]] Editions editions() const;
    /// Manifests of all layers, lowest first; null for one that is empty.
    [[nodiscard]] std::vector<config::Hash> layers() const;
    /// Names the content of all layers. Of a service alone it is that of its snapshot.
    [[nodiscard]] config::Hash hash() const;
    /// Where what comes from one of the layers() is from, for people: "_global", "_global@sh001",
    /// "_all" (the service), "sh001", "host:web-1".
    [[nodiscard]] QByteArray originOf(std::size_t layer) const;
    /// Names of the layers() as people write them: "_global", "shop", "shop@sh001",
    /// "shop@host:web-1".
    [[nodiscard]] std::vector<QByteArray> layerNames() const;
};

using Services = std::map<QByteArray, ServiceState>; ///< By name; _global may be among them.

/// What hosts of a class get, as far as \a services has it: what its host tries, if it tries
/// something. Empty if the service is not live there.
[[nodiscard]] Stack stackOf(const Services &services, const HostClass &of);
/// What hosts would get that try what is tried in an IDC; empty if nothing is.
[[nodiscard]] Stack trialOf(const Services &services, const QByteArray &service,
                            const QByteArray &idc);
/// The part of one scope; nothing if nothing is live in it.
[[nodiscard]] std::optional<Stack::Part> partOf(const Services &services, const QByteArray &service,
                                                const QByteArray &scope);

} // namespace coffer::goconf
