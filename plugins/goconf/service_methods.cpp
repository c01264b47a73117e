// SPDX-License-Identifier: Apache-2.0
#include "goconf/service_methods.h"

#include "goconf/method_kit.h"
#include "goconf/record_fields.h"
#include "goconf/release_plan.h"

#include <algorithm>
#include <set>

using namespace Qt::StringLiterals;

namespace coffer::goconf {

using rpc::Access;
using rpc::Code;
using rpc::Failure;
using Kind = Access::Kind;

static constexpr int tries = 5;

static std::vector<rpc::Touch> touchesServiceRecord(const rpc::Call &call)
{
    return {{Kind::write, servicePath(textIn(call.params, "service")), false}};
}

static std::vector<rpc::Touch> touchesIdcRecord(const rpc::Call &call)
{
    return {{Kind::write, idcPath(textIn(call.params, "idc")), false}};
}

Result<void> ServiceMethods::start()
{
    pluginapi::Methods &methods = m_context.methods();
    const QByteArray service =
        schemaOf(R"("service":$name,"note":$text,"as":$name)", R"("service")");
    const QByteArray idc = schemaOf(R"("idc":$name,"note":$text,"as":$name)", R"("idc")");
    for (const Result<void> &added :
         {methods.add(methodOf(u"goconf.service.list"_s,
                               u"Lists services, or one, with what is live in each scope, and all "
                               "IDCs."_s,
                               schemaOf(R"("service":$name)"), Kind::read, &touchesService),
                      *this, &ServiceMethods::listServices),
          methods.add(methodOf(u"goconf.service.create"_s,
                               u"Makes a service, without content yet."_s, service, Kind::write,
                               &touchesServiceRecord),
                      *this, &ServiceMethods::createService),
          methods.add(methodOf(u"goconf.service.remove"_s,
                               u"Removes a service that has no release, draft or host."_s,
                               schemaOf(R"("service":$name)", R"("service")"), Kind::write,
                               &touchesServiceRecord),
                      *this, &ServiceMethods::removeService),
          methods.add(methodOf(u"goconf.idc.list"_s,
                               u"Lists the IDCs with their numbers of hosts."_s, schemaOf({}),
                               Kind::read, &touchesAll),
                      *this, &ServiceMethods::listIdcs),
          methods.add(methodOf(u"goconf.idc.create"_s,
                               u"Makes an IDC; it follows the base layer of every service."_s, idc,
                               Kind::write, &touchesIdcRecord),
                      *this, &ServiceMethods::createIdc),
          methods.add(methodOf(u"goconf.idc.remove"_s,
                               u"Removes an IDC that has no host, release or draft."_s,
                               schemaOf(R"("idc":$name)", R"("idc")"), Kind::write,
                               &touchesIdcRecord),
                      *this, &ServiceMethods::removeIdc)}) {
        if (!added)
            return added;
    }
    return {};
}

// ---- lists

Task<Result<QCborMap>> ServiceMethods::describe(QByteArray service, Revision at)
{
    const Result<ServiceState> state = co_await m_library.service(service, at);
    if (!state)
        co_return state.error();
    const Result<std::vector<DraftId>> drafts = co_await m_drafts.list(service, at);
    if (!drafts)
        co_return drafts.error();
    std::map<QByteArray, qint64> changes;
    for (const auto &[scope, one] : state->scopes)
        changes[scope] = 0;
    changes[baseScope] = 0;
    for (const DraftId &id : *drafts) {
        const Result<std::uint64_t> count = co_await m_drafts.count(id, at);
        if (!count)
            co_return count.error();
        changes[id.scope] += qint64(*count);
    }
    QCborArray scopes;
    for (const auto &[scope, count] : changes) {
        const ScopeState *one = state->scope(scope);
        const Pointer pointer = one == nullptr ? Pointer{} : one->pointer;
        if (hostOfScope(scope) && pointer.current.isEmpty() && count == 0)
            continue; // it has ended
        QCborMap map{{u"scope"_s, textOf(scope)},
                     {u"current"_s, textOf(pointer.current)},
                     {u"previous"_s, textOf(pointer.previous)},
                     {u"last"_s, textOf(pointer.last)},
                     {u"draftChanges"_s, count}};
        if (pointer.until != WallMs(0))
            map.insert(u"until"_s, qint64(pointer.until.count()));
        if (pointer.candidate) {
            map.insert(u"candidate"_s, textOf(pointer.candidate->version));
            map.insert(u"canary"_s, arrayOf(pointer.candidate->hosts));
        }
        scopes.append(map);
    }
    const QByteArray last = state->record.last == 0 ? "" : versionName(state->record.last);
    co_return QCborMap{{u"service"_s, textOf(service)},
                       {u"note"_s, textOf(state->record.note)},
                       {u"last"_s, textOf(last)},
                       {u"scopes"_s, scopes}};
}

Task<rpc::Outcome> ServiceMethods::listServices(rpc::Call &call)
{
    const QByteArray only = textIn(call.params, "service");
    const Result<Revision> at = co_await newestRevision(m_library.store());
    if (!at)
        co_return at.error();
    const Result<std::vector<QByteArray>> names = co_await m_library.services(*at);
    if (!names)
        co_return names.error();
    const Result<std::vector<QByteArray>> idcs = co_await m_library.idcs(*at);
    if (!idcs)
        co_return idcs.error();
    QCborArray services;
    for (const QByteArray &name : *names) {
        if (!only.isEmpty() && name != only)
            continue;
        const Result<QCborMap> service = co_await describe(name, *at);
        if (!service)
            co_return service.error();
        services.append(*service);
    }
    co_return QCborValue(QCborMap{{u"services"_s, services}, {u"idcs"_s, arrayOf(*idcs)}});
}

Task<rpc::Outcome> ServiceMethods::listIdcs(rpc::Call & /*call*/)
{
    const Result<Revision> at = co_await newestRevision(m_library.store());
    if (!at)
        co_return at.error();
    const auto files = co_await filesAt(m_library.store(), "/config/_idc", *at);
    if (!files)
        co_return files.error();
    const auto hosts = co_await m_library.hosts(*at);
    if (!hosts)
        co_return hosts.error();
    QCborArray idcs;
    for (const store::FileView &file : *files) {
        const Result<IdcRecord> record = IdcRecord::parse(file.value);
        if (!record)
            co_return record.error().in(textOf(file.path));
        const QByteArray name = nameIn(file.path);
        const auto count = std::count_if(hosts->begin(), hosts->end(), [&name](const auto &host) {
            return host.second.idc == name;
        });
        idcs.append(QCborMap{{u"idc"_s, textOf(name)},
                             {u"note"_s, textOf(record->note)},
                             {u"hosts"_s, qint64(count)}});
    }
    co_return QCborValue(QCborMap{{u"idcs"_s, idcs}});
}

// ---- create

Task<rpc::Outcome> ServiceMethods::create(QByteArray path, QByteArray json, QString what)
{
    const Result<Revision> put = co_await m_context.store().put(path, json, Revision(0));
    if (!put && put.error().code == ErrorCode::conflict)
        co_return Failure::of(Code::conflict, what + u" is there already"_s);
    if (!put)
        co_return put.error();
    co_return QCborValue(QCborMap{{u"revision"_s, qint64(put->value())}});
}

Task<rpc::Outcome> ServiceMethods::createService(rpc::Call &call)
{
    const QByteArray name = textIn(call.params, "service");
    const ServiceRecord record{0, textIn(call.params, "note"), traceOf(call, m_context.clock())};
    const rpc::Outcome done =
        co_await create(servicePath(name), record.toJson(), u"the service %1"_s.arg(textOf(name)));
    co_return done;
}

Task<rpc::Outcome> ServiceMethods::createIdc(rpc::Call &call)
{
    const QByteArray name = textIn(call.params, "idc");
    const IdcRecord record{textIn(call.params, "note"), traceOf(call, m_context.clock())};
    const rpc::Outcome done =
        co_await create(idcPath(name), record.toJson(), u"the IDC %1"_s.arg(textOf(name)));
    co_return done;
}

// ---- remove

Task<ServiceMethods::Removal> ServiceMethods::beginRemoval(QByteArray record, QByteArray use,
                                                           QString what, Revision at)
{
    const Result<std::optional<store::FileView>> file =
        co_await fileAt(m_library.store(), record, at);
    if (!file)
        co_return file.error();
    if (!*file)
        co_return Failure::of(Code::notFound, u"there is no "_s + what);
    const Result<std::optional<store::FileView>> mark = co_await fileAt(m_library.store(), use, at);
    if (!mark)
        co_return mark.error();
    store::Transaction removal;
    removal.guards.emplace_back(store::RevisionEquals{record, (*file)->revision});
    removal.guards.push_back(
        pluginapi::expectedRevision(use, *mark ? (*mark)->revision : Revision()));
    removal.operations.emplace_back(store::Delete{record});
    removal.operations.emplace_back(store::Delete{use});
    co_return removal;
}

Task<ServiceMethods::Removal> ServiceMethods::guardDraft(store::Transaction removal, DraftId id,
                                                         Revision at)
{
    const Result<DraftState> draft = co_await m_drafts.read(id, at);
    if (!draft)
        co_return draft.error();
    if (!draft->pending->empty()) {
        co_return Failure::of(
            Code::refused,
            u"%1 has pending changes: goconf.draft.discard first"_s.arg(textOf(id.shown())));
    }
    if (draft->files > removedFilesMax) {
        co_return Failure::of(Code::refused,
                              u"%1: its changes are still being removed; try again in some "
                              "minutes"_s.arg(textOf(id.shown())));
    }
    removal.guards.push_back(pluginapi::expectedRevision(editedPath(id), draft->edited));
    removal.operations.emplace_back(store::DeleteTree{draftPath(id)});
    co_return removal;
}

Task<ServiceMethods::Removal> ServiceMethods::planServiceRemoval(QByteArray name)
{
    const Result<Revision> at = co_await newestRevision(m_library.store());
    if (!at)
        co_return at.error();
    const Result<ServiceState> state = co_await m_library.service(name, *at);
    if (!state)
        co_return state.error();
    // Pointers of hosts go with their hosts, what they had was released nevertheless.
    if (!state->scopes.empty() || state->record.last != 0) {
        co_return Failure::of(Code::refused,
                              u"%1 was released: hosts may run it, and its history is "
                              "kept; it cannot be removed"_s.arg(textOf(name)));
    }
    const auto hosts = co_await m_library.hosts(*at);
    if (!hosts)
        co_return hosts.error();
    for (const auto &[host, record] : *hosts) {
        if (std::find(record.services.begin(), record.services.end(), name)
            != record.services.end()) {
            co_return Failure::of(Code::refused,
                                  u"the host %1 names %2: change it by goconf.host.set first"_s.arg(
                                      textOf(host), textOf(name)));
        }
    }
    Removal removal = co_await beginRemoval(servicePath(name), serviceUsePath(name),
                                            u"service %1"_s.arg(textOf(name)), *at);
    const Result<std::vector<DraftId>> drafts = co_await m_drafts.list(name, *at);
    if (!drafts)
        co_return drafts.error();
    for (const DraftId &id : *drafts) {
        if (removal)
            removal = co_await guardDraft(*removal, id, *at);
    }
    co_return removal;
}

Task<ServiceMethods::Removal> ServiceMethods::planIdcRemoval(QByteArray name)
{
    const Result<Revision> at = co_await newestRevision(m_library.store());
    if (!at)
        co_return at.error();
    const auto hosts = co_await m_library.hosts(*at);
    if (!hosts)
        co_return hosts.error();
    for (const auto &[host, record] : *hosts) {
        if (record.idc == name) {
            co_return Failure::of(Code::refused,
                                  u"the host %1 is in %2: goconf.host.remove first"_s.arg(
                                      textOf(host), textOf(name)));
        }
    }
    Removal removal =
        co_await beginRemoval(idcPath(name), idcUsePath(name), u"IDC %1"_s.arg(textOf(name)), *at);
    const Result<std::vector<QByteArray>> services = co_await m_library.services(*at);
    if (!services)
        co_return services.error();
    for (const QByteArray &service : *services) {
        const auto names = co_await namesAt(m_library.store(), treePath(service) + '/' + name, *at);
        if (!names)
            co_return names.error();
        const auto isDraft = [](const QByteArray &one) { return one == "draft"; };
        if (!std::all_of(names->begin(), names->end(), isDraft)) {
            co_return Failure::of(Code::refused,
                                  u"%1 has releases or reports in %2; an IDC in use cannot be "
                                  "removed"_s.arg(textOf(service), textOf(name)));
        }
        const Result<std::vector<DraftId>> drafts = co_await m_drafts.list(service, *at);
        if (!drafts)
            co_return drafts.error();
        for (const DraftId &id : *drafts) {
            if (removal && id.scope == name)
                removal = co_await guardDraft(*removal, id, *at);
        }
    }
    co_return removal;
}

Task<rpc::Outcome> ServiceMethods::remove(QByteArray name, Plan plan)
{
    for (int i = 0; i < tries; ++i) {
        const Removal removal = co_await (this->*plan)(name);
        if (!removal)
            co_return removal.error();
        const Result<store::Answer> answer = co_await m_context.store().commit(*removal);
        if (!answer)
            co_return answer.error();
        if (answer->status == store::Status::guardFailed)
            continue; // somebody begins to use it: look again
        if (const std::optional<Error> error = pluginapi::errorOf(*answer))
            co_return *error;
        co_return QCborValue(QCborMap{{u"revision"_s, qint64(answer->revision.value())}});
    }
    co_return Failure::of(Code::conflict,
                          u"%1 is being changed all the time; try again"_s.arg(textOf(name)));
}

Task<rpc::Outcome> ServiceMethods::removeService(rpc::Call &call)
{
    const rpc::Outcome done =
        co_await remove(textIn(call.params, "service"), &ServiceMethods::planServiceRemoval);
    co_return done;
}

Task<rpc::Outcome> ServiceMethods::removeIdc(rpc::Call &call)
{
    const rpc::Outcome done =
        co_await remove(textIn(call.params, "idc"), &ServiceMethods::planIdcRemoval);
    co_return done;
}

} // namespace coffer::goconf
