// SPDX-License-Identifier: Apache-2.0
#include "unit/goconf/fleet_stage.h"

#include "config/hash.h"
#include "goconf/host_secret.h"
#include "goconf/paths.h"
#include "goconf/records.h"
#include "testkit/main.h"

#include <memory>

using namespace coffer;
using namespace coffer::goconf;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

/// Thousands of hosts of one service, at three nodes.
class tst_fleet_scale : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void publish_reachesThousands();

private:
    static constexpr int many = 3'000;

    struct Host
    {
        QString name;
        int node = 0;
        testkit::Subscription subscription = {};
        QString ticket = {};
        QCborMap offer = {};
    };

    [[nodiscard]] testkit::Cluster &cluster() { return m_stage->cluster(); }
    [[nodiscard]] bool admitAll();
    [[nodiscard]] bool followAll();
    /// How many were offered \a version since this was called last.
    [[nodiscard]] int offered(const QString &version);
    [[nodiscard]] bool reportAll();
    /// How many are healthy as \a node shows it, over all pages.
    [[nodiscard]] int healthy(int node);
    [[nodiscard]] double metricOfAll(const QByteArray &name);
    [[nodiscard]] qint64 revision();

    std::unique_ptr<FleetStage> m_stage;
    QByteArray m_secret = makeSecret();
    std::vector<Host> m_hosts;
};

