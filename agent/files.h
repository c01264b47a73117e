// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

#include <QByteArray>
#include <QByteArrayList>

#include <cstdint>
#include <optional>

/// What a host does with its configuration: stage, check, switch, reload, watch, undo.
namespace coffer::agent {

/// What lies under a path. A symbolic link is described itself.
struct FileStatus
{
    enum class Kind { file, directory, link, other };
    Kind kind = Kind::other;
    std::uint64_t bytes = 0;
    std::uint16_t mode = 0; ///< Permission bits with set-id and sticky ones.
    std::uint32_t owner = 0;
    std::uint32_t group = 0;
    bool isMountPoint = false; ///< Something is mounted exactly here, as a bind-mounted file.
    bool operator==(const FileStatus &) const = default;
};

/// Who may do what with a path; an absent owner or group is left as it is.
struct Rights
{
    std::uint16_t mode = 0;
    std::optional<std::uint32_t> owner = {};
    std::optional<std::uint32_t> group = {};
};

/// The disk, one step at a time. Paths are absolute. Synchronous; one thread.
///
/// Each change is one step, or a few in the order that is given; a process may die at every one,
/// and in tests it does. Errors are `noSpace` for a full disk or quota, `notFound` for a missing
/// path, `denied` for a missing permission, `syncFailed` where something could not be made durable,
/// else `io` (read-only file systems included); their sentence names the path and what was refused.
class Files
{
public:
    virtual ~Files() = default;

    // Questions

    /// Nothing if there is nothing.
    [[nodiscard]] virtual Result<std::optional<FileStatus>> status(const QByteArray &path) = 0;
    /// The bytes of a regular file. `invalid` if it has more than \a bytesMax; `notFound`.
    [[nodiscard]] virtual Result<QByteArray> read(const QByteArray &path,
                                                  std::uint64_t bytesMax) = 0;
    [[nodiscard]] virtual Result<QByteArray> linkTarget(const QByteArray &path) = 0;
    /// The names in a directory without "." and "..", sorted.
    [[nodiscard]] virtual Result<QByteArrayList> names(const QByteArray &directory) = 0;
    /// The number of a user or group, given by name or as a decimal number. `notFound`.
    [[nodiscard]] virtual Result<std::uint32_t> userId(const QByteArray &name) = 0;
    [[nodiscard]] virtual Result<std::uint32_t> groupId(const QByteArray &name) = 0;

    /// Whose process this is; 0 is root.
    [[nodiscard]] virtual std::uint32_t user() = 0;

    // Steps

    /// The parent has to exist, and nothing of that name.
    virtual Result<void> makeDirectory(const QByteArray &path, std::uint16_t mode) = 0;
    /// A new file with \a bytes and \a rights, both durable; that it is there will be with the
    /// sync() of its directory. Nothing of that name may exist. Only its owner can read it before
    /// it has its rights: the owner and group first, then the mode. After an error, and a death,
    /// there may be any part of it.
    virtual Result<void> makeFile(const QByteArray &path, QByteArrayView bytes,
                                  const Rights &rights) = 0;
    /// Adds \a bytes to a file, durable. After an error, and a death, any part of them may be
    /// there, durable or not.
    virtual Result<void> append(const QByteArray &path, QByteArrayView bytes) = 0;
    /// Makes a file's bytes and rights, or a directory's entries durable. After an error nobody
    /// knows what is.
    virtual Result<void> sync(const QByteArray &path) = 0;
    /// A second name for a regular file.
    virtual Result<void> link(const QByteArray &path, const QByteArray &newPath) = 0;
    virtual Result<void> makeLink(const QByteArray &target, const QByteArray &path) = 0;
    /// Replaces what has the name \a to, atomically.
    virtual Result<void> rename(const QByteArray &from, const QByteArray &to) = 0;
    /// A file or link.
    virtual Result<void> remove(const QByteArray &path) = 0;
    /// An empty directory; `conflict` if it is not empty.
    virtual Result<void> removeDirectory(const QByteArray &path) = 0;
};

} // namespace coffer::agent
