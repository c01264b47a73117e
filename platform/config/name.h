// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

#include <QByteArray>

/// Configuration as values: items, layers, drafts, formats, bundles. Pure: no I/O, no clock.
namespace coffer::config {

/// Whether \a text may name a service, IDC, section, key or host: 1 to 128 of A-Z a-z 0-9 . _ -,
/// not beginning with '.' or '_' (goconf-model P1).
[[nodiscard]] bool isName(QByteArrayView text);
/// `invalid` that says what a name has to be; \a what is what it names, "service".
[[nodiscard]] Result<void> checkName(QByteArrayView text, const char *what);

/// Whether \a path may be that of a file below its target: names joined by '/', no part empty, "."
/// or "..", at most 512 bytes, of the characters of names; a part may begin with '.' or '_'.
[[nodiscard]] bool isFilePath(QByteArrayView path);
[[nodiscard]] Result<void> checkFilePath(QByteArrayView path);

} // namespace coffer::config
