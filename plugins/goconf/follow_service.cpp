// SPDX-License-Identifier: Apache-2.0
#include "goconf/follow_service.h"

#include "goconf/fleet_schemas.h"
#include "goconf/host_secret.h"
#include "goconf/paths.h"
#include "goconf/record_fields.h"

#include <algorithm>
#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::goconf {

using pluginapi::FeedCall;
using rpc::Access;
using rpc::Code;
using rpc::Failure;

static constexpr std::chrono::seconds sweepEvery{1};
static constexpr int tidyEvery = 60;   ///< Sweeps.
static constexpr int toldPerTurn = 32; ///< Hosts; then what else waits has its turn.
static constexpr qsizetype errorBytesMax = 4096;

static QByteArray textIn(const QCborMap &map, QLatin1StringView name)
{
    return map.value(name).toString().toUtf8();
}

static config::Hash hashIn(const QCborMap &map, QLatin1StringView name)
{
    return config::Hash::fromHex(textIn(map, name)).value_or(config::Hash());
}

FollowService::FollowService(Parts parts)
    : m_parts(parts)
    , m_table(heartbeatEvery)
    , m_offers({parts.context, parts.view, m_table, parts.bundles},
               [this](const std::vector<FollowId> &ids) { wake(ids); })
    , m_reports({parts.context, parts.view, m_table, parts.presence},
                [this](FollowId id, const Error &why) { end(id, why); })
    , m_followers(parts.context.metrics().gauge("followers", "Agents that follow this node."))
    , m_offered(parts.context.metrics().counter("offers_total", "Offers sent to agents."))
    , m_fetched(parts.context.metrics().counter("fetched_bytes_total",
                                                "Bytes of packed bundles sent to agents."))
{}

Result<void> FollowService::start()
{
    m_parts.context.spawn(sweep(), "sweep follows");
    return addMethods();
}

Result<void> FollowService::addMethods()
{
    using namespace schemas;
    rpc::Method follow;
    follow.name = u"goconf.follow"_s;
    follow.summary = u"For agents: offers what this host is to have, now and after each release."_s;
    const QByteArray has =
        object(R"("root")", member("root", root) + ',' + member("version", version));
    follow.params =
        object(R"("host","secret","instance","run","services")",
               member("host", name) + ',' + member("secret", schemas::secret)
                   + R"(,"instance":{"type":"string","minLength":1,"maxLength":128},
                "run":{"type":"string","minLength":1,"maxLength":128},
                "address":{"type":"string","maxLength":128},
                "agent":{"type":"string","maxLength":64},
                "services":{"type":"array","maxItems":256,"items":)"
                   + name + R"(},"have":{"type":"object","maxProperties":256,"propertyNames":)"
                   + name + R"(,"additionalProperties":)" + has + '}');
    follow.access = {Access::Kind::open};

    rpc::Method fetch;
    fetch.name = u"goconf.fetch"_s;
    fetch.summary = u"For agents: a piece of a packed bundle, as a difference to one they have, or "
                    "of the list that says where each item in it comes from."_s;
    fetch.params =
        object(R"("ticket","service","root")",
               member("ticket", ticket) + ',' + member("service", name) + ',' + member("root", root)
                   + ',' + member("base", root) + R"(,"offset":{"type":"integer","minimum":0},
                "what":{"enum":["bundle","origins"]})");
    fetch.access = {Access::Kind::open};
    fetch.deadline = std::chrono::seconds(60);

    rpc::Method report;
    report.name = u"goconf.report"_s;
    report.summary = u"For agents: what became of an offer."_s;
    const QByteArray one = object(
        R"("service","version","root","state")",
        member("service", name) + ',' + member("version", version) + ',' + member("root", root)
            + ',' + member("tried", version) + ',' + member("id", release)
            + R"(,"state":{"enum":["healthy","failed","rolledBack","drifted","held"]},
                "error":{"type":"string","maxLength":4096},
                "output":{"type":"string","maxLength":65536})");
    report.params =
        object(R"("ticket","reports")",
               member("ticket", ticket) + R"(,"reports":{"type":"array","maxItems":256,"items":)"
                   + one + '}');
    report.access = {Access::Kind::open};

    pluginapi::Methods &methods = m_parts.context.methods();
    for (const Result<void> &added : {methods.addFeed(follow, *this, &FollowService::follow),
                                      methods.add(fetch, *this, &FollowService::fetch),
                                      methods.add(report, *this, &FollowService::report)}) {
        if (!added)
            return added;
    }
    return {};
}

// ---- follow

