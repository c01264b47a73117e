// SPDX-License-Identifier: Apache-2.0
#include "support/watch_checker.h"

#include "support/naive_glob.h"

#include <algorithm>

namespace coffer::test {

using store::WatchBatch;
using store::WatchEvent;
using store::WatchKinds;

static QString nameOf(Revision revision) { return QString::number(revision.value()); }

static QString nameOf(const WatchEvent &event)
{
    return QStringLiteral("%1 of %2 at revision %3")
        .arg(event.kind == WatchEvent::Kind::put ? QStringLiteral("put")
                                                 : QStringLiteral("deletion"),
             QString::fromUtf8(event.path), nameOf(event.revision));
}

/// Written down again, so that the checker does not share the mistakes of the watches.
static bool isWanted(const store::WatchRequest &request, const RecordedChange &change)
{
    if (request.kinds == WatchKinds::puts && !change.now)
        return false;
    if (request.kinds == WatchKinds::deletes && change.now)
        return false;
    return NaiveGlob::matches(request.glob.pattern(), change.path);
}

static WatchEvent eventOf(const store::WatchRequest &request, const RecordedChange &change)
{
    WatchEvent event;
    event.kind = change.now ? WatchEvent::Kind::put : WatchEvent::Kind::deleted;
    event.revision = change.revision;
    event.path = change.path;
    event.now = change.now.value_or(store::FileVersion());
    if (request.withPrevious)
        event.previous = change.before;
    return event;
}

static bool isSameChange(const WatchEvent &left, const WatchEvent &right)
{
    return left.kind == right.kind && left.revision == right.revision && left.path == right.path;
}

/// Why \a told, instead of which \a expected was to come, is wrong.
static QString describe(const WatchEvent &told, const WatchEvent &expected)
{
    if (!isSameChange(told, expected)) {
        return QStringLiteral("%1 came where %2 had to come: lost, repeated, out of order or "
                              "invented")
            .arg(nameOf(told), nameOf(expected));
    }
    if (told.now == expected.now)
        return QStringLiteral("%1 came with a wrong previous version").arg(nameOf(told));
    return QStringLiteral("%1 came with a wrong version").arg(nameOf(told));
}

static QString describeMissing(const WatchBatch &batch, const WatchEvent &missing)
{
    if (!batch.events.empty() && batch.events.back().revision == missing.revision)
        return QStringLiteral("%1 is missing: its revision is torn").arg(nameOf(missing));
    return QStringLiteral("%1 is missing: the progress %2 passed over it")
        .arg(nameOf(missing), nameOf(batch.progress));
}

/// The first thing wrong with a batch that had to be exactly \a expected; empty if nothing is.
static QString compare(const WatchBatch &batch, const std::vector<WatchEvent> &expected)
{
    const std::vector<WatchEvent> &told = batch.events;
    const std::size_t common = std::min(told.size(), expected.size());
    for (std::size_t i = 0; i < common; ++i) {
        if (told[i] != expected[i])
            return describe(told[i], expected[i]);
    }
    if (told.size() < expected.size())
        return describeMissing(batch, expected[common]);
    if (told.size() == expected.size())
        return {};
    if (told[common].revision > batch.progress) {
        return QStringLiteral("%1 is ahead of the progress %2 that came with it")
            .arg(nameOf(told[common]), nameOf(batch.progress));
    }
    return QStringLiteral("%1 is not wanted, repeated or invented").arg(nameOf(told[common]));
}

WatchChecker::WatchChecker(const store::WatchRequest &request)
    : m_request(request), m_next(request.from)
{}

void WatchChecker::answer(const store::WatchAnswer &answer, Revision floor)
{
    if (const auto *batch = std::get_if<WatchBatch>(&answer)) {
        tell(*batch);
        return;
    }
    const Revision said = std::get<store::WatchCompacted>(answer).floor;
    if (m_isCompacted)
        m_atOnce += QStringLiteral("compacted was said twice");
    if (said != floor) {
        m_atOnce += QStringLiteral("compacted up to %1 was said, but the floor is %2")
                        .arg(nameOf(said), nameOf(floor));
    }
    if (m_next > floor) {
        m_atOnce += QStringLiteral("compacted was said at floor %1, but revision %2 is kept")
                        .arg(nameOf(floor), nameOf(m_next));
    }
    m_isCompacted = true;
}

void WatchChecker::bookmark(Revision progress) { tell({{}, progress, false}); }

void WatchChecker::restart(Revision from)
{
    m_isCompacted = false;
    m_next = from;
}

void WatchChecker::tell(const WatchBatch &batch)
{
    if (m_isCompacted) {
        m_atOnce += QStringLiteral("progress %1 came after compacted").arg(nameOf(batch.progress));
        return;
    }
    if (batch.progress.next() < m_next) {
        m_atOnce += QStringLiteral("the progress went back from %1 to %2")
                        .arg(nameOf(m_next.previous()), nameOf(batch.progress));
    }
    m_told.push_back({m_next, batch});
    m_events += batch.events.size();
    m_next = std::max(m_next, batch.progress.next());
}

QStringList WatchChecker::violations(const std::vector<RecordedChange> &changes,
                                     Revision newest) const
{
    QStringList found = m_atOnce;
    for (const Told &told : m_told) {
        const Revision progress = told.batch.progress;
        if (progress > std::max(newest, told.from.previous())) {
            found += QStringLiteral("the progress %1 is ahead of the store, which is at %2")
                         .arg(nameOf(progress), nameOf(newest));
        }
        auto at = std::lower_bound(
            changes.begin(), changes.end(), told.from,
            [](const RecordedChange &change, Revision from) { return change.revision < from; });
        std::vector<WatchEvent> expected;
        for (; at != changes.end() && at->revision <= progress; ++at) {
            if (isWanted(m_request, *at))
                expected.push_back(eventOf(m_request, *at));
        }
        const QString wrong = compare(told.batch, expected);
        if (!wrong.isEmpty())
            found += wrong;
    }
    return found;
}

} // namespace coffer::test
