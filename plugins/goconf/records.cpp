// SPDX-License-Identifier: Apache-2.0
#include "goconf/records.h"

#include "config/name.h"
#include "goconf/paths.h"
#include "goconf/record_fields.h"

#include <QJsonDocument>
#include <QJsonObject>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace coffer::goconf {

using config::Hash;

static constexpr std::size_t itemsMax = 10'000; ///< Of any list in a record.

static qint64 number(WallMs time) { return qint64(time.count()); }

static void put(QCborMap &map, const Trace &trace)
{
    map.insert(u"by"_s, textOf(trace.by));
    map.insert(u"at"_s, number(trace.at));
}

static Trace readTrace(RecordFields &fields)
{
    Trace trace;
    trace.by = fields.text("by");
    trace.at = fields.time("at");
    return trace;
}

/// Empty is a null hash.
static Hash readHash(RecordFields &fields, const char *name)
{
    const QByteArray hex = fields.text(name, 64);
    const std::optional<Hash> hash = Hash::fromHex(hex);
    if (!hash && !hex.isEmpty())
        fields.fail({ErrorCode::invalid, QLatin1String(name) + u": expected 64 hex digits"_s});
    return hash.value_or(Hash());
}

static QByteArray readVersion(RecordFields &fields, const char *name)
{
    const QByteArray version = fields.text(name, 32);
    if (!version.isEmpty() && !versionNumber(version))
        fields.fail({ErrorCode::invalid, QLatin1String(name) + u": expected a version (v7)"_s});
    return version;
}

/// The record, or what is wrong with it.
template<class Record>
static Result<Record> finished(RecordFields &fields, Record record)
{
    if (const std::optional<Error> fault = fields.finish())
        return *fault;
    return record;
}

// ---- services, data centres, hosts

static Result<SchemaMark> schemaMarkOf(const QCborMap &map)
{
    RecordFields fields(map, u"schemas"_s);
    SchemaMark mark;
    mark.hash = readHash(fields, "hash");
    mark.bytes = fields.number("bytes");
    mark.made = readTrace(fields);
    if (mark.hash.isNull())
        fields.fail({ErrorCode::invalid, u"hash: expected 64 hex digits"_s});
    return finished(fields, mark);
}

Result<ServiceRecord> ServiceRecord::parse(const QByteArray &json)
{
    RecordFields fields(json, u"record of a service"_s);
    ServiceRecord record;
    record.last = fields.number("last");
    record.note = fields.text("note");
    record.made = readTrace(fields);
    const QCborMap schemas = fields.map("schemas");
    if (std::size_t(schemas.size()) > schemasMax)
        fields.fail({ErrorCode::invalid, u"schemas: expected at most %1"_s.arg(schemasMax)});
    for (auto it = schemas.begin(); it != schemas.end(); ++it) {
        const QByteArray path = it.key().toString().toUtf8();
        const Result<SchemaMark> mark = schemaMarkOf(it.value().toMap());
        if (!mark || (!path.isEmpty() && !config::isFilePath(path)))
            fields.fail(mark ? Error{ErrorCode::invalid, u"schemas: expected paths"_s}
                             : mark.error());
        else
            record.schemas.insert_or_assign(path, *mark);
    }
    return finished(fields, record);
}

QByteArray ServiceRecord::toJson() const
{
    QCborMap map{{u"last"_s, qint64(last)}, {u"note"_s, textOf(note)}};
    put(map, made);
    QCborMap marks;
    for (const auto &[path, mark] : schemas) {
        QCborMap one{{u"hash"_s, textOf(mark.hash.hex())}, {u"bytes"_s, qint64(mark.bytes)}};
        put(one, mark.made);
        marks.insert(textOf(path), one);
    }
    if (!marks.isEmpty())
        map.insert(u"schemas"_s, marks);
    return jsonOf(map);
}

Result<IdcRecord> IdcRecord::parse(const QByteArray &json)
{
    RecordFields fields(json, u"record of a data centre"_s);
    IdcRecord record;
    record.note = fields.text("note");
    record.made = readTrace(fields);
    return finished(fields, record);
}

