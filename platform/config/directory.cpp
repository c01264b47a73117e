// SPDX-License-Identifier: Apache-2.0
#include "config/directory.h"

#include "config/limits.h"
#include "config/name.h"

#include <QJsonArray>
#include <QJsonDocument>

#include <algorithm>
#include <set>

using namespace Qt::StringLiterals;

namespace coffer::config {

static constexpr int formatNumber = 1;
static constexpr qsizetype headBytesMax = 4'096;

static QString text(const QByteArray &utf8) { return QString::fromUtf8(utf8); }

static QByteArray compact(const QJsonObject &json)
{
    return QJsonDocument(json).toJson(QJsonDocument::Compact);
}

// ---- the head

QByteArray headOf(const QByteArray &service)
{
    return compact({{u"format"_s, formatNumber}, {u"service"_s, text(service)}}) + '\n';
}

Result<QByteArray> serviceIn(const QByteArray &bytes)
{
    const QJsonObject json =
        bytes.size() > headBytesMax ? QJsonObject() : QJsonDocument::fromJson(bytes).object();
    const QByteArray service = json[u"service"_s].toString().toUtf8();
    if (!json.contains(u"format"_s) || !isName(service) || json.size() != 2)
        return Error{ErrorCode::invalid,
                     u"expected {\"format\":1,\"service\":\"NAME\"}, as an export writes it"_s};
    if (json[u"format"_s] != QJsonValue(formatNumber))
        return Error{ErrorCode::invalid,
                     u"format: expected %1; another one needs a newer coffer"_s.arg(formatNumber)};
    return service;
}

// ---- items

QJsonObject jsonOf(const Place &place)
{
    return QJsonDocument::fromJson(encode(Change{place, {}, {}})).object()[u"place"_s].toObject();
}

QJsonValue jsonOf(const Place &place, const Item &item)
{
    return QJsonDocument::fromJson(encode(Change{place, {}, item})).object()[u"now"_s];
}

Result<Change> changeTo(const QJsonObject &place, const QJsonValue &item)
{
    Result<Change> change = decodeChange(
        compact({{u"base"_s, QJsonValue::Null}, {u"now"_s, item}, {u"place"_s, place}}));
    const QString prefix = u"now: "_s; // nobody here knows of changes
    if (!change && change.error().message.startsWith(prefix))
        return Error{change.error().code, change.error().message.sliced(prefix.size())};
    return change;
}

Result<Layer> layerOf(std::vector<Change> changes)
{
    std::uint32_t order = 0;
    for (Change &change : changes)
        change.order = std::holds_alternative<Key>(change.now) ? ++order : 0;
    Applied applied = apply({}, changes, {});
    if (!applied.conflicts.empty())
        return Error{ErrorCode::invalid,
                     u"%1: it is there as a file and as an output, or twice"_s.arg(
                         text(applied.conflicts.front().place.shown()))};
    return std::move(applied.layer);
}

/// What an item has if it is not said.
static QJsonObject usualOf(Place::Kind kind, const QJsonObject &item = {})
{
    if (item.contains(u"tombstone"_s))
        return {{u"comment"_s, u""_s}};
    const QJsonObject rights{{u"mode"_s, u"0644"_s}, {u"owner"_s, u""_s}, {u"group"_s, u""_s}};
    QJsonObject usual = rights;
    switch (kind) {
    case Place::Kind::section: return {{u"comment"_s, u""_s}};
    case Place::Kind::key: return {{u"comment"_s, u""_s}};
    case Place::Kind::output: usual[u"sections"_s] = QJsonArray(); break;
    case Place::Kind::file: break;
    }
    return usual;
}

// ---- writing

/// {"key":"timeout","type":"duration","value":"2s"}: the name first, what is usual left out.
static QByteArray lineOf(const Place &place, const Item &item)
{
    QJsonObject json = jsonOf(place, item).toObject();
    const QJsonObject usual = usualOf(place.kind, json);
    for (auto it = usual.begin(); it != usual.end(); ++it) {
        if (json.value(it.key()) == it.value())
            json.remove(it.key());
    }
    if (place.kind == Place::Kind::file) { // the file itself says so
        json.remove(u"hash"_s);
        json.remove(u"bytes"_s);
    }
    const QString kind = jsonOf(place)[u"kind"_s].toString();
    const bool isSection = place.kind == Place::Kind::section;
    QByteArray line = compact({{kind, text(isSection ? place.section : place.name)}});
    if (!json.isEmpty())
        line = line.chopped(1) + ',' + compact(json).sliced(1);
    return line + '\n';
}

/// The places of sections and keys, in the order of the layer; those of no order follow by name.
static std::vector<Change> inOrder(const Layer &layer)
{
    std::vector<Change> changes = diff({}, layer);
    std::stable_sort(changes.begin(), changes.end(), [](const Change &a, const Change &b) {
        return std::pair(a.order == 0, a.order) < std::pair(b.order == 0, b.order);
    });
    return changes;
}

LayerTexts textsOf(const Layer &layer)
{
    LayerTexts texts;
    std::vector<QByteArray> sections; // in their order
    std::set<QByteArray> known;
    std::map<QByteArray, QByteArray> heads; // lines, by name
    std::map<QByteArray, QByteArray> lines; // by path
    for (const Change &change : inOrder(layer)) {
        const Place &place = change.place;
        const QByteArray line = lineOf(place, change.now);
        if (place.kind == Place::Kind::key)
            texts.sections[place.section] += line;
        else if (place.kind == Place::Kind::section)
            heads[place.section] = line;
        else if (place.kind == Place::Kind::output || line.contains(',')) // more than its name
            lines[place.name] = line;
        const bool isOfSection =
            place.kind == Place::Kind::key || place.kind == Place::Kind::section;
        if (isOfSection && known.insert(place.section).second)
            sections.push_back(place.section);
    }
    for (const QByteArray &name : sections) {
        const auto head = heads.find(name);
        texts.index +=
            head == heads.end() ? lineOf({Place::Kind::section, name, {}}, {}) : head->second;
    }
    for (const auto &[path, line] : lines)
        texts.index += line;
    return texts;
}

// ---- reading

namespace {

class TextReader
{
public:
    TextReader(const LayerTexts &texts, const std::vector<File> &files) : m_texts(texts)
    {
        for (const File &file : files)
            m_files.insert_or_assign(file.path, file);
    }

