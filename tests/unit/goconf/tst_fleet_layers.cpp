// SPDX-License-Identifier: Apache-2.0
#include "unit/goconf/fleet_stage.h"

#include "config/bundle.h"
#include "testkit/main.h"

#include <memory>

using namespace coffer;
using namespace coffer::goconf;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

/// How what lies below all services, and over one host, gets to agents.
class tst_fleet_layers : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup() { m_stage.reset(); }

    void hosts_getTheRootOfTheirLayers();
    void host_goesBackWhenItsLayerEnds();
    void host_thatWasAwayGoesBackWhenItReturns();
    void converge_tellsOfAReleaseOfGlobal();
    void converge_tellsOfALayerOfAHost();
    void star_getsAServiceThatComesLater();
    void sweep_keepsWhatLayersName();

private:
    /// A value of a layer, live; the id of the release, empty if it was refused.
    [[nodiscard]] QString release(const QString &service, const QString &scope, const QString &key,
                                  const QString &value);
    /// Follows at \a node, and has v1.
    [[nodiscard]] bool begin(FleetAgent &agent, const QByteArray &host, const QByteArray &idc,
                             int node);
    /// Offered something that says so, which it fetches and reports.
    [[nodiscard]] bool takes(FleetAgent &agent, const QString &member, const QString &version);
    [[nodiscard]] QByteArray root(const FleetAgent &agent)
    {
        return config::rootOf(agent.bundle).hex();
    }
    [[nodiscard]] QCborMap stand(const testkit::Subscription &converge);

    std::unique_ptr<FleetStage> m_stage;
};

void tst_fleet_layers::init()
{
    m_stage = std::make_unique<FleetStage>();
    const Result<void> started = m_stage->start();
    QVERIFY2(started, started ? "" : qPrintable(started.error().message));
    QVERIFY(m_stage->publish("v1", FleetStage::layer({{"a", "1"}})));
}

QString tst_fleet_layers::release(const QString &service, const QString &scope, const QString &key,
                                  const QString &value)
{
    const QCborMap set{
        {u"op"_s, u"set"_s}, {u"section"_s, u"core"_s}, {u"key"_s, key}, {u"value"_s, value}};
    const QCborMap of{{u"service"_s, service}, {u"scope"_s, scope}};
    QCborMap edit = of;
    edit.insert(u"edits"_s, QCborArray{set});
    QCborMap wish{{u"targets"_s, QCborArray{of}}, {u"message"_s, u"why"_s}};
    if (scope.startsWith(u"_host"))
        wish.insert(u"expires"_s, u"10m"_s);
    if (!m_stage->cluster().call(1, u"goconf.draft.edit"_s, edit))
        return {};
    rpc::Outcome done = m_stage->cluster().call(1, u"goconf.publish"_s, wish);
    if (!done) {
        wish.insert(u"yes"_s, done.error().details.value(u"hosts"_s));
        done = m_stage->cluster().call(1, u"goconf.publish"_s, wish);
    }
    return done ? done->toMap().value(u"id"_s).toString() : QString();
}

bool tst_fleet_layers::begin(FleetAgent &agent, const QByteArray &host, const QByteArray &idc,
                             int node)
{
    return agent.join(node, m_stage->enroll(host, idc)) && agent.follow(node) && agent.apply("v1");
}

bool tst_fleet_layers::takes(FleetAgent &agent, const QString &member, const QString &version)
{
    const bool isOffered = m_stage->runUntil([&] {
        agent.listen();
        return agent.offers["shop"].value(member).toString() == version;
    });
    return isOffered && agent.fetch() > 0 && agent.report("healthy");
}

QCborMap tst_fleet_layers::stand(const testkit::Subscription &converge)
{
    m_stage->cluster().advance(1s);
    const auto events = m_stage->cluster().takeEvents(converge);
    return events.empty() ? QCborMap() : events.back().toMap();
}

