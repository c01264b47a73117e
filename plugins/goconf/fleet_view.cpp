// SPDX-License-Identifier: Apache-2.0
#include "goconf/fleet_view.h"

#include "goconf/paths.h"

#include <QList>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace coffer::goconf {

static constexpr qsizetype releaseTimeDigits = 16; ///< At the beginning of the id of a release.

/// The part of a path; 1 is "config".
static QByteArray part(const QByteArray &path, qsizetype index)
{
    return path.split('/').value(index);
}

static QByteArray lastPart(const QByteArray &path)
{
    return path.sliced(path.lastIndexOf('/') + 1);
}

QByteArray FleetView::patternOf(Kind kind)
{
    switch (kind) {
    case Kind::pointer: return "/config/*/*/current";
    case Kind::host: return "/config/_host/*";
    case Kind::service: return "/config/_service/*";
    case Kind::node: return "/config/_node/*";
    case Kind::report: break;
    }
    return "/config/*/*/agent/*";
}

/// Puts \a value unless what is there is newer; a record that is no record takes it away.
template<class Map, class Value>
static void keep(Map &map, const typename Map::key_type &key, const Result<Value> &value,
                 Revision revision)
{
    const auto found = map.find(key);
    if (found != map.end() && found->second.revision > revision)
        return;
    if (value)
        map.insert_or_assign(key, typename Map::mapped_type{*value, revision});
    else if (found != map.end())
        map.erase(found);
}

void FleetView::put(Kind kind, const QByteArray &path, const QByteArray &value, Revision revision)
{
    ++m_changes;
    switch (kind) {
    case Kind::pointer:
        keep(m_pointers, {part(path, 2), part(path, 3)}, Pointer::parse(value), revision);
        noteLayer({part(path, 2), part(path, 3)});
        break;
    case Kind::host: keep(m_hosts, lastPart(path), HostRecord::parse(value), revision); break;
    case Kind::service: m_services.insert_or_assign(lastPart(path), revision); break;
    case Kind::node: m_nodes.insert_or_assign(lastPart(path), revision); break;
    case Kind::report:
        keep(m_reports, {lastPart(path), path}, ReportRecord::parse(value), revision);
        break;
    }
}

void FleetView::remove(Kind kind, const QByteArray &path, Revision revision)
{
    ++m_changes;
    const auto drop = [revision](auto &map, const auto &key) {
        const auto found = map.find(key);
        if (found != map.end() && found->second.revision < revision)
            map.erase(found);
    };
    switch (kind) {
    case Kind::pointer:
        drop(m_pointers, Where{part(path, 2), part(path, 3)});
        noteLayer({part(path, 2), part(path, 3)});
        break;
    case Kind::host: drop(m_hosts, lastPart(path)); break;
    case Kind::service: m_services.erase(lastPart(path)); break;
    case Kind::node: m_nodes.erase(lastPart(path)); break;
    case Kind::report: drop(m_reports, ReportKey{lastPart(path), path}); break;
    }
}

void FleetView::clear(Kind kind)
{
    ++m_changes;
    switch (kind) {
    case Kind::pointer:
        m_pointers.clear();
        m_layers.clear();
        break;
    case Kind::host: m_hosts.clear(); break;
    case Kind::service: m_services.clear(); break;
    case Kind::node: m_nodes.clear(); break;
    case Kind::report: m_reports.clear(); break;
    }
}

const HostRecord *FleetView::host(const QByteArray &host) const
{
    const auto found = m_hosts.find(host);
    return found == m_hosts.end() ? nullptr : &found->second.record;
}

Revision FleetView::hostRevision(const QByteArray &host) const
{
    const auto found = m_hosts.find(host);
    return found == m_hosts.end() ? Revision() : found->second.revision;
}

std::set<QByteArray> FleetView::services() const
{
    std::set<QByteArray> services;
    for (const auto &[service, revision] : m_services) {
        if (service != globalService)
            services.insert(service);
    }
    return services;
}

bool FleetView::hasService(const QByteArray &service) const { return m_services.contains(service); }

void FleetView::noteLayer(const Where &where)
{
    const std::optional<QByteArray> host = hostOfScope(where.second);
    if (!host)
        return;
    const auto found = m_pointers.find(where);
    if (found == m_pointers.end() || found->second.pointer.current.isEmpty())
        m_layers.erase({where.first, *host});
    else
        m_layers.insert_or_assign({where.first, *host}, found->second.pointer.until);
}

std::vector<FleetView::Ending> FleetView::endings() const
{
    std::vector<Ending> endings;
    for (const auto &[where, until] : m_layers)
        endings.push_back({where.first, where.second, until});
    return endings;
}

HostClass FleetView::classOf(const QByteArray &service, const QByteArray &idc,
                             const QByteArray &host) const
{
    const Candidate *tried = candidate(service, idc);
    const bool isApart = (tried != nullptr && tried->names(host))
                         || (!m_layers.empty() && m_layers.contains({service, host}));
    return {service, idc, isApart ? host : QByteArray()};
}

const Candidate *FleetView::candidate(const QByteArray &service, const QByteArray &scope) const
{
    const auto found = m_pointers.find({service, scope});
    if (found == m_pointers.end() || !found->second.pointer.candidate)
        return nullptr;
    return &*found->second.pointer.candidate;
}

