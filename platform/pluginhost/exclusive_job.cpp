// SPDX-License-Identifier: Apache-2.0
#include "pluginhost/exclusive_job.h"

using namespace Qt::StringLiterals;

namespace coffer::pluginhost {

using namespace pluginapi;

/// A duty ends so much before its session can.
static constexpr int marginPart = 8;

/// Also who keeps the session: the holder waits here for time or the end, whichever comes first.
class ExclusiveJob::Duty final : public pluginapi::Duty, public std::enable_shared_from_this<Duty>
{
public:
    Duty(const Parts &parts, store::Guard guard)
        : m_run(parts.run), m_timers(parts.timers), m_guard(std::move(guard))
    {}

    [[nodiscard]] bool isOver() const override { return m_isOver; }
    [[nodiscard]] store::Guard guard() const override { return m_guard; }
    [[nodiscard]] Task<bool> sleep(std::chrono::milliseconds time) override
    {
        const auto self = shared_from_this(); // the caller may let go of it meanwhile
        const PluginRun::Frame frame(m_run);
        Eventual<bool> awake(m_run->goneError(ErrorCode::unavailable));
        const auto set = awake.setter();
        self->onEnd([run = m_run.get(), set] { run->give<bool>(set, false); });
        if (!m_isOver)
            m_timers.after(time, [run = m_run, set] { run->give<bool>(set, true); });
        const Result<bool> result = co_await awake;
        co_return result.value_or(false) && !self->m_isOver;
    }
    void onOver(std::function<void()> callback) override
    {
        onEnd([run = m_run.get(), callback = std::move(callback)] {
            try {
                run->enter(u"onOver"_s, callback);
            } catch (...) {
                (void)run->caught("onOver");
            }
        });
    }

    void end()
    {
        if (std::exchange(m_isOver, true))
            return;
        const auto self = shared_from_this();
        for (const auto &call : std::exchange(m_onEnd, {}))
            call();
    }
    /// Ends the duty at \a time, unless that is moved before.
    void endAt(const Clock &clock, Monotonic time)
    {
        m_endsAt = time;
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(time - clock.monotonic());
        m_timers.after(std::max(left, std::chrono::milliseconds(0)),
                       [weak = weak_from_this(), time] {
                           const auto self = weak.lock();
                           if (self && self->m_endsAt == time)
                               self->end();
                       });
    }

    bool isFinished = false; ///< The job has returned.

private:
    void onEnd(std::function<void()> call)
    {
        if (m_isOver)
            call();
        else
            m_onEnd.push_back(std::move(call));
    }

