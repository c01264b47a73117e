// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pluginhost/plugin_host.h"
#include "pluginhost/plugin_verbs.h"
#include "pluginhost/qt_ports.h"
#include "rpc/front_door.h"

namespace coffer::pluginhost {

/// Where a program has its plugins from, and what it says to them.
struct PluginSources
{
    QStringList folders = {};
    std::map<QString, QCborMap> settings = {};
    bool isOpenToAll = false;
    QByteArray node = {};
};

/// The first folder of plugins that is there, as seen from where the program lies: installed
/// (bin/ beside lib/) or in the tree where it was built; empty if there is none.
[[nodiscard]] QString findPluginFolder(const QString &programFolder);

/// A host of plugins with what it needs of an event loop and the methods that show it: what a node
/// and a gateway have in common. Node thread.
class PluginServiceParts final
{
    Q_DISABLE_COPY_MOVE(PluginServiceParts)

public:
    struct Platform
    {
        Clock &clock;
        pluginapi::Store &store;
        rpc::Registry &registry;
        net::HttpRouter &router;
        rpc::FrontDoor &door;
    };

    /// What \a platform names has to outlive this.
    PluginServiceParts(const Platform &platform, PluginSources sources);
    ~PluginServiceParts() = default;

    /// Finds the plugins and begins to start them. `invalid` if settings are wrong.
    [[nodiscard]] Result<void> start();
    /// True when all that can be started is.
    [[nodiscard]] bool isSettled() const { return m_host.isSettled(); }
    /// Stops all of them, then calls \a done.
    void stop(std::function<void()> done);

    [[nodiscard]] PluginHost &host() { return m_host; }

private:
    [[nodiscard]] static QCoro::Task<void> stopAll(PluginHost *host, std::function<void()> done);

    Platform m_platform;
    QStringList m_folders;
    LoopTimers m_timers;
    PoolWorkers m_workers;
    PluginHost m_host;
    PluginVerbs m_verbs;
};

} // namespace coffer::pluginhost
