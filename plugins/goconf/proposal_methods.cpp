// SPDX-License-Identifier: Apache-2.0
#include "goconf/proposal_methods.h"

#include "goconf/item_cbor.h"
#include "goconf/method_kit.h"
#include "goconf/record_fields.h"

#include <algorithm>

using namespace Qt::StringLiterals;

namespace coffer::goconf {

using config::Change;
using config::Item;
using rpc::Access;
using rpc::Code;
using rpc::Failure;

static constexpr std::size_t proposedMax = 1'000; ///< Places, as in goconf.draft.edit.

/// It shows what is published: whoever may not read that, may not have it in a draft of his.
static std::vector<rpc::Touch> touchesProposal(const rpc::Call &call)
{
    std::vector<rpc::Touch> touches = touchesDraft(call);
    for (const rpc::Touch &touch : touchesService(call))
        touches.push_back(touch);
    return touches;
}

Result<void> ProposalMethods::start()
{
    pluginapi::Methods &methods = m_context.methods();
    const QByteArray common = R"("service":$service,"draft":$draft,"as":$name,
        "force":{"type":"boolean","description":"over the pending changes of others"},
        "places":{"type":"array","maxItems":1000,"items":{"type":"string"},
            "description":"only these, as shown; a section stands for all in it"})";
    for (const Result<void> &added :
         {methods.add(methodOf(u"goconf.draft.revert"_s,
                               u"Takes back, in a draft, what one version changed; what was "
                               "changed later stays."_s,
                               schemaOf(common + R"(,"scope":$scope,"version":$version)",
                                        R"("service","version")"),
                               Access::Kind::write, &touchesProposal),
                      *this, &ProposalMethods::revert),
          methods.add(methodOf(u"goconf.draft.promote"_s,
                               u"Brings, in a draft, the own layer of an IDC to that of another "
                               "one, or into the base layer."_s,
                               schemaOf(common + R"(,"from":$name,"scope":$scope)",
                                        R"("service","from","scope")"),
                               Access::Kind::write, &touchesProposal),
                      *this, &ProposalMethods::promote)}) {
        if (!added)
            return added;
    }
    return {};
}

/// Without the places that nobody asked for.
static std::vector<Change> chosen(std::vector<Change> changes,
                                  const std::vector<QByteArray> &places)
{
    if (places.empty())
        return changes;
    std::erase_if(changes, [&places](const Change &change) {
        return std::none_of(places.begin(), places.end(), [&change](const QByteArray &place) {
            return change.place.shown() == place
                   || (!change.place.section.isEmpty() && change.place.section == place);
        });
    });
    return changes;
}

static Failure collision(const std::vector<config::Conflict> &conflicts)
{
    QStringList places;
    for (const config::Conflict &conflict : conflicts) {
        if (places.size() < 5)
            places += textOf(conflict.place.shown());
    }
    Failure failure = Failure::of(
        Code::conflict, u"%1 places were changed again since: %2. Edit them by hand, and name the "
                        "others in places"_s.arg(conflicts.size())
                            .arg(places.join(u", "_s)));
    failure.details.insert(u"conflicts"_s, conflictsCbor(conflicts));
    return failure;
}

Task<Result<LayerPointer>> ProposalMethods::liveLayer(QByteArray service, QByteArray scope,
                                                      Revision at)
{
    const Result<ServiceState> state = co_await m_library.service(service, at);
    if (!state)
        co_return state.error();
    const auto wanted = state->wanted(scope);
    config::Hash manifest;
    if (wanted)
        manifest = scope == baseScope ? wanted->snapshot.base : wanted->snapshot.own;
    const Result<LayerPointer> layer = co_await m_library.layer(manifest);
    co_return layer;
}

Task<rpc::Outcome> ProposalMethods::propose(Proposal proposal, LayerPointer live)
{
    const auto changes = std::make_shared<const std::vector<Change>>(std::move(proposal.changes));
    const Result<config::Contents> contents = co_await m_drafts.contentsToMerge(live, changes);
    if (!contents)
        co_return contents.error();
    struct Made
    {
        config::Applied applied;
        std::vector<Change> wishes;
    };
    const auto work = [live, changes, texts = *contents] {
        Made made{config::apply(*live, *changes, texts), {}};
        made.wishes = config::diff(*live, made.applied.layer);
        return made;
    };
    const Result<Made> made = co_await m_context.offload(work);
    if (!made)
        co_return made.error();
    if (!made->applied.conflicts.empty())
        co_return collision(made->applied.conflicts);
    if (made->wishes.empty())
        co_return QCborValue(QCborMap{{u"changed"_s, 0}});
    if (made->wishes.size() > proposedMax) {
        co_return Failure::of(Code::refused,
                              u"%1 places would change, at most %2 can at once: name sections in "
                              "places, and call again for others"_s.arg(made->wishes.size())
                                  .arg(proposedMax));
    }
    std::vector<config::Object> objects;
    for (const auto &[hash, bytes] : made->applied.merged)
        objects.push_back({hash, bytes});
    const auto stored = co_await m_library.putObjects(objects);
    if (!stored)
        co_return stored.error();
    DraftMethods::Wish wish{proposal.id, {}, proposal.who, proposal.isForced};
    for (const Change &change : made->wishes)
        wish.edits.push_back({.op = Edit::Op::exact, .place = change.place, .item = change.now});
    rpc::Outcome outcome = co_await m_edits.carryOut(std::move(wish));
    co_return std::move(outcome);
}

