// SPDX-License-Identifier: Apache-2.0
#include "agent/record.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

namespace coffer::agent {

/// Bytes of any kind as JSON text and back.
static QJsonValue textOf(const QByteArray &bytes) { return QString::fromLatin1(bytes); }
static QByteArray bytesOf(const QJsonValue &text) { return text.toString().toLatin1(); }

static QJsonArray textsOf(const std::vector<QByteArray> &list)
{
    QJsonArray array;
    for (const QByteArray &bytes : list)
        array.append(textOf(bytes));
    return array;
}

static std::vector<QByteArray> listOf(const QJsonValue &value)
{
    std::vector<QByteArray> list;
    for (const auto text : value.toArray())
        list.push_back(bytesOf(text));
    return list;
}

static QJsonObject objectOf(const Generation &generation)
{
    return {{QStringLiteral("root"), textOf(generation.root.hex())},
            {QStringLiteral("version"), textOf(generation.version)},
            {QStringLiteral("release"), textOf(generation.release)}};
}

static Generation generationOf(const QJsonObject &object)
{
    return {config::Hash::fromHex(bytesOf(object.value(QLatin1String("root"))))
                .value_or(config::Hash()),
            bytesOf(object.value(QLatin1String("version"))),
            bytesOf(object.value(QLatin1String("release")))};
}

static QJsonArray arrayOf(const Place &place)
{
    return {textOf(place.destination), int(place.style)};
}

static Place placeOf(const QJsonArray &array)
{
    return {bytesOf(array.at(0)), Target::Style(array.at(1).toInt())};
}

static QJsonObject objectOf(const Intent &intent)
{
    QJsonArray steps;
    for (const Intent::Step &step : intent.steps)
        steps.append(QJsonArray{int(step.kind), textOf(step.path)});
    return {{QStringLiteral("to"), objectOf(intent.to)},
            {QStringLiteral("place"), arrayOf(intent.place)},
            {QStringLiteral("directory"), textOf(intent.directory)},
            {QStringLiteral("isDirectoryNew"), intent.isDirectoryNew},
            {QStringLiteral("linkBefore"), textOf(intent.linkBefore)},
            {QStringLiteral("steps"), steps},
            {QStringLiteral("directories"), textsOf(intent.directories)}};
}

static Intent intentOf(const QJsonObject &object)
{
    Intent intent{.to = generationOf(object.value(QLatin1String("to")).toObject()),
                  .place = placeOf(object.value(QLatin1String("place")).toArray()),
                  .directory = bytesOf(object.value(QLatin1String("directory"))),
                  .isDirectoryNew = object.value(QLatin1String("isDirectoryNew")).toBool(),
                  .linkBefore = bytesOf(object.value(QLatin1String("linkBefore"))),
                  .directories = listOf(object.value(QLatin1String("directories")))};
    for (const auto step : object.value(QLatin1String("steps")).toArray())
        intent.steps.push_back(
            {Intent::Step::Kind(step.toArray().at(0).toInt()), bytesOf(step.toArray().at(1))});
    return intent;
}

QByteArray encode(const Record &record)
{
    QJsonArray kept;
    for (const Kept &one : record.kept) {
        QJsonObject object = objectOf(one.generation);
        object.insert(QStringLiteral("directory"), textOf(one.directory));
        kept.append(object);
    }
    QJsonObject object{{QStringLiteral("format"), 1},
                       {QStringLiteral("kept"), kept},
                       {QStringLiteral("place"), arrayOf(record.place)},
                       {QStringLiteral("owesReload"), record.owesReload},
                       {QStringLiteral("directories"), textsOf(record.directories)},
                       {QStringLiteral("trash"), textsOf(record.trash)}};
    if (record.intent)
        object.insert(QStringLiteral("intent"), objectOf(*record.intent));
    if (record.heldUntil)
        object.insert(QStringLiteral("heldUntil"), qint64(record.heldUntil->count()));
    const QByteArray json = QJsonDocument(object).toJson(QJsonDocument::Compact) + '\n';
    return json + config::Hash::of(json).hex() + '\n';
}

Result<Record> decodeRecord(const QByteArray &bytes)
{
    const Error damaged{ErrorCode::corrupt, QStringLiteral("the record of the state is damaged")};
    const qsizetype end = bytes.indexOf('\n') + 1;
    const QByteArray json = bytes.first(end);
    if (end == 0 || bytes.sliced(end) != config::Hash::of(json).hex() + '\n')
        return damaged;
    const QJsonObject object = QJsonDocument::fromJson(json).object();
    if (object.value(QLatin1String("format")).toInt() != 1)
        return Error{ErrorCode::corrupt,
                     QStringLiteral("the record of the state was written by another version of "
                                    "coffer-agent")};
    Record record{.place = placeOf(object.value(QLatin1String("place")).toArray()),
                  .owesReload = object.value(QLatin1String("owesReload")).toBool(),
                  .directories = listOf(object.value(QLatin1String("directories"))),
                  .trash = listOf(object.value(QLatin1String("trash")))};
    for (const auto one : object.value(QLatin1String("kept")).toArray())
        record.kept.push_back({generationOf(one.toObject()),
                               bytesOf(one.toObject().value(QLatin1String("directory")))});
    if (object.contains(QLatin1String("intent")))
        record.intent = intentOf(object.value(QLatin1String("intent")).toObject());
    if (object.contains(QLatin1String("heldUntil")))
        record.heldUntil = WallMs(object.value(QLatin1String("heldUntil")).toInteger());
    if (encode(record) != bytes)
        return damaged;
    return record;
}

/// Where the line begins that ends before \a end.
static qsizetype lineBefore(const QByteArray &text, qsizetype end)
{
    return end > 1 ? text.lastIndexOf('\n', end - 2) + 1 : 0;
}

Result<LastRecord> decodeLast(const QByteArray &log)
{
    qsizetype end = log.size();
    while (end > 0) {
        const qsizetype hash = lineBefore(log, end);
        const qsizetype json = lineBefore(log, hash);
        const QByteArray text = log.sliced(json, hash - json);
        if (log.sliced(hash, end - hash) == config::Hash::of(text).hex() + '\n') {
            Result<Record> record = decodeRecord(log.sliced(json, end - json));
            if (!record)
                return record.error();
            return LastRecord{*std::move(record), end == log.size()};
        }
        end = hash;
    }
    return Error{ErrorCode::corrupt, QStringLiteral("the record of the state is damaged")};
}

} // namespace coffer::agent
