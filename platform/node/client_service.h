// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/http_server.h"
#include "node/cluster_methods.h"
#include "node/local_store.h"
#include "node/service.h"
#include "node/store_methods.h"
#include "node/store_rest.h"
#include "rpc/front_door.h"
#include "rpc/registry.h"

#include <memory>

namespace coffer::node {

/// What clients reach of a node: one port for HTTP and WebSocket, the registry of methods behind
/// it, and the methods of store and cluster. Node thread.
class ClientService final : public Service
{
    Q_DISABLE_COPY_MOVE(ClientService)

public:
    /// \a listen: "host:port"; port 0 takes one that is free.
    explicit ClientService(QString listen);
    ~ClientService() override;

    [[nodiscard]] Result<QString> start(Host &host) override;
    void stop(std::function<void()> done) override;

    /// Only after start(): where others register theirs.
    [[nodiscard]] rpc::Registry &registry();
    [[nodiscard]] net::HttpRouter &router();
    [[nodiscard]] pluginapi::Store &store();
    [[nodiscard]] rpc::FrontDoor &door();
    [[nodiscard]] quint16 port() const;

private:
    struct Parts;

    QString m_listen;
    std::unique_ptr<Parts> m_parts;
};

} // namespace coffer::node
