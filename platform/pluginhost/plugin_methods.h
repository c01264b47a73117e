// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/http_router.h"
#include "pluginapi/methods.h"
#include "pluginhost/plugin_run.h"
#include "rpc/registry.h"

#include <QStringList>

#include <vector>

namespace coffer::pluginhost {

/// Makes a call on behalf of a request of HTTP: rpc::FrontDoor::call().
using DoorCall = std::function<QCoro::Task<rpc::Outcome>(net::HttpRequest, QString, QCborMap)>;

/// What one run of a plugin registered. Node thread.
class PluginMethods final : public pluginapi::Methods
{
    Q_DISABLE_COPY_MOVE(PluginMethods)

public:
    /// \a names: below which it may register. Registry and router have to outlive the run's stop;
    /// \a door may be empty, then routes are refused.
    PluginMethods(std::shared_ptr<PluginRun> run, QStringList names, rpc::Registry &registry,
                  net::HttpRouter &router, DoorCall door);
    ~PluginMethods() override = default;

    using pluginapi::Methods::add;
    using pluginapi::Methods::addFeed;
    [[nodiscard]] Result<void> add(rpc::Method method, rpc::Handler handler) override;
    [[nodiscard]] Result<void> addFeed(rpc::Method method, pluginapi::Feed feed) override;
    [[nodiscard]] Result<void> addRoute(pluginapi::RestRoute route) override;

private:
    [[nodiscard]] Result<void> checkName(const QString &method) const;
    [[nodiscard]] Result<void> checkPath(const QByteArray &path) const;
    [[nodiscard]] Result<void> checkRunning() const;
    void takeBack();

    std::shared_ptr<PluginRun> m_run; // shared with everything that the plugin was given
    QStringList m_names;
    rpc::Registry &m_registry;
    net::HttpRouter &m_router;
    DoorCall m_door;
    std::vector<rpc::Registration> m_registrations;
    std::vector<net::HttpRouter::Route> m_routes;
    PluginRun::Ticket m_ticket;
};

} // namespace coffer::pluginhost
