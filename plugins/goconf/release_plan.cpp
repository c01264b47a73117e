// SPDX-License-Identifier: Apache-2.0
#include "goconf/release_plan.h"

#include "goconf/record_fields.h"
#include "pluginapi/store.h"

#include <algorithm>

using namespace Qt::StringLiterals;

namespace coffer::goconf {

using config::Hash;
using store::Transaction;

static bool contains(const std::vector<QByteArray> &names, const QByteArray &name)
{
    return std::find(names.begin(), names.end(), name) != names.end();
}

/// The move of a scope from where it is, to nowhere yet.
Move ReleasePlan::moveOf(const ServiceState &state, const QByteArray &scope) const
{
    Move move{.service = state.name, .scope = scope};
    if (const ScopeState *own = state.scope(scope)) {
        move.from = own->pointer.current;
        move.before = own->live;
        move.pointer = own->pointer;
        move.revision = own->revision;
        if (own->pointer.candidate)
            move.tried = {own->pointer.candidate->hosts, own->candidate};
    } else if (const auto wanted = state.wanted(scope)) {
        move.from = wanted->version;
        move.before = wanted->snapshot;
        move.kept = wanted->snapshot;
    }
    return move;
}

static void noteBuilt(Pointer &pointer, const QByteArray &version)
{
    if (versionNumber(version).value_or(0) > versionNumber(pointer.last).value_or(0))
        pointer.last = version;
}

void ReleasePlan::setTarget(Move &move, const QByteArray &version) const
{
    move.to = version;
    move.pointer.previous = move.from;
    move.pointer.current = version;
    move.pointer.candidate.reset();
    noteBuilt(move.pointer, move.from);
    noteBuilt(move.pointer, version);
    move.pointer.release = m_order.id;
    move.pointer.made = m_order.made;
    if (move.isSnapshotNew)
        finishSnapshot(move);
}

/// The pointer of a scope in which nothing is to change. One that follows the base layer gets one
/// of its own, which says what that says.
Pointer ReleasePlan::standing(const Move &move, const ServiceState &state) const
{
    if (!move.revision.isNone())
        return move.pointer;
    const ScopeState *base = state.scope(baseScope);
    Pointer pointer{move.from, {}, move.from, m_order.id, m_order.made};
    if (base != nullptr) {
        pointer.previous = base->pointer.previous;
        pointer.release = base->pointer.release;
        pointer.made = base->pointer.made;
    }
    return pointer;
}

void ReleasePlan::setCandidate(Move &move, const ServiceState &state, const Canary &canary) const
{
    move.to = versionName(state.record.last + 1);
    move.isTrial = true;
    finishSnapshot(move);
    move.pointer = standing(move, state);
    noteBuilt(move.pointer, move.to);
    Candidate candidate{.version = move.to, .release = m_order.id, .made = m_order.made};
    if (const auto hosts = canary.hosts.find(move.scope); hosts != canary.hosts.end())
        candidate.hosts = hosts->second;
    if (const auto draft = canary.drafts.find(move.scope); draft != canary.drafts.end()) {
        candidate.draft = draft->second.first;
        candidate.upTo = draft->second.second;
    }
    move.toTry = {candidate.hosts, move.after};
    move.pointer.candidate = candidate;
}

void ReleasePlan::finishSnapshot(Move &move) const
{
    move.after.parent = move.from;
    move.after.hash = Snapshot::contentHash(move.after.base, move.after.own);
    move.after.author = m_order.made.by;
    move.after.at = m_order.made.at;
    move.after.note = m_order.message;
    move.after.release = m_order.id;
}

bool ReleasePlan::hasMove(const QByteArray &service, const QByteArray &scope) const
{
    return std::any_of(m_moves.begin(), m_moves.end(), [&](const Move &move) {
        return move.service == service && move.scope == scope;
    });
}

void ReleasePlan::addService(const ServiceState &state, std::uint64_t last)
{
    const auto isSame = [&state](const Service &one) { return one.state.name == state.name; };
    if (std::none_of(m_services.begin(), m_services.end(), isSame))
        m_services.push_back({state, last});
}

std::set<QByteArray> ReleasePlan::scopesOf(const Editions &editions, const Reach &reach)
{
    std::set<QByteArray> scopes;
    for (const auto &[scope, edition] : editions)
        scopes.insert(scope);
    if (editions.contains(baseScope)) {
        const std::vector<QByteArray> &moved = reach.only.empty() ? reach.idcs : reach.only;
        scopes.insert(moved.begin(), moved.end());
    }
    return scopes;
}

Result<void> ReleasePlan::addPublish(const ServiceState &state, const Editions &editions,
                                     const Reach &reach, const std::optional<Canary> &canary)
{
    const auto base = editions.find(baseScope);
    const bool isBase = base != editions.end();
    if (!isBase && !reach.only.empty()) {
        return Error{ErrorCode::invalid,
                     u"idcs: expected only with changes of the base layer; %1 has none"_s.arg(
                         textOf(state.name))};
    }
    const std::uint64_t number = state.record.last + (editions.empty() ? 0 : 1);
    for (const QByteArray &scope : scopesOf(editions, reach)) {
        Move move = moveOf(state, scope);
        const bool isOfHost = hostOfScope(scope).has_value(); // which has no base layer
        move.after = {.base = isBase && !isOfHost ? base->second.manifest : move.before.base,
                      .own = move.before.own};
        const auto own = editions.find(scope);
        if (own != editions.end() && scope != baseScope)
            move.after.own = own->second.manifest;
        if (own != editions.end())
            move.after.pieces = own->second.pieces;
        else if (isBase)
            move.after.pieces = base->second.pieces;
        move.isSnapshotNew = true;
        if (canary)
            setCandidate(move, state, *canary);
        else
            setTarget(move, versionName(number));
        if (isOfHost)
            move.pointer.until = reach.until;
        m_moves.push_back(move);
    }
    for (const QByteArray &scope : reach.extended)
        addExtension(state, scope, reach.until);
    if (isBase && !reach.only.empty())
        addPins(state, reach, canary.has_value());
    addService(state, number);
    if (canary)
        addAbandonment(state, false); // of what it replaces
    return {};
}

void ReleasePlan::addExtension(const ServiceState &state, const QByteArray &scope, WallMs until)
{
    Move move = moveOf(state, scope);
    move.to = move.from;
    move.after = move.before;
    move.pointer.release = m_order.id;
    move.pointer.made = m_order.made;
    move.pointer.until = until;
    m_moves.push_back(move);
}

void ReleasePlan::addPromotion(const ServiceState &state)
{
    for (const auto &[scope, one] : state.scopes) {
        if (!one.pointer.candidate)
            continue;
        Move move = moveOf(state, scope);
        move.after = one.candidate;
        setTarget(move, one.pointer.candidate->version);
        m_moves.push_back(move);
    }
    addService(state, state.record.last);
}

void ReleasePlan::addAbandonment(const ServiceState &state, bool isShown)
{
    for (const auto &[scope, one] : state.scopes) {
        if (!one.pointer.candidate || hasMove(state.name, scope))
            continue;
        Move move = moveOf(state, scope);
        move.isTrial = true;
        move.isPin = !isShown;
        move.after = move.before;
        move.to = move.from;
        move.from = one.pointer.candidate->version;
        move.pointer.candidate.reset();
        m_moves.push_back(move);
    }
    addService(state, state.record.last);
}

/// Scopes that have no pointer follow the base layer: those that are not to move now get one.
void ReleasePlan::addPins(const ServiceState &state, const Reach &reach, bool isCanary)
{
    for (const QByteArray &idc : reach.idcs) {
        if (contains(reach.only, idc) || state.scope(idc) != nullptr)
            continue;
        Move move = moveOf(state, idc);
        move.isPin = true;
        move.to = move.from;
        move.after = move.before;
        if (isCanary)
            move.pointer = standing(move, state);
        else
            move.pointer = {move.from, {}, move.from, m_order.id, m_order.made};
        m_moves.push_back(move);
    }
}

Result<void> ReleasePlan::addContinuation(const ServiceState &state, const Reach &reach,
                                          const std::map<QByteArray, Snapshot> &stored)
{
    const ScopeState *base = state.scope(baseScope);
    if (base == nullptr || base->pointer.current.isEmpty())
        return Error{ErrorCode::refused, textOf(state.name) + u": nothing was released yet"_s};
    const QByteArray version = base->pointer.current;
    bool isMoved = false;
    for (const QByteArray &idc : reach.only) {
        Move move = moveOf(state, idc);
        if (move.from == version)
            continue;
        move.after = {.base = base->live.base, .own = move.before.own};
        move.after.pieces = base->live.pieces;
        const auto there = stored.find(idc);
        move.isSnapshotNew = there == stored.end();
        if (!move.isSnapshotNew) {
            if (there->second.base != move.after.base || there->second.own != move.after.own) {
                return Error{
                    ErrorCode::refused,
                    u"%1@%2 had %3 already, with another layer of its own: a version never "
                    "changes; publish a new one"_s.arg(textOf(state.name), textOf(idc),
                                                       textOf(version))};
            }
            move.after = there->second;
        }
        setTarget(move, version);
        m_moves.push_back(move);
        isMoved = true;
    }
    if (!isMoved) {
        return Error{ErrorCode::refused,
                     u"%1: these IDCs have %2 already; there is nothing to do"_s.arg(
                         textOf(state.name), textOf(version))};
    }
    m_services.push_back({state, state.record.last});
    return {};
}

Result<void> ReleasePlan::addRollback(const ServiceState &state, const QByteArray &scope,
                                      const Snapshot &snapshot, const QByteArray &version,
                                      bool isStored)
{
    Move move = moveOf(state, scope);
    if (move.from == version) {
        return Error{ErrorCode::refused, u"%1@%2 is at %3 already"_s.arg(
                                             textOf(state.name), textOf(scope), textOf(version))};
    }
    move.after = snapshot;
    if (!isStored && !version.isEmpty())
        move.isSnapshotNew = true;
    const Snapshot whole = move.after;
    setTarget(move, version);
    move.pointer.until = WallMs(0);
    move.after = whole; // a copy of the same version, not a new one
    m_moves.push_back(move);
    addService(state, state.record.last);
    return {};
}

// ---- what it does

bool ReleasePlan::movesGlobal() const
{
    return std::any_of(m_services.begin(), m_services.end(),
                       [](const Service &one) { return one.state.name == globalService; });
}

namespace {

/// Two states of the same services, and who there is.
struct Sides
{
    const Services &before;
    const Services &after;
    const std::map<QByteArray, HostRecord> &hosts;
};

} // namespace

/// Hosts of an IDC that get something else than the others in it.
static void addApart(std::set<QByteArray> &apart, const Services &services, const HostClass &of,
                     const std::map<QByteArray, HostRecord> &hosts)
{
    const auto found = services.find(of.service);
    if (found == services.end())
        return;
    for (const auto &[scope, one] : found->second.scopes) {
        const std::optional<QByteArray> host = hostOfScope(scope);
        const auto record = host ? hosts.find(*host) : hosts.end();
        if (record != hosts.end() && record->second.idc == of.idc && !one.pointer.current.isEmpty())
            apart.insert(*host);
        if (scope == of.idc && one.pointer.candidate)
            apart.insert(one.pointer.candidate->hosts.begin(), one.pointer.candidate->hosts.end());
    }
}

/// Whether a layer of a host is on top.
static bool hasOwn(const Stack &stack)
{
    return !stack.isEmpty() && hostOfScope(stack.parts.back().of.scope).has_value();
}

/// What changes in an IDC: for those that get something of their own, by what that is; for those
/// that would try what nobody tries there, since it has to be right too; for all others.
static void addClasses(std::vector<ClassChange> &classes, const HostClass &of, const Sides &sides)
{
    std::set<QByteArray> apart;
    addApart(apart, sides.before, of, sides.hosts);
    addApart(apart, sides.after, of, sides.hosts);
    std::map<std::pair<Editions, Editions>, ClassChange> groups;
    for (const QByteArray &host : apart) {
        const HostClass own{of.service, of.idc, host};
        ClassChange change{own, stackOf(sides.before, own), stackOf(sides.after, own)};
        if (change.before.editions() == change.after.editions())
            continue;
        if (!hasOwn(change.before) && !hasOwn(change.after))
            change.of = of;
        change.only.emplace();
        const std::pair name(change.before.editions(), change.after.editions());
        groups.emplace(name, change).first->second.only->insert(host);
    }
    ClassChange rest{of, stackOf(sides.before, of), stackOf(sides.after, of)};
    rest.others = apart;
    ClassChange trial{of, rest.before, trialOf(sides.after, of.service, of.idc)};
    trial.only.emplace();
    const auto isTrial = [&trial](const auto &group) {
        return group.first.second == trial.after.editions();
    };
    const bool isNew =
        trial.after.editions() != trialOf(sides.before, of.service, of.idc).editions();
    // First what all get, which is checked against what all had.
    if (rest.before.editions() != rest.after.editions())
        classes.push_back(rest);
    if (!trial.after.isEmpty() && isNew && std::none_of(groups.begin(), groups.end(), isTrial))
        classes.push_back(trial);
    for (const auto &[name, change] : groups)
        classes.push_back(change);
}

std::vector<ClassChange> ReleasePlan::classes(const Around &around) const
{
    Services before = around.services;
    for (const Service &service : m_services)
        before.insert_or_assign(service.state.name, service.state);
    Services after = before;
    for (const Move &move : m_moves) {
        ScopeState &scope = after[move.service].scopes[move.scope];
        scope.pointer = move.pointer;
        scope.live = move.liveAfter();
        scope.candidate = move.toTry.snapshot;
    }
    std::vector<QByteArray> idcs = around.idcs;
    if (idcs.empty())
        idcs.push_back(baseScope);
    std::vector<ClassChange> classes;
    for (const auto &[name, state] : after) {
        for (const QByteArray &idc : idcs) {
            if (name != globalService)
                addClasses(classes, {name, idc}, {before, after, around.hosts});
        }
    }
    return classes;
}

ReleaseRecord ReleasePlan::record(std::uint64_t hosts, const Hash &diff) const
{
    ReleaseRecord record{.kind = m_order.kind,
                         .change = m_order.change,
                         .services = {},
                         .message = m_order.message,
                         .made = m_order.made,
                         .from = m_order.address,
                         .hosts = hosts,
                         .diff = diff,
                         .wish = m_order.wish,
                         .candidate = m_order.candidate};
    std::set<QByteArray> canary;
    for (const Service &service : m_services) {
        ReleaseRecord::Service one{service.state.name, {}};
        for (const Move &move : m_moves) {
            if (move.service == one.service && !move.isPin)
                one.targets.push_back({move.scope, move.from, move.to});
            canary.insert(move.toTry.hosts.begin(), move.toTry.hosts.end());
        }
        record.services.push_back(one);
    }
    record.canary.assign(canary.begin(), canary.end());
    return record;
}

void ReleasePlan::addGuards(Transaction &transaction) const
{
    for (const Service &service : m_services)
        transaction.guards.push_back(
            pluginapi::expectedRevision(servicePath(service.state.name), service.state.revision));
    for (const Move &move : m_moves)
        transaction.guards.push_back(
            pluginapi::expectedRevision(pointerPath(move.service, move.scope), move.revision));
    for (const Taken &taken : m_taken)
        transaction.guards.push_back(
            pluginapi::expectedRevision(editedPath(taken.id), taken.edited));
    for (const auto &[path, created] : m_files)
        transaction.guards.emplace_back(store::CreatedEquals{path, created});
    for (const auto &[path, revision] : m_grounds)
        transaction.guards.push_back(pluginapi::expectedRevision(path, revision));
    if (m_order.notBefore != WallMs(0))
        transaction.guards.emplace_back(store::TimeReached{m_order.notBefore});
    transaction.guards.emplace_back(store::Missing{releasePath(m_order.id)});
}

void ReleasePlan::addMove(Transaction &transaction, const Move &move) const
{
    if (move.kept && !move.from.isEmpty())
        transaction.operations.emplace_back(
            store::Put{.path = snapshotPath(move.service, move.scope, move.from),
                       .value = move.kept->toJson()});
    if (move.isSnapshotNew)
        transaction.operations.emplace_back(store::Put{
            .path = snapshotPath(move.service, move.scope, move.to), .value = move.after.toJson()});
    transaction.operations.emplace_back(
        store::Put{.path = pointerPath(move.service, move.scope), .value = move.pointer.toJson()});
    const std::optional<QByteArray> host = hostOfScope(move.scope);
    if (move.isFirst() || host)
        transaction.operations.emplace_back(store::Put{
            .path = host ? hostUsePath(*host) : idcUsePath(move.scope), .value = useMark});
}

std::vector<DraftId> ReleasePlan::marked() const
{
    std::vector<DraftId> marked;
    std::size_t removed = 0;
    for (const Taken &taken : m_taken) {
        if (!taken.hasNewer && removed + taken.files <= removedFilesMax)
            removed += taken.files;
        else
            marked.push_back(taken.id);
    }
    return marked;
}

Result<Transaction> ReleasePlan::transaction(const ReleaseRecord &record) const
{
    Transaction transaction;
    addGuards(transaction);
    for (const Service &service : m_services) {
        // Also where no number is given: so all releases of a service are in one order, and what
        // a plan read of other scopes still holds.
        ServiceRecord next = service.state.record;
        next.last = service.last;
        transaction.operations.emplace_back(
            store::Put{.path = servicePath(service.state.name), .value = next.toJson()});
    }
    const bool isOfServices =
        std::any_of(m_services.begin(), m_services.end(),
                    [](const Service &one) { return one.state.name != globalService; });
    if (isOfServices)
        transaction.operations.emplace_back(
            store::Put{.path = serviceReleasesPath(), .value = useMark});
    for (const Move &move : m_moves)
        addMove(transaction, move);
    const std::vector<DraftId> left = marked();
    for (const Taken &taken : m_taken) {
        if (std::find(left.begin(), left.end(), taken.id) == left.end())
            transaction.operations.emplace_back(store::DeleteTree{draftPath(taken.id)});
        else
            transaction.operations.emplace_back(
                store::Put{.path = takenPath(taken.id), .value = takenMark(taken.at)});
    }
    for (const auto &[path, change] : m_rebased) {
        if (change)
            transaction.operations.emplace_back(
                store::Put{.path = path, .value = change->toJson()});
        else
            transaction.operations.emplace_back(store::Delete{path});
    }
    transaction.operations.emplace_back(
        store::Put{.path = releasePath(m_order.id), .value = record.toJson()});
    const std::size_t bytes = std::size_t(store::encode(store::Command{{}, transaction}).size());
    if (bytes > entryBytesMax) {
        const QString advice = m_rebased.empty()
                                   ? u"publish fewer services, IDCs or new files at once"_s
                                   : u"discard some of what was edited since the candidate"_s;
        return Error{
            ErrorCode::refused,
            u"this release would be an entry of %1 bytes in the log, %2 are allowed: "_s.arg(bytes)
                    .arg(entryBytesMax)
                + advice};
    }
    return transaction;
}

// ---- the mark of a draft that was too large to be removed at once

QByteArray takenMark(Revision upTo) { return jsonOf({{u"upTo"_s, qint64(upTo.value())}}); }

Revision takenUpTo(const QByteArray &mark)
{
    RecordFields fields(mark, u"mark of a published draft"_s);
    const Revision upTo(fields.number("upTo"));
    return fields.finish() ? Revision() : upTo;
}

} // namespace coffer::goconf
