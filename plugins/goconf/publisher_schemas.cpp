// SPDX-License-Identifier: Apache-2.0
#include "goconf/publisher.h"

#include "goconf/record_fields.h"
#include "goconf/release_desk.h"

using namespace Qt::StringLiterals;

namespace coffer::goconf {

using rpc::Answer;

static Result<ServiceRecord> recordIn(const std::optional<store::FileView> &file)
{
    if (!file)
        return ServiceRecord();
    return ServiceRecord::parse(file->value);
}

/// The schemas of all services whose hosts are concerned, as of desk->at.
Task<Result<void>> Publisher::layOutSchemas(DeskPointer desk, std::vector<ClassChange> changes)
{
    desk->material.verdicts = m_schemas.verdicts();
    if (desk->plan.order().kind == ReleaseRecord::Kind::expire)
        co_return Result<void>(); // it has to end, whatever they say
    for (const ClassChange &change : changes) {
        if (desk->material.schemas.contains(change.of.service))
            continue;
        std::vector<BoundSchema> schemas;
        if (desk->trial) {
            schemas.push_back(*desk->trial);
        } else {
            const QByteArray path = servicePath(change.of.service);
            const Result<std::optional<store::FileView>> file =
                co_await fileAt(m_library.store(), path, desk->at);
            if (!file)
                co_return file.error();
            const Result<ServiceRecord> record = recordIn(*file);
            if (!record)
                co_return record.error().in(textOf(path));
            const auto read = co_await m_schemas.schemasOf(*record);
            if (!read) {
                co_return read.error().in(
                    textOf(change.of.service)
                    + u" (goconf.schema.set or remove helps if it cannot be read)"_s);
            }
            schemas = *read;
        }
        desk->material.schemas.insert_or_assign(change.of.service, schemas);
    }
    co_return Result<void>();
}

Task<Answer<LiveVerdict>> Publisher::tryLive(QByteArray service, std::optional<BoundSchema> trial)
{
    const Result<DeskPointer> opened = co_await open();
    if (!opened)
        co_return opened.error();
    const DeskPointer &desk = *opened;
    desk->trial = trial;
    const Result<ServiceState> state = co_await m_library.service(service, desk->at);
    if (!state)
        co_return state.error();
    std::vector<QByteArray> scopes = desk->idcs;
    if (scopes.empty())
        scopes.push_back(baseScope);
    std::vector<ClassChange> live;
    const Result<ServiceState> global = co_await m_library.service(globalService, desk->at);
    if (!global)
        co_return global.error();
    const Services services{{service, *state}, {globalService, *global}};
    std::vector<HostClass> classes;
    classes.reserve(scopes.size());
    for (const QByteArray &scope : scopes)
        classes.push_back({service, scope});
    for (const auto &[name, host] : desk->hosts) {
        if (state->scope(hostScope(name)) != nullptr && host.wants(service))
            classes.push_back({service, host.idc, name});
    }
    for (const HostClass &of : classes) {
        if (const Stack stack = stackOf(services, of); !stack.isEmpty())
            live.push_back({of, stack, stack});
    }
    const Result<Radius> radius = co_await radiusOf(desk, live);
    if (!radius)
        co_return radius.error();
    co_return LiveVerdict{*state, global->revision, radius->broken, radius->documents};
}

} // namespace coffer::goconf
