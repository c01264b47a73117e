// SPDX-License-Identifier: Apache-2.0
#include "store/watch_index.h"

#include "base/check.h"

namespace coffer::store {

namespace {

/// The trees that a path lies in, from the root down to itself or to a fixed depth; what is deeper
/// lies in the deepest of these.
class TreeWalk
{
public:
    /// Begins at the root. \a path has to stay.
    explicit TreeWalk(QByteArrayView path) : m_path(path.size() > 1 ? path : QByteArrayView()) {}

    /// Goes one segment down; false if there is none, or if it is too deep.
    bool descend()
    {
        if (m_depth == depthMax || m_end == m_path.size())
            return false;
        ++m_depth;
        do
            add(m_path[m_end++]);
        while (m_end < m_path.size() && m_path[m_end] != '/');
        return true;
    }
    /// A hash of the tree's path. Trees that share it are taken for one, which costs comparisons
    /// and nothing else, because globs are compared with whole paths.
    [[nodiscard]] std::uint64_t key() const { return m_key; }

private:
    static constexpr int depthMax = 16;

    /// FNV-1a.
    void add(char c) { m_key = (m_key ^ static_cast<unsigned char>(c)) * 0x100000001b3; }

    QByteArrayView m_path;
    qsizetype m_end = 0;
    int m_depth = 0;
    std::uint64_t m_key = 0xcbf29ce484222325;
};

} // namespace

void WatchIndex::add(WatchId id, const Glob &glob)
{
    const QByteArray path = glob.tree();
    TreeWalk walk(path);
    Tree *tree = nullptr;
    do {
        tree = &m_trees[walk.key()];
        ++tree->watches;
    } while (walk.descend());
    tree->groups.try_emplace(glob.pattern(), Group{glob, {}}).first->second.watches.insert(id);
}

void WatchIndex::remove(WatchId id, const Glob &glob)
{
    const QByteArray path = glob.tree();
    TreeWalk last(path);
    while (last.descend()) {}
    Tree &tree = m_trees.at(last.key());
    const auto group = tree.groups.find(glob.pattern());
    COFFER_CHECK(group != tree.groups.end(), "a watch is not in its index");
    group->second.watches.erase(id);
    if (group->second.watches.empty())
        tree.groups.erase(group);
    TreeWalk walk(path);
    do {
        const auto found = m_trees.find(walk.key());
        if (--found->second.watches == 0)
            m_trees.erase(found);
    } while (walk.descend());
}

void WatchIndex::find(QByteArrayView path, std::vector<WatchId> &found) const
{
    TreeWalk walk(path);
    do {
        const auto tree = m_trees.find(walk.key());
        if (tree == m_trees.end())
            return;
        for (const auto &[pattern, group] : tree->second.groups) {
            if (group.glob.matches(path))
                found.insert(found.end(), group.watches.begin(), group.watches.end());
        }
    } while (walk.descend());
}

} // namespace coffer::store