    std::shared_ptr<PluginRun> m_run; // shared with everything that the plugin was given
    Timers &m_timers;
    store::Guard m_guard;
    std::vector<std::function<void()>> m_onEnd;
    Monotonic m_endsAt{0};
    bool m_isOver = false;
};

ExclusiveJob::ExclusiveJob(Parts parts, ExclusiveOptions options, QByteArray lock, Job job)
    : m_parts(std::move(parts))
    , m_options(std::move(options))
    , m_lock(std::move(lock))
    , m_job(std::move(job))
{}

Task<Result<void>> ExclusiveJob::compete()
{
    const auto self = shared_from_this();
    const auto run = m_parts.run;
    while (!run->isStopping()) {
        const Result<std::optional<Won>> won = co_await tryOnce();
        Result<void> done;
        if (!won)
            done = won.error();
        else if (*won)
            done = co_await hold(**won);
        else
            done = co_await awaitChange();
        const bool isTaken = won && !*won;
        if (!done && !run->isStopping())
            qCInfo(run->log()).noquote() << m_lock << done.error().message;
        if (run->isStopping()
            || ((!isTaken || !done) && !co_await m_parts.clock.sleep(m_options.pause)))
            break;
    }
    co_return Result<void>();
}

Task<Result<std::optional<ExclusiveJob::Won>>> ExclusiveJob::tryOnce()
{
    const store::Question question = store::Get{m_lock, {}};
    const Result<store::Reply> now = co_await m_parts.store.read(question);
    if (!now)
        co_return now.error();
    if (std::optional<Error> error = errorOf(*now))
        co_return *error;
    m_seen = now->revision;
    if (!now->files.empty())
        co_return std::optional<Won>();
    const Monotonic before = m_parts.clock.monotonic();
    const store::OpenSession open{0, m_options.timeToLive};
    const Result<SessionId> session = co_await m_parts.store.openSession(open);
    if (!session)
        co_return session.error();
    const Result<std::optional<Won>> won = co_await lockWith(*session, before);
    if (!won || !*won)
        (void)co_await m_parts.store.closeSession(*session);
    co_return won;
}

Task<Result<std::optional<ExclusiveJob::Won>>> ExclusiveJob::lockWith(SessionId session,
                                                                      Monotonic countedFrom)
{
    store::Transaction lock;
    lock.guards = {store::Missing{m_lock}};
    lock.operations = {store::Put{m_lock, m_options.holder, true, {}}};
    const CommitOptions options{store::Origin{session, Sequence(1), Sequence(0)}};
    const Result<store::Answer> answer = co_await m_parts.store.commit(lock, options);
    if (!answer)
        co_return answer.error();
    if (answer->status == store::Status::guardFailed)
        co_return std::optional<Won>();
    if (std::optional<Error> error = errorOf(*answer))
        co_return *error;
    co_return std::optional(Won{session, answer->revision, countedFrom});
}

/// Until the lock may be free.
Task<Result<void>> ExclusiveJob::awaitChange()
{
    const Result<store::Glob> glob = store::Glob::parse(m_lock);
    if (!glob)
        co_return glob.error();
    const std::unique_ptr<Watch> watch =
        m_parts.store.watch({*glob, m_seen.next(), false, store::WatchKinds::deletes});
    while (true) {
        const Result<store::WatchAnswer> answer = co_await watch->next();
        if (!answer)
            co_return answer.error();
        const auto *batch = std::get_if<store::WatchBatch>(&*answer);
        if (batch == nullptr || !batch->events.empty())
            co_return Result<void>();
    }
}

Task<void> ExclusiveJob::doJob(std::shared_ptr<Duty> duty)
{
    const auto self = shared_from_this();
    const PluginRun::Frame frame(m_parts.run);
    try {
        const Task<Result<void>> task =
            m_parts.run->enter(u"an exclusive job"_s, [&] { return m_job(duty); });
        const Result<void> done = co_await task;
        if (!done)
            qCWarning(m_parts.run->log()).noquote() << m_lock << "ended:" << done.error().message;
    } catch (...) {
        (void)m_parts.run->caught(m_lock.constData());
    }
    duty->isFinished = true;
    duty->end();
}

Task<Result<void>> ExclusiveJob::hold(Won won)
{
    const auto ends = [this](Monotonic from) {
        return from + m_options.timeToLive * (marginPart - 1) / marginPart;
    };
    const auto duty = std::make_shared<Duty>(m_parts, store::CreatedEquals{m_lock, won.created});
    const PluginRun::Ticket ticket =
        m_parts.run->when(PluginRun::Moment::stop, [duty = duty.get()] { duty->end(); });
    duty->endAt(m_parts.clock, ends(won.countedFrom));
    // The end of the job ends the duty; so the duty's end is all that has to be awaited.
    Task<void> job = doJob(duty);
    for (;;) {
        const bool isOn = co_await duty->sleep(m_options.timeToLive / 3);
        if (!isOn)
            break;
        const Monotonic before = m_parts.clock.monotonic();
        const Result<void> renewed = co_await m_parts.store.keepAlive(won.session);
        if (renewed)
            duty->endAt(m_parts.clock, ends(before));
        else if (renewed.error().code == ErrorCode::notFound)
            duty->end();
    }
    co_await job;
    co_return co_await m_parts.store.closeSession(won.session);
}

} // namespace coffer::pluginhost