QByteArray IdcRecord::toJson() const
{
    QCborMap map{{u"note"_s, textOf(note)}};
    put(map, made);
    return jsonOf(map);
}

bool HostRecord::wants(const QByteArray &service) const
{
    return std::any_of(services.begin(), services.end(),
                       [&service](const QByteArray &one) { return one == "*" || one == service; });
}

Result<HostRecord> HostRecord::parse(const QByteArray &json)
{
    RecordFields fields(json, u"record of a host"_s);
    HostRecord record;
    record.idc = fields.neededText("idc");
    record.services = fields.texts("services", itemsMax);
    const QCborMap labels = fields.map("labels");
    for (auto it = labels.begin(); it != labels.end(); ++it) {
        if (!it.value().isString())
            fields.fail({ErrorCode::invalid, u"labels: expected texts"_s});
        record.labels.insert_or_assign(it.key().toString().toUtf8(),
                                       it.value().toString().toUtf8());
    }
    record.note = fields.text("note");
    record.made = readTrace(fields);
    record.joinHash = readHash(fields, "joinHash");
    record.joinUntil = fields.time("joinUntil");
    if (record.joinHash.isNull() && record.joinUntil != WallMs(0))
        fields.fail({ErrorCode::invalid, u"joinUntil: expected with joinHash alone"_s});
    record.secretHash = readHash(fields, "secretHash");
    return finished(fields, record);
}

QByteArray HostRecord::toJson() const
{
    QCborMap names;
    for (const auto &[name, value] : labels)
        names.insert(textOf(name), textOf(value));
    QCborMap map{{u"idc"_s, textOf(idc)},
                 {u"services"_s, arrayOf(services)},
                 {u"labels"_s, names},
                 {u"note"_s, textOf(note)}};
    put(map, made);
    if (!joinHash.isNull()) {
        map.insert(u"joinHash"_s, textOf(joinHash.hex()));
        map.insert(u"joinUntil"_s, number(joinUntil));
    }
    if (!secretHash.isNull())
        map.insert(u"secretHash"_s, textOf(secretHash.hex()));
    return jsonOf(map);
}

// ---- versions

bool Candidate::names(const QByteArray &host) const
{
    return std::find(hosts.begin(), hosts.end(), host) != hosts.end();
}

static Result<Candidate> candidateOf(const QCborMap &map)
{
    RecordFields fields(map, u"candidate"_s);
    Candidate candidate;
    candidate.version = readVersion(fields, "version");
    if (candidate.version.isEmpty())
        fields.fail({ErrorCode::invalid, u"version: expected a version (v7)"_s});
    candidate.release = fields.neededText("release");
    candidate.hosts = fields.texts("hosts", itemsMax);
    candidate.draft = fields.text("draft");
    candidate.upTo = Revision(fields.number("upTo"));
    candidate.made = readTrace(fields);
    return finished(fields, candidate);
}

static QCborMap mapOf(const Candidate &candidate)
{
    QCborMap map{{u"version"_s, textOf(candidate.version)},
                 {u"release"_s, textOf(candidate.release)},
                 {u"hosts"_s, arrayOf(candidate.hosts)}};
    if (!candidate.draft.isEmpty()) {
        map.insert(u"draft"_s, textOf(candidate.draft));
        map.insert(u"upTo"_s, qint64(candidate.upTo.value()));
    }
    put(map, candidate.made);
    return map;
}

Result<Pointer> Pointer::parse(const QByteArray &json)
{
    RecordFields fields(json, u"pointer to the live version"_s);
    Pointer pointer;
    pointer.current = readVersion(fields, "cur_ver");
    pointer.previous = readVersion(fields, "prev_ver");
    pointer.last = readVersion(fields, "last_ver");
    pointer.release = fields.neededText("release");
    pointer.made = readTrace(fields);
    if (fields.has("candidate")) {
        const Result<Candidate> candidate = candidateOf(fields.map("candidate"));
        if (!candidate)
            fields.fail(candidate.error());
        else
            pointer.candidate = *candidate;
    }
    pointer.until = fields.time("until");
    return finished(fields, pointer);
}

