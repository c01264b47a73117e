// SPDX-License-Identifier: Apache-2.0
#include "goconf/draft_methods.h"

#include "goconf/item_cbor.h"
#include "goconf/method_kit.h"
#include "goconf/record_fields.h"
#include "goconf/release_plan.h"

#include "config/limits.h"
#include "config/splice.h"
#include "store/limits.h"

#include <algorithm>
#include <set>

using namespace Qt::StringLiterals;

namespace coffer::goconf {

using config::Item;
using config::Place;
using rpc::Access;
using rpc::Answer;
using rpc::Code;
using rpc::Failure;

static constexpr int tries = 5;
static constexpr qsizetype transactionBytesMax = 3 << 20;

static const char *const editsSchema = R"("service":$service,"scope":$scope,"draft":$draft,
    "as":{"type":"string","maxLength":128,"description":"who you are, if the node does not know"},
    "force":{"type":"boolean","description":"over the pending changes of others"},
    "edits":{"type":"array","minItems":1,"maxItems":1000,"items":{"type":"object","required":["op"],
        "additionalProperties":false,"properties":{
        "op":{"enum":["set","unset","comment","file","removeFile","output","removeOutput",
            "splice","tombstone","put"]},
        "section":$name,"key":$name,"value":{"type":"string"},"type":{"type":"string"},
        "comment":{"type":"string","maxLength":16384},
        "choices":{"type":"array","maxItems":256,"items":{"type":"string"}},
        "seen":{"type":"integer","minimum":0,
            "description":"revision of the pending change, 0 for none"},
        "path":{"type":"string","maxLength":512},"object":$hash,
        "bytes":{"type":"integer","minimum":0,"maximum":16777216},
        "mode":{"type":"string","pattern":"^0?[0-7]{3}$"},
        "owner":{"type":"string","maxLength":64},"group":{"type":"string","maxLength":64},
        "format":{"enum":["goconf","env","json","yaml","ini","properties","toml"]},
        "sections":$names,"place":{"type":"object"},
        "item":{"description":"with put: what is to be at the place; null: nothing"},
        "final":{"type":"boolean","description":"no higher layer may have a say in it"},
        "secret":{"type":"boolean","description":"refused: secrets cannot be kept yet"},
        "pointer":{"type":"string","maxLength":4096}}}})";

static std::vector<rpc::Touch> touchesObject(const rpc::Call & /*call*/)
{
    return {{Access::Kind::write, "/config/_object/*", false}};
}

Result<void> DraftMethods::start()
{
    pluginapi::Methods &methods = m_context.methods();
    using Kind = Access::Kind;
    const QByteArray of = R"("service":$service,"scope":$scope,"draft":$draft)";
    for (const Result<void> &added :
         {methods.add(methodOf(u"goconf.draft.list"_s, u"Lists drafts with pending changes."_s,
                               schemaOf(R"("service":$service)"), Kind::read, &touchesService),
                      *this, &DraftMethods::list),
          methods.add(methodOf(u"goconf.draft.get"_s,
                               u"Shows what is pending, by whom, and what collides with what was "
                               "published since."_s,
                               schemaOf(of, R"("service")"), Kind::read, &touchesService),
                      *this, &DraftMethods::get),
          methods.add(
              methodOf(u"goconf.draft.edit"_s, u"Edits a draft: all edits of a call, or none."_s,
                       schemaOf(editsSchema, R"("service","edits")"), Kind::write, &touchesDraft),
              *this, &DraftMethods::edit),
          methods.add(methodOf(u"goconf.draft.discard"_s,
                               u"Drops pending changes: those at some places, or all."_s,
                               schemaOf(of + R"(,"as":$name,"places":{"type":"array",
                                   "maxItems":1000,"items":{"type":"string"}})",
                                        R"("service")"),
                               Kind::write, &touchesDraft),
                      *this, &DraftMethods::discard),
          methods.add(
              methodOf(u"goconf.object.put"_s,
                       u"Stores a piece (256 KiB) of the content of a file, for an edit that "
                       "names its SHA-256."_s,
                       schemaOf(R"("hash":$hash,"piece":{"type":"integer","minimum":0,
                                   "maximum":63},
                                   "pieces":{"type":"integer","minimum":1,"maximum":64},
                                   "bytes":{"type":"string","contentEncoding":"base64"})",
                                R"("hash","piece","pieces","bytes")"),
                       Kind::write, &touchesObject),
              *this, &DraftMethods::putObject)}) {
        if (!added)
            return added;
    }
    return {};
}

