// SPDX-License-Identifier: Apache-2.0
#include "config/change.h"

#include "config/layer_index_p.h"
#include "config/limits.h"
#include "config/text_diff.h"

#include <algorithm>

namespace coffer::config {

namespace {

/// A comment that is empty is none, and a key is named by its place.
Item normal(const Place &place, Item item)
{
    if (const auto *head = std::get_if<SectionHead>(&item); head && head->comment.isEmpty())
        return {};
    if (auto *key = std::get_if<Key>(&item))
        key->name = place.name;
    if (auto *file = std::get_if<File>(&item))
        file->path = place.name;
    if (auto *output = std::get_if<Output>(&item))
        output->path = place.name;
    return item;
}

template<class T>
Item itemOf(const T *found)
{
    return found == nullptr ? Item() : Item(*found);
}

Item itemIn(const LayerIndex &index, const Place &place)
{
    if (const Tombstone *tombstone = index.tombstone(place))
        return *tombstone;
    switch (place.kind) {
    case Place::Kind::section: {
        const Section *section = index.section(place.section);
        return section == nullptr ? Item() : normal(place, SectionHead{section->comment});
    }
    case Place::Kind::key: return itemOf(index.key(place.section, place.name));
    case Place::Kind::file: return itemOf(index.file(place.name));
    case Place::Kind::output: return itemOf(index.output(place.name));
    }
    return {};
}

void put(LayerIndex &index, const Place &place, const Item &item)
{
    if (const auto *tombstone = std::get_if<Tombstone>(&item))
        index.put(place, *tombstone);
    else
        index.removeTombstone(place);
    switch (place.kind) {
    case Place::Kind::section: {
        const auto *head = std::get_if<SectionHead>(&item);
        index.setComment(place.section, head == nullptr ? QByteArray() : head->comment);
        break;
    }
    case Place::Kind::key:
        if (const auto *key = std::get_if<Key>(&item))
            index.putKey(place.section, *key);
        else
            index.removeKey(place.section, place.name);
        break;
    case Place::Kind::file:
        if (const auto *file = std::get_if<File>(&item))
            index.put(*file);
        else
            index.removeFile(place.name);
        break;
    case Place::Kind::output:
        if (const auto *output = std::get_if<Output>(&item))
            index.put(*output);
        else
            index.removeOutput(place.name);
        break;
    }
}

/// What two made of \a base, if not both changed it in different ways.
template<class T>
std::optional<T> mergedOf(const T &base, const T &yours, const T &theirs)
{
    if (yours == base || yours == theirs)
        return theirs;
    if (theirs == base)
        return yours;
    return std::nullopt;
}

std::optional<FileRights> mergedRights(const FileRights &base, const FileRights &yours,
                                       const FileRights &theirs)
{
    const auto mode = mergedOf(base.mode, yours.mode, theirs.mode);
    const auto owner = mergedOf(base.owner, yours.owner, theirs.owner);
    const auto group = mergedOf(base.group, yours.group, theirs.group);
    if (!mode || !owner || !group)
        return std::nullopt;
    return FileRights{*mode, *owner, *group};
}

/// One application of changes to a layer.
class Application
{
public:
    Application(const Layer &live, const Contents &contents) : m_index(live), m_contents(contents)
    {}

    void apply(const Change &change)
    {
        const Item live = itemIn(m_index, change.place);
        const Item base = normal(change.place, change.base);
        const Item now = normal(change.place, change.now);
        Item wanted = now;
        if (live != base && live != now) {
            const std::optional<File> both = mergedFile(base, now, live);
            if (!both) {
                m_applied.conflicts.push_back({change.place, base, now, live});
                return;
            }
            wanted = *both;
        }
        if (isTaken(change.place, wanted)) {
            m_applied.conflicts.push_back({change.place, base, now, live});
            return;
        }
        put(m_index, change.place, wanted);
    }

    Applied take()
    {
        m_applied.layer = m_index.take();
        return std::move(m_applied);
    }

private:
    /// Whether another kind of item has this path.
    [[nodiscard]] bool isTaken(const Place &place, const Item &wanted) const
    {
        return place.isPath() && wanted.index() != 0
               && itemIn(m_index, sibling(place)).index() != 0;
    }

