// SPDX-License-Identifier: Apache-2.0
#include "unit/goconf/fleet_stage.h"

#include "goconf/paths.h"
#include "testkit/main.h"

#include <memory>

using namespace coffer;
using namespace coffer::goconf;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

/// What hosts get while some of them try a version: web-1 and till-1 do, web-2, web-3 and till-2 do
/// not; webs are in sh001, tills in sh004.
class tst_fleet_canary : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup();

    void canary_isOfferedToItsHostsAlone();
    void canary_thatFailsIsSeen();
    void abandon_takesItsHostsBack();
    void replace_offersTheNextOne();
    void offlineHost_getsWhatIsRightWhenItComes();
    void hostThatMovesOrGoes_leavesTheTrial();
    void otherNode_offersTheSame();

private:
    [[nodiscard]] rpc::Outcome call(const QString &method, const QCborMap &params = {},
                                    int node = 1)
    {
        return m_stage->cluster().call(node, u"goconf."_s + method, params);
    }
    [[nodiscard]] bool edit(const QByteArray &value);
    [[nodiscard]] rpc::Outcome release(const QCborMap &more = {});
    /// Edits, and lets web-1 and till-1 try it; the id of the release.
    [[nodiscard]] QString tryOut(const QByteArray &value, const QCborMap &more = {});
    /// "v2 v1 v1 v2 v1": what is wanted of each, as goconf.fleet says.
    [[nodiscard]] QString wanted(int node = 2);
    /// The same of what they were offered last, after a while.
    [[nodiscard]] QString offered();
    /// "web-1 healthy, till-1 waiting".
    [[nodiscard]] QString trial(int node = 3);
    [[nodiscard]] bool applyAll(const QByteArray &version);
    [[nodiscard]] QCborMap stand(const QCborMap &params);

    std::unique_ptr<FleetStage> m_stage;
    std::vector<FleetAgent> m_agents;
};

static const QByteArrayList names{"web-1", "web-2", "web-3", "till-1", "till-2"};

void tst_fleet_canary::init()
{
    m_stage = std::make_unique<FleetStage>();
    const Result<void> started = m_stage->start();
    QVERIFY2(started, started ? "" : qPrintable(started.error().message));
    QVERIFY(edit("1"));
    QVERIFY(release());
    m_agents.reserve(5);
    int node = 0;
    for (const QByteArray &name : names) {
        FleetAgent &agent = m_agents.emplace_back(*m_stage, name);
        node = node % 3 + 1;
        QVERIFY(
            agent.join(node, m_stage->enroll(name, name.startsWith("web") ? "sh001" : "sh004")));
        QVERIFY(agent.follow(node));
    }
    QVERIFY(applyAll("v1"));
}

void tst_fleet_canary::cleanup()
{
    m_agents.clear();
    m_stage.reset();
}

bool tst_fleet_canary::edit(const QByteArray &value)
{
    const QCborMap output{
        {u"op"_s, u"output"_s}, {u"path"_s, u"shop.conf"_s}, {u"format"_s, u"goconf"_s}};
    const QCborMap set{{u"op"_s, u"set"_s},
                       {u"section"_s, u"core"_s},
                       {u"key"_s, u"a"_s},
                       {u"value"_s, QString::fromUtf8(value)}};
    return call(u"draft.edit"_s, {{u"service"_s, u"shop"_s}, {u"edits"_s, QCborArray{output, set}}})
        .has_value();
}

rpc::Outcome tst_fleet_canary::release(const QCborMap &more)
{
    QCborMap params{{u"targets"_s, QCborArray{QCborMap{{u"service"_s, u"shop"_s}}}},
                    {u"message"_s, u"why"_s}};
    for (const auto &member : more)
        params.insert(member.first, member.second);
    return call(u"publish"_s, params, 2);
}

QString tst_fleet_canary::tryOut(const QByteArray &value, const QCborMap &more)
{
    QCborMap params = more;
    if (!params.contains(u"canary"_s))
        params.insert(u"canary"_s, QCborArray{u"web-1"_s, u"till-1"_s});
    if (!edit(value))
        return u"not edited"_s;
    const rpc::Outcome done = release(params);
    return done ? done->toMap().value(u"id"_s).toString() : done.error().message;
}

QString tst_fleet_canary::wanted(int node)
{
    QStringList texts;
    for (const QByteArray &name : names)
        texts += m_stage->row(node, name).value(u"wanted"_s).toString();
    return texts.join(u' ');
}