void tst_fleet_layers::hosts_getTheRootOfTheirLayers()
{
    FleetAgent one(*m_stage, "web-1");
    FleetAgent two(*m_stage, "web-2");
    FleetAgent far(*m_stage, "web-3");
    QVERIFY(begin(one, "web-1", "sh001", 1) && begin(two, "web-2", "sh001", 2)
            && begin(far, "web-3", "sh004", 3));
    const QByteArray first = root(one);
    QVERIFY(!release(u"_global"_s, u"_all"_s, u"g"_s, u"1"_s).isEmpty());
    for (FleetAgent *agent : {&one, &two, &far}) {
        QVERIFY(takes(*agent, u"globalVersion"_s, u"v1"_s));
        QCOMPARE(agent->version, QByteArray("v1")); // of the service, as before
        QVERIFY(agent->bundle.contains("g 1") && agent->bundle.contains("a 1"));
    }
    QVERIFY(root(one) == root(far) && root(one) != first);
    QVERIFY(!release(u"_global"_s, u"sh001"_s, u"g"_s, u"2"_s).isEmpty());
    QVERIFY(takes(one, u"globalVersion"_s, u"v2"_s) && takes(two, u"globalVersion"_s, u"v2"_s));
    QVERIFY(one.bundle.contains("g 2"));
    QVERIFY(!release(u"shop"_s, u"_host@web-1"_s, u"g"_s, u"3"_s).isEmpty());
    QVERIFY(takes(one, u"hostVersion"_s, u"v1"_s));
    QVERIFY(one.bundle.contains("g 3"));
    m_stage->cluster().advance(5s);
    two.listen();
    far.listen();
    QVERIFY(!two.offers["shop"].contains(u"hostVersion"_s));
    QCOMPARE(far.offers["shop"].value(u"globalVersion"_s).toString(), u"v1"_s);
    QVERIFY(m_stage->runUntil([&] {
        const QCborMap row = m_stage->row(2, "web-1");
        return row.value(u"root"_s) == row.value(u"wantedRoot"_s)
               && row.value(u"hostVersion"_s).toString() == u"v1"
               && row.value(u"globalVersion"_s).toString() == u"v2";
    }));
    QVERIFY(!m_stage->row(2, "web-2").contains(u"hostVersion"_s));
}

void tst_fleet_layers::host_goesBackWhenItsLayerEnds()
{
    FleetAgent agent(*m_stage, "web-1");
    QVERIFY(begin(agent, "web-1", "sh001", 1));
    const QByteArray before = root(agent);
    QVERIFY(!release(u"shop"_s, u"_host@web-1"_s, u"a"_s, u"2"_s).isEmpty());
    QVERIFY(takes(agent, u"hostVersion"_s, u"v1"_s));
    QVERIFY(root(agent) != before);
    m_stage->cluster().advance(11min);
    QVERIFY(takes(agent, u"hostVersion"_s, QString()));
    QCOMPARE(root(agent), before);
    QVERIFY(m_stage->runUntil([this] {
        const QCborMap row = m_stage->row(3, "web-1");
        return row.value(u"root"_s) == row.value(u"wantedRoot"_s)
               && row.value(u"isTried"_s).toBool();
    }));
}

void tst_fleet_layers::host_thatWasAwayGoesBackWhenItReturns()
{
    FleetAgent agent(*m_stage, "web-1");
    QVERIFY(begin(agent, "web-1", "sh001", 1));
    const QByteArray before = root(agent);
    QVERIFY(!release(u"shop"_s, u"_host@web-1"_s, u"a"_s, u"2"_s).isEmpty());
    QVERIFY(takes(agent, u"hostVersion"_s, u"v1"_s));
    agent.leave();
    m_stage->cluster().advance(11min);
    agent.offers.clear();
    QVERIFY(agent.follow(2));
    QVERIFY(agent.isOffered("v1"));
    QVERIFY(!agent.offers["shop"].contains(u"hostVersion"_s));
    QVERIFY(agent.fetch() > 0);
    QCOMPARE(root(agent), before);
}

