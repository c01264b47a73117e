// SPDX-License-Identifier: Apache-2.0
#include "goconf/publisher.h"

#include "goconf/item_cbor.h"
#include "goconf/method_kit.h"
#include "goconf/record_fields.h"
#include "goconf/release_desk.h"

#include <QRandomGenerator>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace coffer::goconf {

using config::Hash;
using rpc::Answer;
using rpc::Code;
using rpc::Failure;

static constexpr int commitTries = 40;
static constexpr std::chrono::milliseconds commitPause{250};

QByteArray Publisher::newId(WallMs time, const QByteArray &key)
{
    const quint32 chance = QRandomGenerator::system()->generate();
    const QByteArray end = QByteArray::number(chance, 16).rightJustified(8, '0');
    return releaseIdAt(time) + '-' + (key.isEmpty() ? end : key);
}

Task<Result<Publisher::DeskPointer>> Publisher::open()
{
    const auto desk = std::make_shared<Desk>(ReleasePlan::Order{});
    const Result<Moment> now = co_await newestMoment(m_library.store());
    if (!now)
        co_return now.error();
    desk->at = now->at;
    desk->time = now->time;
    const Result<std::vector<QByteArray>> idcs = co_await m_library.idcs(desk->at);
    if (!idcs)
        co_return idcs.error();
    desk->idcs = *idcs;
    const auto hosts = co_await m_library.hosts(desk->at);
    if (!hosts)
        co_return hosts.error();
    desk->hosts = *hosts;
    co_return desk;
}

// ---- layers

Task<Result<LayerPointer>> Publisher::layerOn(DeskPointer desk, Hash manifest)
{
    const auto found = desk->material.layers.find(manifest);
    if (found != desk->material.layers.end()) {
        const LayerPointer known = found->second; // co_return would move it out of the map
        co_return known;
    }
    const Result<LayerPointer> read = co_await m_library.layer(manifest);
    if (read)
        desk->material.layers.insert_or_assign(manifest, *read);
    co_return read;
}

/// Files that \a after has and \a before has not, by hash.
static std::map<Hash, std::uint64_t> newFiles(const config::Layer &before,
                                              const config::Layer &after)
{
    std::set<Hash> known;
    for (const config::File &file : before.files)
        known.insert(file.content);
    std::map<Hash, std::uint64_t> files;
    for (const config::File &file : after.files) {
        if (!known.contains(file.content))
            files.insert_or_assign(file.content, file.bytes);
    }
    return files;
}

/// The live layer of a scope with a draft, as it would be stored; what collides is noted.
Task<Result<ReleasePlan::Edition>> Publisher::makeEdition(DeskPointer desk, DraftState draft,
                                                          Hash live)
{
    const Result<LayerPointer> before = co_await layerOn(desk, live);
    if (!before)
        co_return before.error();
    const Result<config::Contents> contents =
        co_await m_drafts.contentsToMerge(*before, draft.changes);
    if (!contents)
        co_return contents.error();
    struct Made
    {
        std::vector<config::Conflict> conflicts;
        config::Contents merged;
        LayerPointer layer;
        Result<config::EncodedLayer> encoded;
    };
    const auto work = [layer = *before, changes = draft.changes, texts = *contents]() -> Made {
        config::Applied applied = config::apply(*layer, *changes, texts);
        Result<config::EncodedLayer> encoded = config::encode(applied.layer);
        return {std::move(applied.conflicts), std::move(applied.merged),
                std::make_shared<config::Layer>(std::move(applied.layer)), std::move(encoded)};
    };
    const Result<Made> made = co_await m_context.offload(work);
    if (!made)
        co_return made.error();
    const std::vector<config::Conflict> &conflicts = made->conflicts;
    desk->conflicts.insert(desk->conflicts.end(), conflicts.begin(), conflicts.end());
    if (!made->encoded)
        co_return made->encoded.error();
    const config::EncodedLayer &encoded = *made->encoded;
    const LayerPointer &after = made->layer;
    for (const auto &[hash, bytes] : made->merged) {
        desk->objects.push_back({hash, bytes});
        desk->material.contents.insert_or_assign(hash, bytes);
    }
    for (const auto &[hash, bytes] : newFiles(**before, *after)) {
        if (!made->merged.contains(hash))
            desk->files.insert_or_assign(hash, bytes);
    }
    if (after->isEmpty())
        co_return ReleasePlan::Edition{};
    const Result<std::vector<Hash>> there = co_await m_library.partsOf(live);
    if (!there)
        co_return there.error();
    const std::set<Hash> known(there->begin(), there->end());
    for (const config::Object &part : encoded.parts) {
        if (!known.contains(part.hash))
            desk->objects.push_back(part);
    }
    if (encoded.manifest.hash != live)
        desk->objects.push_back(encoded.manifest);
    desk->material.layers.insert_or_assign(encoded.manifest.hash, after);
    co_return ReleasePlan::Edition{encoded.manifest.hash, 1 + encoded.parts.size()};
}

