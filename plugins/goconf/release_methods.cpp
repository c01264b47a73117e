// SPDX-License-Identifier: Apache-2.0
#include "goconf/release_methods.h"

#include "goconf/item_cbor.h"
#include "goconf/method_kit.h"
#include "goconf/record_fields.h"

using namespace Qt::StringLiterals;

namespace coffer::goconf {

using rpc::Access;
using rpc::Answer;
using rpc::Code;
using rpc::Failure;
using Kind = Access::Kind;

static constexpr std::size_t namesShown = 20; ///< Of hosts, by class.

static const char *const wishSchema = R"("message":{"type":"string","minLength":1,
    "maxLength":4096,"description":"why"},"idcs":$names,
    "change":{"type":"string","pattern":"^[0-9a-f]{16}-[0-9a-f]{8}$",
        "description":"the id of its first release, as publish answered it"},
    "yes":{"type":"integer","minimum":0,"description":"the number of hosts, if it is above 20"},
    "key":{"type":"string","pattern":"^[0-9a-f]{8}$",
        "description":"random: the same call again is answered with what the first one did"},
    "dryRun":{"type":"boolean","description":"only say what would happen"},
    "as":{"type":"string","maxLength":128})";

/// The pointers that move.
static void addMoved(std::vector<rpc::Touch> &touches, const QByteArray &service,
                     const QByteArray &scope, const std::vector<QByteArray> &idcs)
{
    if (scope != baseScope) {
        touches.push_back({Kind::write, pointerPath(service, scope), false});
        for (const QByteArray &idc : idcs)
            touches.push_back({Kind::write, pointerPath(service, idc), false});
        return;
    }
    if (idcs.empty()) {
        touches.push_back({Kind::write, pointerPath(service, "*"), false});
        return;
    }
    touches.push_back({Kind::write, pointerPath(service, baseScope), false});
    for (const QByteArray &idc : idcs)
        touches.push_back({Kind::write, pointerPath(service, idc), false});
}

static std::vector<DraftId> targetsIn(const QCborMap &params)
{
    std::vector<DraftId> targets;
    for (const QCborValue target : params.value(u"targets"_s).toArray())
        targets.push_back(draftIn(target.toMap()));
    return targets;
}

static std::vector<rpc::Touch> touchesTargets(const rpc::Call &call)
{
    std::vector<rpc::Touch> touches;
    for (const DraftId &id : targetsIn(call.params))
        addMoved(touches, id.service, id.scope, textsIn(call.params, "idcs"));
    return touches;
}

static std::vector<rpc::Touch> touchesRollback(const rpc::Call &call)
{
    std::vector<rpc::Touch> touches;
    const QByteArray service = textIn(call.params, "service");
    const std::vector<QByteArray> idcs = textsIn(call.params, "idcs");
    for (const QByteArray &idc : idcs)
        addMoved(touches, service, idc, {});
    if (idcs.empty())
        addMoved(touches, service, baseScope, {});
    return touches;
}

Result<void> ReleaseMethods::start()
{
    const QByteArray of = R"("service":$name,"scope":$scope,"draft":$draft)";
    const QByteArray targets = R"("targets":{"type":"array","minItems":1,"maxItems":100,"items":
        {"type":"object","additionalProperties":false,"required":["service"],"properties":{)"
                               + of + R"(}}},"expected":{"type":"object","additionalProperties":
        {"type":"string","pattern":"^(v[1-9][0-9]{0,18})?$"},
        "description":"what has to be live: {\"shop@_all\": \"v6\"}"},)";
    pluginapi::Methods &methods = m_context.methods();
    rpc::Method validate =
        methodOf(u"goconf.validate"_s, u"Says what keeps a draft from being published."_s,
                 schemaOf(of, R"("service")"), Kind::read, &touchesService);
    rpc::Method publish = methodOf(u"goconf.publish"_s,
                                   u"Makes drafts live, in one step: all of them in all IDCs, or "
                                   u"nothing; idcs: the base layer "
                                   "only there, and with change then further."_s,
                                   schemaOf(targets + wishSchema, R"("targets","message")"),
                                   Kind::write, &touchesTargets);
    rpc::Method rollback = methodOf(
        u"goconf.rollback"_s,
        u"Makes an earlier version live again: to a version, undo of the last switch, or of a "
        "change."_s,
        schemaOf(R"("service":$name,"to":$version,"undo":{"type":"boolean"},"each":
                     {"type":"boolean","description":"undo: behind different releases"},)"
                     + QByteArray(wishSchema),
                 R"("service","message")"),
        Kind::write, &touchesRollback);
    for (rpc::Method *method : {&validate, &publish, &rollback})
        method->deadline = std::chrono::seconds(60);
    for (const Result<void> &added : {methods.add(validate, *this, &ReleaseMethods::validate),
                                      methods.add(publish, *this, &ReleaseMethods::publish),
                                      methods.add(rollback, *this, &ReleaseMethods::rollback)}) {
        if (!added)
            return added;
    }
    return {};
}