// ---- objects

Task<rpc::Outcome> DraftMethods::putObject(rpc::Call &call)
{
    const QByteArray bytes = call.params.value(u"bytes"_s).toByteArray();
    const auto hash = config::Hash::fromHex(textIn(call.params, "hash"));
    const qint64 piece = call.params.value(u"piece"_s).toInteger();
    const qint64 pieces = call.params.value(u"pieces"_s).toInteger();
    if (piece >= pieces)
        co_return Failure::of(Code::invalidArgument, u"piece: expected less than pieces"_s);
    const bool isLast = piece + 1 == pieces;
    const auto whole = qsizetype(config::limits::chunkBytesMax);
    if (bytes.size() > whole || (!isLast && bytes.size() != whole)) {
        co_return Failure::of(
            Code::invalidArgument,
            u"bytes: expected %1, and fewer in the last piece alone"_s.arg(whole));
    }
    if (pieces == 1 && config::Hash::of(bytes) != *hash)
        co_return Failure::of(Code::invalidArgument, u"hash: it is not the SHA-256 of the bytes"_s);
    const QByteArray path = objectPath(*hash, std::size_t(piece));
    const Result<std::optional<store::FileView>> there = co_await m_library.store().get(path);
    if (!there)
        co_return there.error();
    const bool isNew = !*there || (*there)->value != bytes;
    if (isNew && *there) {
        const Result<bool> isWhole = co_await m_library.isWhole(*hash);
        if (!isWhole)
            co_return isWhole.error();
        if (*isWhole) {
            co_return Failure::of(Code::conflict,
                                  u"hash: the content with this hash is stored already, and it has "
                                  "other bytes there"_s);
        }
    }
    const Result<Library::Stored> put = co_await m_library.putPiece(path, bytes);
    if (!put)
        co_return put.error();
    co_return QCborValue(QCborMap{{u"stored"_s, isNew}});
}

// ---- what there is

Task<rpc::Outcome> DraftMethods::list(rpc::Call &call)
{
    const Result<Revision> at = co_await newestRevision(m_library.store());
    if (!at)
        co_return at.error();
    const QByteArray only = textIn(call.params, "service");
    const Result<std::vector<QByteArray>> services = co_await m_library.services(only, *at);
    if (!services)
        co_return services.error();
    QCborArray drafts;
    for (const QByteArray &service : *services) {
        const Result<std::vector<DraftId>> ids = co_await m_drafts.list(service, *at);
        if (!ids)
            co_return ids.error();
        for (const DraftId &id : *ids) {
            const Result<DraftState> draft = co_await m_drafts.read(id, *at);
            if (!draft)
                co_return draft.error();
            if (draft->pending->empty())
                continue;
            std::set<QByteArray> by;
            WallMs last{0};
            for (const auto &[place, one] : *draft->pending) {
                by.insert(one.record.made.by);
                last = std::max(last, one.record.made.at);
            }
            drafts.append(QCborMap{{u"service"_s, textOf(id.service)},
                                   {u"scope"_s, textOf(id.scope)},
                                   {u"draft"_s, textOf(id.draft)},
                                   {u"changes"_s, qint64(draft->pending->size())},
                                   {u"by"_s, arrayOf({by.begin(), by.end()})},
                                   {u"at"_s, qint64(last.count())}});
        }
    }
    co_return QCborValue(QCborMap{{u"drafts"_s, drafts}});
}

Task<Result<LayerPointer>> DraftMethods::liveLayer(DraftId id, Revision at)
{
    const Result<ServiceState> state = co_await m_library.service(id.service, at);
    if (!state)
        co_return state.error();
    const auto wanted = state->wanted(id.scope);
    config::Hash manifest;
    if (wanted)
        manifest = id.scope == baseScope ? wanted->snapshot.base : wanted->snapshot.own;
    const Result<LayerPointer> layer = co_await m_library.layer(manifest);
    co_return layer;
}

