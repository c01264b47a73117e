// SPDX-License-Identifier: Apache-2.0
#include "store/watches.h"

#include "base/check.h"
#include "base/mutant.h"

#include <algorithm>

namespace coffer::store {

static bool isWanted(const ChangeView &change, WatchKinds kinds)
{
    const bool isPut = change.now != nullptr;
    if (!isPut && mutantIsOn(Mutant::watchMissesDeletes))
        return false;
    return kinds == WatchKinds::all || isPut == (kinds == WatchKinds::puts);
}

static WatchEvent eventOf(const ChangeView &change, bool withPrevious)
{
    WatchEvent event;
    event.kind = change.now ? WatchEvent::Kind::put : WatchEvent::Kind::deleted;
    event.revision = change.revision;
    event.path = change.path.toByteArray();
    if (change.now)
        event.now = *change.now;
    if (withPrevious && change.before)
        event.previous = *change.before;
    return event;
}

namespace {

/// Makes one batch of the changes that it is shown, revision by revision.
class BatchMaker
{
public:
    BatchMaker(const WatchRequest &request, const WatchBounds &bounds, std::size_t scanMax)
        : m_request(request), m_bounds(bounds), m_scanLeft(scanMax)
    {}

    /// False if the batch is done without this change.
    bool look(const ChangeView &change)
    {
        if (change.revision != m_revision && !begin(change.revision))
            return false;
        m_scanLeft -= std::min(m_scanLeft, costOf(change));
        if (!isWanted(change, m_request.kinds) || !m_request.glob.matches(change.path))
            return true;
        WatchEvent event = eventOf(change, m_request.withPrevious);
        cutPrevious(event);
        const std::size_t bytes = m_bytes + weight(event);
        const bool fits = bytes <= m_bounds.bytesMax && m_events.size() < m_bounds.eventsMax;
        if (!fits && mutantIsOn(Mutant::watchRevisionSplit) && !m_events.empty())
            return stopAt(m_revision);
        if (!fits && m_wholeEvents > 0)
            return dropRevision();
        m_events.push_back(std::move(event));
        m_bytes = bytes;
        return true;
    }
    /// What came of it; \a newest is the newest revision there is.
    [[nodiscard]] WatchBatch finish(Revision newest)
    {
        const bool hasMore = m_stopped && *m_stopped < newest;
        return {std::move(m_events), m_stopped.value_or(newest), hasMore};
    }

private:
    /// A comparison takes up to a millisecond if both are very long.
    [[nodiscard]] std::size_t costOf(const ChangeView &change) const
    {
        constexpr std::size_t pairsOfOne = 65'536;
        const qsizetype pairs = m_request.glob.pattern().size() * change.path.size();
        return 1 + std::size_t(pairs) / pairsOfOne;
    }
    void cutPrevious(WatchEvent &event)
    {
        if (!event.previous)
            return;
        const auto bytes = std::size_t(event.previous->value.size());
        if (m_previousBytes + bytes > m_bounds.previousBytesMax) {
            event.previous->value.clear();
            event.isPreviousCut = true;
        } else {
            m_previousBytes += bytes;
        }
    }
    /// False if what is there is enough.
    bool begin(Revision revision)
    {
        const bool isFull = m_events.size() >= m_bounds.eventsMax || m_bytes >= m_bounds.bytesMax;
        if (!m_revision.isNone() && (m_scanLeft == 0 || (isFull && !m_events.empty())))
            return stopAt(revision.previous());
        m_revision = revision;
        m_previousBytes = 0;
        m_wholeEvents = m_events.size();
        return true;
    }
    /// The revision does not fit behind the earlier ones; it comes whole with the next batch.
    bool dropRevision()
    {
        m_events.resize(m_wholeEvents);
        return stopAt(m_revision.previous());
    }
    bool stopAt(Revision progress)
    {
        m_stopped = progress;
        return false;
    }

