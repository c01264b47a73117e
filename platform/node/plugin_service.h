// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "node/client_service.h"
#include "pluginhost/plugin_service_parts.h"

namespace coffer::node {

/// The plugins of a node, behind its front door. Node thread.
class PluginService final : public Service
{
    Q_DISABLE_COPY_MOVE(PluginService)

public:
    /// \a clients has to be started before this and to outlive it.
    PluginService(ClientService &clients, pluginhost::PluginSources sources);
    ~PluginService() override;

    /// Adds no place of its own: an empty text. `invalid` if settings of a plugin are wrong.
    [[nodiscard]] Result<QString> start(Host &host) override;
    [[nodiscard]] bool isReady() const override;
    void stop(std::function<void()> done) override;

    /// Only after start().
    [[nodiscard]] pluginhost::PluginHost &host();

private:
    ClientService &m_clients;
    pluginhost::PluginSources m_sources;
    std::unique_ptr<pluginhost::PluginServiceParts> m_parts;
};

} // namespace coffer::node
