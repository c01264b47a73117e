// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "store/history.h"
#include "store/index.h"
#include "store/row.h"

#include <map>
#include <set>
#include <vector>

namespace coffer::store {

/// The files and their versions down to the floor.
///
/// Pure; it moves, but is not copied. Paths have to be valid (path.h); byte arrays that come in may
/// be borrowed. Files change only between begin() and commit() or rollback(), and reads see what
/// was changed so far. A path is never both file and directory; a directory is there as long as
/// files are below it.
class Tree final : public ChangeSource
{
public:
    struct Put
    {
        QByteArrayView path;
        QByteArrayView value;
        SessionId owner = SessionId(); ///< None unless the file becomes ephemeral.
        std::chrono::milliseconds linger{0};
    };
    enum class Verdict {
        done,
        notDirectory, ///< A file is where the path needs a directory.
        isDirectory   ///< The path is a directory.
    };

    // Reading.
    /// The file, or nullptr; valid until the next change.
    [[nodiscard]] const Version *find(QByteArrayView path) const;
    [[nodiscard]] const Index &index() const { return m_index; }
    /// The path of the file above \a path; empty if there is none.
    [[nodiscard]] QByteArrayView fileAbove(QByteArrayView path) const;
    /// How many entries the directory \a path has now; 0 if it is none.
    [[nodiscard]] std::uint64_t entryCount(QByteArrayView path) const
    {
        return m_directories.entryCount(path);
    }
    /// How many files \a tree has, counted up to \a most.
    [[nodiscard]] std::size_t count(QByteArrayView tree, std::size_t most) const;
    [[nodiscard]] std::size_t size() const { return m_fileCount; }
    [[nodiscard]] std::uint64_t versionCount() const { return m_versionCount; }
    /// Of the paths and values of all files.
    [[nodiscard]] std::uint64_t liveBytes() const { return m_liveBytes; }
    [[nodiscard]] const History &history() const { return m_history; }
    /// How many ephemeral files \a owner has.
    [[nodiscard]] std::size_t ownedCount(SessionId owner) const;
    /// The sessions that have ephemeral files, in order.
    [[nodiscard]] std::vector<SessionId> owners() const;

    [[nodiscard]] Revision compacted() const override { return m_floor; }
    [[nodiscard]] Revision revision() const override { return m_revision; }
    void visitChanges(Revision from,
                      const std::function<bool(const ChangeView &)> &visit) const override;

    // Changing.
    /// What follows is of the next revision and of the applied time \a time.
    void begin(WallMs time);
    [[nodiscard]] Verdict put(const Put &put);
    /// False if there is no such file.
    bool remove(QByteArrayView path);
    /// Returns how many files there were.
    std::size_t removeTree(QByteArrayView tree);
    /// Removes the ephemeral files of \a owner. If it expired, those that linger are held instead.
    void removeOwned(SessionId owner, bool isExpired);
    /// Removes up to \a most held files whose time is over, the earliest first.
    void removeReleased(std::size_t most);
    /// True if files differ from what they were at begin(); it is one revision then.
    bool commit();
    /// Everything is as at begin() again.
    void rollback();
    /// True if a held file's time is over.
    [[nodiscard]] bool hasReleased(WallMs now) const;

    /// The next change gets a revision that is \a count later than it would be.
    void skip(std::uint64_t count) { m_revision = Revision(m_revision.value() + count); }
    /// Raises the floor, which is not above revision().
    void compact(Revision floor);
    /// Drops up to \a most changes at or below the floor, of those that takeChanges() has given.
    void tidy(std::size_t most);

    // Rows.
    /// Of the files now and the changes above the floor.
    [[nodiscard]] Hash128 hash() const;
    /// The same, slowly, from the bytes of all versions.
    [[nodiscard]] Hash128 auditHash() const;
    /// Appends the rows that changed since the last call: those dropped, then those made.
    void takeChanges(std::vector<Row> &rows);
    /// Adds a row of a checkpoint, which is not a change; quickest in the order of the keys. It can
    /// be seen after finishRestore(). `corrupt` if it makes no sense.
    Result<void> restore(const QByteArray &key, const QByteArray &row);
    struct Totals
    {
        Revision revision;
        Revision floor;
        WallMs time{0};
        std::uint64_t liveBytes = 0;
    };
    /// Ends the restore; `corrupt` if the rows contradict each other or \a totals.
    Result<void> finishRestore(const Totals &totals);

private:
    struct HeldLess
    {
        using Held = std::pair<WallMs, const Node *>;
        bool operator()(const Held &left, const Held &right) const
        {
            return left.first != right.first ? left.first < right.first
                                             : NodeLess()(left.second, right.second);
        }
    };
    using Paths = std::set<const Node *, NodeLess>;

    [[nodiscard]] bool isDraft(const Node &node) const;
    [[nodiscard]] Version &touch(Node &node);
    void markDeleted(Node &node);
    void setLive(Node &node, bool isLive, std::uint64_t bytes);
    void settle(Node &node, std::uint32_t order);
    void enter(const Node &node, const Version &file);
    void leave(const Node &node, const Version &file);
    void drop(const History::Change &change);
    void forget(Node &node, Version &version);
    [[nodiscard]] Node &nodeOf(const Node *node) const { return *const_cast<Node *>(node); }

    Result<void> indexRestored();
    [[nodiscard]] Result<void> checkChain(const Node &node, const Version &version) const;
    Result<void> restoreChain(Node &node);
    Result<void> restoreHistory();

    Index m_index;
    Directories m_directories;
    History m_history;
    std::map<SessionId, Paths> m_owned;
    std::set<HeldLess::Held, HeldLess> m_held;
    Revision m_revision;
    Revision m_floor;
    Revision m_taken;               ///< Up to here takeChanges() gave the versions.
    std::vector<QByteArray> m_gone; ///< Keys of versions that were taken and dropped.
    std::size_t m_fileCount = 0;
    std::uint64_t m_versionCount = 0;
    std::uint64_t m_liveBytes = 0;
    Hash128 m_live;       ///< Of the files now.
    Hash128 m_belowFloor; ///< Of the changes up to the floor.

    WallMs m_time{0};              ///< Of what is being changed.
    std::vector<Node *> m_touched; ///< Since begin(), in the order of the first touch.
    std::uint64_t m_liveBytesBefore = 0;

    std::vector<std::unique_ptr<Node>> m_restored; ///< Until finishRestore().
};

} // namespace coffer::store
