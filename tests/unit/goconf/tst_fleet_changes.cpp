// SPDX-License-Identifier: Apache-2.0
#include "unit/goconf/fleet_stage.h"

#include "config/bundle.h"
#include "config/hash.h"
#include "config/origin_list.h"
#include "goconf/paths.h"
#include "goconf/records.h"
#include "testkit/main.h"

#include <memory>

using namespace coffer;
using namespace coffer::goconf;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

/// What hosts are, have and say changes while they follow.
class tst_fleet_changes : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup() { m_stage.reset(); }

    void report_isBookedOnWhatWasTried();
    void report_thatWasRemovedIsWrittenAgain();
    void heartbeat_waitsForWhatIsLive();
    void hostMoved_isOfferedWhatItsNewPlaceWants();
    void hostGrantedAgain_isAskedWhatItHas();
    void objectPutAgain_isYoungForTheSweep();
    void schema_isNoOrphanForTheSweep();
    void origins_areFetchedByTheRootThatIsOffered();
    void pages_haveEachHostOnce();

private:
    [[nodiscard]] rpc::Outcome call(int node, const QString &method, const QCborMap &params = {})
    {
        return m_stage->cluster().call(node, method, params);
    }
    [[nodiscard]] bool becomes(int node, const QByteArray &host, const QString &state)
    {
        return m_stage->runUntil([&] { return m_stage->state(node, host) == state; });
    }

    std::unique_ptr<FleetStage> m_stage;
};

void tst_fleet_changes::init()
{
    m_stage = std::make_unique<FleetStage>();
    const Result<void> started = m_stage->start();
    QVERIFY2(started, started ? "" : qPrintable(started.error().message));
}

/// A check of v2 that fails when v3 is live already is no failure of v3.
void tst_fleet_changes::report_isBookedOnWhatWasTried()
{
    QVERIFY(m_stage->publish("v1", FleetStage::layer({{"a", "1"}})));
    FleetAgent agent(*m_stage, "web-1");
    QVERIFY(agent.begin(1));
    QVERIFY(agent.apply("v1"));
    QVERIFY(m_stage->publish("v2", FleetStage::layer({{"a", "broken"}})));
    QVERIFY(agent.isOffered("v2"));
    const QCborMap second = agent.offers["shop"];
    QVERIFY(m_stage->publish("v3", FleetStage::layer({{"a", "3"}})));
    QVERIFY(agent.isOffered("v3"));
    QVERIFY(agent.report("failed", "version v2: bad value", second));
    QVERIFY(becomes(2, "web-1", u"failed"_s));
    QCborMap row = m_stage->row(2, "web-1");
    QCOMPARE(row.value(u"has"_s).toString(), u"v1"_s);
    QCOMPARE(row.value(u"tried"_s).toString(), u"v2"_s);
    QCOMPARE(row.value(u"wanted"_s).toString(), u"v3"_s);
    QVERIFY(!row.value(u"isTried"_s).toBool());
    const auto watched = m_stage->cluster().subscribe(
        2, u"goconf.converge"_s, {{u"release"_s, u"0000000000000003-0badcafe"_s}});
    m_stage->cluster().advance(1s);
    const auto events = m_stage->cluster().takeEvents(*watched);
    QVERIFY(!events.empty());
    QCOMPARE(events.back().toMap().value(u"waiting"_s).toInteger(), 1);
    QCOMPARE(events.back().toMap().value(u"failed"_s).toArray().size(), 0);
    QVERIFY(agent.report("failed", "version v3: too", agent.offers["shop"]));
    QVERIFY(m_stage->runUntil(
        [this] { return m_stage->row(2, "web-1").value(u"isTried"_s).toBool(); }));
    const QCborMap bad{{u"service"_s, u"shop"_s}, {u"version"_s, u"v1"_s}, {u"root"_s, QString()},
                       {u"state"_s, u"failed"_s}, {u"tried"_s, u"v1"_s},   {u"id"_s, u"../x"_s}};
    QCOMPARE(
        call(1, u"goconf.report"_s, {{u"ticket"_s, agent.ticket}, {u"reports"_s, QCborArray{bad}}})
            .error()
            .code,
        rpc::Code::invalidArgument);
}

