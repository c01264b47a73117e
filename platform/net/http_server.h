// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "net/http_connection.h"
#include "net/http_limits.h"
#include "net/http_router.h"

#include <QHostAddress>
#include <QSet>
#include <QSslConfiguration>
#include <QTcpServer>
#include <QTimer>

#include <memory>
#include <optional>

namespace coffer::net {

/// What a front door is like. The defaults are those of a node.
struct HttpOptions
{
    HttpPatience patience;
    int connectionsMax = limits::connectionsMax;
    std::int64_t webSocketMessageBytesMax = limits::bodyBytesMax;
    std::optional<QSslConfiguration> tls; ///< Without: plain TCP.
    /// Names that a request may give as its Host, in small letters, besides numbers and localhost:
    /// see isHostAllowed(). Without: any.
    std::optional<QStringList> hostNames;
};

/// The front door: HTTP/1.1 and WebSocket on one port, over TCP or TLS. Node thread.
///
/// Every peer is bounded: in the size of what it sends, in the time it takes for it, in the answers
/// that wait for it. Connections over connectionsMax are told 503 and closed.
class HttpServer final : public QTcpServer, private HttpHost
{
public:
    /// Both must outlive the server.
    HttpServer(const HttpRouter &router, const Clock &clock, HttpOptions options = {});
    ~HttpServer() override;

    /// Listens; port 0 takes one that is free (serverPort()).
    [[nodiscard]] Result<void> start(const QHostAddress &address, quint16 port);
    /// Takes no new connections and closes those between two requests.
    void stop();

    /// Connections that are open, WebSockets included.
    [[nodiscard]] int connectionCount() const { return m_open; }
    /// Connections that were turned away because there were too many.
    [[nodiscard]] std::uint64_t refusedCount() const { return m_refused; }
    /// Ends the connections whose peers have used up their time. A timer does this twice a second;
    /// tests do it by hand.
    void checkTimes();

protected:
    void incomingConnection(qintptr descriptor) override;

private:
    [[nodiscard]] const HttpRouter &router() const override { return m_router; }
    [[nodiscard]] const HttpPatience &patience() const override { return m_options.patience; }
    [[nodiscard]] Monotonic now() const override { return m_clock.monotonic(); }
    [[nodiscard]] std::optional<HttpResponse> refuse(const HttpRequest &request) override;
    void upgrade(std::unique_ptr<QTcpSocket> socket, const WebSocketOffer &offer) override;

    [[nodiscard]] std::unique_ptr<QTcpSocket> makeSocket(qintptr descriptor);
    void turnAway(std::unique_ptr<QTcpSocket> socket);
    void serve(std::unique_ptr<QTcpSocket> socket);

    const HttpRouter &m_router;
    const Clock &m_clock;
    HttpOptions m_options;
    QSet<HttpConnection *> m_connections;
    int m_open = 0;
    bool m_hasToldHost = false; ///< One that was refused is in the log.
    std::uint64_t m_refused = 0;
    QTimer m_timer;
};

} // namespace coffer::net