Task<rpc::Outcome> ProposalMethods::revert(rpc::Call &call)
{
    const DraftId id = draftIn(call.params);
    const QByteArray version = textIn(call.params, "version");
    const std::vector<QByteArray> places = textsIn(call.params, "places");
    const Trace who = traceOf(call, m_context.clock());
    const bool isForced = call.params.value(u"force"_s).toBool();
    const Result<Revision> at = co_await newestRevision(m_library.store());
    if (!at)
        co_return at.error();
    const Result<LayerPointer> live = co_await liveLayer(id.service, id.scope, *at);
    if (!live)
        co_return live.error();
    const Result<Snapshot> snapshot =
        co_await m_library.snapshot(id.service, id.scope, version, *at);
    if (!snapshot)
        co_return snapshot.error();
    const Result<LayerPointer> after =
        co_await m_library.layerOf(id.service, id.scope, version, *at);
    if (!after)
        co_return after.error();
    Result<LayerPointer> before = co_await m_library.layer(config::Hash());
    if (!snapshot->parent.isEmpty())
        before = co_await m_library.layerOf(id.service, id.scope, snapshot->parent, *at);
    if (!before) {
        co_return before.error().in(
            u"version: what was live before %1"_s.arg(QString::fromUtf8(version)));
    }
    Proposal proposal{id, chosen(config::diff(**after, **before), places), who, isForced};
    rpc::Outcome outcome = co_await propose(proposal, *live);
    co_return std::move(outcome);
}

/// What makes \a to like \a from. The base layer keeps what it has besides: others rest on it.
static std::vector<Change> leading(const config::Layer &to, const config::Layer &from, bool isBase)
{
    std::vector<Change> changes = config::diff(to, from);
    if (isBase) {
        std::erase_if(changes, [&from](const Change &change) {
            // What the other layer says is not there goes here.
            const config::Place section{config::Place::Kind::section, change.place.section, {}};
            if (change.place.kind == config::Place::Kind::key && from.tombstone(section) != nullptr)
                return false;
            const auto *head = std::get_if<config::SectionHead>(&change.now);
            return std::holds_alternative<std::monostate>(change.now)
                   || (head != nullptr && head->comment.isEmpty());
        });
    }
    return changes;
}

Task<rpc::Outcome> ProposalMethods::promote(rpc::Call &call)
{
    const DraftId id = draftIn(call.params);
    const QByteArray from = textIn(call.params, "from");
    const std::vector<QByteArray> places = textsIn(call.params, "places");
    const Trace who = traceOf(call, m_context.clock());
    const bool isForced = call.params.value(u"force"_s).toBool();
    if (from == id.scope)
        co_return Failure::of(Code::invalidArgument, u"from: expected another IDC than scope"_s);
    const Result<Revision> at = co_await newestRevision(m_library.store());
    if (!at)
        co_return at.error();
    const Result<std::vector<QByteArray>> idcs = co_await m_library.idcs(*at);
    if (!idcs)
        co_return idcs.error();
    for (const auto &[name, idc] : {std::pair("from", from), std::pair("scope", id.scope)}) {
        if (idc == baseScope && idc != from)
            continue;
        if (std::find(idcs->begin(), idcs->end(), idc) == idcs->end()) {
            co_return Failure::of(
                Code::notFound,
                u"%1: there is no IDC %2; goconf.idc.list says which there are"_s.arg(
                    QLatin1String(name), textOf(idc)));
        }
    }
    const Result<LayerPointer> source = co_await liveLayer(id.service, from, *at);
    if (!source)
        co_return source.error();
    const Result<LayerPointer> live = co_await liveLayer(id.service, id.scope, *at);
    if (!live)
        co_return live.error();
    Proposal proposal{id, chosen(leading(**live, **source, id.scope == baseScope), places), who,
                      isForced};
    rpc::Outcome outcome = co_await propose(proposal, *live);
    co_return std::move(outcome);
}

} // namespace coffer::goconf
