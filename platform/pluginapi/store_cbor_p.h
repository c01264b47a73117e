// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/cbor.h"
#include "pluginapi/cbor_fields.h"
#include "pluginapi/store.h"
#include "store/limits.h"

#include <QCborMap>

#include <array>

/// What the parts of the store's CBOR share.
namespace coffer::pluginapi {

/// Names of an enumeration, for both directions.
template<class Kind, std::size_t count>
using Names = std::array<std::pair<Kind, const char *>, count>;

template<class Kind, std::size_t count>
[[nodiscard]] QLatin1String nameIn(const Names<Kind, count> &names, Kind kind)
{
    for (const auto &[known, name] : names) {
        if (known == kind)
            return QLatin1String(name);
    }
    return QLatin1String("unknown");
}

/// The kind that the member names; the first one if it is absent. Other names are a fault.
template<class Kind, std::size_t count>
[[nodiscard]] Kind kindOf(CborFields &fields, const char *member, const Names<Kind, count> &names)
{
    const QByteArray text = fields.text(member, 64);
    if (!fields.has(member))
        return names.front().first;
    for (const auto &[kind, name] : names) {
        if (text == name)
            return kind;
    }
    QStringList all;
    for (const auto &[kind, name] : names)
        all.append(QLatin1String(name));
    fields.fail(member, QStringLiteral("has to be one of ") + all.join(QStringLiteral(", ")));
    return names.front().first;
}

inline void writeName(cbor::MapWriter &map, const char *name, QLatin1String value)
{
    map.text(name, QByteArrayView(value.data(), value.size()));
}
template<class Tag>
void writeNumber(cbor::MapWriter &map, const char *name, const StrongId<Tag> &id)
{
    map.number(name, std::int64_t(id.value()));
}
inline void writeNumber(cbor::MapWriter &map, const char *name, std::chrono::milliseconds time)
{
    map.number(name, time.count());
}
/// Unless it is none.
template<class Tag>
void writeId(cbor::MapWriter &map, const char *name, const StrongId<Tag> &id)
{
    if (!id.isNone())
        writeNumber(map, name, id);
}
/// Unless there are none.
template<class Item, class Write>
void writeItems(cbor::MapWriter &map, const char *name, const std::vector<Item> &items, Write write)
{
    if (items.empty())
        return;
    map.array(name, items.size());
    for (const Item &item : items)
        map.append(write(item));
}

/// What was written, for those who want values.
[[nodiscard]] inline QCborMap valuesOf(const QByteArray &cbor)
{
    return QCborValue::fromCbor(cbor).toMap();
}

[[nodiscard]] inline std::chrono::milliseconds millisecondsOf(CborFields &fields, const char *name)
{
    return std::chrono::milliseconds(fields.number(name));
}
[[nodiscard]] inline QByteArray pathOf(CborFields &fields, const char *name)
{
    return fields.text(name, limits::pathBytesMax);
}

/// The maps of an array, each read by \a read.
template<class Item, class Read>
std::vector<Item> itemsOf(CborFields &fields, const char *name, std::size_t itemsMax, Read read)
{
    const std::vector<QByteArrayView> array = fields.arrayItems(name, itemsMax);
    std::vector<Item> items;
    items.reserve(array.size());
    for (std::size_t index = 0; index < array.size() && fields.isSound(); ++index) {
        if (!cbor::isMap(array[index])) {
            fields.fail(
                {ErrorCode::invalid,
                 QStringLiteral("%1[%2] has to be a map").arg(fields.nameOf(name)).arg(index)});
            break;
        }
        CborFields inner(array[index], fields, name, index);
        items.push_back(read(inner));
        if (std::optional<Error> fault = inner.finish())
            fields.fail(*fault);
    }
    return items;
}

/// "mode" and "seen".
[[nodiscard]] ReadOptions readOptionsOf(CborFields &fields);
void writeOptions(cbor::MapWriter &map, const ReadOptions &options);

} // namespace coffer::pluginapi
