// SPDX-License-Identifier: Apache-2.0
#include "store/reader.h"

#include "base/mutant.h"
#include "store/glob.h"
#include "store/limits.h"

namespace coffer::store {

static std::size_t limitOf(std::uint32_t limit)
{
    return limit == 0 ? limits::listFilesMax : std::min<std::size_t>(limit, limits::listFilesMax);
}

/// The first and the last place of a tree.
static std::pair<QByteArray, QByteArray> boundsOf(const QByteArray &tree)
{
    if (tree.size() == 1)
        return {};
    return {tree, behindTree(tree)};
}

static bool isBefore(const Node *node, const QByteArray &to)
{
    return to.isEmpty() || comparePaths(node->path(), to) < 0;
}

void Reader::answer(const Question &question)
{
    m_reply.status = ReplyStatus::ok;
    if (const auto *state = std::get_if<SessionState>(&question)) {
        m_reply.isSessionAlive = m_sessions.find(state->session) != nullptr;
        return;
    }
    if (const auto *list = std::get_if<SessionList>(&question))
        return listSessions(*list);
    const Revision at = std::visit(
        [](const auto &some) {
            if constexpr (requires { some.at; })
                return some.at;
            return Revision();
        },
        question);
    if (!setRevision(at))
        return;
    if (const auto *one = std::get_if<Get>(&question)) {
        get(*one);
    } else if (const auto *path = std::get_if<Stat>(&question)) {
        stat(*path);
    } else if (const auto *list = std::get_if<List>(&question)) {
        const auto [from, to] = boundsOf(list->path);
        scan({from, to}, list->page, {});
    } else if (const auto *range = std::get_if<Range>(&question)) {
        scan({range->from, range->to}, range->page, {});
    } else if (const auto *glob = std::get_if<Match>(&question)) {
        match(*glob);
    } else if (const auto *directory = std::get_if<Entries>(&question)) {
        entries(*directory);
    }
}

bool Reader::setRevision(Revision at)
{
    const Revision wanted = at.isNone() ? m_tree.revision() : at;
    if (wanted > m_tree.revision())
        m_reply.status = ReplyStatus::notYet;
    else if (wanted < m_tree.compacted() && !mutantIsOn(Mutant::compactedReadAnswered))
        m_reply.status = ReplyStatus::compacted;
    else
        m_reply.at = wanted;
    return m_reply.status == ReplyStatus::ok;
}

const Version *Reader::fileOf(const Node &node) { return node.fileAt(m_reply.at, &m_scanned); }

void Reader::add(const Node &node, const Version &file, Detail detail)
{
    if (detail == Detail::count) {
        ++m_reply.count;
        return;
    }
    FileView view{.path = node.path(),
                  .value = detail == Detail::values ? file.file.value : QByteArray(),
                  .revision = file.file.revision,
                  .created = file.file.created,
                  .owner = file.file.owner,
                  .time = file.file.time,
                  .valueBytes = std::uint32_t(file.file.value.size())};
    if (file.isHeld)
        view.heldUntil = file.hold;
    m_bytes += std::size_t(view.path.size() + view.value.size());
    m_reply.files.push_back(std::move(view));
}

void Reader::get(const Get &get)
{
    const Node *node = m_tree.index().find(get.path);
    const Version *file = node ? fileOf(*node) : nullptr;
    if (file)
        add(*node, *file, Detail::values);
}

void Reader::stat(const Stat &stat)
{
    const Node *node = m_tree.index().find(stat.path);
    const Version *file = node ? fileOf(*node) : nullptr;
    if (file)
        return add(*node, *file, Detail::keys);
    if (m_reply.at == m_tree.revision()) {
        m_reply.count = m_tree.entryCount(stat.path);
        return;
    }
    Page page;
    page.detail = Detail::count;
    entries(Entries{stat.path, page});
    m_reply.resume.clear();
}

Reader::Ordered::const_iterator Reader::begin(const QByteArray &from, const QByteArray &after) const
{
    const Ordered &ordered = m_tree.index().ordered();
    if (!after.isEmpty() && comparePaths(after, from) >= 0)
        return ordered.upper_bound(QByteArrayView(after));
    return from.isEmpty() ? ordered.begin() : ordered.lower_bound(QByteArrayView(from));
}

/// True if no more can be found than was found, or looked at than was looked at.
bool Reader::isFull(std::size_t found, const Page &page) const
{
    return m_scanned >= limits::scanNodesMax || m_bytes > limits::listBytesMax
           || (page.detail != Detail::count && found >= limitOf(page.limit));
}

void Reader::stopAfter(const QByteArray &place)
{
    m_reply.hasMore = true;
    m_reply.resume = place;
}

void Reader::scan(const Bounds &bounds, const Page &page, const Wanted &isWanted)
{
    if (mutantIsOn(Mutant::pagingIgnoresRevision) && !page.after.isEmpty())
        m_reply.at = m_tree.revision();
    const auto last = m_tree.index().ordered().end();
    const Node *before = nullptr;
    for (auto at = begin(bounds.from, page.after); at != last && isBefore(*at, bounds.to); ++at) {
        if (before && isFull(m_reply.files.size(), page))
            return stopAfter(before->path());
        ++m_scanned;
        before = *at;
        const Version *file = fileOf(**at);
        if (file && (!isWanted || isWanted((*at)->path())))
            add(**at, *file, page.detail);
    }
}

void Reader::match(const Match &match)
{
    const Result<Glob> glob = Glob::parse(match.pattern);
    const auto [from, to] = boundsOf(glob->tree());
    scan({from, to}, match.page, [&glob](QByteArrayView path) { return glob->matches(path); });
}

void Reader::entries(const Entries &question)
{
    const Page &page = question.page;
    const auto [tree, to] = boundsOf(question.path);
    const QByteArray prefix = question.path.size() == 1 ? QByteArray("/") : question.path + '/';
    const Ordered &ordered = m_tree.index().ordered();
    QByteArray before;
    for (auto at = begin(prefix, page.after); at != ordered.end() && isBefore(*at, to);) {
        if (!before.isEmpty() && isFull(m_reply.entries.size(), page))
            return stopAfter(before);
        ++m_scanned;
        before = (*at)->path();
        if (!fileOf(**at)) {
            ++at;
            continue;
        }
        const qsizetype slash = before.indexOf('/', prefix.size());
        const QByteArray entry = slash < 0 ? before : before.first(slash);
        if (page.detail == Detail::count)
            ++m_reply.count;
        else
            m_reply.entries.push_back({entry.sliced(prefix.size()), slash >= 0});
        before = behindTree(entry);
        at = ordered.lower_bound(QByteArrayView(before));
    }
}

void Reader::listSessions(const SessionList &list)
{
    const auto &sessions = m_sessions.all();
    for (auto at = sessions.upper_bound(list.after); at != sessions.end(); ++at) {
        m_reply.hasMore = m_reply.sessions.size() >= limitOf(list.limit);
        if (m_reply.hasMore)
            return;
        const auto &[id, session] = *at;
        m_reply.sessions.push_back({.session = id,
                                    .timeToLive = session.timeToLive,
                                    .ephemerals = std::uint32_t(m_tree.ownedCount(id)),
                                    .outcomes = std::uint32_t(session.outcomes.size())});
    }
}

} // namespace coffer::store
