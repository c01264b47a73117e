// SPDX-License-Identifier: Apache-2.0
#include "pluginhost/plugin_context.h"

#include <QRegularExpression>

using namespace Qt::StringLiterals;

namespace coffer::pluginhost {

using namespace pluginapi;

using Run = std::shared_ptr<PluginRun>; // shared with the host

RunContext::RunContext(Run run, const PluginHostParts &parts, Given given)
    : m_run(std::move(run))
    , m_parts(parts)
    , m_exclusiveOptions(std::move(given.exclusive))
    , m_metrics(given.metrics)
    , m_store(m_run, parts.store)
    , m_clock(m_run, parts.clock, parts.timers)
    , m_log(m_run)
    , m_settings(m_run, given.settings)
    , m_methods(m_run, std::move(given.names), parts.registry, parts.router, parts.door)
    , m_listeners(m_run, m_settings, given.isOpenToAll)
{}

Task<bool> RunContext::Time::sleep(std::chrono::milliseconds time)
{
    const Run run = m_run;
    const PluginRun::Frame frame(run);
    Eventual<bool> awake(run->goneError(ErrorCode::unavailable));
    const auto set = awake.setter();
    const PluginRun::Ticket ticket =
        run->when(PluginRun::Moment::stop, [run = run.get(), set] { run->give<bool>(set, false); });
    if (!run->isStopping())
        m_timers.after(time, [run, set] { run->give<bool>(set, true); });
    const Result<bool> result = co_await awake;
    co_return result.value_or(false);
}

void RunContext::Lines::write(Level level, const QString &text)
{
    const QLoggingCategory &log = m_run->log();
    switch (level) {
    case Level::debug: qCDebug(log).noquote() << text; return;
    case Level::info: qCInfo(log).noquote() << text; return;
    case Level::warning: qCWarning(log).noquote() << text; return;
    case Level::error: break;
    }
    qCCritical(log).noquote() << text;
}

// ---- calls of other methods

static QCoro::Task<void> invoke(Run run, rpc::Registry *registry, std::shared_ptr<rpc::Call> call,
                                Eventual<rpc::Outcome>::Setter set)
{
    rpc::Outcome outcome = co_await registry->invoke(*call, rpc::Form::cbor);
    run->give<rpc::Outcome>(set, std::move(outcome));
}

Task<rpc::Outcome> RunContext::call(QString method, QCborMap params, PluginCallOptions options)
{
    const Run run = m_run;
    if (run->isCut())
        co_return rpc::Failure::of(run->goneError(ErrorCode::unavailable));
    const PluginRun::Frame frame(run);
    const auto call = std::make_shared<rpc::Call>(); // shared with the handler
    call->method = method;
    call->params = params;
    const QString self = u"plugin "_s + run->name();
    call->caller = options.caller.value_or(rpc::Caller{self, {u"plugin"_s}, self});
    call->deadline = m_parts.clock.monotonic() + options.timeout;
    Eventual<rpc::Outcome> answer(run->goneError(ErrorCode::unavailable));
    const auto set = answer.setter();
    const auto giveUp = [run = run.get(), set](rpc::Call &of, const rpc::Failure &why) {
        run->give<rpc::Outcome>(set, rpc::Outcome(why));
        of.cancel();
    };
    const PluginRun::Ticket ticket =
        run->when(PluginRun::Moment::cut, [giveUp, call, run = run.get()] {
            giveUp(*call, rpc::Failure::of(run->goneError(ErrorCode::unknown)));
        });
    m_parts.timers.after(options.timeout, [giveUp, weak = std::weak_ptr(call), run, method] {
        const auto late = weak.lock();
        if (!late)
            return;
        rpc::Failure why =
            rpc::Failure::of(rpc::Code::deadline, u"%1 did not answer in time"_s.arg(method));
        why.outcome = rpc::WriteOutcome::unknown;
        giveUp(*late, why);
    });
    coffer::spawn(invoke(run, &m_parts.registry, call, set), "plugin call");
    const Result<rpc::Outcome> outcome = co_await answer;
    if (!outcome)
        co_return rpc::Failure::of(outcome.error());
    co_return *outcome;
}

// ---- jobs and tasks

Result<void> RunContext::exclusive(QString name, Job job)
{
    static const QRegularExpression form(u"\\A[a-z0-9-]{1,64}\\z"_s);
    if (m_run->isStopping())
        return m_run->goneError(ErrorCode::unavailable);
    if (!form.match(name).hasMatch() || m_jobs.contains(name))
        return Error{ErrorCode::invalid, u"exclusive job '%1': expected a name of its own, of a-z, "
                                         "0-9 and '-', at most 64"_s.arg(name.left(80))};
    m_jobs.insert(name);
    const QByteArray lock = u"/coffer/plugins/%1/exclusive/%2"_s.arg(m_run->name(), name).toUtf8();
    const auto contest = std::make_shared<ExclusiveJob>( // shared with its own frames
        ExclusiveJob::Parts{m_run, m_store, m_clock, m_parts.timers}, m_exclusiveOptions, lock,
        std::move(job));
    spawn(contest->compete(), "an exclusive job");
    return {};
}

static QCoro::Task<void> attend(Run run, QCoro::Task<Result<void>> task, const char *name)
{
    const PluginRun::Frame frame(run);
    try {
        const Result<void> done = co_await task;
        if (!done && !run->isStopping())
            qCWarning(run->log()).noquote() << name << "ended:" << done.error().message;
    } catch (...) {
        (void)run->caught(name);
    }
}

void RunContext::spawn(Task<Result<void>> task, const char *name)
{
    coffer::spawn(attend(m_run, std::move(task), name), "plugin task");
}

Task<Result<void>> RunContext::runElsewhere(std::function<void()> work)
{
    const Run run = m_run;
    const PluginRun::Frame frame(run);
    Eventual<void> done({ErrorCode::unavailable, u"the node ends"_s});
    const auto set = done.setter();
    if (run->isCut())
        co_return run->goneError(ErrorCode::unavailable);
    if (!m_parts.workers.run(std::move(work), [run, set] { run->give<void>(set, {}); }))
        co_return Error{ErrorCode::unavailable, u"too much work waits for a thread; try again"_s};
    const Result<void> result = co_await done;
    co_return result;
}

} // namespace coffer::pluginhost