void tst_fleet_layers::converge_tellsOfAReleaseOfGlobal()
{
    FleetAgent one(*m_stage, "web-1");
    FleetAgent far(*m_stage, "web-3");
    QVERIFY(begin(one, "web-1", "sh001", 1) && begin(far, "web-3", "sh004", 3));
    const QString id = release(u"_global"_s, u"_all"_s, u"g"_s, u"1"_s);
    QVERIFY(!id.isEmpty());
    const auto told = m_stage->cluster().subscribe(2, u"goconf.converge"_s, {{u"release"_s, id}});
    QVERIFY(told.has_value());
    QCborMap now = stand(*told);
    QCOMPARE(now.value(u"total"_s).toInteger(), 2);
    QCOMPARE(now.value(u"waiting"_s).toInteger(), 2);
    QVERIFY(takes(one, u"globalVersion"_s, u"v1"_s));
    QCOMPARE(stand(*told).value(u"healthy"_s).toInteger(), 1);
    far.listen();
    QVERIFY(far.report("failed", "version v1: no", far.offers["shop"]));
    now = stand(*told);
    QCOMPARE(now.value(u"failed"_s).toArray().size(), 1);
    QCOMPARE(now.value(u"waiting"_s).toInteger(), 0);
    QVERIFY(takes(far, u"globalVersion"_s, u"v1"_s));
    QVERIFY(stand(*told).value(u"isDone"_s).toBool());
}

void tst_fleet_layers::converge_tellsOfALayerOfAHost()
{
    FleetAgent one(*m_stage, "web-1");
    FleetAgent two(*m_stage, "web-2");
    QVERIFY(begin(one, "web-1", "sh001", 1) && begin(two, "web-2", "sh001", 2));
    const QString id = release(u"shop"_s, u"_host@web-1"_s, u"a"_s, u"2"_s);
    const auto told = m_stage->cluster().subscribe(2, u"goconf.converge"_s, {{u"release"_s, id}});
    QVERIFY(told.has_value());
    QCOMPARE(stand(*told).value(u"total"_s).toInteger(), 1);
    QVERIFY(takes(one, u"hostVersion"_s, u"v1"_s));
    QVERIFY(stand(*told).value(u"isDone"_s).toBool());
    const rpc::Outcome ended = m_stage->cluster().call(
        3, u"goconf.rollback"_s,
        {{u"service"_s, u"shop"_s}, {u"host"_s, u"web-1"_s}, {u"message"_s, u"enough"_s}});
    QVERIFY(ended.has_value());
    const auto back = m_stage->cluster().subscribe(2, u"goconf.converge"_s,
                                                   {{u"release"_s, ended->toMap().value(u"id"_s)}});
    QVERIFY(back.has_value());
    QCOMPARE(stand(*back).value(u"waiting"_s).toInteger(), 1);
    QVERIFY(takes(one, u"hostVersion"_s, QString()));
    QVERIFY(stand(*back).value(u"isDone"_s).toBool());
}

void tst_fleet_layers::star_getsAServiceThatComesLater()
{
    FleetAgent agent(*m_stage, "web-1");
    QVERIFY(agent.join(1, m_stage->enroll("web-1", "sh001", "*")) && agent.follow(1));
    QVERIFY(agent.isOffered("v1"));
    QVERIFY(m_stage->cluster().call(2, u"goconf.service.create"_s, {{u"service"_s, u"pay"_s}}));
    QVERIFY(m_stage->publish("v1", FleetStage::layer({{"b", "1"}}), "pay"));
    QVERIFY(agent.isOffered("v1", "pay"));
    QVERIFY(!agent.offers.contains("_global"));
}

void tst_fleet_layers::sweep_keepsWhatLayersName()
{
    m_stage.reset();
    m_stage = std::make_unique<FleetStage>(FleetSweep::Times{60s, 10s, 1s, 1s});
    QVERIFY(m_stage->start());
    QVERIFY(m_stage->publish("v1", FleetStage::layer({{"a", "1"}})));
    FleetAgent agent(*m_stage, "web-1");
    QVERIFY(agent.join(1, m_stage->enroll("web-1")));
    QVERIFY(!release(u"_global"_s, u"_all"_s, u"g"_s, u"1"_s).isEmpty());
    QVERIFY(!release(u"shop"_s, u"_host@web-1"_s, u"h"_s, u"2"_s).isEmpty());
    m_stage->cluster().advance(2min); // old enough, if nobody named them
    QVERIFY(agent.follow(3));         // which has not rendered anything yet
    QVERIFY(takes(agent, u"hostVersion"_s, u"v1"_s));
    QVERIFY(agent.bundle.contains("g 1") && agent.bundle.contains("h 2"));
}

COFFER_TEST_MAIN(tst_fleet_layers)
#include "tst_fleet_layers.moc"