QString tst_fleet_canary::offered()
{
    m_stage->cluster().advance(2s);
    QStringList texts;
    for (FleetAgent &agent : m_agents) {
        agent.listen();
        texts += agent.offers["shop"].value(u"version"_s).toString();
    }
    return texts.join(u' ');
}

QString tst_fleet_canary::trial(int node)
{
    const rpc::Outcome all = call(u"canary.list"_s, {}, node);
    if (!all)
        return all.error().message;
    QStringList texts;
    const QCborMap first = all->toMap().value(u"candidates"_s).toArray().at(0).toMap();
    for (const QCborValue value : first.value(u"hosts"_s).toArray()) {
        const QCborMap host = value.toMap();
        texts += host.value(u"host"_s).toString() + u' ' + host.value(u"state"_s).toString();
    }
    return texts.join(u", "_s);
}

bool tst_fleet_canary::applyAll(const QByteArray &version)
{
    return std::all_of(m_agents.begin(), m_agents.end(),
                       [&version](FleetAgent &agent) { return agent.apply(version); });
}

/// The last that goconf.converge tells within a while.
QCborMap tst_fleet_canary::stand(const QCborMap &params)
{
    const auto watched = m_stage->cluster().subscribe(2, u"goconf.converge"_s, params);
    if (!watched)
        return {};
    m_stage->cluster().advance(2s);
    const auto events = m_stage->cluster().takeEvents(*watched);
    return events.empty() ? QCborMap() : events.back().toMap();
}

// ---- the way it is meant

void tst_fleet_canary::canary_isOfferedToItsHostsAlone()
{
    const QString id = tryOut("2");
    QCOMPARE(offered(), u"v2 v1 v1 v2 v1"_s);
    QCOMPARE(wanted(), u"v2 v1 v1 v2 v1"_s);
    QCOMPARE(trial(), u"web-1 waiting, till-1 waiting"_s);
    QCOMPARE(stand({{u"release"_s, id}}).value(u"total"_s).toInteger(), 2);
    QVERIFY(m_agents[0].apply("v2"));
    QVERIFY(m_agents[0].bundle.contains("a 2"));
    QVERIFY(m_agents[3].apply("v2"));
    QVERIFY(m_stage->runUntil([this] { return trial() == u"web-1 healthy, till-1 healthy"_s; }));
    const QCborMap done = stand({{u"release"_s, id}});
    QCOMPARE(done.value(u"healthy"_s).toInteger(), 2);
    QVERIFY(done.value(u"isDone"_s).toBool());
    QVERIFY(stand({{u"service"_s, u"shop"_s}}).value(u"isDone"_s).toBool()); // the others too
    QVERIFY(call(u"canary.promote"_s, {{u"service"_s, u"shop"_s}}, 3));
    QVERIFY(applyAll("v2"));
    QCOMPARE(wanted(), u"v2 v2 v2 v2 v2"_s);
    QCOMPARE(trial(), QString());
    QVERIFY(stand({{u"service"_s, u"shop"_s}}).value(u"isDone"_s).toBool());
}

void tst_fleet_canary::canary_thatFailsIsSeen()
{
    const QString id = tryOut("broken");
    QVERIFY(m_agents[3].apply("v2"));
    QVERIFY(m_agents[0].isOffered("v2"));
    QVERIFY(m_agents[0].report("failed", "check: no", m_agents[0].offers["shop"]));
    QVERIFY(m_stage->runUntil([this] { return trial() == u"web-1 failed, till-1 healthy"_s; }));
    const QCborMap stood = stand({{u"release"_s, id}});
    QVERIFY(stood.value(u"isSettled"_s).toBool() && !stood.value(u"isDone"_s).toBool());
    const QCborMap failed = stood.value(u"failed"_s).toArray().at(0).toMap();
    QCOMPARE(failed.value(u"host"_s).toString(), u"web-1"_s);
    QCOMPARE(failed.value(u"error"_s).toString(), u"check: no"_s);
    const QCborMap row = m_stage->row(2, "web-1");
    QCOMPARE(row.value(u"has"_s).toString(), u"v1"_s);
    QCOMPARE(row.value(u"tried"_s).toString(), u"v2"_s);
    QVERIFY(row.value(u"isTried"_s).toBool());
    QVERIFY(!release()); // the others are safe from it
    QCOMPARE(offered(), u"v2 v1 v1 v2 v1"_s);
    QVERIFY(call(u"canary.abandon"_s, {{u"service"_s, u"shop"_s}}));
    QVERIFY(m_agents[0].isOffered("v1"));
    QVERIFY(m_agents[3].apply("v1"));
}

