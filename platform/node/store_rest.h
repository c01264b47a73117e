// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/http_router.h"
#include "rpc/front_door.h"

#include <vector>

namespace coffer::node {

/// The store for people with curl: GET, PUT and DELETE of /v1/store/PATH, with the revision as
/// ETag. Each is a call of a method of docs/formats/store-methods.md, in another form.
///
/// Resource; node thread.
class StoreRest
{
    Q_DISABLE_COPY_MOVE(StoreRest)

public:
    /// Both have to outlive this.
    StoreRest(rpc::FrontDoor &door, net::HttpRouter &router) : m_door(door), m_router(router) {}
    ~StoreRest() = default;

    /// Fails only where the routes are taken.
    [[nodiscard]] Result<void> addRoutes();

private:
    using Task = QCoro::Task<net::HttpResponse>;

    [[nodiscard]] Task get(net::HttpRequest request);
    [[nodiscard]] Task list(net::HttpRequest request, QString method);
    [[nodiscard]] Task put(net::HttpRequest request);
    [[nodiscard]] Task remove(net::HttpRequest request);
    [[nodiscard]] Task change(net::HttpRequest request, QString method, QCborMap params);

    rpc::FrontDoor &m_door;
    net::HttpRouter &m_router;
    std::vector<net::HttpRouter::Route> m_routes;
};

} // namespace coffer::node
