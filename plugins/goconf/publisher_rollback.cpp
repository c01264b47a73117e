// SPDX-License-Identifier: Apache-2.0
#include "goconf/publisher.h"

#include "goconf/release_desk.h"

using namespace Qt::StringLiterals;

namespace coffer::goconf {

static constexpr std::chrono::hours keyLife{1};

using rpc::Answer;
using rpc::Code;
using rpc::Failure;

using Versions = std::map<QByteArray, QByteArray>;

/// "shop@sh001: v3 -> v2 (release ...)", for people.
static QString switchText(const ServiceState &state, const QByteArray &scope,
                          const Pointer &pointer)
{
    return u"%1@%2: %3 -> %4 (after %5)"_s.arg(textOf(state.name), textOf(scope),
                                               textOf(pointer.current), textOf(pointer.previous),
                                               textOf(pointer.release));
}

/// Each of \a idcs back to what was live in it before its last switch.
static Answer<Versions> lastSwitchOf(const ServiceState &state, const std::vector<QByteArray> &idcs,
                                     bool isEach)
{
    Versions versions;
    std::set<QByteArray> releases;
    QStringList texts;
    for (const QByteArray &idc : idcs) {
        const ScopeState *one = state.scope(idc);
        if (one == nullptr)
            one = state.scope(baseScope); // which it follows
        if (one == nullptr || one->pointer.previous.isEmpty()) {
            return Failure::of(Code::refused,
                               u"idcs: nothing was live in %1@%2 before; see goconf.history"_s.arg(
                                   textOf(state.name), textOf(idc)));
        }
        versions.emplace(idc, one->pointer.previous);
        releases.insert(one->pointer.release);
        texts += switchText(state, idc, one->pointer);
    }
    if (releases.size() > 1 && !isEach) {
        return Failure::of(
            Code::refused,
            u"these IDCs were last switched by different releases: %1. Undo one by "
            "one, or say each if all of that is what you want"_s.arg(texts.join(u", "_s)));
    }
    return versions;
}

Task<Result<Versions>> Publisher::lastSwitch(DeskPointer desk, ServiceState state)
{
    std::map<QByteArray, Revision> releases; // a pointer's own revision may be a candidate's
    for (const auto &[scope, one] : state.scopes) {
        if (!hostOfScope(scope)) // their layers only end
            releases.emplace(one.pointer.release, one.revision);
    }
    std::pair<Revision, QByteArray> newest;
    for (const auto &[id, pointed] : releases) {
        const Result<std::optional<store::FileView>> record =
            co_await fileAt(m_library.store(), releasePath(id), desk->at);
        if (!record)
            co_return record.error();
        newest = std::max(newest, {*record ? (*record)->created : pointed, id});
    }
    Versions versions;
    for (const auto &[scope, one] : state.scopes) {
        if (!hostOfScope(scope) && one.pointer.release == newest.second
            && !one.pointer.previous.isEmpty())
            versions.emplace(scope, one.pointer.previous);
    }
    co_return versions;
}

/// The base layer and all IDCs for which \a version was built.
Task<Answer<Versions>> Publisher::holdersOf(DeskPointer desk, ServiceState state,
                                            QByteArray version)
{
    Versions versions;
    for (const auto &[scope, one] : state.scopes) {
        if (hostOfScope(scope))
            continue;
        const QByteArray path = snapshotPath(state.name, scope, version);
        const Result<std::optional<store::FileView>> file =
            co_await fileAt(m_library.store(), path, desk->at);
        if (!file)
            co_return file.error();
        if (*file)
            versions.emplace(scope, version);
    }
    if (versions.empty()) {
        const Result<QString> reason = co_await m_library.whyNot(state.name, version, desk->at);
        if (!reason)
            co_return reason.error();
        co_return Failure::of(Code::notFound, u"%1 has no version %2: %3"_s.arg(
                                                  textOf(state.name), textOf(version), *reason));
    }
    co_return versions;
}

/// What was live before the first release of a change, where its last one still is live.
Task<Answer<Versions>> Publisher::versionsBefore(DeskPointer desk, ServiceState state,
                                                 QByteArray change)
{
    std::map<Revision, ReleaseRecord> releases; // in the order in which they were
    store::Range range{.from = releasePath(change.left(16)), .to = "", .page = {}, .at = desk->at};
    for (bool isMore = true; isMore;) {
        const Result<store::Reply> page = co_await releasePage(range);
        if (!page)
            co_return page.error();
        for (const store::FileView &file : page->files) {
            const Result<ReleaseRecord> record = ReleaseRecord::parse(file.value);
            if (record && record->change == change && record->kind == ReleaseRecord::Kind::publish)
                releases.emplace(file.created, *record);
        }
        range.page.after = page->resume;
        isMore = page->hasMore;
    }
    Versions from;
    Versions to;
    for (const auto &[created, record] : releases) {
        for (const ReleaseRecord::Service &service : record.services) {
            for (const ReleaseRecord::Target &target : service.targets) {
                if (service.service != state.name)
                    continue;
                from.emplace(target.scope, target.from);
                to.insert_or_assign(target.scope, target.to);
            }
        }
    }
    if (from.empty()) {
        co_return Failure::of(Code::notFound, u"change: %1 has no release of %2"_s.arg(
                                                  textOf(state.name), textOf(change)));
    }
    Versions versions;
    for (const auto &[scope, version] : from) {
        const ScopeState *one = state.scope(scope);
        if (!version.isEmpty() && !hostOfScope(scope) && one != nullptr
            && one->pointer.current == to[scope])
            versions.emplace(scope, version);
    }
    co_return versions;
}

/// Records from the beginning of \a range on, in the order of their ids, which is that of the
/// store's time.
Task<Result<store::Reply>> Publisher::releasePage(store::Range range)
{
    range.to = "/config/_release~";
    const pluginapi::ReadOptions options{pluginapi::ReadMode::session, range.at};
    const store::Question question = range;
    const Result<store::Reply> reply = co_await m_library.store().read(question, options);
    if (!reply)
        co_return reply.error();
    if (const std::optional<Error> error = pluginapi::errorOf(*reply))
        co_return *error;
    co_return *reply;
}

static Failure keyFailure(const ReleaseRecord &record, Revision created)
{
    return Failure::of(
        Code::conflict,
        u"key: r%1 has it already, which was another call (%2, \"%3\"): choose a new "
        "one for each release"_s.arg(created.value())
            .arg(textOf(nameOf(record.kind)), textOf(record.message.left(80))));
}

Task<Publisher::Attempt> Publisher::releasedEarlier(DeskPointer desk, ReleaseWish wish)
{
    std::optional<Released> released;
    if (wish.key.isEmpty() || wish.isDryRun)
        co_return released;
    const WallMs from = std::max(desk->time - keyLife, WallMs(0));
    store::Range range{
        .from = releasePath(releaseIdAt(from)), .to = "", .page = {}, .at = desk->at};
    for (bool isMore = true; isMore;) {
        const Result<store::Reply> page = co_await releasePage(range);
        if (!page)
            co_return page.error();
        for (const store::FileView &file : page->files) {
            const QByteArray id = nameIn(file.path);
            if (!id.endsWith('-' + wish.key))
                continue;
            const Result<ReleaseRecord> record = ReleaseRecord::parse(file.value);
            if (!record)
                co_return record.error();
            if (record->wish != wish.digest)
                co_return keyFailure(*record, file.created);
            released = Released{desk->plan, {}, file.created, Released::Earlier{id, *record}};
        }
        range.page.after = page->resume;
        isMore = page->hasMore;
    }
    co_return released;
}

Task<Answer<Versions>> Publisher::versionsOf(DeskPointer desk, ServiceState state,
                                             RollbackWish wish)
{
    const std::vector<QByteArray> &idcs = wish.release.idcs;
    if (wish.isUndo && !idcs.empty())
        co_return lastSwitchOf(state, idcs, wish.isEach);
    if (wish.isUndo) {
        const Result<Versions> before = co_await lastSwitch(desk, state);
        if (!before)
            co_return before.error();
        co_return *before;
    }
    Versions versions;
    if (!wish.to.isEmpty() && !idcs.empty()) {
        for (const QByteArray &idc : idcs)
            versions.emplace(idc, wish.to);
        co_return versions;
    }
    if (!wish.to.isEmpty()) {
        const Answer<Versions> holders = co_await holdersOf(desk, state, wish.to);
        co_return holders;
    }
    const Answer<Versions> before = co_await versionsBefore(desk, state, wish.release.change);
    if (!before)
        co_return before.error();
    for (const auto &[scope, version] : *before) {
        if (idcs.empty() || contains(idcs, scope))
            versions.emplace(scope, version);
    }
    co_return versions;
}

Task<Result<void>> Publisher::planMove(DeskPointer desk, ServiceState state, QByteArray scope,
                                       QByteArray version)
{
    const QByteArray path = snapshotPath(state.name, scope, version);
    const Result<std::optional<store::FileView>> file =
        co_await fileAt(m_library.store(), path, desk->at);
    if (!file)
        co_return file.error();
    const Result<Snapshot> snapshot =
        co_await m_library.snapshot(state.name, scope, version, desk->at);
    if (!snapshot)
        co_return snapshot.error();
    const bool isStored = file->has_value();
    const QByteArray source = isStored ? path : snapshotPath(state.name, baseScope, version);
    const Result<std::optional<store::FileView>> used =
        co_await fileAt(m_library.store(), source, desk->at);
    if (!used)
        co_return used.error();
    if (*used)
        desk->plan.guardFile(source, (*used)->created); // it may be swept meanwhile
    co_return desk->plan.addRollback(state, scope, *snapshot, version, isStored);
}

Task<Publisher::Attempt> Publisher::tryRollback(RollbackWish wish)
{
    const Result<DeskPointer> opened = co_await open();
    if (!opened)
        co_return opened.error();
    const DeskPointer &desk = *opened;
    const Attempt earlier = co_await releasedEarlier(desk, wish.release);
    if (!earlier || *earlier)
        co_return earlier;
    if (const std::optional<Failure> failure = unknownIdc(wish.release.idcs, desk->idcs))
        co_return *failure;
    using Kind = ReleaseRecord::Kind;
    const QByteArray id = newId(desk->time, wish.release.key);
    const Result<ServiceState> state = co_await m_library.service(wish.service, desk->at);
    if (!state)
        co_return state.error();
    if (!wish.host.isEmpty()) {
        desk->plan = ReleasePlan(orderOf(wish.release, id, Kind::expire));
        const Answer<bool> planned = co_await planEnd(desk, *state, wish.host);
        if (!planned)
            co_return planned.error();
        const Attempt ended = co_await finish(desk, wish.release);
        co_return ended;
    }
    if (const auto failure = canaryFailure(*state); failure && !wish.isAbandoning)
        co_return *failure;
    desk->plan = ReleasePlan(orderOf(wish.release, id, wish.isUndo ? Kind::undo : Kind::rollback));
    if (const Candidate *tried = state->candidate())
        desk->plan.end(*tried);
    const Answer<Versions> versions = co_await versionsOf(desk, *state, wish);
    if (!versions)
        co_return versions.error();
    bool isAny = false;
    for (const auto &[scope, version] : *versions) {
        const auto wanted = state->wanted(scope);
        if (wanted && wanted->version == version)
            continue;
        const Result<void> planned = co_await planMove(desk, *state, scope, version);
        if (!planned)
            co_return planned.error();
        isAny = true;
    }
    if (!isAny) {
        co_return Failure::of(
            Code::refused, u"There is nothing to go back: %1 is there already, or nothing was live "
                           "before; see goconf.history"_s.arg(textOf(wish.service)));
    }
    desk->plan.addAbandonment(*state, false);
    const Attempt finished = co_await finish(desk, wish.release);
    co_return finished;
}

// ---- the end of a layer of a host

Task<Answer<bool>> Publisher::planEnd(DeskPointer desk, ServiceState state, QByteArray host)
{
    const QByteArray scope = hostScope(host);
    if (!state.wanted(scope)) {
        co_return Failure::of(Code::refused, u"there is nothing to end: %1 has no layer of its own "
                                             "of %2"_s.arg(textOf(host), textOf(state.name)));
    }
    const Result<void> added = desk->plan.addRollback(state, scope, {}, {}, true);
    if (!added)
        co_return added.error();
    co_return true;
}

Task<Answer<std::optional<Released>>> Publisher::expire(QByteArray service, QByteArray host,
                                                        WallMs until)
{
    const Result<DeskPointer> opened = co_await open();
    if (!opened)
        co_return opened.error();
    const DeskPointer &desk = *opened;
    const Result<ServiceState> state = co_await m_library.service(service, desk->at);
    if (!state)
        co_return state.error();
    const ScopeState *layer = state->scope(hostScope(host));
    if (layer == nullptr || layer->pointer.current.isEmpty() || layer->pointer.until != until)
        co_return std::optional<Released>();
    ReleaseWish wish;
    wish.message = "its time is over";
    wish.made = {"coffer", std::max(desk->time, until)}; // the time of a quiet cluster is old
    const QByteArray id = newId(desk->time, {});
    ReleasePlan::Order order = orderOf(wish, id, ReleaseRecord::Kind::expire);
    order.notBefore = until;
    desk->plan = ReleasePlan(order);
    const Answer<bool> planned = co_await planEnd(desk, *state, host);
    if (!planned)
        co_return planned.error();
    const Attempt ended = co_await finish(desk, wish);
    co_return ended;
}

Task<Answer<Released>> Publisher::rollback(RollbackWish wish)
{
    return untilPlanned(&Publisher::tryRollback, std::move(wish));
}

} // namespace coffer::goconf
