// SPDX-License-Identifier: Apache-2.0
#include "agent/local_versions.h"

#include "agent/status.h"
#include "config/render.h"

#include <QJsonArray>

#include <algorithm>
#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::agent {

static constexpr qsizetype rootDigits = 64;

Seen Seen::fromText(const QString &text)
{
    const bool isRoot = text.size() == rootDigits && config::Hash::fromHex(text.toLatin1());
    return isRoot ? Seen{.root = text} : Seen{.version = text};
}

bool Seen::fits(const Generation &generation) const
{
    return !isNothing() && (root.isEmpty() || root.toLatin1() == generation.root.hex())
           && (version.isEmpty() || version.toUtf8() == generation.version);
}

QJsonObject briefOf(const QString &service, const std::optional<Generation> &applied)
{
    QJsonObject brief = applied ? toJson(*applied) : QJsonObject{};
    brief[u"service"_s] = service;
    return brief;
}

/// Reads and verifies; for what is not to be kept.
static Result<LocalValues> read(const config::Hash &root, Switcher &switcher)
{
    const Result<QByteArray> bytes = switcher.bundleBytes(root);
    if (!bytes)
        return bytes.error();
    const Result<config::Bundle> bundle = config::decodeBundle(*bytes);
    if (!bundle)
        return bundle.error();
    return LocalValues(*bundle);
}

Result<const LocalValues *> LocalVersions::load(const QString &service, const Generation &applied,
                                                Switcher &switcher)
{
    const auto found = m_cache.find(service);
    if (found != m_cache.end() && found->second.root == applied.root)
        return &found->second.values;
    Result<LocalValues> values = read(applied.root, switcher);
    if (!values)
        return values.error();
    m_cache.erase(service);
    std::size_t bytes = values->bytes();
    for (const auto &[name, cached] : m_cache)
        bytes += cached.values.bytes();
    if (bytes > cacheBytesMax)
        m_cache.clear();
    const auto kept = m_cache.emplace(service, Cached{applied.root, std::move(*values)}).first;
    return &kept->second.values;
}

// ---- questions

Result<QJsonObject> LocalVersions::get(const Ask &ask, const LocalValues &values) const
{
    const QByteArray path = ask.path.toUtf8();
    if (!path.isEmpty()
        && std::ranges::find(values.files(), path, &LocalValues::File::path)
               == values.files().end())
        return Error{ErrorCode::notFound,
                     u"path: %1 has no file \"%2\""_s.arg(ask.service, ask.path)};
    if (!ask.key.isEmpty()) {
        const auto value = values.find(ask.key.toUtf8(), path);
        if (!value)
            return value.error().in(ask.service);
        return QJsonObject{{u"key"_s, ask.key},
                           {u"value"_s, QString::fromUtf8((*value)->text)},
                           {u"type"_s, QString::fromLatin1(config::nameOf((*value)->type))},
                           {u"path"_s, QString::fromUtf8(values.files()[(*value)->file].path)}};
    }
    QJsonObject all;
    for (const LocalValues::Value &value : values.values()) {
        if (!path.isEmpty() && values.files()[value.file].path != path)
            continue;
        const QString key = QString::fromUtf8(value.key);
        const auto before = all.constFind(key);
        const QString text = QString::fromUtf8(value.text);
        if (before != all.constEnd() && before->toString() != text)
            return Error{
                ErrorCode::refused,
                u"key: %1 is not the same in all files of %2; name one with \"path\""_s.arg(
                    key, ask.service)};
        all[key] = text;
    }
    return QJsonObject{{u"values"_s, all}};
}

static QJsonObject contentsOf(const LocalValues &values)
{
    QJsonArray files;
    for (const LocalValues::File &file : values.files()) {
        QJsonObject one{{u"path"_s, QString::fromUtf8(file.path)},
                        {u"bytes"_s, file.bytes},
                        {u"mode"_s, u"%1"_s.arg(file.rights.mode, 4, 8, QChar(u'0'))}};
        if (file.format)
            one[u"format"_s] = QString::fromLatin1(config::nameOf(*file.format));
        files.append(one);
    }
    QJsonArray keys;
    for (std::size_t i = 0; i < values.values().size(); ++i) {
        if (i == 0 || values.values()[i - 1].key != values.values()[i].key)
            keys.append(QString::fromUtf8(values.values()[i].key));
    }
    return {{u"files"_s, files}, {u"keys"_s, keys}};
}

/// Of all files that end in .env; where several name a variable, the last one counts.
static Result<QJsonObject> variablesOf(const QString &service, const config::Hash &root,
                                       Switcher &switcher)
{
    const Result<QByteArray> bytes = switcher.bundleBytes(root);
    if (!bytes)
        return bytes.error();
    const Result<config::Bundle> bundle = config::decodeBundle(*bytes);
    if (!bundle)
        return bundle.error();
    QJsonObject variables;
    bool hasFile = false;
    for (const config::BundleFile &file : bundle->files) {
        if (config::formatOfPath(file.path) != config::Format::env)
            continue;
        hasFile = true;
        const auto read = config::parseVariables(file.bytes);
        if (!read)
            return read.error().in(service + u": "_s + QString::fromUtf8(file.path));
        for (const config::Variable &variable : *read)
            variables[QString::fromUtf8(variable.name)] = QString::fromUtf8(variable.value);
    }
    if (!hasFile)
        return Error{ErrorCode::notFound,
                     u"%1 has no file that ends in .env; release one, as an output of the format "
                     u"env"_s.arg(service)};
    return QJsonObject{{u"variables"_s, variables}};
}

