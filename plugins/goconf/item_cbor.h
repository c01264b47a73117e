// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/change.h"
#include "goconf/radius.h"

#include <QCborArray>
#include <QCborMap>
#include <QCborValue>

/// Configuration as callers see it (docs/goconf.md, "Shapes"). Pure.
namespace coffer::goconf {

/// "section", "key", "file", "output".
[[nodiscard]] QString nameOf(config::Place::Kind kind);
/// "0644".
[[nodiscard]] QString modeText(std::uint16_t mode);
/// The members mode, owner and group.
void putRights(QCborMap &map, const config::FileRights &rights);

/// {type, value, comment, choices?}, {hash, bytes, mode, owner, group}, {format, sections, mode,
/// owner, group}, each with final: true if it is; {comment}, or {tombstone: true, comment}. Null
/// where there is nothing.
[[nodiscard]] QCborValue itemCbor(const config::Item &item);
/// {place, kind}.
[[nodiscard]] QCborMap placeCbor(const config::Place &place);
/// {place, kind, base, yours, theirs}.
[[nodiscard]] QCborMap conflictCbor(const config::Conflict &conflict);
/// A list of them: at most a thousand.
[[nodiscard]] QCborArray conflictsCbor(const std::vector<config::Conflict> &conflicts);
/// {differences: [{place, kind, before, after, comment?}], more}: at most \a max.
void putDifferences(QCborMap &map, const std::vector<config::Change> &changes, std::size_t max);
/// [{path, diff}].
[[nodiscard]] QCborArray diffsCbor(const std::vector<FileDiff> &diffs);
/// [{service, place, idc, message}]: at most a thousand.
[[nodiscard]] QCborArray faultsCbor(const std::vector<ClassFault> &faults);

inline constexpr std::size_t shownMax = 10'000; ///< Differences of one answer.

} // namespace coffer::goconf
