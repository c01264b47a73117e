// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "rpc/call.h"
#include "rpc/message.h"
#include "rpc/registry.h"

#include <QObject>
#include <QTimer>

#include <QCoro/QCoroTask>

#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace coffer::rpc {

class Flight;

/// The calls under way of one connection: what they have in common, and what happens to them when
/// it goes. Owned by the connection; the calls may outlive it.
class Lane
{
public:
    explicit Lane(Caller caller, Subscriber *subscriber = nullptr)
        : m_caller(std::move(caller)), m_subscriber(subscriber)
    {}
    /// Cancels what is under way. Nobody waits for those answers any more.
    ~Lane();
    Q_DISABLE_COPY_MOVE(Lane)

    [[nodiscard]] const Caller &caller() const { return m_caller; }
    [[nodiscard]] std::size_t inFlight() const { return m_flights.size(); }

private:
    friend class Flights;

    Caller m_caller;
    Subscriber *m_subscriber;
    std::vector<std::shared_ptr<Flight>> m_flights; // shared with the frames of the handlers
};

/// All calls under way on a node: starts them, ends their waiting at the deadline, counts them.
///
/// A call whose deadline has passed is answered DEADLINE at once; its handler is told by
/// Call::isCancelled() and its late answer is dropped. It counts as under way until its handler has
/// finished, so that slow handlers make a node refuse calls and not pile them up. Node thread.
class Flights : public QObject
{
public:
    /// Hears of each call when its handler has finished, which may be after its deadline: what was
    /// asked by whom, what became of it, how long it took. For metrics, audit and the log of slow
    /// calls. Calls that reached no handler are heard of too, but for those of no known method and
    /// those that were refused for overload.
    using Observe = std::function<void(const Method &, const Call &, const Outcome &, Monotonic)>;

    /// Both must outlive this object. Handlers may outlive it: they finish, and nobody hears of it.
    Flights(Registry &registry, const Clock &clock);
    ~Flights() override;

    /// Makes one call of \a lane. The answer is there when the task has finished; if \a lane has
    /// gone by then, it is CANCELLED.
    [[nodiscard]] QCoro::Task<Outcome> run(std::weak_ptr<Lane> lane, Request request);

    /// Adds one; all are told, in order, and must not add others meanwhile.
    /// An outcome can be encoded (rpc::decoded()).
    void addObserver(Observe observe) { m_observers.push_back(std::move(observe)); }
    [[nodiscard]] int inFlight() const { return m_inFlight; }
    /// Calls that were refused because there were too many, or because the node stops.
    [[nodiscard]] std::uint64_t refused() const { return m_refused; }
    /// From now on new calls are refused as UNAVAILABLE: the node stops.
    void refuseNew() { m_isRefusing = true; }
    /// Answers the calls whose deadline has passed. A timer does this; tests do it by hand.
    void expire();

private:
    friend class Lane;
    [[nodiscard]] Answer<std::shared_ptr<Flight>> prepare(Lane &lane, Request request) const;
    void takeOff(const std::shared_ptr<Flight> &flight, Form form);
    [[nodiscard]] QCoro::Task<void> fly(std::shared_ptr<Flight> flight, Form form);
    [[nodiscard]] Answer<std::shared_ptr<Flight>> enter(Lane *lane, Request request);
    void leave(const std::shared_ptr<Flight> &flight);

    Registry &m_registry;
    const Clock &m_clock;
    std::vector<Observe> m_observers;
    int m_inFlight = 0;
    std::uint64_t m_refused = 0;
    bool m_isRefusing = false;
    std::multimap<Monotonic, std::weak_ptr<Flight>> m_deadlines;
    QTimer m_timer; ///< Runs while somebody has a deadline.
};

} // namespace coffer::rpc
