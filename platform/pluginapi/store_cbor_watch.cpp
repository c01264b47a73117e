// SPDX-License-Identifier: Apache-2.0
#include "pluginapi/store_cbor.h"
#include "pluginapi/store_cbor_p.h"

namespace coffer::pluginapi {

using namespace store;

namespace {

constexpr Names<WatchKinds, 3> kindsNames{
    {{WatchKinds::all, "all"}, {WatchKinds::puts, "puts"}, {WatchKinds::deletes, "deletes"}}};
constexpr Names<WatchEvent::Kind, 2> eventNames{
    {{WatchEvent::Kind::put, "put"}, {WatchEvent::Kind::deleted, "deleted"}}};

/// More than any batch has: a revision comes whole.
constexpr std::size_t eventsMax = 1'000'000;

QCborMap toCbor(const FileVersion &file)
{
    QCborMap map;
    map.insert(QLatin1String("value"), file.value);
    map.insert(QLatin1String("revision"), cborOf(file.revision));
    map.insert(QLatin1String("created"), cborOf(file.created));
    map.insert(QLatin1String("timeMs"), cborOf(file.time));
    insertId(map, "owner", file.owner);
    return map;
}

FileVersion versionOf(CborFields &fields)
{
    FileVersion file;
    file.value = fields.bytes("value", limits::valueBytesMax);
    file.revision = Revision(fields.number("revision"));
    file.created = Revision(fields.number("created"));
    file.time = millisecondsOf(fields, "timeMs");
    file.owner = SessionId(fields.number("owner"));
    return file;
}

QCborMap toCbor(const WatchEvent &event)
{
    QCborMap map;
    if (event.kind == WatchEvent::Kind::put)
        map = toCbor(event.now);
    map.insert(QLatin1String("kind"), nameIn(eventNames, event.kind));
    map.insert(QLatin1String("revision"), cborOf(event.revision));
    insertPath(map, "path", event.path);
    if (event.previous)
        map.insert(QLatin1String("previous"), toCbor(*event.previous));
    if (event.isPreviousCut)
        map.insert(QLatin1String("previousCut"), true);
    return map;
}

WatchEvent eventOf(CborFields &fields)
{
    WatchEvent event;
    event.kind = kindOf(fields, "kind", eventNames);
    event.path = pathOf(fields, "path");
    event.revision = Revision(fields.number("revision"));
    if (event.kind == WatchEvent::Kind::put)
        event.now = versionOf(fields);
    if (fields.has("previous")) {
        const QCborMap inner = fields.map("previous");
        CborFields previous(inner, fields.nameOf("previous"));
        event.previous = versionOf(previous);
        if (std::optional<Error> fault = previous.finish())
            fields.fail(*fault);
    }
    event.isPreviousCut = fields.flag("previousCut");
    return event;
}

/// The glob of \a name; a fault if it is none.
std::optional<Glob> globOf(CborFields &fields, const char *name)
{
    fields.require(name);
    const QByteArray pattern = pathOf(fields, name);
    if (!fields.isSound())
        return {};
    Result<Glob> glob = Glob::parse(pattern);
    if (!glob) {
        fields.fail(glob.error().in(fields.nameOf(name)));
        return {};
    }
    return std::move(*glob);
}

} // namespace

QCborMap toCbor(const HistoryRequest &request, const ReadOptions &options)
{
    QCborMap map;
    insertPath(map, "pattern", request.glob.pattern());
    insertId(map, "from", request.from);
    insertId(map, "upTo", request.upTo);
    map.insert(QLatin1String("limit"), qint64(request.limit));
    if (request.withPrevious)
        map.insert(QLatin1String("previous"), true);
    insertOptions(map, options);
    return map;
}

Result<HistoryCall> historyCall(const QCborMap &params)
{
    CborFields fields(params);
    std::optional<Glob> glob = globOf(fields, "pattern");
    const Revision from(fields.number("from"));
    const Revision upTo(fields.number("upTo"));
    const std::uint64_t limit = fields.number("limit", limits::listFilesMax);
    const bool withPrevious = fields.flag("previous");
    const ReadOptions options = readOptionsOf(fields);
    if (std::optional<Error> fault = fields.finish())
        return *fault;
    return HistoryCall{
        HistoryRequest{std::move(*glob), from, upTo,
                       limit == 0 ? std::uint32_t(limits::listFilesMax) : std::uint32_t(limit),
                       withPrevious},
        options};
}

QCborMap toCbor(const WatchRequest &request)
{
    QCborMap map;
    insertPath(map, "pattern", request.glob.pattern());
    insertId(map, "from", request.from);
    if (request.withPrevious)
        map.insert(QLatin1String("previous"), true);
    if (request.kinds != WatchKinds::all)
        map.insert(QLatin1String("kinds"), nameIn(kindsNames, request.kinds));
    return map;
}

Result<WatchRequest> watchCall(const QCborMap &params)
{
    CborFields fields(params);
    std::optional<Glob> glob = globOf(fields, "pattern");
    const Revision from(fields.number("from"));
    const bool withPrevious = fields.flag("previous");
    const WatchKinds kinds = kindOf(fields, "kinds", kindsNames);
    if (std::optional<Error> fault = fields.finish())
        return *fault;
    return WatchRequest{std::move(*glob), from, withPrevious, kinds};
}

QCborMap toCbor(const WatchAnswer &answer)
{
    QCborMap map;
    if (const auto *compacted = std::get_if<WatchCompacted>(&answer)) {
        map.insert(QLatin1String("compacted"), cborOf(compacted->floor));
        return map;
    }
    const WatchBatch &batch = std::get<WatchBatch>(answer);
    QCborArray events;
    for (const WatchEvent &event : batch.events)
        events.append(toCbor(event));
    map.insert(QLatin1String("events"), events);
    map.insert(QLatin1String("progress"), cborOf(batch.progress));
    if (batch.hasMore)
        map.insert(QLatin1String("more"), true);
    return map;
}

Result<WatchAnswer> watchAnswerFromCbor(const QCborMap &map)
{
    CborFields fields(map);
    WatchAnswer answer;
    if (fields.has("compacted")) {
        answer = WatchCompacted{Revision(fields.number("compacted"))};
    } else {
        WatchBatch batch;
        batch.events = itemsOf<WatchEvent>(fields, "events", eventsMax, eventOf);
        batch.progress = Revision(fields.number("progress"));
        batch.hasMore = fields.flag("more");
        answer = std::move(batch);
    }
    if (std::optional<Error> fault = fields.finish())
        return *fault;
    return answer;
}

} // namespace coffer::pluginapi
