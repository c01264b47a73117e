// SPDX-License-Identifier: Apache-2.0
#include "store/tree.h"

#include "store/path.h"

namespace coffer::store {

static Hash128 hashOf(const QByteArray &path, const File &file)
{
    return rowHash(std::uint8_t(Table::files), path, file.row());
}

/// What every path below \a tree begins with.
static QByteArray beginOf(QByteArrayView tree)
{
    return tree.size() == 1 ? QByteArrayLiteral("/") : tree.toByteArray() + '/';
}

/// The first bytes after every path below \a tree: '0' follows '/'.
static QByteArray endOf(QByteArrayView tree)
{
    return tree.size() == 1 ? QByteArrayLiteral("0") : tree.toByteArray() + '0';
}

const File *Tree::find(QByteArrayView path) const
{
    const auto at = m_files.find(path);
    return at == m_files.end() ? nullptr : &at->second.file;
}

void Tree::visit(QByteArrayView tree, QByteArrayView after,
                 const std::function<bool(const QByteArray &, const File &)> &visit) const
{
    const BytesLess less;
    const auto own = m_files.find(tree);
    if (own != m_files.end() && less(after, tree) && !visit(own->first, own->second.file))
        return;
    const QByteArray begin = beginOf(tree);
    const auto end = m_files.lower_bound(endOf(tree));
    auto at = less(after, begin) ? m_files.lower_bound(begin) : m_files.upper_bound(after);
    // A start behind the tree would never meet its end.
    if (end != m_files.end() && at != m_files.end() && less(end->first, at->first))
        return;
    while (at != end && at != m_files.end() && visit(at->first, at->second.file))
        ++at;
}

std::size_t Tree::count(QByteArrayView tree, std::size_t most) const
{
    if (tree.size() == 1)
        return std::min(most, m_files.size());
    std::size_t found = 0;
    visit(tree, {}, [&found, most](const QByteArray &, const File &) { return ++found < most; });
    return found;
}

void Tree::put(QByteArrayView path, QByteArrayView value, const Change &change)
{
    auto at = m_files.lower_bound(path);
    const bool isNew = at == m_files.end() || QByteArrayView(at->first) != path;
    const Revision created = isNew ? change.revision : at->second.file.created();
    File file({change.revision, created, change.owner}, value);
    if (isNew) {
        at = m_files.emplace_hint(at, path.toByteArray(), Node{std::move(file), {}});
    } else {
        m_hash -= at->second.hash;
        if (at->second.file.owner() != change.owner)
            disown(at->second.file.owner(), at->first);
        at->second.file = std::move(file);
    }
    Node &node = at->second;
    node.hash = hashOf(at->first, node.file);
    m_hash += node.hash;
    if (!change.owner.isNone())
        m_owned[change.owner].insert(at->first);
    if (!node.isNoted)
        m_changes.note(at->first);
    node.isNoted = true;
}

bool Tree::remove(QByteArrayView path)
{
    const auto at = m_files.find(path);
    if (at == m_files.end())
        return false;
    erase(at);
    return true;
}

std::size_t Tree::removeTree(QByteArrayView tree)
{
    std::size_t removed = remove(tree) ? 1 : 0;
    auto at = m_files.lower_bound(beginOf(tree));
    const auto end = m_files.lower_bound(endOf(tree));
    for (; at != end; ++removed)
        at = erase(at);
    return removed;
}

std::size_t Tree::removeOwned(SessionId owner)
{
    const auto owned = m_owned.find(owner);
    if (owned == m_owned.end())
        return 0;
    const Paths paths = std::move(owned->second);
    m_owned.erase(owned);
    for (const QByteArray &path : paths)
        remove(path);
    return paths.size();
}

std::size_t Tree::ownedCount(SessionId owner) const
{
    const auto owned = m_owned.find(owner);
    return owned == m_owned.end() ? 0 : owned->second.size();
}

std::vector<SessionId> Tree::owners() const
{
    std::vector<SessionId> owners;
    for (const auto &[owner, paths] : m_owned)
        owners.push_back(owner);
    return owners;
}

void Tree::takeChanges(std::vector<Row> &rows)
{
    for (const QByteArray &path : m_changes.take()) {
        const auto at = m_files.find(path);
        if (at == m_files.end()) {
            rows.push_back({Table::files, path, {}});
            continue;
        }
        at->second.isNoted = false;
        rows.push_back({Table::files, path, at->second.file.row()});
    }
}

Result<void> Tree::restore(const QByteArray &path, const QByteArray &row)
{
    Result<File> file = File::fromRow(row);
    if (!file)
        return file.error();
    if (!isFilePath(path) || m_files.contains(path)) {
        return Error{ErrorCode::corrupt,
                     QStringLiteral("the path \"%1\" of a row is not allowed or there twice")
                         .arg(QString::fromLatin1(path))};
    }
    const Hash128 hash = hashOf(path, *file);
    m_hash += hash;
    if (!file->owner().isNone())
        m_owned[file->owner()].insert(path);
    m_files.emplace(path, Node{std::move(*file), hash});
    return {};
}

void Tree::disown(SessionId owner, const QByteArray &path)
{
    const auto owned = m_owned.find(owner);
    if (owned == m_owned.end())
        return;
    owned->second.erase(path);
    if (owned->second.empty())
        m_owned.erase(owned);
}

Tree::Files::iterator Tree::erase(Files::iterator at)
{
    disown(at->second.file.owner(), at->first);
    m_hash -= at->second.hash;
    if (!at->second.isNoted)
        m_changes.note(at->first);
    return m_files.erase(at);
}

} // namespace coffer::store
