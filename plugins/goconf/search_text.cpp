// SPDX-License-Identifier: Apache-2.0
#include "goconf/search_text.h"

#include <QList>

#include <algorithm>
#include <climits>

namespace coffer::goconf {

using config::Place;

static constexpr qsizetype shownMax = 240; ///< Of a line, in UTF-16 units.
static constexpr qsizetype shownBefore = 60;

// ---- spots

QByteArray Spot::text() const
{
    return QByteArray::number(int(place.kind)) + ':' + place.shown() + ':'
           + QByteArray::number(int(field)) + ':' + QByteArray::number(line);
}

std::optional<Spot> Spot::parse(const QByteArray &text)
{
    const QList<QByteArray> words = text.split(':');
    if (words.size() != 4)
        return std::nullopt;
    bool isKind = false;
    bool isField = false;
    bool isLine = false;
    const int kind = words[0].toInt(&isKind);
    const int field = words[2].toInt(&isField);
    Spot spot{{Place::Kind(kind), {}, words[1]}, Field(field), words[3].toInt(&isLine)};
    if (!isKind || !isField || !isLine || kind < 0 || kind > 4 || field < 0 || field > 9
        || spot.line < 0)
        return std::nullopt;
    if (spot.place.kind == Place::Kind::section || spot.place.kind == Place::Kind::key) {
        const qsizetype slash = words[1].indexOf('/');
        spot.place.section = slash < 0 ? words[1] : words[1].first(slash);
        spot.place.name = slash < 0 ? QByteArray() : words[1].mid(slash + 1);
    }
    return spot.text() == text ? std::optional(spot) : std::nullopt;
}

// ---- lines

/// A long line is cut around the match.
static Hit hitIn(QStringView line, qsizetype at, qsizetype length)
{
    Hit hit;
    hit.column = at + 1;
    qsizetype from = 0;
    if (line.size() > shownMax)
        from = std::max<qsizetype>(0, at - shownBefore);
    if (from > 0 && line[from].isLowSurrogate())
        --from;
    qsizetype size = std::min(line.size() - from, std::max(shownMax, at - from + length));
    if (from + size < line.size() && line[from + size].isLowSurrogate())
        ++size;
    hit.text = line.sliced(from, size).toString();
    hit.from = at - from;
    hit.to = hit.from + length;
    return hit;
}

/// Calls \a each(hit, line) for the first match of each line, until it answers false.
template<class Each>
static void forEachLine(const QString &text, const Needle &needle, Each each)
{
    const QStringView view(text);
    const qsizetype length = needle.matcher.pattern().size();
    int line = 1;
    qsizetype start = 0; // of the line
    for (qsizetype at = needle.matcher.indexIn(view, 0); at >= 0;) {
        line += int(view.sliced(start, at - start).count(u'\n'));
        start = at == 0 ? 0 : view.lastIndexOf(u'\n', at - 1) + 1;
        const qsizetype next = view.indexOf(u'\n', at);
        const qsizetype end = next < 0 ? view.size() : next;
        QStringView one = view.sliced(start, end - start);
        if (one.endsWith(u'\r'))
            one.chop(1);
        if (!each(hitIn(one, at - start, length), line))
            return;
        if (next < 0)
            return;
        start = next + 1;
        ++line;
        at = start < view.size() ? needle.matcher.indexIn(view, start) : -1;
    }
}

std::vector<Hit> searchLines(const QString &text, const Needle &needle, qsizetype max)
{
    std::vector<Hit> hits;
    forEachLine(text, needle, [&](Hit hit, int line) {
        hit.spot.line = line;
        hits.push_back(std::move(hit));
        return qsizetype(hits.size()) < max;
    });
    return hits;
}

namespace {

/// One walk: gathers hits behind a spot until nothing is left.
class Walk
{
public:
    Walk(const Needle &needle, Spot after, Allowance allowance) : m_needle(needle), m_after(after)
    {
        m_found.left = allowance;
    }

    [[nodiscard]] bool isOver() const { return m_found.stopped.has_value(); }

