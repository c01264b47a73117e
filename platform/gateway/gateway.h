// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "client/remote_store.h"
#include "net/http_server.h"
#include "pluginhost/plugin_service_parts.h"
#include "rpc/front_door.h"

#include <QTimer>

namespace coffer::gateway {

struct GatewayOptions
{
    std::vector<QUrl> nodes; ///< Of the cluster, at least one.
    QHostAddress address;    ///< Where clients are served.
    quint16 port = 0;        ///< 0 takes one that is free.
    pluginhost::PluginSources sources;
};

/// Hosts plugins on the store of a cluster that is elsewhere: no vote, no data of its own. The home
/// of plugins that are heavy or not trusted enough to live in a node. Serves the methods of the
/// plugins and plugins.*; those of the store are the nodes'. One thread, with an event loop.
class Gateway final : public QObject
{
    Q_DISABLE_COPY_MOVE(Gateway)

public:
    /// \a clock has to outlive this.
    Gateway(GatewayOptions options, Clock &clock);
    ~Gateway() override = default;

    /// Begins to listen, and to start the plugins as soon as the cluster answers. \a ready is
    /// called once when all that can be started is. Returns where it can be reached.
    [[nodiscard]] Result<QString> start(std::function<void()> ready);
    /// Stops the plugins, says good-bye to the cluster, then calls \a done.
    void stop(std::function<void()> done);

private:
    [[nodiscard]] QCoro::Task<void> leave(std::function<void()> done);
    void onStateChanged(client::Client::State state);
    void sayWhatItWaitsFor();

    GatewayOptions m_options;
    client::Client m_client;
    client::RemoteStore m_store{m_client};
    rpc::Registry m_registry;
    net::HttpRouter m_router;
    rpc::FrontDoor m_door;
    net::HttpServer m_server;
    pluginhost::PluginServiceParts m_plugins;
    QTimer m_lookTimer; ///< Until all is started.
    QTimer m_waitTimer; ///< While there is no node: until the next word on that.
    bool m_hasComplained = false;
};

} // namespace coffer::gateway
