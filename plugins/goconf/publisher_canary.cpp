// SPDX-License-Identifier: Apache-2.0
#include "goconf/publisher.h"

#include "goconf/release_desk.h"

using namespace Qt::StringLiterals;

namespace coffer::goconf {

using rpc::Answer;
using rpc::Code;
using rpc::Failure;

std::optional<Failure> canaryFailure(const ServiceState &state)
{
    const Candidate *tried = state.candidate();
    if (tried == nullptr)
        return std::nullopt;
    return Failure::of(Code::refused,
                       u"some hosts are trying %1 of %2: promote or abandon it first "
                       "(goconf.canary.promote, goconf.canary.abandon), publish another candidate "
                       "with replace, or roll back with abandon"_s.arg(textOf(tried->version),
                                                                       textOf(state.name)));
}

Answer<std::map<QByteArray, std::vector<QByteArray>>>
canaryHosts(const std::vector<QByteArray> &named, const QByteArray &service,
            const std::map<QByteArray, HostRecord> &hosts, const std::set<QByteArray> &scopes)
{
    std::map<QByteArray, std::vector<QByteArray>> byIdc;
    for (const QByteArray &name : std::set<QByteArray>(named.begin(), named.end())) {
        const auto host = hosts.find(name);
        if (host == hosts.end() || !host->second.wants(service)) {
            return Failure::of(Code::refused,
                               u"canary: no host %1 is enrolled for %2; goconf.host.list says "
                               "which are"_s.arg(textOf(name), textOf(service)));
        }
        const QByteArray &idc = host->second.idc;
        if (!scopes.contains(idc)) {
            return Failure::of(Code::refused,
                               u"canary: %1 is in %2, where nothing of this release goes to"_s.arg(
                                   textOf(name), textOf(idc)));
        }
        byIdc[idc].push_back(name);
    }
    return byIdc;
}

// ---- drafts

/// What was edited since, as it has to be for the same to come of it once the candidate is live.
Task<Result<void>> Publisher::rebase(DeskPointer desk, DraftState draft, ScopeState scope)
{
    const bool isBase = draft.id.scope == baseScope;
    const Revision upTo = scope.pointer.candidate->upTo;
    const Result<LayerPointer> live =
        co_await layerOn(desk, isBase ? scope.live.base : scope.live.own);
    if (!live)
        co_return live.error();
    const Result<LayerPointer> next =
        co_await layerOn(desk, isBase ? scope.candidate.base : scope.candidate.own);
    if (!next)
        co_return next.error();
    const Result<config::Applied> applied = co_await m_drafts.apply(draft, *live);
    if (!applied)
        co_return applied.error();
    std::set<config::Place> colliding;
    for (const config::Conflict &conflict : applied->conflicts)
        colliding.insert(conflict.place);
    for (const auto &[place, one] : *draft.pending) {
        const config::Item base = config::itemAt(**next, place);
        if (one.revision <= upTo || colliding.contains(place)
            || base == config::itemAt(**live, place))
            continue;
        std::optional<DraftRecord> record = one.record;
        record->change.base = base;
        record->change.now = config::itemAt(applied->layer, place);
        if (record->change.now == base)
            record.reset();
        desk->plan.rebase(changePath(draft.id, place), record);
    }
    for (const auto &[hash, bytes] : applied->merged)
        desk->objects.push_back({hash, bytes});
    co_return Result<void>();
}

Task<Result<void>> Publisher::takeCandidate(DeskPointer desk, ServiceState state, QByteArray scope)
{
    const ScopeState &one = state.scopes.at(scope);
    const DraftId id{state.name, scope, one.pointer.candidate->draft};
    if (id.draft.isEmpty())
        co_return Result<void>();
    const Result<DraftState> draft = co_await m_drafts.read(id, desk->at);
    if (!draft)
        co_return draft.error();
    if (draft->files == 0)
        co_return Result<void>();
    // What was discarded or published meanwhile must not come back.
    const Revision upTo = std::max(one.pointer.candidate->upTo, draft->takenUpTo);
    const bool hasNewer =
        std::any_of(draft->pending->begin(), draft->pending->end(),
                    [upTo](const auto &item) { return item.second.revision > upTo; });
    desk->plan.take({id, draft->edited, draft->files, upTo, hasNewer});
    if (!hasNewer)
        co_return Result<void>();
    const Result<void> rebased = co_await rebase(desk, *draft, one);
    co_return rebased;
}

// ---- promote, abandon

Task<Publisher::Attempt> Publisher::tryEndCanary(CanaryWish wish)
{
    const Result<DeskPointer> opened = co_await open();
    if (!opened)
        co_return opened.error();
    const DeskPointer &desk = *opened;
    const Attempt earlier = co_await releasedEarlier(desk, wish.release);
    if (!earlier || *earlier)
        co_return earlier;
    const Result<ServiceState> state = co_await m_library.service(wish.service, desk->at);
    if (!state)
        co_return state.error();
    const Candidate *tried = state->candidate();
    if (tried == nullptr) {
        co_return Failure::of(Code::refused, u"no host tries anything of %1: publish with canary "
                                             "begins that"_s.arg(textOf(wish.service)));
    }
    if (!wish.expected.isEmpty() && wish.expected != tried->version) {
        co_return Failure::of(
            Code::conflict,
            u"expected: the candidate of %1 is %2 by now, not %3: look at it again"_s.arg(
                textOf(wish.service), textOf(tried->version), textOf(wish.expected)));
    }
    if (wish.release.message.isEmpty()) {
        for (const auto &[scope, one] : state->scopes) {
            if (one.pointer.candidate)
                wish.release.message = one.candidate.note;
        }
    }
    using Kind = ReleaseRecord::Kind;
    const QByteArray id = newId(desk->time, wish.release.key);
    ReleasePlan::Order order =
        orderOf(wish.release, id, wish.isPromotion ? Kind::publish : Kind::abandon);
    order.change = tried->release;
    desk->plan = ReleasePlan(order);
    desk->plan.end(*tried);
    if (!wish.isPromotion) {
        desk->plan.addAbandonment(*state, true);
        const Attempt abandoned = co_await finish(desk, wish.release);
        co_return abandoned;
    }
    desk->plan.addPromotion(*state);
    const std::map<QByteArray, ScopeState> scopes = state->scopes;
    for (const auto &[scope, one] : scopes) {
        if (!one.pointer.candidate)
            continue;
        const Result<void> taken = co_await takeCandidate(desk, *state, scope);
        if (!taken)
            co_return taken.error();
    }
    const Attempt finished = co_await finish(desk, wish.release);
    co_return finished;
}

Task<Answer<Released>> Publisher::endCanary(CanaryWish wish)
{
    return untilPlanned(&Publisher::tryEndCanary, std::move(wish));
}

} // namespace coffer::goconf
