// SPDX-License-Identifier: Apache-2.0
#include "goconf/host_methods.h"

#include "goconf/fleet_schemas.h"
#include "goconf/host_secret.h"
#include "goconf/paths.h"
#include "goconf/record_fields.h"

using namespace Qt::StringLiterals;

namespace coffer::goconf {

using rpc::Access;
using rpc::Code;
using rpc::Failure;

static constexpr std::size_t reportsMax = 1'000; ///< Of one host, when it moves or goes.

static QByteArray hostIn(const QCborMap &params)
{
    return params.value(u"host"_s).toString().toUtf8();
}

/// What every method touches: the record of its host.
static std::vector<rpc::Touch> touchesHost(const rpc::Call &call)
{
    return {{Access::Kind::write, hostPath(hostIn(call.params)), false}};
}

static QByteArray recordMembers()
{
    using namespace schemas;
    return member("idc", name) + R"(,"services":{"type":"array","minItems":1,"maxItems":256,
            "uniqueItems":true,"items":{"type":"string",
            "pattern":"^([*]|[A-Za-z0-9-][A-Za-z0-9._-]{0,127})$"}},
        "labels":{"type":"object","maxProperties":64,"propertyNames":)"
           + name + R"(,"additionalProperties":{"type":"string","maxLength":256}},
        "note":{"type":"string","maxLength":4096})";
}

Result<void> HostMethods::start()
{
    using namespace schemas;
    rpc::Method enroll;
    enroll.name = u"goconf.host.enroll"_s;
    enroll.summary = u"Makes a host known, or known anew; the answer has a token that lets it "
                     "join once, within a day."_s;
    enroll.params =
        object(R"("host","idc","services")", member("host", name) + ',' + recordMembers());
    enroll.access = {Access::Kind::write};
    enroll.touches = touchesHost;

    rpc::Method list;
    list.name = u"goconf.host.list"_s;
    list.summary = u"All hosts with what they may have."_s;
    list.access = {Access::Kind::read};
    list.touches = [](const rpc::Call &) {
        return std::vector<rpc::Touch>{{Access::Kind::read, "/config/_host", true}};
    };

    rpc::Method set;
    set.name = u"goconf.host.set"_s;
    set.summary = u"Changes what is known of a host; what is not given stays."_s;
    set.params = object(R"("host")", member("host", name) + ',' + recordMembers());
    set.access = {Access::Kind::write};
    set.touches = touchesHost;

    rpc::Method remove;
    remove.name = u"goconf.host.remove"_s;
    remove.summary = u"Forgets a host: its secret is void, its agent keeps what it has."_s;
    remove.params = object(R"("host")", member("host", name));
    remove.access = {Access::Kind::write};
    remove.touches = touchesHost;

    rpc::Method join;
    join.name = u"goconf.join"_s;
    join.summary = u"For agents: a join token becomes the host's own secret, once."_s;
    join.params = object(R"("host","token","instance")",
                         member("host", name) + ',' + member("token", secret)
                             + R"(,"instance":{"type":"string","minLength":1,"maxLength":128})");
    join.access = {Access::Kind::open};

    pluginapi::Methods &methods = m_context.methods();
    for (const Result<void> &added :
         {methods.add(enroll, *this, &HostMethods::enroll),
          methods.add(list, *this, &HostMethods::list), methods.add(set, *this, &HostMethods::set),
          methods.add(remove, *this, &HostMethods::remove),
          methods.add(join, *this, &HostMethods::join)}) {
        if (!added)
            return added;
    }
    return {};
}

// ---- records

Task<Result<std::optional<HostMethods::Found>>> HostMethods::find(QByteArray host)
{
    const Result<std::optional<store::FileView>> file =
        co_await m_context.store().get(hostPath(host));
    if (!file)
        co_return file.error();
    if (!*file)
        co_return std::optional<Found>();
    const Result<HostRecord> record = HostRecord::parse((*file)->value);
    if (!record)
        co_return record.error();
    const std::optional<Found> found = Found{*record, (*file)->revision};
    co_return found;
}

