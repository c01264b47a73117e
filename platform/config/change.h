// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/layer.h"

#include <optional>
#include <variant>

namespace coffer::config {

/// What can be changed by itself. Value; ordered.
struct Place
{
    enum class Kind : std::uint8_t { section = 1, key = 2, file = 3, output = 4 };
    Kind kind = Kind::key;
    QByteArray section = {}; ///< section, key.
    QByteArray name = {};    ///< Of the key; path of the file or output.

    /// "core", "core/timeout", "nginx.conf"; as people write it.
    [[nodiscard]] QByteArray shown() const;
    friend auto operator<=>(const Place &, const Place &) = default;
};

/// A section without its keys: its comment.
struct SectionHead
{
    QByteArray comment = {};
    bool operator==(const SectionHead &) const = default;
};
/// What is at a place; nothing where there is nothing. A Key's name is that of its place.
using Item = std::variant<std::monostate, SectionHead, Key, File, Output>;

[[nodiscard]] Item itemAt(const Layer &layer, const Place &place);

/// A wish of an editor: from what was there when the edit was made to what is to be there.
struct Change
{
    Place place;
    Item base; ///< What the editor saw live.
    Item now;  ///< monostate: it goes away.
    bool operator==(const Change &) const = default;
};

/// Canonical bytes of one change, as a draft stores it (JSON that people can read).
[[nodiscard]] QByteArray encode(const Change &change);
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
/// \a live with all \a changes. Where the live item is what the editor saw, or what he wants, that
/// is it. Where it is another, that is a conflict; but texts of files are merged by lines if that
/// is possible without one (\a contents has base, yours and theirs; missing ones mean conflict).
/// A section goes away with its last key; a key creates its section.
[[nodiscard]] Applied apply(const Layer &live, const std::vector<Change> &changes,
                            const Contents &contents);

/// What leads from \a before to \a after, in order of places. apply(before, it) is \a after but for
/// the order of sections and keys that both have.
[[nodiscard]] std::vector<Change> diff(const Layer &before, const Layer &after);

} // namespace coffer::config