Task<rpc::Outcome> DraftMethods::get(rpc::Call &call)
{
    const DraftId id = draftIn(call.params);
    const Result<Revision> at = co_await newestRevision(m_library.store());
    if (!at)
        co_return at.error();
    const Result<LayerPointer> live = co_await liveLayer(id, *at);
    if (!live)
        co_return live.error();
    const Result<DraftState> draft = co_await m_drafts.read(id, *at);
    if (!draft)
        co_return draft.error();
    const Result<config::Applied> applied = co_await m_drafts.apply(*draft, *live);
    if (!applied)
        co_return applied.error();
    std::map<Place, Item> theirs;
    for (const config::Conflict &conflict : applied->conflicts)
        theirs.emplace(conflict.place, conflict.theirs);
    QCborArray changes;
    for (const auto &[place, one] : *draft->pending) {
        if (changes.size() >= qsizetype(shownMax))
            break;
        QCborMap map = placeCbor(place);
        map.insert(u"base"_s, itemCbor(one.record.change.base));
        map.insert(u"now"_s, itemCbor(one.record.change.now));
        map.insert(u"by"_s, textOf(one.record.made.by));
        map.insert(u"at"_s, qint64(one.record.made.at.count()));
        map.insert(u"revision"_s, qint64(one.revision.value()));
        const auto found = theirs.find(place);
        if (found != theirs.end())
            map.insert(u"conflict"_s, QCborMap{{u"theirs"_s, itemCbor(found->second)}});
        changes.append(map);
    }
    co_return QCborValue(QCborMap{{u"changes"_s, changes},
                                  {u"total"_s, qint64(draft->pending->size())},
                                  {u"revision"_s, qint64(at->value())}});
}

// ---- edit

/// \a place: the record of the IDC or host whose layer it is.
static std::optional<Failure> unknownScope(const DraftId &id,
                                           const std::optional<store::FileView> &place)
{
    if (const std::optional<QByteArray> host = hostOfScope(id.scope)) {
        const Result<HostRecord> record =
            place ? HostRecord::parse(place->value)
                  : Result<HostRecord>(Error{ErrorCode::notFound, QString()});
        return hostFailure(id.service, *host, record ? &*record : nullptr);
    }
    if (place)
        return std::nullopt;
    return Failure::of(
        Code::notFound,
        u"scope: there is no IDC %1; goconf.idc.list says which there are"_s.arg(textOf(id.scope)));
}

Task<Answer<store::Transaction>> DraftMethods::beginEdit(DraftId id, ServiceState state,
                                                         Revision at)
{
    store::Transaction transaction;
    if (state.created.isNone()) { // _global, which comes into being by this
        transaction.guards.emplace_back(store::Missing{servicePath(id.service)});
        transaction.operations.emplace_back(
            store::Put{.path = servicePath(id.service), .value = state.record.toJson()});
    } else {
        transaction.guards.emplace_back(
            store::CreatedEquals{servicePath(id.service), state.created});
    }
    const std::optional<QByteArray> host = hostOfScope(id.scope);
    if (id.scope != baseScope) {
        const QByteArray path = host ? hostPath(*host) : idcPath(id.scope);
        const auto place = co_await fileAt(m_library.store(), path, at);
        if (!place)
            co_return place.error();
        if (const std::optional<Failure> failure = unknownScope(id, *place))
            co_return *failure;
        transaction.guards.emplace_back(store::CreatedEquals{path, (*place)->created});
    }
    const auto edited = co_await fileAt(m_library.store(), editedPath(id), at);
    if (!edited)
        co_return edited.error();
    if (*edited) {
        transaction.guards.emplace_back(store::CreatedEquals{(*edited)->path, (*edited)->created});
        co_return transaction;
    }
    transaction.guards.emplace_back(store::Missing{editedPath(id)});
    transaction.operations.emplace_back(
        store::Put{.path = serviceUsePath(id.service), .value = useMark});
    if (id.scope != baseScope) {
        transaction.operations.emplace_back(
            store::Put{.path = host ? hostUsePath(*host) : idcUsePath(id.scope), .value = useMark});
    }
    co_return transaction;
}