    std::optional<File> mergedFile(const Item &base, const Item &yours, const Item &theirs)
    {
        const auto *from = std::get_if<File>(&base);
        const auto *mine = std::get_if<File>(&yours);
        const auto *other = std::get_if<File>(&theirs);
        if (from == nullptr || mine == nullptr || other == nullptr)
            return std::nullopt;
        const auto rights = mergedRights(from->rights, mine->rights, other->rights);
        if (!rights)
            return std::nullopt;
        File file = *other;
        file.rights = *rights;
        file.isFinal = *mergedOf(from->isFinal, mine->isFinal, other->isFinal);
        if (const auto content = mergedOf(from->content, mine->content, other->content)) {
            file.content = *content;
            file.bytes = *content == mine->content ? mine->bytes : other->bytes;
            return file;
        }
        const QByteArray *text = bytesOf(*from);
        const QByteArray *myText = bytesOf(*mine);
        const QByteArray *theirText = bytesOf(*other);
        if (text == nullptr || myText == nullptr || theirText == nullptr)
            return std::nullopt;
        const std::optional<QByteArray> merged = mergeTexts(*text, *myText, *theirText);
        if (!merged || std::size_t(merged->size()) > limits::fileBytesMax)
            return std::nullopt;
        file.content = Hash::of(*merged);
        file.bytes = std::uint64_t(merged->size());
        m_applied.merged.insert_or_assign(file.content, *merged);
        return file;
    }

    [[nodiscard]] const QByteArray *bytesOf(const File &file) const
    {
        const auto found = m_contents.find(file.content);
        return found == m_contents.end() ? nullptr : &found->second;
    }

    LayerIndex m_index;
    const Contents &m_contents;
    Applied m_applied = {};
};

/// Calls \a each with every place of \a layer but sections without keys, in the layer's order.
template<class Function>
void forEachPlace(const Layer &layer, Function each)
{
    for (const Section &section : layer.sections) {
        const Place head{Place::Kind::section, section.name, {}};
        if (section.keys.empty())
            continue;
        if (layer.tombstone(head) == nullptr)
            each(head);
        for (const Key &key : section.keys)
            each(Place{Place::Kind::key, section.name, key.name});
    }
    for (const File &file : layer.files)
        each(Place{Place::Kind::file, {}, file.path});
    for (const Output &output : layer.outputs)
        each(Place{Place::Kind::output, {}, output.path});
    for (const auto &[place, tombstone] : layer.tombstones)
        each(place);
}

} // namespace

Applied apply(const Layer &live, const std::vector<Change> &changes, const Contents &contents)
{
    // A tombstone takes a section's comment while its keys are there, other comments come when they
    // are, and what goes away makes room first.
    const auto stage = [](const Change &change) {
        const bool isTombstone = std::holds_alternative<Tombstone>(change.now);
        if (change.place.kind == Place::Kind::section)
            return isTombstone ? 0 : 3;
        return std::holds_alternative<std::monostate>(change.now) ? 1 : 2;
    };
    std::vector<const Change *> ordered;
    ordered.reserve(changes.size());
    for (const Change &change : changes)
        ordered.push_back(&change);
    std::stable_sort(ordered.begin(), ordered.end(), [&stage](const Change *a, const Change *b) {
        const auto rank = [&stage](const Change &change) {
            return std::pair(stage(change), change.order);
        };
        return rank(*a) < rank(*b) || (rank(*a) == rank(*b) && a->place < b->place);
    });
    Application application(live, contents);
    for (const Change *change : ordered)
        application.apply(*change);
    return application.take();
}

std::vector<Change> diff(const Layer &before, const Layer &after)
{
    const LayerIndex old(before);
    const LayerIndex young(after);
    std::vector<Change> changes;
    forEachPlace(before, [&](const Place &place) {
        Item base = itemIn(old, place);
        Item now = itemIn(young, place);
        if (base != now && now.index() == 0)
            changes.push_back({place, std::move(base), {}});
    });
    std::uint32_t order = 0;
    forEachPlace(after, [&](const Place &place) {
        Item base = itemIn(old, place);
        Item now = itemIn(young, place);
        const bool isNewKey =
            std::holds_alternative<Key>(now) && !std::holds_alternative<Key>(base);
        if (isNewKey)
            ++order;
        if (base != now && now.index() != 0)
            changes.push_back({place, std::move(base), std::move(now), isNewKey ? order : 0});
    });
    std::sort(changes.begin(), changes.end(),
              [](const Change &a, const Change &b) { return a.place < b.place; });
    return changes;
}

} // namespace coffer::config
