// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>

#include <optional>

namespace coffer::config {

/// A unified diff with three lines of context, as `diff -u` writes it; empty if the texts are
/// equal. Bytes that are no UTF-8 text give "Binary files ... differ". Of texts that differ in more
/// than some thousand lines the rest is shown as removed and added whole: the time is bounded.
[[nodiscard]] QByteArray unifiedDiff(const QByteArray &beforeName, const QByteArray &afterName,
                                     const QByteArray &before, const QByteArray &after);

/// \a yours and \a theirs, both made from \a base, as one text. Nothing if they changed the
/// same lines or neighbours in different ways, or if one is no text. Line ends stay what they are.
[[nodiscard]] std::optional<QByteArray> mergeTexts(const QByteArray &base, const QByteArray &yours,
                                                   const QByteArray &theirs);

} // namespace coffer::config
