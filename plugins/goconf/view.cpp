// SPDX-License-Identifier: Apache-2.0
#include "goconf/view.h"

#include "goconf/record_fields.h"

#include <algorithm>
#include <iterator>

using namespace Qt::StringLiterals;

namespace coffer::goconf {

using config::Hash;
using rpc::Answer;
using rpc::Code;
using rpc::Failure;

LayerPointer View::edited() const
{
    const Hash manifest = id.scope == baseScope ? snapshot.base : snapshot.own;
    const auto found = material.layers.find(manifest);
    return found == material.layers.end() ? std::make_shared<config::Layer>() : found->second;
}

Failure notLive(const ViewId &id)
{
    const DraftId scope{id.service, id.scope};
    return Failure::of(Code::notFound,
                       u"%1: no version of %2 is live there, so hosts get nothing of it, nor of "
                       "what lies below; publish one, or look at a draft"_s.arg(
                           textOf(scope.shown()), textOf(id.service)));
}

Task<Answer<bool>> Viewer::addDraft(std::shared_ptr<View> view)
{
    const DraftId id{view->id.service, view->id.scope, view->id.draft};
    const Result<DraftState> draft = co_await m_drafts.read(id, view->at);
    if (!draft)
        co_return draft.error();
    Result<config::Applied> applied = co_await m_drafts.apply(*draft, view->edited());
    if (!applied)
        co_return applied.error();
    view->conflicts = std::move(applied->conflicts);
    view->material.contents = std::move(applied->merged); // they are stored by a release alone
    const auto layer = std::make_shared<config::Layer>(std::move(applied->layer));
    const Hash name = Hash::of("with the draft " + id.shown());
    Hash &manifest = view->id.scope == baseScope ? view->snapshot.base : view->snapshot.own;
    manifest = name;
    view->material.layers.insert_or_assign(name, layer);
    for (Stack::Part &part : view->stack.parts) {
        if (part.of.service == id.service && part.of.scope == id.scope)
            part.snapshot = view->snapshot;
    }
    co_return true;
}

Task<Result<void>> Viewer::addContents(std::shared_ptr<View> view)
{
    const std::map<Hash, LayerPointer> layers = view->material.layers;
    const config::Contents merged = view->material.contents;
    for (const auto &[hash, layer] : layers) {
        const auto stored = std::make_shared<config::Layer>();
        std::copy_if(layer->files.begin(), layer->files.end(), std::back_inserter(stored->files),
                     [&](const config::File &file) { return !merged.contains(file.content); });
        const Result<config::Contents> contents = co_await m_library.contentsOf(stored);
        if (!contents)
            co_return contents.error();
        view->material.contents.insert(contents->begin(), contents->end());
    }
    co_return Result<void>();
}

/// NOT_FOUND if there is no such IDC, or the host is not in it.
Task<Answer<Viewer::Place>> Viewer::placeOf(ViewId id, Revision at)
{
    const std::optional<QByteArray> own = hostOfScope(id.scope);
    Place place{id.scope, own.value_or(id.host)};
    if (!own && id.scope != baseScope) {
        const Result<void> known = co_await m_library.known(id.service, id.scope, at);
        if (!known)
            co_return known.error();
    }
    if (place.host.isEmpty())
        co_return place;
    const Result<QByteArray> idc = co_await m_library.idcOf(place.host, at);
    if (!idc)
        co_return idc.error();
    if (!own && *idc != id.scope) {
        co_return Failure::of(
            Code::notFound, u"host: %1 is in %2, not in %3"_s.arg(textOf(place.host), textOf(*idc),
                                                                  textOf(id.scope)));
    }
    place.idc = *idc;
    co_return place;
}

/// What the scope itself has.
Task<Answer<bool>> Viewer::addLive(std::shared_ptr<View> view)
{
    const ViewId id = view->id;
    const Result<ServiceState> state = co_await m_library.service(id.service, view->at);
    if (!state)
        co_return state.error();
    const auto wanted = state->wanted(id.scope);
    const ScopeState *own = state->scope(id.scope);
    const bool isTrial = own != nullptr && own->pointer.candidate && id.draft.isEmpty()
                         && !id.host.isEmpty() && own->pointer.candidate->names(id.host);
    if (!id.version.isEmpty()) {
        const Result<Snapshot> snapshot =
            co_await m_library.snapshot(id.service, id.scope, id.version, view->at);
        if (!snapshot)
            co_return snapshot.error();
        view->snapshot = *snapshot;
        view->version = id.version;
    } else if (isTrial) {
        view->snapshot = own->candidate;
        view->version = own->pointer.candidate->version;
    } else if (wanted) {
        view->snapshot = wanted->snapshot;
        view->version = wanted->version;
    }
    if (own != nullptr && id.version.isEmpty())
        view->until = own->pointer.until;
    const Services services{{id.service, *state}};
    const Answer<bool> added = co_await addStack(view, services);
    co_return added;
}

/// What lies below and over it.
Task<Answer<bool>> Viewer::addStack(std::shared_ptr<View> view, Services services)
{
    const ViewId id = view->id;
    const Stack::Part own{{id.service, id.scope, view->version}, view->snapshot};
    view->isLive = id.isAlone || id.service == globalService || !view->version.isEmpty();
    if (id.isAlone) {
        view->stack.parts = {own};
        co_return true;
    }
    const Answer<Place> place = co_await placeOf(id, view->at);
    if (!place)
        co_return place.error();
    if (id.service != globalService) {
        const Result<ServiceState> global = co_await m_library.service(globalService, view->at);
        if (!global)
            co_return global.error();
        services.emplace(globalService, *global);
        if (const auto part = partOf(services, globalService, place->idc))
            view->stack.parts.push_back(*part);
    }
    const bool isOfHost = hostOfScope(id.scope).has_value();
    const auto service = partOf(services, id.service, place->idc);
    if (isOfHost && service)
        view->stack.parts.push_back(*service);
    if (isOfHost && id.version.isEmpty())
        view->isLive = service.has_value();
    view->stack.parts.push_back(own);
    if (const auto part = partOf(services, id.service, hostScope(place->host)); part && !isOfHost)
        view->stack.parts.push_back(*part);
    co_return true;
}

Task<Answer<Viewer::Pointer>> Viewer::read(ViewId id, Revision at, bool withContents)
{
    const auto view = std::make_shared<View>();
    view->id = id;
    view->at = at;
    const Answer<bool> found = co_await addLive(view);
    if (!found)
        co_return found.error();
    const std::vector<Hash> manifests = view->stack.layers();
    for (const Hash &hash : manifests) {
        const Result<LayerPointer> layer = co_await m_library.layer(hash);
        if (!layer)
            co_return layer.error();
        view->material.layers.insert_or_assign(hash, *layer);
    }
    if (!id.draft.isEmpty()) {
        const Answer<bool> added = co_await addDraft(view);
        if (!added)
            co_return added.error();
    }
    if (withContents) {
        const Result<void> added = co_await addContents(view);
        if (!added)
            co_return added.error();
    }
    co_return Pointer(view);
}

Task<Answer<config::Bundle>> Viewer::bundle(Pointer view)
{
    const auto work = [view] { return view->material.render(view->stack); };
    const Result<config::Rendered> rendered = co_await m_context.offload(work);
    if (!rendered)
        co_return rendered.error();
    if (!rendered->faults.empty()) {
        const config::Fault &fault = rendered->faults.front();
        co_return Failure::of(Code::invalidArgument, textOf(fault.place) + u": "_s + fault.message);
    }
    co_return rendered->bundle;
}

static config::Layer layerOfHosts(const View &view)
{
    return view.reachesHosts() ? view.merged().layer : config::Layer();
}

static config::Bundle filesOfHosts(const View &view)
{
    return view.reachesHosts() ? view.material.render(view.stack).bundle : config::Bundle();
}

Task<Answer<Viewer::Difference>> Viewer::difference(Pointer before, Pointer after, bool isEffective)
{
    const auto work = [before, after, isEffective]() -> Difference {
        Difference difference;
        if (isEffective)
            difference.changes = config::diff(layerOfHosts(*before), layerOfHosts(*after));
        else
            difference.changes = config::diff(*before->edited(), *after->edited());
        difference.text = diffOf(filesOfHosts(*before), filesOfHosts(*after));
        return difference;
    };
    const Result<Difference> difference = co_await m_context.offload(work);
    if (!difference)
        co_return difference.error();
    co_return *difference;
}

} // namespace coffer::goconf
