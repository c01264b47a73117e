// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/files.h"

/// Who else decides what root does.
namespace coffer::agent {

/// Whether root and the agent's own user alone decide what lies at \a directory: neither it, nor a
/// directory or link on the way to it, is another user's or may be written by others, unless it is
/// sticky. `denied` names the path, its owner and mode, and what to do. Nothing there is no error.
[[nodiscard]] Result<void> checkOwners(Files &files, const QByteArray &directory);

/// Whether the process id in \a path may be believed: it is a file, and root's or the agent's own.
/// `denied` as above. Nothing there is no error.
[[nodiscard]] Result<void> checkPidFile(Files &files, const QByteArray &path);

} // namespace coffer::agent
