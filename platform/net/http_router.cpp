// SPDX-License-Identifier: Apache-2.0
#include "net/http_router.h"

#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::net {

/// Methods by path, as both were registered. "" is the method of a WebSocket.
struct HttpRouter::Table
{
    struct Methods
    {
        std::map<QByteArray, HttpHandler> handlers;
        WebSocketHandler webSocket;
    };

    [[nodiscard]] const Methods *find(const QByteArray &path) const
    {
        const auto exact = paths.find(path);
        if (exact != paths.end() && !path.endsWith('*'))
            return &exact->second;
        // The longest prefix: shorten until one is there. Paths are short (8 KiB), prefixes few.
        const Methods *best = nullptr;
        qsizetype length = -1;
        for (const auto &[some, methods] : paths) {
            const QByteArrayView prefix = QByteArrayView(some).chopped(1);
            if (some.endsWith('*') && prefix.size() > length && path.startsWith(prefix)) {
                best = &methods;
                length = prefix.size();
            }
        }
        return best;
    }

    std::map<QByteArray, Methods> paths;
};

HttpRouter::Route::Route(std::weak_ptr<Table> table, QByteArray method, QByteArray path)
    : m_table(std::move(table)), m_method(std::move(method)), m_path(std::move(path))
{}

HttpRouter::Route &HttpRouter::Route::operator=(Route &&other) noexcept
{
    if (this == &other)
        return *this;
    reset();
    m_table = std::move(other.m_table);
    m_method = std::move(other.m_method);
    m_path = std::move(other.m_path);
    return *this;
}

void HttpRouter::Route::reset()
{
    const std::shared_ptr<Table> table = std::exchange(m_table, {}).lock();
    if (!table)
        return;
    const auto found = table->paths.find(m_path);
    if (m_method.isEmpty())
        found->second.webSocket = nullptr;
    else
        found->second.handlers.erase(m_method);
    if (found->second.handlers.empty() && !found->second.webSocket)
        table->paths.erase(found);
}

HttpRouter::HttpRouter() : m_table(std::make_shared<Table>()) {}

HttpRouter::~HttpRouter() = default;

Result<HttpRouter::Route> HttpRouter::claim(const QByteArray &method, const QByteArray &path)
{
    const auto found = m_table->paths.find(path);
    const bool isTaken = found != m_table->paths.end()
                         && (method.isEmpty() ? bool(found->second.webSocket)
                                              : found->second.handlers.contains(method));
    if (!path.startsWith('/') || isTaken)
        return Error{
            ErrorCode::invalid,
            u"route %1 %2: a path begins with '/' and has one handler for each method"_s.arg(
                QString::fromLatin1(method), QString::fromLatin1(path))};
    return Route(m_table, method, path);
}

Result<HttpRouter::Route> HttpRouter::add(const QByteArray &method, const QByteArray &path,
                                          HttpHandler handler)
{
    Result<Route> route = claim(method, path);
    if (route)
        m_table->paths[path].handlers.emplace(method, std::move(handler));
    return route;
}

Result<HttpRouter::Route> HttpRouter::addWebSocket(const QByteArray &path, WebSocketHandler handler)
{
    Result<Route> route = claim({}, path);
    if (route)
        m_table->paths[path].webSocket = std::move(handler);
    return route;
}

HttpRouter::Match HttpRouter::match(const HttpRequest &request, bool isWebSocket) const
{
    Match match;
    const Table::Methods *methods = m_table->find(request.path);
    if (!methods) {
        match.refusal =
            HttpResponse::error(404, u"NOT_FOUND"_s, u"There is nothing at this path."_s);
        return match;
    }
    if (isWebSocket && methods->webSocket) {
        match.webSocket = &methods->webSocket;
        return match;
    }
    const auto found = methods->handlers.find(request.method == "HEAD" ? "GET" : request.method);
    if (found != methods->handlers.end()) {
        match.handler = &found->second;
        return match;
    }
    if (methods->handlers.empty()) {
        match.refusal = HttpResponse::error(426, u"INVALID_REQUEST"_s, u"Here is a WebSocket."_s)
                            .with("Upgrade", "websocket");
        return match;
    }
    QByteArrayList allowed;
    for (const auto &[method, handler] : methods->handlers)
        allowed += method == "GET" ? QByteArray("GET, HEAD") : method;
    match.refusal =
        HttpResponse::error(405, u"INVALID_REQUEST"_s,
                            u"This path knows %1."_s.arg(QString::fromLatin1(allowed.join(", "))))
            .with("Allow", allowed.join(", "));
    return match;
}

} // namespace coffer::net