/// What the call is bound to by its key: all but what does not change what it does.
static config::Hash digestOf(const rpc::Call &call, const Trace &made)
{
    const QCborMap params = call.params;
    std::map<QString, QCborValue> members; // which have no order
    for (auto it = params.begin(); it != params.end(); ++it)
        members.emplace(it.key().toString(), it.value());
    members.erase(u"key"_s);
    members.erase(u"yes"_s);
    members.insert_or_assign(u"as"_s, textOf(made.by));
    QCborArray sorted{call.method};
    for (const auto &[name, value] : members)
        sorted.append(QCborArray{name, value});
    return config::Hash::of(sorted.toCborValue().toCbor());
}

ReleaseWish ReleaseMethods::wishOf(const rpc::Call &call) const
{
    ReleaseWish wish;
    wish.message = textIn(call.params, "message");
    wish.idcs = textsIn(call.params, "idcs");
    wish.change = textIn(call.params, "change");
    wish.key = textIn(call.params, "key");
    if (const QCborValue yes = call.params.value(u"yes"_s); yes.isInteger())
        wish.yes = std::uint64_t(yes.toInteger());
    wish.isDryRun = call.params.value(u"dryRun"_s).toBool();
    wish.made = traceOf(call, m_context.clock());
    wish.address = call.caller.address.toUtf8();
    if (!wish.key.isEmpty())
        wish.digest = digestOf(call, wish.made);
    return wish;
}

// ---- answers

static QCborArray blastCbor(const Radius &radius)
{
    QCborArray blast;
    for (const Radius::Class &one : radius.classes) {
        std::vector<QByteArray> names = one.hosts;
        names.resize(std::min(names.size(), namesShown));
        blast.append(QCborMap{{u"service"_s, textOf(one.service)},
                              {u"idc"_s, textOf(one.idc)},
                              {u"hosts"_s, qint64(one.hosts.size())},
                              {u"names"_s, arrayOf(names)},
                              {u"diff"_s, textOf(one.diff)}});
    }
    return blast;
}

static QCborMap movedCbor(const QByteArray &service, const ReleaseRecord::Target &target)
{
    return {{u"service"_s, textOf(service)},
            {u"scope"_s, textOf(target.scope)},
            {u"from"_s, textOf(target.from)},
            {u"to"_s, textOf(target.to)}};
}

/// By service; without those whose scopes go to different versions, as an undo may do.
static QCborMap versionsOf(const QCborArray &moved)
{
    std::map<QString, std::set<QString>> all;
    for (const QCborValue one : moved)
        all[one.toMap().value(u"service"_s).toString()].insert(
            one.toMap().value(u"to"_s).toString());
    QCborMap versions;
    for (const auto &[service, to] : all) {
        if (to.size() == 1)
            versions.insert(service, *to.begin());
    }
    return versions;
}

/// Of a release that was made by an earlier try of the same call.
static QCborMap earlierCbor(const Released::Earlier &earlier, Revision made)
{
    QCborArray moved;
    for (const ReleaseRecord::Service &service : earlier.record.services) {
        for (const ReleaseRecord::Target &target : service.targets)
            moved.append(movedCbor(service.service, target));
    }
    return {{u"change"_s, textOf(earlier.record.change)},
            {u"versions"_s, versionsOf(moved)},
            {u"moved"_s, moved},
            {u"hosts"_s, qint64(earlier.record.hosts)},
            {u"blast"_s, QCborArray()},
            {u"dryRun"_s, false},
            {u"repeated"_s, true},
            {u"release"_s, u"r%1"_s.arg(made.value())},
            {u"id"_s, textOf(earlier.id)},
            {u"revision"_s, qint64(made.value())}};
}

