// SPDX-License-Identifier: Apache-2.0
#include "goconf/fleet_methods.h"

#include "goconf/fleet_schemas.h"
#include "goconf/paths.h"
#include "goconf/record_fields.h"

#include <algorithm>
#include <tuple>
#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::goconf {

using pluginapi::errorOf;

using rpc::Access;
using rpc::Failure;

static constexpr std::chrono::milliseconds lookEvery{20}; ///< While the view is behind.
static constexpr std::chrono::hours clocksDiffer{1};      ///< At most, between two nodes.
static constexpr char releasesTree[] = "/config/_release";

static QByteArray textIn(const QCborMap &map, QLatin1StringView name)
{
    return map.value(name).toString().toUtf8();
}

static std::vector<rpc::Touch> touchesFleet(const rpc::Call &call)
{
    const QByteArray service = textIn(call.params, "service"_L1);
    return {{Access::Kind::read, service.isEmpty() ? "/config" : treePath(service), true}};
}

static std::vector<rpc::Touch> touchesConverge(const rpc::Call &call)
{
    const QByteArray service = textIn(call.params, "service"_L1);
    return {{Access::Kind::read, service.isEmpty() ? releasesTree : treePath(service), true}};
}

Result<void> FleetMethods::start()
{
    using namespace schemas;
    rpc::Method fleet;
    fleet.name = u"goconf.fleet"_s;
    fleet.summary = u"What each host is to have, what it has, and why that differs."_s;
    fleet.params = object("", member("service", name) + ',' + member("idc", name)
                                  + R"(,"state":{"type":"string","enum":["healthy","failed",
                "rolledBack","drifted","held","waiting","offline","unknown"]},
                "after":{"type":"string","maxLength":257},
                "limit":{"type":"integer","minimum":1,"maximum":2000})");
    fleet.access = {Access::Kind::read};
    fleet.touches = touchesFleet;
    fleet.deadline = std::chrono::seconds(30);

    rpc::Method converge;
    converge.name = u"goconf.converge"_s;
    converge.summary = u"Tells how hosts take up a release, a change or what is live of a "
                       "service, until all have."_s;
    const QByteArray text =
        R"({"type":"string","pattern":"^(r[0-9]{1,19}|[0-9a-f]{16}-[0-9a-f]{8})$"})";
    converge.params = object(
        "", member("change", text) + ',' + member("release", text) + ',' + member("service", name)
                + R"(,"idcs":{"type":"array","maxItems":256,"items":)" + name + '}');
    converge.access = {Access::Kind::read};
    converge.touches = touchesConverge;

    if (const Result<void> added =
            m_parts.context.methods().add(fleet, *this, &FleetMethods::fleet);
        !added)
        return added;
    return m_parts.context.methods().addFeed(converge, *this, &FleetMethods::converge);
}

// ---- fleet

Task<FleetMethods::Roots> FleetMethods::rootsOf(std::vector<FleetRow> rows)
{
    Roots roots;
    for (const FleetRow &row : rows) {
        if (row.wantedVersion.isEmpty() || roots.contains(row.of))
            continue;
        const std::optional<FleetView::Wanted> wanted = m_parts.view.wanted(row.of);
        if (!wanted)
            continue;
        const Result<BundleStore::Known> known = co_await m_parts.bundles.known(wanted->editions);
        roots.insert_or_assign(row.of, known ? known->root : config::Hash());
    }
    co_return roots;
}

QCborMap FleetMethods::shown(const FleetRow &row, const Roots &roots) const
{
    const auto root = roots.find(row.of);
    const ReportRecord report = row.report.value_or(ReportRecord{});
    QCborMap map{{u"host"_s, textOf(row.host)},
                 {u"idc"_s, textOf(row.of.idc)},
                 {u"service"_s, textOf(row.of.service)},
                 {u"wanted"_s, textOf(row.wantedVersion)},
                 {u"wantedRoot"_s, root == roots.end() ? QString() : textOf(root->second.hex())},
                 {u"has"_s, textOf(report.version)},
                 {u"root"_s, textOf(report.root.hex())},
                 {u"state"_s, textOf(row.state)},
                 {u"error"_s, textOf(row.error)},
                 {u"since"_s, qint64(report.since.count())},
                 {u"at"_s, qint64(report.at.count())},
                 {u"via"_s, textOf(report.via)},
                 {u"address"_s, textOf(report.address)},
                 {u"agent"_s, textOf(report.agent)},
                 {u"tried"_s, textOf(report.tried)},
                 {u"isTried"_s, report.release == row.wantedRelease},
                 {u"isConnected"_s, row.isConnected}};
    if (!row.globalVersion.isEmpty())
        map.insert(u"globalVersion"_s, textOf(row.globalVersion));
    if (!row.hostVersion.isEmpty())
        map.insert(u"hostVersion"_s, textOf(row.hostVersion));
    return map;
}

