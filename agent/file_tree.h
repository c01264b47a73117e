// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/files.h"

#include <vector>

/// What takes more than one step on the disk.
namespace coffer::agent {

/// A file's new content in one moment: at every instant the old or the new one is there, whole.
/// Makes it by way of \a path + ".new". Only its owner can read it. Durable.
Result<void> replaceFile(Files &files, const QByteArray &path, QByteArrayView bytes);

/// The directories that \a path, a directory below \a base, lacks, outermost first, relative to it.
/// `invalid` if a part of it is there and is not a directory.
[[nodiscard]] Result<std::vector<QByteArray>>
missingDirectories(Files &files, const QByteArray &base, const QByteArray &path);
/// Makes the entries of \a directory and of every directory below it durable.
Result<void> syncTree(Files &files, const QByteArray &directory);
/// Removes whatever lies there; links are not followed. Nothing there is no error.
Result<void> removeTree(Files &files, const QByteArray &path);
/// Every file below \a directory, as a path relative to it, sorted; links and others too.
[[nodiscard]] Result<std::vector<QByteArray>> filesBelow(Files &files, const QByteArray &directory);

/// "a/b" of "a/b/c"; "" of "c".
[[nodiscard]] QByteArray parentOf(const QByteArray &path);

} // namespace coffer::agent
