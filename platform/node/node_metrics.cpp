// SPDX-License-Identifier: Apache-2.0
#include "node/node_metrics.h"

#include "node/figures.h"

namespace coffer::node {

NodeMetrics::NodeMetrics(prometheus::Registry &registry, Host &host, rpc::FrontDoor &door,
                         const net::HttpServer &server)
    : m_registry(registry), m_host(host), m_door(door), m_server(server), m_calls(registry)
{
    m_door.addObserver([this](const rpc::Method &method, const rpc::Call &,
                              const rpc::Outcome &outcome,
                              Monotonic took) { m_calls.count(method, outcome, took); });
}

Result<void> NodeMetrics::addTo(net::HttpRouter &router)
{
    auto route = router.add(
        "GET", "/metrics", [this](net::HttpRequest request) { return answer(std::move(request)); });
    if (!route)
        return route.error();
    m_route = std::move(*route);
    return {};
}

QByteArray NodeMetrics::text() const
{
    Figures figures;
    addHostFigures(figures, m_host);
    figures.gauge("coffer_rpc_in_flight", "Calls that are not answered yet.",
                  m_door.callsInFlight());
    figures.counter("coffer_rpc_refused_total",
                    "Calls that were refused: too many, or the node stops.",
                    double(m_door.callsRefused()));
    figures.gauge("coffer_connections", "Connections of clients, WebSockets included.",
                  m_server.connectionCount());
    figures.gauge("coffer_web_sockets", "WebSockets of clients.", double(m_door.webSocketCount()));
    figures.counter("coffer_connections_refused_total",
                    "Connections that were turned away because there were too many.",
                    double(m_server.refusedCount()));
    addProcessFigures(figures);
    return exposition(m_registry, figures) + (m_plugins ? m_plugins() : QByteArray());
}

QCoro::Task<net::HttpResponse> NodeMetrics::answer(net::HttpRequest)
{
    net::HttpResponse response = net::HttpResponse::text(200, text());
    response.contentType = "text/plain; version=0.0.4; charset=utf-8";
    co_return response;
}

} // namespace coffer::node
