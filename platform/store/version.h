// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/hash128.h"
#include "base/result.h"
#include "store/change.h"

#include <memory>
#include <optional>

namespace coffer::store {

/// One file, or its absence, as one revision left it: a link of a path's chain.
///
/// A row of the table `files` (docs/formats/commands.md) is a version; its hash is taken once, when
/// the version is made.
struct Version
{
    FileVersion file; ///< Without bytes, owner and creation if it is deleted.
    /// A file: how long it stays when its owner expires. A held one: until when it is held.
    std::chrono::milliseconds hold{0};
    bool isDeleted = false;
    bool isHeld = false;            ///< Its owner expired and it lingers.
    std::uint32_t order = 0;        ///< Among the changes of its revision, from 0.
    Hash128 hash = {};              ///< Of its row.
    Version *newer = nullptr;       ///< Of the same path.
    std::unique_ptr<Version> older; ///< Of the same path.

    /// The file before, or nullptr.
    [[nodiscard]] const Version *before() const
    {
        return older && !older->isDeleted ? older.get() : nullptr;
    }
    /// When a held file is absent for the guard `missing`.
    [[nodiscard]] bool isReleased(WallMs now) const { return isHeld && now > hold; }
};

/// A path and its versions, the newest first.
///
/// Resource: it does not move, since versions and indexes point to it.
class Node
{
public:
    explicit Node(QByteArray path) : m_path(std::move(path)) {}
    /// Without recursion, however long the chain is.
    ~Node();
    Q_DISABLE_COPY_MOVE(Node)

    [[nodiscard]] const QByteArray &path() const { return m_path; }
    [[nodiscard]] Version *newest() const { return m_newest.get(); }
    [[nodiscard]] bool isEmpty() const { return !m_newest; }
    /// The file now, or nullptr.
    [[nodiscard]] const Version *file() const
    {
        return m_newest && !m_newest->isDeleted ? m_newest.get() : nullptr;
    }
    /// The file right after \a revision, or nullptr.
    [[nodiscard]] const Version *fileAt(Revision revision, std::size_t *steps = nullptr) const;

    void push(std::unique_ptr<Version> version);
    /// Puts \a version where its revision belongs; false if there is one of that revision.
    bool insert(std::unique_ptr<Version> version);
    void pop();
    /// Takes out the newest, which has to be there.
    [[nodiscard]] std::unique_ptr<Version> takeNewest();
    /// Takes \a version out, wherever it stands.
    void remove(Version &version);

private:
    const QByteArray m_path;
    std::unique_ptr<Version> m_newest;
};

[[nodiscard]] QByteArray keyOf(QByteArrayView path, Revision revision);
[[nodiscard]] QByteArray rowOf(const Version &version);
/// Of the row, from its parts.
[[nodiscard]] Hash128 hashOf(QByteArrayView path, const Version &version);
/// Of the change that made \a version: its own hash and, bound to it, which file was before. So a
/// file below the floor is covered by what follows it, although its own change is forgotten.
[[nodiscard]] Hash128 changeHashOf(const Version &version);

/// A row as it was read.
struct ReadVersion
{
    QByteArrayView path;              ///< Points into the key.
    std::unique_ptr<Version> version; ///< Hashed.
};
/// `corrupt` if key or row are not canonical.
[[nodiscard]] Result<ReadVersion> readVersion(const QByteArray &key, const QByteArray &row);

} // namespace coffer::store