void tst_fleet_changes::report_thatWasRemovedIsWrittenAgain()
{
    QVERIFY(m_stage->publish("v1", FleetStage::layer({{"a", "1"}})));
    FleetAgent agent(*m_stage, "web-1");
    QVERIFY(agent.begin(1));
    QVERIFY(agent.apply("v1"));
    QVERIFY(becomes(2, "web-1", u"healthy"_s));
    const QByteArray path = reportPath("shop", "sh001", "web-1");
    pluginapi::Store &store = m_stage->cluster().store(3);
    QVERIFY(m_stage->cluster().await(store.remove(path)));
    QVERIFY(becomes(2, "web-1", u"healthy"_s)); // from what its node knows
    QVERIFY(m_stage->cluster().await(store.remove(path)));
    QVERIFY(agent.report("held")); // and is the place for what it says next
    QVERIFY(becomes(2, "web-1", u"held"_s));
    QVERIFY(!agent.why());
    // With its host it goes for good, though another installation comes under that name.
    QVERIFY(call(3, u"goconf.host.remove"_s, {{u"host"_s, u"web-1"_s}}));
    FleetAgent other(*m_stage, "web-1", "installation-2");
    QVERIFY(other.begin(1));
    QCOMPARE(agent.why()->code, rpc::Code::denied);
    QVERIFY(becomes(2, "web-1", u"waiting"_s));
    QVERIFY(other.apply("v1"));
    QVERIFY(becomes(3, "web-1", u"healthy"_s));
}

/// "All is told" is not said while something is live that could not be rendered yet.
void tst_fleet_changes::heartbeat_waitsForWhatIsLive()
{
    QVERIFY(m_stage->publish("v1", FleetStage::layer({{"a", "1"}})));
    FleetAgent early(*m_stage, "web-1");
    QVERIFY(early.begin(1));
    QVERIFY(early.apply("v1"));
    QVERIFY(m_stage->roll("v2")); // there is no such version
    FleetAgent late(*m_stage, "web-2");
    QVERIFY(late.begin(1));
    m_stage->cluster().advance(25s);
    late.listen();
    QCOMPARE(late.heard, QStringList({u"welcome"_s, u"alive"_s, u"alive"_s}));
    QVERIFY(m_stage->publish("v2", FleetStage::layer({{"a", "2"}})));
    QVERIFY(late.isOffered("v2"));
    m_stage->cluster().advance(1s);
    late.listen();
    QCOMPARE(late.heard.mid(3), QStringList({u"offer v2"_s, u"heartbeat"_s}));
}

void tst_fleet_changes::hostMoved_isOfferedWhatItsNewPlaceWants()
{
    QVERIFY(m_stage->publish("v1", FleetStage::layer({{"a", "1"}})));
    FleetAgent agent(*m_stage, "web-1");
    QVERIFY(agent.begin(1));
    QVERIFY(agent.apply("v1"));
    QVERIFY(becomes(2, "web-1", u"healthy"_s));
    const qint64 since = m_stage->row(2, "web-1").value(u"since"_s).toInteger();
    m_stage->cluster().advance(5s);
    QVERIFY(call(3, u"goconf.host.set"_s, {{u"host"_s, u"web-1"_s}, {u"idc"_s, u"sh004"_s}}));
    // It has what is wanted there, and so is not offered it, and does not say it again.
    QVERIFY(m_stage->runUntil(
        [this] { return m_stage->row(2, "web-1").value(u"idc"_s).toString() == u"sh004"_s; }));
    QVERIFY(becomes(2, "web-1", u"healthy"_s));
    QCOMPARE(m_stage->row(2, "web-1").value(u"has"_s).toString(), u"v1"_s);
    QCOMPARE(m_stage->row(2, "web-1").value(u"since"_s).toInteger(), since);
    QVERIFY(!m_stage->isThere(reportPath("shop", "sh001", "web-1")));
    QVERIFY(m_stage->publish("v2", FleetStage::layer({{"a", "2"}})));
    QVERIFY(agent.apply("v2"));
    QVERIFY(m_stage->runUntil([this] {
        const QCborMap row = m_stage->row(2, "web-1");
        return row.value(u"has"_s).toString() == u"v2"_s
               && row.value(u"root"_s) == row.value(u"wantedRoot"_s);
    }));
    QVERIFY(m_stage->isThere(reportPath("shop", "sh004", "web-1")));
    agent.leave();
    m_stage->cluster().advance(35s);
    QCOMPARE(m_stage->state(3, "web-1"), u"offline"_s);
    QVERIFY(!m_stage->isThere(reportPath("shop", "sh001", "web-1")));
}