QByteArray Pointer::toJson() const
{
    QCborMap map{{u"cur_ver"_s, textOf(current)},
                 {u"prev_ver"_s, textOf(previous)},
                 {u"last_ver"_s, textOf(last)},
                 {u"release"_s, textOf(release)}};
    put(map, made);
    if (candidate)
        map.insert(u"candidate"_s, mapOf(*candidate));
    if (until != WallMs(0))
        map.insert(u"until"_s, number(until));
    return jsonOf(map);
}

Hash Snapshot::contentHash(const Hash &base, const Hash &own)
{
    return Hash::of(base.hex() + '\n' + own.hex() + '\n');
}

Result<Snapshot> Snapshot::parse(const QByteArray &json)
{
    RecordFields fields(json, u"snapshot"_s);
    Snapshot snapshot;
    snapshot.parent = readVersion(fields, "parent");
    snapshot.hash = readHash(fields, "hash");
    snapshot.author = fields.text("author");
    snapshot.at = fields.time("at");
    snapshot.note = fields.text("note");
    snapshot.base = readHash(fields, "base");
    snapshot.own = readHash(fields, "own");
    snapshot.release = fields.neededText("release");
    snapshot.pieces = fields.number("pieces");
    if (snapshot.hash != contentHash(snapshot.base, snapshot.own))
        fields.fail({ErrorCode::corrupt, u"hash: it is not that of the layers"_s});
    return finished(fields, snapshot);
}

QByteArray Snapshot::toJson() const
{
    return jsonOf({{u"parent"_s, textOf(parent)},
                   {u"hash"_s, textOf(hash.hex())},
                   {u"author"_s, textOf(author)},
                   {u"at"_s, number(at)},
                   {u"note"_s, textOf(note)},
                   {u"base"_s, textOf(base.hex())},
                   {u"own"_s, textOf(own.hex())},
                   {u"release"_s, textOf(release)},
                   {u"pieces"_s, qint64(pieces)}});
}

// ---- releases

QByteArray nameOf(ReleaseRecord::Kind kind)
{
    switch (kind) {
    case ReleaseRecord::Kind::publish: return "publish";
    case ReleaseRecord::Kind::rollback: return "rollback";
    case ReleaseRecord::Kind::canary: return "canary";
    case ReleaseRecord::Kind::abandon: return "abandon";
    case ReleaseRecord::Kind::undo: return "undo";
    case ReleaseRecord::Kind::expire: break;
    }
    return "expire";
}

static ReleaseRecord::Kind readKind(RecordFields &fields)
{
    const QByteArray name = fields.neededText("kind");
    using Kind = ReleaseRecord::Kind;
    for (const Kind kind :
         {Kind::publish, Kind::rollback, Kind::undo, Kind::canary, Kind::abandon, Kind::expire}) {
        if (name == nameOf(kind))
            return kind;
    }
    fields.fail({ErrorCode::invalid,
                 u"kind: expected publish, rollback, undo, canary, abandon or expire"_s});
    return Kind::publish;
}

static Result<ReleaseRecord::Service> serviceOf(const QCborMap &map)
{
    RecordFields fields(map, u"services"_s);
    ReleaseRecord::Service service;
    service.service = fields.neededText("service");
    for (const QCborMap &one : fields.maps("targets", itemsMax)) {
        RecordFields of(one, u"targets"_s);
        ReleaseRecord::Target target;
        target.scope = of.neededText("scope");
        target.from = readVersion(of, "from");
        target.to = readVersion(of, "to");
        if (const std::optional<Error> fault = of.finish())
            return *fault;
        service.targets.push_back(target);
    }
    return finished(fields, service);
}

