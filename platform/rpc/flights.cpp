// SPDX-License-Identifier: Apache-2.0
#include "rpc/flights.h"

#include "rpc/entry.h"
#include "rpc/limits.h"
#include "rpc/spawn.h"

#include <QLoggingCategory>
#include <QPointer>

#include <QCoro/QCoroTask> // std::coroutine_handle, for clang 14 too

#include <algorithm>
#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::rpc {

/// One call under way, kept by its lane and by the frames that work on it.
class Flight
{
public:
    explicit Flight(Subscriber *subscriber) : call(subscriber) {}
    Q_DISABLE_COPY_MOVE(Flight)

    /// The answer, unless there is one already.
    void land(Outcome found)
    {
        if (outcome)
            return;
        outcome = std::move(found);
        if (waiter)
            std::exchange(waiter, {}).resume();
    }

    Call call;
    std::shared_ptr<const Entry> entry; // shared with the registry, which may let it go
    Monotonic began{0};
    bool isChange = false;
    Lane *lane = nullptr; ///< nullptr once the connection is gone.
    std::optional<Outcome> outcome;
    std::coroutine_handle<> waiter;
    std::optional<std::multimap<Monotonic, std::weak_ptr<Flight>>::iterator> deadline;
};

namespace {

struct Landing
{
    Flight *flight;

    [[nodiscard]] bool await_ready() const noexcept { return flight->outcome.has_value(); }
    void await_suspend(std::coroutine_handle<> waiter) const noexcept { flight->waiter = waiter; }
    void await_resume() const noexcept {}
};

Q_LOGGING_CATEGORY(flightLog, "coffer.rpc")

constexpr std::chrono::milliseconds blockedMax(50);
constexpr std::chrono::milliseconds tick(50); // how late a deadline may be noticed

Failure late(const Flight &flight)
{
    Failure failure = Failure::of(
        Code::deadline, u"%1 was not done in the time it was given."_s.arg(flight.call.method));
    failure.isRetryable = !flight.isChange;
    if (flight.isChange)
        failure.outcome = WriteOutcome::unknown;
    return failure;
}

Failure overloaded(const QString &why)
{
    Failure failure = Failure::of(Code::unavailable, why);
    failure.retryAfter = std::chrono::milliseconds(200);
    return failure;
}

} // namespace

Lane::~Lane()
{
    const auto flights = std::exchange(m_flights, {});
    for (const std::shared_ptr<Flight> &flight : flights) {
        flight->lane = nullptr;
        flight->call.cancel();
    }
}

Flights::Flights(Registry &registry, const Clock &clock) : m_registry(registry), m_clock(clock)
{
    m_timer.setInterval(tick);
    connect(&m_timer, &QTimer::timeout, this, &Flights::expire);
}

Flights::~Flights() = default;

Answer<std::shared_ptr<Flight>> Flights::prepare(Lane &lane, Request request) const
{
    if (lane.m_flights.size() >= std::size_t(limits::callsInFlightMax))
        return overloaded(u"%1 calls of this connection wait for their answers; send more when "
                          "some have come."_s.arg(limits::callsInFlightMax));
    if (m_isRefusing)
        return overloaded(u"This node is stopping; ask another one."_s);
    if (m_inFlight >= limits::callsInFlightNodeMax)
        return overloaded(
            u"This node has %1 calls under way; try again, or ask another node."_s.arg(
                limits::callsInFlightNodeMax));
    const std::shared_ptr<const Entry> entry = m_registry.find(request.method);
    if (!entry)
        return Failure::of(Code::methodNotFound, u"This node has no method %1; rpc.discover lists "
                                                 "those it has."_s.arg(request.method));
    auto flight = std::make_shared<Flight>(lane.m_subscriber);
    flight->entry = entry;
    Call &call = flight->call;
    if (auto *given = std::get_if<Params>(&request.params)) {
        call.params = std::move(*given);
    } else {
        Answer<QCborValue> params = entry->params().fromJson(std::get<QJsonObject>(request.params));
        if (!params)
            return params.error();
        call.params = params->toMap();
    }
    const Method &method = entry->method();
    call.method = std::move(request.method);
    call.caller = lane.m_caller;
    call.traceparent = std::move(request.traceparent);
    call.takesEncoded = request.takesEncoded;
    const auto usual = method.deadline;
    const auto wanted = request.deadlineMs ? std::chrono::milliseconds(
                            std::min(*request.deadlineMs, qint64(limits::deadlineMax.count())))
                                           : usual;
    if (wanted.count() > 0)
        call.deadline = m_clock.monotonic() + wanted;
    flight->isChange =
        method.access.kind == Access::Kind::write || method.access.kind == Access::Kind::admin;
    return flight;
}