static void add(QJsonObject &to, const QJsonObject &more)
{
    for (auto member = more.begin(); member != more.end(); ++member)
        to[member.key()] = member.value();
}

Result<QJsonObject> LocalVersions::answer(const Ask &ask, Switcher &switcher)
{
    const std::optional<Generation> applied = switcher.applied();
    if (!applied)
        return Error{ErrorCode::notFound, u"nothing of %1 is applied yet"_s.arg(ask.service)};
    QJsonObject answer = briefOf(ask.service, applied);
    if (ask.verb == Verb::version)
        return answer;
    Result<QJsonObject> more = QJsonObject{};
    if (ask.verb == Verb::env) {
        more = variablesOf(ask.service, applied->root, switcher);
    } else {
        const Result<const LocalValues *> values = load(ask.service, *applied, switcher);
        if (!values)
            return values.error();
        more =
            ask.verb == Verb::get ? get(ask, **values) : Result<QJsonObject>(contentsOf(**values));
    }
    if (!more)
        return more.error();
    add(answer, *more);
    return answer;
}

// ---- origins

static QString kindOf(const config::Place &place)
{
    if (place.kind == config::Place::Kind::key)
        return u"key"_s;
    return place.kind == config::Place::Kind::file ? u"file"_s : u"output"_s;
}

static QJsonObject originOf(const config::OriginList &list, const config::OriginList::Item &item,
                            const LocalValues *values)
{
    const config::OriginList::Level &level = list.levels[item.level];
    QJsonObject one{{u"place"_s, QString::fromUtf8(item.place.shown())},
                    {u"kind"_s, kindOf(item.place)},
                    {u"layer"_s, QString::fromUtf8(level.name)},
                    {u"version"_s, QString::fromUtf8(level.version)}};
    if (item.isFinal)
        one[u"final"_s] = true;
    if (item.place.kind != config::Place::Kind::key)
        return one;
    QJsonArray files;
    for (const QByteArray &path : list.showing(item.place.section))
        files.append(QString::fromUtf8(path));
    one[u"files"_s] = files;
    if (values == nullptr || files.isEmpty())
        return one;
    const auto value = values->find(item.place.shown(), {});
    if (value)
        one[u"value"_s] = QString::fromUtf8((*value)->text);
    return one;
}

Result<QJsonObject> LocalVersions::why(const Ask &ask, Switcher &switcher, OriginFiles &origins)
{
    const std::optional<Generation> applied = switcher.applied();
    if (!applied)
        return Error{ErrorCode::notFound, u"nothing of %1 is applied yet"_s.arg(ask.service)};
    const Result<config::OriginList> list = origins.read(applied->root);
    if (!list)
        return list.error().in(ask.service);
    const Result<const LocalValues *> values = load(ask.service, *applied, switcher);
    const QByteArray wanted = (ask.key.isEmpty() ? ask.path : ask.key).toUtf8();
    QJsonArray all;
    for (const config::OriginList::Item &item : list->items) {
        const bool isKey = item.place.kind == config::Place::Kind::key;
        const bool isMeant =
            wanted.isEmpty() || (isKey != ask.key.isEmpty() && item.place.shown() == wanted);
        if (isMeant)
            all.append(originOf(*list, item, values ? *values : nullptr));
    }
    if (all.isEmpty() && !wanted.isEmpty())
        return Error{ErrorCode::notFound,
                     u"%1 %2 has no %3"_s.arg(ask.service, QString::fromUtf8(applied->version),
                                              QString::fromUtf8(wanted))};
    QJsonObject answer = briefOf(ask.service, applied);
    answer[u"origins"_s] = all;
    return answer;
}

// ---- news

std::optional<QJsonObject> LocalVersions::news(const QString &service, const Seen &seen,
                                               Switcher &switcher)
{
    const std::optional<Generation> applied = switcher.applied();
    if (!applied || seen.fits(*applied))
        return std::nullopt;
    const auto told = m_told.find(service);
    if (told != m_told.end() && told->second.seen == seen && told->second.applied == *applied)
        return told->second.event;
    QJsonObject event = briefOf(service, applied);
    event[u"event"_s] = u"applied"_s;
    std::optional<LocalValues> before;
    for (const Generation &kept : switcher.generations()) {
        if (before || !seen.fits(kept))
            continue;
        const auto cached = m_cache.find(service);
        if (cached != m_cache.end() && cached->second.root == kept.root) {
            before = cached->second.values;
        } else if (Result<LocalValues> values = read(kept.root, switcher)) {
            before = std::move(*values);
        }
        if (before)
            event[u"from"_s] = QString::fromLatin1(kept.root.hex());
    }
    const Result<const LocalValues *> after = load(service, *applied, switcher);
    if (after)
        add(event, changesBetween(before ? &*before : nullptr, **after));
    else // What changed cannot be told, but that it did.
        event[u"error"_s] = after.error().message;
    m_told.insert_or_assign(service, Told{seen, *applied, event});
    return event;
}

} // namespace coffer::agent
