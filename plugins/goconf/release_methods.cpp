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

static constexpr std::chrono::hours expiryMax{30 * 24};

static const char *const expiresSchema = R"("expires":{"type":"string",
    "pattern":"^[1-9][0-9]{0,6}[smhd]$","description":"of layers of hosts: 2h, at most 30d"},)";
static const char *const wishSchema = R"("message":{"type":"string","minLength":1,
    "maxLength":4096,"description":"why"},"idcs":$names,
    "change":{"type":"string","pattern":"^[0-9a-f]{16}-[0-9a-f]{8}$",
        "description":"the id of its first release, as publish answered it"},)";

/// What ends a candidate says less.
static const char *const endSchema = R"("service":$name,"message":{"type":"string","minLength":1,
    "maxLength":4096,"description":"why; else what was said of the candidate"},
    "expected":{"type":"string","pattern":"^v[1-9][0-9]{0,18}$",
        "description":"the candidate that is meant"},)";

/// How a release is carried out; the last of all.
static const char *const mannerSchema = R"("yes":{"type":"integer","minimum":0,
    "description":"the number of hosts, if it is above 20"},
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

/// A release of _global shows what it does to all services.
static rpc::Touch everything() { return {Kind::read, "/config", true}; }

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
    const std::vector<DraftId> targets = targetsIn(call.params);
    if (std::any_of(targets.begin(), targets.end(),
                    [](const DraftId &id) { return id.service == globalService; }))
        touches.push_back(everything());
    if (call.params.value(u"replace"_s).toBool()) { // the trial may be anywhere
        for (const DraftId &id : targets)
            addMoved(touches, id.service, baseScope, {});
    }
    return touches;
}

/// What a draft would do is shown too.
static std::vector<rpc::Touch> touchesValidate(const rpc::Call &call)
{
    if (textIn(call.params, "service") == globalService)
        return {everything()};
    return touchesService(call);
}

static std::vector<rpc::Touch> touchesRollback(const rpc::Call &call)
{
    std::vector<rpc::Touch> touches;
    const QByteArray service = textIn(call.params, "service");
    const std::vector<QByteArray> idcs = textsIn(call.params, "idcs");
    const QByteArray host = textIn(call.params, "host");
    for (const QByteArray &idc : idcs)
        addMoved(touches, service, idc, {});
    if (!host.isEmpty())
        addMoved(touches, service, hostScope(host), {});
    else if (idcs.empty() || call.params.value(u"abandon"_s).toBool()) // a trial may be anywhere
        addMoved(touches, service, baseScope, {});
    if (service == globalService)
        touches.push_back(everything());
    return touches;
}

Result<void> ReleaseMethods::start()
{
    const QByteArray of = R"("service":$service,"scope":$scope,"draft":$draft)";
    const QByteArray targets = R"("targets":{"type":"array","minItems":1,"maxItems":100,"items":
        {"type":"object","additionalProperties":false,"required":["service"],"properties":{)"
                               + of + R"(}}},"expected":{"type":"object","additionalProperties":
        {"type":"string","pattern":"^(v[1-9][0-9]{0,18})?$"},
        "description":"what has to be live: {\"shop@_all\": \"v6\"}"},
        "canary":{"type":"array","minItems":1,"maxItems":1000,"items":$name,"description":
        "only these hosts get it, until it is promoted or abandoned; the draft stays"},
        "replace":{"type":"boolean","description":"canary: in place of the one that is tried"},)";
    pluginapi::Methods &methods = m_context.methods();
    rpc::Method validate =
        methodOf(u"goconf.validate"_s, u"Says what keeps a draft from being published."_s,
                 schemaOf(of, R"("service")"), Kind::read, &touchesValidate);
    rpc::Method publish = methodOf(
        u"goconf.publish"_s,
        u"Makes drafts live, in one step: all of them in all IDCs, or "
        u"nothing; idcs: the base layer only there, and with change "
        "then further; canary: only for some hosts, to try it."_s,
        schemaOf(targets + expiresSchema + wishSchema + mannerSchema, R"("targets","message")"),
        Kind::write, &touchesTargets);
    rpc::Method rollback = methodOf(
        u"goconf.rollback"_s,
        u"Makes an earlier version live again: to a version, undo of the last switch, or of a "
        "change; host: ends the layer of that host."_s,
        schemaOf(R"("service":$service,"to":$version,"undo":{"type":"boolean"},"each":
                     {"type":"boolean","description":"undo: behind different releases"},
                     "abandon":{"type":"boolean",
                     "description":"also give up what some hosts are trying"},
                     "host":$name,)"
                     + QByteArray(wishSchema) + mannerSchema,
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
    return startCanary();
}