FollowService::Request FollowService::requestOf(const FeedCall &call)
{
    const QCborMap &params = call.params;
    Request request;
    request.follow.host = textIn(params, "host"_L1);
    request.follow.instance = textIn(params, "instance"_L1);
    request.follow.run = textIn(params, "run"_L1);
    request.follow.agent = textIn(params, "agent"_L1);
    request.follow.address = textIn(params, "address"_L1);
    if (request.follow.address.isEmpty())
        request.follow.address = call.caller.address.toUtf8();
    request.follow.ticket = makeTicket();
    request.secret = textIn(params, "secret"_L1);
    const QCborArray services = params.value(u"services"_s).toArray();
    for (const QCborValue service : services)
        request.asked.insert(service.toString().toUtf8());
    const QCborMap has = params.value(u"have"_s).toMap();
    for (const auto &[service, value] : has) {
        const QCborMap map = value.toMap();
        request.has.emplace(service.toString().toUtf8(),
                            HostHas{textIn(map, "version"_L1), hashIn(map, "root"_L1)});
    }
    return request;
}

Task<Result<void>> FollowService::follow(FeedCall call)
{
    const std::shared_ptr<rpc::Subscription> subscription = call.subscription;
    const Result<FollowId> begun = co_await begin(std::move(call));
    if (!begun)
        co_return begun.error();
    const FollowId id = *begun;
    const Result<void> served = co_await serve(id, subscription);
    m_ends.erase(id);
    m_asked.erase(id);
    m_welcomes.erase(id);
    co_return served;
}

/// What is needed only once is gone with the frame of this.
Task<Result<FollowId>> FollowService::begin(FeedCall call)
{
    const Request request = requestOf(call);
    const Result<FollowId> admitted = co_await admit(request);
    if (!admitted)
        co_return admitted.error();
    const FollowId id = *admitted;
    call.subscription->onClosed([this, id] {
        end(id, {ErrorCode::unavailable, u"the connection is gone"_s});
    });
    const Result<void> claimed = co_await m_reports.claim(id, request.has);
    if (!claimed)
        end(id, claimed.error());
    co_return id;
}

Task<Result<FollowId>> FollowService::admit(Request request)
{
    if (!m_parts.watch.isLoaded() || !m_parts.view.isLive(m_parts.presence.node()))
        co_return Error{ErrorCode::unavailable, u"this node is still reading the fleet"_s};
    const QByteArray path = hostPath(request.follow.host);
    const Result<std::optional<store::FileView>> file = co_await m_parts.context.store().get(path);
    if (!file)
        co_return file.error();
    const Result<HostRecord> record = *file
                                          ? HostRecord::parse((*file)->value)
                                          : Result<HostRecord>(Error{ErrorCode::denied, QString()});
    if (!record || !isSecretOf(record->secretHash, request.secret)) {
        co_return Error{
            ErrorCode::denied,
            u"no host %1 with this secret: enroll it, and join"_s.arg(textOf(request.follow.host))};
    }
    request.follow.secret = record->secretHash;
    const Revision recorded = (*file)->revision;
    const Result<FollowId> entered = enter(std::move(request), *record, recorded);
    co_return entered;
}

/// Into the table, in place of an older connection of the same agent.
Result<FollowId> FollowService::enter(Request request, const HostRecord &record, Revision recorded)
{
    Follow &follow = request.follow;
    follow.idc = record.idc;
    follow.recorded = recorded;
    if (const Follow *older = m_table.byHost(follow.host)) {
        if (older->instance != follow.instance) {
            ReportRecord other;
            other.address = older->address;
            return FollowReports::rivalry(follow, other);
        }
        end(older->id, {ErrorCode::conflict, u"a newer connection of this agent took over"_s});
    }
    if (const auto rival = m_parts.view.rival(follow.host, follow.instance))
        return FollowReports::rivalry(follow, *rival);
    FollowTable::Services held;
    for (const auto &[service, has] : request.has) {
        if (!has.root.isNull())
            held.insert(service);
    }
    const QByteArray host = follow.host;
    const FollowTable::Classes classes = granted(host, record, request.asked);
    const FollowId id =
        m_table.add(std::move(follow), classes, held, m_parts.context.clock().monotonic());
    m_asked.insert_or_assign(id, std::move(request.asked));
    m_welcomes.insert(id);
    m_followers.set(double(m_table.size()));
    for (const HostClass &of : classes)
        m_offers.look(of);
    lookAtHost(host); // its record may have changed since it was read
    return id;
}

