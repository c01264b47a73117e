// SPDX-License-Identifier: Apache-2.0
#pragma once

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
    QStringList all;
    for (const auto &[kind, name] : names) {
        if (text == name)
            return kind;
        all.append(QLatin1String(name));
    }
    fields.fail(member, QStringLiteral("has to be one of ") + all.join(QStringLiteral(", ")));
    return names.front().first;
}

template<class Tag>
[[nodiscard]] QCborValue cborOf(const StrongId<Tag> &id)
{
    return qint64(id.value());
}
[[nodiscard]] inline QCborValue cborOf(std::chrono::milliseconds time)
{
    return qint64(time.count());
}

inline void insertPath(QCborMap &map, const char *name, const QByteArray &path)
{
    map.insert(QLatin1String(name), QString::fromUtf8(path));
}
/// Unless it is none.
template<class Tag>
void insertId(QCborMap &map, const char *name, const StrongId<Tag> &id)
{
    if (!id.isNone())
        map.insert(QLatin1String(name), cborOf(id));
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
    const QCborArray array = fields.array(name, itemsMax);
    std::vector<Item> items;
    items.reserve(std::size_t(array.size()));
    for (qsizetype index = 0; index < array.size() && fields.isSound(); ++index) {
        const QCborValue value = array.at(index);
        const QString where = QStringLiteral("%1[%2]").arg(fields.nameOf(name)).arg(index);
        if (!value.isMap()) {
            fields.fail({ErrorCode::invalid, where + QStringLiteral(" has to be a map")});
            break;
        }
        const QCborMap map = value.toMap();
        CborFields inner(map, where);
        items.push_back(read(inner));
        if (std::optional<Error> fault = inner.finish())
            fields.fail(*fault);
    }
    return items;
}

/// "mode" and "seen".
[[nodiscard]] ReadOptions readOptionsOf(CborFields &fields);
void insertOptions(QCborMap &map, const ReadOptions &options);

} // namespace coffer::pluginapi