/// Live items of many places at once.
static std::map<Place, EditTable::Row> rowsOf(const config::Layer &live,
                                              const std::vector<Edit> &edits)
{
    std::map<Place, EditTable::Row> rows;
    for (const Edit &edit : edits) {
        for (const Place &place : EditTable::placesOf(edit))
            rows.emplace(place, EditTable::Row{});
    }
    if (rows.size() < 8) {
        for (auto &[place, row] : rows)
            row.live = config::itemAt(live, place);
        return rows;
    }
    for (const config::Section &section : live.sections) {
        for (const config::Key &key : section.keys) {
            const auto row = rows.find({Place::Kind::key, section.name, key.name});
            if (row != rows.end())
                row->second.live = key;
        }
    }
    for (auto &[place, row] : rows) {
        if (place.kind != Place::Kind::key || live.tombstone(place) != nullptr)
            row.live = config::itemAt(live, place);
    }
    return rows;
}

Task<Answer<EditTable>> DraftMethods::tableOf(Wish wish, ServiceState state, Revision at)
{
    const auto wanted = state.wanted(wish.id.scope);
    config::Hash manifest;
    if (wanted)
        manifest = wish.id.scope == baseScope ? wanted->snapshot.base : wanted->snapshot.own;
    const Result<LayerPointer> live = co_await m_library.layer(manifest);
    if (!live)
        co_return live.error();
    const auto mark = co_await fileAt(m_library.store(), takenPath(wish.id), at);
    if (!mark)
        co_return mark.error();
    const Revision taken = *mark ? takenUpTo((*mark)->value) : Revision();
    EditTable table;
    table.rows = rowsOf(**live, wish.edits);
    const Result<Stack> below = co_await m_library.below(state, wish.id.scope, at);
    if (!below)
        co_return below.error();
    const std::vector<config::Hash> manifests = below->layers();
    for (const config::Hash &lower : manifests) {
        const Result<LayerPointer> layer = co_await m_library.layer(lower);
        if (!layer)
            co_return layer.error();
        for (const auto &[place, row] : rowsOf(**layer, wish.edits)) {
            if (!std::holds_alternative<std::monostate>(row.live))
                table.rows[place].inherited = row.live;
        }
    }
    for (auto &[place, row] : table.rows) {
        const auto file = co_await fileAt(m_library.store(), changePath(wish.id, place), at);
        if (!file)
            co_return file.error();
        if (!*file)
            continue;
        row.revision = (*file)->revision;
        if (row.revision <= taken)
            continue;
        const Result<DraftRecord> record = DraftRecord::parse((*file)->value);
        if (!record)
            co_return record.error();
        row.pending = Pending{*record, row.revision};
    }
    co_return table;
}

Task<Answer<Edit>> DraftMethods::splice(Edit edit, Item now)
{
    const auto *file = std::get_if<config::File>(&now);
    if (file == nullptr) {
        co_return Failure::of(Code::notFound,
                              u"there is no file %1 to change"_s.arg(textOf(edit.place.name)));
    }
    const Result<QByteArray> text = co_await m_library.content(file->content, file->bytes);
    if (!text)
        co_return text.error();
    const auto work = [path = edit.place.name, bytes = *text,
                       pointer = textIn(edit.members, "pointer"),
                       value = textIn(edit.members, "value")] {
        return config::withScalar(path, bytes, pointer, value);
    };
    const Result<Result<QByteArray>> made = co_await m_context.offload(work);
    if (!made)
        co_return made.error();
    if (!*made)
        co_return made->error();
    edit.text = **made;
    std::vector<config::Object> objects;
    objects.push_back({config::Hash::of(edit.text), edit.text});
    const auto stored = co_await m_library.putObjects(objects);
    if (!stored)
        co_return stored.error();
    co_return edit;
}

/// The content that a caller names, who may not have stored it.
static std::optional<config::File> fileIn(const Edit &edit)
{
    const auto *file = std::get_if<config::File>(&edit.item);
    if (file != nullptr && !edit.members.isEmpty())
        return *file;
    if (edit.op != Edit::Op::file)
        return std::nullopt;
    const auto hash = config::Hash::fromHex(textIn(edit.members, "object"));
    return config::File{.path = edit.place.name,
                        .content = *hash,
                        .bytes = std::uint64_t(edit.members.value(u"bytes"_s).toInteger())};
}

