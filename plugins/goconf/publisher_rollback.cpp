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

/// Where the last release of a service went: back to what was live there before.
static Versions lastSwitch(const ServiceState &state, const std::vector<QByteArray> &idcs)
{
    const ScopeState *newest = nullptr;
    for (const auto &[scope, one] : state.scopes) {
        if (newest == nullptr || one.revision > newest->revision)
            newest = &one;
    }
    Versions versions;
    for (const auto &[scope, one] : state.scopes) {
        const bool isMeant =
            idcs.empty() ? one.pointer.release == newest->pointer.release : contains(idcs, scope);
        if (isMeant && !one.pointer.previous.isEmpty())
            versions.emplace(scope, one.pointer.previous);
    }
    return versions;
}

/// The base layer and all IDCs for which \a version was built.
Task<Answer<Versions>> Publisher::holdersOf(DeskPointer desk, ServiceState state,
                                            QByteArray version)
{
    Versions versions;
    for (const auto &[scope, one] : state.scopes) {
        const QByteArray path = snapshotPath(state.name, scope, version);
        const Result<std::optional<store::FileView>> file =
            co_await fileAt(m_library.store(), path, desk->at);
        if (!file)
            co_return file.error();
        if (*file)
            versions.emplace(scope, version);
    }
    if (versions.empty()) {
        co_return Failure::of(Code::notFound,
                              u"%1 has no version %2; goconf.history says which there are"_s.arg(
                                  textOf(state.name), textOf(version)));
    }
    co_return versions;
}

/// What was live before the first release of a change, where its last one still is live.
Task<Answer<Versions>> Publisher::versionsBefore(DeskPointer desk, ServiceState state,
                                                 QByteArray change)
{
    const Result<std::vector<store::FileView>> files = co_await releasesFrom(change, desk->at);
    if (!files)
        co_return files.error();
    Versions from;
    Versions to;
    for (const store::FileView &file : *files) {
        const Result<ReleaseRecord> record = ReleaseRecord::parse(file.value);
        if (!record || record->change != change || record->kind != ReleaseRecord::Kind::publish)
            continue;
        for (const ReleaseRecord::Service &service : record->services) {
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
        if (!version.isEmpty() && one != nullptr && one->pointer.current == to[scope])
            versions.emplace(scope, version);
    }
    co_return versions;
}

/// Records from \a id on, in the order of their ids.
Task<Result<std::vector<store::FileView>>> Publisher::releasesFrom(QByteArray id, Revision at)
{
    std::vector<store::FileView> files;
    store::Range range{.from = releasePath(id), .to = "/config/_release~", .page = {}, .at = at};
    const pluginapi::ReadOptions options{pluginapi::ReadMode::session, at};
    for (;;) {
        const store::Question question = range;
        const Result<store::Reply> reply = co_await m_library.store().read(question, options);
        if (!reply)
            co_return reply.error();
        if (const std::optional<Error> error = pluginapi::errorOf(*reply))
            co_return *error;
        files.insert(files.end(), reply->files.begin(), reply->files.end());
        range.page.after = reply->resume;
        if (!reply->hasMore)
            break;
    }
    co_return files;
}

Task<Publisher::Attempt> Publisher::releasedEarlier(DeskPointer desk, QByteArray key)
{
    std::optional<Released> released;
    if (key.isEmpty())
        co_return released;
    const WallMs from = m_context.clock().wall() - keyLife;
    const auto files = co_await releasesFrom(releaseIdAt(std::max(from, WallMs(0))), desk->at);
    if (!files)
        co_return files.error();
    for (const store::FileView &file : *files) {
        const QByteArray id = file.path.sliced(file.path.lastIndexOf('/') + 1);
        if (!id.endsWith('-' + key))
            continue;
        const Result<ReleaseRecord> record = ReleaseRecord::parse(file.value);
        if (!record)
            co_return record.error();
        released = Released{desk->plan, {}, file.created, Released::Earlier{id, *record}};
    }
    co_return released;
}

Task<Answer<Versions>> Publisher::versionsOf(DeskPointer desk, ServiceState state,
                                             RollbackWish wish)
{
    const std::vector<QByteArray> &idcs = wish.release.idcs;
    if (wish.isUndo)
        co_return lastSwitch(state, idcs);
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
        desk->plan.guardObject(source, (*used)->created); // it may be swept meanwhile
    co_return desk->plan.addRollback(state, scope, *snapshot, version, isStored);
}

Task<Publisher::Attempt> Publisher::tryRollback(RollbackWish wish, QByteArray id)
{
    const Result<DeskPointer> opened = co_await open();
    if (!opened)
        co_return opened.error();
    const DeskPointer &desk = *opened;
    const Attempt earlier = co_await releasedEarlier(desk, wish.release.key);
    if (!earlier || *earlier)
        co_return earlier;
    if (const std::optional<Failure> failure = unknownIdc(wish.release.idcs, desk->idcs))
        co_return *failure;
    using Kind = ReleaseRecord::Kind;
    desk->plan = ReleasePlan(orderOf(wish.release, id, wish.isUndo ? Kind::undo : Kind::rollback));
    const Result<ServiceState> state = co_await m_library.service(wish.service, desk->at);
    if (!state)
        co_return state.error();
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
    const Attempt finished = co_await finish(desk, wish.release);
    co_return finished;
}

Task<Answer<Released>> Publisher::rollback(RollbackWish wish)
{
    const QByteArray id = newId(wish.release.key);
    for (int i = 0; i < planTries; ++i) {
        const Attempt attempt = co_await tryRollback(wish, id);
        if (!attempt)
            co_return attempt.error();
        if (*attempt)
            co_return **attempt;
    }
    co_return Failure::of(Code::conflict,
                          u"others publish here all the time; try again in a moment"_s);
}

} // namespace coffer::goconf
