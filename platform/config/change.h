// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/layer.h"

#include <variant>

namespace coffer::config {

/// A section without its keys: its comment. Without one it is as if nothing were there.
struct SectionHead
{
    QByteArray comment = {};
    bool operator==(const SectionHead &) const = default;
};
/// What a layer has at a place; nothing where it has nothing. A Key's name is that of its place.
using Item = std::variant<std::monostate, SectionHead, Key, File, Output, Tombstone>;

[[nodiscard]] Item itemAt(const Layer &layer, const Place &place);
/// `invalid` unless \a item may be at \a place: names, kinds, rights, limits, a value in its
/// canonical text. Nothing, and a tombstone, may be anywhere.
[[nodiscard]] Result<void> check(const Place &place, const Item &item);

/// A wish of an editor: from what was there when the edit was made to what is to be there.
struct Change
{
    Place place;
    Item base; ///< What the editor saw live.
    Item now;  ///< monostate: it goes away.
    /// What is new comes in this order, behind what is there; equal ones in that of their places.
    std::uint32_t order = 0;
    bool operator==(const Change &) const = default;
};

/// Canonical bytes of one change, as a draft stores it (JSON that people can read): compact,
/// members sorted, as QJsonDocument writes them, so that it may stand within other JSON.
[[nodiscard]] QByteArray encode(const Change &change);
/// `invalid` unless \a bytes are exactly what encode() writes, and both items pass check().
[[nodiscard]] Result<Change> decodeChange(const QByteArray &bytes);

/// Two who changed the same place in different ways since their common base.
struct Conflict
{
    Place place;
    Item base;
    Item yours;
    Item theirs;
};

struct Applied
{
    Layer layer;
    std::vector<Conflict> conflicts;
    /// Files that both sides changed and whose texts merged: the new content, to be stored.
    Contents merged;
};
/// \a live with all \a changes, in whatever order they are given. Where the live item is what the
/// editor saw, or what he wants, that is it. Where it is another, that is a conflict and the live
/// item stays; but rights and texts of files are merged, texts by lines, if that is possible
/// without one (\a contents has base, yours and theirs; missing ones mean conflict). A file, or a
/// tombstone of one, where an output is, or the other way round, is a conflict too. A section goes
/// away with its last key; a key creates its section.
[[nodiscard]] Applied apply(const Layer &live, const std::vector<Change> &changes,
                            const Contents &contents);

/// What leads from \a before to \a after, in order of places. apply(before, it) is \a after, but
/// sections and keys that both have keep the order of \a before, new ones follow them, and sections
/// without keys are left out.
[[nodiscard]] std::vector<Change> diff(const Layer &before, const Layer &after);

} // namespace coffer::config
