// SPDX-License-Identifier: Apache-2.0
#include "unit/goconf/fleet_stage.h"

#include "config/hash.h"
#include "goconf/paths.h"
#include "goconf/records.h"
#include "testkit/main.h"

#include <memory>

using namespace coffer;
using namespace coffer::goconf;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

class tst_fleet : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup() { m_stage.reset(); }

    void join_worksOnce();
    void join_endsAfterADay();
    void join_isRefusedWithAnotherToken();
    void enroll_needsAnIdc();
    void hostList_showsNoSecrets();
    void follow_needsTheSecret();
    void follow_grantsWhatTheRecordSays();
    void follow_offersTheNewestAlone();
    void follow_withdrawsWhatIsNoLongerLive();
    void follow_endsWhenTheHostIsRemoved();
    void ticket_isOfItsNode();
    void report_isRefusedForOthers();
    void table4_publishApplyRollBack();
    void nodeDeath_isUnknownUntilTheHostComesBack();
    void pluginRestart_isUnknownUntilTheHostComesBack();
    void connectionGone_isOfflineAfterAWhile();
    void secondInstance_isRefusedOnAnyNode();
    void restart_takesOverAtOnce();
    void delta_ofOneKeyOfMany();
    void converge_endsWhenAllHave();
    void converge_namesWhoFailed();
    void sweep_removesOrphansAlone();
    void metrics_count();

private:
    [[nodiscard]] rpc::Outcome call(int node, const QString &method, const QCborMap &params = {})
    {
        return m_stage->cluster().call(node, method, params);
    }
    [[nodiscard]] bool becomes(int node, const QByteArray &host, const QString &state)
    {
        return m_stage->runUntil([&] { return m_stage->state(node, host) == state; });
    }
    /// "v2 v1 healthy": what is wanted, what it has, its state.
    [[nodiscard]] QString shown(int node);
    [[nodiscard]] bool shows(const QString &text);

    std::unique_ptr<FleetStage> m_stage;
};

void tst_fleet::init()
{
    m_stage = std::make_unique<FleetStage>();
    const Result<void> started = m_stage->start();
    QVERIFY2(started, started ? "" : qPrintable(started.error().message));
}

// ---- hosts

void tst_fleet::join_worksOnce()
{
    const QByteArray token = m_stage->enroll("web-1");
    QCOMPARE(token.size(), 64);
    FleetAgent agent(*m_stage, "web-1");
    const rpc::Outcome joined = agent.join(1, token);
    QVERIFY(joined);
    QCOMPARE(joined->toMap().value(u"idc"_s).toString(), u"sh001"_s);
    QVERIFY(agent.secret.size() == 64 && agent.secret != token);
    for (int node = 1; node <= 3; ++node)
        QCOMPARE(agent.join(node, token).error().code, rpc::Code::denied);
    QVERIFY(agent.follow(3));
}

void tst_fleet::join_endsAfterADay()
{
    const QByteArray token = m_stage->enroll("web-1");
    const auto file = m_stage->cluster().await(m_stage->cluster().store(1).get(hostPath("web-1")));
    QVERIFY(file && *file);
    HostRecord record = HostRecord::parse((*file)->value).value();
    QCOMPARE(record.joinUntil - record.made.at, WallMs(24h));
    record.joinUntil = m_stage->cluster().clock().wall();
    QVERIFY(m_stage->put(hostPath("web-1"), record.toJson()));
    FleetAgent agent(*m_stage, "web-1");
    QCOMPARE(agent.join(1, token).error().code, rpc::Code::denied);
    QVERIFY(agent.begin(1)); // enrolled again
}

void tst_fleet::join_isRefusedWithAnotherToken()
{
    const QByteArray token = m_stage->enroll("web-1");
    const QByteArray other = m_stage->enroll("web-2");
    FleetAgent agent(*m_stage, "web-1");
    QCOMPARE(agent.join(1, other).error().code, rpc::Code::denied);
    QCOMPARE(agent.join(1, "short").error().code, rpc::Code::invalidArgument);
    FleetAgent nobody(*m_stage, "web-3");
    QCOMPARE(nobody.join(1, token).error().code, rpc::Code::denied);
    QVERIFY(agent.join(2, token));
}