Task<Result<void>> HostMethods::check(HostRecord record)
{
    if (record.services.size() > 1 && record.wants("*")) {
        co_return Error{ErrorCode::invalid, u"services: \"*\" stands for all, and so alone"_s};
    }
    const Result<std::optional<store::FileView>> idc =
        co_await m_context.store().get(idcPath(record.idc));
    if (!idc)
        co_return idc.error();
    if (!*idc) {
        co_return Error{ErrorCode::notFound,
                        u"idc: there is no %1: create it first"_s.arg(textOf(record.idc))};
    }
    co_return Result<void>();
}

/// Of what the host begins to use, so that no removal that saw nothing of it is done after this.
static void markUses(store::Transaction &change, const HostRecord &before, const HostRecord &now)
{
    if (before.idc != now.idc)
        change.operations.push_back(store::Put{idcUsePath(now.idc), useMark, false, {}});
    for (const QByteArray &service : now.services) {
        if (service != "*" && !before.wants(service))
            change.operations.push_back(store::Put{serviceUsePath(service), useMark, false, {}});
    }
}

Task<Result<HostMethods::OwnLayers>> HostMethods::layersOf(QByteArray host)
{
    const QByteArray use = hostUsePath(host);
    const Result<std::optional<store::FileView>> mark = co_await m_context.store().get(use);
    if (!mark)
        co_return mark.error();
    OwnLayers own;
    if (!*mark) {
        own.guard = store::Missing{use};
        co_return own;
    }
    own.guard = store::RevisionEquals{use, (*mark)->revision};
    own.mark = use;
    const Result<Revision> at = co_await newestRevision(m_context.store());
    if (!at)
        co_return at.error();
    const auto services = co_await namesAt(m_context.store(), "/config/_service", *at);
    if (!services)
        co_return services.error();
    for (const QByteArray &service : *services) {
        const QByteArray tree = treePath(service) + '/' + hostScope(host);
        const auto names = co_await namesAt(m_context.store(), tree, *at);
        if (!names)
            co_return names.error();
        for (const QByteArray &name : *names) {
            if (name == "current")
                own.pointers.emplace(service, tree + "/current");
            else if (name == "draft")
                own.drafts.push_back(tree + "/draft");
        }
    }
    co_return own;
}

/// The layers of its own go with a host, and what is pending of them.
static void removeLayers(const HostMethods::OwnLayers &own, store::Transaction &change)
{
    change.guards.push_back(own.guard);
    if (!own.mark.isEmpty())
        change.operations.emplace_back(store::Delete{own.mark});
    for (const auto &[service, pointer] : own.pointers)
        change.operations.emplace_back(store::Delete{pointer});
    for (const QByteArray &draft : own.drafts)
        change.operations.emplace_back(store::DeleteTree{draft});
}

/// Nobody has validated them with the layers of another IDC.
Task<Result<void>> HostMethods::checkMove(QByteArray host, OwnLayers own)
{
    QStringList commands;
    for (const auto &[service, path] : own.pointers) {
        const Result<std::optional<store::FileView>> file = co_await m_context.store().get(path);
        if (!file)
            co_return file.error();
        const Result<Pointer> pointer = *file ? Pointer::parse((*file)->value) : Pointer();
        if (!pointer || !pointer->current.isEmpty())
            commands.append(
                u"coffer config expire %1@host:%2"_s.arg(textOf(service), textOf(host)));
    }
    if (!commands.isEmpty()) {
        co_return Error{
            ErrorCode::refused,
            u"idc: %1 has layers of its own, which nobody has validated with those of another "
            "IDC; end them first: %2"_s.arg(textOf(host), commands.join(u"; "))};
    }
    co_return Result<void>();
}

