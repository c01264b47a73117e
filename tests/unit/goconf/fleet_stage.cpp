// SPDX-License-Identifier: Apache-2.0
#include "unit/goconf/fleet_stage.h"

#include "config/bundle.h"
#include "config/snapshot.h"
#include "goconf/admin.h"
#include "goconf/fleet.h"
#include "goconf/goconf_plugin.h"
#include "goconf/paths.h"
#include "goconf/records.h"

using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace coffer::goconf {

static QString text(const QByteArray &bytes) { return QString::fromUtf8(bytes); }

static const std::array<QByteArray, 3> &scopes()
{
    static const std::array<QByteArray, 3> all{"_all", "sh001", "sh004"};
    return all;
}

namespace {

/// The plugin, which sweeps sooner.
class SweepingPlugin final : public pluginapi::Plugin
{
public:
    explicit SweepingPlugin(FleetSweep::Times times) : m_times(times) {}

    pluginapi::Task<Result<void>> start(pluginapi::PluginContext &context) override
    {
        m_library.emplace(context,
                          m_times.objectsKept.value_or(24h) / 24); // as in the plugin itself
        m_admin.emplace(context, *m_library);
        if (const Result<void> started = m_admin->start(); !started)
            co_return started.error();
        m_fleet.emplace(context, *m_library, m_admin->publisher(), m_times);
        co_return m_fleet->start();
    }

private:
    FleetSweep::Times m_times;
    std::optional<Library> m_library;
    std::optional<Admin> m_admin;
    std::optional<Fleet> m_fleet;
};

} // namespace

FleetStage::FleetStage(std::optional<FleetSweep::Times> sweep, const QCborMap &settings)
{
    const QString json = QStringLiteral(COFFER_PLUGIN_JSON);
    if (sweep)
        m_cluster.addPlugin(
            json, [sweep] { return std::make_unique<SweepingPlugin>(*sweep); }, settings);
    else
        m_cluster.addPlugin<GoconfPlugin>(json, settings);
}

Result<void> FleetStage::start()
{
    if (const Result<void> started = m_cluster.start(); !started)
        return started;
    bool isWritten = put(servicePath("shop"), ServiceRecord{}.toJson());
    for (const QByteArray &idc : {QByteArray("sh001"), QByteArray("sh004")})
        isWritten = isWritten && put(idcPath(idc), IdcRecord{}.toJson());
    if (!isWritten)
        return Error{ErrorCode::unavailable, u"the stage could not be set"_s};
    m_cluster.advance(2s);
    return {};
}

bool FleetStage::put(const QByteArray &path, const QByteArray &value)
{
    return m_cluster.await(m_cluster.store(1).put(path, value)).has_value();
}

bool FleetStage::isThere(const QByteArray &path)
{
    const auto file = m_cluster.await(m_cluster.store(1).get(path));
    return file && file->has_value();
}

config::Layer FleetStage::layer(const std::map<QByteArray, QByteArray> &keys)
{
    config::Layer layer;
    config::Section core{.name = "core"};
    for (const auto &[key, value] : keys) {
        config::Value typed;
        typed.text = value;
        core.keys.push_back({.name = key, .value = typed});
    }
    layer.sections.push_back(core);
    config::Output output;
    output.path = "shop.conf";
    layer.outputs.push_back(output);
    return layer;
}

bool FleetStage::publish(const QByteArray &version, const config::Layer &layer,
                         const QByteArray &service)
{
    Result<config::EncodedLayer> encoded = config::encode(layer);
    if (!encoded)
        return false;
    std::vector<config::Object> objects = encoded->parts;
    objects.push_back(encoded->manifest);
    for (const config::Object &object : objects) {
        if (!put(objectPath(object.hash, 0), object.bytes))
            return false;
    }
    Snapshot snapshot;
    snapshot.base = encoded->manifest.hash;
    snapshot.hash = Snapshot::contentHash(snapshot.base, {});
    snapshot.note = "message of " + version;
    snapshot.pieces = objects.size();
    store::Transaction change;
    for (const QByteArray &scope : scopes())
        change.operations.push_back(
            store::Put{snapshotPath(service, scope, version), snapshot.toJson(), false, {}});
    m_last[service] = version;
    return release(service, version, change);
}

bool FleetStage::roll(const QByteArray &version, const QByteArray &service)
{
    return release(service, version, {});
}

bool FleetStage::release(const QByteArray &service, const QByteArray &version,
                         store::Transaction change)
{
    const QByteArray id =
        QByteArray::number(++m_releases, 16).rightJustified(16, '0') + "-0badcafe";
    ReleaseRecord record;
    record.change = id;
    record.message = "message of " + version;
    ReleaseRecord::Service targets{.service = service};
    Pointer pointer;
    pointer.current = version;
    pointer.previous = m_current[service];
    pointer.last = m_last[service];
    pointer.release = id;
    for (const QByteArray &scope : scopes()) {
        targets.targets.push_back({scope, m_current[service], version});
        change.operations.push_back(
            store::Put{pointerPath(service, scope), pointer.toJson(), false, {}});
    }
    record.services = {targets};
    change.operations.push_back(store::Put{releasePath(id), record.toJson(), false, {}});
    m_current[service] = version;
    const auto done = m_cluster.await(m_cluster.store(1).commit(change));
    return done && done->status == store::Status::ok;
}

QByteArray FleetStage::enroll(const QByteArray &host, const QByteArray &idc,
                              const QByteArray &service)
{
    const rpc::Outcome answer = m_cluster.call(2, u"goconf.host.enroll"_s,
                                               {{u"host"_s, text(host)},
                                                {u"idc"_s, text(idc)},
                                                {u"services"_s, QCborArray{text(service)}}});
    return answer ? answer->toMap().value(u"token"_s).toString().toUtf8() : QByteArray();
}

QCborMap FleetStage::row(int node, const QByteArray &host)
{
    const rpc::Outcome answer = m_cluster.call(node, u"goconf.fleet"_s);
    const QCborArray hosts = answer ? answer->toMap().value(u"hosts"_s).toArray() : QCborArray();
    for (const QCborValue row : hosts) {
        if (row.toMap().value(u"host"_s).toString() == text(host))
            return row.toMap();
    }
    return {};
}

QString FleetStage::state(int node, const QByteArray &host)
{
    return row(node, host).value(u"state"_s).toString();
}

// ---- an agent

rpc::Outcome FleetAgent::join(int node, const QByteArray &token)
{
    rpc::Outcome answer = m_stage->cluster().call(
        node, u"goconf.join"_s,
        {{u"host"_s, text(m_host)}, {u"token"_s, text(token)}, {u"instance"_s, text(m_instance)}});
    if (answer)
        secret = answer->toMap().value(u"secret"_s).toString().toUtf8();
    return answer;
}

bool FleetAgent::begin(int node) { return join(node, m_stage->enroll(m_host)) && follow(node); }

bool FleetAgent::follow(int node)
{
    QCborMap has;
    if (!bundle.isEmpty()) {
        has.insert(u"shop"_s, QCborMap{{u"root"_s, text(config::rootOf(bundle).hex())},
                                       {u"version"_s, text(version)}});
    }
    const auto subscription = m_stage->cluster().subscribe(node, u"goconf.follow"_s,
                                                           {{u"host"_s, text(m_host)},
                                                            {u"secret"_s, text(secret)},
                                                            {u"instance"_s, text(m_instance)},
                                                            {u"run"_s, u"run-%1"_s.arg(++m_runs)},
                                                            {u"address"_s, text(address)},
                                                            {u"agent"_s, u"1.0"_s},
                                                            {u"services"_s, QCborArray()},
                                                            {u"have"_s, has}});
    if (!subscription)
        return false;
    m_node = node;
    m_subscription = *subscription;
    ticket.clear();
    return m_stage->runUntil([this] {
        listen();
        return !ticket.isEmpty() || why().has_value();
    }) && !ticket.isEmpty();
}

void FleetAgent::leave()
{
    (void)m_stage->cluster().call(m_node, u"rpc.unsubscribe"_s,
                                  {{u"subscription"_s, qint64(m_subscription.id)}});
}

void FleetAgent::listen()
{
    for (const QCborValue &value : m_stage->cluster().takeEvents(m_subscription)) {
        const QCborMap event = value.toMap();
        const QString kind = event.value(u"kind"_s).toString();
        const QString offered = event.value(u"version"_s).toString();
        heard += offered.isEmpty() ? kind : kind + u' ' + offered;
        if (kind == u"welcome")
            ticket = event.value(u"ticket"_s).toString();
        if (kind == u"offer")
            offers[event.value(u"service"_s).toString().toUtf8()] = event;
    }
}

bool FleetAgent::isOffered(const QByteArray &wanted, const QByteArray &service)
{
    return m_stage->runUntil([&] {
        listen();
        return offers[service].value(u"version"_s).toString() == text(wanted);
    });
}

qint64 FleetAgent::fetch(const QByteArray &service)
{
    const QCborMap offer = offers[service];
    QByteArray packed;
    QByteArray base;
    qint64 total = 1;
    while (packed.size() < total) {
        QCborMap params{{u"ticket"_s, ticket},
                        {u"service"_s, text(service)},
                        {u"root"_s, offer.value(u"root"_s)},
                        {u"offset"_s, packed.size()}};
        if (!bundle.isEmpty())
            params.insert(u"base"_s, text(config::rootOf(bundle).hex()));
        const rpc::Outcome piece = m_stage->cluster().call(m_node, u"goconf.fetch"_s, params);
        if (!piece)
            return -1;
        const QCborMap map = piece->toMap();
        packed += map.value(u"packed"_s).toByteArray();
        total = map.value(u"total"_s).toInteger();
        base = map.value(u"base"_s).toString().toUtf8();
    }
    const Result<QByteArray> bytes =
        config::unpack(packed, base.isEmpty() ? QByteArray() : bundle, std::size_t(64) << 20);
    if (!bytes || text(config::rootOf(*bytes).hex()) != offer.value(u"root"_s).toString()
        || bytes->size() != offer.value(u"bytes"_s).toInteger() || !config::decodeBundle(*bytes))
        return -1;
    bundle = *bytes;
    version = offer.value(u"version"_s).toString().toUtf8();
    return packed.size();
}

rpc::Outcome FleetAgent::report(const QByteArray &state, const QByteArray &error,
                                const QCborMap &tried)
{
    QCborMap one{{u"service"_s, u"shop"_s},
                 {u"version"_s, text(version)},
                 {u"root"_s, bundle.isEmpty() ? QString() : text(config::rootOf(bundle).hex())},
                 {u"state"_s, text(state)},
                 {u"error"_s, text(error)}};
    if (!tried.isEmpty()) {
        one.insert(u"tried"_s, tried.value(u"version"_s));
        one.insert(u"id"_s, tried.value(u"id"_s));
    }
    return m_stage->cluster().call(m_node, u"goconf.report"_s,
                                   {{u"ticket"_s, ticket}, {u"reports"_s, QCborArray{one}}});
}

bool FleetAgent::apply(const QByteArray &wanted)
{
    return isOffered(wanted) && fetch() > 0 && report("healthy");
}

std::optional<rpc::Failure> FleetAgent::why() const
{
    return m_stage->cluster().endOf(m_subscription);
}

} // namespace coffer::goconf
