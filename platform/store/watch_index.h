// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "store/bytes_p.h"
#include "store/watch.h"

#include <map>
#include <set>
// tidy: allow(hash-order) The index looks up in it alone.
#include <unordered_map>

namespace coffer::store {

/// Finds the watches that a path concerns, by the trees that their globs can match in.
///
/// A path needs one look for each tree that it lies in, as far down as there are watches, and one
/// comparison for each different pattern there; how many watches wait elsewhere does not matter.
/// What a watch needs of memory is bounded, however deep its tree is. Pure, deterministic.
class WatchIndex
{
public:
    /// \a id has to be new here.
    void add(WatchId id, const Glob &glob);
    /// It has to be here, with this glob.
    void remove(WatchId id, const Glob &glob);
    /// Appends the watches whose glob matches \a path, in an order that depends on nothing but
    /// the watches: outer trees first, then by pattern, then by id.
    void find(QByteArrayView path, std::vector<WatchId> &found) const;

    [[nodiscard]] bool isEmpty() const { return m_trees.empty(); }

private:
    struct Group
    {
        Glob glob;
        std::set<WatchId> watches;
    };
    struct Tree
    {
        std::map<QByteArray, Group, BytesLess> groups; ///< By pattern; those that end here.
        std::size_t watches = 0;                       ///< Here and below, at least 1.
    };
    // tidy: allow(hash-order) It is only looked up in, never iterated.
    std::unordered_map<std::uint64_t, Tree> m_trees; ///< By TreeWalk::key().
};

} // namespace coffer::store
