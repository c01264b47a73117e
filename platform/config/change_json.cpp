// SPDX-License-Identifier: Apache-2.0
#include "config/change.h"
#include "config/limits.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include <array>

using namespace Qt::StringLiterals;

namespace coffer::config {

namespace {

constexpr std::array kinds{
    std::pair{Place::Kind::section, "section"},
    std::pair{Place::Kind::key, "key"},
    std::pair{Place::Kind::file, "file"},
    std::pair{Place::Kind::output, "output"},
};

QString text(const QByteArray &utf8) { return QString::fromUtf8(utf8); }

QJsonArray texts(const std::vector<QByteArray> &all)
{
    QJsonArray array;
    for (const QByteArray &one : all)
        array.append(text(one));
    return array;
}

QJsonObject jsonOf(const Place &place)
{
    QJsonObject json;
    for (const auto &[kind, name] : kinds) {
        if (kind == place.kind)
            json[u"kind"_s] = QLatin1String(name);
    }
    if (place.kind == Place::Kind::section || place.kind == Place::Kind::key)
        json[u"section"_s] = text(place.section);
    if (place.kind == Place::Kind::key)
        json[u"name"_s] = text(place.name);
    if (place.kind == Place::Kind::file || place.kind == Place::Kind::output)
        json[u"path"_s] = text(place.name);
    return json;
}

void addRights(QJsonObject &json, const FileRights &rights)
{
    json[u"mode"_s] = u"%1"_s.arg(rights.mode, 4, 8, QLatin1Char('0'));
    json[u"owner"_s] = text(rights.owner);
    json[u"group"_s] = text(rights.group);
}

void addFinal(QJsonObject &json, bool isFinal)
{
    if (isFinal)
        json[u"final"_s] = true;
}

QJsonValue jsonOf(std::monostate) { return QJsonValue::Null; }

QJsonValue jsonOf(const SectionHead &head)
{
    if (head.comment.isEmpty())
        return QJsonValue::Null;
    return QJsonObject{{u"comment"_s, text(head.comment)}};
}

QJsonValue jsonOf(const Key &key)
{
    QJsonObject json{{u"type"_s, text(nameOf(key.value.type))},
                     {u"value"_s, text(key.value.text)},
                     {u"comment"_s, text(key.comment)}};
    if (!key.value.choices.empty())
        json[u"choices"_s] = texts(key.value.choices);
    addFinal(json, key.isFinal);
    return json;
}

QJsonValue jsonOf(const File &file)
{
    QJsonObject json{{u"hash"_s, text(file.content.hex())}, {u"bytes"_s, qint64(file.bytes)}};
    addRights(json, file.rights);
    addFinal(json, file.isFinal);
    return json;
}

QJsonValue jsonOf(const Output &output)
{
    QJsonObject json{{u"format"_s, text(nameOf(output.format))},
                     {u"sections"_s, texts(output.sections)}};
    addRights(json, output.rights);
    addFinal(json, output.isFinal);
    return json;
}

QJsonValue jsonOf(const Tombstone &tombstone)
{
    return QJsonObject{{u"comment"_s, text(tombstone.comment)}, {u"tombstone"_s, true}};
}

QJsonValue jsonOf(const Item &item)
{
    return std::visit([](const auto &one) { return QJsonValue(jsonOf(one)); }, item);
}

/// Reads the members of an object; the first fault stays.
class Members
{
public:
    Members(const QJsonObject &json, QString where) : m_json(json), m_where(std::move(where)) {}

    [[nodiscard]] const std::optional<Error> &fault() const { return m_fault; }
    void fail(const QString &why)
    {
        if (!m_fault)
            m_fault = Error{ErrorCode::invalid, m_where + u": "_s + why};
    }
    [[nodiscard]] bool has(const QString &name) const { return m_json.contains(name); }

