// SPDX-License-Identifier: Apache-2.0
#pragma once

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
    /// Both must outlive this.
    Fleet(pluginapi::PluginContext &context, Library &library, FleetSweep::Times times = {});
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
    HostMethods m_hosts;
    FollowService m_follows;
    FleetMethods m_methods;
    FleetSweep m_sweep;
};

} // namespace coffer::goconf
