// SPDX-License-Identifier: Apache-2.0
#include "goconf/record_fields.h"

#include <QJsonDocument>
#include <QJsonObject>

using namespace Qt::StringLiterals;

namespace coffer::goconf {

static const QString noRecord = u"(no record)"_s;

/// A record that is no JSON object becomes a map with that member.
static QCborMap mapOf(const QByteArray &json)
{
    const bool isLarge = std::size_t(json.size()) > RecordFields::recordBytesMax;
    const QJsonDocument document = isLarge ? QJsonDocument() : QJsonDocument::fromJson(json);
    if (!document.isObject())
        return {{noRecord, true}};
    return QCborMap::fromJsonObject(document.object());
}

RecordFields::RecordFields(const QByteArray &json, const QString &what)
    : m_map(mapOf(json)), m_what(what), m_fields(m_map)
{
    if (m_map.contains(noRecord))
        fail({ErrorCode::corrupt, u"expected a JSON object of at most 1 MiB"_s});
}

RecordFields::RecordFields(const QCborMap &map, const QString &what)
    : m_map(map), m_what(what), m_fields(m_map)
{}

QByteArray RecordFields::text(const char *name, std::size_t bytesMax)
{
    return m_fields.text(name, bytesMax);
}

QByteArray RecordFields::neededText(const char *name, std::size_t bytesMax)
{
    m_fields.require(name);
    return text(name, bytesMax);
}

std::uint64_t RecordFields::number(const char *name) { return m_fields.number(name); }

WallMs RecordFields::time(const char *name) { return WallMs(std::int64_t(m_fields.number(name))); }

std::vector<QByteArray> RecordFields::texts(const char *name, std::size_t itemsMax)
{
    std::vector<QByteArray> texts;
    for (const QCborValue item : m_fields.array(name, itemsMax)) {
        if (!item.isString())
            m_fields.fail(name, u"expected texts"_s);
        texts.push_back(item.toString().toUtf8());
    }
    return texts;
}

std::vector<QCborMap> RecordFields::maps(const char *name, std::size_t itemsMax)
{
    std::vector<QCborMap> maps;
    for (const QCborValue item : m_fields.array(name, itemsMax)) {
        if (!item.isMap())
            m_fields.fail(name, u"expected objects"_s);
        maps.push_back(item.toMap());
    }
    return maps;
}

QCborMap RecordFields::map(const char *name) { return m_fields.map(name); }

std::optional<Error> RecordFields::finish()
{
    const std::optional<Error> fault = m_fields.finish();
    if (!fault)
        return std::nullopt;
    return Error{ErrorCode::corrupt, m_what + u": "_s + fault->message};
}

QByteArray jsonOf(const QCborMap &map)
{
    return QJsonDocument(map.toJsonObject()).toJson(QJsonDocument::Compact);
}

QCborArray arrayOf(const std::vector<QByteArray> &texts)
{
    QCborArray array;
    for (const QByteArray &text : texts)
        array.append(textOf(text));
    return array;
}

} // namespace coffer::goconf
