// SPDX-License-Identifier: Apache-2.0
#include "store/watch_index.h"

#include "base/check.h"

#include <algorithm>

namespace coffer::store {

/// Calls \a visit with every tree that \a path lies in, the root first and itself last, until it
/// returns false.
template<class Visit>
static void visitTrees(QByteArrayView path, const Visit &visit)
{
    const std::string_view bytes(path.data(), std::size_t(path.size()));
    std::size_t end = std::min<std::size_t>(1, bytes.size());
    while (visit(bytes.substr(0, end)) && end < bytes.size())
        end = std::min(bytes.find('/', end + 1), bytes.size()); // A segment is not empty.
}

void WatchIndex::add(WatchId id, const Glob &glob)
{
    Tree *last = nullptr;
    visitTrees(glob.tree(), [this, &last](std::string_view tree) {
        auto found = m_trees.find(tree);
        if (found == m_trees.end())
            found = m_trees.emplace(tree, Tree()).first;
        last = &found->second;
        ++last->watches;
        return true;
    });
    last->groups.try_emplace(glob.pattern(), Group{glob, {}}).first->second.watches.insert(id);
}

void WatchIndex::remove(WatchId id, const Glob &glob)
{
    const QByteArray last = glob.tree();
    visitTrees(last, [&](std::string_view tree) {
        const auto found = m_trees.find(tree);
        COFFER_CHECK(found != m_trees.end(), "a watch is not in its index");
        if (tree.size() == std::size_t(last.size())) {
            const auto group = found->second.groups.find(glob.pattern());
            group->second.watches.erase(id);
            if (group->second.watches.empty())
                found->second.groups.erase(group);
        }
        if (--found->second.watches == 0)
            m_trees.erase(found);
        return true;
    });
}

void WatchIndex::find(QByteArrayView path, std::vector<WatchId> &found) const
{
    visitTrees(path, [&](std::string_view bytes) {
        const auto tree = m_trees.find(bytes);
        if (tree == m_trees.end())
            return false;
        for (const auto &[pattern, group] : tree->second.groups) {
            if (group.glob.matches(path))
                found.insert(found.end(), group.watches.begin(), group.watches.end());
        }
        return true;
    });
}

} // namespace coffer::store
