// SPDX-License-Identifier: Apache-2.0
#include "goconf/follow_offers.h"

#include "goconf/paths.h"
#include "goconf/record_fields.h"

using namespace Qt::StringLiterals;

namespace coffer::goconf {

static constexpr std::chrono::seconds againAfter{1}; ///< When it could not be rendered.
static constexpr std::size_t releasesMax = 1'000;    ///< Remembered, for what people see.

std::optional<FleetView::Wanted> FollowOffers::wanted(const HostClass &of) const
{
    if (!m_parts.view.hasService(of.service))
        return {};
    return m_parts.view.wanted(of);
}

void FollowOffers::look(const HostClass &of)
{
    Target &target = m_targets[of];
    const std::optional<FleetView::Wanted> wants = wanted(of);
    if (target.isBusy || (target.isKnown && target.wanted == wants))
        return;
    if (wants) {
        target.isBusy = true;
        target.isKnown = false;
        m_parts.table.expectWanted(of);
        m_parts.context.spawn(find(of), "render what hosts want");
        return;
    }
    target.isKnown = true;
    target.wanted.reset();
    m_wake(m_parts.table.setWanted(of, {}));
}

void FollowOffers::lookAgain(const QByteArray &service)
{
    std::vector<HostClass> classes; // to wake somebody may add to the targets
    for (const auto &[of, target] : m_targets) {
        if (service.isEmpty() || service == globalService || of.service == service)
            classes.push_back(of);
    }
    for (const HostClass &of : classes)
        look(of);
}

void FollowOffers::tidy()
{
    const std::set<HostClass> followed = m_parts.table.classes();
    std::erase_if(m_targets, [&followed](const auto &item) {
        return !item.second.isBusy && !followed.contains(item.first);
    });
    std::set<HostClass> kept;
    for (const auto &[of, target] : m_targets)
        kept.insert(of);
    m_parts.table.forgetOthersThan(kept);
}

/// What is wanted while it is being rendered may be something else by the time it is done: only the
/// newest is told.
Task<Result<void>> FollowOffers::find(HostClass of)
{
    while (!m_parts.context.isStopping()) {
        const std::optional<FleetView::Wanted> wants = wanted(of);
        if (!wants)
            break;
        const Result<Offer> offer = co_await offerOf(*wants);
        if (wanted(of) != wants)
            continue;
        if (offer) {
            Target &target = m_targets[of];
            target.isKnown = true;
            target.wanted = wants;
            target.isBusy = false;
            m_wake(m_parts.table.setWanted(of, *offer));
            break;
        }
        m_parts.context.log().warning(u"%1 in %2 gets nothing new: %3"_s.arg(
            textOf(of.service), textOf(of.idc), offer.error().message));
        const bool goesOn = co_await m_parts.context.clock().sleep(againAfter);
        if (!goesOn)
            break;
    }
    m_targets[of].isBusy = false;
    if (!m_parts.context.isStopping())
        look(of);
    co_return Result<void>();
}

Task<Result<Offer>> FollowOffers::offerOf(FleetView::Wanted wanted)
{
    const Result<BundleStore::Known> known = co_await m_parts.bundles.known(wanted.editions);
    if (!known)
        co_return known.error();
    const Result<Release> made = co_await release(wanted.release);
    if (!made)
        co_return made.error();
    const Offer offer{.version = wanted.version,
                      .root = known->root.hex(),
                      .release = wanted.release,
                      .shown = made->name,
                      .message = made->message,
                      .bytes = known->bytes,
                      .editions = wanted.editions};
    co_return offer;
}

Task<Result<FollowOffers::Release>> FollowOffers::release(QByteArray id)
{
    if (const auto found = m_releases.find(id); found != m_releases.end()) {
        const Release release = found->second;
        co_return release;
    }
    const Result<std::optional<store::FileView>> file =
        co_await m_parts.context.store().get(releasePath(id));
    if (!file)
        co_return file.error();
    Release release{.name = id, .message = {}};
    if (*file) {
        release.name = "r" + QByteArray::number((*file)->created.value());
        if (const Result<ReleaseRecord> record = ReleaseRecord::parse((*file)->value))
            release.message = record->message;
    }
    if (m_releases.size() >= releasesMax)
        m_releases.clear();
    m_releases.insert_or_assign(id, release);
    co_return release;
}

} // namespace coffer::goconf
