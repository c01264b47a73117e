// SPDX-License-Identifier: Apache-2.0
#include "goconf/release_log.h"

#include "goconf/paths.h"
#include "goconf/release_desk.h"

#include <algorithm>

namespace coffer::goconf {

static constexpr std::uint64_t firstWidth = 3'600'000; ///< An hour.
static constexpr std::size_t fewReleases = 100;

static std::uint64_t timeOf(const QByteArray &id)
{
    return id.left(id.indexOf('-')).toULongLong(nullptr, 16);
}

static auto rankOf(const ReleaseKey &key)
{
    return std::tuple(timeOf(key.id), key.created, key.id);
}

static QByteArray pathAt(std::uint64_t time)
{
    return releasePath(releaseIdAt(WallMs(std::int64_t(time))));
}

ReleaseLog::ReleaseLog(pluginapi::Store &store, Revision at, WallMs now,
                       const std::optional<ReleaseKey> &before)
    : m_store(store)
    , m_at(at)
    , m_before(before)
    , m_now(std::uint64_t(now.count()))
    , m_width(firstWidth)
{
    if (before)
        m_upper = timeOf(before->id) + 1;
}

/// Those from \a from on and before the bound; all pages if \a isWhole, else the first one.
Task<Result<std::vector<ReleaseKey>>> ReleaseLog::span(std::uint64_t from, bool isWhole)
{
    std::vector<ReleaseKey> keys;
    store::Range range{.from = pathAt(from), .to = "/config/_release~", .page = {}, .at = m_at};
    if (m_upper)
        range.to = pathAt(*m_upper);
    range.page.detail = store::Detail::keys;
    const pluginapi::ReadOptions options{pluginapi::ReadMode::session, m_at};
    do {
        const store::Question question = range;
        const Result<store::Reply> reply = co_await m_store.read(question, options);
        if (!reply)
            co_return reply.error();
        if (const std::optional<Error> error = pluginapi::errorOf(*reply))
            co_return *error;
        for (const store::FileView &file : reply->files)
            keys.push_back({nameIn(file.path), file.created});
        range.page.after = reply->resume;
        m_hasMore = reply->hasMore;
    } while (m_hasMore && isWhole);
    co_return keys;
}

Task<Result<std::vector<ReleaseKey>>> ReleaseLog::next()
{
    std::vector<ReleaseKey> found;
    while (found.empty() && (!m_upper || *m_upper > 0)) {
        const std::uint64_t end = m_upper.value_or(m_now + 1);
        const std::uint64_t from = end > m_width ? end - m_width : 0;
        const bool isLeast = m_width == 1;
        const Result<std::vector<ReleaseKey>> some = co_await span(from, isLeast);
        if (!some)
            co_return some.error();
        if (m_hasMore) {
            m_width = std::max<std::uint64_t>(1, std::min(m_width, end) / 2);
            continue;
        }
        found = *some;
        m_upper = from;
        if (found.size() < fewReleases)
            m_width = std::min<std::uint64_t>(m_width, std::uint64_t(1) << 50) * 8;
        const std::optional<ReleaseKey> before = m_before;
        std::erase_if(found, [&before](const ReleaseKey &key) {
            return before && rankOf(key) >= rankOf(*before);
        });
    }
    std::sort(found.begin(), found.end(),
              [](const ReleaseKey &a, const ReleaseKey &b) { return rankOf(a) > rankOf(b); });
    co_return found;
}

Task<Result<std::optional<ReleaseKey>>> ReleaseLog::find(pluginapi::Store &store, QByteArray name,
                                                         Revision at, WallMs now)
{
    bool isNumber = false;
    const Revision created(name.sliced(name.isEmpty() ? 0 : 1).toULongLong(&isNumber));
    if (!name.startsWith('r') || !isNumber) {
        const Result<std::optional<store::FileView>> file =
            co_await fileAt(store, releasePath(name), at);
        if (!file)
            co_return file.error();
        if (!*file)
            co_return std::optional<ReleaseKey>();
        co_return std::optional(ReleaseKey{name, (*file)->created});
    }
    ReleaseLog log(store, at, now);
    for (;;) {
        const Result<std::vector<ReleaseKey>> some = co_await log.next();
        if (!some)
            co_return some.error();
        if (some->empty())
            co_return std::optional<ReleaseKey>();
        for (const ReleaseKey &key : *some) {
            if (key.created == created) {
                ReleaseKey found = key;
                co_return std::optional(found);
            }
        }
    }
}

} // namespace coffer::goconf
