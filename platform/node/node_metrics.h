// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/http_server.h"
#include "node/host.h"
#include "node/metered.h"
#include "rpc/front_door.h"

#include <functional>

namespace coffer::node {

/// GET /metrics: how this node is, in the text format of Prometheus. The names are listed in
/// docs/operations.md. Resource; node thread.
class NodeMetrics
{
    Q_DISABLE_COPY_MOVE(NodeMetrics)

public:
    /// Counts the calls of \a door from here on. All have to outlive this.
    NodeMetrics(prometheus::Registry &registry, Host &host, rpc::FrontDoor &door,
                const net::HttpServer &server);

    /// Fails only where the route is taken.
    [[nodiscard]] Result<void> addTo(net::HttpRouter &router);
    /// What plugins count, in the same format; asked at each scrape.
    void setPlugins(std::function<QByteArray()> text) { m_plugins = std::move(text); }
    [[nodiscard]] QByteArray text() const;

private:
    [[nodiscard]] QCoro::Task<net::HttpResponse> answer(net::HttpRequest request);

    prometheus::Registry &m_registry;
    Host &m_host;
    rpc::FrontDoor &m_door;
    const net::HttpServer &m_server;
    RpcMetrics m_calls;
    std::function<QByteArray()> m_plugins;
    net::HttpRouter::Route m_route;
};

} // namespace coffer::node