Task<Result<void>> HostMethods::write(QByteArray host, std::optional<Found> before,
                                      std::optional<HostRecord> now)
{
    store::Transaction change;
    const QByteArray path = hostPath(host);
    change.guards.push_back(
        pluginapi::expectedRevision(path, before ? before->revision : Revision()));
    if (now) {
        // The IDC must not go meanwhile.
        const Result<std::optional<store::FileView>> idc =
            co_await m_context.store().get(idcPath(now->idc));
        if (!idc)
            co_return idc.error();
        if (!*idc) {
            co_return Error{ErrorCode::notFound,
                            u"idc: there is no %1 any more"_s.arg(textOf(now->idc))};
        }
        change.guards.push_back(store::CreatedEquals{(*idc)->path, (*idc)->created});
        change.operations.push_back(store::Put{path, now->toJson(), false, {}});
        markUses(change, before ? before->record : HostRecord{}, *now);
    } else {
        change.operations.push_back(store::Delete{path});
    }
    if (before && (!now || now->idc != before->record.idc)) {
        const Result<OwnLayers> own = co_await layersOf(host);
        if (!own)
            co_return own.error();
        if (now) {
            const Result<void> mayMove = co_await checkMove(host, *own);
            if (!mayMove)
                co_return mayMove.error();
            change.guards.push_back(own->guard);
        } else {
            removeLayers(*own, change);
        }
    }
    // A question about all reports: not where none can have lost its place.
    const bool hasLost =
        before
        && (!now || now->idc != before->record.idc || now->services != before->record.services);
    store::Match match{.pattern = "/config/*/*/agent/" + host};
    match.page.detail = store::Detail::keys;
    while (hasLost) {
        const store::Question question = match;
        const Result<store::Reply> reply = co_await m_context.store().read(question);
        if (!reply)
            co_return reply.error();
        if (const std::optional<Error> error = pluginapi::errorOf(*reply))
            co_return *error;
        for (const store::FileView &file : reply->files) {
            const QList<QByteArray> parts = file.path.split('/');
            const bool isKept = now && now->idc == parts.value(3) && now->wants(parts.value(2));
            if (!isKept && change.operations.size() < reportsMax)
                change.operations.push_back(store::Delete{file.path});
        }
        match.at = reply->at;
        match.page.after = reply->resume;
        if (!reply->hasMore)
            break;
    }
    const Result<store::Answer> answer = co_await m_context.store().commit(change);
    if (!answer)
        co_return answer.error();
    if (answer->status == store::Status::guardFailed) {
        co_return Error{ErrorCode::conflict,
                        u"%1 was changed meanwhile: look again"_s.arg(textOf(host))};
    }
    if (const std::optional<Error> error = pluginapi::errorOf(*answer))
        co_return *error;
    co_return Result<void>();
}

/// What the caller gives; the rest stays.
void HostMethods::apply(const QCborMap &params, const rpc::Caller &caller, HostRecord &record) const
{
    if (const QCborValue idc = params.value(u"idc"_s); idc.isString())
        record.idc = idc.toString().toUtf8();
    if (const QCborValue services = params.value(u"services"_s); services.isArray()) {
        record.services.clear();
        const QCborArray array = services.toArray();
        for (const QCborValue service : array)
            record.services.push_back(service.toString().toUtf8());
    }
    if (const QCborValue labels = params.value(u"labels"_s); labels.isMap()) {
        record.labels.clear();
        const QCborMap map = labels.toMap();
        for (const auto &[label, value] : map)
            record.labels.emplace(label.toString().toUtf8(), value.toString().toUtf8());
    }
    if (const QCborValue note = params.value(u"note"_s); note.isString())
        record.note = note.toString().toUtf8();
    record.made = {.by = caller.name.toUtf8(), .at = m_context.clock().wall()};
}

// ---- methods

Task<rpc::Outcome> HostMethods::enroll(rpc::Call &call)
{
    const QByteArray host = hostIn(call.params);
    const Result<std::optional<Found>> before = co_await find(host);
    if (!before)
        co_return Failure::of(before.error());
    HostRecord record = *before ? (*before)->record : HostRecord{};
    apply(call.params, call.caller, record);
    const QByteArray token = makeSecret();
    record.joinHash = config::Hash::of(token);
    record.joinUntil = m_context.clock().wall() + tokenLife;
    const Result<void> checked = co_await check(record);
    if (!checked)
        co_return Failure::of(checked.error());
    const Result<void> written = co_await write(host, *before, record);
    if (!written)
        co_return Failure::of(written.error());
    const QCborMap answer{{u"host"_s, textOf(host)},
                          {u"token"_s, textOf(token)},
                          {u"untilMs"_s, qint64(record.joinUntil.count())}};
    co_return QCborValue(answer);
}