/// What is to arrive, and at which revisions the pointers were that say so.
struct FleetMethods::Wish
{
    Targets targets; ///< With scopes for IDCs; empty: whatever is live of the service.
    QByteArray service;
    std::vector<QByteArray> idcs;
    std::map<std::pair<QByteArray, QByteArray>, Revision> pointers; ///< By service and scope.
};

static bool isConverged(const FleetRow &row, const std::map<HostClass, config::Hash> &roots)
{
    const auto root = roots.find(row.of);
    return row.isConnected && row.state == state::healthy && root != roots.end()
           && !root->second.isNull() && row.report->root == root->second;
}

/// Rows are in the order of hosts and then of services, which is not that of "HOST/SERVICE" as a
/// text: a name may have "-", which stands before "/".
static bool isBehind(const FleetRow &row, const QByteArray &after)
{
    const qsizetype slash = after.indexOf('/');
    const QByteArray host = slash < 0 ? after : after.left(slash);
    const QByteArray service = slash < 0 ? QByteArray() : after.mid(slash + 1);
    return after.isEmpty() || std::tie(row.host, row.of.service) > std::tie(host, service);
}

Task<rpc::Outcome> FleetMethods::fleet(rpc::Call &call)
{
    const QByteArray wantedState = textIn(call.params, "state"_L1);
    const QByteArray after = textIn(call.params, "after"_L1);
    const qint64 limit = call.params.value(u"limit"_s).toInteger(rowsMax);
    const QByteArray service = textIn(call.params, "service"_L1);
    if (!service.isEmpty()) {
        const QCborMap of{{u"service"_s, textOf(service)}};
        const Result<Wish> wish = co_await wishOf(of);
        if (!wish)
            co_return Failure::of(wish.error());
        const Result<void> seen = co_await awaitPointers(*wish);
        if (!seen)
            co_return Failure::of(seen.error());
    }
    std::vector<FleetRow> rows = m_parts.view.rows({.service = textIn(call.params, "service"_L1),
                                                    .idc = textIn(call.params, "idc"_L1),
                                                    .host = {}});
    const Roots roots = co_await rootsOf(rows);
    std::map<QByteArray, qint64> states;
    qint64 connected = 0;
    qint64 converged = 0;
    QCborArray hosts;
    bool hasMore = false;
    for (const FleetRow &row : rows) {
        ++states[row.state];
        connected += row.isConnected ? 1 : 0;
        converged += isConverged(row, roots) ? 1 : 0;
        if ((!wantedState.isEmpty() && row.state != wantedState) || !isBehind(row, after))
            continue;
        if (hosts.size() < limit)
            hosts.append(shown(row, roots));
        else
            hasMore = true;
    }
    QCborMap summary{{u"total"_s, qint64(rows.size())},
                     {u"connected"_s, connected},
                     {u"converged"_s, converged}};
    for (const auto &[state, count] : states)
        summary.insert(textOf(state), count);
    const QCborMap answer{{u"hosts"_s, hosts}, {u"summary"_s, summary}, {u"more"_s, hasMore}};
    co_return QCborValue(answer);
}

// ---- converge

