// SPDX-License-Identifier: Apache-2.0
#include "goconf/canary_methods.h"

#include "goconf/method_kit.h"
#include "goconf/record_fields.h"

#include <algorithm>

using namespace Qt::StringLiterals;

namespace coffer::goconf {

Result<void> CanaryMethods::start()
{
    const rpc::Method list =
        methodOf(u"goconf.canary.list"_s,
                 u"Lists what some hosts are trying, since when, and how each of them does."_s,
                 schemaOf(R"("service":$name)"), rpc::Access::Kind::read, &touchesService);
    return m_parts.context.methods().add(list, *this, &CanaryMethods::list);
}

namespace {

/// How a host does with a candidate.
struct Trial
{
    QByteArray host;
    QByteArray idc;
    QByteArray state; ///< As in goconf.fleet, of this candidate; "gone": it no longer gets it.
    QByteArray error = {};
    QByteArray has = {};
    WallMs since{0};
};

} // namespace

/// What was reported of another release says nothing of this one.
static Trial trialOf(const FleetView &view, const QByteArray &service, const QByteArray &idc,
                     const QByteArray &host, const Candidate &candidate)
{
    Trial trial{.host = host, .idc = idc, .state = state::waiting};
    const HostRecord *record = view.host(host);
    if (record == nullptr || record->idc != idc || !record->wants(service)) {
        trial.state = "gone";
        trial.error = "it was removed, moved or no longer runs this: it gets what is live";
        return trial;
    }
    for (const FleetRow &row : view.rows({.service = service, .idc = idc, .host = host})) {
        const ReportRecord report = row.report.value_or(ReportRecord{});
        const bool isOfIt = report.release == candidate.release
                            || report.version == candidate.version
                            || report.tried == candidate.version;
        trial.has = report.version;
        if (row.isConnected && !isOfIt)
            continue;
        trial.state = row.state;
        trial.error = row.error;
        trial.since = std::max(report.since, candidate.made.at); // of another version before
    }
    return trial;
}

static QCborMap shown(const Trial &trial)
{
    return {{u"host"_s, textOf(trial.host)},   {u"idc"_s, textOf(trial.idc)},
            {u"state"_s, textOf(trial.state)}, {u"error"_s, textOf(trial.error)},
            {u"has"_s, textOf(trial.has)},     {u"since"_s, qint64(trial.since.count())}};
}

Task<Result<QCborMap>> CanaryMethods::describe(ServiceState state, Moment now)
{
    const Candidate candidate = *state.candidate();
    const Result<std::optional<store::FileView>> file =
        co_await fileAt(m_parts.library.store(), releasePath(candidate.release), now.at);
    if (!file)
        co_return file.error();
    QCborArray scopes;
    QCborArray hosts;
    QByteArray message;
    qint64 healthy = 0;
    for (const auto &[scope, one] : state.scopes) {
        if (!one.pointer.candidate)
            continue;
        message = one.candidate.note;
        QCborMap map{{u"scope"_s, textOf(scope)}, {u"current"_s, textOf(one.pointer.current)}};
        if (!one.pointer.candidate->draft.isEmpty())
            map.insert(u"draft"_s, textOf(one.pointer.candidate->draft));
        scopes.append(map);
        for (const QByteArray &host : one.pointer.candidate->hosts) {
            const Trial trial = trialOf(m_parts.view, state.name, scope, host, candidate);
            healthy += trial.state == goconf::state::healthy ? 1 : 0;
            hosts.append(shown(trial));
        }
    }
    const WallMs age = std::max(now.time - candidate.made.at, WallMs(0));
    co_return QCborMap{{u"service"_s, textOf(state.name)},
                       {u"version"_s, textOf(candidate.version)},
                       {u"release"_s, *file ? u"r%1"_s.arg((*file)->created.value()) : QString()},
                       {u"id"_s, textOf(candidate.release)},
                       {u"message"_s, textOf(message)},
                       {u"by"_s, textOf(candidate.made.by)},
                       {u"at"_s, qint64(candidate.made.at.count())},
                       {u"ageMs"_s, qint64(age.count())},
                       {u"scopes"_s, scopes},
                       {u"hosts"_s, hosts},
                       {u"healthy"_s, healthy}};
}

Task<rpc::Outcome> CanaryMethods::list(rpc::Call &call)
{
    const Result<Moment> now = co_await newestMoment(m_parts.library.store());
    if (!now)
        co_return now.error();
    const QByteArray only = textIn(call.params, "service");
    const Result<std::vector<QByteArray>> services =
        co_await m_parts.library.services(only, now->at);
    if (!services)
        co_return services.error();
    QCborArray candidates;
    for (const QByteArray &service : *services) {
        const Result<ServiceState> state = co_await m_parts.library.service(service, now->at);
        if (!state)
            co_return state.error();
        if (state->candidate() == nullptr)
            continue;
        const Result<QCborMap> one = co_await describe(*state, *now);
        if (!one)
            co_return one.error();
        candidates.append(*one);
    }
    co_return QCborValue(QCborMap{{u"candidates"_s, candidates}});
}

} // namespace coffer::goconf
