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

void insertPage(QCborMap &map, const Page &page)
{
    if (!page.after.isEmpty())
        insertPath(map, "after", page.after);
    if (page.limit != 0)
        map.insert(QLatin1String("limit"), qint64(page.limit));
    if (page.detail != Detail::values)
        map.insert(QLatin1String("detail"), nameIn(detailNames, page.detail));
}

struct QuestionWriter
{
    QCborMap &map;

    void operator()(const Get &get) const { at(get.path, get.at); }
    void operator()(const Stat &stat) const { at(stat.path, stat.at); }
    void operator()(const List &list) const { paged(list.path, list); }
    void operator()(const Entries &entries) const { paged(entries.path, entries); }
    void operator()(const Match &match) const
    {
        insertPath(map, "pattern", match.pattern);
        insertPage(map, match.page);
        insertId(map, "revision", match.at);
    }
    void operator()(const Range &range) const
    {
        if (!range.from.isEmpty())
            insertPath(map, "from", range.from);
        if (!range.to.isEmpty())
            insertPath(map, "to", range.to);
        insertPage(map, range.page);
        insertId(map, "revision", range.at);
    }
    void operator()(const SessionState &state) const { insertId(map, "session", state.session); }
    void operator()(const SessionList &list) const
    {
        insertId(map, "after", list.after);
        if (list.limit != 0)
            map.insert(QLatin1String("limit"), qint64(list.limit));
    }
    void operator()(const StoreState &) const {}

private:
    void at(const QByteArray &path, Revision revision) const
    {
        insertPath(map, "path", path);
        insertId(map, "revision", revision);
    }
    template<class Paged>
    void paged(const QByteArray &path, const Paged &of) const
    {
        at(path, of.at);
        insertPage(map, of.page);
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

QCborMap toCbor(const FileView &file)
{
    QCborMap map;
    insertPath(map, "path", file.path);
    if (std::size_t(file.value.size()) == file.valueBytes)
        map.insert(QLatin1String("value"), file.value);
    map.insert(QLatin1String("bytes"), qint64(file.valueBytes));
    map.insert(QLatin1String("revision"), cborOf(file.revision));
    map.insert(QLatin1String("created"), cborOf(file.created));
    map.insert(QLatin1String("timeMs"), cborOf(file.time));
    insertId(map, "owner", file.owner);
    if (file.heldUntil)
        map.insert(QLatin1String("heldUntilMs"), cborOf(*file.heldUntil));
    return map;
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

QCborMap toCbor(const EntryView &entry)
{
    QCborMap map;
    insertPath(map, "name", entry.name);
    map.insert(QLatin1String("directory"), entry.isDirectory);
    return map;
}

EntryView entryOf(CborFields &fields)
{
    EntryView entry;
    entry.name = fields.text("name", limits::segmentBytesMax);
    entry.isDirectory = fields.flag("directory");
    return entry;
}

QCborMap toCbor(const SessionInfo &session)
{
    QCborMap map;
    map.insert(QLatin1String("session"), cborOf(session.session));
    map.insert(QLatin1String("timeToLiveMs"), cborOf(session.timeToLive));
    map.insert(QLatin1String("ephemerals"), qint64(session.ephemerals));
    map.insert(QLatin1String("outcomes"), qint64(session.outcomes));
    return map;
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

QCborMap toCbor(const StoreFigures &figures)
{
    QCborMap map;
    map.insert(QLatin1String("files"), qint64(figures.files));
    map.insert(QLatin1String("versions"), qint64(figures.versions));
    map.insert(QLatin1String("liveBytes"), qint64(figures.liveBytes));
    map.insert(QLatin1String("bytesMax"), qint64(figures.bytesMax));
    map.insert(QLatin1String("sessions"), qint64(figures.sessions));
    map.insert(QLatin1String("applyVersion"), qint64(figures.applyVersion));
    return map;
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

template<class Item>
void insertItems(QCborMap &map, const char *name, const std::vector<Item> &items)
{
    if (items.empty())
        return;
    QCborArray array;
    for (const Item &item : items)
        array.append(toCbor(item));
    map.insert(QLatin1String(name), array);
}

} // namespace

const char *methodOf(const Question &question) { return methodNames[question.index()]; }

QCborMap toCbor(const Question &question, const ReadOptions &options)
{
    QCborMap map;
    std::visit(QuestionWriter{map}, question);
    insertOptions(map, options);
    return map;
}

ReadOptions readOptionsOf(CborFields &fields)
{
    ReadOptions options;
    options.mode = kindOf(fields, "mode", modeNames);
    options.seen = Revision(fields.number("seen"));
    return options;
}

void insertOptions(QCborMap &map, const ReadOptions &options)
{
    if (options.mode != ReadMode::linearizable)
        map.insert(QLatin1String("mode"), nameIn(modeNames, options.mode));
    insertId(map, "seen", options.seen);
}

Result<ReadCall> readCall(QLatin1String method, const QCborMap &params)
{
    for (std::size_t kind = 0; kind < methodNames.size(); ++kind) {
        if (method != QLatin1String(methodNames[kind]))
            continue;
        CborFields fields(params);
        ReadCall call{questionOf(fields, kind), readOptionsOf(fields)};
        if (std::optional<Error> fault = fields.finish())
            return *fault;
        if (const Result<Question> checked = decodeQuestion(encode(call.question)); !checked)
            return checked.error();
        return call;
    }
    return Error{ErrorCode::notFound, QStringLiteral("%1 is no question").arg(method)};
}

QCborMap toCbor(const Reply &reply)
{
    QCborMap map;
    if (reply.status != ReplyStatus::ok)
        map.insert(QLatin1String("status"), nameIn(replyNames, reply.status));
    map.insert(QLatin1String("revision"), cborOf(reply.revision));
    map.insert(QLatin1String("floor"), cborOf(reply.floor));
    map.insert(QLatin1String("timeMs"), cborOf(reply.appliedTime));
    insertId(map, "at", reply.at);
    insertItems(map, "files", reply.files);
    insertItems(map, "entries", reply.entries);
    insertItems(map, "sessions", reply.sessions);
    if (reply.count != 0)
        map.insert(QLatin1String("count"), qint64(reply.count));
    if (reply.hasMore)
        map.insert(QLatin1String("more"), true);
    if (!reply.resume.isEmpty())
        insertPath(map, "resume", reply.resume);
    if (reply.isSessionAlive)
        map.insert(QLatin1String("alive"), true);
    if (reply.figures)
        map.insert(QLatin1String("figures"), toCbor(*reply.figures));
    return map;
}

Result<Reply> replyFromCbor(const QCborMap &map)
{
    CborFields fields(map);
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
        const QCborMap inner = fields.map("figures");
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