    [[nodiscard]] ReadTexts read()
    {
        eachLine(indexFile, m_texts.index,
                 [this](const QJsonObject &json) { return readIndexLine(json); });
        for (const auto &[name, keys] : m_texts.sections) {
            if (m_heads.insert(name).second)
                m_order.push_back(name);
        }
        for (const QByteArray &name : m_order)
            readSection(name);
        for (const auto &[path, file] : m_files) {
            const Fault fault = m_seen.contains(path) ? Fault() : readFile(path, {});
            if (fault)
                fail(QByteArray(fileFolder) + '/' + path, 0, *fault);
        }
        finish();
        return std::move(m_read);
    }

private:
    using Fault = std::optional<QString>;

    [[nodiscard]] bool isFull() const { return m_read.faults.size() >= textFaultsMax; }
    void fail(const QByteArray &file, int line, const QString &message)
    {
        if (!isFull())
            m_read.faults.push_back({file, line, message});
    }

    /// Calls \a read(object) for each line that is not blank; it answers what is wrong with it.
    template<class Read>
    void eachLine(const QByteArray &file, const QByteArray &text, Read read)
    {
        int number = 0;
        for (qsizetype at = 0; at < text.size() && !isFull();) {
            const qsizetype end = text.indexOf('\n', at);
            const QByteArray line = text.sliced(at, (end < 0 ? text.size() : end) - at).trimmed();
            at = end < 0 ? text.size() : end + 1;
            ++number;
            if (line.isEmpty())
                continue;
            QJsonParseError error;
            const bool isLong = std::size_t(line.size()) > limits::changeBytesMax;
            const QJsonDocument json =
                isLong ? QJsonDocument() : QJsonDocument::fromJson(line, &error);
            if (isLong)
                fail(file, number, u"a line has at most %1 bytes"_s.arg(limits::changeBytesMax));
            else if (!json.isObject())
                fail(file, number,
                     u"expected one JSON object: %1 at its byte %2"_s.arg(error.errorString())
                         .arg(error.offset));
            else if (const Fault fault = read(json.object()))
                fail(file, number, *fault);
        }
    }

    Fault readIndexLine(const QJsonObject &json)
    {
        for (const auto &[member, kind] :
             {std::pair("section", Place::Kind::section), std::pair("file", Place::Kind::file),
              std::pair("output", Place::Kind::output)}) {
            if (!json.contains(QLatin1String(member)))
                continue;
            const QJsonValue name = json[QLatin1String(member)];
            QJsonObject item = json;
            item.remove(QLatin1String(member));
            if (!name.isString())
                return u"'%1' has to be a text"_s.arg(QLatin1String(member));
            return readIndexed(kind, name.toString().toUtf8(), item);
        }
        return u"expected a member \"section\", \"file\" or \"output\""_s;
    }

    Fault readIndexed(Place::Kind kind, const QByteArray &name, const QJsonObject &item)
    {
        if (kind == Place::Kind::section) {
            if (!m_heads.insert(name).second)
                return text(name) + u": it is there twice"_s;
            m_order.push_back(name);
            return add({kind, name, {}}, item);
        }
        if (!m_seen.insert(name).second)
            return text(name) + u": it is there twice"_s;
        if (kind == Place::Kind::file)
            return readFile(name, item);
        if (m_files.contains(name))
            return text(name) + u": it lies in files, too; a path is a file or an output"_s;
        return add({kind, {}, name}, item);
    }