    QByteArray text(const QString &name)
    {
        const QJsonValue value = m_json[name];
        if (!value.isString() || !value.toString().isValidUtf16())
            fail(u"'%1' has to be a text"_s.arg(name));
        return value.toString().toUtf8();
    }
    std::uint64_t number(const QString &name, qint64 most)
    {
        const qint64 number = m_json[name].toInteger(-1);
        if (number >= 0 && number <= most)
            return std::uint64_t(number);
        fail(u"'%1' has to be a number from 0 to %2"_s.arg(name).arg(most));
        return 0;
    }
    std::vector<QByteArray> texts(const QString &name)
    {
        std::vector<QByteArray> all;
        if (!m_json[name].isArray())
            fail(u"'%1' has to be an array of texts"_s.arg(name));
        for (const auto &one : m_json[name].toArray()) {
            if (!one.isString() || !one.toString().isValidUtf16())
                fail(u"'%1' has to be an array of texts"_s.arg(name));
            all.push_back(one.toString().toUtf8());
        }
        return all;
    }
    /// Left out: no.
    bool flag(const QString &name)
    {
        if (has(name) && m_json[name] != true)
            fail(u"'%1' has to be true, or left out"_s.arg(name));
        return has(name);
    }
    FileRights rights()
    {
        bool isOctal = false;
        FileRights rights;
        rights.mode = text(u"mode"_s).toUShort(&isOctal, 8);
        if (!isOctal)
            fail(u"'mode' has to be octal digits, such as 0644"_s);
        rights.owner = text(u"owner"_s);
        rights.group = text(u"group"_s);
        return rights;
    }
    /// The value of \a result, or its error as the fault.
    template<class T>
    T taken(const Result<T> &result)
    {
        if (result)
            return *result;
        fail(result.error().message);
        return {};
    }

private:
    QJsonObject m_json;
    QString m_where;
    std::optional<Error> m_fault;
};

Place placeOf(Members &members)
{
    Place place;
    const QByteArray kind = members.text(u"kind"_s);
    const auto found = std::find_if(kinds.begin(), kinds.end(),
                                    [&kind](const auto &known) { return kind == known.second; });
    if (found == kinds.end()) {
        members.fail(u"'kind' has to be section, key, file or output"_s);
        return place;
    }
    place.kind = found->first;
    if (place.kind == Place::Kind::section || place.kind == Place::Kind::key)
        place.section = members.text(u"section"_s);
    if (place.kind == Place::Kind::key)
        place.name = members.text(u"name"_s);
    if (place.kind == Place::Kind::file || place.kind == Place::Kind::output)
        place.name = members.text(u"path"_s);
    return place;
}

Item itemOf(const Place &place, Members &members)
{
    if (members.flag(u"tombstone"_s))
        return Tombstone{members.text(u"comment"_s)};
    switch (place.kind) {
    case Place::Kind::section: return SectionHead{members.text(u"comment"_s)};
    case Place::Kind::key: {
        Key key{place.name};
        key.value.type = members.taken(typeNamed(members.text(u"type"_s)));
        key.value.text = members.text(u"value"_s);
        if (members.has(u"choices"_s))
            key.value.choices = members.texts(u"choices"_s);
        key.comment = members.text(u"comment"_s);
        key.isFinal = members.flag(u"final"_s);
        return key;
    }
    case Place::Kind::file: {
        const auto hash = Hash::fromHex(members.text(u"hash"_s));
        if (!hash)
            members.fail(u"'hash' has to be 64 lower-case hex digits"_s);
        const std::uint64_t bytes = members.number(u"bytes"_s, qint64(limits::fileBytesMax));
        const FileRights rights = members.rights();
        return File{place.name, hash.value_or(Hash()), bytes, rights, members.flag(u"final"_s)};
    }
    case Place::Kind::output: {
        Output output{place.name, members.taken(formatNamed(members.text(u"format"_s)))};
        output.sections = members.texts(u"sections"_s);
        output.rights = members.rights();
        output.isFinal = members.flag(u"final"_s);
        return output;
    }
    }
    return {};
}

Result<Item> itemOf(const Place &place, const QJsonObject &json, const QString &name)
{
    const QJsonValue value = json[name];
    if (value.isNull())
        return Item();
    if (!value.isObject())
        return Error{ErrorCode::invalid, u"'%1' has to be an object or null"_s.arg(name)};
    Members members(value.toObject(), name);
    Item item = itemOf(place, members);
    if (members.fault())
        return *members.fault();
    if (const Result<void> checked = check(place, item); !checked)
        return checked.error().in(name);
    return item;
}

} // namespace

QByteArray encode(const Change &change)
{
    QJsonObject json{{u"place"_s, jsonOf(change.place)},
                     {u"base"_s, jsonOf(change.base)},
                     {u"now"_s, jsonOf(change.now)}};
    if (change.order != 0)
        json[u"order"_s] = qint64(change.order);
    return QJsonDocument(json).toJson(QJsonDocument::Compact);
}

Result<Change> decodeChange(const QByteArray &bytes)
{
    if (std::size_t(bytes.size()) > limits::changeBytesMax)
        return Error{ErrorCode::invalid,
                     u"a change of %1 bytes: expected at most %2"_s.arg(bytes.size())
                         .arg(limits::changeBytesMax)};
    const QJsonDocument document = QJsonDocument::fromJson(bytes);
    if (!document.isObject())
        return Error{ErrorCode::invalid, u"a change has to be a JSON object"_s};
    const QJsonObject json = document.object();
    Members place(json[u"place"_s].toObject(), u"place"_s);
    Members self(json, u"change"_s);
    Change change{placeOf(place), {}, {}};
    if (self.has(u"order"_s))
        change.order = std::uint32_t(self.number(u"order"_s, UINT32_MAX));
    for (const auto &fault : {place.fault(), self.fault()}) {
        if (fault)
            return *fault;
    }
    const std::array items{std::pair{u"base"_s, &change.base}, std::pair{u"now"_s, &change.now}};
    for (const auto &[name, item] : items) {
        Result<Item> read = itemOf(change.place, json, name);
        if (!read)
            return read.error();
        *item = std::move(*read);
    }
    if (const Result<void> checked = check(change.place, {}); !checked)
        return checked.error();
    if (encode(change) != bytes)
        return Error{ErrorCode::invalid, u"a change with members that are not known, or written in "
                                         "another way than the canonical one"_s};
    return change;
}

} // namespace coffer::config
