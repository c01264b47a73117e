// SPDX-License-Identifier: Apache-2.0
#include "pluginapi/cbor_fields.h"

#include <algorithm>

namespace coffer::pluginapi {

CborFields::CborFields(const QCborMap &map, QString where) : m_map(map), m_where(std::move(where))
{}

QString CborFields::nameOf(const char *name) const
{
    const QString own = QString::fromLatin1(name);
    return m_where.isEmpty() ? own : m_where + QLatin1Char('.') + own;
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

bool CborFields::has(const char *name) const { return m_map.contains(QLatin1String(name)); }

QCborValue CborFields::take(const char *name)
{
    const auto isSame = [name](const char *asked) { return qstrcmp(asked, name) == 0; };
    const bool isNew = std::none_of(m_asked.begin(), m_asked.end(), isSame);
    const QCborValue value = m_map.value(QLatin1String(name));
    if (isNew) {
        m_asked.push_back(name);
        m_taken += value.isUndefined() ? 0 : 1;
    }
    return m_fault ? QCborValue(QCborValue::Undefined) : value;
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
    const QCborValue value = take(name);
    if (value.isUndefined())
        return {};
    if (!value.isString()) {
        fail(name, QStringLiteral("has to be a text"));
        return {};
    }
    const QByteArray utf8 = value.toString().toUtf8();
    if (std::size_t(utf8.size()) > bytesMax) {
        fail(name, tooLong(std::size_t(utf8.size()), bytesMax));
        return {};
    }
    return utf8;
}

QByteArray CborFields::bytes(const char *name, std::size_t bytesMax)
{
    const QCborValue value = take(name);
    if (value.isUndefined())
        return {};
    if (!value.isByteArray()) {
        fail(name, QStringLiteral("has to be a byte string"));
        return {};
    }
    const QByteArray bytes = value.toByteArray();
    if (std::size_t(bytes.size()) > bytesMax) {
        fail(name, tooLong(std::size_t(bytes.size()), bytesMax));
        return {};
    }
    return bytes;
}

std::uint64_t CborFields::number(const char *name, std::uint64_t max)
{
    const QCborValue value = take(name);
    if (value.isUndefined())
        return 0;
    if (!value.isInteger() || value.toInteger() < 0) {
        fail(name, QStringLiteral("has to be a whole number, not negative"));
        return 0;
    }
    const auto number = std::uint64_t(value.toInteger());
    if (number > max) {
        fail(name, QStringLiteral("is %1, at most %2 is allowed").arg(number).arg(max));
        return 0;
    }
    return number;
}

bool CborFields::flag(const char *name)
{
    const QCborValue value = take(name);
    if (value.isUndefined())
        return false;
    if (!value.isBool())
        fail(name, QStringLiteral("has to be true or false"));
    return value.toBool();
}

QCborMap CborFields::map(const char *name)
{
    const QCborValue value = take(name);
    if (!value.isUndefined() && !value.isMap())
        fail(name, QStringLiteral("has to be a map"));
    return value.toMap();
}

QCborArray CborFields::array(const char *name, std::size_t itemsMax)
{
    const QCborValue value = take(name);
    if (!value.isUndefined() && !value.isArray())
        fail(name, QStringLiteral("has to be an array"));
    QCborArray array = value.toArray();
    if (std::size_t(array.size()) > itemsMax) {
        fail(name, QStringLiteral("has %1 items, %2 are allowed").arg(array.size()).arg(itemsMax));
        return {};
    }
    return array;
}

std::optional<Error> CborFields::finish()
{
    if (m_fault || m_taken == m_map.size())
        return m_fault;
    for (const auto &[key, value] : m_map) {
        const QString text = key.toString();
        const auto isKnown = [&text](const char *asked) { return text == QLatin1String(asked); };
        if (key.isString() && std::any_of(m_asked.begin(), m_asked.end(), isKnown))
            continue;
        const QString shown =
            key.isString() ? text.left(64) : QStringLiteral("of a key that is no text");
        fail({ErrorCode::invalid,
              QStringLiteral("%1the member %2 is not known here")
                  .arg(m_where.isEmpty() ? QString() : m_where + QStringLiteral(": "), shown)});
        break;
    }
    return m_fault;
}

} // namespace coffer::pluginapi