void tst_fleet::enroll_needsAnIdc()
{
    QVERIFY(m_stage->enroll("web-1", "nowhere").isEmpty());
    QVERIFY(m_stage->enroll("_web").isEmpty());
    QVERIFY(!m_stage->isThere("/config/_host/web-1"));
    const QCborMap params{{u"host"_s, u"web-1"_s}};
    QCOMPARE(call(1, u"goconf.host.set"_s, params).error().code, rpc::Code::notFound);
    QCOMPARE(call(1, u"goconf.host.remove"_s, params).error().code, rpc::Code::notFound);
}

void tst_fleet::hostList_showsNoSecrets()
{
    FleetAgent agent(*m_stage, "web-1");
    QVERIFY(agent.begin(1));
    QVERIFY(!m_stage->enroll("web-2").isEmpty());
    const rpc::Outcome listed = call(3, u"goconf.host.list"_s);
    QVERIFY(listed);
    const QCborArray hosts = listed->toMap().value(u"hosts"_s).toArray();
    QCOMPARE(hosts.size(), 2);
    QCOMPARE(hosts.at(0).toMap().value(u"hasJoined"_s).toBool(), true);
    QCOMPARE(hosts.at(1).toMap().value(u"hasJoined"_s).toBool(), false);
    QVERIFY(hosts.at(1).toMap().value(u"joinUntil"_s).toInteger() > 0);
    const QByteArray bytes = listed->toCbor();
    QVERIFY(!bytes.contains(config::Hash::of(agent.secret).hex()));
    QVERIFY(!bytes.contains("Hash"));
}

// ---- follow

void tst_fleet::follow_needsTheSecret()
{
    FleetAgent agent(*m_stage, "web-1");
    QVERIFY(agent.join(1, m_stage->enroll("web-1")));
    FleetAgent thief(*m_stage, "web-1");
    thief.secret = QByteArray(64, 'a');
    QVERIFY(!thief.follow(1));
    QCOMPARE(thief.why()->code, rpc::Code::denied);
    // The token alone is no secret, and a host that has not joined has none.
    FleetAgent early(*m_stage, "web-2");
    early.secret = m_stage->enroll("web-2");
    QVERIFY(!early.follow(1));
    QCOMPARE(early.why()->code, rpc::Code::denied);
    QVERIFY(agent.follow(2));
}

void tst_fleet::follow_grantsWhatTheRecordSays()
{
    QVERIFY(m_stage->put(servicePath("pay"), ServiceRecord{}.toJson()));
    QVERIFY(m_stage->publish("v1", FleetStage::layer({{"a", "1"}})));
    QVERIFY(m_stage->publish("v1", FleetStage::layer({{"secret", "1"}}), "pay"));
    FleetAgent agent(*m_stage, "web-1");
    QVERIFY(agent.begin(1));
    QVERIFY(agent.isOffered("v1"));
    m_stage->cluster().advance(1s);
    agent.listen();
    QVERIFY(!agent.offers.contains("pay"));
    agent.offers["pay"] = agent.offers["shop"];
    QCOMPARE(agent.fetch("pay"), -1);
    const QCborMap more{{u"host"_s, u"web-1"_s}, {u"services"_s, QCborArray{u"shop"_s, u"pay"_s}}};
    QVERIFY(call(2, u"goconf.host.set"_s, more));
    agent.offers.clear();
    QVERIFY(agent.isOffered("v1", "pay"));
    const QCborMap less{{u"host"_s, u"web-1"_s}, {u"services"_s, QCborArray{u"shop"_s}}};
    QVERIFY(call(2, u"goconf.host.set"_s, less));
    QVERIFY(m_stage->runUntil([&] {
        agent.listen();
        return agent.heard.last() == u"withdrawn"_s;
    }));
    QCOMPARE(agent.fetch("pay"), -1);
}

