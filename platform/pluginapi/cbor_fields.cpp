// SPDX-License-Identifier: Apache-2.0
#include "pluginapi/cbor_fields.h"

#include <algorithm>
#include <utility>

namespace coffer::pluginapi {

/// What is written in an unusual way (strings in pieces, tags, floating point) is read by Qt.
static QCborValue valueOf(QByteArrayView item)
{
    return QCborValue::fromCbor(item.data(), item.size());
}

CborFields::CborFields(QByteArrayView map, QString where) : m_where(std::move(where)) { read(map); }

CborFields::CborFields(const QCborMap &map, QString where)
    : m_own(map.toCborValue().toCbor()), m_where(std::move(where))
{
    read(m_own);
}

CborFields::CborFields(QByteArrayView map, const CborFields &outer, const char *name,
                       std::size_t index)
    : m_outer(&outer), m_array(name), m_index(index)
{
    read(map);
}

void CborFields::read(QByteArrayView map)
{
    const auto reader = cbor::MapReader::of(map);
    if (!reader)
        return;
    bool isUnusual = false;
    for (const cbor::MapReader::Member &member : reader->members()) {
        m_members.append({member.name, member.value});
        isUnusual = isUnusual || member.name.isNull();
    }
    if (!isUnusual || !m_own.isNull())
        return;
    m_members.clear();
    m_own = valueOf(map).toCbor(); // keys in pieces are whole in it
    read(m_own);
}

QString CborFields::where() const
{
    return m_outer ? QStringLiteral("%1[%2]").arg(m_outer->nameOf(m_array)).arg(m_index) : m_where;
}

QString CborFields::nameOf(const char *name) const
{
    const QString outer = where();
    const QString own = QString::fromLatin1(name);
    return outer.isEmpty() ? own : outer + QLatin1Char('.') + own;
}

void CborFields::fail(Error error)
{
    if (!m_fault)
        m_fault = std::move(error);
}

void CborFields::fail(const char *name, const QString &rule)
{
    fail({ErrorCode::invalid, nameOf(name) + QLatin1Char(' ') + rule});
}

/// Not equal to a key that is no text, whose name is null.
static bool isNamed(QByteArrayView member, QByteArrayView name)
{
    return member.size() == name.size() && !member.isNull()
           && std::equal(name.begin(), name.end(), member.begin());
}

bool CborFields::has(const char *name) const
{
    const QByteArrayView wanted(name);
    const auto isIt = [wanted](const Member &member) { return isNamed(member.name, wanted); };
    return std::any_of(m_members.begin(), m_members.end(), isIt);
}

/// The item; empty if there is none, if it is undefined, and after a fault.
QByteArrayView CborFields::take(const char *name)
{
    const QByteArrayView wanted(name);
    QByteArrayView found;
    for (Member &member : m_members) {
        if (!isNamed(member.name, wanted))
            continue;
        member.isAsked = true;
        if (found.isNull())
            found = member.value;
    }
    const bool isUndefined = found == QByteArrayView("\xF7", 1);
    return m_fault || isUndefined ? QByteArrayView() : found;
}

void CborFields::require(const char *name)
{
    if (!has(name))
        fail(name, QStringLiteral("is missing"));
}

static QString tooLong(std::size_t size, std::size_t max)
{
    return QStringLiteral("has %1 bytes, %2 are allowed").arg(size).arg(max);
}

QByteArray CborFields::text(const char *name, std::size_t bytesMax)
{
    const QByteArrayView item = take(name);
    if (item.isEmpty())
        return {};
    std::optional<QByteArrayView> utf8 = cbor::textOf(item);
    QByteArray joined;
    if (const QCborValue value = utf8 ? QCborValue() : valueOf(item); value.isString()) {
        joined = value.toString().toUtf8();
        utf8 = joined;
    }
    if (!utf8) {
        fail(name, QStringLiteral("has to be a text"));
        return {};
    }
    if (std::size_t(utf8->size()) > bytesMax) {
        fail(name, tooLong(std::size_t(utf8->size()), bytesMax));
        return {};
    }
    return utf8->toByteArray();
}

QByteArray CborFields::bytes(const char *name, std::size_t bytesMax)
{
    const QByteArrayView item = take(name);
    if (item.isEmpty())
        return {};
    std::optional<QByteArrayView> bytes = cbor::bytesOf(item);
    QByteArray joined;
    if (const QCborValue value = bytes ? QCborValue() : valueOf(item); value.isByteArray()) {
        joined = value.toByteArray();
        bytes = joined;
    }
    if (!bytes) {
        fail(name, QStringLiteral("has to be a byte string"));
        return {};
    }
    if (std::size_t(bytes->size()) > bytesMax) {
        fail(name, tooLong(std::size_t(bytes->size()), bytesMax));
        return {};
    }
    return bytes->toByteArray();
}

std::uint64_t CborFields::number(const char *name, std::uint64_t max)
{
    const QByteArrayView item = take(name);
    if (item.isEmpty())
        return 0;
    const std::int64_t value = cbor::numberOf(item).value_or(-1);
    if (value < 0) {
        fail(name, QStringLiteral("has to be a whole number, not negative"));
        return 0;
    }
    const auto number = std::uint64_t(value);
    if (number > max) {
        fail(name, QStringLiteral("is %1, at most %2 is allowed").arg(number).arg(max));
        return 0;
    }
    return number;
}

bool CborFields::flag(const char *name)
{
    const QByteArrayView item = take(name);
    const bool isSet = item == QByteArrayView("\xF5", 1);
    if (!item.isEmpty() && !isSet && item != QByteArrayView("\xF4", 1))
        fail(name, QStringLiteral("has to be true or false"));
    return isSet;
}

QByteArrayView CborFields::mapItem(const char *name)
{
    const QByteArrayView item = take(name);
    if (item.isEmpty() || cbor::isMap(item))
        return item;
    fail(name, QStringLiteral("has to be a map"));
    return {};
}

QCborMap CborFields::map(const char *name)
{
    const QByteArrayView item = mapItem(name);
    return item.isEmpty() ? QCborMap() : valueOf(item).toMap();
}

std::vector<QByteArrayView> CborFields::arrayItems(const char *name, std::size_t itemsMax)
{
    const QByteArrayView item = take(name);
    if (item.isEmpty())
        return {};
    auto items = cbor::itemsOf(item);
    if (!items) {
        fail(name, QStringLiteral("has to be an array"));
        return {};
    }
    if (items->size() > itemsMax) {
        fail(name, QStringLiteral("has %1 items, %2 are allowed").arg(items->size()).arg(itemsMax));
        return {};
    }
    return std::move(*items);
}

QCborArray CborFields::array(const char *name, std::size_t itemsMax)
{
    QCborArray array;
    for (const QByteArrayView item : arrayItems(name, itemsMax))
        array.append(valueOf(item));
    return array;
}

std::optional<Error> CborFields::finish()
{
    const auto isUnknown = [](const Member &member) { return !member.isAsked; };
    const auto unknown = std::find_if(m_members.begin(), m_members.end(), isUnknown);
    if (m_fault || unknown == m_members.end())
        return m_fault;
    const QString shown = unknown->name.isNull() ? QStringLiteral("of a key that is no text")
                                                 : QString::fromUtf8(unknown->name).left(64);
    const QString outer = where();
    fail({ErrorCode::invalid,
          QStringLiteral("%1the member %2 is not known here")
              .arg(outer.isEmpty() ? QString() : outer + QStringLiteral(": "), shown)});
    return m_fault;
}

} // namespace coffer::pluginapi