Result<void> ReleaseMethods::startCanary()
{
    rpc::Method promote = methodOf(u"goconf.canary.promote"_s,
                                   u"Makes live what some hosts are trying: that very version, "
                                   "wherever it was built for."_s,
                                   schemaOf(QByteArray(endSchema) + mannerSchema, R"("service")"),
                                   Kind::write, &touchesRollback);
    rpc::Method abandon = methodOf(u"goconf.canary.abandon"_s,
                                   u"Gives up what some hosts are trying: they go back to what is "
                                   "live, and the draft is as it was."_s,
                                   schemaOf(QByteArray(endSchema) + mannerSchema, R"("service")"),
                                   Kind::write, &touchesRollback);
    promote.deadline = std::chrono::seconds(60);
    abandon.deadline = std::chrono::seconds(60);
    if (const Result<void> added =
            m_context.methods().add(promote, *this, &ReleaseMethods::promote);
        !added)
        return added;
    return m_context.methods().add(abandon, *this, &ReleaseMethods::abandon);
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
        QCborMap map{{u"service"_s, textOf(one.of.service)},
                     {u"idc"_s, textOf(one.of.idc)},
                     {u"hosts"_s, qint64(one.hosts.size())},
                     {u"names"_s, arrayOf(names)},
                     {u"diff"_s, textOf(one.diff)}};
        if (!one.of.host.isEmpty())
            map.insert(u"host"_s, textOf(one.of.host));
        blast.append(map);
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

/// Who tries it, if it is for some hosts alone.
static void putCanary(QCborMap &map, const std::vector<QByteArray> &hosts)
{
    if (!hosts.empty())
        map.insert(u"canary"_s, arrayOf(hosts));
}

/// Of a release that was made by an earlier try of the same call.
static QCborMap earlierCbor(const Released::Earlier &earlier, Revision made)
{
    QCborArray moved;
    for (const ReleaseRecord::Service &service : earlier.record.services) {
        for (const ReleaseRecord::Target &target : service.targets)
            moved.append(movedCbor(service.service, target));
    }
    QCborMap map{{u"change"_s, textOf(earlier.record.change)},
                 {u"versions"_s, versionsOf(moved)},
                 {u"moved"_s, moved},
                 {u"hosts"_s, qint64(earlier.record.hosts)},
                 {u"blast"_s, QCborArray()},
                 {u"dryRun"_s, false},
                 {u"repeated"_s, true},
                 {u"release"_s, u"r%1"_s.arg(made.value())},
                 {u"id"_s, textOf(earlier.id)},
                 {u"revision"_s, qint64(made.value())}};
    putCanary(map, earlier.record.canary);
    return map;
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
        QCborMap one = movedCbor(move.service, {move.scope, move.from, move.to});
        if (move.pointer.until != WallMs(0))
            one.insert(u"until"_s, qint64(move.pointer.until.count()));
        moved.append(one);
    }
    QCborMap map{{u"change"_s, textOf(released->plan.order().change)},
                 {u"versions"_s, versionsOf(moved)},
                 {u"moved"_s, moved},
                 {u"hosts"_s, qint64(released->radius.hosts)},
                 {u"blast"_s, blastCbor(released->radius)},
                 {u"dryRun"_s, released->revision.isNone()}};
    if (!released->radius.broken.empty()) // by a rollback
        map.insert(u"faults"_s, faultsCbor(released->radius.broken));
    putCanary(map, released->plan.record(0, {}).canary);
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

/// "2h", as the schema lets it through.
static std::chrono::milliseconds durationOf(const QByteArray &text)
{
    const std::chrono::seconds number(text.chopped(1).toLongLong());
    switch (text.back()) {
    case 's': return number;
    case 'm': return number * 60;
    case 'h': return number * 3'600;
    default: break;
    }
    return number * 86'400;
}

/// What lies over everything on one host has to end, and nothing else may.
static std::optional<Failure> addExpiry(PublishWish &wish, const QByteArray &text)
{
    const auto ofHost =
        std::find_if(wish.targets.begin(), wish.targets.end(),
                     [](const DraftId &id) { return hostOfScope(id.scope).has_value(); });
    if (ofHost == wish.targets.end()) {
        if (text.isEmpty())
            return std::nullopt;
        return Failure::of(Code::invalidArgument,
                           u"expires: expected only with layers of hosts, and there is none among "
                           "the targets"_s);
    }
    if (text.isEmpty()) {
        return Failure::of(Code::refused,
                           u"expires: %1 is a layer of one host: say how long it is to last, such "
                           "as 2h, at most 30d"_s.arg(textOf(ofHost->shown())));
    }
    wish.release.expires = durationOf(text);
    if (*wish.release.expires > expiryMax)
        return Failure::of(Code::invalidArgument, u"expires: expected at most 30d"_s);
    return std::nullopt;
}

/// Says what does not go together.
static std::optional<Failure> addCanary(PublishWish &wish, const QCborMap &params)
{
    wish.canary = textsIn(params, "canary");
    wish.isReplacement = params.value(u"replace"_s).toBool();
    if (wish.canary.empty()) {
        if (wish.isReplacement) {
            return Failure::of(Code::invalidArgument,
                               u"replace: expected with canary, the hosts that are to try it"_s);
        }
        return std::nullopt;
    }
    const auto isNoService = [](const DraftId &id) {
        return id.service == globalService || hostOfScope(id.scope);
    };
    if (std::any_of(wish.targets.begin(), wish.targets.end(), isNoService)) {
        return Failure::of(
            Code::invalidArgument,
            u"canary: expected with a service, not with _global or a host's layer"_s);
    }
    if (!wish.release.change.isEmpty()) {
        return Failure::of(Code::invalidArgument,
                           u"canary: a change that goes on is live already, and not to be tried"_s);
    }
    const QByteArray service = wish.targets.front().service;
    const auto isOther = [&service](const DraftId &id) { return id.service != service; };
    if (std::any_of(wish.targets.begin(), wish.targets.end(), isOther)) {
        return Failure::of(Code::invalidArgument,
                           u"canary: expected one service; publish each for itself"_s);
    }
    return std::nullopt;
}

Task<rpc::Outcome> ReleaseMethods::publish(rpc::Call &call)
{
    PublishWish wish{.release = wishOf(call), .targets = targetsIn(call.params)};
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
    if (const std::optional<Failure> failure = addCanary(wish, call.params))
        co_return *failure;
    if (const std::optional<Failure> failure = addExpiry(wish, textIn(call.params, "expires")))
        co_return *failure;
    const Answer<Released> released = co_await m_publisher.publish(wish);
    co_return answerOf(released);
}

Task<rpc::Outcome> ReleaseMethods::rollback(rpc::Call &call)
{
    RollbackWish wish{.release = wishOf(call),
                      .service = textIn(call.params, "service"),
                      .to = textIn(call.params, "to"),
                      .isUndo = call.params.value(u"undo"_s).toBool(),
                      .isEach = call.params.value(u"each"_s).toBool(),
                      .isAbandoning = call.params.value(u"abandon"_s).toBool(),
                      .host = textIn(call.params, "host")};
    const int ways = (wish.to.isEmpty() ? 0 : 1) + (wish.isUndo ? 1 : 0)
                     + (wish.release.change.isEmpty() ? 0 : 1) + (wish.host.isEmpty() ? 0 : 1);
    if (ways != 1) {
        co_return Failure::of(
            Code::invalidArgument,
            u"to: expected a version, or undo, or a change, or a host: one of them"_s);
    }
    if (!wish.host.isEmpty() && !wish.release.idcs.empty())
        co_return Failure::of(Code::invalidArgument, u"idcs: not expected with a host"_s);
    if (!wish.host.isEmpty() && (wish.isAbandoning || wish.isEach)) {
        co_return Failure::of(Code::invalidArgument,
                              u"abandon, each: not expected with a host, whose layer ends"_s);
    }
    const Answer<Released> released = co_await m_publisher.rollback(wish);
    co_return answerOf(released);
}

Task<rpc::Outcome> ReleaseMethods::promote(rpc::Call &call)
{
    const CanaryWish wish{wishOf(call), textIn(call.params, "service"),
                          textIn(call.params, "expected"), true};
    const Answer<Released> released = co_await m_publisher.endCanary(wish);
    co_return answerOf(released);
}

Task<rpc::Outcome> ReleaseMethods::abandon(rpc::Call &call)
{
    const CanaryWish wish{wishOf(call), textIn(call.params, "service"),
                          textIn(call.params, "expected"), false};
    const Answer<Released> released = co_await m_publisher.endCanary(wish);
    co_return answerOf(released);
}

} // namespace coffer::goconf