void tst_fleet::follow_offersTheNewestAlone()
{
    FleetAgent agent(*m_stage, "web-1");
    QVERIFY(agent.begin(3));
    m_stage->cluster().advance(1s);
    agent.listen();
    QCOMPARE(agent.heard, QStringList({u"welcome"_s, u"heartbeat"_s}));
    for (int version = 1; version <= 8; ++version)
        QVERIFY(m_stage->publish("v" + QByteArray::number(version),
                                 FleetStage::layer({{"a", QByteArray::number(version)}})));
    QVERIFY(agent.isOffered("v8"));
    QVERIFY(agent.apply("v8"));
    QVERIFY(agent.bundle.contains("a 8"));
    QCOMPARE(agent.offers["shop"].value(u"message"_s).toString(), u"message of v8"_s);
    QVERIFY(agent.offers["shop"].value(u"release"_s).toString().startsWith(u'r'));
    m_stage->cluster().advance(25s);
    agent.listen();
    QCOMPARE(agent.heard.mid(agent.heard.size() - 2),
             QStringList({u"heartbeat"_s, u"heartbeat"_s}));
    QVERIFY(!agent.why());
}

void tst_fleet::follow_withdrawsWhatIsNoLongerLive()
{
    QVERIFY(m_stage->publish("v1", FleetStage::layer({{"a", "1"}})));
    FleetAgent agent(*m_stage, "web-1");
    QVERIFY(agent.begin(1));
    QVERIFY(agent.apply("v1"));
    for (const QByteArray &scope : {QByteArray("sh001"), QByteArray("_all")})
        QVERIFY(m_stage->cluster().await(
            m_stage->cluster().store(1).remove(pointerPath("shop", scope))));
    QVERIFY(m_stage->runUntil([&] {
        agent.listen();
        return agent.heard.last() == u"withdrawn"_s;
    }));
}

void tst_fleet::follow_endsWhenTheHostIsRemoved()
{
    QVERIFY(m_stage->publish("v1", FleetStage::layer({{"a", "1"}})));
    FleetAgent agent(*m_stage, "web-1");
    QVERIFY(agent.begin(1));
    QVERIFY(agent.apply("v1"));
    QVERIFY(becomes(2, "web-1", u"healthy"_s));
    QVERIFY(call(3, u"goconf.host.remove"_s, {{u"host"_s, u"web-1"_s}}));
    QVERIFY(m_stage->runUntil([&] { return agent.why().has_value(); }));
    QCOMPARE(agent.why()->code, rpc::Code::denied);
    QVERIFY(!agent.report("healthy"));
    m_stage->cluster().advance(40s);
    QVERIFY(!m_stage->isThere(reportPath("shop", "sh001", "web-1")));
    QVERIFY(!agent.follow(2));
}

void tst_fleet::ticket_isOfItsNode()
{
    QVERIFY(m_stage->publish("v1", FleetStage::layer({{"a", "1"}})));
    FleetAgent agent(*m_stage, "web-1");
    QVERIFY(agent.begin(1));
    QVERIFY(agent.isOffered("v1"));
    const QCborMap params{{u"ticket"_s, agent.ticket},
                          {u"service"_s, u"shop"_s},
                          {u"root"_s, agent.offers["shop"].value(u"root"_s)}};
    QVERIFY(call(1, u"goconf.fetch"_s, params));
    QCOMPARE(call(2, u"goconf.fetch"_s, params).error().code, rpc::Code::notFound);
    QCborMap other = params;
    other[u"root"_s] = QString::fromUtf8(config::Hash::of("x").hex());
    QCOMPARE(call(1, u"goconf.fetch"_s, other).error().code, rpc::Code::notFound);
    other[u"root"_s] = u"x"_s;
    QCOMPARE(call(1, u"goconf.fetch"_s, other).error().code, rpc::Code::invalidArgument);
    other = params;
    other[u"offset"_s] = 1'000'000;
    QCOMPARE(call(1, u"goconf.fetch"_s, other).error().code, rpc::Code::invalidArgument);
}

