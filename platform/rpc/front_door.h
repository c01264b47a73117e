// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "net/http_router.h"
#include "rpc/flights.h"
#include "rpc/registry.h"

#include <QObject>
#include <QSet>
#include <QTimer>

#include <QCoro/QCoroTask>

#include <functional>
#include <vector>

namespace coffer::rpc {

class SocketPipe;

/// What a peer shows of itself.
struct Credentials
{
    QByteArray bearer; ///< Behind "Authorization: Bearer "; empty without.
    QString certificateName;
    QString address;
};

/// Puts a registry behind routes: POST /rpc, WebSocket /rpc, /healthz, /readyz.
///
/// Node thread. Router, registry and clock must outlive it; WebSockets it holds end with it.
class FrontDoor final : public QObject
{
public:
    /// Who a peer is; nobody has a Caller::trouble, and may still call what is open. A failure
    /// turns the peer away. Asked once for each WebSocket and once for each request of HTTP, so it
    /// remembers what is dear to find out. Its Caller::address need not be set.
    using Identify = std::function<QCoro::Task<Answer<Caller>>(Credentials)>;
    /// Empty when the node is ready; else why it is not, for people.
    using Readiness = std::function<QString()>;

    FrontDoor(Registry &registry, net::HttpRouter &router, const Clock &clock);
    ~FrontDoor() override;

    /// Without it everybody is "anonymous".
    void setIdentify(Identify identify) { m_identify = std::move(identify); }
    /// Flights::addObserver().
    void addObserver(Flights::Observe observe) { m_flights.addObserver(std::move(observe)); }
    void setReadiness(Readiness readiness) { m_readiness = std::move(readiness); }

    /// Ends the subscriptions of those callers, for \a why: what they may see has changed.
    void endSubscriptions(const std::function<bool(const Caller &)> &isMeant, const Failure &why);

    /// One call on behalf of a request of HTTP, with the caller, deadline (header
    /// Coffer-Deadline-Ms) and trace id that it carries; cancelled when its peer hangs up. For
    /// routes of REST: they differ from methods in form alone.
    [[nodiscard]] QCoro::Task<Outcome> call(net::HttpRequest request, QString method,
                                            QCborMap params);
    /// A failure as a response of HTTP: its status, Retry-After, and the failure as JSON.
    [[nodiscard]] static net::HttpResponse responseOf(const Failure &failure);

    /// Refuses new calls, of all connections; those under way are still answered.
    void stop() { m_flights.refuseNew(); }
    /// Ends WebSockets that were opened before \a openedBefore, at most \a most of them, with
    /// \a why (at most 123 bytes) for their clients: they go to another node. Calls under way are
    /// cancelled.
    void dismiss(Monotonic openedBefore, const QString &why, int most);
    /// Calls that are not answered yet, of all connections.
    [[nodiscard]] int callsInFlight() const { return m_flights.inFlight(); }
    /// Flights::refused().
    [[nodiscard]] std::uint64_t callsRefused() const { return m_flights.refused(); }
    [[nodiscard]] std::size_t webSocketCount() const { return std::size_t(m_pipes.size()); }
    /// Asks silent WebSockets for a sign of life and ends those that did not give one since the
    /// last time. A timer does this every 30 seconds; tests do it by hand.
    void checkLife();

private:
    [[nodiscard]] QCoro::Task<Answer<Caller>> identify(net::HttpRequest request);
    [[nodiscard]] QCoro::Task<net::HttpResponse> post(net::HttpRequest request);
    [[nodiscard]] QCoro::Task<net::WebSocketOffer> offer(net::HttpRequest request);
    [[nodiscard]] QCoro::Task<net::HttpResponse> health(net::HttpRequest request);
    [[nodiscard]] QCoro::Task<net::HttpResponse> readiness(net::HttpRequest request);
    void keep(Result<net::HttpRouter::Route> route);

    const Clock &m_clock;
    Flights m_flights;
    Identify m_identify;
    Readiness m_readiness;
    QSet<SocketPipe *> m_pipes;
    QTimer m_lifeTimer;
    std::vector<net::HttpRouter::Route> m_routes;
};

} // namespace coffer::rpc
