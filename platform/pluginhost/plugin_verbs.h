// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pluginhost/plugin_host.h"

#include <vector>

namespace coffer::pluginhost {

/// The methods plugins.*: list, enable, disable, configure. docs/formats/plugin.md. Node thread.
class PluginVerbs
{
    Q_DISABLE_COPY_MOVE(PluginVerbs)

public:
    /// \a host has to outlive this, and this the calls under way.
    explicit PluginVerbs(PluginHost &host) : m_host(host) {}
    ~PluginVerbs() = default;

    /// Fails only where a name is taken.
    [[nodiscard]] Result<void> addTo(rpc::Registry &registry);

private:
    using Task = QCoro::Task<rpc::Outcome>;

    [[nodiscard]] Task list(rpc::Call &call);
    [[nodiscard]] Task enable(rpc::Call &call);
    [[nodiscard]] Task disable(rpc::Call &call);
    [[nodiscard]] Task configure(rpc::Call &call);
    [[nodiscard]] Task setEnabled(QString plugin, bool isEnabled);
    [[nodiscard]] rpc::Outcome about(const QString &plugin) const;

    PluginHost &m_host;
    std::vector<rpc::Registration> m_registrations;
};

} // namespace coffer::pluginhost
