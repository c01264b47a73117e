// SPDX-License-Identifier: Apache-2.0
#include "agent/switcher.h"

#include "agent/switcher_p.h"

namespace coffer::agent {

QByteArray nameOf(Verdict::State state)
{
    switch (state) {
    case Verdict::State::healthy: return "healthy";
    case Verdict::State::failed: return "failed";
    case Verdict::State::rolledBack: return "rolledBack";
    case Verdict::State::drifted: return "drifted";
    case Verdict::State::held: return "held";
    case Verdict::State::superseded: return "superseded";
    }
    return {};
}

Switcher::Switcher(Target target, QByteArray state, World world)
    : m_impl(std::make_unique<Impl>(std::move(target), state, world))
{}

Switcher::~Switcher() = default;

Result<void> Switcher::recover() { return m_impl->swap.recover(); }

Result<void> Switcher::look() { return m_impl->swap.look(); }

std::optional<Generation> Switcher::unfinished() const
{
    const std::optional<Intent> &intent = m_impl->swap.record().intent;
    return intent ? std::optional(intent->to) : std::nullopt;
}

Result<void> Switcher::checkDestination() { return m_impl->swap.checkDestination(); }

QCoro::Task<Result<void>> Switcher::settle() { return m_impl->settleInTurn(); }

QCoro::Task<Verdict> Switcher::apply(Offer offer, QByteArray bundle)
{
    return m_impl->enter({.to = {offer.root, offer.version, offer.release}, .bytes = bundle});
}

QCoro::Task<Verdict> Switcher::rollbackLocal(config::Hash root)
{
    for (const Generation &generation : generations()) {
        if (generation.root != root)
            continue;
        const Result<QByteArray> bytes = bundleBytes(root);
        if (!bytes)
            co_return Verdict{.state = Verdict::State::failed, .error = bytes.error().message};
        const Impl::Job job{.to = generation, .bytes = *bytes, .isLocal = true};
        co_return co_await m_impl->enter(job);
    }
    co_return Verdict{
        .state = Verdict::State::failed,
        .error = QStringLiteral("no generation %1 is kept here").arg(QLatin1String(root.brief()))};
}

void Switcher::cancel() { m_impl->cancel(); }

bool Switcher::isBusy() const { return m_impl->isRunning || m_impl->isPacing; }

bool Switcher::isSwitching() const { return m_impl->isRunning; }

bool Switcher::isWhole() const { return m_impl->swap.isWhole(); }

std::optional<Generation> Switcher::applied() const { return m_impl->swap.applied(); }

std::vector<Generation> Switcher::generations() const
{
    std::vector<Generation> generations;
    for (const Kept &kept : m_impl->swap.record().kept)
        generations.push_back(kept.generation);
    return generations;
}

Result<QByteArray> Switcher::bundleBytes(const config::Hash &root)
{
    return m_impl->swap.state().bundle(root);
}

Result<void> Switcher::hold(WallMs until)
{
    Record next = m_impl->swap.record();
    next.heldUntil = until;
    return m_impl->swap.state().save(std::move(next));
}

Result<void> Switcher::endHold()
{
    Record next = m_impl->swap.record();
    next.heldUntil.reset();
    return m_impl->swap.state().save(std::move(next));
}

std::optional<WallMs> Switcher::heldUntil() const
{
    return m_impl->isHeld() ? m_impl->swap.record().heldUntil : std::nullopt;
}

QCoro::Task<DriftReport> Switcher::scrub() { return m_impl->scrub(); }

Result<std::vector<FileDiff>> Switcher::plan(const QByteArray &bundle)
{
    const Result<config::Bundle> decoded = config::decodeBundle(bundle);
    if (!decoded)
        return decoded.error();
    if (Result<void> checked = m_impl->swap.checkDestination(); !checked)
        return checked.error();
    const Result<std::vector<Finding>> findings = m_impl->swap.compare(*decoded);
    if (!findings)
        return findings.error();
    return diffsOf(*findings, Direction::toWanted);
}

} // namespace coffer::agent
