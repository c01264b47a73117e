// SPDX-License-Identifier: Apache-2.0
#include "unit/store/watch_world.h"

#include <algorithm>

namespace coffer::store::test {

using coffer::test::MemoryHistory;

static constexpr std::size_t nodes = 3;
static constexpr const char *patterns[] = {"/**",     "/a",      "/a/**", "/a/*", "/*/b",
                                           "/a/b",    "/a**",    "/?",    "/**b", "/a/b/c",
                                           "/rare/*", "/**/c**", "/b/?"};

WatchWorld::WatchWorld(std::uint64_t seed) : m_random(seed), m_nodes(nodes)
{
    for (Node &node : m_nodes)
        node.watches =
            std::make_unique<Watches>(*node.history, WatchesOptions{.scanMax = 1 + below(20)});
    for (const char *pattern : patterns)
        addWatcher(pattern);
}

WatchWorld::Outcome WatchWorld::run(std::size_t steps)
{
    for (std::size_t i = 0; i < steps; ++i)
        step();
    drain();
    for (const Watcher &watcher : m_watchers) {
        const QString name = QString::fromUtf8(watcher.request.glob.pattern());
        const auto found = watcher.checker.violations(m_truth.changes(), m_truth.revision());
        for (const QString &violation : found)
            m_outcome.violations += name + QStringLiteral(": ") + violation;
        if (watcher.checker.resumeFrom() != m_truth.revision().next())
            m_outcome.violations += name + QStringLiteral(": never came to the end");
        m_outcome.events += watcher.checker.events();
    }
    return m_outcome;
}

void WatchWorld::step()
{
    Node &node = m_nodes[below(nodes)];
    Watcher &watcher = m_watchers[below(m_watchers.size())];
    switch (below(12)) {
    case 0:
    case 1:
    case 2: commit(); break;
    case 3:
    case 4:
    case 5:
    case 6: apply(node); break;
    case 7: takeReady(below(nodes)); break;
    case 8:
        if (watcher.isOwed || below(4) == 0)
            read(watcher);
        break;
    case 9:
        if (const auto progress = m_nodes[watcher.node].watches->progress(watcher.id))
            watcher.checker.bookmark(*progress);
        break;
    case 10:
        if (below(3) == 0)
            connect(watcher);
        break;
    default:
        if (below(10) == 0)
            compact(node);
        else if (below(20) == 0)
            install(node);
    }
}

QByteArray WatchWorld::drawPath()
{
    if (below(30) == 0)
        return "/rare/x";
    QByteArray path;
    for (std::uint64_t depth = 1 + below(3); depth > 0; --depth)
        path += QByteArray("/") + char('a' + char(below(3)));
    return path;
}

void WatchWorld::commit()
{
    Commit commit;
    for (std::uint64_t left = 1 + below(4); left > 0; --left) {
        if (below(3) == 0)
            commit.push_back({drawPath(), {}});
        else
            commit.push_back({drawPath(), QByteArray::number(qulonglong(m_commits.size()))});
    }
    m_truth.commit(commit);
    m_commits.push_back(commit);
}

void WatchWorld::apply(Node &node)
{
    const std::size_t applied = node.history->revision().value();
    const std::size_t some = std::min(m_commits.size(), applied + 1 + below(3));
    for (std::size_t i = applied; i < some; ++i)
        node.history->commit(m_commits[i]);
    if (below(30) == 0) // A compaction in the same step, before anybody has looked.
        node.history->compact(node.history->revision());
    node.watches->noteChanges();
}

void WatchWorld::compact(Node &node)
{
    const std::uint64_t floor = node.history->compacted().value();
    node.history->compact(Revision(floor + below(node.history->revision().value() - floor + 1)));
    if (below(2) == 0)
        node.watches->noteChanges();
}

/// The node gets another's state, and forgets how it came about.
void WatchWorld::install(Node &node)
{
    auto history = std::make_unique<MemoryHistory>();
    for (const Commit &commit : m_commits)
        history->commit(commit);
    const std::uint64_t floor = node.history->compacted().value();
    history->compact(Revision(floor + below(history->revision().value() - floor + 1)));
    node.watches->replaceSource(*history);
    node.history = std::move(history);
    ++m_outcome.installed;
}

void WatchWorld::addWatcher(const char *pattern)
{
    constexpr WatchKinds kinds[] = {WatchKinds::all, WatchKinds::all, WatchKinds::puts,
                                    WatchKinds::deletes};
    const WatchRequest request{.glob = *Glob::parse(pattern),
                               .from = Revision(1),
                               .withPrevious = below(2) == 0,
                               .kinds = kinds[below(4)]};
    m_watchers.push_back({request, coffer::test::WatchChecker(request), below(nodes), {}, false});
    subscribe(m_watchers.back());
}

/// Asks its node from where it is, and lists anew as often as that is too late.
void WatchWorld::subscribe(Watcher &watcher)
{
    const Node &node = m_nodes[watcher.node];
    const Revision floor = node.history->compacted();
    WatchRequest request = watcher.request;
    request.from = watcher.checker.resumeFrom();
    auto added = node.watches->add(request);
    if (std::holds_alternative<WatchCompacted>(*added)) {
        watcher.checker.answer(std::get<WatchCompacted>(*added), floor);
        ++m_outcome.compacted;
        const std::uint64_t behind = node.history->revision().value() - floor.value();
        watcher.checker.restart(Revision(floor.value() + 1 + below(behind + 1)));
        request.from = watcher.checker.resumeFrom();
        added = node.watches->add(request);
    }
    watcher.id = std::get<WatchId>(*added);
    watcher.isOwed = false;
}

void WatchWorld::connect(Watcher &watcher)
{
    m_nodes[watcher.node].watches->remove(watcher.id);
    watcher.node = below(nodes);
    subscribe(watcher);
}

void WatchWorld::read(Watcher &watcher)
{
    const Node &node = m_nodes[watcher.node];
    constexpr std::size_t bytes[] = {0, 100, 300, 1'000'000};
    const auto answer =
        node.watches->next(watcher.id, {.bytesMax = bytes[below(4)], .eventsMax = below(6)});
    watcher.isOwed = false;
    const Revision floor = node.history->compacted();
    watcher.checker.answer(*answer, floor);
    if (!watcher.checker.isCompacted())
        return;
    ++m_outcome.compacted;
    watcher.checker.restart(floor.next());
    subscribe(watcher);
}

void WatchWorld::takeReady(std::size_t node)
{
    for (const WatchId id : m_nodes[node].watches->takeReady(1 + below(4))) {
        for (Watcher &watcher : m_watchers)
            watcher.isOwed = watcher.isOwed || (watcher.node == node && watcher.id == id);
    }
}

/// Everybody comes to the end: only who is owed something reads, and no bookmark helps.
void WatchWorld::drain()
{
    for (Node &node : m_nodes) {
        while (node.history->revision() < m_truth.revision())
            apply(node);
    }
    for (bool isDone = false; !isDone;) {
        isDone = true;
        for (std::size_t node = 0; node < nodes; ++node)
            takeReady(node);
        for (Watcher &watcher : m_watchers) {
            isDone = isDone && !watcher.isOwed;
            if (watcher.isOwed)
                read(watcher);
        }
        for (const Node &node : m_nodes)
            isDone = isDone && !node.watches->hasReady();
    }
    for (Watcher &watcher : m_watchers) // What did not concern them came without events.
        watcher.checker.bookmark(*m_nodes[watcher.node].watches->progress(watcher.id));
}

} // namespace coffer::store::test
