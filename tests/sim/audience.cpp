// SPDX-License-Identifier: Apache-2.0
#include "sim/audience.h"

#include "sim/finding.h"

namespace coffer::sim {

using namespace std::chrono_literals;

Audience::Audience(Cluster &cluster, std::uint64_t seed) : m_cluster(cluster), m_draw(seed, 10)
{
    for (std::size_t i = 0; i < cluster.plan().watchers; ++i) {
        const store::WatchRequest request = drawRequest();
        m_watchers.push_back({request, test::WatchChecker(request)});
        m_watchers.back().isPatient = m_draw.chance(500);
    }
}

store::WatchRequest Audience::drawRequest()
{
    static const std::vector<const char *> patterns{"/**",   "/**",  "/k/*",     "/k/1",  "/t/**",
                                                    "/t/*",  "/e/*", "/t/b",     "/u/**", "/t/b/**",
                                                    "/*/c?", "/**c", "/t/b/**/e"};
    static const std::vector<store::WatchKinds> kinds{
        store::WatchKinds::all, store::WatchKinds::all, store::WatchKinds::puts,
        store::WatchKinds::deletes};
    store::WatchRequest request{*store::Glob::parse(m_draw.of(patterns)), Revision(1)};
    request.withPrevious = m_draw.chance(500);
    request.kinds = m_draw.of(kinds);
    return request;
}

void Audience::begin()
{
    if (!m_watchers.empty())
        planNext();
}

void Audience::planNext()
{
    m_cluster.world().after(m_draw.time(1ms, 100ms), [this] { act(); });
}

void Audience::act()
{
    planNext();
    Watcher &watcher = m_watchers[m_draw.index(m_watchers.size())];
    if (!isThere(watcher)) {
        enter(watcher);
        return;
    }
    if (m_draw.chance(40)) {
        leave(watcher);
        return;
    }
    takeReady(watcher.machine, 1 + m_draw.index(3));
    if (m_draw.chance(300)) {
        if (const auto progress = m_cluster.node(watcher.machine).watches()->progress(watcher.id))
            watcher.checker.bookmark(*progress);
    }
    static const std::vector<std::size_t> bytes{0, 200, 1'000, 1'000'000};
    if (watcher.isOwed || (!watcher.isPatient && m_draw.chance(700)))
        read(watcher, {.bytesMax = m_draw.of(bytes), .eventsMax = m_draw.index(8)});
}

bool Audience::isThere(const Watcher &watcher) const
{
    const SimNode &node = m_cluster.node(watcher.machine);
    return watcher.run != 0 && watcher.run == node.runs() && node.watches() != nullptr;
}

/// Goes on at some machine, from where it is, or behind what was compacted.
void Audience::enter(Watcher &watcher)
{
    watcher.run = 0;
    watcher.isOwed = false;
    const std::vector<std::size_t> serving = m_cluster.serving();
    if (serving.empty())
        return;
    watcher.machine = m_draw.of(serving);
    const SimNode &node = m_cluster.node(watcher.machine);
    store::Watches *watches = node.watches();
    if (watches == nullptr)
        return;
    store::WatchRequest request = watcher.request;
    request.from = watcher.checker.resumeFrom();
    const auto added = watches->add(request);
    if (!added)
        report("P13", QStringLiteral("a watch was refused: ") + added.error().message);
    if (const auto *late = std::get_if<store::WatchCompacted>(&*added)) {
        compacted(watcher, *late, node.store());
        return;
    }
    watcher.id = std::get<store::WatchId>(*added);
    watcher.run = node.runs();
    ++m_cluster.counts().watchResumes;
}

void Audience::leave(Watcher &watcher)
{
    m_cluster.node(watcher.machine).watches()->remove(watcher.id);
    watcher.run = 0;
}

void Audience::compacted(Watcher &watcher, const store::WatchAnswer &answer,
                         const store::Store &store)
{
    const Revision floor = store.floor();
    watcher.checker.answer(answer, floor);
    const auto behind = std::int64_t(store.revision().value() - floor.value());
    watcher.checker.restart(Revision(floor.value() + 1 + std::uint64_t(m_draw.between(0, behind))));
    watcher.run = 0;
    ++m_cluster.counts().watchCompactions;
}

void Audience::takeReady(std::size_t machine, std::size_t most)
{
    for (const store::WatchId id : m_cluster.node(machine).watches()->takeReady(most)) {
        for (Watcher &watcher : m_watchers) {
            if (watcher.machine == machine && watcher.id == id && isThere(watcher))
                watcher.isOwed = true;
        }
    }
}

void Audience::read(Watcher &watcher, const store::WatchBounds &bounds)
{
    const SimNode &node = m_cluster.node(watcher.machine);
    watcher.isOwed = false;
    const std::size_t before = watcher.checker.events();
    const Result<store::WatchAnswer> answer = node.watches()->next(watcher.id, bounds);
    if (!answer)
        report("P13", QStringLiteral("a watch is gone: ") + answer.error().message);
    if (std::holds_alternative<store::WatchCompacted>(*answer))
        compacted(watcher, *answer, node.store());
    else
        watcher.checker.answer(*answer, node.store().floor());
    m_cluster.counts().watchEvents += watcher.checker.events() - before;
}

/// Reads only when it is named as ready: who is forgotten does not come to the end.
void Audience::readToTheEnd(Watcher &watcher)
{
    if (!isThere(watcher))
        enter(watcher);
    if (!isThere(watcher))
        return;
    const SimNode &node = m_cluster.node(watcher.machine);
    // Watches that were left behind while the process was paused may be ready, too.
    constexpr std::size_t all = 10'000;
    takeReady(watcher.machine, all);
    while (isThere(watcher) && watcher.isOwed) {
        read(watcher, {});
        takeReady(watcher.machine, all);
    }
    if (!isThere(watcher))
        return;
    watcher.checker.bookmark(*node.watches()->progress(watcher.id));
    if (watcher.checker.resumeFrom() <= node.store().revision())
        report("P13", QStringLiteral("a watch of %1 waits at revision %2 although there is %3")
                          .arg(QString::fromUtf8(watcher.request.glob.pattern()))
                          .arg(watcher.checker.resumeFrom().value())
                          .arg(node.store().revision().value()));
}

void Audience::finish()
{
    for (Watcher &watcher : m_watchers)
        readToTheEnd(watcher);
    for (const Watcher &watcher : m_watchers)
        judge(watcher);
}

void Audience::judge(const Watcher &watcher) const
{
    const Shadow &shadow = m_cluster.oracle().shadow();
    const QStringList wrong =
        watcher.checker.violations(shadow.changes(), Revision(shadow.model().revision));
    if (!wrong.isEmpty())
        report("P13", QStringLiteral("a watch of %1: %2")
                          .arg(QString::fromUtf8(watcher.request.glob.pattern()), wrong.front()));
}

} // namespace coffer::sim