void tst_fleet::report_isRefusedForOthers()
{
    QVERIFY(m_stage->publish("v1", FleetStage::layer({{"a", "1"}})));
    FleetAgent agent(*m_stage, "web-1");
    QVERIFY(agent.begin(1));
    QVERIFY(agent.apply("v1"));
    QVERIFY(!agent.report("splendid"));
    const QCborMap good{{u"service"_s, u"shop"_s},
                        {u"version"_s, u"v1"_s},
                        {u"root"_s, QString()},
                        {u"state"_s, u"held"_s}};
    QCborMap bad = good;
    bad[u"service"_s] = u"pay"_s;
    QVERIFY(!call(1, u"goconf.report"_s,
                  {{u"ticket"_s, agent.ticket}, {u"reports"_s, QCborArray{good, bad}}}));
    m_stage->cluster().advance(1s);
    QCOMPARE(m_stage->state(2, "web-1"), u"healthy"_s); // all or nothing
    QVERIFY(!call(1, u"goconf.report"_s,
                  {{u"ticket"_s, QString(32, u'a')}, {u"reports"_s, QCborArray{good}}}));
}

// ---- the table of goconf-model, section 4

QString tst_fleet::shown(int node)
{
    const QCborMap row = m_stage->row(node, "web-1");
    const bool isEqual = row.value(u"root"_s) == row.value(u"wantedRoot"_s);
    return row.value(u"wanted"_s).toString() + u' ' + row.value(u"has"_s).toString()
           + (isEqual ? u" converged"_s : u" waiting"_s);
}

bool tst_fleet::shows(const QString &text)
{
    for (int node = 1; node <= 3; ++node) {
        if (!m_stage->runUntil([&] { return shown(node) == text; }))
            return false;
    }
    return true;
}

void tst_fleet::table4_publishApplyRollBack()
{
    FleetAgent agent(*m_stage, "web-1");
    QVERIFY(m_stage->publish("v1", FleetStage::layer({{"a", "1"}})));
    QVERIFY(agent.begin(1));
    QVERIFY(agent.apply("v1"));
    QVERIFY(shows(u"v1 v1 converged"_s));
    const qint64 since = m_stage->row(2, "web-1").value(u"since"_s).toInteger();
    m_stage->cluster().advance(5s);
    QVERIFY(m_stage->publish("v2", FleetStage::layer({{"a", "2"}})));
    QVERIFY(shows(u"v2 v1 waiting"_s));
    QVERIFY(agent.apply("v2"));
    QVERIFY(shows(u"v2 v2 converged"_s));
    QVERIFY(m_stage->roll("v1"));
    QVERIFY(shows(u"v1 v2 waiting"_s)); // the slide
    QVERIFY(agent.apply("v1"));
    QVERIFY(shows(u"v1 v1 converged"_s));
    QCOMPARE(m_stage->row(2, "web-1").value(u"since"_s).toInteger(), since); // healthy all along
}

// ---- who is where

void tst_fleet::nodeDeath_isUnknownUntilTheHostComesBack()
{
    QVERIFY(m_stage->publish("v1", FleetStage::layer({{"a", "1"}})));
    FleetAgent agent(*m_stage, "web-1");
    const int node = m_stage->cluster().leader().value_or(1);
    const int other = node % 3 + 1;
    QVERIFY(agent.begin(node));
    QVERIFY(agent.apply("v1"));
    QVERIFY(becomes(other, "web-1", u"healthy"_s));
    m_stage->cluster().kill(node);
    QVERIFY(m_stage->runUntil([this] { return m_stage->cluster().leader().has_value(); }));
    QVERIFY(becomes(other, "web-1", u"unknown"_s));
    QVERIFY(!m_stage->row(other, "web-1").value(u"isConnected"_s).toBool());
    QVERIFY(agent.follow(other));
    QVERIFY(becomes(other, "web-1", u"healthy"_s)); // it has what it had
    QVERIFY(agent.report("healthy"));
    QVERIFY(becomes(other % 3 + 1 == node ? other : other % 3 + 1, "web-1", u"healthy"_s));
}

