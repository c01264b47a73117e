// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/ids.h"

#include <QByteArray>

#include <map>
#include <optional>
#include <set>
#include <vector>

namespace coffer::goconf {

/// One follow on one node; never reused. 0: none.
using FollowId = StrongId<struct FollowTag>;

/// Reports of hosts on their way to the store: coalesced, and each on top of what its follow has
/// written before.
///
/// A file belongs to the follow that took it. The first write expects the revision at which that
/// saw the file; the following ones that of the write before. So whoever else writes it, another
/// node for a later follow, makes the next write fail, and the file is lost: a report of an old
/// follow never overwrites one of a newer follow. Value, pure; one batch is under way at a time.
class ReportLedger
{
public:
    struct Entry
    {
        QByteArray path;
        QByteArray value;
        Revision expected; ///< None: there is no such file.
        bool operator==(const Entry &) const = default;
    };

    /// \a path is \a owner's from now on, as it was at \a seen; if another follow of this node had
    /// it, what that wrote or has under way is what the next write follows on.
    void own(const QByteArray &path, FollowId owner, Revision seen);
    /// Whose \a path is; none if it is nobody's here.
    [[nodiscard]] FollowId ownerOf(const QByteArray &path) const;
    /// What \a owner says of itself, in place of what it said and was not yet written. False if
    /// the file is not its own.
    [[nodiscard]] bool put(const QByteArray &path, FollowId owner, const QByteArray &value);
    /// The newest that was put, written or not; null if nothing was.
    [[nodiscard]] QByteArray newest(const QByteArray &path) const;
    /// Nothing of \a path is waiting or under way.
    [[nodiscard]] bool isSettled(const QByteArray &path) const;
    /// Forgets the file, with what waits; what is under way is no longer anybody's.
    void drop(const QByteArray &path);

    [[nodiscard]] bool hasPending() const;
    /// Takes what waits, up to a bound, for one transaction. Not before the last one was settled.
    [[nodiscard]] std::vector<Entry> take(std::size_t entriesMax, std::size_t bytesMax);

    // How the transaction ended: one of these.

    /// All of it was written by \a revision.
    void written(Revision revision);
    /// Nothing was written, or nobody knows: all of it waits again, but for what was put since.
    void putBack();

    /// The next write of the file follows on \a revision; none: on there being no file.
    void rebase(const QByteArray &path, Revision revision);
    /// The newest revision that this ledger knows.
    [[nodiscard]] Revision revisionOf(const QByteArray &path) const;

private:
    struct File
    {
        FollowId owner;
        Revision revision;
        std::optional<QByteArray> pending;
        std::optional<QByteArray> underWay;
        QByteArray last;
    };
    std::map<QByteArray, File> m_files;
    std::set<QByteArray> m_pending; ///< Paths of files that have something pending.
    std::vector<QByteArray> m_underWay;
};

} // namespace coffer::goconf
