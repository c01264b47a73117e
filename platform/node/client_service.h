// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/client_tls.h"
#include "net/http_server.h"
#include "node/access_control.h"
#include "node/audit_log.h"
#include "node/auth_methods.h"
#include "node/backup_methods.h"
#include "node/cluster_methods.h"
#include "node/health.h"
#include "node/local_store.h"
#include "node/service.h"
#include "node/settings.h"
#include "node/store_methods.h"
#include "node/store_rest.h"
#include "rpc/front_door.h"
#include "rpc/registry.h"

#include <prometheus/registry.h>

#include <memory>

namespace coffer::node {

/// How a node serves clients.
struct ClientServiceOptions
{
    QString listen; ///< "host:port"; port 0 takes one that is free.
    AuthMode auth = AuthMode::stored;
    /// The root token when access control is turned on by the start of the node.
    QString rootTokenFile = {};
    bool isRootReset = false;     ///< It becomes the root token although there is one already.
    net::ClientTlsFiles tls = {}; ///< Without a certificate: no TLS.
    AuditMode audit = AuditMode::never;
    QString auditDirectory = {};
    /// Names besides numbers, localhost and that of this machine by which browsers may reach the
    /// node; "*": any. See docs/formats/rpc.md.
    QStringList hostNames = {};
    std::chrono::milliseconds slowRequest{1'000}; ///< Longer calls are logged; 0: none.
    HealthOptions health = {};
};

/// What clients reach of a node: one port for HTTP and WebSocket, the registry of methods behind
/// it, and the methods of store and cluster. While the node cannot serve for long, it sends its
/// WebSockets away. Node thread.
class ClientService final : public Service
{
    Q_DISABLE_COPY_MOVE(ClientService)

public:
    explicit ClientService(ClientServiceOptions options);
    /// The same, with nothing else said.
    explicit ClientService(const QString &listen);
    ~ClientService() override;

    /// Before start(): the data directory, which backups look at for space.
    void setDirectory(const QString &directory) { m_directory = directory; }

    /// Before start(): what GET /metrics shows, and where calls are counted; it has to outlive
    /// this. Without it there is no such route.
    void setMetrics(prometheus::Registry &metrics) { m_metrics = &metrics; }

    /// After start(): what plugins count, for GET /metrics. Empty: nothing any more.
    void setPluginMetrics(std::function<QByteArray()> text);

    [[nodiscard]] Result<QString> start(Host &host) override;
    void stop(std::function<void()> done) override;

    /// Only after start(): where others register theirs.
    [[nodiscard]] rpc::Registry &registry();
    [[nodiscard]] net::HttpRouter &router();
    [[nodiscard]] pluginapi::Store &store();
    [[nodiscard]] rpc::FrontDoor &door();
    [[nodiscard]] quint16 port() const;
    [[nodiscard]] AccessControl &access();

private:
    struct Parts;

    void guardDoor();

    ClientServiceOptions m_options;
    QString m_directory;
    prometheus::Registry *m_metrics = nullptr;
    std::unique_ptr<Parts> m_parts;
};

} // namespace coffer::node
