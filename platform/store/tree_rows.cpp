// SPDX-License-Identifier: Apache-2.0
#include "store/tree.h"

#include "base/check.h"
#include "base/mutant.h"

#include <algorithm>

namespace coffer::store {

Hash128 Tree::hash() const
{
    Hash128 hash = m_live;
    hash += m_history.end().hash;
    hash -= m_belowFloor;
    return hash;
}

Hash128 Tree::auditHash() const
{
    Hash128 hash;
    for (const Node *node : m_index.ordered()) {
        if (const Version *file = node->file())
            hash += hashOf(node->path(), *file);
        const Version *version = node->newest();
        for (; version != nullptr; version = version->older.get()) {
            COFFER_CHECK(version->hash == hashOf(node->path(), *version), "a version changed");
            if (version->file.revision > m_floor)
                hash += changeHashOf(*version);
        }
    }
    return hash;
}

void Tree::takeChanges(std::vector<Row> &rows)
{
    for (QByteArray &key : m_gone)
        rows.push_back({Table::files, std::move(key), {}});
    m_gone.clear();
    m_history.visitAfter(m_taken, [&rows](const History::Change &change) {
        const Version &version = *change.version;
        rows.push_back(
            {Table::files, keyOf(change.node->path(), version.file.revision), rowOf(version)});
        return true;
    });
    m_taken = m_revision;
}

static Error corrupt(const Node &node, const char *what)
{
    return Error{ErrorCode::corrupt,
                 QStringLiteral("the rows of the file %1 %2")
                     .arg(QString::fromLatin1(node.path()), QLatin1String(what))};
}

Result<void> Tree::restore(const QByteArray &key, const QByteArray &row)
{
    Result<ReadVersion> read = readVersion(key, row);
    if (!read)
        return read.error();
    if (m_restored.empty() || m_restored.back()->path() != read->path)
        m_restored.push_back(std::make_unique<Node>(read->path.toByteArray()));
    Node &node = *m_restored.back();
    if (!node.insert(std::move(read->version)))
        return corrupt(node, "have a revision twice");
    ++m_versionCount;
    return {};
}

static bool isBefore(const std::unique_ptr<Node> &left, const std::unique_ptr<Node> &right)
{
    return NodeLess()(left.get(), right.get());
}

/// Makes an index of the restored nodes. Rows in the order of their keys give nodes that nearly are
/// in that of their paths; in any other order there may be several of a path.
Result<void> Tree::indexRestored()
{
    std::vector<std::unique_ptr<Node>> nodes = std::move(m_restored);
    m_restored.clear();
    const auto isOutOfOrder = [](const auto &left, const auto &right) {
        return !isBefore(left, right);
    };
    if (std::adjacent_find(nodes.begin(), nodes.end(), isOutOfOrder) != nodes.end()) {
        std::sort(nodes.begin(), nodes.end(), isBefore);
        std::unique_ptr<Node> *kept = &nodes.front();
        for (auto next = nodes.begin() + 1; next != nodes.end(); ++next) {
            if (isBefore(*kept, *next)) {
                *++kept = std::move(*next);
                continue;
            }
            while (!(*next)->isEmpty()) {
                if (!(*kept)->insert((*next)->takeNewest()))
                    return corrupt(**kept, "have a revision twice");
            }
        }
        nodes.resize(std::size_t(kept - nodes.data()) + 1);
    }
    m_index.fill(std::move(nodes));
    return {};
}

/// Checks \a version against the one before it.
Result<void> Tree::checkChain(const Node &node, const Version &version) const
{
    const Version *before = version.before();
    if (!before && (version.isDeleted || version.file.created != version.file.revision))
        return corrupt(node, "lack the one that was before");
    if (before && version.file.created != version.file.revision && !version.isDeleted
        && version.file.created != before->file.created)
        return corrupt(node, "disagree about its creation");
    if (version.older && version.older->file.time > version.file.time)
        return corrupt(node, "go back in time");
    return {};
}

Result<void> Tree::restoreChain(Node &node)
{
    Version *version = node.newest();
    if (version->file.revision > m_revision || version->file.time > m_time)
        return corrupt(node, "are later than the store");
    while (version != nullptr && version->file.revision > m_floor)
        version = version->older.get();
    // What the store before had not dropped yet is dropped now; it is no part of the hash.
    while (version != nullptr && (version->older || version->isDeleted)) {
        Version &superfluous = version->older ? *version->older : *version;
        if (!version->older)
            version = nullptr;
        m_gone.push_back(keyOf(node.path(), superfluous.file.revision));
        node.remove(superfluous);
        --m_versionCount;
    }
    for (const Version *kept = node.newest(); kept != nullptr; kept = kept->older.get()) {
        if (kept->file.revision <= m_floor)
            break; // Nothing is known of what was before it.
        if (const Result<void> sound = checkChain(node, *kept); !sound)
            return sound;
    }
    return {};
}

Result<void> Tree::restoreHistory()
{
    struct Placed
    {
        std::pair<Revision, std::uint32_t> place; ///< Here, where sorting finds it quickly.
        History::Change change;
    };
    std::vector<Placed> changes;
    for (Node *node : m_index.ordered()) {
        Version *version = node->newest();
        for (; version != nullptr && version->file.revision > m_floor;
             version = version->older.get())
            changes.push_back({{version->file.revision, version->order}, {node, version}});
    }
    std::sort(changes.begin(), changes.end(),
              [](const Placed &left, const Placed &right) { return left.place < right.place; });
    const Version *last = nullptr;
    for (const auto &[place, change] : changes) {
        const Version &version = *change.version;
        const bool isSame = last != nullptr && last->file.revision == version.file.revision;
        const bool isTimely = last == nullptr || last->file.time == version.file.time
                              || (!isSame && last->file.time < version.file.time);
        if (version.order != (isSame ? last->order + 1 : 0) || !isTimely)
            return corrupt(*change.node, "are out of order");
        m_history.add(change);
        last = &version;
    }
    return {};
}

Result<void> Tree::finishRestore(const Totals &totals)
{
    m_revision = totals.revision;
    m_floor = totals.floor;
    m_time = totals.time;
    m_taken = totals.revision;
    if (m_floor > m_revision)
        return Error{ErrorCode::corrupt, QStringLiteral("the floor is above the revision")};
    if (const Result<void> sound = indexRestored(); !sound)
        return sound;
    const std::vector<Node *> nodes(m_index.ordered().begin(), m_index.ordered().end());
    const Node *fileBefore = nullptr;
    for (Node *node : nodes) {
        if (const Result<void> sound = restoreChain(*node); !sound)
            return sound;
        if (node->isEmpty()) {
            m_index.erase(*node);
            continue;
        }
        if (!node->file())
            continue;
        if (fileBefore && isWithin(node->path(), fileBefore->path()))
            return corrupt(*node, "lie below another file");
        fileBefore = node;
        setLive(*node, true, std::uint64_t(node->file()->file.value.size()));
        enter(*node, *node->file());
    }
    if (m_liveBytes != totals.liveBytes)
        return Error{ErrorCode::corrupt, QStringLiteral("the files have %1 bytes instead of %2")
                                             .arg(m_liveBytes)
                                             .arg(totals.liveBytes)};
    if (mutantIsOn(Mutant::restoredFilesNotCounted))
        m_fileCount = 0;
    return restoreHistory();
}

} // namespace coffer::store
