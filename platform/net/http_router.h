// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "net/http_message.h"

#include <QByteArrayList>

#include <QCoro/QCoroTask>

#include <functional>
#include <map>
#include <memory>
#include <optional>

QT_BEGIN_NAMESPACE
class QWebSocket;
QT_END_NAMESPACE

namespace coffer::net {

/// Answers a request. A free or member function, never a capturing lambda. What it throws becomes
/// 500. request.hangup tells it that nobody waits any more.
using HttpHandler = std::function<QCoro::Task<HttpResponse>(HttpRequest)>;

/// What becomes of a request for a WebSocket.
struct WebSocketOffer
{
    std::optional<HttpResponse> refusal;                       ///< Sent in place of the WebSocket.
    std::function<void(std::unique_ptr<QWebSocket>)> accepted; ///< Gets it, when there is none.
};
using WebSocketHandler = std::function<QCoro::Task<WebSocketOffer>(HttpRequest)>;

/// Which paths there are, and who answers for them. Lives on the node thread; outlives the servers
/// that use it.
class HttpRouter
{
    struct Table;

public:
    /// Keeps a route; takes it back when it dies. Moves. May outlive the router.
    class [[nodiscard]] Route
    {
    public:
        Route() = default;
        Route(Route &&) noexcept = default;
        Route &operator=(Route &&other) noexcept;
        ~Route() { reset(); }
        void reset();

    private:
        friend class HttpRouter;
        Route(std::weak_ptr<Table> table, QByteArray method, QByteArray path);

        std::weak_ptr<Table> m_table;
        QByteArray m_method;
        QByteArray m_path;
    };

    /// What a request leads to: exactly one of the three is set.
    struct Match
    {
        const HttpHandler *handler = nullptr;
        const WebSocketHandler *webSocket = nullptr;
        std::optional<HttpResponse> refusal; ///< 404, or 405 with Allow.
    };

    HttpRouter();
    ~HttpRouter();
    Q_DISABLE_COPY_MOVE(HttpRouter)

    /// Registers \a handler for \a method ("GET"; it answers HEAD too) of \a path. A path that ends
    /// with '*' stands for all that begin with what is before it; an exact one goes before, then
    /// the longest. Fails if there is such a route already.
    [[nodiscard]] Result<Route> add(const QByteArray &method, const QByteArray &path,
                                    HttpHandler handler);
    [[nodiscard]] Result<Route> addWebSocket(const QByteArray &path, WebSocketHandler handler);

    /// Where a request goes. Pointers are valid until the next change of the routes.
    [[nodiscard]] Match match(const HttpRequest &request, bool isWebSocket) const;

private:
    [[nodiscard]] Result<Route> claim(const QByteArray &method, const QByteArray &path);

    std::shared_ptr<Table> m_table; // shared weakly with routes
};

} // namespace coffer::net