// ---- publish

/// Whether \a wish says what is live; nothing if it does.
static std::optional<Failure> expectationOf(const PublishWish &wish, const ServiceState &state)
{
    QCborMap wrong;
    QStringList texts;
    for (const auto &[of, version] : wish.expected) {
        if (of.first != state.name)
            continue;
        const auto wanted = state.wanted(of.second);
        const QByteArray live = wanted ? wanted->version : QByteArray();
        if (live == version)
            continue;
        const QString name = textOf(of.first + '@' + of.second);
        wrong.insert(name, textOf(live));
        texts +=
            u"%1 is at %2, not at %3"_s.arg(name, live.isEmpty() ? u"nothing"_s : textOf(live),
                                            version.isEmpty() ? u"nothing"_s : textOf(version));
    }
    if (texts.isEmpty())
        return std::nullopt;
    Failure failure = Failure::of(
        Code::conflict, texts.join(u"; "_s) + u": look at the difference again, then publish"_s);
    failure.details.insert(u"expected"_s, wrong);
    return failure;
}

static Failure conflictsFailure(const std::vector<config::Conflict> &conflicts)
{
    QStringList places;
    for (const config::Conflict &conflict : conflicts) {
        if (places.size() < 5)
            places += textOf(conflict.place.shown());
    }
    if (conflicts.size() > std::size_t(places.size()))
        places += u"..."_s;
    Failure failure = Failure::of(
        Code::conflict, u"%1 places were published in another way since they were edited: %2. Edit "
                        "them anew, or discard them"_s.arg(conflicts.size())
                            .arg(places.join(u", "_s)));
    failure.details.insert(u"conflicts"_s, conflictsCbor(conflicts));
    return failure;
}

Failure faultsFailure(const std::vector<ClassFault> &faults)
{
    const ClassFault &first = faults.front();
    const QByteArray where = first.of.host.isEmpty() ? first.of.idc : "host:" + first.of.host;
    QString text = u"%1@%2: %3: %4"_s.arg(textOf(first.of.service), textOf(where),
                                          textOf(first.fault.place), first.fault.message);
    if (faults.size() > 1)
        text += u" (and %1 more faults)"_s.arg(faults.size() - 1);
    Failure failure = Failure::of(Code::invalidArgument, text);
    failure.details.insert(u"faults"_s, faultsCbor(faults));
    return failure;
}

/// Why nothing of \a id can be released; nothing if its place is there.
std::optional<Failure> Publisher::unknownPlace(const Desk &desk, const DraftId &id)
{
    if (const std::optional<QByteArray> host = hostOfScope(id.scope)) {
        const auto found = desk.hosts.find(*host);
        return hostFailure(id.service, *host, found == desk.hosts.end() ? nullptr : &found->second);
    }
    if (id.scope == baseScope || contains(desk.idcs, id.scope))
        return std::nullopt;
    return Failure::of(
        Code::notFound,
        u"there is no IDC %1; goconf.idc.list says which there are"_s.arg(textOf(id.scope)));
}