    void field(const Place &place, Field field, const QByteArray &bytes)
    {
        if (bytes.isEmpty() || isOver() || Spot{place, field, INT_MAX} < m_after)
            return;
        skip(bytes);
        forEachLine(QString::fromUtf8(bytes), m_needle, [&](Hit hit, int line) {
            return add({place, field, line}, std::move(hit));
        });
    }
    /// The name of a key with its section; a match within the section alone is one of the section.
    void name(const Place &place)
    {
        if (isOver())
            return;
        const QString shown = QString::fromUtf8(place.shown());
        const qsizetype length = m_needle.matcher.pattern().size();
        const bool isKey = place.kind == Place::Kind::key;
        const qsizetype first = isKey ? place.section.size() + 2 - length : 0;
        const qsizetype at = m_needle.matcher.indexIn(shown, std::max<qsizetype>(0, first));
        if (at >= 0)
            (void)add({place, Field::name, 0}, hitIn(shown, at, length));
    }
    /// Looked at, with nothing found.
    void skip(const QByteArray &bytes) { m_found.left.bytes -= bytes.size(); }
    /// All fields of the place were looked at.
    void finish(const Place &place)
    {
        if (!isOver() && m_found.left.isUsedUp())
            m_found.stopped = Spot::behind(place);
    }
    [[nodiscard]] Found take() { return std::move(m_found); }

private:
    /// Whether there may be more.
    bool add(const Spot &spot, Hit hit)
    {
        if (!(m_after < spot))
            return true;
        hit.spot = spot;
        m_found.hits.push_back(std::move(hit));
        if (--m_found.left.hits > 0)
            return true;
        m_found.stopped = spot;
        return false;
    }

    const Needle &m_needle;
    Spot m_after;
    Found m_found = {};
};

void look(Walk &walk, const Needle &needle, const Entry &entry)
{
    const Place &place = entry.place;
    const bool isPath = place.kind == Place::Kind::file || place.kind == Place::Kind::output;
    if (isPath ? needle.inFiles : needle.inKeys)
        walk.name(place);
    if (const auto *key = std::get_if<config::Key>(&entry.item)) {
        if (needle.inValues)
            walk.field(place, Field::value, key->value.text);
        if (needle.inComments)
            walk.field(place, Field::comment, key->comment);
    }
    if (const auto *head = std::get_if<config::SectionHead>(&entry.item)) {
        if (needle.inComments)
            walk.field(place, Field::comment, head->comment);
    }
    if (const auto *tombstone = std::get_if<config::Tombstone>(&entry.item)) {
        if (needle.inComments)
            walk.field(place, Field::comment, tombstone->comment);
    }
}

} // namespace

// ---- entries

static void sort(std::vector<Entry> &entries)
{
    std::sort(entries.begin(), entries.end(),
              [](const Entry &a, const Entry &b) { return a.place < b.place; });
}

Entries entriesOf(const config::Layer &layer)
{
    Entries entries;
    for (const config::Section &section : layer.sections) {
        entries.keys.push_back(
            {{Place::Kind::section, section.name, {}}, config::SectionHead{section.comment}});
        for (const config::Key &key : section.keys)
            entries.keys.push_back({{Place::Kind::key, section.name, key.name}, key});
    }
    entries.files = layer.files;
    for (const config::Output &output : layer.outputs)
        entries.outputs.push_back({{Place::Kind::output, {}, output.path}, output});
    for (const auto &[place, tombstone] : layer.tombstones)
        (place.isPath() ? entries.outputs : entries.keys).push_back({place, tombstone});
    sort(entries.keys);
    sort(entries.outputs);
    return entries;
}

Entries entriesOf(const std::vector<config::Change> &changes)
{
    Entries entries;
    for (const config::Change &change : changes) {
        if (change.now.index() == 0)
            continue;
        if (const auto *file = std::get_if<config::File>(&change.now))
            entries.files.push_back(*file);
        else if (change.place.isPath())
            entries.outputs.push_back({change.place, change.now});
        else
            entries.keys.push_back({change.place, change.now});
    }
    sort(entries.keys);
    sort(entries.outputs);
    return entries;
}

Found searchEntries(const std::vector<Entry> &entries, const Needle &needle, const Spot &after,
                    Allowance allowance)
{
    Walk walk(needle, after, allowance);
    const auto first = std::find_if(entries.begin(), entries.end(), [&after](const Entry &entry) {
        return after < Spot::behind(entry.place);
    });
    for (auto entry = first; entry != entries.end() && !walk.isOver(); ++entry) {
        look(walk, needle, *entry);
        walk.finish(entry->place);
    }
    return walk.take();
}

Found searchFile(const QByteArray &path, const QByteArray &bytes, const Needle &needle,
                 const Spot &after, Allowance allowance)
{
    const Place place{Place::Kind::file, {}, path};
    Walk walk(needle, after, allowance);
    walk.name(place);
    if (!bytes.contains('\0') && bytes.isValidUtf8())
        walk.field(place, Field::content, bytes);
    else
        walk.skip(bytes);
    walk.finish(place);
    return walk.take();
}

} // namespace coffer::goconf