FollowTable::Classes FollowService::granted(const QByteArray &host, const HostRecord &record,
                                            const FollowTable::Services &asked) const
{
    FollowTable::Services services(record.services.begin(), record.services.end());
    if (!asked.empty())
        services = asked;
    else if (record.wants("*"))
        services = m_parts.view.services();
    FollowTable::Classes classes;
    for (const QByteArray &service : services) {
        if (record.wants(service))
            classes.insert(m_parts.view.classOf(service, record.idc, host));
    }
    return classes;
}

QCborMap FollowService::welcome(FollowId id) const
{
    QCborArray services;
    for (const QByteArray &service : m_table.grantedTo(id))
        services.append(textOf(service));
    const Follow *follow = m_table.find(id);
    return {{u"kind"_s, u"welcome"_s},
            {u"ticket"_s, follow == nullptr ? QString() : textOf(follow->ticket)},
            {u"heartbeatMs"_s, qint64(std::chrono::milliseconds(heartbeatEvery).count())},
            {u"services"_s, services}};
}

QCborMap FollowService::eventOf(const FollowNews &news)
{
    if (const auto *offer = std::get_if<OfferNews>(&news)) {
        m_offered.add();
        QCborMap map{{u"kind"_s, u"offer"_s},
                     {u"service"_s, textOf(offer->service)},
                     {u"version"_s, textOf(offer->offer.version)},
                     {u"root"_s, textOf(offer->offer.root)},
                     {u"release"_s, textOf(offer->offer.shown)},
                     {u"id"_s, textOf(offer->offer.release)},
                     {u"bytes"_s, offer->offer.bytes},
                     {u"message"_s, textOf(offer->offer.message)}};
        for (const Edition &edition : offer->offer.editions) {
            if (edition.service == globalService)
                map.insert(u"globalVersion"_s, textOf(edition.version));
            else if (hostOfScope(edition.scope))
                map.insert(u"hostVersion"_s, textOf(edition.version));
        }
        return map;
    }
    if (const auto *withdrawn = std::get_if<WithdrawnNews>(&news))
        return {{u"kind"_s, u"withdrawn"_s}, {u"service"_s, textOf(withdrawn->service)}};
    if (std::holds_alternative<AliveNews>(news))
        return {{u"kind"_s, u"alive"_s}};
    return {{u"kind"_s, u"heartbeat"_s}, {u"revision"_s, qint64(m_parts.watch.revision().value())}};
}

/// Tells what there is to tell whenever there is room for it. What was superseded meanwhile is not
/// told at all.
Task<Result<void>> FollowService::serve(FollowId id,
                                        std::shared_ptr<rpc::Subscription> subscription)
{
    for (;;) {
        const bool hasRoom = co_await subscription->room();
        if (m_table.find(id) == nullptr || !hasRoom)
            break;
        if (m_welcomes.erase(id) > 0) {
            subscription->send(welcome(id), {});
            continue;
        }
        if (const auto news = m_table.take(id, m_parts.context.clock().monotonic())) {
            subscription->send(eventOf(*news), {});
            continue;
        }
        Eventual<bool> woken({ErrorCode::unavailable, u"the node stops"_s});
        m_waiting.insert_or_assign(id, woken.setter());
        const Result<bool> goesOn = co_await woken;
        if (!goesOn)
            break;
    }
    const auto found = m_ends.find(id);
    if (found == m_ends.end())
        co_return Result<void>();
    const Error why = found->second;
    co_return why;
}

void FollowService::wake(const std::vector<FollowId> &ids)
{
    m_woken.insert(m_woken.end(), ids.begin(), ids.end());
    if (!std::exchange(m_isWaking, true))
        m_parts.context.spawn(wakeInTurns(), "tell hosts");
}

Task<Result<void>> FollowService::wakeInTurns()
{
    for (int told = 1; !m_woken.empty(); ++told) {
        const FollowId id = m_woken.front();
        m_woken.pop_front();
        if (auto waiting = m_waiting.extract(id))
            waiting.mapped()(true);
        if (told % toldPerTurn != 0)
            continue;
        const bool goesOn = co_await m_parts.context.clock().sleep(std::chrono::milliseconds(0));
        if (!goesOn)
            break;
    }
    m_isWaking = false;
    co_return Result<void>();
}

void FollowService::end(FollowId id, const Error &why)
{
    if (m_table.find(id) == nullptr)
        return;
    m_ends.insert_or_assign(id, why);
    m_reports.gone(id);
    m_table.remove(id);
    m_followers.set(double(m_table.size()));
    wake({id});
}

// ---- fetch

