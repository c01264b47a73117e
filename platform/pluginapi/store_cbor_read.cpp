// SPDX-License-Identifier: Apache-2.0
#include "pluginapi/store_cbor.h"
#include "pluginapi/store_cbor_p.h"

namespace coffer::pluginapi {

using namespace store;

namespace {

// The order of the alternatives of store::Question.
constexpr std::array methodNames{"store.get",     "store.list",  "session.get",
                                 "store.figures", "store.range", "store.glob",
                                 "store.entries", "store.stat",  "session.list"};
static_assert(methodNames.size() == std::variant_size_v<Question>);

constexpr Names<ReadMode, 3> modeNames{{{ReadMode::linearizable, "linearizable"},
                                        {ReadMode::session, "session"},
                                        {ReadMode::local, "local"}}};
constexpr Names<Detail, 3> detailNames{
    {{Detail::values, "values"}, {Detail::keys, "keys"}, {Detail::count, "count"}}};
constexpr Names<ReplyStatus, 4> replyNames{{{ReplyStatus::ok, "ok"},
                                            {ReplyStatus::invalid, "invalid"},
                                            {ReplyStatus::notYet, "notYet"},
                                            {ReplyStatus::compacted, "compacted"}}};

void writePage(cbor::MapWriter &map, const Page &page)
{
    if (!page.after.isEmpty())
        map.text("after", page.after);
    if (page.limit != 0)
        map.number("limit", std::int64_t(page.limit));
    if (page.detail != Detail::values)
        writeName(map, "detail", nameIn(detailNames, page.detail));
}

struct QuestionWriter
{
    cbor::MapWriter &map;