/// True if something of this service is to be released.
Task<Answer<bool>> Publisher::planService(DeskPointer desk, PublishWish wish, QByteArray service)
{
    const Result<ServiceState> state = co_await m_library.service(service, desk->at);
    if (!state)
        co_return state.error();
    if (const std::optional<Failure> failure = expectationOf(wish, *state))
        co_return *failure;
    if (const auto failure = canaryFailure(*state);
        failure && !desk->isCheck && !wish.isReplacement)
        co_return *failure;
    if (!wish.release.change.isEmpty()) {
        const auto isOwn = [&service](const DraftId &id) {
            return id.service == service && id.scope != baseScope;
        };
        if (std::any_of(wish.targets.begin(), wish.targets.end(), isOwn)) {
            co_return Failure::of(Code::invalidArgument,
                                  u"change: goes on with the base layer alone"_s);
        }
        const Answer<bool> planned = co_await planContinuation(desk, *state, wish.release);
        co_return planned;
    }
    const Answer<bool> planned = co_await planEditions(desk, wish, *state);
    co_return planned;
}

/// A new version from the drafts of one service.
Task<Answer<bool>> Publisher::planEditions(DeskPointer desk, PublishWish wish, ServiceState state)
{
    ReleasePlan::Editions editions;
    ReleasePlan::Reach reach{desk->idcs, wish.release.idcs, desk->until};
    ReleasePlan::Canary canary;
    for (const DraftId &id : wish.targets) {
        if (id.service != state.name)
            continue;
        if (const std::optional<Failure> failure = unknownPlace(*desk, id))
            co_return *failure;
        const Result<DraftState> draft = co_await m_drafts.read(id, desk->at);
        if (!draft)
            co_return draft.error();
        const auto wanted = state.wanted(id.scope);
        if (draft->pending->empty()) {
            if (wanted && hostOfScope(id.scope))
                reach.extended.insert(id.scope);
            continue;
        }
        Hash live;
        if (wanted)
            live = id.scope == baseScope ? wanted->snapshot.base : wanted->snapshot.own;
        const Result<ReleasePlan::Edition> edition = co_await makeEdition(desk, *draft, live);
        if (!edition)
            co_return edition.error();
        editions.insert_or_assign(id.scope, *edition);
        if (wish.canary.empty())
            desk->plan.take({id, draft->edited, draft->files, desk->at});
        else
            canary.drafts.insert_or_assign(id.scope, std::pair(id.draft, desk->at));
    }
    if (editions.empty() && reach.extended.empty())
        co_return false;
    if (wish.canary.empty()) {
        const Result<void> added = desk->plan.addPublish(state, editions, reach);
        if (!added)
            co_return added.error();
        co_return true;
    }
    const auto hosts =
        canaryHosts(wish.canary, state.name, desk->hosts, ReleasePlan::scopesOf(editions, reach));
    if (!hosts)
        co_return hosts.error();
    canary.hosts = *hosts;
    if (const Candidate *tried = state.candidate())
        desk->plan.end(*tried);
    const Result<void> added = desk->plan.addPublish(state, editions, reach, canary);
    if (!added)
        co_return added.error();
    co_return true;
}

/// The next IDCs of a change whose first release moved the base layer.
Task<Answer<bool>> Publisher::planContinuation(DeskPointer desk, ServiceState state,
                                               ReleaseWish wish)
{
    if (wish.idcs.empty()) {
        co_return Failure::of(Code::invalidArgument,
                              u"idcs: expected the IDCs to which the change goes on"_s);
    }
    const ScopeState *base = state.scope(baseScope);
    const QByteArray id = base == nullptr ? QByteArray() : base->pointer.release;
    const QByteArray path = releasePath(id.isEmpty() ? QByteArray("none") : id);
    const Result<std::optional<store::FileView>> file =
        co_await fileAt(m_library.store(), path, desk->at);
    if (!file)
        co_return file.error();
    const Result<ReleaseRecord> record =
        *file ? ReleaseRecord::parse((*file)->value)
              : Result<ReleaseRecord>(Error{ErrorCode::notFound, u"no release"_s});
    if (!record || record->change != wish.change || record->kind != ReleaseRecord::Kind::publish) {
        co_return Failure::of(
            Code::conflict,
            u"%1: the base layer is not that of the change %2 (any more): see goconf.history"_s.arg(
                textOf(state.name), textOf(wish.change)));
    }
    std::map<QByteArray, Snapshot> stored;
    for (const QByteArray &idc : wish.idcs) {
        const QByteArray at = snapshotPath(state.name, idc, base->pointer.current);
        const Result<std::optional<store::FileView>> there =
            co_await fileAt(m_library.store(), at, desk->at);
        if (!there)
            co_return there.error();
        if (!*there)
            continue;
        const Result<Snapshot> snapshot = Snapshot::parse((*there)->value);
        if (!snapshot)
            co_return snapshot.error();
        stored.insert_or_assign(idc, *snapshot);
        desk->plan.guardFile(at, (*there)->created);
    }
    const Result<void> added = desk->plan.addContinuation(state, {desk->idcs, wish.idcs}, stored);
    if (!added)
        co_return added.error();
    co_return true;
}

