// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/swap.h"
#include "base/eventual.h"

#include <QObject>

namespace coffer::agent {

class Switcher::Impl
{
public:
    /// What is to be applied.
    struct Job
    {
        Generation to;
        QByteArray bytes;
        bool isLocal = false; ///< Asked for on this host: neither held nor paced.
    };
    Impl(Target target, const QByteArray &state, World world);

    [[nodiscard]] QCoro::Task<Verdict> enter(Job job);
    [[nodiscard]] QCoro::Task<Result<void>> settleInTurn();
    [[nodiscard]] QCoro::Task<DriftReport> scrub();
    void cancel();
    [[nodiscard]] bool isHeld() const;

    const Target target; // NOLINT: the others refer to it
    World world;
    Swap swap;
    bool isRunning = false; ///< Somebody has the turn.
    bool isPacing = false;  ///< A job waits for its time, without the turn.

private:
    using Ticket = std::uint64_t;

    /// Waits until nobody else has the turn, and takes it. False: superseded.
    [[nodiscard]] QCoro::Task<bool> takeTurn(Ticket ticket);
    /// What there is to be said before anything is switched; nothing: \a job is to be carried out.
    [[nodiscard]] std::optional<Verdict> answerAtOnce(const Job &job);
    /// When \a job may be carried out.
    [[nodiscard]] Monotonic dueOf(const Job &job);
    /// Files only: what the application is owed after it, enter() does.
    [[nodiscard]] QCoro::Task<Verdict> carryOut(Job job, Ticket ticket);
    [[nodiscard]] QCoro::Task<Verdict> settleAfter(Verdict verdict, Ticket ticket);
    /// Switches to what is staged and checked, and waits until it is healthy or not.
    [[nodiscard]] QCoro::Task<Verdict> switchTo(Job job, config::Bundle bundle, Ticket ticket);
    /// Puts what is applied back in place, and reloads.
    [[nodiscard]] QCoro::Task<Result<void>> repair(config::Bundle bundle, QByteArray bytes);
    [[nodiscard]] QCoro::Task<Result<void>> settle();

    [[nodiscard]] QCoro::Task<CommandOutcome> check(Generation to);
    [[nodiscard]] QCoro::Task<CommandOutcome> reload(Generation to);
    [[nodiscard]] QCoro::Task<CommandOutcome> awaitHealth(Generation to, Ticket ticket);
    [[nodiscard]] CommandOutcome sendSignal();
    /// False: superseded.
    [[nodiscard]] QCoro::Task<bool> waitUntil(Monotonic due, Ticket ticket);

    [[nodiscard]] Environment environmentOf(const Generation &generation) const;
    [[nodiscard]] bool isNewest(Ticket ticket) const { return ticket == m_newest; }
    /// The bundle, if it is what the root says and the target can have it.
    [[nodiscard]] Result<config::Bundle> verify(const Job &job);
    /// If \a job is applied already: what is to be said about it.
    [[nodiscard]] std::optional<Verdict> alreadyApplied(const Job &job,
                                                        const config::Bundle &bundle);
    /// What is to be said at once to who has to wait for its time.
    [[nodiscard]] std::optional<Verdict> failsAnyway();
    /// Undoes the switch; \a verdict, or that nothing could be undone.
    [[nodiscard]] Verdict goBack(Verdict verdict);
    /// Gets what a crash left half done, and a reload that is owed, out of the way of a scrub.
    [[nodiscard]] QCoro::Task<Result<void>> readyToScrub();
    /// Finds and forgets damaged bundles. Whether that of the applied version is one.
    [[nodiscard]] bool scrubBundles();
    void leave();

    Ticket m_newest = 0;
    std::vector<Eventual<bool>::Setter> m_waiting;
    std::optional<Monotonic> m_lastSwitch;
    QObject m_context; ///< Of calls that are queued.
};

/// From what should be there to what is, or the other way round.
enum class Direction { toFound, toWanted };
[[nodiscard]] std::vector<FileDiff> diffsOf(const std::vector<Finding> &findings,
                                            Direction direction);

} // namespace coffer::agent