std::optional<FleetView::Live> FleetView::live(const QByteArray &service,
                                               const QByteArray &scope) const
{
    QByteArray at = scope;
    auto found = m_pointers.find({service, at});
    if (found == m_pointers.end() && !hostOfScope(scope)) {
        at = baseScope;
        found = m_pointers.find({service, at});
    }
    if (found == m_pointers.end() || found->second.pointer.current.isEmpty())
        return {};
    const Pointer &pointer = found->second.pointer;
    return Live{at, pointer.current, pointer.release};
}

std::optional<FleetView::Wanted> FleetView::wanted(const HostClass &of) const
{
    std::optional<Live> service = live(of.service, of.idc);
    if (const Candidate *tried = candidate(of.service, of.idc);
        tried != nullptr && tried->names(of.host))
        service = Live{of.idc, tried->version, tried->release};
    if (!service)
        return {};
    Wanted wanted{.version = service->version, .release = {}, .editions = {}};
    // Ids begin with the time of the store, which never goes back.
    const auto add = [&wanted](const QByteArray &name, const std::optional<Live> &live) {
        if (!live)
            return;
        wanted.editions.push_back({name, live->scope, live->version});
        if (wanted.release.left(releaseTimeDigits) <= live->release.left(releaseTimeDigits))
            wanted.release = live->release;
    };
    add(globalService, live(globalService, of.idc));
    add(of.service, service);
    if (!of.host.isEmpty())
        add(of.service, live(of.service, hostScope(of.host)));
    return wanted;
}

Revision FleetView::pointerRevision(const QByteArray &service, const QByteArray &scope) const
{
    const auto found = m_pointers.find({service, scope});
    return found == m_pointers.end() ? Revision() : found->second.revision;
}

const FleetView::Report *FleetView::report(const QByteArray &path) const
{
    const auto found = m_reports.find({lastPart(path), path});
    return found == m_reports.end() ? nullptr : &found->second;
}

std::map<QByteArray, FleetView::Report> FleetView::reportsOf(const QByteArray &host) const
{
    std::map<QByteArray, Report> reports;
    for (auto it = m_reports.lower_bound({host, {}});
         it != m_reports.end() && it->first.first == host; ++it)
        reports.emplace(it->first.second, it->second);
    return reports;
}

std::set<QByteArray> FleetView::versionsRun(const QByteArray &service) const
{
    std::set<QByteArray> versions;
    for (const auto &[key, report] : m_reports) {
        if (part(key.second, 2) == service)
            versions.insert(report.record.version);
    }
    return versions;
}

std::optional<ReportRecord> FleetView::rival(const QByteArray &host,
                                             const QByteArray &instance) const
{
    for (const auto &[path, report] : reportsOf(host)) {
        if (report.record.instance != instance && isLive(report.record.via))
            return report.record;
    }
    return {};
}

/// Why a host has said nothing of one of its services.
QByteArray FleetView::whySilent(const QByteArray &host) const
{
    for (const auto &[path, report] : reportsOf(host)) {
        if (isLive(report.record.via))
            return "its agent runs, but has no target for it: add one to agent.toml there";
    }
    const HostRecord *record = this->host(host);
    return record != nullptr && record->secretHash.isNull()
               ? "it has not joined yet: run coffer-agent join on it"
               : "it has never reported: see to it that coffer-agent runs there";
}

FleetRow FleetView::row(const QByteArray &host, const HostClass &of) const
{
    FleetRow row{.host = host, .of = of};
    if (const std::optional<Wanted> wants = wanted(of)) {
        row.wantedVersion = wants->version;
        row.wantedRelease = wants->release;
        for (const Edition &edition : wants->editions) {
            if (edition.service == globalService)
                row.globalVersion = edition.version;
            else if (hostOfScope(edition.scope))
                row.hostVersion = edition.version;
        }
    }
    const Report *report = this->report(reportPath(of.service, of.idc, host));
    if (report == nullptr) {
        row.state = state::unknown;
        row.error = whySilent(host);
        return row;
    }
    row.report = report->record;
    row.isConnected = isLive(report->record.via);
    row.state = report->record.state;
    row.error = report->record.error;
    if (report->record.via.isEmpty()) {
        row.state = state::offline;
        row.error = "its connection is gone: see to it that coffer-agent runs there";
    } else if (!row.isConnected) {
        row.state = state::unknown;
        row.error = "the node that it was connected to is gone, and it has not come back yet";
    }
    return row;
}

std::vector<FleetRow> FleetView::rows(const FleetFilter &filter) const
{
    std::vector<FleetRow> rows;
    for (const auto &[host, file] : m_hosts) {
        const HostRecord &record = file.record;
        if ((!filter.host.isEmpty() && host != filter.host)
            || (!filter.idc.isEmpty() && record.idc != filter.idc))
            continue;
        std::set<QByteArray> services(record.services.begin(), record.services.end());
        if (services.erase("*") > 0) {
            for (auto it = m_reports.lower_bound({host, {}});
                 it != m_reports.end() && it->first.first == host; ++it) {
                if (part(it->first.second, 3) == record.idc)
                    services.insert(part(it->first.second, 2));
            }
        }
        for (const QByteArray &service : services) {
            if (filter.service.isEmpty() || service == filter.service)
                rows.push_back(row(host, classOf(service, record.idc, host)));
        }
    }
    return rows;
}

} // namespace coffer::goconf