std::optional<Failure> unknownIdc(const std::vector<QByteArray> &named,
                                  const std::vector<QByteArray> &known)
{
    for (const QByteArray &idc : named) {
        if (!contains(known, idc)) {
            return Failure::of(
                Code::notFound,
                u"idcs: there is no IDC %1; goconf.idc.list says which there are"_s.arg(
                    textOf(idc)));
        }
    }
    return std::nullopt;
}

Task<Publisher::Attempt> Publisher::tryPublish(PublishWish wish)
{
    // The applied time stands while nothing is written: a layer must not end by that of long ago.
    Result<WallMs> now = WallMs(0);
    if (wish.release.expires && !wish.release.isDryRun)
        now = co_await timeNow(m_library.store());
    if (!now)
        co_return now.error();
    const Result<DeskPointer> opened = co_await open();
    if (!opened)
        co_return opened.error();
    const DeskPointer &desk = *opened;
    const Attempt earlier = co_await releasedEarlier(desk, wish.release);
    if (!earlier || *earlier)
        co_return earlier;
    if (const std::optional<Failure> failure = unknownIdc(wish.release.idcs, desk->idcs))
        co_return *failure;
    if (wish.release.expires)
        desk->until = std::max(*now, desk->time) + *wish.release.expires;
    const QByteArray id = newId(desk->time, wish.release.key);
    using Kind = ReleaseRecord::Kind;
    desk->plan =
        ReleasePlan(orderOf(wish.release, id, wish.canary.empty() ? Kind::publish : Kind::canary));
    std::set<QByteArray> services;
    for (const DraftId &target : wish.targets)
        services.insert(target.service);
    bool isAny = false;
    for (const QByteArray &service : services) {
        const Answer<bool> planned = co_await planService(desk, wish, service);
        if (!planned)
            co_return planned.error();
        isAny = isAny || *planned;
    }
    if (!isAny) {
        co_return Failure::of(
            Code::refused, u"Nothing is pending there: edit something (goconf.draft.edit) first"_s);
    }
    if (!desk->conflicts.empty())
        co_return conflictsFailure(desk->conflicts);
    const Attempt finished = co_await finish(desk, wish.release);
    co_return finished;
}

Task<Answer<Released>> Publisher::publish(PublishWish wish)
{
    return untilPlanned(&Publisher::tryPublish, std::move(wish));
}

// ---- check, store, commit

static Failure yesFailure(std::uint64_t hosts)
{
    Failure failure = Failure::of(
        Code::refused,
        u"This changes files on %1 hosts: say yes=%1 if that is what you want"_s.arg(hosts));
    failure.details.insert(u"hosts"_s, qint64(hosts));
    return failure;
}

