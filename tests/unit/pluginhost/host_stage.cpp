// SPDX-License-Identifier: Apache-2.0
#include "unit/pluginhost/host_stage.h"

#include <QCoreApplication>
#include <QDeadlineTimer>
#include <QTest>

namespace coffer::pluginhost {

using namespace std::chrono_literals;

void HandTimers::after(std::chrono::milliseconds time, std::function<void()> call)
{
    m_calls.emplace(now + time, std::move(call));
}

void HandTimers::advance(std::chrono::milliseconds time)
{
    const Monotonic until = now + time;
    while (!m_calls.empty() && m_calls.begin()->first <= until) {
        const auto next = m_calls.extract(m_calls.begin());
        now = std::max(now, next.key());
        next.mapped()();
    }
    now = until;
}

HostStage::HostStage(StoreStage &of, PluginHostOptions options, bool isByHand)
    : m_isByHand(isByHand)
{
    Clock &clock = isByHand ? static_cast<Clock &>(hand) : of.clock;
    Timers &timers = isByHand ? static_cast<Timers &>(hand) : of.timers;
    const DoorCall door = [this](net::HttpRequest, QString method,
                                 QCborMap params) -> QCoro::Task<rpc::Outcome> {
        const rpc::Outcome outcome = call(method, params);
        co_return outcome;
    };
    const PluginHostParts parts{clock, timers, of.workers, of.store, registry, router, door};
    host = std::make_unique<PluginHost>(parts, std::move(options));
}

HostStage::~HostStage() = default;

bool HostStage::waitFor(const std::function<bool()> &isTrue)
{
    if (!m_isByHand)
        return QTest::qWaitFor(isTrue, 10'000);
    // Steps of virtual time as fast as the loop goes: seconds of it take no time.
    for (const QDeadlineTimer end(10'000); !isTrue() && !end.hasExpired();) {
        QCoreApplication::processEvents();
        hand.advance(1ms);
    }
    return isTrue();
}

bool HostStage::start()
{
    if (!host->resolve())
        return false;
    host->start();
    return waitFor([this] { return host->isSettled(); });
}

bool HostStage::stop()
{
    bool isDone = false;
    host->stop().then([&isDone] { isDone = true; });
    return waitFor([&isDone] { return isDone; });
}

PluginReport HostStage::report(const QString &plugin) const
{
    return host->reportOf(plugin).value_or(PluginReport());
}

QCoro::Task<void> HostStage::invoke(rpc::Registry *registry, std::shared_ptr<rpc::Call> call,
                                    Pending pending)
{
    rpc::Outcome outcome = co_await registry->invoke(*call, rpc::Form::json);
    pending->emplace(std::move(outcome));
}

HostStage::Pending HostStage::begin(const QString &method, const QCborMap &params)
{
    const auto call = std::make_shared<rpc::Call>();
    call->method = method;
    call->params = params;
    const auto pending = std::make_shared<std::optional<rpc::Outcome>>();
    spawn(invoke(&registry, call, pending), "test");
    return pending;
}

rpc::Outcome HostStage::call(const QString &method, const QCborMap &params)
{
    const Pending pending = begin(method, params);
    if (!waitFor([&] { return pending->has_value(); }))
        return rpc::Failure::of(rpc::Code::deadline, QStringLiteral("nothing came"));
    return **pending;
}

} // namespace coffer::pluginhost