/// What is known to have \a root, or is said to be of \a version of the service.
std::optional<Editions> FollowService::editionsOf(const Follow &follow, const QByteArray &service,
                                                  const config::Hash &root,
                                                  const QByteArray &version) const
{
    const std::optional<HostClass> of = m_table.classOf(follow.id, service);
    if (root.isNull() || !of)
        return {};
    if (const std::optional<Offer> *offer = m_table.wanted(*of);
        offer != nullptr && *offer && (*offer)->root == root.hex())
        return (*offer)->editions;
    const std::vector<QByteArray> scopes{follow.idc, baseScope, hostScope(follow.host)};
    if (auto editions = m_parts.bundles.editionsWith(service, scopes, root))
        return editions;
    std::optional<FleetView::Wanted> wanted = m_parts.view.wanted(*of);
    if (version.isEmpty() || !wanted)
        return {};
    for (Edition &edition : wanted->editions) {
        if (edition.service == service && !hostOfScope(edition.scope))
            edition.version = version;
    }
    return wanted->editions;
}

Task<rpc::Outcome> FollowService::fetch(rpc::Call &call)
{
    const Follow *follow = m_table.byTicket(textIn(call.params, "ticket"_L1));
    const QByteArray service = textIn(call.params, "service"_L1);
    if (follow == nullptr || !m_table.isGranted(follow->id, service))
        co_return Failure::of(Code::notFound, u"no follow of this service has that ticket here: "
                                              "follow again"_s);
    const config::Hash root = hashIn(call.params, "root"_L1);
    const std::optional<Editions> want = editionsOf(*follow, service, root, {});
    if (!want)
        co_return Failure::of(Code::notFound, u"nothing with this root is offered now: wait for "
                                              "the next offer"_s);
    if (textIn(call.params, "what"_L1) == "origins") {
        const Result<QByteArray> origins = co_await m_parts.origins.packed(*want);
        if (!origins)
            co_return Failure::of(origins.error());
        const BundleStore::Packed packed{*origins, 0};
        const rpc::Outcome piece = co_await pieceOf(call, packed, QByteArray());
        co_return piece;
    }
    config::Hash baseRoot = hashIn(call.params, "base"_L1);
    const std::optional<ReportRecord> said = m_reports.newest(follow->id, service);
    const bool isSaid = said && said->root == baseRoot;
    std::optional<Editions> base =
        editionsOf(*follow, service, baseRoot, isSaid ? said->version : QByteArray());
    if (base) {
        const Result<BundleStore::Known> known = co_await m_parts.bundles.known(*base);
        if (!known || known->root != baseRoot)
            base.reset();
    }
    const Result<BundleStore::Packed> packed = co_await m_parts.bundles.packed(*want, base);
    if (!packed)
        co_return Failure::of(packed.error());
    const QByteArray against = base ? baseRoot.hex() : QByteArray();
    const rpc::Outcome piece = co_await pieceOf(call, *packed, against);
    co_return piece;
}

/// What fetch() answers: \a base is the root that it is packed against.
Task<rpc::Outcome> FollowService::pieceOf(rpc::Call &call, BundleStore::Packed packed,
                                          QByteArray base)
{
    const qint64 offset = call.params.value(u"offset"_s).toInteger(0);
    if (offset > packed.bytes.size())
        co_return Failure::of(Code::invalidArgument,
                              u"offset: the packed bundle has %1 bytes"_s.arg(packed.bytes.size()));
    const bool hasRoom = co_await call.room();
    if (!hasRoom)
        co_return Failure::of(Code::cancelled, u"the connection is gone"_s);
    const QByteArray piece = packed.bytes.mid(offset, qsizetype(pieceBytesMax));
    m_fetched.add(double(piece.size()));
    const QCborMap answer{{u"packed"_s, piece},
                          {u"offset"_s, offset},
                          {u"total"_s, packed.bytes.size()},
                          {u"bytes"_s, packed.bundleBytes},
                          {u"base"_s, textOf(base)}};
    co_return QCborValue(answer);
}

// ---- report

/// The end of what a command said is what tells why it failed.
static QByteArray reasonIn(const QCborMap &report)
{
    QByteArray error = textIn(report, "error"_L1);
    const QByteArray output = textIn(report, "output"_L1);
    if (!output.isEmpty() && error.size() < errorBytesMax) {
        const QByteArray tail = output.last(std::min(output.size(), errorBytesMax - error.size()));
        error += (error.isEmpty() ? "" : ":\n") + QString::fromUtf8(tail).toUtf8();
    }
    return error;
}