void tst_fleet::connectionGone_isOfflineAfterAWhile()
{
    QVERIFY(m_stage->publish("v1", FleetStage::layer({{"a", "1"}})));
    FleetAgent agent(*m_stage, "web-1");
    QVERIFY(agent.begin(1));
    QVERIFY(agent.apply("v1"));
    QVERIFY(becomes(2, "web-1", u"healthy"_s));
    FleetAgent other(*m_stage, "web-1", "installation-2");
    other.secret = agent.secret;
    agent.leave();
    m_stage->cluster().advance(25s);
    QCOMPARE(m_stage->state(2, "web-1"), u"healthy"_s); // it may only have changed its node
    QVERIFY(!other.follow(2));
    m_stage->cluster().advance(10s);
    const QCborMap row = m_stage->row(2, "web-1");
    QCOMPARE(row.value(u"state"_s).toString(), u"offline"_s);
    QCOMPARE(row.value(u"has"_s).toString(), u"v1"_s);
    const qint64 since = row.value(u"since"_s).toInteger();
    QVERIFY(m_stage->cluster().clock().wall().count() - since < 10'000);
    m_stage->cluster().advance(60s);
    QCOMPARE(m_stage->row(3, "web-1").value(u"since"_s).toInteger(), since);
    QVERIFY(agent.follow(3));
    QVERIFY(becomes(2, "web-1", u"healthy"_s));
    QVERIFY(m_stage->row(2, "web-1").value(u"since"_s).toInteger() > since);
    agent.leave();
    m_stage->cluster().advance(40s);
    QVERIFY(other.follow(2)); // the place is free
    QVERIFY(becomes(1, "web-1", u"waiting"_s));
}

void tst_fleet::pluginRestart_isUnknownUntilTheHostComesBack()
{
    QVERIFY(m_stage->publish("v1", FleetStage::layer({{"a", "1"}})));
    QVERIFY(!m_stage->enroll("web-2").isEmpty());
    FleetAgent agent(*m_stage, "web-1");
    QVERIFY(agent.begin(1));
    QVERIFY(agent.apply("v1"));
    QVERIFY(becomes(2, "web-1", u"healthy"_s));
    QCOMPARE(m_stage->state(2, "web-2"), u"unknown"_s);
    QVERIFY(m_stage->row(2, "web-2").value(u"error"_s).toString().contains(u"joined"));
    QVERIFY(m_stage->cluster().call(1, u"plugins.disable"_s, {{u"plugin"_s, u"goconf"_s}}));
    m_stage->cluster().advance(1s);
    QVERIFY(m_stage->cluster().call(1, u"plugins.enable"_s, {{u"plugin"_s, u"goconf"_s}}));
    QVERIFY(m_stage->runUntil([this] {
        return m_stage->cluster().hasStarted(1, u"goconf"_s)
               && m_stage->cluster().hasStarted(2, u"goconf"_s);
    }));
    m_stage->cluster().advance(15s);
    QCOMPARE(m_stage->state(2, "web-1"), u"unknown"_s); // the copy that it followed is gone
    QVERIFY(agent.follow(1));
    QVERIFY(becomes(2, "web-1", u"healthy"_s));
}

void tst_fleet::secondInstance_isRefusedOnAnyNode()
{
    QVERIFY(m_stage->publish("v1", FleetStage::layer({{"a", "1"}})));
    FleetAgent first(*m_stage, "web-1", "installation-1");
    QVERIFY(first.begin(1));
    QVERIFY(first.apply("v1"));
    FleetAgent second(*m_stage, "web-1", "installation-2");
    second.secret = first.secret; // a cloned disk
    second.address = "198.51.100.7:9";
    for (int node = 1; node <= 3; ++node) {
        QVERIFY(!second.follow(node));
        QVERIFY(second.why());
        QCOMPARE(second.why()->code, rpc::Code::conflict);
        QVERIFY(second.why()->message.contains(u"192.0.2.1:1"));
        QVERIFY(second.why()->message.contains(u"198.51.100.7:9"));
    }
    QVERIFY(!first.why());
    QVERIFY(first.report("healthy"));
    m_stage->cluster().kill(1);
    QVERIFY(m_stage->runUntil([this] { return m_stage->cluster().leader().has_value(); }));
    QVERIFY(becomes(2, "web-1", u"unknown"_s));
    QVERIFY(second.follow(2)); // the first one is gone
    QVERIFY(!first.follow(3));
    QCOMPARE(first.why()->code, rpc::Code::conflict);
}

void tst_fleet::restart_takesOverAtOnce()
{
    QVERIFY(m_stage->publish("v1", FleetStage::layer({{"a", "1"}})));
    FleetAgent before(*m_stage, "web-1");
    QVERIFY(before.begin(1));
    QVERIFY(before.apply("v1"));
    for (const int node : {1, 2, 3}) {
        FleetAgent now(*m_stage, "web-1");
        now.secret = before.secret;
        now.bundle = before.bundle;
        now.version = before.version;
        QVERIFY(now.follow(node));
        QVERIFY(now.isOffered("v1"));
        QVERIFY(now.report("held"));
        QVERIFY(m_stage->runUntil([&] { return before.why().has_value(); }));
        QCOMPARE(before.why()->code, rpc::Code::conflict);
        (void)before.report("failed", "of an old follow"); // whatever becomes of it
        m_stage->cluster().advance(1s);
        QCOMPARE(m_stage->state(2, "web-1"), u"held"_s);
        QVERIFY(!now.why());
        QVERIFY(now.report("healthy"));
        before = now;
    }
}

// ---- bytes

void tst_fleet::delta_ofOneKeyOfMany()
{
    std::map<QByteArray, QByteArray> keys;
    for (int i = 0; i < 50'000; ++i)
        keys["key-" + QByteArray::number(i)] = config::Hash::of(QByteArray::number(i)).hex();
    QVERIFY(m_stage->publish("v1", FleetStage::layer(keys)));
    FleetAgent agent(*m_stage, "web-1");
    QVERIFY(agent.begin(1));
    QVERIFY(agent.isOffered("v1"));
    const qint64 whole = agent.fetch();
    QVERIFY2(whole > 1 << 20, qPrintable(QString::number(whole))); // more than one piece
    keys["key-25000"] = "changed";
    QVERIFY(m_stage->publish("v2", FleetStage::layer(keys)));
    QVERIFY(agent.isOffered("v2"));
    const qint64 delta = agent.fetch();
    QVERIFY2(delta > 0 && delta < 4096, qPrintable(QString::number(delta)));
    // A node that has neither makes the difference too.
    FleetAgent other(*m_stage, "web-2");
    QVERIFY(other.join(2, m_stage->enroll("web-2")));
    other.bundle = agent.bundle;
    other.version = agent.version;
    keys["key-1"] = "changed";
    QVERIFY(m_stage->publish("v3", FleetStage::layer(keys)));
    QVERIFY(other.follow(2));
    QVERIFY(other.isOffered("v3"));
    const qint64 elsewhere = other.fetch();
    QVERIFY2(elsewhere > 0 && elsewhere < 4096, qPrintable(QString::number(elsewhere)));
}

// ---- a release arrives

void tst_fleet::converge_endsWhenAllHave()
{
    FleetAgent one(*m_stage, "web-1");
    FleetAgent two(*m_stage, "web-2");
    QVERIFY(one.begin(1));
    QVERIFY(two.begin(2));
    QVERIFY(m_stage->publish("v1", FleetStage::layer({{"a", "1"}})));
    const auto watched = m_stage->cluster().subscribe(
        3, u"goconf.converge"_s, {{u"release"_s, u"0000000000000001-0badcafe"_s}});
    QVERIFY(watched);
    QVERIFY(one.apply("v1"));
    m_stage->cluster().advance(1s);
    auto events = m_stage->cluster().takeEvents(*watched);
    QVERIFY(!events.empty());
    QCborMap stand = events.back().toMap();
    QCOMPARE(stand.value(u"total"_s).toInteger(), 2);
    QCOMPARE(stand.value(u"healthy"_s).toInteger(), 1);
    QCOMPARE(stand.value(u"waiting"_s).toInteger(), 1);
    QVERIFY(!stand.value(u"isDone"_s).toBool());
    QVERIFY(two.apply("v1"));
    QVERIFY(m_stage->runUntil([&] {
        events = m_stage->cluster().takeEvents(*watched);
        return !events.empty() && events.back().toMap().value(u"isDone"_s).toBool();
    }));
    const auto none =
        m_stage->cluster().subscribe(3, u"goconf.converge"_s, {{u"release"_s, u"r1"_s}});
    QVERIFY(none);
    QVERIFY(m_stage->runUntil([&] { return m_stage->cluster().endOf(*none).has_value(); }));
    QCOMPARE(m_stage->cluster().endOf(*none)->code, rpc::Code::notFound);
}

void tst_fleet::converge_namesWhoFailed()
{
    FleetAgent one(*m_stage, "web-1");
    QVERIFY(m_stage->publish("v1", FleetStage::layer({{"a", "1"}})));
    QVERIFY(one.begin(1));
    QVERIFY(one.apply("v1"));
    QVERIFY(!m_stage->enroll("web-2").isEmpty());
    QVERIFY(m_stage->publish("v2", FleetStage::layer({{"a", "broken"}})));
    QVERIFY(one.isOffered("v2"));
    QVERIFY(one.report("failed", "check: bad value"));
    const auto stand = [&](const QByteArray &release) {
        const auto watched = m_stage->cluster().subscribe(
            2, u"goconf.converge"_s, {{u"release"_s, QString::fromUtf8(release)}});
        m_stage->cluster().advance(2s);
        const auto events = m_stage->cluster().takeEvents(*watched);
        return events.empty() ? QCborMap() : events.back().toMap();
    };
    const QCborMap second = stand("0000000000000002-0badcafe");
    const QCborMap failed = second.value(u"failed"_s).toArray().at(0).toMap();
    QCOMPARE(failed.value(u"host"_s).toString(), u"web-1"_s);
    QCOMPARE(failed.value(u"error"_s).toString(), u"check: bad value"_s);
    QCOMPARE(second.value(u"unknown"_s).toArray().at(0).toMap().value(u"host"_s).toString(),
             u"web-2"_s);
    // What failed was another release.
    QVERIFY(m_stage->publish("v3", FleetStage::layer({{"a", "3"}})));
    const QCborMap third = stand("0000000000000003-0badcafe");
    QCOMPARE(third.value(u"failed"_s).toArray().size(), 0);
    QCOMPARE(third.value(u"waiting"_s).toInteger(), 1);
}

// ---- what is not needed any more

void tst_fleet::sweep_removesOrphansAlone()
{
    m_stage.reset();
    m_stage = std::make_unique<FleetStage>(FleetSweep::Times{60s, 10s, 1s, 1s});
    QVERIFY(m_stage->start());
    QVERIFY(m_stage->publish("v1", FleetStage::layer({{"a", "1"}})));
    const config::Hash orphan = config::Hash::of("orphan");
    const config::Hash young = config::Hash::of("young");
    QVERIFY(m_stage->put(objectPath(orphan, 0), "orphan"));
    m_stage->cluster().advance(45s);
    QVERIFY(m_stage->isThere(objectPath(orphan, 0)));
    QVERIFY(m_stage->put(objectPath(young, 0), "young"));
    m_stage->cluster().advance(40s);
    QVERIFY(!m_stage->isThere(objectPath(orphan, 0)));
    QVERIFY(m_stage->isThere(objectPath(young, 0)));
    m_stage->cluster().advance(60s);
    QVERIFY(!m_stage->isThere(objectPath(young, 0)));
    FleetAgent agent(*m_stage, "web-1");
    QVERIFY(agent.begin(1));
    QVERIFY(agent.apply("v1")); // all of what is live is there
}

void tst_fleet::metrics_count()
{
    QVERIFY(m_stage->publish("v1", FleetStage::layer({{"a", "1"}})));
    FleetAgent agent(*m_stage, "web-1");
    QVERIFY(agent.begin(1));
    QVERIFY(agent.apply("v1"));
    m_stage->cluster().advance(20s);
    const auto figure = [this](const QByteArray &name) {
        return m_stage->cluster().metric(1, "coffer_plugin_goconf_" + name);
    };
    QCOMPARE(figure("followers"), 1.0);
    QCOMPARE(figure("offers_total"), 1.0);
    QCOMPARE(figure("rendered_bundles_total"), 1.0);
    QCOMPARE(figure("reports_total{state=\"healthy\"}"), 1.0);
    QCOMPARE(figure("hosts{state=\"healthy\"}"), 1.0);
    QVERIFY(figure("fetched_bytes_total") > 0);
}

COFFER_TEST_MAIN(tst_fleet)
#include "tst_fleet.moc"