    Fault add(const Place &place, const QJsonObject &item)
    {
        const Result<Change> change = changeOf(place, item);
        if (!change)
            return change.error().message;
        if (change->now.index() != 0)
            m_changes.push_back(*change);
        return {};
    }

    Fault readFile(const QByteArray &path, QJsonObject item)
    {
        const auto found = m_files.find(path);
        const Place place{Place::Kind::file, {}, path};
        for (const char *member : {"hash", "bytes"}) {
            if (item.contains(QLatin1String(member)))
                return u"'%1' is what the file itself says: leave it out"_s.arg(
                    QLatin1String(member));
        }
        if (found != m_files.end()) {
            item[u"hash"_s] = text(found->second.content.hex());
            item[u"bytes"_s] = qint64(found->second.bytes);
        }
        const Fault fault = add(place, item);
        if (fault && found == m_files.end())
            return u"files/%1 is missing: bring it back, or remove this line"_s.arg(text(path));
        return fault;
    }

    void readSection(const QByteArray &name)
    {
        const auto keys = m_texts.sections.find(name);
        if (keys == m_texts.sections.end())
            return;
        std::set<QByteArray> seen;
        const QByteArray file = QByteArray(sectionFolder) + '/' + name + sectionEnding;
        eachLine(file, keys->second, [&](QJsonObject json) -> Fault {
            const QJsonValue key = json.take(u"key"_s);
            if (!key.isString())
                return u"expected a member \"key\", with the name of the key"_s;
            const QByteArray word = key.toString().toUtf8();
            if (!seen.insert(word).second)
                return text(word) + u": it is there twice"_s;
            return add({Place::Kind::key, name, word}, json);
        });
    }

    /// As it stands there; else with what was left out, and the value in its canonical text.
    static Result<Change> changeOf(const Place &place, QJsonObject item)
    {
        const bool isBare = item.isEmpty() || item == usualOf(Place::Kind::section);
        if (place.kind == Place::Kind::section && isBare)
            return changeTo(jsonOf(place), QJsonValue::Null);
        const Result<Change> exact = changeTo(jsonOf(place), item);
        if (exact)
            return exact;
        const QJsonObject usual = usualOf(place.kind, item);
        for (auto it = usual.begin(); it != usual.end(); ++it) {
            if (!item.contains(it.key()))
                item.insert(it.key(), it.value());
        }
        const Result<Type> type = typeNamed(item.value(u"type"_s).toString().toUtf8());
        if (place.kind == Place::Kind::key && type && item.value(u"value"_s).isString()) {
            std::vector<QByteArray> choices;
            for (const auto &choice : item.value(u"choices"_s).toArray())
                choices.push_back(choice.toString().toUtf8());
            const Result<Value> value =
                Value::parse(*type, item.value(u"value"_s).toString().toUtf8(), choices);
            if (!value)
                return value.error().in(text(place.shown()));
            item[u"value"_s] = text(value->text);
        }
        return changeTo(jsonOf(place), item);
    }

    void finish()
    {
        if (!m_read.faults.empty())
            return;
        std::set<QByteArray> used; // a comment alone is no section
        for (const Change &change : m_changes) {
            if (std::holds_alternative<Key>(change.now))
                used.insert(change.place.section);
        }
        std::erase_if(m_changes, [&used](const Change &change) {
            return std::holds_alternative<SectionHead>(change.now)
                   && !used.contains(change.place.section);
        });
        Result<Layer> made = layerOf(std::move(m_changes));
        if (!made) {
            fail(indexFile, 0, made.error().message);
            return;
        }
        m_read.layer = std::move(*made);
        const Layer &layer = m_read.layer;
        std::size_t keys = 0;
        for (const Section &section : layer.sections)
            keys += section.keys.size();
        if (keys > limits::keysMax)
            fail(indexFile, 0, u"%1 keys: a layer has at most %2"_s.arg(keys).arg(limits::keysMax));
        const std::size_t files = layer.files.size() + layer.outputs.size();
        if (files > limits::filesMax)
            fail(
                indexFile, 0,
                u"%1 files and outputs: a layer has at most %2"_s.arg(files).arg(limits::filesMax));
    }

    const LayerTexts &m_texts;
    std::map<QByteArray, File> m_files;
    std::set<QByteArray> m_heads;    ///< Sections that are known.
    std::vector<QByteArray> m_order; ///< Of them.
    std::set<QByteArray> m_seen;     ///< Paths that have a line.
    std::vector<Change> m_changes = {};
    ReadTexts m_read = {};
};

} // namespace

ReadTexts layerOf(const LayerTexts &texts, const std::vector<File> &files)
{
    return TextReader(texts, files).read();
}

} // namespace coffer::config
