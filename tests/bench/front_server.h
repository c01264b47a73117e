// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "net/http_router.h"
#include "net/http_server.h"
#include "rpc/front_door.h"
#include "rpc/registry.h"

#include <vector>

namespace coffer::bench {

/// A front door with one method, bench.add {a, b}: {sum}, on a free port of loopback. Lives on the
/// thread that makes it.
class FrontServer
{
public:
    FrontServer();

    [[nodiscard]] quint16 port() const { return m_server.serverPort(); }
    [[nodiscard]] int connectionCount() const { return m_server.connectionCount(); }
    [[nodiscard]] std::size_t webSocketCount() const { return m_door.webSocketCount(); }

private:
    class SteadyClock final : public Clock
    {
    public:
        [[nodiscard]] Monotonic monotonic() const override;
        [[nodiscard]] WallMs wall() const override { return WallMs(0); }
    };

    SteadyClock m_clock;
    rpc::Registry m_registry;
    net::HttpRouter m_router;
    rpc::FrontDoor m_door{m_registry, m_router, m_clock};
    net::HttpServer m_server{m_router, m_clock};
    rpc::Registration m_method;
};

} // namespace coffer::bench