/// What it said of a service went when that was taken from it; it has it still.
void tst_fleet_changes::hostGrantedAgain_isAskedWhatItHas()
{
    QVERIFY(m_stage->put(servicePath("pay"), ServiceRecord{}.toJson()));
    QVERIFY(m_stage->publish("v1", FleetStage::layer({{"a", "1"}})));
    FleetAgent agent(*m_stage, "web-1");
    QVERIFY(agent.begin(1));
    QVERIFY(agent.apply("v1"));
    const QString ticket = agent.ticket;
    for (const QString &services : {u"pay"_s, u"shop"_s}) {
        QVERIFY(call(2, u"goconf.host.set"_s,
                     {{u"host"_s, u"web-1"_s}, {u"services"_s, QCborArray{services}}}));
        agent.heard.clear();
        QVERIFY(m_stage->runUntil([&] {
            agent.listen();
            return agent.heard.contains(u"welcome"_s);
        }));
    }
    QCOMPARE(agent.ticket, ticket);
    QVERIFY(agent.report("healthy")); // which a welcome asks for
    QVERIFY(becomes(2, "web-1", u"healthy"_s));
}

/// A draft that is about to name what was uploaded long ago, and now again.
void tst_fleet_changes::objectPutAgain_isYoungForTheSweep()
{
    m_stage.reset();
    m_stage = std::make_unique<FleetStage>(FleetSweep::Times{60s, 10s, 1s, 1s});
    QVERIFY(m_stage->start());
    const QByteArray bytes = "server { }";
    const config::Hash hash = config::Hash::of(bytes);
    const QCborMap object{{u"hash"_s, QString::fromUtf8(hash.hex())},
                          {u"piece"_s, 0},
                          {u"pieces"_s, 1},
                          {u"bytes"_s, bytes}};
    const auto isNew = [&] {
        const rpc::Outcome answer = call(1, u"goconf.object.put"_s, object);
        return answer && answer->toMap().value(u"stored"_s).toBool();
    };
    QVERIFY(isNew());
    m_stage->cluster().advance(50s);
    QVERIFY(!isNew());
    m_stage->cluster().advance(50s);
    QVERIFY(m_stage->isThere(objectPath(hash, 0)));
    const QCborMap file{{u"op"_s, u"file"_s},
                        {u"path"_s, u"web.conf"_s},
                        {u"object"_s, QString::fromUtf8(hash.hex())},
                        {u"bytes"_s, bytes.size()}};
    const rpc::Outcome edited = call(2, u"goconf.draft.edit"_s,
                                     {{u"service"_s, u"shop"_s}, {u"edits"_s, QCborArray{file}}});
    QVERIFY2(edited, edited ? "" : qPrintable(edited.error().message));
    m_stage->cluster().advance(120s);
    QVERIFY(m_stage->isThere(objectPath(hash, 0))); // the draft needs it
    QVERIFY(call(2, u"goconf.draft.discard"_s, {{u"service"_s, u"shop"_s}}));
    m_stage->cluster().advance(30s);
    QVERIFY(!m_stage->isThere(objectPath(hash, 0)));
}