bool tst_fleet_scale::admitAll()
{
    HostRecord record;
    record.idc = "sh001";
    record.services = {"shop"};
    record.secretHash = config::Hash::of(m_secret);
    store::Transaction admission;
    for (int i = 0; i < many; ++i) {
        m_hosts.push_back({.name = u"web-%1"_s.arg(i), .node = i % 3 + 1});
        const QByteArray path = hostPath(m_hosts.back().name.toUtf8());
        admission.operations.push_back(store::Put{path, record.toJson(), false, {}});
        if (admission.operations.size() < 1'000)
            continue;
        const auto done = cluster().await(cluster().store(1).commit(admission));
        if (!done || done->status != store::Status::ok)
            return false;
        admission.operations.clear();
    }
    return admission.operations.empty();
}

bool tst_fleet_scale::followAll()
{
    for (Host &host : m_hosts) {
        const auto subscription =
            cluster().subscribe(host.node, u"goconf.follow"_s,
                                {{u"host"_s, host.name},
                                 {u"secret"_s, QString::fromUtf8(m_secret)},
                                 {u"instance"_s, u"installation of "_s + host.name},
                                 {u"run"_s, u"run"_s},
                                 {u"services"_s, QCborArray{u"shop"_s}}});
        if (!subscription)
            return false;
        host.subscription = *subscription;
    }
    cluster().advance(2s);
    return offered(u"v1"_s) == many;
}

int tst_fleet_scale::offered(const QString &version)
{
    int count = 0;
    for (Host &host : m_hosts) {
        for (const QCborValue &value : cluster().takeEvents(host.subscription)) {
            const QCborMap event = value.toMap();
            if (event.contains(u"ticket"_s))
                host.ticket = event.value(u"ticket"_s).toString();
            if (event.value(u"kind"_s) != u"offer"_s)
                continue;
            host.offer = event;
            count += event.value(u"version"_s) == version ? 1 : 0;
        }
    }
    return count;
}

bool tst_fleet_scale::reportAll()
{
    for (const Host &host : m_hosts) {
        const QCborMap report{
            {u"service"_s, u"shop"_s},
            {u"version"_s, host.offer.value(u"version"_s)},
            {u"root"_s, host.offer.value(u"root"_s)},
            {u"state"_s, u"healthy"_s},
            {u"tried"_s, host.offer.value(u"version"_s)},
            {u"id"_s, host.offer.value(u"id"_s)},
        };
        const QCborMap params{{u"ticket"_s, host.ticket}, {u"reports"_s, QCborArray{report}}};
        if (!cluster().call(host.node, u"goconf.report"_s, params))
            return false;
    }
    cluster().advance(2s);
    return true;
}

int tst_fleet_scale::healthy(int node)
{
    int count = 0;
    QCborMap params{{u"service"_s, u"shop"_s}};
    for (bool hasMore = true; hasMore;) {
        const rpc::Outcome page = cluster().call(node, u"goconf.fleet"_s, params);
        if (!page)
            return -1;
        const QCborArray rows = page->toMap().value(u"hosts"_s).toArray();
        for (const QCborValue value : rows) {
            const QCborMap row = value.toMap();
            count += row.value(u"state"_s) == u"healthy"_s
                             && row.value(u"root"_s) == row.value(u"wantedRoot"_s)
                         ? 1
                         : 0;
        }
        hasMore = page->toMap().value(u"more"_s).toBool();
        params.insert(u"after"_s, rows.last().toMap().value(u"host"_s).toString() + u"/shop"_s);
    }
    return count;
}

double tst_fleet_scale::metricOfAll(const QByteArray &name)
{
    double sum = 0;
    for (int node = 1; node <= 3; ++node)
        sum += cluster().metric(node, "coffer_plugin_goconf_" + name);
    return sum;
}

qint64 tst_fleet_scale::revision()
{
    const store::Question question = store::StoreState{};
    const auto reply = cluster().await(cluster().store(1).read(question));
    return reply ? qint64(reply->at.value()) : -1;
}

void tst_fleet_scale::publish_reachesThousands()
{
    m_stage = std::make_unique<FleetStage>();
    QVERIFY(m_stage->start());
    QVERIFY(m_stage->publish("v1", FleetStage::layer({{"a", "1"}})));
    QVERIFY(admitAll());
    QVERIFY(followAll());
    QCOMPARE(metricOfAll("followers"), double(many));

    QVERIFY(m_stage->publish("v2", FleetStage::layer({{"a", "2"}})));
    // Not all of a node in one turn of its loop: it has a leader's heartbeats to send.
    QVERIFY(cluster().runUntil([&] { return metricOfAll("offers_total") > many; }));
    const double first = metricOfAll("offers_total") - many;
    QVERIFY2(first <= many / 10, qPrintable(QString::number(first)));
    const auto watched = cluster().subscribe(2, u"goconf.converge"_s,
                                             {{u"release"_s, u"0000000000000002-0badcafe"_s}});
    QVERIFY(watched);
    cluster().advance(2s);
    QCOMPARE(offered(u"v2"_s), many);
    QCOMPARE(metricOfAll("offers_total"), 2.0 * many);
    QVERIFY(metricOfAll("rendered_bundles_total") <= 6); // once a node, not a host
    const qint64 before = revision();
    QVERIFY(reportAll());
    const qint64 written = revision() - before;
    qInfo("%d reports in %lld transactions", many, static_cast<long long>(written));
    QVERIFY2(written < many / 10, qPrintable(QString::number(written)));
    for (int node = 1; node <= 3; ++node)
        QCOMPARE(healthy(node), many);
    const auto events = cluster().takeEvents(*watched);
    QVERIFY(!events.empty());
    QVERIFY(events.back().toMap().value(u"isDone"_s).toBool());
    QCOMPARE(events.back().toMap().value(u"total"_s).toInteger(), many);
    qInfo("converge told %zu times", events.size());

    // All reports are removed at once: they come again, and not by a transaction each.
    const qint64 there = revision();
    const WallMs from = cluster().clock().wall();
    store::Transaction removal;
    removal.operations.push_back(store::DeleteTree{"/config/shop/sh001/agent"});
    QVERIFY(cluster().await(cluster().store(3).commit(removal)));
    const auto back = cluster().subscribe(2, u"goconf.converge"_s, {{u"service"_s, u"shop"_s}});
    QVERIFY(back);
    QVERIFY(cluster().runUntil([&] {
        const auto stands = cluster().takeEvents(*back);
        return !stands.empty() && stands.back().toMap().value(u"isDone"_s).toBool();
    }));
    const qint64 took = (cluster().clock().wall() - from).count();
    const qint64 again = revision() - there;
    qInfo("written again in %lld transactions and %lld ms", static_cast<long long>(again),
          static_cast<long long>(took));
    QVERIFY2(again < 20, qPrintable(QString::number(again)));
    QVERIFY2(took < 1'000, qPrintable(QString::number(took))); // of virtual time
    for (int node = 1; node <= 3; ++node)
        QCOMPARE(healthy(node), many);
}

COFFER_TEST_MAIN(tst_fleet_scale)
#include "tst_fleet_scale.moc"
