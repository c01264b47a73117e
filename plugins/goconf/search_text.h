// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/change.h"

#include <QByteArray>
#include <QString>
#include <QStringMatcher>

#include <optional>
#include <tuple>
#include <vector>

/// Looking for a text in what configuration is made of. Pure; any thread.
namespace coffer::goconf {

/// What a text is found in. The order is that in which hits of one place are told.
enum class Field : std::uint8_t { name = 0, value = 1, comment = 2, content = 3, all = 9 };

/// A line of a place: where a search found something, or how far it has looked. Value; ordered.
struct Spot
{
    config::Place place = {config::Place::Kind(0), {}, {}}; ///< So it is before all others.
    Field field = Field::name;
    int line = 0; ///< Of the field, from 1; 0 of names.

    /// "2:core/timeout:1:1", and back: nothing if \a text is none.
    [[nodiscard]] QByteArray text() const;
    [[nodiscard]] static std::optional<Spot> parse(const QByteArray &text);
    /// Behind all of a place.
    [[nodiscard]] static Spot behind(const config::Place &place) { return {place, Field::all, 0}; }
    friend bool operator==(const Spot &, const Spot &) = default;
    friend bool operator<(const Spot &a, const Spot &b)
    {
        return std::tie(a.place, a.field, a.line) < std::tie(b.place, b.field, b.line);
    }
};

/// One line that has the text.
struct Hit
{
    Spot spot;
    QString text;       ///< The line; of a long one what is around the match.
    qsizetype from = 0; ///< Where in \c text the match is, in UTF-16 units.
    qsizetype to = 0;
    qsizetype column = 0; ///< Where it is in the line, from 1.
};

/// What is looked for, and where. Value.
struct Needle
{
    QStringMatcher matcher;
    bool inKeys = false;     ///< Names of sections and keys.
    bool inValues = false;   ///< Of keys.
    bool inComments = false; ///< Of sections and keys.
    bool inFiles = false;    ///< Paths of files and outputs, lines of files.
};

/// How much one call may still do; what is found and looked at is taken off.
struct Allowance
{
    qsizetype hits = 0;
    qsizetype bytes = 0;
    [[nodiscard]] bool isUsedUp() const { return hits <= 0 || bytes <= 0; }
};

/// What there is at a place.
struct Entry
{
    config::Place place;
    config::Item item;
};
/// What there is to look through, each in the order of places, which is also theirs.
struct Entries
{
    std::vector<Entry> keys = {}; ///< Sections and keys.
    std::vector<config::File> files = {};
    std::vector<Entry> outputs = {};
};
[[nodiscard]] Entries entriesOf(const config::Layer &layer);
[[nodiscard]] Entries entriesOf(const std::vector<config::Change> &changes);

struct Found
{
    std::vector<Hit> hits;
    Allowance left;
    std::optional<Spot> stopped; ///< It was used up here: look behind this.
};
/// Looks through names, values and comments of those of \a entries that are behind \a after. Where
/// the allowance is used up it stops, at the latest behind the place that it was at.
[[nodiscard]] Found searchEntries(const std::vector<Entry> &entries, const Needle &needle,
                                  const Spot &after, Allowance allowance);
/// Looks through the path of a file and the lines of its content. Bytes that are no UTF-8 text, or
/// have a zero, are looked at and have nothing.
[[nodiscard]] Found searchFile(const QByteArray &path, const QByteArray &bytes,
                               const Needle &needle, const Spot &after, Allowance allowance);
/// The lines of any text that have it, at most \a max, without their spots.
[[nodiscard]] std::vector<Hit> searchLines(const QString &text, const Needle &needle,
                                           qsizetype max);

} // namespace coffer::goconf