void tst_fleet_canary::abandon_takesItsHostsBack()
{
    (void)tryOut("2");
    QVERIFY(m_agents[0].apply("v2"));
    QVERIFY(call(u"canary.abandon"_s, {{u"service"_s, u"shop"_s}}));
    QCOMPARE(offered(), u"v1 v1 v1 v1 v1"_s);
    QCOMPARE(wanted(), u"v1 v1 v1 v1 v1"_s);
    QVERIFY(m_agents[0].apply("v1"));
    QVERIFY(m_agents[0].bundle.contains("a 1"));
    QVERIFY(m_agents[3].apply("v1"));
    QVERIFY(stand({{u"service"_s, u"shop"_s}}).value(u"isDone"_s).toBool());
    // Whoever tried it once is like all others.
    QVERIFY(release());
    QVERIFY(applyAll("v3"));
}

void tst_fleet_canary::replace_offersTheNextOne()
{
    (void)tryOut("2");
    QCOMPARE(offered(), u"v2 v1 v1 v2 v1"_s);
    (void)tryOut("3", {{u"replace"_s, true}, {u"canary"_s, QCborArray{u"web-1"_s, u"web-2"_s}}});
    QCOMPARE(offered(), u"v3 v3 v1 v1 v1"_s);
    QCOMPARE(wanted(), u"v3 v3 v1 v1 v1"_s);
    QVERIFY(m_agents[1].apply("v3"));
    QVERIFY(m_stage->runUntil([this] { return trial() == u"web-1 waiting, web-2 healthy"_s; }));
}

// ---- hosts that change

void tst_fleet_canary::offlineHost_getsWhatIsRightWhenItComes()
{
    m_agents[0].leave();
    m_agents[3].leave();
    (void)tryOut("2");
    m_stage->cluster().advance(40s);
    QCOMPARE(trial(), u"web-1 offline, till-1 offline"_s);
    m_agents[0].offers.clear();
    QVERIFY(m_agents[0].follow(2));
    QVERIFY(m_agents[0].apply("v2"));
    QVERIFY(m_stage->runUntil([this] { return trial() == u"web-1 healthy, till-1 offline"_s; }));
    QVERIFY(call(u"canary.abandon"_s, {{u"service"_s, u"shop"_s}}));
    m_agents[3].offers.clear();
    QVERIFY(m_agents[3].follow(2));
    QVERIFY(m_agents[3].isOffered("v1"));
}

void tst_fleet_canary::hostThatMovesOrGoes_leavesTheTrial()
{
    (void)tryOut("2");
    QVERIFY(m_agents[0].apply("v2"));
    QVERIFY(call(u"host.set"_s, {{u"host"_s, u"web-1"_s}, {u"idc"_s, u"sh004"_s}}));
    QVERIFY(m_agents[0].apply("v1")); // what is live there
    QVERIFY(call(u"host.remove"_s, {{u"host"_s, u"till-1"_s}}));
    QVERIFY(m_stage->runUntil([this] { return trial() == u"web-1 gone, till-1 gone"_s; }));
    QVERIFY(call(u"canary.promote"_s, {{u"service"_s, u"shop"_s}}));
    QVERIFY(m_agents[0].apply("v2"));
    QVERIFY(m_agents[4].apply("v2"));
    for (const QByteArray &name : {names[0], names[4]}) {
        QVERIFY(m_stage->runUntil([&] {
            return m_stage->row(2, name).value(u"has"_s).toString() == u"v2"_s
                   && m_stage->state(2, name) == u"healthy"_s;
        }));
    }
}

/// The node of a host dies, or all of them: what is tried is in the store.
void tst_fleet_canary::otherNode_offersTheSame()
{
    (void)tryOut("2");
    QVERIFY(m_agents[0].apply("v2")); // at node 1
    m_stage->cluster().kill(1);
    m_stage->cluster().advance(15s);
    QCOMPARE(trial(), u"web-1 unknown, till-1 unknown"_s); // which were both there
    m_agents[0].offers.clear();
    QVERIFY(m_agents[0].follow(3));
    QVERIFY(m_agents[0].isOffered("v2"));
    QVERIFY(m_agents[0].report("healthy"));
    QVERIFY(m_stage->runUntil([this] { return trial() == u"web-1 healthy, till-1 unknown"_s; }));
}

COFFER_TEST_MAIN(tst_fleet_canary)
#include "tst_fleet_canary.moc"