QCoro::Task<Outcome> Flights::run(std::weak_ptr<Lane> lane, Request request)
{
    const Form form = request.params.index() == 0 ? Form::cbor : Form::json;
    const Answer<std::shared_ptr<Flight>> entered = enter(lane.lock().get(), std::move(request));
    if (!entered)
        co_return entered.error();
    const std::shared_ptr<Flight> &flight = *entered; // and not the lane, which may go meanwhile
    takeOff(flight, form);
    co_await Landing{flight.get()};
    co_return std::move(*flight->outcome);
}

/// Starts the handler, which runs up to its first wait, and tells of those that block the node.
void Flights::takeOff(const std::shared_ptr<Flight> &flight, Form form)
{
    flight->began = m_clock.monotonic();
    spawn(fly(flight, form), "call");
    const auto passed =
        std::chrono::duration_cast<std::chrono::milliseconds>(m_clock.monotonic() - flight->began);
    if (passed > blockedMax)
        qCWarning(flightLog, "%s held up the node for %lld ms; move such work off its thread",
                  qUtf8Printable(flight->call.method), qlonglong(passed.count()));
}

QCoro::Task<void> Flights::fly(std::shared_ptr<Flight> flight, Form form)
{
    const QPointer<Flights> self(this);
    const Outcome outcome = co_await m_registry.invoke(flight->call, form);
    if (self)
        leave(flight);
    if (self) {
        const Monotonic took = m_clock.monotonic() - flight->began;
        for (const Observe &observe : m_observers)
            observe(flight->entry->method(), flight->call, outcome, took);
    }
    if (!outcome)
        flight->call.cancel(); // and with it what the handler opened before it failed
    flight->land(outcome);
}

Answer<std::shared_ptr<Flight>> Flights::enter(Lane *lane, Request request)
{
    if (!lane)
        return Failure::of(Code::cancelled, u"The connection is gone."_s);
    Answer<std::shared_ptr<Flight>> prepared = prepare(*lane, std::move(request));
    if (!prepared) {
        m_refused += prepared.error().code == Code::unavailable ? 1 : 0;
        return prepared;
    }
    const std::shared_ptr<Flight> &flight = *prepared;
    ++m_inFlight;
    flight->lane = lane;
    lane->m_flights.push_back(flight);
    if (!flight->call.deadline)
        return prepared;
    flight->deadline = m_deadlines.emplace(*flight->call.deadline, flight);
    if (!m_timer.isActive())
        m_timer.start();
    return prepared;
}

void Flights::leave(const std::shared_ptr<Flight> &flight)
{
    --m_inFlight;
    if (flight->deadline)
        m_deadlines.erase(*std::exchange(flight->deadline, {}));
    if (!flight->lane)
        return;
    auto &flights = flight->lane->m_flights;
    const auto found = std::find(flights.begin(), flights.end(), flight);
    std::swap(*found, flights.back());
    flights.pop_back();
}

void Flights::expire()
{
    const Monotonic now = m_clock.monotonic();
    while (!m_deadlines.empty() && m_deadlines.begin()->first <= now) {
        const std::shared_ptr<Flight> flight = m_deadlines.begin()->second.lock();
        m_deadlines.erase(m_deadlines.begin());
        flight->deadline.reset();
        flight->land(late(*flight));
        flight->call.cancel();
    }
    if (m_deadlines.empty())
        m_timer.stop();
}

} // namespace coffer::rpc
