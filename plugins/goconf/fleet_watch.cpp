// SPDX-License-Identifier: Apache-2.0
#include "goconf/fleet_watch.h"

#include <algorithm>

using namespace Qt::StringLiterals;

namespace coffer::goconf {

using pluginapi::errorOf;

static constexpr std::chrono::seconds againAfter{1}; ///< When the store could not be read.

void FleetWatch::start(Changed changed)
{
    m_changed = std::move(changed);
    for (const FleetView::Kind kind : FleetView::kinds)
        m_context.spawn(keep(kind), "watch the fleet");
}

Revision FleetWatch::revision() const
{
    Revision newest;
    for (const auto &[kind, seen] : m_seen)
        newest = std::max(newest, seen);
    return newest;
}

Revision FleetWatch::revisionOf(FleetView::Kind kind) const
{
    const auto found = m_seen.find(kind);
    return found == m_seen.end() ? Revision() : found->second;
}

Task<Result<void>> FleetWatch::keep(FleetView::Kind kind)
{
    while (!m_context.isStopping()) {
        const Result<Revision> loaded = co_await load(kind);
        if (loaded) {
            const Result<void> watched = co_await watch(kind, loaded->next());
            if (!watched && !m_context.isStopping())
                m_context.log().info(u"reads the fleet anew: "_s + watched.error().message);
        }
        const bool goesOn = co_await m_context.clock().sleep(againAfter);
        if (!goesOn)
            break;
    }
    co_return Result<void>();
}

/// All files of the kind at one revision; that revision.
Task<Result<Revision>> FleetWatch::load(FleetView::Kind kind)
{
    std::vector<store::FileView> files;
    store::Match match{.pattern = FleetView::patternOf(kind)};
    for (;;) {
        const store::Question question = match;
        const Result<store::Reply> reply = co_await m_context.store().read(question);
        if (!reply)
            co_return reply.error();
        if (const std::optional<Error> error = errorOf(*reply))
            co_return *error;
        files.insert(files.end(), reply->files.begin(), reply->files.end());
        match.at = reply->at;
        match.page.after = reply->resume;
        if (!reply->hasMore)
            break;
    }
    m_view.clear(kind);
    for (const store::FileView &file : files)
        m_view.put(kind, file.path, file.value, file.revision);
    m_seen.insert_or_assign(kind, match.at);
    m_changed(kind, {});
    const Revision at = match.at;
    co_return at;
}

Task<Result<void>> FleetWatch::watch(FleetView::Kind kind, Revision from)
{
    const Result<store::Glob> glob = store::Glob::parse(FleetView::patternOf(kind));
    if (!glob)
        co_return glob.error();
    const std::unique_ptr<pluginapi::Watch> watch = m_context.store().watch({*glob, from});
    while (!m_context.isStopping()) {
        const Result<store::WatchAnswer> answer = co_await watch->next();
        if (!answer)
            co_return answer.error();
        const auto *batch = std::get_if<store::WatchBatch>(&*answer);
        if (batch == nullptr)
            co_return Error{ErrorCode::compacted, u"the history was compacted"_s};
        for (const store::WatchEvent &event : batch->events) {
            if (event.kind == store::WatchEvent::Kind::put)
                m_view.put(kind, event.path, event.now.value, event.revision);
            else
                m_view.remove(kind, event.path, event.revision);
            m_seen[kind] = event.revision;
            m_changed(kind, event.path);
        }
        m_seen[kind] = batch->progress;
    }
    co_return Result<void>();
}

} // namespace coffer::goconf
