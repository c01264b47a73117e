// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/hash128.h"
#include "store/bytes_p.h"
#include "store/changes_p.h"
#include "store/file.h"
#include "store/row.h"

#include <functional>
#include <map>
#include <set>
#include <vector>

namespace coffer::store {

/// The files, ordered by the bytes of their paths, with the hash of their rows.
///
/// Value, pure. Paths have to be valid (path.h); byte arrays that come in may be borrowed.
class Tree
{
public:
    struct Change
    {
        Revision revision;
        SessionId owner = SessionId(); ///< None unless the file becomes ephemeral.
    };

    /// The file, or nullptr; valid until the next change.
    [[nodiscard]] const File *find(QByteArrayView path) const;
    /// Calls \a visit with the files of \a tree after the path \a after, in order, until it
    /// returns false. All of them if \a after is empty.
    void visit(QByteArrayView tree, QByteArrayView after,
               const std::function<bool(const QByteArray &path, const File &file)> &visit) const;
    /// How many files \a tree has, counted up to \a most.
    [[nodiscard]] std::size_t count(QByteArrayView tree, std::size_t most) const;
    [[nodiscard]] std::size_t size() const { return m_files.size(); }

    void put(QByteArrayView path, QByteArrayView value, const Change &change);
    /// False if there is no such file.
    bool remove(QByteArrayView path);
    /// Returns how many files there were.
    std::size_t removeTree(QByteArrayView tree);
    /// Removes the ephemeral files of \a owner; returns how many there were.
    std::size_t removeOwned(SessionId owner);

    /// How many ephemeral files \a owner has.
    [[nodiscard]] std::size_t ownedCount(SessionId owner) const;
    /// The sessions that have ephemeral files, in order.
    [[nodiscard]] std::vector<SessionId> owners() const;

    /// Of all rows.
    [[nodiscard]] const Hash128 &hash() const { return m_hash; }
    /// Appends the rows that changed since the last call, in order.
    void takeChanges(std::vector<Row> &rows);
    /// Adds a row of a checkpoint, which is not a change. `corrupt` if it makes no sense.
    Result<void> restore(const QByteArray &path, const QByteArray &row);

private:
    struct Node
    {
        File file;
        Hash128 hash;
        bool isNoted = false; ///< Its path is among m_changes.
    };
    using Files = std::map<QByteArray, Node, BytesLess>;
    using Paths = std::set<QByteArray, BytesLess>;

    void disown(SessionId owner, const QByteArray &path);
    Files::iterator erase(Files::iterator at);

    Files m_files;
    std::map<SessionId, Paths> m_owned;
    Changes<QByteArray, BytesLess> m_changes;
    Hash128 m_hash;
};

} // namespace coffer::store
