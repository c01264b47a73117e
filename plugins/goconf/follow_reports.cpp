// SPDX-License-Identifier: Apache-2.0
#include "goconf/follow_reports.h"

#include "goconf/paths.h"
#include "goconf/record_fields.h"

#include <algorithm>

using namespace Qt::StringLiterals;

namespace coffer::goconf {

static const std::array<QByteArray, 5> &reportedStates()
{
    static const std::array<QByteArray, 5> states{state::healthy, state::failed, state::rolledBack,
                                                  state::drifted, state::held};
    return states;
}

FollowReports::FollowReports(Parts parts, Lost lost)
    : m_parts(parts), m_lost(std::move(lost)), m_writer(parts.context)
{
    m_writer.start([this](const QByteArray &path,
                          const ReportWriter::Found &found) { return isOurs(path, found); },
                   [this] { onSettled(); });
    for (const QByteArray &state : reportedStates()) {
        m_counted.emplace(state, &parts.context.metrics().counter("reports_total",
                                                                  "Reports of hosts, by state.",
                                                                  {{"state", state}}));
    }
}

Error FollowReports::rivalry(const Follow &mine, const ReportRecord &other)
{
    return {ErrorCode::conflict,
            u"another installation is connected as %1, from %2; this one is at %3: stop one of "
            "them, or enroll it under a name of its own"_s.arg(
                textOf(mine.host), textOf(other.address), textOf(mine.address))};
}

bool FollowReports::isConnected(const ReportRecord &record) const
{
    return !record.via.isEmpty() && m_parts.view.isLive(record.via);
}

QByteArray FollowReports::pathOf(FollowId id, const QByteArray &service) const
{
    const Follow *follow = m_parts.table.find(id);
    return follow == nullptr ? QByteArray() : reportPath(service, follow->idc, follow->host);
}

std::optional<ReportRecord> FollowReports::known(const QByteArray &path) const
{
    if (const QByteArray written = m_writer.ledger().newest(path); !written.isEmpty()) {
        if (Result<ReportRecord> record = ReportRecord::parse(written))
            return *record;
    }
    if (const FleetView::Report *report = m_parts.view.report(path))
        return report->record;
    return {};
}

std::optional<ReportRecord> FollowReports::newest(FollowId id, const QByteArray &service) const
{
    return known(pathOf(id, service));
}

void FollowReports::write(FollowId id, const QByteArray &path, const ReportRecord &record)
{
    if (m_writer.ledger().put(path, id, record.toJson()))
        m_writer.wake();
}

// ---- connected

/// What is known of the host stays, if it still has what it had.
ReportRecord FollowReports::claimed(const Claim &claim, const QByteArray &service,
                                    const std::optional<ReportRecord> &before) const
{
    ReportRecord record = before.value_or(ReportRecord{.state = state::waiting});
    const WallMs now = m_parts.context.clock().wall();
    const bool wasConnected = before && isConnected(*before);
    record.at = now;
    if (service.isEmpty()) {
        record.since = wasConnected ? now : record.since;
        record.via.clear();
        return record;
    }
    const auto found = claim.has.find(service);
    const HostHas has = found == claim.has.end() ? HostHas{} : found->second;
    if (has.root != record.root) {
        record.version = has.version;
        record.root = has.root;
        record.state = state::waiting;
        record.error.clear();
        record.tried.clear();
    }
    if (!wasConnected || record.state != before->state)
        record.since = now;
    record.via = m_parts.presence.node();
    record.instance = claim.follow.instance;
    record.address = claim.follow.address;
    record.agent = claim.follow.agent;
    return record;
}

Task<Result<void>> FollowReports::claim(FollowId id, std::map<QByteArray, HostHas> has)
{
    const Follow *follow = m_parts.table.find(id);
    if (follow == nullptr)
        co_return Error{ErrorCode::unavailable, u"the connection is gone"_s};
    Paths paths;
    for (const QByteArray &service : m_parts.table.grantedTo(id))
        paths.emplace(reportPath(service, follow->idc, follow->host), service);
    for (const auto &[path, report] : m_parts.view.reportsOf(follow->host))
        paths.emplace(path, QByteArray());
    if (paths.empty())
        co_return Result<void>();
    Eventual<bool> done({ErrorCode::unavailable, u"the node stops; ask another one"_s});
    const Claim &claim =
        m_claims.insert_or_assign(id, Claim{*follow, std::move(has), done.setter(), {}})
            .first->second;
    for (const auto &[path, service] : paths) {
        const FleetView::Report *report = m_parts.view.report(path);
        const std::optional<ReportRecord> before = known(path);
        m_writer.ledger().own(path, id, report == nullptr ? Revision() : report->revision);
        write(id, path, claimed(claim, service, before));
    }
    m_paths.insert_or_assign(id, std::move(paths));
    const Result<bool> known = co_await done;
    if (!known)
        co_return known.error();
    co_return Result<void>();
}

bool FollowReports::regrant(FollowId id)
{
    const Follow *follow = m_parts.table.find(id);
    if (follow == nullptr)
        return false;
    Paths wanted;
    for (const QByteArray &service : m_parts.table.grantedTo(id))
        wanted.emplace(reportPath(service, follow->idc, follow->host), service);
    Paths &paths = m_paths[id];
    std::map<QByteArray, ReportRecord> before; // by service
    for (const auto &[path, service] : paths) {
        if (const std::optional<ReportRecord> record = known(path); record && !service.isEmpty())
            before.emplace(service, *record);
        if (!wanted.contains(path) && m_writer.ledger().ownerOf(path) == id)
            m_writer.ledger().drop(path);
    }
    const Claim claim{*follow, {}, {}, {}};
    bool isUnknown = false;
    for (const auto &[path, service] : wanted) {
        if (paths.contains(path))
            continue;
        const FleetView::Report *report = m_parts.view.report(path);
        const auto had = before.find(service);
        const ReportRecord record =
            had == before.end() ? claimed(claim, service, known(path)) : had->second;
        m_writer.ledger().own(path, id, report == nullptr ? Revision() : report->revision);
        write(id, path, record);
        isUnknown |= record.state == state::waiting;
    }
    paths = std::move(wanted);
    return isUnknown;
}

// ---- reports

Result<void> FollowReports::report(FollowId id, const std::vector<HostReport> &reports)
{
    for (const HostReport &report : reports) {
        if (!m_parts.table.isGranted(id, report.service)) {
            return Error{ErrorCode::invalid,
                         u"service: this host does not follow %1"_s.arg(textOf(report.service))};
        }
        if (!m_counted.contains(report.state)) {
            return Error{ErrorCode::invalid, u"state: expected healthy, failed, rolledBack, "
                                             "drifted or held"_s};
        }
    }
    const WallMs now = m_parts.context.clock().wall();
    for (const HostReport &report : reports) {
        m_counted.at(report.state)->add();
        const QByteArray path = pathOf(id, report.service);
        std::optional<ReportRecord> before = known(path);
        ReportRecord record = before.value_or(ReportRecord{});
        record.version = report.version;
        record.root = report.root;
        record.state = report.state;
        record.error = report.error;
        // What is only said again, after a reconnection, is about what was offered then.
        const bool isRepeat = before && before->version == report.version
                              && before->root == report.root && before->state == report.state
                              && before->error == report.error;
        if (!report.release.isEmpty()) {
            record.release = report.release;
            record.tried = report.tried;
        } else if (!isRepeat) {
            record.release = m_parts.table.offered(id, report.service);
            record.tried.clear();
        }
        if (before && record == *before)
            continue; // said again, after it came back
        record.at = now;
        if (!before || before->state != record.state)
            record.since = now;
        write(id, path, record);
    }
    return {};
}

// ---- what others write

/// Whether a report has its place at \a path, by the host's record.
static bool hasPlace(const QByteArray &path, const std::optional<store::FileView> &host)
{
    if (!host)
        return false;
    const Result<HostRecord> record = HostRecord::parse(host->value);
    const QList<QByteArray> parts = path.split('/');
    return record && record->idc == parts.value(3) && record->wants(parts.value(2));
}

bool FollowReports::isOurs(const QByteArray &path, const ReportWriter::Found &found)
{
    const FollowId owner = m_writer.ledger().ownerOf(path);
    if (owner.isNone())
        return false;
    const auto claim = m_claims.find(owner);
    if (!found.file)
        return hasPlace(path, found.host);
    const Result<ReportRecord> record = ReportRecord::parse(found.file->value);
    if (!record || record->via == m_parts.presence.node())
        return true;
    if (claim == m_claims.end()) {
        if (!m_gone.contains(owner)) {
            m_lost(owner, {ErrorCode::conflict,
                           u"a newer connection of this agent has taken over, by another node"_s});
        }
        return false;
    }
    if (record->instance != claim->second.follow.instance && isConnected(*record)) {
        claim->second.refusal = rivalry(claim->second.follow, *record);
        abandon(owner);
        return false;
    }
    const QByteArray service = m_paths[owner][path];
    write(owner, path, claimed(claim->second, service, *record));
    return true;
}

void FollowReports::look(const QByteArray &path)
{
    if (path.isEmpty()) {
        QByteArrayList owned; // somebody may be lost by this
        for (const auto &[id, paths] : m_paths) {
            for (const auto &[one, service] : paths)
                owned.append(one);
        }
        for (const QByteArray &one : owned)
            look(one);
        return;
    }
    const ReportLedger &ledger = m_writer.ledger();
    const FollowId owner = ledger.ownerOf(path);
    const FleetView::Report *report = m_parts.view.report(path);
    if (owner.isNone() || m_claims.contains(owner) || m_gone.contains(owner))
        return;
    if (report == nullptr) {
        // The guard of this write fails, and isOurs() decides.
        const QByteArray newest = ledger.newest(path);
        if (ledger.isSettled(path) && !newest.isEmpty()
            && m_writer.ledger().put(path, owner, newest))
            m_writer.wake();
        return;
    }
    const QByteArray &via = report->record.via;
    if (via.isEmpty() || via == m_parts.presence.node()
        || report->revision <= m_writer.ledger().revisionOf(path))
        return;
    m_lost(owner, {ErrorCode::conflict,
                   u"a newer connection of this agent has taken over, by another node"_s});
}

/// Those whose claims were decided are answered; what they do then may change everything here.
void FollowReports::onSettled()
{
    std::vector<std::pair<Eventual<bool>::Setter, Result<bool>>> answers;
    for (auto it = m_claims.begin(); it != m_claims.end();) {
        const FollowId id = it->first;
        Claim &claim = it->second;
        const Paths &paths = m_paths[id];
        const bool isSettled = std::all_of(paths.begin(), paths.end(), [this](const auto &item) {
            return m_writer.ledger().isSettled(item.first);
        });
        if (!claim.refusal && !isSettled) {
            ++it;
            continue;
        }
        if (claim.refusal)
            answers.emplace_back(*claim.done, *claim.refusal);
        else
            answers.emplace_back(*claim.done, true);
        it = m_claims.erase(it);
    }
    settleGone();
    for (const auto &[set, answer] : answers)
        set(answer);
}

// ---- gone

void FollowReports::gone(FollowId id, Leave leave)
{
    Monotonic at = m_parts.context.clock().monotonic();
    if (leave == Leave::forGood)
        at -= offlineAfter;
    if (m_paths.contains(id))
        m_gone.try_emplace(id, Gone{at});
    if (auto claim = m_claims.extract(id))
        (*claim.mapped().done)(Error{ErrorCode::unavailable, u"the connection is gone"_s});
}

/// Its files are nobody's, with what waits.
void FollowReports::abandon(FollowId id)
{
    const auto paths = m_paths.extract(id);
    if (!paths)
        return;
    for (const auto &[path, service] : paths.mapped()) {
        if (m_writer.ledger().ownerOf(path) == id)
            m_writer.ledger().drop(path);
    }
}

void FollowReports::forget(FollowId id)
{
    m_gone.erase(id);
    abandon(id);
    if (auto claim = m_claims.extract(id))
        (*claim.mapped().done)(Error{ErrorCode::denied, u"the host was removed"_s});
}

void FollowReports::sweep()
{
    const WallMs wall = m_parts.context.clock().wall();
    for (auto &[id, gone] : m_gone) {
        if (gone.isSaid || m_parts.context.clock().monotonic() - gone.at < offlineAfter)
            continue;
        gone.isSaid = true;
        for (const auto &[path, service] : m_paths[id]) {
            std::optional<ReportRecord> record = known(path);
            if (m_writer.ledger().ownerOf(path) != id || !record || record->via.isEmpty())
                continue;
            record->via.clear();
            record->since = wall;
            record->at = wall;
            write(id, path, *record);
        }
    }
    settleGone();
}

void FollowReports::settleGone()
{
    std::vector<FollowId> settled;
    for (const auto &[id, gone] : m_gone) {
        const Paths &paths = m_paths[id];
        const bool isSettled =
            std::all_of(paths.begin(), paths.end(), [&, id = id](const auto &it) {
                return m_writer.ledger().ownerOf(it.first) != id
                       || m_writer.ledger().isSettled(it.first);
            });
        if (gone.isSaid && isSettled)
            settled.push_back(id);
    }
    for (const FollowId id : settled)
        forget(id);
}

} // namespace coffer::goconf