    void operator()(const Get &get) const { at(get.path, get.at); }
    void operator()(const Stat &stat) const { at(stat.path, stat.at); }
    void operator()(const List &list) const { paged(list.path, list); }
    void operator()(const Entries &entries) const { paged(entries.path, entries); }
    void operator()(const Match &match) const
    {
        map.text("pattern", match.pattern);
        writePage(map, match.page);
        writeId(map, "revision", match.at);
    }
    void operator()(const Range &range) const
    {
        if (!range.from.isEmpty())
            map.text("from", range.from);
        if (!range.to.isEmpty())
            map.text("to", range.to);
        writePage(map, range.page);
        writeId(map, "revision", range.at);
    }
    void operator()(const SessionState &state) const { writeId(map, "session", state.session); }
    void operator()(const SessionList &list) const
    {
        writeId(map, "after", list.after);
        if (list.limit != 0)
            map.number("limit", std::int64_t(list.limit));
    }
    void operator()(const StoreState &) const {}

private:
    void at(const QByteArray &path, Revision revision) const
    {
        map.text("path", path);
        writeId(map, "revision", revision);
    }
    template<class Paged>
    void paged(const QByteArray &path, const Paged &of) const
    {
        at(path, of.at);
        writePage(map, of.page);
    }
};

QByteArray requiredPath(CborFields &fields, const char *name)
{
    fields.require(name);
    return pathOf(fields, name);
}

Page pageOf(CborFields &fields)
{
    Page page;
    page.after = fields.text("after", limits::pathBytesMax + 1);
    page.limit = std::uint32_t(fields.number("limit", UINT32_MAX));
    page.detail = kindOf(fields, "detail", detailNames);
    return page;
}

Revision revisionOf(CborFields &fields) { return Revision(fields.number("revision")); }

SessionId requiredSession(CborFields &fields)
{
    fields.require("session");
    const SessionId session(fields.number("session"));
    if (session.isNone())
        fields.fail("session", QStringLiteral("has to be at least 1"));
    return session;
}

Question questionOf(CborFields &fields, std::size_t kind)
{
    switch (kind) {
    case 0: return Get{requiredPath(fields, "path"), revisionOf(fields)};
    case 1: return List{requiredPath(fields, "path"), pageOf(fields), revisionOf(fields)};
    case 2: return SessionState{requiredSession(fields)};
    case 3: return StoreState{};
    case 4:
        return Range{fields.text("from", limits::pathBytesMax + 1),
                     fields.text("to", limits::pathBytesMax + 1), pageOf(fields),
                     revisionOf(fields)};
    case 5: return Match{requiredPath(fields, "pattern"), pageOf(fields), revisionOf(fields)};
    case 6: return Entries{requiredPath(fields, "path"), pageOf(fields), revisionOf(fields)};
    case 7: return Stat{requiredPath(fields, "path"), revisionOf(fields)};
    default:
        return SessionList{SessionId(fields.number("after")),
                           std::uint32_t(fields.number("limit", UINT32_MAX))};
    }
}

QByteArray written(const FileView &file)
{
    cbor::MapWriter map;
    map.text("path", file.path);
    if (std::size_t(file.value.size()) == file.valueBytes)
        map.bytes("value", file.value);
    map.number("bytes", std::int64_t(file.valueBytes));
    writeNumber(map, "revision", file.revision);
    writeNumber(map, "created", file.created);
    writeNumber(map, "timeMs", file.time);
    writeId(map, "owner", file.owner);
    if (file.heldUntil)
        writeNumber(map, "heldUntilMs", *file.heldUntil);
    return map.take();
}

FileView fileOf(CborFields &fields)
{
    FileView file;
    file.path = requiredPath(fields, "path");
    file.value = fields.bytes("value", limits::valueBytesMax);
    file.valueBytes = std::uint32_t(fields.number("bytes", limits::valueBytesMax));
    if (fields.has("value") && std::size_t(file.value.size()) != file.valueBytes)
        fields.fail("bytes", QStringLiteral("is not the size of the value"));
    file.revision = revisionOf(fields);
    file.created = Revision(fields.number("created"));
    file.time = millisecondsOf(fields, "timeMs");
    file.owner = SessionId(fields.number("owner"));
    if (fields.has("heldUntilMs"))
        file.heldUntil = millisecondsOf(fields, "heldUntilMs");
    return file;
}

QByteArray written(const EntryView &entry)
{
    cbor::MapWriter map;
    map.text("name", entry.name);
    map.flag("directory", entry.isDirectory);
    return map.take();
}

EntryView entryOf(CborFields &fields)
{
    EntryView entry;
    entry.name = fields.text("name", limits::segmentBytesMax);
    entry.isDirectory = fields.flag("directory");
    return entry;
}

QByteArray written(const SessionInfo &session)
{
    cbor::MapWriter map;
    writeNumber(map, "session", session.session);
    writeNumber(map, "timeToLiveMs", session.timeToLive);
    map.number("ephemerals", std::int64_t(session.ephemerals));
    map.number("outcomes", std::int64_t(session.outcomes));
    return map.take();
}

SessionInfo sessionOf(CborFields &fields)
{
    SessionInfo session;
    session.session = SessionId(fields.number("session"));
    session.timeToLive = millisecondsOf(fields, "timeToLiveMs");
    session.ephemerals = std::uint32_t(fields.number("ephemerals", UINT32_MAX));
    session.outcomes = std::uint32_t(fields.number("outcomes", UINT32_MAX));
    return session;
}

QByteArray written(const StoreFigures &figures)
{
    cbor::MapWriter map;
    map.number("files", std::int64_t(figures.files));
    map.number("versions", std::int64_t(figures.versions));
    map.number("liveBytes", std::int64_t(figures.liveBytes));
    map.number("bytesMax", std::int64_t(figures.bytesMax));
    map.number("sessions", std::int64_t(figures.sessions));
    map.number("applyVersion", std::int64_t(figures.applyVersion));
    return map.take();
}

StoreFigures figuresOf(CborFields &fields)
{
    StoreFigures figures;
    figures.files = fields.number("files");
    figures.versions = fields.number("versions");
    figures.liveBytes = fields.number("liveBytes");
    figures.bytesMax = fields.number("bytesMax");
    figures.sessions = fields.number("sessions");
    figures.applyVersion = std::uint32_t(fields.number("applyVersion", UINT32_MAX));
    return figures;
}

} // namespace

const char *methodOf(const Question &question) { return methodNames[question.index()]; }

QByteArray writeCbor(const Question &question, const ReadOptions &options)
{
    cbor::MapWriter map;
    std::visit(QuestionWriter{map}, question);
    writeOptions(map, options);
    return map.take();
}

QCborMap toCbor(const Question &question, const ReadOptions &options)
{
    return valuesOf(writeCbor(question, options));
}

ReadOptions readOptionsOf(CborFields &fields)
{
    ReadOptions options;
    options.mode = kindOf(fields, "mode", modeNames);
    options.seen = Revision(fields.number("seen"));
    return options;
}

void writeOptions(cbor::MapWriter &map, const ReadOptions &options)
{
    if (options.mode != ReadMode::linearizable)
        writeName(map, "mode", nameIn(modeNames, options.mode));
    writeId(map, "seen", options.seen);
}

Result<ReadCall> readCall(QLatin1String method, const CborSource &params)
{
    for (std::size_t kind = 0; kind < methodNames.size(); ++kind) {
        if (method != QLatin1String(methodNames[kind]))
            continue;
        CborFields fields(params.bytes());
        ReadCall call{questionOf(fields, kind), readOptionsOf(fields)};
        if (std::optional<Error> fault = fields.finish())
            return *fault;
        if (const Result<Question> checked = decodeQuestion(encode(call.question)); !checked)
            return checked.error();
        return call;
    }
    return Error{ErrorCode::notFound, QStringLiteral("%1 is no question").arg(method)};
}

QByteArray writeCbor(const Reply &reply)
{
    cbor::MapWriter map;
    if (reply.status != ReplyStatus::ok)
        writeName(map, "status", nameIn(replyNames, reply.status));
    writeNumber(map, "revision", reply.revision);
    writeNumber(map, "floor", reply.floor);
    writeNumber(map, "timeMs", reply.appliedTime);
    writeId(map, "at", reply.at);
    writeItems(map, "files", reply.files, [](const auto &item) { return written(item); });
    writeItems(map, "entries", reply.entries, [](const auto &item) { return written(item); });
    writeItems(map, "sessions", reply.sessions, [](const auto &item) { return written(item); });
    if (reply.count != 0)
        map.number("count", std::int64_t(reply.count));
    if (reply.hasMore)
        map.flag("more", true);
    if (!reply.resume.isEmpty())
        map.text("resume", reply.resume);
    if (reply.isSessionAlive)
        map.flag("alive", true);
    if (reply.figures)
        map.item("figures", written(*reply.figures));
    return map.take();
}

QCborMap toCbor(const Reply &reply) { return valuesOf(writeCbor(reply)); }

Result<Reply> replyFromCbor(const CborSource &map)
{
    CborFields fields(map.bytes());
    Reply reply;
    reply.status = kindOf(fields, "status", replyNames);
    reply.revision = revisionOf(fields);
    reply.floor = Revision(fields.number("floor"));
    reply.appliedTime = millisecondsOf(fields, "timeMs");
    reply.at = Revision(fields.number("at"));
    reply.files = itemsOf<FileView>(fields, "files", limits::listFilesMax, fileOf);
    reply.entries = itemsOf<EntryView>(fields, "entries", limits::listFilesMax, entryOf);
    reply.sessions = itemsOf<SessionInfo>(fields, "sessions", limits::listFilesMax, sessionOf);
    reply.count = fields.number("count");
    reply.hasMore = fields.flag("more");
    reply.resume = fields.text("resume", limits::pathBytesMax + 1);
    reply.isSessionAlive = fields.flag("alive");
    if (fields.has("figures")) {
        const QByteArrayView inner = fields.mapItem("figures");
        CborFields figures(inner, QStringLiteral("figures"));
        reply.figures = figuresOf(figures);
        if (std::optional<Error> fault = figures.finish())
            fields.fail(*fault);
    }
    if (std::optional<Error> fault = fields.finish())
        return *fault;
    return reply;
}

} // namespace coffer::pluginapi
