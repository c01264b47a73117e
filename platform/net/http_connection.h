// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "net/http_message.h"
#include "net/http_parser.h"
#include "net/http_router.h"

#include <QObject>
#include <QTcpSocket>

#include <QCoro/QCoroTask>

#include <chrono>
#include <memory>
#include <optional>

namespace coffer::net {

/// How long a peer may take, and how much it may send.
struct HttpPatience
{
    HttpBounds bounds;
    std::chrono::milliseconds requestTimeMax = limits::requestTimeMax;
    std::chrono::milliseconds idleTimeMax = limits::idleTimeMax;
    std::chrono::milliseconds lingerTimeMax = limits::lingerTimeMax;
};

/// The server as its connections see it.
class HttpHost
{
public:
    virtual ~HttpHost() = default;
    [[nodiscard]] virtual const HttpRouter &router() const = 0;
    [[nodiscard]] virtual const HttpPatience &patience() const = 0;
    [[nodiscard]] virtual Monotonic now() const = 0;
    /// The answer to a request that must not reach any handler.
    [[nodiscard]] virtual std::optional<HttpResponse> refuse(const HttpRequest &request) = 0;
    /// Makes a WebSocket of \a socket, from which the head of the request has not been taken.
    virtual void upgrade(std::unique_ptr<QTcpSocket> socket, const WebSocketOffer &offer) = 0;
};

/// One connection that speaks HTTP/1.1: one request at a time, in order; what is pipelined waits
/// in the socket, and so, when it is much, at the peer. Deletes itself when the connection ends.
/// Node thread.
class HttpConnection final : public QObject
{
public:
    /// \a host must outlive it.
    HttpConnection(std::unique_ptr<QTcpSocket> socket, HttpHost &host);
    ~HttpConnection() override;

    /// Ends it if its peer has used up its time.
    void checkTime();
    /// True between requests: it may be closed without a loss.
    [[nodiscard]] bool isIdle() const;

private:
    enum class State {
        reading,   ///< Waits for a request, or for the rest of one.
        answering, ///< Waits for a handler.
        lingering  ///< Has refused the peer and throws away what still comes.
    };

    void advance();
    void noteProgress();
    bool step();
    bool readHead();
    bool readBody();
    void route();
    void accept();
    void end();
    [[nodiscard]] QCoro::Task<void> serve(HttpHandler handler, HttpRequest request);
    [[nodiscard]] QCoro::Task<void> offer(WebSocketHandler handler, HttpRequest request);
    void respond(const HttpResponse &response);
    void refuse(const HttpResponse &response);
    void linger();

    std::unique_ptr<QTcpSocket> m_socket;
    HttpHost &m_host;
    std::unique_ptr<HttpParser> m_parser;
    std::shared_ptr<Hangup> m_hangup; // shared with the handler; only while there is one
    State m_state = State::reading;
    bool m_isAdvancing = false;
    bool m_isHead = false;
    bool m_isUpgrade = false;
    Monotonic m_since; ///< When the present request, pause or lingering began.
};

} // namespace coffer::net
