// SPDX-License-Identifier: Apache-2.0
#include "goconf/publisher.h"

#include "goconf/release_desk.h"

namespace coffer::goconf {

using config::Hash;

/// What else the hosts have that the release reaches. The plan then rests on that: _global as it
/// is, for services; for _global, that no service is released meanwhile.
Task<Result<ReleasePlan::Around>> Publisher::around(DeskPointer desk)
{
    ReleasePlan::Around around{desk->idcs, desk->hosts, {}};
    std::vector<QByteArray> names{globalService};
    if (desk->plan.movesGlobal()) {
        const Result<std::vector<QByteArray>> all = co_await m_library.services(desk->at);
        if (!all)
            co_return all.error();
        names = *all;
        const QByteArray path = serviceReleasesPath();
        const auto releases = co_await fileAt(m_library.store(), path, desk->at);
        if (!releases)
            co_return releases.error();
        desk->plan.restOn(path, *releases ? (*releases)->revision : Revision());
    }
    for (const QByteArray &name : names) {
        const Result<ServiceState> state = co_await m_library.service(name, desk->at);
        if (!state)
            co_return state.error();
        if (!desk->plan.movesGlobal())
            desk->plan.restOn(servicePath(name), state->revision);
        around.services.insert_or_assign(name, *state);
    }
    co_return around;
}

Task<Result<Radius>> Publisher::radiusOf(DeskPointer desk, std::vector<ClassChange> changes)
{
    const Result<void> laidOut = co_await layOutSchemas(desk, changes);
    if (!laidOut)
        co_return laidOut.error();
    std::set<Hash> manifests;
    for (const ClassChange &change : changes) {
        for (const Stack *stack : {&change.before, &change.after}) {
            for (const Hash &hash : stack->layers())
                manifests.insert(hash);
        }
    }
    for (const Hash &hash : manifests) {
        if (hash.isNull() || desk->material.layers.contains(hash))
            continue;
        const Result<LayerPointer> layer = co_await layerOn(desk, hash);
        if (!layer)
            co_return layer.error();
    }
    const std::map<Hash, LayerPointer> layers = desk->material.layers;
    for (const auto &[hash, layer] : layers) {
        for (const config::File &file : layer->files) {
            if (desk->material.contents.contains(file.content))
                continue;
            const Result<QByteArray> bytes = co_await m_library.content(file.content, file.bytes);
            if (!bytes)
                co_return bytes.error();
            desk->material.contents.insert_or_assign(file.content, *bytes);
        }
    }
    const auto work = [changes, material = desk->material, hosts = desk->hosts] {
        return Radius::of(changes, material, hosts);
    };
    const Result<Radius> radius = co_await m_context.offload(work);
    if (radius)
        m_schemas.keep(radius->verdicts);
    co_return radius;
}

/// The IDCs in which something of a service begins, and hosts that get a layer of their own, must
/// not be removed meanwhile.
Task<Result<void>> Publisher::guardPlaces(DeskPointer desk)
{
    const std::vector<Move> moves = desk->plan.moves();
    for (const Move &move : moves) {
        const std::optional<QByteArray> host = hostOfScope(move.scope);
        if (!host && !move.isFirst())
            continue;
        const QByteArray path = host ? hostPath(*host) : idcPath(move.scope);
        const Result<std::optional<store::FileView>> place =
            co_await fileAt(m_library.store(), path, desk->at);
        if (!place)
            co_return place.error();
        if (!*place)
            continue;
        if (host) // it must not move meanwhile, nor lose the service
            desk->plan.restOn((*place)->path, (*place)->revision);
        else
            desk->plan.guardFile((*place)->path, (*place)->created);
    }
    co_return Result<void>();
}

} // namespace coffer::goconf
