// SPDX-License-Identifier: Apache-2.0
#include "goconf/stack.h"

#include "goconf/paths.h"

namespace coffer::goconf {

using config::Hash;

Editions Stack::editions() const
{
    Editions editions;
    for (const Part &part : parts)
        editions.push_back(part.of);
    return editions;
}

std::vector<Hash> Stack::layers() const
{
    std::vector<Hash> layers;
    for (const Part &part : parts) {
        layers.push_back(part.snapshot.base);
        layers.push_back(part.snapshot.own);
    }
    return layers;
}

Hash Stack::hash() const
{
    std::vector<Hash> names;
    for (const Part &part : parts) {
        if (!part.snapshot.base.isNull() || !part.snapshot.own.isNull())
            names.push_back(Snapshot::contentHash(part.snapshot.base, part.snapshot.own));
    }
    if (names.size() == 1)
        return names.front();
    QByteArray all;
    for (const Hash &name : names)
        all += name.hex() + '\n';
    return Hash::of(all);
}

QByteArray Stack::originOf(std::size_t layer) const
{
    if (layer / 2 >= parts.size())
        return {};
    const Edition &of = parts[layer / 2].of;
    const bool isOwn = layer % 2 == 1;
    if (of.service == globalService)
        return isOwn ? of.service + '@' + of.scope : of.service;
    if (const std::optional<QByteArray> host = hostOfScope(of.scope))
        return "host:" + *host;
    return isOwn ? of.scope : QByteArray(baseScope);
}

std::vector<QByteArray> Stack::layerNames() const
{
    std::vector<QByteArray> names;
    for (const Part &part : parts) {
        const DraftId own{part.of.service, part.of.scope};
        names.push_back(part.of.service);
        names.push_back(own.shown());
    }
    return names;
}

std::optional<Stack::Part> partOf(const Services &services, const QByteArray &service,
                                  const QByteArray &scope)
{
    const auto found = services.find(service);
    if (found == services.end())
        return std::nullopt;
    const auto wanted = found->second.wanted(scope);
    if (!wanted)
        return std::nullopt;
    return Stack::Part{{service, scope, wanted->version}, wanted->snapshot};
}

/// The candidate of an IDC, if there is one, and it is for \a host; for any, if that is null.
static std::optional<Stack::Part> candidateOf(const Services &services, const QByteArray &service,
                                              const QByteArray &idc, const QByteArray *host)
{
    const auto found = services.find(service);
    const ScopeState *scope = found == services.end() ? nullptr : found->second.scope(idc);
    if (scope == nullptr || !scope->pointer.candidate)
        return std::nullopt;
    const Candidate &tried = *scope->pointer.candidate;
    if (host != nullptr && !tried.names(*host))
        return std::nullopt;
    return Stack::Part{{service, idc, tried.version}, scope->candidate};
}

/// With what lies below it.
static Stack stackUpTo(const Services &services, const std::optional<Stack::Part> &service,
                       const QByteArray &idc)
{
    Stack stack;
    if (!service)
        return stack;
    if (const auto global = partOf(services, globalService, idc))
        stack.parts.push_back(*global);
    stack.parts.push_back(*service);
    return stack;
}

Stack trialOf(const Services &services, const QByteArray &service, const QByteArray &idc)
{
    return stackUpTo(services, candidateOf(services, service, idc, nullptr), idc);
}

Stack stackOf(const Services &services, const HostClass &of)
{
    std::optional<Stack::Part> service = partOf(services, of.service, of.idc);
    if (const auto tried = candidateOf(services, of.service, of.idc, &of.host))
        service = tried;
    Stack stack = stackUpTo(services, service, of.idc);
    if (stack.isEmpty() || of.host.isEmpty())
        return stack;
    if (const auto own = partOf(services, of.service, hostScope(of.host)))
        stack.parts.push_back(*own);
    return stack;
}

} // namespace coffer::goconf