void tst_fleet_changes::schema_isNoOrphanForTheSweep()
{
    m_stage.reset();
    m_stage = std::make_unique<FleetStage>(FleetSweep::Times{60s, 10s, 1s, 1s});
    QVERIFY(m_stage->start());
    const QByteArray text = R"({"type":"object"})";
    const QByteArray object = objectPath(config::Hash::of(text), 0);
    QVERIFY(call(1, u"goconf.schema.set"_s,
                 {{u"service"_s, u"shop"_s}, {u"schema"_s, QString::fromUtf8(text)}}));
    m_stage->cluster().advance(120s);
    QVERIFY(m_stage->isThere(object));
    QVERIFY(call(2, u"goconf.schema.remove"_s, {{u"service"_s, u"shop"_s}}));
    m_stage->cluster().advance(30s);
    QVERIFY(!m_stage->isThere(object));
}

void tst_fleet_changes::origins_areFetchedByTheRootThatIsOffered()
{
    QVERIFY(m_stage->publish("v1", FleetStage::layer({{"a", "1"}})));
    FleetAgent agent(*m_stage, "web-1");
    QVERIFY(agent.begin(1));
    QVERIFY(agent.isOffered("v1"));
    QCborMap params{{u"ticket"_s, agent.ticket},
                    {u"service"_s, u"shop"_s},
                    {u"root"_s, agent.offers["shop"].value(u"root"_s)},
                    {u"what"_s, u"origins"_s}};
    const rpc::Outcome piece = call(1, u"goconf.fetch"_s, params);
    QVERIFY2(piece, piece ? "" : qPrintable(piece.error().message));
    const QCborMap map = piece->toMap();
    const QByteArray packed = map.value(u"packed"_s).toByteArray();
    QCOMPARE(map.value(u"total"_s).toInteger(), packed.size());
    const Result<QByteArray> bytes =
        config::unpack(packed, QByteArray(), config::OriginList::bytesMax);
    QVERIFY(bytes);
    const Result<config::OriginList> list = config::decodeOrigins(*bytes);
    QVERIFY(list);
    QVERIFY(!list->items.empty());
    for (const config::OriginList::Item &item : list->items)
        QCOMPARE(list->levels[item.level].name, QByteArray("_all"));
    QCOMPARE(list->levels.front().version, QByteArray("v1"));
    params.insert(u"root"_s, QString(64, u'0'));
    QCOMPARE(call(1, u"goconf.fetch"_s, params).error().code, rpc::Code::notFound);
    params.insert(u"what"_s, u"everything"_s);
    QCOMPARE(call(1, u"goconf.fetch"_s, params).error().code, rpc::Code::invalidArgument);
}

/// "-" and "." stand before "/", which parts the host from the service in a place.
void tst_fleet_changes::pages_haveEachHostOnce()
{
    for (const char *host : {"web", "web-1", "web.a", "web1"})
        QVERIFY(!m_stage->enroll(host).isEmpty());
    m_stage->cluster().advance(1s);
    QStringList seen;
    QCborMap params{{u"limit"_s, 1}};
    for (bool hasMore = true; hasMore && seen.size() < 10;) {
        const rpc::Outcome page = call(1, u"goconf.fleet"_s, params);
        QVERIFY(page);
        const QCborMap row = page->toMap().value(u"hosts"_s).toArray().at(0).toMap();
        seen.append(row.value(u"host"_s).toString());
        params.insert(u"after"_s, seen.last() + u"/shop"_s);
        hasMore = page->toMap().value(u"more"_s).toBool();
    }
    QCOMPARE(seen, QStringList({u"web"_s, u"web-1"_s, u"web.a"_s, u"web1"_s}));
}

COFFER_TEST_MAIN(tst_fleet_changes)
#include "tst_fleet_changes.moc"