Task<rpc::Outcome> FollowService::report(rpc::Call &call)
{
    const Follow *follow = m_table.byTicket(textIn(call.params, "ticket"_L1));
    if (follow == nullptr)
        co_return Failure::of(Code::notFound, u"no follow has that ticket here: follow again"_s);
    std::vector<HostReport> reports;
    const QCborArray array = call.params.value(u"reports"_s).toArray();
    for (const QCborValue value : array) {
        const QCborMap map = value.toMap();
        reports.push_back({.service = textIn(map, "service"_L1),
                           .version = textIn(map, "version"_L1),
                           .root = hashIn(map, "root"_L1),
                           .state = textIn(map, "state"_L1),
                           .error = reasonIn(map),
                           .tried = textIn(map, "tried"_L1),
                           .release = textIn(map, "id"_L1)});
    }
    const Result<void> taken = m_reports.report(follow->id, reports);
    if (!taken)
        co_return Failure::of(taken.error());
    co_return QCborValue(QCborMap());
}

// ---- what happens elsewhere

void FollowService::look(FleetView::Kind kind, const QByteArray &path)
{
    switch (kind) {
    case FleetView::Kind::pointer: lookAtPointer(path); break;
    case FleetView::Kind::service:
        if (const QByteArray name = nameIn(path); !m_parts.view.hasService(name)) {
            m_parts.bundles.forget(name);
            m_parts.origins.forget();
        }
        lookAtServices();
        break;
    case FleetView::Kind::host:
        if (path.isEmpty())
            lookAtHosts();
        else
            lookAtHost(nameIn(path));
        break;
    case FleetView::Kind::report: m_reports.look(path); break;
    case FleetView::Kind::node: break;
    }
}

/// A pointer that is of one host makes that a class of its own, or one of all again.
void FollowService::lookAtPointer(const QByteArray &path)
{
    const QList<QByteArray> parts = path.split('/');
    if (const std::optional<QByteArray> host = hostOfScope(parts.value(3)))
        lookAtHost(*host);
    else if (path.isEmpty())
        lookAtHosts();
    else
        lookAtTrial(parts.value(2), parts.value(3));
    m_offers.lookAgain(parts.value(2));
}

void FollowService::lookAtTrial(const QByteArray &service, const QByteArray &idc)
{
    std::vector<QByteArray> hosts = m_table.hostsApart(service, idc);
    if (const Candidate *tried = m_parts.view.candidate(service, idc))
        hosts.insert(hosts.end(), tried->hosts.begin(), tried->hosts.end());
    for (const QByteArray &host : hosts)
        lookAtHost(host);
}

/// A host that may have all services gets a new one too.
void FollowService::lookAtServices()
{
    FollowTable::Services services = m_parts.view.services();
    if (std::exchange(m_services, services) != services)
        lookAtHosts();
    m_offers.lookAgain({});
}

void FollowService::lookAtHosts()
{
    for (const QByteArray &host : m_table.hosts())
        lookAtHost(host);
}

void FollowService::lookAtHost(const QByteArray &host)
{
    const Follow *follow = m_table.byHost(host);
    if (follow == nullptr)
        return;
    if (m_parts.watch.revisionOf(FleetView::Kind::host) < follow->recorded)
        return; // it was admitted by what is yet to come
    const FollowId id = follow->id;
    const HostRecord *record = m_parts.view.host(host);
    if (record == nullptr) {
        m_reports.forget(id);
        end(id, {ErrorCode::denied, u"this host was removed: enroll it again, and join"_s});
        return;
    }
    if (record->secretHash != follow->secret) {
        m_reports.gone(id, FollowReports::Leave::forGood);
        end(id, {ErrorCode::denied, u"this host has joined anew: its old secret is void"_s});
        return;
    }
    const FollowTable::Classes classes = granted(host, *record, m_asked[id]);
    if (!m_table.regrant(id, record->idc, classes))
        return;
    if (m_reports.regrant(id))
        m_welcomes.insert(id); // which asks for all reports
    for (const HostClass &of : classes)
        m_offers.look(of);
    wake({id});
}

/// The only timer: heartbeats, hosts that are gone, what is no longer followed.
Task<Result<void>> FollowService::sweep()
{
    for (int round = 1;; ++round) {
        const bool goesOn = co_await m_parts.context.clock().sleep(sweepEvery);
        if (!goesOn)
            break;
        wake(m_table.due(m_parts.context.clock().monotonic()));
        m_reports.sweep();
        if (round % tidyEvery == 0)
            m_offers.tidy();
    }
    co_return Result<void>();
}

} // namespace coffer::goconf
