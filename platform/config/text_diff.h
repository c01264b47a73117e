// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>

#include <optional>

namespace coffer::config {

/// A unified diff with three lines of context, as `diff -u` writes it; empty if the texts are
/// equal. Bytes that are no UTF-8 text give "Binary files differ". Texts that differ in more than
/// some thousand lines are shown as removed and added whole: the time is bounded.
[[nodiscard]] QByteArray unifiedDiff(const QByteArray &beforeName, const QByteArray &afterName,
                                     const QByteArray &before, const QByteArray &after);

/// \a yours and \a theirs, both made from \a base, as one text; nothing where they overlap.
[[nodiscard]] std::optional<QByteArray> mergeTexts(const QByteArray &base, const QByteArray &yours,
                                                   const QByteArray &theirs);

} // namespace coffer::config
