// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "goconf/fleet_view.h"
#include "goconf/library.h"

namespace coffer::goconf {

/// goconf.canary.list: what some hosts are trying, and how each of them does. Node thread.
class CanaryMethods
{
public:
    struct Parts
    {
        pluginapi::PluginContext &context;
        Library &library;
        const FleetView &view;
    };
    /// All of \a parts must outlive this.
    explicit CanaryMethods(Parts parts) : m_parts(parts) {}
    CanaryMethods(const CanaryMethods &) = delete;
    CanaryMethods &operator=(const CanaryMethods &) = delete;
    ~CanaryMethods() = default;

    [[nodiscard]] Result<void> start();

private:
    [[nodiscard]] Task<rpc::Outcome> list(rpc::Call &call);
    [[nodiscard]] Task<Result<QCborMap>> describe(ServiceState state, Moment now);

    Parts m_parts;
};

} // namespace coffer::goconf
