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

/// But for its revision.
void writeVersion(cbor::MapWriter &map, const FileVersion &file)
{
    map.bytes("value", file.value);
    writeNumber(map, "created", file.created);
    writeNumber(map, "timeMs", file.time);
    writeId(map, "owner", file.owner);
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

QByteArray written(const WatchEvent &event)
{
    cbor::MapWriter map;
    if (event.kind == WatchEvent::Kind::put)
        writeVersion(map, event.now);
    writeName(map, "kind", nameIn(eventNames, event.kind));
    writeNumber(map, "revision", event.revision);
    map.text("path", event.path);
    if (event.previous) {
        cbor::MapWriter previous;
        writeVersion(previous, *event.previous);
        writeNumber(previous, "revision", event.previous->revision);
        map.item("previous", previous.take());
    }
    if (event.isPreviousCut)
        map.flag("previousCut", true);
    return map.take();
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
        const QByteArrayView inner = fields.mapItem("previous");
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

QByteArray writeCbor(const HistoryRequest &request, const ReadOptions &options)
{
    cbor::MapWriter map;
    map.text("pattern", request.glob.pattern());
    writeId(map, "from", request.from);
    writeId(map, "upTo", request.upTo);
    map.number("limit", request.limit);
    if (request.withPrevious)
        map.flag("previous", true);
    writeOptions(map, options);
    return map.take();
}

QCborMap toCbor(const HistoryRequest &request, const ReadOptions &options)
{
    return valuesOf(writeCbor(request, options));
}

Result<HistoryCall> historyCall(const CborSource &params)
{
    CborFields fields(params.bytes());
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

QByteArray writeCbor(const WatchRequest &request)
{
    cbor::MapWriter map;
    map.text("pattern", request.glob.pattern());
    writeId(map, "from", request.from);
    if (request.withPrevious)
        map.flag("previous", true);
    if (request.kinds != WatchKinds::all)
        writeName(map, "kinds", nameIn(kindsNames, request.kinds));
    return map.take();
}

QCborMap toCbor(const WatchRequest &request) { return valuesOf(writeCbor(request)); }

Result<WatchRequest> watchCall(const CborSource &params)
{
    CborFields fields(params.bytes());
    std::optional<Glob> glob = globOf(fields, "pattern");
    const Revision from(fields.number("from"));
    const bool withPrevious = fields.flag("previous");
    const WatchKinds kinds = kindOf(fields, "kinds", kindsNames);
    if (std::optional<Error> fault = fields.finish())
        return *fault;
    return WatchRequest{std::move(*glob), from, withPrevious, kinds};
}

QByteArray writeCbor(const WatchAnswer &answer)
{
    cbor::MapWriter map;
    if (const auto *compacted = std::get_if<WatchCompacted>(&answer)) {
        writeNumber(map, "compacted", compacted->floor);
        return map.take();
    }
    const WatchBatch &batch = std::get<WatchBatch>(answer);
    map.array("events", batch.events.size());
    for (const WatchEvent &event : batch.events)
        map.append(written(event));
    writeNumber(map, "progress", batch.progress);
    if (batch.hasMore)
        map.flag("more", true);
    return map.take();
}

QCborMap toCbor(const WatchAnswer &answer) { return valuesOf(writeCbor(answer)); }

Result<WatchAnswer> watchAnswerFromCbor(const CborSource &map)
{
    CborFields fields(map.bytes());
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