/// The releases of \a change, or the one that is called \a release.
Task<Result<std::vector<ReleaseRecord>>> FleetMethods::releases(QByteArray release,
                                                                QByteArray change)
{
    const QByteArray id = release.isEmpty() ? change : release;
    const quint64 made = id.first(std::min<qsizetype>(id.size(), 16)).toULongLong(nullptr, 16);
    const quint64 earlier = quint64(std::chrono::milliseconds(clocksDiffer).count());
    const QByteArray first =
        QByteArray::number(made - std::min(made, earlier), 16).rightJustified(16, '0');
    const bool isShown = id.startsWith('r'); // "r123"
    store::List list{.path = releasesTree};
    if (!change.isEmpty() && !isShown)
        list.page.after = releasePath(first);
    std::vector<ReleaseRecord> found;
    for (;;) {
        const store::Question question = list;
        const Result<store::Reply> reply = co_await m_parts.context.store().read(question);
        if (!reply)
            co_return reply.error();
        if (const std::optional<Error> error = errorOf(*reply))
            co_return *error;
        for (const store::FileView &file : reply->files) {
            const QByteArray name =
                isShown ? "r" + QByteArray::number(file.created.value()) : nameIn(file.path);
            const bool isNamed = name == id;
            const Result<ReleaseRecord> record = ReleaseRecord::parse(file.value);
            if (record && (isNamed || (!change.isEmpty() && record->change == change)))
                found.push_back(*record);
        }
        list.at = reply->at;
        list.page.after = reply->resume;
        if (!reply->hasMore)
            break;
    }
    if (found.empty())
        co_return Error{ErrorCode::notFound, u"there is no release %1"_s.arg(textOf(id))};
    co_return found;
}

Task<Result<FleetMethods::Wish>> FleetMethods::wishOf(QCborMap params)
{
    Wish wish;
    wish.service = textIn(params, "service"_L1);
    const QCborArray idcs = params.value(u"idcs"_s).toArray();
    for (const QCborValue idc : idcs)
        wish.idcs.push_back(idc.toString().toUtf8());
    const QByteArray release = textIn(params, "release"_L1);
    const QByteArray change = textIn(params, "change"_L1);
    if (release.isEmpty() && change.isEmpty() && wish.service.isEmpty())
        co_return Error{ErrorCode::invalid, u"expected a change, a release or a service"_s};
    if (!release.isEmpty() || !change.isEmpty()) {
        const Result<std::vector<ReleaseRecord>> records = co_await releases(release, change);
        if (!records)
            co_return records.error();
        for (const ReleaseRecord &record : *records) {
            for (const ReleaseRecord::Service &service : record.services) {
                for (const ReleaseRecord::Target &target : service.targets)
                    wish.targets.insert_or_assign({service.service, target.scope}, target.to);
            }
        }
    }
    std::set<QByteArray> services;
    for (const auto &[of, version] : wish.targets)
        services.insert(of.first);
    if (wish.targets.empty())
        services = {wish.service, QByteArray(globalService)};
    const Result<Revision> at = co_await newestRevision(m_parts.context.store());
    if (!at)
        co_return at.error();
    for (const QByteArray &service : services) {
        const Result<std::vector<QByteArray>> scopes =
            co_await namesAt(m_parts.context.store(), treePath(service), *at);
        if (!scopes)
            co_return scopes.error();
        for (const QByteArray &scope : *scopes) {
            const Result<std::optional<store::FileView>> file =
                co_await fileAt(m_parts.context.store(), pointerPath(service, scope), *at);
            if (!file)
                co_return file.error();
            if (*file)
                wish.pointers.emplace(std::pair(service, scope), (*file)->revision);
        }
    }
    co_return wish;
}

/// The view may be some milliseconds behind what the caller has seen.
Task<Result<void>> FleetMethods::awaitPointers(Wish wish)
{
    const Monotonic until = m_parts.context.clock().monotonic() + seenWithin;
    for (;;) {
        const bool isSeen =
            std::all_of(wish.pointers.begin(), wish.pointers.end(), [this](const auto &item) {
                return m_parts.view.pointerRevision(item.first.first, item.first.second)
                       >= item.second;
            });
        if (isSeen)
            co_return Result<void>();
        if (m_parts.context.clock().monotonic() >= until)
            break;
        const bool goesOn = co_await m_parts.context.clock().sleep(lookEvery);
        if (!goesOn)
            break;
    }
    co_return Error{ErrorCode::unavailable, u"this node is behind the others: ask again"_s};
}