/// Never with what a host could prove itself by, not even hashed.
static QCborMap shown(const QByteArray &host, const HostRecord &record, WallMs now)
{
    QCborMap labels;
    for (const auto &[label, value] : record.labels)
        labels.insert(textOf(label), textOf(value));
    QCborMap map{{u"host"_s, textOf(host)},
                 {u"idc"_s, textOf(record.idc)},
                 {u"services"_s, arrayOf(record.services)},
                 {u"labels"_s, labels},
                 {u"note"_s, textOf(record.note)},
                 {u"by"_s, textOf(record.made.by)},
                 {u"at"_s, qint64(record.made.at.count())},
                 {u"hasJoined"_s, !record.secretHash.isNull()}};
    if (!record.joinHash.isNull() && record.joinUntil > now)
        map.insert(u"joinUntil"_s, qint64(record.joinUntil.count()));
    return map;
}

Task<rpc::Outcome> HostMethods::list(rpc::Call &call)
{
    const Result<Revision> at = co_await newestRevision(m_context.store());
    if (!at)
        co_return Failure::of(at.error());
    const Result<std::vector<store::FileView>> files =
        co_await filesAt(m_context.store(), "/config/_host", *at);
    if (!files)
        co_return Failure::of(files.error());
    QCborArray hosts;
    for (const store::FileView &file : *files) {
        if (const Result<HostRecord> record = HostRecord::parse(file.value))
            hosts.append(shown(nameIn(file.path), *record, m_context.clock().wall()));
    }
    (void)call;
    const QCborMap answer{{u"hosts"_s, hosts}};
    co_return QCborValue(answer);
}

static Failure noHost(const QByteArray &host)
{
    return Failure::of(Code::notFound, u"host: there is no %1: enroll it"_s.arg(textOf(host)));
}

Task<rpc::Outcome> HostMethods::set(rpc::Call &call)
{
    const QByteArray host = hostIn(call.params);
    const Result<std::optional<Found>> before = co_await find(host);
    if (!before)
        co_return Failure::of(before.error());
    if (!*before)
        co_return noHost(host);
    HostRecord record = (*before)->record;
    apply(call.params, call.caller, record);
    const Result<void> checked = co_await check(record);
    if (!checked)
        co_return Failure::of(checked.error());
    const Result<void> written = co_await write(host, *before, record);
    if (!written)
        co_return Failure::of(written.error());
    co_return QCborValue(QCborMap());
}

Task<rpc::Outcome> HostMethods::remove(rpc::Call &call)
{
    const QByteArray host = hostIn(call.params);
    const Result<std::optional<Found>> before = co_await find(host);
    if (!before)
        co_return Failure::of(before.error());
    if (!*before)
        co_return noHost(host);
    const Result<void> written = co_await write(host, *before, {});
    if (!written)
        co_return Failure::of(written.error());
    co_return QCborValue(QCborMap());
}

// ---- join

Task<Result<bool>> HostMethods::hasSecret(QByteArray host, config::Hash secret)
{
    const Result<std::optional<Found>> found = co_await find(host);
    if (!found)
        co_return found.error();
    const bool isSo = *found && (*found)->record.secretHash == secret;
    co_return isSo;
}

/// The guard on the record makes it once: who is second finds no token any more.
Task<rpc::Outcome> HostMethods::join(rpc::Call &call)
{
    const QByteArray host = hostIn(call.params);
    const QByteArray token = call.params.value(u"token"_s).toString().toUtf8();
    const Failure refusal = Failure::of(
        Code::denied, u"this token does not let %1 join, or no longer: it is good once, for a day; "
                      "enroll the host again"_s.arg(textOf(host)));
    const Result<std::optional<Found>> found = co_await find(host);
    if (!found)
        co_return Failure::of(found.error());
    if (!*found)
        co_return refusal;
    HostRecord record = (*found)->record;
    if (!isSecretOf(record.joinHash, token) || record.joinUntil <= m_context.clock().wall())
        co_return refusal;
    const QByteArray secret = makeSecret();
    record.joinHash = {};
    record.joinUntil = WallMs(0);
    record.secretHash = config::Hash::of(secret);
    Result<void> written = co_await write(host, *found, record);
    if (!written && written.error().code == ErrorCode::unknown) {
        const Result<bool> isDone = co_await hasSecret(host, record.secretHash);
        if (isDone && *isDone)
            written = Result<void>();
    }
    if (!written)
        co_return Failure::of(written.error());
    const QCborMap answer{{u"secret"_s, textOf(secret)},
                          {u"idc"_s, textOf(record.idc)},
                          {u"services"_s, arrayOf(record.services)}};
    co_return QCborValue(answer);
}

} // namespace coffer::goconf
