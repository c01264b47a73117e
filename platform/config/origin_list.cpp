// SPDX-License-Identifier: Apache-2.0
#include "config/origin_list.h"

#include "config/cbor_items_p.h"
#include "config/limits.h"
#include "config/standing.h"

#include <algorithm>

using namespace Qt::StringLiterals;

namespace coffer::config {

// What is stored; docs/formats/goconf.md.
static constexpr std::uint64_t listVersion = 1;
static constexpr std::size_t listItems = 4;
static constexpr std::size_t levelItems = 2;
static constexpr std::size_t placeItems = 5;
static constexpr std::size_t shownItems = 2;

static bool isBefore(const OriginList::Item &item, const Place &place)
{
    return item.place < place;
}

const OriginList::Item *OriginList::item(const Place &place) const
{
    const auto found = std::lower_bound(items.begin(), items.end(), place, isBefore);
    return found == items.end() || found->place != place ? nullptr : &*found;
}

std::vector<QByteArray> OriginList::showing(const QByteArray &section) const
{
    std::vector<QByteArray> paths;
    for (const Shown &output : outputs) {
        const auto &named = output.sections;
        if (named.empty() || std::find(named.begin(), named.end(), section) != named.end())
            paths.push_back(output.path);
    }
    return paths;
}

OriginList originsOf(const Merged &merged, std::vector<OriginList::Level> levels)
{
    OriginList list{std::move(levels), {}, {}};
    const auto add = [&](const Place &place, const Item &item) {
        list.items.push_back({place, merged.origins.at(place), isFinal(item)});
    };
    for (const Section &section : merged.layer.sections) {
        for (const Key &key : section.keys)
            add({Place::Kind::key, section.name, key.name}, key);
    }
    for (const File &file : merged.layer.files)
        add({Place::Kind::file, {}, file.path}, file);
    for (const Output &output : merged.layer.outputs) {
        add({Place::Kind::output, {}, output.path}, output);
        list.outputs.push_back({output.path, output.sections});
    }
    std::sort(list.items.begin(), list.items.end(),
              [](const auto &a, const auto &b) { return a.place < b.place; });
    return list;
}

QByteArray encode(const OriginList &list)
{
    CborWriter writer;
    writer.array(listItems);
    writer.number(listVersion);
    writer.array(list.levels.size());
    for (const OriginList::Level &level : list.levels) {
        writer.array(levelItems);
        writer.text(level.name);
        writer.text(level.version);
    }
    writer.array(list.items.size());
    for (const OriginList::Item &item : list.items) {
        writer.array(placeItems);
        writer.number(std::uint64_t(item.place.kind));
        writer.text(item.place.section);
        writer.text(item.place.name);
        writer.number(item.level);
        writer.number(item.isFinal ? 1 : 0);
    }
    writer.array(list.outputs.size());
    for (const OriginList::Shown &output : list.outputs) {
        writer.array(shownItems);
        writer.text(output.path);
        writer.array(output.sections.size());
        for (const QByteArray &section : output.sections)
            writer.text(section);
    }
    return writer.take();
}

// ---- the way back

namespace {

/// Reads one list; the first fault stays.
class OriginReader
{
public:
    explicit OriginReader(const QByteArray &bytes) : m_reader(bytes) {}

    Result<OriginList> run()
    {
        if (m_reader.array() != listItems || m_reader.number() != listVersion)
            fail(u"the bytes do not begin as a list of version 1"_s);
        OriginList list;
        each([&] { list.levels.push_back(level()); });
        each([&] { list.items.push_back(item(list)); });
        each([&] { list.outputs.push_back(shown(list)); });
        if (!m_reader.isGood() || !m_reader.isAtEnd())
            fail(u"it ends early, or bytes follow it, or it is no canonical CBOR"_s);
        if (m_fault)
            return *m_fault;
        return list;
    }

private:
    void fail(const QString &why)
    {
        if (!m_fault)
            m_fault = Error{ErrorCode::invalid, u"damaged list of origins: "_s + why};
    }
    template<class Function>
    void each(Function read)
    {
        const std::size_t count = m_reader.array();
        for (std::size_t i = 0; i < count && m_reader.isGood() && !m_fault; ++i)
            read();
    }
    void expectItems(std::size_t count)
    {
        if (m_reader.array() != count)
            fail(u"a row that has not %1 items"_s.arg(count));
    }

    OriginList::Level level()
    {
        expectItems(levelItems);
        OriginList::Level level;
        level.name = m_reader.text().toByteArray();
        level.version = m_reader.text().toByteArray();
        return level;
    }

    OriginList::Item item(const OriginList &list)
    {
        expectItems(placeItems);
        OriginList::Item item;
        const std::uint64_t kind = m_reader.number();
        item.place.kind = Place::Kind(kind > std::uint64_t(Place::Kind::output) ? 0 : kind);
        item.place.section = m_reader.text().toByteArray();
        item.place.name = m_reader.text().toByteArray();
        item.level = std::size_t(m_reader.number());
        const std::uint64_t mark = m_reader.number();
        item.isFinal = mark == 1;
        const bool isRight = item.place.kind != Place::Kind::section && check(item.place, {})
                             && (!item.place.isPath() || item.place.section.isEmpty());
        if (!isRight || item.level >= list.levels.size() || mark > 1)
            fail(u"a place, a layer or a mark that cannot be"_s);
        else if (!list.items.empty() && !(list.items.back().place < item.place))
            fail(u"places that are not in their order"_s);
        if (list.items.size() > limits::keysMax + limits::filesMax)
            fail(u"too many places"_s);
        return item;
    }

    OriginList::Shown shown(const OriginList &list)
    {
        expectItems(shownItems);
        OriginList::Shown shown;
        shown.path = m_reader.text().toByteArray();
        each([&] { shown.sections.push_back(m_reader.text().toByteArray()); });
        if (list.item({Place::Kind::output, {}, shown.path}) == nullptr)
            fail(u"an output that comes from nowhere"_s);
        else if (!list.outputs.empty() && !(list.outputs.back().path < shown.path))
            fail(u"outputs that are not in their order"_s);
        return shown;
    }

    CborReader m_reader;
    std::optional<Error> m_fault;
};

} // namespace

Result<OriginList> decodeOrigins(const QByteArray &bytes)
{
    if (std::size_t(bytes.size()) > OriginList::bytesMax)
        return Error{ErrorCode::invalid, u"a list of origins of %1 bytes"_s.arg(bytes.size())};
    return OriginReader(bytes).run();
}

} // namespace coffer::config
