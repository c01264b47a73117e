// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "goconf/reading.h"

#include "pluginapi/context.h"

namespace coffer::goconf {

/// Says to the other nodes that this one lives: an ephemeral file that goes with the node's
/// session. Reports of hosts name it, so that none needs a session of its own. Node thread.
class FleetPresence
{
public:
    /// After so long without a sign of life a node is gone.
    static constexpr std::chrono::seconds timeToLive{10};

    /// \a context must outlive this.
    explicit FleetPresence(pluginapi::PluginContext &context);
    FleetPresence(const FleetPresence &) = delete;
    FleetPresence &operator=(const FleetPresence &) = delete;
    ~FleetPresence() = default;

    void start();
    /// What reports name; drawn at each start.
    [[nodiscard]] const QByteArray &node() const { return m_node; }

private:
    [[nodiscard]] Task<Result<void>> keep();
    [[nodiscard]] Task<Result<void>> beOnce();

    pluginapi::PluginContext &m_context;
    QByteArray m_node;
};

} // namespace coffer::goconf