static rpc::Outcome answerOf(const Answer<Released> &released)
{
    if (!released)
        return released.error();
    if (released->earlier)
        return QCborValue(earlierCbor(*released->earlier, released->revision));
    QCborArray moved;
    for (const Move &move : released->plan.moves()) {
        if (move.isPin)
            continue;
        moved.append(movedCbor(move.service, {move.scope, move.from, move.to}));
    }
    QCborMap map{{u"change"_s, textOf(released->plan.order().change)},
                 {u"versions"_s, versionsOf(moved)},
                 {u"moved"_s, moved},
                 {u"hosts"_s, qint64(released->radius.hosts)},
                 {u"blast"_s, blastCbor(released->radius)},
                 {u"dryRun"_s, released->revision.isNone()}};
    if (!released->revision.isNone()) {
        const auto revision = qint64(released->revision.value());
        map.insert(u"release"_s, u"r%1"_s.arg(revision));
        map.insert(u"id"_s, textOf(released->plan.order().id));
        map.insert(u"revision"_s, revision);
    }
    return QCborValue(map);
}

// ---- methods

Task<rpc::Outcome> ReleaseMethods::validate(rpc::Call &call)
{
    const DraftId id = draftIn(call.params);
    const Answer<Verdict> verdict = co_await m_publisher.validate(id);
    if (!verdict)
        co_return verdict.error();
    co_return QCborValue(QCborMap{{u"ok"_s, verdict->faults.empty() && verdict->conflicts.empty()},
                                  {u"faults"_s, faultsCbor(verdict->faults)},
                                  {u"conflicts"_s, conflictsCbor(verdict->conflicts)}});
}

Task<rpc::Outcome> ReleaseMethods::publish(rpc::Call &call)
{
    PublishWish wish{wishOf(call), targetsIn(call.params), {}};
    const QCborMap expected = call.params.value(u"expected"_s).toMap();
    for (auto it = expected.begin(); it != expected.end(); ++it) {
        const QByteArray name = it.key().toString().toUtf8();
        const qsizetype cut = name.indexOf('@');
        const QByteArray service = cut < 0 ? name : name.first(cut);
        const QByteArray scope = cut < 0 ? QByteArray(baseScope) : name.sliced(cut + 1);
        const auto isMeant = [&service](const DraftId &id) { return id.service == service; };
        if (std::none_of(wish.targets.begin(), wish.targets.end(), isMeant)) {
            co_return Failure::of(Code::invalidArgument,
                                  u"expected: %1 is not among the targets"_s.arg(textOf(name)));
        }
        wish.expected.insert_or_assign({service, scope}, it.value().toString().toUtf8());
    }
    std::set<std::pair<QByteArray, QByteArray>> seen;
    for (const DraftId &id : wish.targets) {
        if (!seen.emplace(id.service, id.scope).second) {
            co_return Failure::of(
                Code::invalidArgument,
                u"targets: %1 is there twice; publish its drafts one after another"_s.arg(
                    textOf(id.shown())));
        }
    }
    const Answer<Released> released = co_await m_publisher.publish(wish);
    co_return answerOf(released);
}

Task<rpc::Outcome> ReleaseMethods::rollback(rpc::Call &call)
{
    RollbackWish wish{wishOf(call), textIn(call.params, "service"), textIn(call.params, "to"),
                      call.params.value(u"undo"_s).toBool(), call.params.value(u"each"_s).toBool()};
    const int ways = (wish.to.isEmpty() ? 0 : 1) + (wish.isUndo ? 1 : 0)
                     + (wish.release.change.isEmpty() ? 0 : 1);
    if (ways != 1) {
        co_return Failure::of(Code::invalidArgument,
                              u"to: expected a version, or undo, or a change: one of them"_s);
    }
    const Answer<Released> released = co_await m_publisher.rollback(wish);
    co_return answerOf(released);
}

} // namespace coffer::goconf
