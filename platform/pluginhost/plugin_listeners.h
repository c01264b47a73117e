// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pluginapi/context.h"
#include "pluginhost/plugin_run.h"

#include <QTcpServer>

#include <vector>

namespace coffer::pluginhost {

/// The TCP ports of one run of a plugin. Node thread.
class PluginListeners final : public pluginapi::Listeners
{
    Q_DISABLE_COPY_MOVE(PluginListeners)

public:
    /// \a isOpenToAll: others than this machine may be served.
    PluginListeners(std::shared_ptr<PluginRun> run, const pluginapi::PluginSettings &settings,
                    bool isOpenToAll);
    ~PluginListeners() override;

    [[nodiscard]] Result<quint16> listen(QString name, Options options, Serve serve) override;

private:
    struct Port;
    void accept(Port &port);

    std::shared_ptr<PluginRun> m_run; // shared with everything that the plugin was given
    const pluginapi::PluginSettings &m_settings;
    bool m_isOpenToAll;
    std::vector<std::unique_ptr<Port>> m_ports;
    PluginRun::Ticket m_ticket;
};

} // namespace coffer::pluginhost