/// The edits with what has to be read for them: contents that files name, texts to splice.
Task<Answer<std::vector<Edit>>> DraftMethods::prepare(Wish wish, EditTable table)
{
    for (Edit &edit : wish.edits) {
        if (edit.op == Edit::Op::splice) {
            const Item now = table.model(edit.place);
            const Answer<Edit> spliced = co_await splice(edit, now);
            if (!spliced)
                co_return spliced.error();
            edit = *spliced;
        }
        const std::optional<config::File> named = fileIn(edit);
        if (named) {
            const Result<QByteArray> there =
                co_await m_library.content(named->content, named->bytes);
            if (!there && there.error().code == ErrorCode::unavailable)
                co_return there.error();
            if (!there) {
                co_return Failure::of(Code::invalidArgument,
                                      u"object: %1; store it by goconf.object.put first"_s.arg(
                                          there.error().message));
            }
        }
        // Later edits of this call see what earlier ones did; who refuses is asked again below.
        (void)table.apply(edit, wish.who, true);
    }
    co_return wish.edits;
}

static Result<store::Transaction> transactionOf(const DraftId &id, const EditTable &table,
                                                store::Transaction transaction, const Trace &who)
{
    qsizetype bytes = 0;
    for (const auto &[place, row] : table.rows) {
        if (!row.isTouched)
            continue;
        const QByteArray path = changePath(id, place);
        transaction.guards.push_back(pluginapi::expectedRevision(path, row.revision));
        if (!row.pending) {
            transaction.operations.emplace_back(store::Delete{path});
            continue;
        }
        const QByteArray json = row.pending->record.toJson();
        bytes += json.size() + 2 * path.size();
        if (json.size() > qsizetype(coffer::limits::valueBytesMax) || bytes > transactionBytesMax) {
            return Error{ErrorCode::invalid,
                         u"edits: too many bytes for one call at %1; send fewer at once"_s.arg(
                             textOf(place.shown()))};
        }
        transaction.operations.emplace_back(store::Put{.path = path, .value = json});
    }
    const QCborMap edited{{u"by"_s, textOf(who.by)}, {u"at"_s, qint64(who.at.count())}};
    transaction.operations.emplace_back(
        store::Put{.path = editedPath(id), .value = jsonOf(edited)});
    return transaction;
}

Task<Answer<std::optional<QCborMap>>> DraftMethods::tryEdit(Wish wish)
{
    const Result<Revision> at = co_await newestRevision(m_library.store());
    if (!at)
        co_return at.error();
    const Result<ServiceState> state = co_await m_library.service(wish.id.service, *at);
    if (!state)
        co_return state.error();
    const Answer<store::Transaction> begun = co_await beginEdit(wish.id, *state, *at);
    if (!begun)
        co_return begun.error();
    Answer<EditTable> table = co_await tableOf(wish, *state, *at);
    if (!table)
        co_return table.error();
    const Answer<std::vector<Edit>> edits = co_await prepare(wish, *table);
    if (!edits)
        co_return edits.error();
    for (const Edit &edit : *edits) {
        if (const std::optional<Failure> failure = table->apply(edit, wish.who, wish.isForced))
            co_return *failure;
    }
    const auto changed = std::count_if(table->rows.begin(), table->rows.end(),
                                       [](const auto &row) { return row.second.isTouched; });
    QCborMap result{{u"revision"_s, qint64(at->value())}, {u"changed"_s, qint64(changed)}};
    if (changed == 0)
        co_return std::optional(result);
    const Result<store::Transaction> transaction = transactionOf(wish.id, *table, *begun, wish.who);
    if (!transaction)
        co_return transaction.error();
    const Result<store::Answer> answer = co_await m_library.store().commit(*transaction);
    if (!answer)
        co_return answer.error();
    if (answer->status == store::Status::guardFailed)
        co_return std::optional<QCborMap>();
    if (const std::optional<Error> error = pluginapi::errorOf(*answer))
        co_return *error;
    result.insert(u"revision"_s, qint64(answer->revision.value()));
    co_return std::optional(result);
}

