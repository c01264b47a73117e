// SPDX-License-Identifier: Apache-2.0
#include "agent/switcher_p.h"

#include <QTimer>

namespace coffer::agent {

using std::chrono::milliseconds;

static constexpr qsizetype errorCharactersMax = 2048;

static Verdict failed(const Error &error)
{
    return {.state = Verdict::State::failed, .error = error.message.left(errorCharactersMax)};
}

static Verdict failed(Verdict::State state, const char *stage, const CommandOutcome &outcome)
{
    return {.state = state,
            .error =
                QLatin1String(stage) + QLatin1Char(' ') + outcome.reason.left(errorCharactersMax),
            .output = outcome.output};
}

static const Verdict superseded{.state = Verdict::State::superseded,
                                .error = QStringLiteral("something newer came")};

Switcher::Impl::Impl(Target wanted, const QByteArray &state, World of)
    : target(std::move(wanted)), world(of), swap(target, state, of.files)
{}

static const Verdict held{.state = Verdict::State::held,
                          .error = QStringLiteral("the service is held on this host")};

QCoro::Task<bool> Switcher::Impl::takeTurn(Ticket ticket)
{
    while (isRunning) {
        Eventual<bool> turn({ErrorCode::unavailable, QStringLiteral("the agent ends")});
        m_waiting.push_back(turn.setter());
        static_cast<void>(co_await turn);
        if (!isNewest(ticket))
            co_return false;
    }
    isRunning = true;
    co_return true;
}

/// The turn is given back while the job waits for its time: what is applied is looked after, and
/// what is found then is looked at again.
QCoro::Task<Verdict> Switcher::Impl::enter(Job job)
{
    if (swap.isLooking())
        co_return failed({ErrorCode::refused, QStringLiteral("it is only looked at")});
    if (!job.isLocal && isHeld())
        co_return held; // before it supersedes what runs
    const Ticket ticket = ++m_newest;
    isPacing = false;
    world.actions.wake();
    std::optional<Monotonic> due;
    for (;;) {
        const bool hasTurn = co_await takeTurn(ticket);
        if (!hasTurn)
            co_return superseded;
        std::optional<Verdict> verdict = answerAtOnce(job);
        if (!due)
            due = dueOf(job);
        if (!verdict && world.clock.monotonic() >= *due)
            verdict = co_await carryOut(job, ticket);
        else if (!verdict)
            verdict = failsAnyway();
        if (verdict) {
            Verdict said = co_await settleAfter(*verdict, ticket);
            leave();
            co_return said;
        }
        leave();
        isPacing = true;
        const bool isDue = co_await waitUntil(*due, ticket);
        if (!isDue)
            co_return superseded; // and who came after this says whether anybody waits
        isPacing = false;
    }
}

QCoro::Task<Verdict> Switcher::Impl::settleAfter(Verdict verdict, Ticket ticket)
{
    if (!swap.record().owesReload || !isNewest(ticket))
        co_return verdict;
    const Result<void> settled = co_await settle();
    if (!settled) {
        if (verdict.state == Verdict::State::healthy)
            verdict.state = Verdict::State::failed;
        if (!verdict.error.isEmpty())
            verdict.error += QLatin1String("; ");
        verdict.error += settled.error().message;
    }
    co_return verdict;
}

void Switcher::Impl::leave()
{
    isRunning = false;
    // Later: whoever awaits this one has to hear of it before the next begins.
    QMetaObject::invokeMethod(
        &m_context,
        [waiting = std::exchange(m_waiting, {})] {
            for (const Eventual<bool>::Setter &set : waiting)
                set(true);
        },
        Qt::QueuedConnection);
}

void Switcher::Impl::cancel()
{
    ++m_newest;
    isPacing = false;
    world.actions.wake();
}

bool Switcher::Impl::isHeld() const
{
    const std::optional<WallMs> until = swap.record().heldUntil;
    return until && world.clock.wall() < *until;
}

Result<config::Bundle> Switcher::Impl::verify(const Job &job)
{
    if (config::rootOf(job.bytes) != job.to.root)
        return Error{ErrorCode::corrupt,
                     QStringLiteral("the bundle that came is not %1; it is fetched again with the "
                                    "next offer")
                         .arg(QLatin1String(job.to.root.brief()))};
    return config::decodeBundle(job.bytes);
}

std::optional<Verdict> Switcher::Impl::alreadyApplied(const Job &job, const config::Bundle &bundle)
{
    if (!swap.applied() || swap.applied()->root != job.to.root || swap.isElsewhere())
        return std::nullopt;
    if (Result<void> usable = swap.checkDestination(); !usable)
        return failed(usable.error());
    if (Result<void> kept = swap.state().keepBundle(job.to.root, job.bytes); !kept)
        return failed(kept.error());
    if (*swap.applied() != job.to) { // The same content under another version's name.
        Record next = swap.record();
        next.kept.front().generation = job.to;
        if (Result<void> saved = swap.state().save(std::move(next)); !saved)
            return failed(saved.error());
    }
    const Result<std::vector<Finding>> findings = swap.compare(bundle);
    if (!findings)
        return failed(findings.error());
    if (findings->empty())
        return Verdict{};
    const Result<bool> isMissing = swap.isMissing(bundle);
    if (target.drift == Target::Drift::repair || (isMissing && *isMissing))
        return std::nullopt; // By the whole way, as a new version.
    return Verdict{.state = Verdict::State::drifted,
                   .error = QStringLiteral("%1 and maybe more is not as it was applied")
                                .arg(QString::fromUtf8(findings->front().path))};
}

std::optional<Verdict> Switcher::Impl::failsAnyway()
{
    const Result<void> usable = swap.checkDestination();
    return usable ? std::optional<Verdict>() : failed(usable.error());
}

Monotonic Switcher::Impl::dueOf(const Job &job)
{
    Monotonic due = world.clock.monotonic();
    if (job.isLocal || !swap.applied())
        return due;
    if (m_lastSwitch)
        due = std::max(due, *m_lastSwitch + target.minInterval);
    return due + milliseconds(world.random.below(std::uint64_t(target.splay.count()) + 1));
}

QCoro::Task<bool> Switcher::Impl::waitUntil(Monotonic due, Ticket ticket)
{
    while (isNewest(ticket) && world.clock.monotonic() < due) {
        const Monotonic left = due - world.clock.monotonic();
        co_await world.actions.pause(std::chrono::ceil<milliseconds>(left));
    }
    co_return isNewest(ticket);
}

std::optional<Verdict> Switcher::Impl::answerAtOnce(const Job &job)
{
    const Result<void> undone = swap.isRecovered() ? swap.undo() : swap.recover();
    if (!undone && undone.error().code != ErrorCode::corrupt)
        return failed(undone.error().in(QStringLiteral("an earlier switch is half undone")));
    if (!job.isLocal && isHeld())
        return held; // as the record says that could not be read before
    swap.unstage();  // If an earlier one could not.
    const Result<config::Bundle> bundle = verify(job);
    if (!bundle)
        return failed(bundle.error());
    return alreadyApplied(job, *bundle);
}

QCoro::Task<Verdict> Switcher::Impl::carryOut(Job job, Ticket ticket)
{
    const Result<config::Bundle> bundle = config::decodeBundle(job.bytes);
    if (!bundle)
        co_return failed(bundle.error());
    if (Result<void> staged = swap.stage(job.to, *bundle, job.bytes); !staged) {
        swap.unstage();
        co_return failed(staged.error());
    }
    const CommandOutcome checked = co_await check(job.to);
    if (!isNewest(ticket)) {
        swap.unstage();
        co_return superseded;
    }
    if (!checked.isOk) {
        swap.unstage();
        co_return failed(Verdict::State::failed, "the check", checked);
    }
    if (!target.check.isEmpty()) {
        if (Result<void> whole = swap.checkStaged(*bundle); !whole) {
            swap.unstage();
            co_return failed(whole.error());
        }
    }
    co_return co_await switchTo(job, *bundle, ticket);
}

QCoro::Task<Verdict> Switcher::Impl::switchTo(Job job, config::Bundle bundle, Ticket ticket)
{
    m_lastSwitch = world.clock.monotonic();
    if (Result<void> performed = swap.perform(job.to, bundle); !performed)
        co_return goBack(failed(performed.error()));
    const CommandOutcome reloaded = co_await reload(job.to);
    if (!reloaded.isOk)
        co_return goBack(failed(Verdict::State::rolledBack, "the reload", reloaded));
    const CommandOutcome healthy = co_await awaitHealth(job.to, ticket);
    if (!isNewest(ticket))
        co_return goBack(superseded);
    if (!healthy.isOk)
        co_return goBack(failed(Verdict::State::rolledBack, "the health command", healthy));
    if (Result<void> committed = swap.commit(); !committed)
        co_return goBack(failed(committed.error()));
    co_return Verdict{};
}

Verdict Switcher::Impl::goBack(Verdict verdict)
{
    const Result<void> undone = swap.undo();
    if (undone) {
        if (!swap.record().intent)
            swap.unstage();
        return verdict;
    }
    return {.state = Verdict::State::failed,
            .error = verdict.error
                     + QLatin1String("; and the version before it could not be brought back, which "
                                     "is tried again with the next offer: ")
                     + undone.error().message,
            .output = verdict.output};
}

QCoro::Task<Result<void>> Switcher::Impl::settleInTurn()
{
    if (isRunning || !swap.record().owesReload)
        co_return Result<void>();
    isRunning = true;
    Result<void> settled = co_await settle();
    leave();
    co_return settled;
}

QCoro::Task<Result<void>> Switcher::Impl::settle()
{
    if (!swap.record().owesReload)
        co_return Result<void>();
    const CommandOutcome reloaded = co_await reload(swap.applied().value_or(Generation()));
    if (!reloaded.isOk)
        co_return Error{ErrorCode::unavailable,
                        QStringLiteral("the reload of the version that was kept failed too: ")
                            + reloaded.reason};
    Record next = swap.record();
    next.owesReload = false;
    co_return swap.state().save(std::move(next));
}

} // namespace coffer::agent