    const WatchRequest &m_request;
    const WatchBounds &m_bounds;
    std::size_t m_scanLeft;
    std::vector<WatchEvent> m_events;
    std::size_t m_wholeEvents = 0; ///< Those of earlier revisions than the one looked at.
    std::size_t m_bytes = 0;
    Revision m_revision;             ///< The one looked at.
    std::size_t m_previousBytes = 0; ///< Of its events.
    std::optional<Revision> m_stopped;
};

} // namespace

Watches::Watches(const ChangeSource &source, const WatchesOptions &options)
    : m_source(&source), m_options(options), m_noted(source.revision())
{}

Result<std::variant<WatchId, WatchCompacted>> Watches::add(const WatchRequest &request)
{
    if (request.from.isNone()) {
        return Error{ErrorCode::invalid,
                     QStringLiteral("a watch begins at revision 0, expected at least 1; watch from "
                                    "the revision behind the last one seen")};
    }
    if (request.from <= m_source->compacted())
        return std::variant<WatchId, WatchCompacted>(WatchCompacted{m_source->compacted()});
    if (m_watches.size() >= m_options.watchesMax) {
        return Error{
            ErrorCode::refused,
            QStringLiteral("this node has %1 watches, which is as many as it may have; end "
                           "some or ask another node")
                .arg(m_watches.size())};
    }
    m_lastId = m_lastId.next();
    const bool isLate = mutantIsOn(Mutant::watchEventLostAtResume);
    Watch &watch = m_watches.emplace(m_lastId, Watch{request, request.from}).first->second;
    watch.next = isLate ? request.from.next() : request.from;
    if (watch.next > m_source->revision())
        makeWaiting(m_lastId, watch);
    else
        makeReady(m_lastId, watch);
    return std::variant<WatchId, WatchCompacted>(m_lastId);
}

void Watches::remove(WatchId id)
{
    const auto found = m_watches.find(id);
    if (found == m_watches.end())
        return;
    take(id, found->second);
    m_watches.erase(found);
}

void Watches::noteChanges()
{
    const Revision newest = m_source->revision();
    const Revision floor = m_source->compacted();
    COFFER_CHECK(newest >= m_noted, "the watches' store went back");
    if (m_noted < floor) {
        // What happened up to the floor cannot be looked at any more.
        for (auto &[id, watch] : m_watches) {
            if (watch.state == State::waiting && nextOf(watch) <= floor)
                makeReady(id, watch);
        }
        m_noted = floor;
    }
    if (m_noted < newest && !m_waiting.isEmpty()) {
        m_source->visitChanges(m_noted.next(), [this](const ChangeView &change) {
            noteChange(change);
            return !m_waiting.isEmpty();
        });
    }
    m_noted = newest;
}

void Watches::noteChange(const ChangeView &change)
{
    m_found.clear();
    m_waiting.find(change.path, m_found);
    for (const WatchId id : m_found) {
        Watch &watch = m_watches.at(id);
        if (watch.next > change.revision || !isWanted(change, watch.request.kinds))
            continue;
        makeReady(id, watch);
        watch.next = std::max(watch.next, change.revision);
    }
}

void Watches::replaceSource(const ChangeSource &source)
{
    m_source = &source;
    noteChanges();
}

std::vector<WatchId> Watches::takeReady(std::size_t most)
{
    std::vector<WatchId> ids;
    while (ids.size() < most && !m_ready.empty()) {
        const WatchId id = m_ready.begin()->second;
        take(id, m_watches.at(id));
        ids.push_back(id);
    }
    return ids;
}

Result<WatchAnswer> Watches::next(WatchId id, const WatchBounds &bounds)
{
    const auto found = m_watches.find(id);
    if (found == m_watches.end()) {
        return Error{ErrorCode::notFound,
                     QStringLiteral("there is no watch %1; add it anew").arg(id.value())};
    }
    Watch &watch = found->second;
    take(id, watch);
    if (watch.next <= m_source->compacted()) {
        m_watches.erase(found);
        return WatchAnswer(WatchCompacted{m_source->compacted()});
    }
    const Revision newest = m_source->revision();
    BatchMaker maker(watch.request, bounds, m_options.scanMax);
    if (watch.next <= newest) {
        m_source->visitChanges(watch.next,
                               [&maker](const ChangeView &change) { return maker.look(change); });
    }
    // A watch that begins in the future has nothing to see before.
    WatchBatch batch = maker.finish(std::max(newest, watch.next.previous()));
    watch.next = batch.progress.next();
    if (batch.hasMore)
        makeReady(id, watch);
    else
        makeWaiting(id, watch);
    if (mutantIsOn(Mutant::watchProgressBeforeEvents))
        batch.progress = std::max(newest, batch.progress);
    return WatchAnswer(std::move(batch));
}

std::optional<Revision> Watches::progress(WatchId id) const
{
    const auto found = m_watches.find(id);
    if (found == m_watches.end())
        return std::nullopt;
    if (mutantIsOn(Mutant::watchProgressBeforeEvents))
        return std::max(m_source->revision(), nextOf(found->second).previous());
    return nextOf(found->second).previous();
}

/// A waiting watch has nothing to look for in what was noted.
Revision Watches::nextOf(const Watch &watch) const
{
    return watch.state == State::waiting ? std::max(watch.next, m_noted.next()) : watch.next;
}

void Watches::makeReady(WatchId id, Watch &watch)
{
    take(id, watch);
    watch.state = State::ready;
    watch.ticket = ++m_lastTicket;
    m_ready.emplace(watch.ticket, id);
}

void Watches::makeWaiting(WatchId id, Watch &watch)
{
    take(id, watch);
    watch.state = State::waiting;
    m_waiting.add(id, watch.request.glob);
}

void Watches::take(WatchId id, Watch &watch)
{
    watch.next = nextOf(watch);
    if (watch.state == State::ready)
        m_ready.erase(watch.ticket);
    if (watch.state == State::waiting)
        m_waiting.remove(id, watch.request.glob);
    watch.state = State::taken;
}

} // namespace coffer::store
