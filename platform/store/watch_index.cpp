// SPDX-License-Identifier: Apache-2.0
#include "store/watch_index.h"

#include <algorithm>

namespace coffer::store {

void WatchIndex::add(WatchId id, const Glob &glob)
{
    Groups &groups = m_trees[glob.tree().toStdString()];
    groups.try_emplace(glob.pattern(), Group{glob, {}}).first->second.watches.insert(id);
}

void WatchIndex::remove(WatchId id, const Glob &glob)
{
    const auto tree = m_trees.find(glob.tree().toStdString());
    if (tree == m_trees.end())
        return;
    const auto group = tree->second.find(glob.pattern());
    if (group == tree->second.end())
        return;
    group->second.watches.erase(id);
    if (group->second.watches.empty())
        tree->second.erase(group);
    if (tree->second.empty())
        m_trees.erase(tree);
}

void WatchIndex::find(QByteArrayView path, std::vector<WatchId> &found) const
{
    const std::string_view bytes(path.data(), std::size_t(path.size()));
    std::size_t end = 1; // the root, then each segment
    while (end <= bytes.size()) {
        const auto tree = m_trees.find(bytes.substr(0, end));
        if (tree != m_trees.end()) {
            for (const auto &[pattern, group] : tree->second) {
                if (group.glob.matches(path))
                    found.insert(found.end(), group.watches.begin(), group.watches.end());
            }
        }
        if (end == bytes.size())
            return;
        end = std::min(bytes.find('/', end + 1), bytes.size()); // a segment is not empty
    }
}

} // namespace coffer::store