Task<Publisher::Attempt> Publisher::finish(DeskPointer desk, ReleaseWish wish)
{
    const Result<ReleasePlan::Around> reached = co_await around(desk);
    if (!reached)
        co_return reached.error();
    const std::vector<ClassChange> changes = desk->plan.classes(*reached);
    const Result<Radius> radius = co_await radiusOf(desk, changes);
    if (!radius)
        co_return radius.error();
    const ReleaseRecord::Kind kind = desk->plan.order().kind;
    const bool isEnd = kind == ReleaseRecord::Kind::expire;
    // What was live before has to be there at once when it is needed, whatever schemas say now.
    std::vector<ClassFault> faults = radius->faults;
    if (kind == ReleaseRecord::Kind::publish || kind == ReleaseRecord::Kind::canary)
        faults.insert(faults.end(), radius->broken.begin(), radius->broken.end());
    if (!faults.empty() && !isEnd)
        co_return faultsFailure(faults);
    Released released{desk->plan, *radius};
    const ReleaseRecord record = desk->plan.record(radius->hosts, Hash::of(radius->text));
    if (wish.isDryRun) {
        const Result<store::Transaction> sized = desk->plan.transaction(record);
        if (!sized)
            co_return sized.error();
        co_return std::optional(released);
    }
    const std::uint64_t free = desk->plan.movesGlobal() ? 0 : hostsFree;
    if (radius->hosts > free && wish.yes != radius->hosts && !isEnd)
        co_return yesFailure(radius->hosts);
    const auto stored = co_await m_library.putObjects(desk->objects);
    if (!stored)
        co_return stored.error();
    std::vector<Library::Stored> guarded = *stored;
    for (const auto &[hash, bytes] : desk->files) {
        const auto pieces = co_await m_library.storedPieces(hash, bytes);
        if (!pieces)
            co_return pieces.error();
        guarded.insert(guarded.end(), pieces->begin(), pieces->end());
    }
    for (const Library::Stored &piece : guarded)
        desk->plan.guardFile(piece.path, piece.created);
    const Result<void> kept = co_await guardPlaces(desk);
    if (!kept)
        co_return kept.error();
    const Result<store::Transaction> transaction = desk->plan.transaction(record);
    if (!transaction)
        co_return transaction.error();
    const Answer<std::optional<Revision>> done =
        co_await commit(desk->plan.order().id, *transaction);
    if (!done)
        co_return done.error();
    if (!*done)
        co_return std::optional<Released>();
    released.revision = **done;
    for (const DraftId &id : desk->plan.marked())
        m_context.spawn(m_drafts.sweep(id), "remove published draft");
    co_return std::optional(released);
}

/// The revision; nothing if a guard did not hold. The same transaction may be sent any number of
/// times: the first that is applied makes the record of the release, which all others find.
Task<Answer<std::optional<Revision>>> Publisher::commit(QByteArray id,
                                                        store::Transaction transaction)
{
    bool isUnsure = false;
    for (int i = 0; i < commitTries; ++i) {
        const Result<store::Answer> answer = co_await m_context.store().commit(transaction);
        if (answer && answer->status == store::Status::ok)
            co_return std::optional(answer->revision);
        if (answer && answer->status != store::Status::guardFailed)
            co_return *pluginapi::errorOf(*answer);
        if (answer || isUnsure) {
            const auto record = co_await m_context.store().get(releasePath(id));
            if (record && *record)
                co_return std::optional((*record)->created);
            if (record && answer)
                co_return std::optional<Revision>();
        }
        if (!answer && answer.error().code == ErrorCode::unknown)
            isUnsure = true;
        else if (!answer && !isUnsure)
            co_return answer.error();
        const bool goesOn = co_await m_context.clock().sleep(commitPause);
        if (!goesOn)
            break;
    }
    Failure failure = Failure::of(
        Code::unknownOutcome,
        u"nobody could be asked what became of the release: if goconf.show finds %1, it is done"_s
            .arg(textOf(id)));
    failure.details.insert(u"id"_s, textOf(id));
    co_return failure;
}

// ---- validate

Task<Answer<Verdict>> Publisher::validate(DraftId id, std::optional<BoundSchema> trial)
{
    const Result<DeskPointer> opened = co_await open();
    if (!opened)
        co_return opened.error();
    const DeskPointer &desk = *opened;
    desk->trial = trial;
    PublishWish wish;
    wish.targets = {id};
    desk->plan = ReleasePlan(orderOf(wish.release, "check", ReleaseRecord::Kind::publish));
    desk->isCheck = true;
    const Answer<bool> planned = co_await planService(desk, wish, id.service);
    if (!planned)
        co_return planned.error();
    Verdict verdict;
    verdict.conflicts = desk->conflicts;
    const Result<ReleasePlan::Around> reached = co_await around(desk);
    if (!reached)
        co_return reached.error();
    const std::vector<ClassChange> changes = desk->plan.classes(*reached);
    const Result<Radius> radius = co_await radiusOf(desk, changes);
    if (!radius)
        co_return radius.error();
    verdict.faults = radius->faults;
    verdict.faults.insert(verdict.faults.end(), radius->broken.begin(), radius->broken.end());
    verdict.documents = radius->documents;
    co_return verdict;
}

} // namespace coffer::goconf