Task<rpc::Outcome> DraftMethods::edit(rpc::Call &call)
{
    Wish wish{draftIn(call.params),
              {},
              traceOf(call, m_context.clock()),
              call.params.value(u"force"_s).toBool()};
    const QCborArray edits = call.params.value(u"edits"_s).toArray();
    for (qsizetype i = 0; i < edits.size(); ++i) {
        const Answer<Edit> edit = Edit::parse(edits.at(i).toMap(), int(i));
        if (!edit)
            co_return edit.error();
        wish.edits.push_back(*edit);
    }
    rpc::Outcome outcome = co_await carryOut(std::move(wish));
    co_return std::move(outcome);
}

Task<rpc::Outcome> DraftMethods::carryOut(Wish wish)
{
    for (int i = 0; i < tries; ++i) {
        const Answer<std::optional<QCborMap>> done = co_await tryEdit(wish);
        if (!done)
            co_return done.error();
        if (*done)
            co_return QCborValue(**done);
    }
    co_return Failure::of(Code::conflict, u"others edit the same places all the time; try again"_s);
}

// ---- discard

Task<Answer<std::optional<QCborMap>>> DraftMethods::tryDiscard(DraftId id, Trace who,
                                                               QStringList places)
{
    const Result<Revision> at = co_await newestRevision(m_library.store());
    if (!at)
        co_return at.error();
    const Result<DraftState> draft = co_await m_drafts.read(id, *at);
    if (!draft)
        co_return draft.error();
    store::Transaction removal;
    removal.guards.push_back(pluginapi::expectedRevision(editedPath(id), draft->edited));
    qint64 discarded = 0;
    for (const auto &[place, one] : *draft->pending) {
        if (!places.isEmpty() && !places.contains(textOf(place.shown())))
            continue;
        ++discarded;
        if (!places.isEmpty())
            removal.operations.emplace_back(store::Delete{changePath(id, place)});
    }
    QCborMap result{{u"revision"_s, qint64(at->value())}, {u"discarded"_s, discarded}};
    if (discarded == 0) {
        const Result<void> known = co_await m_library.known(id.service, id.scope, *at);
        if (!known)
            co_return known.error();
        co_return std::optional(result);
    }
    const bool isLarge = draft->files > removedFilesMax;
    if (places.isEmpty() && !isLarge) {
        removal.operations.emplace_back(store::DeleteTree{draftPath(id)});
    } else {
        const QCborMap edited{{u"by"_s, textOf(who.by)}, {u"at"_s, qint64(who.at.count())}};
        removal.operations.emplace_back(
            store::Put{.path = editedPath(id), .value = jsonOf(edited)});
    }
    if (places.isEmpty() && isLarge)
        removal.operations.emplace_back(store::Put{.path = takenPath(id), .value = takenMark(*at)});
    const Result<store::Answer> answer = co_await m_library.store().commit(removal);
    if (!answer)
        co_return answer.error();
    if (answer->status == store::Status::guardFailed)
        co_return std::optional<QCborMap>();
    if (const std::optional<Error> error = pluginapi::errorOf(*answer))
        co_return *error;
    if (isLarge)
        m_context.spawn(m_drafts.sweep(id), "remove discarded draft");
    result.insert(u"revision"_s, qint64(answer->revision.value()));
    co_return std::optional(result);
}

Task<rpc::Outcome> DraftMethods::discard(rpc::Call &call)
{
    QStringList places;
    for (const QByteArray &place : textsIn(call.params, "places"))
        places += textOf(place);
    const Trace who = traceOf(call, m_context.clock());
    const DraftId id = draftIn(call.params);
    for (int i = 0; i < tries; ++i) {
        const Answer<std::optional<QCborMap>> done = co_await tryDiscard(id, who, places);
        if (!done)
            co_return done.error();
        if (*done)
            co_return QCborValue(**done);
    }
    co_return Failure::of(Code::conflict, u"others edit this draft all the time; try again"_s);
}

} // namespace coffer::goconf
