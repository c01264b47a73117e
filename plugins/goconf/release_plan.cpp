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
    } else if (const auto wanted = state.wanted(scope)) {
        move.from = wanted->version;
        move.before = wanted->snapshot;
        move.kept = wanted->snapshot;
    }
    return move;
}

void ReleasePlan::setTarget(Move &move, const QByteArray &version) const
{
    move.to = version;
    move.pointer.previous = move.from;
    move.pointer.current = version;
    for (const QByteArray &built : {move.from, version}) {
        if (versionNumber(built).value_or(0) > versionNumber(move.pointer.last).value_or(0))
            move.pointer.last = built;
    }
    move.pointer.release = m_order.id;
    move.pointer.made = m_order.made;
    if (!move.isSnapshotNew)
        return;
    move.after.parent = move.from;
    move.after.hash = Snapshot::contentHash(move.after.base, move.after.own);
    move.after.author = m_order.made.by;
    move.after.at = m_order.made.at;
    move.after.note = m_order.message;
    move.after.release = m_order.id;
}

Result<void> ReleasePlan::addPublish(const ServiceState &state, const Editions &editions,
                                     const Reach &reach)
{
    const auto base = editions.find(baseScope);
    const bool isBase = base != editions.end();
    std::set<QByteArray> scopes;
    for (const auto &[scope, edition] : editions)
        scopes.insert(scope);
    if (isBase) {
        const std::vector<QByteArray> &moved = reach.only.empty() ? reach.idcs : reach.only;
        scopes.insert(moved.begin(), moved.end());
    } else if (!reach.only.empty()) {
        return Error{ErrorCode::invalid,
                     u"idcs: expected only with changes of the base layer; %1 has none"_s.arg(
                         textOf(state.name))};
    }
    const std::uint64_t number = state.record.last + 1;
    for (const QByteArray &scope : scopes) {
        Move move = moveOf(state, scope);
        move.after = {.base = isBase ? base->second.manifest : move.before.base,
                      .own = move.before.own};
        const auto own = editions.find(scope);
        if (own != editions.end() && scope != baseScope)
            move.after.own = own->second.manifest;
        if (own != editions.end())
            move.after.pieces = own->second.pieces;
        else if (isBase)
            move.after.pieces = base->second.pieces;
        move.isSnapshotNew = true;
        setTarget(move, versionName(number));
        m_moves.push_back(move);
    }
    if (isBase && !reach.only.empty())
        addPins(state, reach);
    m_services.push_back({state, number});
    return {};
}

/// Scopes that have no pointer follow the base layer: those that are not to move now get one.
void ReleasePlan::addPins(const ServiceState &state, const Reach &reach)
{
    for (const QByteArray &idc : reach.idcs) {
        if (contains(reach.only, idc) || state.scope(idc) != nullptr)
            continue;
        Move move = moveOf(state, idc);
        move.isPin = true;
        move.to = move.from;
        move.after = move.before;
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
    move.after = whole; // a copy of the same version, not a new one
    m_moves.push_back(move);
    const auto isSame = [&state](const Service &one) { return one.state.name == state.name; };
    if (std::none_of(m_services.begin(), m_services.end(), isSame))
        m_services.push_back({state, state.record.last});
    return {};
}

// ---- what it does

std::vector<ClassChange> ReleasePlan::classes(const std::vector<QByteArray> &idcs) const
{
    std::vector<ClassChange> classes;
    for (const Service &service : m_services) {
        const QByteArray &name = service.state.name;
        std::set<QByteArray> seen;
        const Move *base = nullptr;
        for (const Move &move : m_moves) {
            if (move.service != name)
                continue;
            seen.insert(move.scope);
            if (move.scope == baseScope)
                base = &move;
            else if (!move.isPin)
                classes.push_back({name, move.scope, move.before, move.after});
        }
        if (base == nullptr)
            continue;
        for (const QByteArray &idc : idcs) {
            if (!seen.contains(idc) && service.state.scope(idc) == nullptr)
                classes.push_back({name, idc, base->before, base->after});
        }
        if (idcs.empty())
            classes.push_back({name, baseScope, base->before, base->after});
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
                         .wish = m_order.wish};
    for (const Service &service : m_services) {
        ReleaseRecord::Service one{service.state.name, {}};
        for (const Move &move : m_moves) {
            if (move.service == one.service && !move.isPin)
                one.targets.push_back({move.scope, move.from, move.to});
        }
        record.services.push_back(one);
    }
    return record;
}

void ReleasePlan::addGuards(Transaction &transaction) const
{
    for (const Service &service : m_services)
        transaction.guards.emplace_back(
            store::RevisionEquals{servicePath(service.state.name), service.state.revision});
    for (const Move &move : m_moves)
        transaction.guards.push_back(
            pluginapi::expectedRevision(pointerPath(move.service, move.scope), move.revision));
    for (const Taken &taken : m_taken)
        transaction.guards.push_back(
            pluginapi::expectedRevision(editedPath(taken.id), taken.edited));
    for (const auto &[path, created] : m_files)
        transaction.guards.emplace_back(store::CreatedEquals{path, created});
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
    if (move.isFirst())
        transaction.operations.emplace_back(
            store::Put{.path = idcUsePath(move.scope), .value = useMark});
}

std::vector<DraftId> ReleasePlan::marked() const
{
    std::vector<DraftId> marked;
    std::size_t removed = 0;
    for (const Taken &taken : m_taken) {
        if (removed + taken.files <= removedFilesMax)
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
    transaction.operations.emplace_back(
        store::Put{.path = releasePath(m_order.id), .value = record.toJson()});
    const std::size_t bytes = std::size_t(store::encode(store::Command{{}, transaction}).size());
    if (bytes > entryBytesMax) {
        return Error{ErrorCode::refused,
                     u"this release would be an entry of %1 bytes in the log, %2 are allowed: "
                     "publish fewer services, IDCs or new files at once"_s.arg(bytes)
                         .arg(entryBytesMax)};
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