Result<ReleaseRecord> ReleaseRecord::parse(const QByteArray &json)
{
    RecordFields fields(json, u"record of a release"_s);
    ReleaseRecord record;
    record.kind = readKind(fields);
    record.change = fields.neededText("change");
    for (const QCborMap &map : fields.maps("services", itemsMax)) {
        const Result<Service> service = serviceOf(map);
        if (!service) {
            fields.fail(service.error());
            break;
        }
        record.services.push_back(*service);
    }
    record.message = fields.text("message");
    record.made = readTrace(fields);
    record.from = fields.text("from");
    record.hosts = fields.number("hosts");
    record.diff = readHash(fields, "diff");
    record.wish = readHash(fields, "wish");
    record.canary = fields.texts("canary", itemsMax);
    record.candidate = fields.text("candidate");
    return finished(fields, record);
}

QByteArray ReleaseRecord::toJson() const
{
    QCborArray all;
    for (const Service &service : services) {
        QCborArray moved;
        for (const Target &target : service.targets) {
            moved.append(QCborMap{{u"scope"_s, textOf(target.scope)},
                                  {u"from"_s, textOf(target.from)},
                                  {u"to"_s, textOf(target.to)}});
        }
        all.append(QCborMap{{u"service"_s, textOf(service.service)}, {u"targets"_s, moved}});
    }
    QCborMap map{{u"kind"_s, textOf(nameOf(kind))},
                 {u"change"_s, textOf(change)},
                 {u"services"_s, all},
                 {u"message"_s, textOf(message)},
                 {u"from"_s, textOf(from)},
                 {u"hosts"_s, qint64(hosts)},
                 {u"diff"_s, textOf(diff.hex())}};
    if (!wish.isNull())
        map.insert(u"wish"_s, textOf(wish.hex()));
    if (!canary.empty())
        map.insert(u"canary"_s, arrayOf(canary));
    if (!candidate.isEmpty())
        map.insert(u"candidate"_s, textOf(candidate));
    put(map, made);
    return jsonOf(map);
}

// ---- drafts and reports

Result<DraftRecord> DraftRecord::parse(const QByteArray &json)
{
    RecordFields fields(json, u"pending change"_s);
    DraftRecord record;
    record.made = readTrace(fields);
    const Result<config::Change> change = config::decodeChange(jsonOf(fields.map("change")));
    if (!change) {
        fields.fail(change.error());
        return *fields.finish();
    }
    record.change = *change;
    return finished(fields, record);
}

QByteArray DraftRecord::toJson() const
{
    const QJsonDocument document = QJsonDocument::fromJson(config::encode(change));
    QCborMap map{{u"change"_s, QCborMap::fromJsonObject(document.object())}};
    put(map, made);
    return jsonOf(map);
}

Result<ReportRecord> ReportRecord::parse(const QByteArray &json)
{
    RecordFields fields(json, u"report of a host"_s);
    ReportRecord record;
    record.version = readVersion(fields, "ver");
    record.root = readHash(fields, "root");
    record.state = fields.neededText("state");
    record.error = fields.text("error");
    record.via = fields.text("via");
    record.at = fields.time("at");
    record.since = fields.time("since");
    record.instance = fields.text("instance");
    record.address = fields.text("address");
    record.agent = fields.text("agent");
    record.release = fields.text("release");
    record.tried = readVersion(fields, "tried");
    return finished(fields, record);
}

QByteArray ReportRecord::toJson() const
{
    return jsonOf({{u"ver"_s, textOf(version)},
                   {u"root"_s, textOf(root.hex())},
                   {u"state"_s, textOf(state)},
                   {u"error"_s, textOf(error)},
                   {u"via"_s, textOf(via)},
                   {u"at"_s, number(at)},
                   {u"since"_s, number(since)},
                   {u"instance"_s, textOf(instance)},
                   {u"address"_s, textOf(address)},
                   {u"agent"_s, textOf(agent)},
                   {u"release"_s, textOf(release)},
                   {u"tried"_s, textOf(tried)}});
}

} // namespace coffer::goconf