bool FleetMethods::isMeant(const FleetRow &row, const Targets &targets) const
{
    const std::optional<FleetView::Wanted> wanted = m_parts.view.wanted(row.of);
    if (!wanted)
        return false;
    const bool isWanted =
        std::any_of(wanted->editions.begin(), wanted->editions.end(), [&](const Edition &one) {
            const auto target = targets.find({one.service, one.scope});
            return target != targets.end() && target->second == one.version;
        });
    // Where a layer of the host has ended, it is to have what all have.
    const auto ended = targets.find({row.of.service, hostScope(row.host)});
    return isWanted
           || (ended != targets.end() && ended->second.isEmpty() && row.hostVersion.isEmpty());
}

std::vector<FleetRow> FleetMethods::rowsOf(const Wish &wish) const
{
    std::vector<FleetRow> rows = m_parts.view.rows({.service = wish.service});
    std::erase_if(rows, [&](const FleetRow &row) {
        if (!wish.idcs.empty()
            && std::find(wish.idcs.begin(), wish.idcs.end(), row.of.idc) == wish.idcs.end())
            return true;
        if (wish.targets.empty())
            return row.wantedVersion.isEmpty();
        return !isMeant(row, wish.targets);
    });
    return rows;
}

/// An attempt at another release says nothing about this one.
static bool hasFailed(const FleetRow &row)
{
    return (row.state == state::failed || row.state == state::rolledBack
            || row.state == state::drifted)
           && row.report->release == row.wantedRelease;
}

QCborMap FleetMethods::standOf(const std::vector<FleetRow> &rows, const Roots &roots)
{
    qint64 healthy = 0;
    qint64 waiting = 0;
    QCborArray failed;
    QCborArray unknown;
    qint64 failures = 0;
    qint64 absences = 0;
    for (const FleetRow &row : rows) {
        if (isConverged(row, roots)) {
            ++healthy;
            continue;
        }
        if (row.isConnected && !hasFailed(row)) {
            ++waiting;
            continue;
        }
        ++(row.isConnected ? failures : absences);
        QCborArray &named = row.isConnected ? failed : unknown;
        if (named.size() >= qsizetype(namedMax))
            continue;
        named.append(QCborMap{{u"host"_s, textOf(row.host)},
                              {u"service"_s, textOf(row.of.service)},
                              {u"state"_s, textOf(row.state)},
                              {u"error"_s, textOf(row.error)}});
    }
    return {{u"total"_s, qint64(rows.size())},
            {u"healthy"_s, healthy},
            {u"waiting"_s, waiting},
            {u"failed"_s, failed},
            {u"unknown"_s, unknown},
            {u"unnamed"_s, failures + absences - failed.size() - unknown.size()},
            {u"isSettled"_s, waiting + absences == 0},
            {u"isDone"_s, healthy == qint64(rows.size())}};
}

Task<Result<void>> FleetMethods::converge(pluginapi::FeedCall call)
{
    const Result<Wish> wish = co_await wishOf(call.params);
    if (!wish)
        co_return wish.error();
    const Result<void> seen = co_await awaitPointers(*wish);
    if (!seen)
        co_return seen.error();
    call.subscription->onClosed([this] { look(); });
    QCborMap told;
    std::optional<quint64> looked;
    for (;;) {
        const bool hasRoom = co_await call.subscription->room();
        if (!hasRoom)
            break;
        if (looked == m_parts.view.changes()) {
            Eventual<bool> changed({ErrorCode::unavailable, u"the node stops"_s});
            m_waiting.push_back(changed.setter());
            const Result<bool> goesOn = co_await changed;
            if (!goesOn)
                break;
            continue;
        }
        looked = m_parts.view.changes();
        const std::vector<FleetRow> rows = rowsOf(*wish);
        const Roots roots = co_await rootsOf(rows);
        const QCborMap stand = standOf(rows, roots);
        if (stand != told)
            call.subscription->send(stand, {});
        told = stand;
        if (stand.value(u"isDone"_s).toBool())
            break;
        const std::chrono::milliseconds pause = convergeEvery + WallMs(qint64(rows.size()) / 50);
        const bool goesOn = co_await m_parts.context.clock().sleep(pause);
        if (!goesOn)
            break;
    }
    co_return Result<void>();
}

void FleetMethods::look()
{
    for (const Eventual<bool>::Setter &set : std::exchange(m_waiting, {}))
        set(true);
}

} // namespace coffer::goconf
