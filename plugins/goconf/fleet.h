// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "goconf/canary_methods.h"
#include "goconf/expiry.h"
#include "goconf/fleet_methods.h"
#include "goconf/fleet_sweep.h"
#include "goconf/follow_service.h"
#include "goconf/host_methods.h"

namespace coffer::goconf {

/// The side of hosts: who there is, what they follow, what they report (docs/goconf-fleet.md). Node
/// thread.
class Fleet
{
public:
    /// All must outlive this.
    Fleet(pluginapi::PluginContext &context, Library &library, Publisher &publisher,
          FleetSweep::Times times = {});
    Fleet(const Fleet &) = delete;
    Fleet &operator=(const Fleet &) = delete;
    ~Fleet() = default;

    /// Registers all methods and jobs, and begins to watch.
    [[nodiscard]] Result<void> start();

private:
    [[nodiscard]] Task<Result<void>> count();

    pluginapi::PluginContext &m_context;
    FleetView m_view;
    FleetWatch m_watch;
    FleetPresence m_presence;
    BundleStore m_bundles;
    OriginStore m_origins;
    HostMethods m_hosts;
    FollowService m_follows;
    FleetMethods m_methods;
    CanaryMethods m_canary;
    FleetSweep m_sweep;
    Expiry m_expiry;
};

} // namespace coffer::goconf
