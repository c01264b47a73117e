// SPDX-License-Identifier: Apache-2.0
#include "store/tree.h"

#include "base/mutant.h"

namespace coffer::store {

const Version *Tree::find(QByteArrayView path) const
{
    const Node *node = m_index.find(path);
    return node ? node->file() : nullptr;
}

QByteArrayView Tree::fileAbove(QByteArrayView path) const
{
    for (path = parentOf(path); path.size() > 1; path = parentOf(path)) {
        // Where a directory is, only directories are above.
        if (m_directories.entryCount(path) > 0)
            return {};
        if (find(path))
            return path;
    }
    return {};
}

std::size_t Tree::count(QByteArrayView tree, std::size_t most) const
{
    if (tree.size() == 1)
        return std::min(most, m_fileCount);
    const auto &files = m_index.files();
    const auto end = files.lower_bound(QByteArrayView(behindTree(tree)));
    std::size_t found = 0;
    for (auto at = files.lower_bound(tree); at != end && found < most; ++at)
        ++found;
    return found;
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

void Tree::visitChanges(Revision from, const std::function<bool(const ChangeView &)> &visit) const
{
    m_history.visitAfter(from.previous(), [&visit](const History::Change &change) {
        const Version &version = *change.version;
        const Version *before = version.before();
        return visit({.revision = version.file.revision,
                      .path = change.node->path(),
                      .now = version.isDeleted ? nullptr : &version.file,
                      .before = before ? &before->file : nullptr});
    });
}

void Tree::begin(WallMs time)
{
    m_time = time;
    m_liveBytesBefore = m_liveBytes;
    m_touched.clear();
}

bool Tree::isDraft(const Node &node) const
{
    return node.newest() != nullptr && node.newest()->file.revision > m_revision;
}

Version &Tree::touch(Node &node)
{
    if (isDraft(node))
        return *node.newest();
    auto version = std::make_unique<Version>();
    version->file.revision = m_revision.next();
    version->file.time = m_time;
    node.push(std::move(version));
    m_touched.push_back(&node);
    ++m_versionCount;
    return *node.newest();
}

/// Notes that the file of \a node, with \a bytes bytes of value, comes or goes.
void Tree::setLive(Node &node, bool isLive, std::uint64_t bytes)
{
    const std::uint64_t all = std::uint64_t(node.path().size()) + bytes;
    if (isLive) {
        m_index.addFile(node);
        m_directories.add(node.path());
        m_liveBytes += all;
        ++m_fileCount;
    } else {
        m_index.removeFile(node);
        m_directories.remove(node.path());
        m_liveBytes -= all;
        --m_fileCount;
    }
}

Tree::Verdict Tree::put(const Put &put)
{
    Node *node = m_index.find(put.path);
    const Version *file = node ? node->file() : nullptr;
    if (!file) {
        if (m_directories.entryCount(put.path) > 0)
            return Verdict::isDirectory;
        if (!fileAbove(put.path).isEmpty())
            return Verdict::notDirectory;
        node = &m_index.findOrAdd(put.path);
        setLive(*node, true, std::uint64_t(put.value.size()));
    } else {
        m_liveBytes += std::uint64_t(put.value.size());
        m_liveBytes -= std::uint64_t(file->file.value.size());
    }
    const bool isFresh = !file || file->isReleased(m_time);
    Revision created = isFresh ? m_revision.next() : file->file.created;
    const Version *old = node->newest();
    if (mutantIsOn(Mutant::createdKeptAcrossDelete) && isFresh && old && old->before())
        created = old->before()->file.created;
    Version &version = touch(*node);
    version.file.created = created;
    version.file.owner = put.owner;
    version.file.value = put.value.toByteArray();
    version.hold = put.linger;
    version.isDeleted = false;
    version.isHeld = false;
    return Verdict::done;
}

void Tree::markDeleted(Node &node)
{
    setLive(node, false, std::uint64_t(node.newest()->file.value.size()));
    Version &version = touch(node);
    version.file.created = Revision();
    version.file.owner = SessionId();
    version.file.value.clear();
    version.hold = std::chrono::milliseconds(0);
    version.isDeleted = true;
    version.isHeld = false;
}

bool Tree::remove(QByteArrayView path)
{
    Node *node = m_index.find(path);
    if (node == nullptr || !node->file())
        return false;
    markDeleted(*node);
    return true;
}

std::size_t Tree::removeTree(QByteArrayView tree)
{
    const auto &files = m_index.files();
    const bool isAll = tree.size() == 1;
    const auto begin = isAll ? files.begin() : files.lower_bound(tree);
    const auto end = isAll ? files.end() : files.lower_bound(QByteArrayView(behindTree(tree)));
    std::vector<Node *> nodes(begin, end);
    if (mutantIsOn(Mutant::deleteTreeMissesLast) && nodes.size() > 1)
        nodes.pop_back();
    for (Node *node : nodes)
        markDeleted(*node);
    return nodes.size();
}

void Tree::removeOwned(SessionId owner, bool isExpired)
{
    const auto owned = m_owned.find(owner);
    if (owned == m_owned.end())
        return;
    for (const Node *path : owned->second) {
        Node &node = nodeOf(path);
        const Version &old = *node.newest();
        const bool lingers = isExpired || mutantIsOn(Mutant::lingerOnClose);
        if (!lingers || old.hold.count() == 0) {
            markDeleted(node);
            continue;
        }
        Version &held = touch(node);
        held.file.created = held.older->file.created;
        held.file.value = held.older->file.value;
        // Applied time may be as late as a number can be.
        const auto last = std::chrono::milliseconds::max() - held.older->hold;
        held.hold = std::min(m_time, last) + held.older->hold;
        held.isHeld = true;
    }
}

bool Tree::hasReleased(WallMs now) const { return !m_held.empty() && m_held.begin()->first < now; }

void Tree::removeReleased(std::size_t most)
{
    for (auto at = m_held.begin(); most > 0 && at != m_held.end() && at->first < m_time; ++at) {
        markDeleted(nodeOf(at->second));
        --most;
    }
}

bool Tree::commit()
{
    if (mutantIsOn(Mutant::versionOrderedByHash)) {
        std::sort(m_touched.begin(), m_touched.end(), [](const Node *left, const Node *right) {
            return rowHash(0, left->path(), {}).low < rowHash(0, right->path(), {}).low;
        });
    }
    std::uint32_t order = 0;
    for (Node *node : m_touched) {
        const bool isChange = node->file() || node->newest()->before();
        if (isChange)
            settle(*node, order++);
        else
            forget(*node, *node->newest());
    }
    if (order > 0)
        m_revision = m_revision.next();
    m_touched.clear();
    return order > 0;
}

/// Makes the draft of \a node a version of the history.
void Tree::settle(Node &node, std::uint32_t order)
{
    Version &version = *node.newest();
    const Version *before = version.before();
    version.order = order;
    version.hash = hashOf(node.path(), version);
    if (before)
        leave(node, *before);
    if (node.file())
        enter(node, version);
    m_history.add({&node, &version});
}

void Tree::rollback()
{
    for (Node *node : m_touched) {
        const bool is = node->file();
        const bool was = node->newest()->before();
        if (is != was)
            setLive(*node, was, 0);
        forget(*node, *node->newest());
    }
    m_liveBytes = m_liveBytesBefore;
    m_touched.clear();
}

void Tree::enter(const Node &node, const Version &file)
{
    m_live += file.hash;
    if (!file.file.owner.isNone())
        m_owned[file.file.owner].insert(&node);
    if (file.isHeld)
        m_held.emplace(file.hold, &node);
}

void Tree::leave(const Node &node, const Version &file)
{
    m_live -= file.hash;
    if (file.isHeld)
        m_held.erase({file.hold, &node});
    const auto owned = m_owned.find(file.file.owner);
    if (owned == m_owned.end())
        return;
    owned->second.erase(&node);
    if (owned->second.empty())
        m_owned.erase(owned);
}

void Tree::compact(Revision floor)
{
    m_belowFloor = m_history.upTo(floor).hash;
    m_floor = floor;
}

void Tree::tidy(std::size_t most)
{
    const Revision last = std::min(m_floor, m_taken);
    for (; most > 0 && !m_history.isEmpty() && m_history.oldest() <= last; --most)
        drop(m_history.takeOldest());
}

/// Drops what \a change, which is at or below the floor, makes superfluous.
void Tree::drop(const History::Change &change)
{
    Version &version = *change.version;
    if (version.older) {
        m_gone.push_back(keyOf(change.node->path(), version.older->file.revision));
        forget(*change.node, *version.older);
    }
    const bool isDropped =
        version.isDeleted || (mutantIsOn(Mutant::compactionDropsBase) && version.newer != nullptr);
    if (!isDropped)
        return;
    m_gone.push_back(keyOf(change.node->path(), version.file.revision));
    forget(*change.node, version);
}

void Tree::forget(Node &node, Version &version)
{
    node.remove(version);
    --m_versionCount;
    if (node.isEmpty())
        m_index.erase(node);
}

} // namespace coffer::store
