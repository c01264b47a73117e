// SPDX-License-Identifier: Apache-2.0
#include "goconf/goconf_plugin.h"
#include "goconf/records.h"
#include "testkit/cluster.h"
#include "testkit/main.h"
#include "testkit/virtual_loop.h"

#include <QCborArray>
#include <QJsonDocument>

#include <memory>

using namespace coffer;
using namespace coffer::testkit;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

using rpc::Code;

/// Configuration on three nodes: what people do.
class tst_goconf : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup() { m_cluster.reset(); }

    void example2_twoEditorsOfDifferentKeysBothSurvive();
    void example2_twoEditorsOfOneKeyTheSecondGetsAConflict();
    void example3_aLeadingBlankInGoconfIsRefusedWithThePath();
    void example4_diffOfTwoIdcsShowsExactlyTheChangedKeysWithComments();
    void example6_byIdcIsTakenBackAsOneAndTheAuditShowsThreeRecords();

    void publish_refusesWithNothingPending();
    void publish_refusesAStaleBase();
    void publish_twoServicesInOneReleaseOrNeither();
    void publish_dryRunChangesNothing();
    void publish_manyHostsNeedTheirNumber();
    void publish_collidesWithWhatWasPublishedSince();
    void publish_isThereOrNotWhenTheLeaderDies();
    void publish_ofAHundredThousandKeys();
    void publish_refusesAnEntryThatIsTooLarge();
    void byIdc_leavesIdcsThatFollowTheBaseLayerWhereTheyAre();
    void byIdc_refusesToGoOnAfterAnotherRelease();
    void ownLayer_winsAndMovesItsIdcAlone();
    void rollback_movesPointersAndUndoComesBack();
    void edit_isAllOrNothing();
    void edit_backToLiveRemovesThePendingChange();
    void edit_ofAFileSplicesOneLine();
    void discard_dropsSomeOrAll();
    void remove_refusesWhatIsInUse();
    void rest_rendersWithAnETagAndWaits();
    void badInput_isRefused_data();
    void badInput_isRefused();

private:
    [[nodiscard]] rpc::Outcome call(const QString &method, const QCborMap &params, int node = 1);
    /// An edit of one key, as \a who.
    [[nodiscard]] rpc::Outcome set(const QString &key, const QString &value,
                                   const QString &who = u"ann"_s, const QString &scope = u"_all"_s);
    [[nodiscard]] rpc::Outcome publish(const QString &message, QCborMap more = {});
    void setUp();
    /// The version that is live in a scope; "" if it has none of its own.
    [[nodiscard]] QString live(const QString &scope, const QString &service = u"shop"_s,
                               int node = 1);
    [[nodiscard]] QByteArray stored(const QByteArray &path);
    [[nodiscard]] qsizetype releases(int node = 1);
    void addHosts(int count, const QByteArray &idc);

    std::unique_ptr<Cluster> m_cluster;
};

void tst_goconf::init()
{
    m_cluster = std::make_unique<Cluster>();
    m_cluster->addPlugin<goconf::GoconfPlugin>(QStringLiteral(COFFER_PLUGIN_JSON));
    const Result<void> started = m_cluster->start();
    QVERIFY2(started, started ? "" : qPrintable(started.error().message));
    setUp();
}

static QString why(const rpc::Outcome &outcome)
{
    return outcome ? u"(done)"_s
                   : QLatin1String(rpc::nameOf(outcome.error().code)) + u": "_s
                         + outcome.error().message;
}
#define DONE(outcome) \
    do { \
        const rpc::Outcome &outcomeOf = (outcome); \
        QVERIFY2(outcomeOf, qPrintable(why(outcomeOf))); \
    } while (false)
#define FAILS(outcome, expected) \
    do { \
        const rpc::Outcome &outcomeOf = (outcome); \
        QVERIFY(!outcomeOf); \
        QVERIFY2(outcomeOf.error().code == (expected), qPrintable(why(outcomeOf))); \
    } while (false)

rpc::Outcome tst_goconf::call(const QString &method, const QCborMap &params, int node)
{
    return m_cluster->callAs(node, {u"anonymous"_s, {}, u"192.0.2.1:5"_s}, u"goconf."_s + method,
                             params);
}

rpc::Outcome tst_goconf::set(const QString &key, const QString &value, const QString &who,
                             const QString &scope)
{
    const QCborMap edit{
        {u"op"_s, u"set"_s}, {u"section"_s, u"core"_s}, {u"key"_s, key}, {u"value"_s, value}};
    return call(u"draft.edit"_s, {{u"service"_s, u"shop"_s},
                                  {u"scope"_s, scope},
                                  {u"as"_s, who},
                                  {u"edits"_s, QCborArray{edit}}});
}

rpc::Outcome tst_goconf::publish(const QString &message, QCborMap more)
{
    if (!more.contains(u"targets"_s))
        more.insert(u"targets"_s, QCborArray{QCborMap{{u"service"_s, u"shop"_s}}});
    more.insert(u"message"_s, message);
    return call(u"publish"_s, more);
}

/// A service with an output, and two IDCs.
void tst_goconf::setUp()
{
    DONE(call(u"service.create"_s, {{u"service"_s, u"shop"_s}}));
    for (const QString &idc : {u"sh001"_s, u"bj001"_s})
        DONE(call(u"idc.create"_s, {{u"idc"_s, idc}}));
    const QCborMap output{
        {u"op"_s, u"output"_s}, {u"path"_s, u"shop.conf"_s}, {u"format"_s, u"goconf"_s}};
    DONE(call(u"draft.edit"_s,
              {{u"service"_s, u"shop"_s}, {u"as"_s, u"ann"_s}, {u"edits"_s, QCborArray{output}}}));
    DONE(set(u"timeout"_s, u"2s"_s));
    DONE(publish(u"first"_s));
}

// ---- spec, acceptance examples

void tst_goconf::example2_twoEditorsOfDifferentKeysBothSurvive()
{
    DONE(set(u"timeout"_s, u"3s"_s, u"ann"_s));
    DONE(set(u"listen"_s, u"0.0.0.0:80"_s, u"bob"_s));
    const rpc::Outcome done = publish(u"both"_s);
    DONE(done);
    QCOMPARE(done->toMap().value(u"versions"_s).toMap().value(u"shop"_s).toString(), u"v2"_s);
    const QString diff =
        done->toMap().value(u"blast"_s).toArray().at(0).toMap().value(u"diff"_s).toString();
    QVERIFY2(diff.contains(u"+timeout 3s"_s) && diff.contains(u"+listen 0.0.0.0:80"_s),
             qPrintable(diff));
}

void tst_goconf::example2_twoEditorsOfOneKeyTheSecondGetsAConflict()
{
    DONE(set(u"timeout"_s, u"3s"_s, u"ann"_s));
    const rpc::Outcome second = set(u"timeout"_s, u"4s"_s, u"bob"_s);
    FAILS(second, Code::conflict);
    const QCborMap both = second.error().details.value(u"conflicts"_s).toArray().at(0).toMap();
    QCOMPARE(both.value(u"place"_s).toString(), u"core/timeout"_s);
    QCOMPARE(both.value(u"by"_s).toString(), u"ann"_s);
    QCOMPARE(both.value(u"theirs"_s).toMap().value(u"value"_s).toString(), u"3s"_s);
    QCOMPARE(both.value(u"yours"_s).toMap().value(u"value"_s).toString(), u"4s"_s);
    QCOMPARE(both.value(u"base"_s).toMap().value(u"value"_s).toString(), u"2s"_s);
}

void tst_goconf::example3_aLeadingBlankInGoconfIsRefusedWithThePath()
{
    DONE(set(u"motd"_s, u" x"_s));
    const rpc::Outcome refused = publish(u"blank"_s);
    FAILS(refused, Code::invalidArgument);
    const QCborArray faults = refused.error().details.value(u"faults"_s).toArray();
    QVERIFY(!faults.isEmpty());
    QVERIFY2(faults.at(0).toMap().value(u"message"_s).toString().contains(u"core/motd"_s)
                 || faults.at(0).toMap().value(u"place"_s).toString() == u"core/motd",
             qPrintable(why(refused)));
}

// ---- helpers

QString tst_goconf::live(const QString &scope, const QString &service, int node)
{
    const rpc::Outcome all = call(u"service.list"_s, {}, node);
    if (!all)
        return why(all);
    for (const QCborValue one : all->toMap().value(u"services"_s).toArray()) {
        if (one.toMap().value(u"service"_s).toString() != service)
            continue;
        for (const QCborValue of : one.toMap().value(u"scopes"_s).toArray()) {
            if (of.toMap().value(u"scope"_s).toString() == scope)
                return of.toMap().value(u"current"_s).toString();
        }
    }
    return {};
}

QByteArray tst_goconf::stored(const QByteArray &path)
{
    const auto file = m_cluster->await(m_cluster->store(2).get(path));
    return file && *file ? (*file)->value : QByteArray();
}

qsizetype tst_goconf::releases(int node)
{
    const rpc::Outcome all = call(u"history"_s, {}, node);
    return all ? all->toMap().value(u"releases"_s).toArray().size() : -1;
}

void tst_goconf::addHosts(int count, const QByteArray &idc)
{
    for (int i = 0; i < count; ++i) {
        const goconf::HostRecord host{idc, {"shop"}, {}, "", {"ann", WallMs(1)}, {}, WallMs(0), {}};
        const QByteArray path = "/config/_host/web-" + idc + QByteArray::number(i);
        QVERIFY(m_cluster->await(m_cluster->store(1).put(path, host.toJson())));
    }
}

static QCborMap target(const QString &service, const QString &scope = u"_all"_s)
{
    return {{u"service"_s, service}, {u"scope"_s, scope}};
}

static QString textIn(const rpc::Outcome &outcome, const QString &member)
{
    return outcome ? outcome->toMap().value(member).toString() : why(outcome);
}

// ---- spec, acceptance examples, again

void tst_goconf::example4_diffOfTwoIdcsShowsExactlyTheChangedKeysWithComments()
{
    QCborMap edit{{u"op"_s, u"set"_s},
                  {u"section"_s, u"core"_s},
                  {u"key"_s, u"timeout"_s},
                  {u"value"_s, u"9s"_s},
                  {u"comment"_s, u"rpc"_s}};
    DONE(call(u"draft.edit"_s, {{u"service"_s, u"shop"_s}, {u"edits"_s, QCborArray{edit}}}));
    DONE(publish(u"A alone"_s, {{u"idcs"_s, QCborArray{u"sh001"_s}}}));
    QCOMPARE(live(u"sh001"_s), u"v2"_s);
    QCOMPARE(live(u"bj001"_s), u"v1"_s);
    const rpc::Outcome diff = call(u"diff"_s, {{u"service"_s, u"shop"_s},
                                               {u"from"_s, QCborMap{{u"scope"_s, u"bj001"_s}}},
                                               {u"to"_s, QCborMap{{u"scope"_s, u"sh001"_s}}}});
    DONE(diff);
    const QCborArray differences = diff->toMap().value(u"differences"_s).toArray();
    QCOMPARE(differences.size(), 1);
    const QCborMap one = differences.at(0).toMap();
    QCOMPARE(one.value(u"place"_s).toString(), u"core/timeout"_s);
    QCOMPARE(one.value(u"before"_s).toMap().value(u"value"_s).toString(), u"2s"_s);
    QCOMPARE(one.value(u"after"_s).toMap().value(u"value"_s).toString(), u"9s"_s);
    QCOMPARE(one.value(u"comment"_s).toString(), u"rpc"_s);
    QCOMPARE(diff->toMap().value(u"text"_s).toArray().size(), 1);
}

void tst_goconf::example6_byIdcIsTakenBackAsOneAndTheAuditShowsThreeRecords()
{
    DONE(call(u"idc.create"_s, {{u"idc"_s, u"gz001"_s}}));
    const qsizetype before = releases();
    DONE(set(u"timeout"_s, u"7s"_s));
    const rpc::Outcome first = publish(u"one by one"_s, {{u"idcs"_s, QCborArray{u"sh001"_s}}});
    DONE(first);
    const QString change = textIn(first, u"change"_s);
    const rpc::Outcome second =
        publish(u"one by one"_s, {{u"idcs"_s, QCborArray{u"bj001"_s}}, {u"change"_s, change}});
    DONE(second);
    QCOMPARE(second->toMap().value(u"versions"_s).toMap().value(u"shop"_s).toString(), u"v2"_s);
    QCOMPARE(live(u"sh001"_s), u"v2"_s);
    QCOMPARE(live(u"bj001"_s), u"v2"_s);
    QCOMPARE(live(u"gz001"_s), u"v1"_s); // untouched
    DONE(call(u"rollback"_s,
              {{u"service"_s, u"shop"_s}, {u"change"_s, change}, {u"message"_s, u"no"_s}}));
    for (const QString &scope : {u"_all"_s, u"sh001"_s, u"bj001"_s, u"gz001"_s})
        QCOMPARE(live(scope), u"v1"_s);
    QCOMPARE(releases(), before + 3);
    const rpc::Outcome audit = call(u"history"_s, {{u"limit"_s, 3}});
    DONE(audit);
    for (const QCborValue one : audit->toMap().value(u"releases"_s).toArray())
        QCOMPARE(one.toMap().value(u"change"_s).toString(), change);
}

// ---- publish

void tst_goconf::publish_refusesWithNothingPending()
{
    const qsizetype before = releases();
    FAILS(publish(u"nothing"_s), Code::refused);
    QCOMPARE(releases(), before);
}

void tst_goconf::publish_refusesAStaleBase()
{
    DONE(set(u"timeout"_s, u"3s"_s));
    const QCborMap stale{{u"expected"_s, QCborMap{{u"shop@_all"_s, u"v7"_s}}}};
    const rpc::Outcome refused = publish(u"stale"_s, stale);
    FAILS(refused, Code::conflict);
    QCOMPARE(refused.error().details.value(u"expected"_s).toMap().value(u"shop@_all"_s).toString(),
             u"v1"_s);
    QCOMPARE(live(u"_all"_s), u"v1"_s);
    DONE(publish(u"right"_s, {{u"expected"_s, QCborMap{{u"shop@_all"_s, u"v1"_s}}}}));
}

void tst_goconf::publish_twoServicesInOneReleaseOrNeither()
{
    DONE(call(u"service.create"_s, {{u"service"_s, u"pay"_s}}));
    DONE(set(u"timeout"_s, u"3s"_s));
    const QCborMap edit{{u"op"_s, u"set"_s},
                        {u"section"_s, u"core"_s},
                        {u"key"_s, u"port"_s},
                        {u"type"_s, u"int"_s},
                        {u"value"_s, u"80"_s}};
    DONE(call(u"draft.edit"_s, {{u"service"_s, u"pay"_s}, {u"edits"_s, QCborArray{edit}}}));
    const QCborArray targets{target(u"shop"_s), target(u"pay"_s)};
    FAILS(
        publish(u"x"_s, {{u"targets"_s, targets}, {u"expected"_s, QCborMap{{u"pay"_s, u"v3"_s}}}}),
        Code::conflict);
    QCOMPARE(live(u"_all"_s), u"v1"_s);
    const rpc::Outcome done = publish(u"both"_s, {{u"targets"_s, targets}});
    DONE(done);
    QCOMPARE(live(u"_all"_s), u"v2"_s);
    QCOMPARE(live(u"_all"_s, u"pay"_s), u"v1"_s);
    const rpc::Outcome shown = call(u"show"_s, {{u"release"_s, textIn(done, u"release"_s)}});
    DONE(shown);
    QCOMPARE(shown->toMap().value(u"services"_s).toArray().size(), 2);
}

void tst_goconf::publish_dryRunChangesNothing()
{
    DONE(set(u"timeout"_s, u"3s"_s));
    const qsizetype before = releases();
    const auto files = [this] {
        const store::Question question = store::List{"/config"};
        const auto reply = m_cluster->await(m_cluster->store(1).read(question));
        return reply ? reply->files : std::vector<store::FileView>();
    };
    const std::vector<store::FileView> were = files();
    const rpc::Outcome dry = publish(u"dry"_s, {{u"dryRun"_s, true}});
    DONE(dry);
    QVERIFY(dry->toMap().value(u"dryRun"_s).toBool());
    QCOMPARE(dry->toMap().value(u"blast"_s).toArray().size(), 2);
    QVERIFY(!were.empty() && files() == were);
    QCOMPARE(releases(), before);
}

void tst_goconf::publish_manyHostsNeedTheirNumber()
{
    addHosts(15, "sh001");
    addHosts(6, "bj001");
    DONE(set(u"timeout"_s, u"3s"_s));
    const rpc::Outcome refused = publish(u"many"_s);
    FAILS(refused, Code::refused);
    QVERIFY2(refused.error().message.contains(u"21"_s), qPrintable(why(refused)));
    FAILS(publish(u"many"_s, {{u"yes"_s, 20}}), Code::refused);
    QCOMPARE(live(u"_all"_s), u"v1"_s);
    const rpc::Outcome done = publish(u"many"_s, {{u"yes"_s, 21}});
    DONE(done);
    QCOMPARE(done->toMap().value(u"hosts"_s).toInteger(), 21);
    DONE(set(u"timeout"_s, u"4s"_s));
    DONE(publish(u"few"_s, {{u"idcs"_s, QCborArray{u"bj001"_s}}})); // six hosts need no number
}

void tst_goconf::publish_collidesWithWhatWasPublishedSince()
{
    DONE(set(u"timeout"_s, u"3s"_s));
    const QCborMap other{{u"service"_s, u"shop"_s},
                         {u"draft"_s, u"other"_s},
                         {u"edits"_s, QCborArray{QCborMap{{u"op"_s, u"set"_s},
                                                          {u"section"_s, u"core"_s},
                                                          {u"key"_s, u"timeout"_s},
                                                          {u"value"_s, u"5s"_s}}}}};
    DONE(call(u"draft.edit"_s, other));
    DONE(publish(u"first"_s));
    const QCborArray targets{QCborMap{{u"service"_s, u"shop"_s}, {u"draft"_s, u"other"_s}}};
    const rpc::Outcome refused = publish(u"second"_s, {{u"targets"_s, targets}});
    FAILS(refused, Code::conflict);
    const QCborMap one = refused.error().details.value(u"conflicts"_s).toArray().at(0).toMap();
    QCOMPARE(one.value(u"base"_s).toMap().value(u"value"_s).toString(), u"2s"_s);
    QCOMPARE(one.value(u"yours"_s).toMap().value(u"value"_s).toString(), u"5s"_s);
    QCOMPARE(one.value(u"theirs"_s).toMap().value(u"value"_s).toString(), u"3s"_s);
    const rpc::Outcome verdict =
        call(u"validate"_s, {{u"service"_s, u"shop"_s}, {u"draft"_s, u"other"_s}});
    DONE(verdict);
    QVERIFY(!verdict->toMap().value(u"ok"_s).toBool());
}

/// Whatever is answered: the release is there whole, or nothing of it is; and never twice.
void tst_goconf::publish_isThereOrNotWhenTheLeaderDies()
{
    int versions = 1;
    for (const auto delay : {1ms, 3ms, 5ms, 7ms, 9ms, 12ms}) {
        const auto hasLeader = [this] { return m_cluster->leader().has_value(); };
        QVERIFY(m_cluster->runUntil(hasLeader));
        DONE(set(u"timeout"_s, u"%1s"_s.arg(delay.count() + 10)));
        const int leader = *m_cluster->leader();
        const int asked = leader % 3 + 1;
        const qsizetype before = releases(asked);
        VirtualLoop::instance().after(delay, [this, leader] { m_cluster->kill(leader); });
        const QCborMap params{{u"targets"_s, QCborArray{target(u"shop"_s)}},
                              {u"message"_s, u"in the middle"_s}};
        const rpc::Outcome outcome = call(u"publish"_s, params, asked);
        QVERIFY(m_cluster->runUntil(hasLeader));
        QVERIFY(m_cluster->runUntil([&] { return releases(asked) >= 0; }));
        const qsizetype after = releases(asked);
        const QString version = live(u"bj001"_s, u"shop"_s, asked);
        if (outcome)
            QCOMPARE(after, before + 1);
        else
            QVERIFY2(after == before || outcome.error().outcome == rpc::WriteOutcome::unknown,
                     qPrintable(why(outcome)));
        versions += int(after - before);
        QCOMPARE(version, u"v%1"_s.arg(versions));
        QCOMPARE(live(u"_all"_s, u"shop"_s, asked), version);
        QVERIFY(m_cluster->restart(leader));
        QVERIFY(m_cluster->runUntil([&] { return m_cluster->hasStarted(leader, u"goconf"_s); }));
        QVERIFY(m_cluster->runUntil([&] { return releases(1) == after; }));
    }
    QVERIFY(versions > 1);
}

void tst_goconf::publish_ofAHundredThousandKeys()
{
    static constexpr int calls = 100;
    for (int i = 0; i < calls; ++i) {
        QCborArray edits;
        for (int k = 0; k < 1'000; ++k) {
            edits.append(QCborMap{{u"op"_s, u"set"_s},
                                  {u"section"_s, u"s%1"_s.arg(i % 10)},
                                  {u"key"_s, u"k%1"_s.arg(i * 1'000 + k)},
                                  {u"value"_s, u"v"_s}});
        }
        DONE(call(u"draft.edit"_s, {{u"service"_s, u"shop"_s}, {u"edits"_s, edits}}));
    }
    DONE(publish(u"many"_s));
    const auto isSwept = [this] {
        const store::Question question = store::Stat{"/config/shop/_all/draft/main/s1"};
        const auto reply = m_cluster->await(m_cluster->store(1).read(question));
        return reply && reply->count == 0;
    };
    QVERIFY(m_cluster->runUntil(isSwept, 300s));
    FAILS(publish(u"again"_s), Code::refused);
    const rpc::Outcome part =
        call(u"get"_s, {{u"service"_s, u"shop"_s}, {u"section"_s, u"s9"_s}, {u"limit"_s, 5}});
    DONE(part);
    QCOMPARE(part->toMap()
                 .value(u"sections"_s)
                 .toArray()
                 .at(0)
                 .toMap()
                 .value(u"keys"_s)
                 .toArray()
                 .size(),
             5);
    DONE(call(u"draft.edit"_s, {{u"service"_s, u"shop"_s},
                                {u"edits"_s, QCborArray{QCborMap{{u"op"_s, u"set"_s},
                                                                 {u"section"_s, u"s3"_s},
                                                                 {u"key"_s, u"k3500"_s},
                                                                 {u"value"_s, u"w"_s}}}}}));
    const rpc::Outcome one = publish(u"one of them"_s);
    DONE(one);
    QCOMPARE(live(u"sh001"_s), u"v3"_s);
}

void tst_goconf::publish_refusesAnEntryThatIsTooLarge()
{
    for (int i = 0; i < 90; ++i)
        DONE(call(u"idc.create"_s, {{u"idc"_s, u"idc-%1"_s.arg(i)}}));
    DONE(set(u"timeout"_s, u"3s"_s));
    const rpc::Outcome refused = publish(QString(4'000, u'x'));
    FAILS(refused, Code::refused);
    QVERIFY2(refused.error().message.contains(u"65536"_s), qPrintable(why(refused)));
    QCOMPARE(live(u"_all"_s), u"v1"_s);
}

void tst_goconf::byIdc_leavesIdcsThatFollowTheBaseLayerWhereTheyAre()
{
    DONE(call(u"idc.create"_s, {{u"idc"_s, u"new"_s}}));
    QCOMPARE(live(u"new"_s), QString());
    DONE(set(u"timeout"_s, u"3s"_s));
    DONE(publish(u"one"_s, {{u"idcs"_s, QCborArray{u"sh001"_s}}}));
    QCOMPARE(live(u"new"_s), u"v1"_s);
    DONE(set(u"timeout"_s, u"4s"_s));
    DONE(publish(u"all"_s));
    QCOMPARE(live(u"new"_s), u"v3"_s);
    DONE(call(u"rollback"_s, {{u"service"_s, u"shop"_s},
                              {u"to"_s, u"v1"_s},
                              {u"idcs"_s, QCborArray{u"new"_s}},
                              {u"message"_s, u"back"_s}}));
    QCOMPARE(live(u"new"_s), u"v1"_s);
    QCOMPARE(live(u"sh001"_s), u"v3"_s);
}

void tst_goconf::byIdc_refusesToGoOnAfterAnotherRelease()
{
    DONE(set(u"timeout"_s, u"3s"_s));
    const rpc::Outcome first = publish(u"one"_s, {{u"idcs"_s, QCborArray{u"sh001"_s}}});
    const QCborMap next{{u"idcs"_s, QCborArray{u"bj001"_s}},
                        {u"change"_s, textIn(first, u"change"_s)}};
    DONE(set(u"timeout"_s, u"4s"_s));
    DONE(publish(u"another"_s));
    FAILS(publish(u"late"_s, next), Code::conflict);
    FAILS(publish(u"none"_s, {{u"idcs"_s, QCborArray{u"bj001"_s}}, {u"change"_s, u"none"_s}}),
          Code::conflict);
}

void tst_goconf::ownLayer_winsAndMovesItsIdcAlone()
{
    DONE(set(u"timeout"_s, u"8s"_s, u"ann"_s, u"bj001"_s));
    const rpc::Outcome done =
        publish(u"own"_s, {{u"targets"_s, QCborArray{target(u"shop"_s, u"bj001"_s)}}});
    DONE(done);
    QCOMPARE(live(u"bj001"_s), u"v2"_s);
    QCOMPARE(live(u"sh001"_s), u"v1"_s);
    const rpc::Outcome file =
        call(u"file"_s,
             {{u"service"_s, u"shop"_s}, {u"scope"_s, u"bj001"_s}, {u"path"_s, u"shop.conf"_s}});
    DONE(file);
    QVERIFY(file->toMap().value(u"bytes"_s).toByteArray().contains("timeout 8s"));
    DONE(set(u"timeout"_s, u"1s"_s));
    DONE(publish(u"base"_s));
    const rpc::Outcome all = call(
        u"get"_s, {{u"service"_s, u"shop"_s}, {u"scope"_s, u"bj001"_s}, {u"effective"_s, true}});
    DONE(all);
    const QCborMap key = all->toMap()
                             .value(u"sections"_s)
                             .toArray()
                             .at(0)
                             .toMap()
                             .value(u"keys"_s)
                             .toArray()
                             .at(0)
                             .toMap();
    QCOMPARE(key.value(u"value"_s).toString(), u"8s"_s);
    QCOMPARE(key.value(u"from"_s).toString(), u"bj001"_s);
}

void tst_goconf::rollback_movesPointersAndUndoComesBack()
{
    DONE(set(u"timeout"_s, u"3s"_s));
    DONE(publish(u"second"_s));
    DONE(set(u"timeout"_s, u"4s"_s)); // drafts are not touched by a rollback
    const QCborMap to{{u"service"_s, u"shop"_s}, {u"to"_s, u"v1"_s}, {u"message"_s, u"x"_s}};
    QCborMap dry = to;
    dry.insert(u"dryRun"_s, true);
    DONE(call(u"rollback"_s, dry));
    QCOMPARE(live(u"sh001"_s), u"v2"_s);
    DONE(call(u"rollback"_s, to));
    QCOMPARE(live(u"sh001"_s), u"v1"_s);
    QVERIFY(stored("/config/shop/sh001/current").contains(R"("prev_ver":"v2")"));
    QVERIFY(stored("/config/shop/sh001/current").contains(R"("last_ver":"v2")"));
    FAILS(call(u"rollback"_s, to), Code::refused);
    DONE(call(u"rollback"_s,
              {{u"service"_s, u"shop"_s}, {u"undo"_s, true}, {u"message"_s, u"x"_s}}));
    QCOMPARE(live(u"sh001"_s), u"v2"_s);
    const rpc::Outcome draft = call(u"draft.get"_s, {{u"service"_s, u"shop"_s}});
    DONE(draft);
    QCOMPARE(draft->toMap().value(u"changes"_s).toArray().size(), 1);
    FAILS(call(u"rollback"_s,
               {{u"service"_s, u"shop"_s}, {u"to"_s, u"v9"_s}, {u"message"_s, u"x"_s}}),
          Code::notFound);
}

// ---- drafts

void tst_goconf::edit_isAllOrNothing()
{
    const QCborMap good{
        {u"op"_s, u"set"_s}, {u"section"_s, u"core"_s}, {u"key"_s, u"a"_s}, {u"value"_s, u"1"_s}};
    const QCborMap bad{{u"op"_s, u"set"_s},
                       {u"section"_s, u"core"_s},
                       {u"key"_s, u"b"_s},
                       {u"type"_s, u"int"_s},
                       {u"value"_s, u"many"_s}};
    const rpc::Outcome refused =
        call(u"draft.edit"_s, {{u"service"_s, u"shop"_s}, {u"edits"_s, QCborArray{good, bad}}});
    FAILS(refused, Code::invalidArgument);
    QVERIFY2(refused.error().message.contains(u"core/b"_s), qPrintable(why(refused)));
    const rpc::Outcome draft = call(u"draft.get"_s, {{u"service"_s, u"shop"_s}});
    QCOMPARE(draft->toMap().value(u"total"_s).toInteger(), 0);
}

void tst_goconf::edit_backToLiveRemovesThePendingChange()
{
    DONE(set(u"timeout"_s, u"3s"_s));
    DONE(set(u"timeout"_s, u"2s"_s));
    const rpc::Outcome draft = call(u"draft.get"_s, {{u"service"_s, u"shop"_s}});
    QCOMPARE(draft->toMap().value(u"total"_s).toInteger(), 0);
    FAILS(publish(u"nothing"_s), Code::refused);
}

void tst_goconf::edit_ofAFileSplicesOneLine()
{
    const QByteArray text = "# the app\nserver:\n  port: 80 # http\n";
    const QString hash = QString::fromLatin1(config::Hash::of(text).hex());
    const QCborMap file{{u"op"_s, u"file"_s},
                        {u"path"_s, u"app.yaml"_s},
                        {u"object"_s, hash},
                        {u"bytes"_s, qint64(text.size())},
                        {u"mode"_s, u"0640"_s}};
    const QCborMap edits{{u"service"_s, u"shop"_s}, {u"edits"_s, QCborArray{file}}};
    FAILS(call(u"draft.edit"_s, edits), Code::invalidArgument); // its content is not there
    DONE(call(u"object.put"_s,
              {{u"hash"_s, hash}, {u"piece"_s, 0}, {u"pieces"_s, 1}, {u"bytes"_s, text}}));
    DONE(call(u"draft.edit"_s, edits));
    DONE(publish(u"a file"_s));
    const QCborMap splice{{u"op"_s, u"splice"_s},
                          {u"path"_s, u"app.yaml"_s},
                          {u"pointer"_s, u"/server/port"_s},
                          {u"value"_s, u"81"_s}};
    DONE(call(u"draft.edit"_s, {{u"service"_s, u"shop"_s}, {u"edits"_s, QCborArray{splice}}}));
    const rpc::Outcome diff = call(u"draft.diff"_s, {{u"service"_s, u"shop"_s}});
    DONE(diff);
    const QString shown =
        diff->toMap().value(u"text"_s).toArray().at(0).toMap().value(u"diff"_s).toString();
    QVERIFY2(shown.contains(u"-  port: 80 # http\n+  port: 81 # http"_s), qPrintable(shown));
    DONE(publish(u"one line"_s));
}

void tst_goconf::discard_dropsSomeOrAll()
{
    DONE(set(u"a"_s, u"1"_s));
    DONE(set(u"b"_s, u"1"_s));
    const rpc::Outcome one = call(
        u"draft.discard"_s, {{u"service"_s, u"shop"_s}, {u"places"_s, QCborArray{u"core/a"_s}}});
    QCOMPARE(one->toMap().value(u"discarded"_s).toInteger(), 1);
    DONE(call(u"draft.discard"_s, {{u"service"_s, u"shop"_s}}));
    FAILS(publish(u"nothing"_s), Code::refused);
}

void tst_goconf::remove_refusesWhatIsInUse()
{
    FAILS(call(u"service.remove"_s, {{u"service"_s, u"shop"_s}}), Code::refused);
    FAILS(call(u"idc.remove"_s, {{u"idc"_s, u"sh001"_s}}), Code::refused);
    FAILS(call(u"service.create"_s, {{u"service"_s, u"shop"_s}}), Code::conflict);
    DONE(call(u"service.create"_s, {{u"service"_s, u"old"_s}}));
    DONE(call(u"service.remove"_s, {{u"service"_s, u"old"_s}}));
    DONE(call(u"idc.create"_s, {{u"idc"_s, u"old"_s}}));
    addHosts(1, "old");
    FAILS(call(u"idc.remove"_s, {{u"idc"_s, u"old"_s}}), Code::refused);
    FAILS(call(u"idc.remove"_s, {{u"idc"_s, u"none"_s}}), Code::notFound);
}

void tst_goconf::rest_rendersWithAnETagAndWaits()
{
    const HttpAnswer json = m_cluster->request(3, "GET", "/v1/config/shop/sh001?format=json");
    QCOMPARE(json.status, 200);
    QCOMPARE(QJsonDocument::fromJson(json.body)[u"core"_s][u"timeout"_s].toString(), u"2s"_s);
    const HttpAnswer file = m_cluster->request(3, "GET", "/v1/config/shop/sh001?output=shop.conf");
    QVERIFY(file.body.contains("timeout 2s"));
    QCOMPARE(m_cluster->request(1, "GET", "/v1/config/none/sh001").status, 404);
    QCOMPARE(m_cluster->request(1, "GET", "/v1/config/shop").status, 400);
    const rpc::Outcome now =
        call(u"render"_s, {{u"service"_s, u"shop"_s}, {u"scope"_s, u"sh001"_s}});
    DONE(now);
    const Monotonic before = m_cluster->clock().monotonic();
    DONE(call(u"render"_s, {{u"service"_s, u"shop"_s},
                            {u"scope"_s, u"sh001"_s},
                            {u"wait"_s, now->toMap().value(u"root"_s)}}));
    QVERIFY(m_cluster->clock().monotonic() - before >= 50s);
}

// ---- bad input

void tst_goconf::badInput_isRefused_data()
{
    QTest::addColumn<QString>("method");
    QTest::addColumn<QCborMap>("params");
    QTest::addColumn<int>("code");
    const int invalid = int(Code::invalidArgument);
    const int none = int(Code::notFound);
    const QString shop = u"shop"_s;
    const auto edit = [&shop](const QCborMap &one) {
        return QCborMap{{u"service"_s, shop}, {u"edits"_s, QCborArray{one}}};
    };
    QTest::newRow("service _x") << u"service.create"_s << QCborMap{{u"service"_s, u"_x"_s}}
                                << invalid;
    QTest::newRow("service a/b") << u"service.create"_s << QCborMap{{u"service"_s, u"a/b"_s}}
                                 << invalid;
    QTest::newRow("idc ..") << u"idc.create"_s << QCborMap{{u"idc"_s, u".."_s}} << invalid;
    QTest::newRow("remove none") << u"service.remove"_s << QCborMap{{u"service"_s, u"x"_s}} << none;
    QTest::newRow("get none") << u"get"_s << QCborMap{{u"service"_s, u"x"_s}} << none;
    QTest::newRow("get v9") << u"get"_s << QCborMap{{u"service"_s, shop}, {u"version"_s, u"v9"_s}}
                            << none;
    QTest::newRow("get 9") << u"get"_s << QCborMap{{u"service"_s, shop}, {u"version"_s, u"9"_s}}
                           << invalid;
    QTest::newRow("file none") << u"file"_s << QCborMap{{u"service"_s, shop}, {u"path"_s, u"x"_s}}
                               << none;
    QTest::newRow("draft of none") << u"draft.get"_s << QCborMap{{u"service"_s, u"x"_s}} << none;
    QTest::newRow("edit nothing") << u"draft.edit"_s << QCborMap{{u"service"_s, shop}} << invalid;
    QTest::newRow("edit op") << u"draft.edit"_s << edit({{u"op"_s, u"x"_s}}) << invalid;
    QTest::newRow("edit without key")
        << u"draft.edit"_s << edit({{u"op"_s, u"unset"_s}, {u"section"_s, u"core"_s}}) << invalid;
    QTest::newRow("edit with more") << u"draft.edit"_s
                                    << edit({{u"op"_s, u"unset"_s},
                                             {u"section"_s, u"core"_s},
                                             {u"key"_s, u"timeout"_s},
                                             {u"path"_s, u"x"_s}})
                                    << invalid;
    QTest::newRow("unset none")
        << u"draft.edit"_s
        << edit({{u"op"_s, u"unset"_s}, {u"section"_s, u"core"_s}, {u"key"_s, u"x"_s}}) << none;
    QTest::newRow("type") << u"draft.edit"_s
                          << edit({{u"op"_s, u"set"_s},
                                   {u"section"_s, u"core"_s},
                                   {u"key"_s, u"x"_s},
                                   {u"value"_s, u"1"_s},
                                   {u"type"_s, u"number"_s}})
                          << invalid;
    QTest::newRow("path ..") << u"draft.edit"_s
                             << edit({{u"op"_s, u"removeFile"_s}, {u"path"_s, u"../x"_s}})
                             << invalid;
    QTest::newRow("splice none") << u"draft.edit"_s
                                 << edit({{u"op"_s, u"splice"_s},
                                          {u"path"_s, u"x.yaml"_s},
                                          {u"pointer"_s, u"/a"_s},
                                          {u"value"_s, u"1"_s}})
                                 << none;
    QCborMap elsewhere =
        edit({{u"op"_s, u"unset"_s}, {u"section"_s, u"core"_s}, {u"key"_s, u"timeout"_s}});
    elsewhere.insert(u"scope"_s, u"nowhere"_s);
    QTest::newRow("idc none") << u"draft.edit"_s << elsewhere << none;
    QTest::newRow("object hash") << u"object.put"_s
                                 << QCborMap{{u"hash"_s, QString(64, u'0')},
                                             {u"piece"_s, 0},
                                             {u"pieces"_s, 1},
                                             {u"bytes"_s, QByteArray("x")}}
                                 << invalid;
    QTest::newRow("object piece") << u"object.put"_s
                                  << QCborMap{{u"hash"_s, QString(64, u'0')},
                                              {u"piece"_s, 1},
                                              {u"pieces"_s, 1},
                                              {u"bytes"_s, QByteArray("x")}}
                                  << invalid;
    QTest::newRow("publish none") << u"publish"_s
                                  << QCborMap{{u"targets"_s, QCborArray{target(u"x"_s)}},
                                              {u"message"_s, u"m"_s}}
                                  << none;
    QTest::newRow("publish silent")
        << u"publish"_s << QCborMap{{u"targets"_s, QCborArray{target(shop)}}} << invalid;
    QTest::newRow("publish twice")
        << u"publish"_s
        << QCborMap{{u"targets"_s, QCborArray{target(shop), target(shop)}}, {u"message"_s, u"m"_s}}
        << invalid;
    QTest::newRow("publish to none") << u"publish"_s
                                     << QCborMap{{u"targets"_s, QCborArray{target(shop)}},
                                                 {u"idcs"_s, QCborArray{u"x"_s}},
                                                 {u"message"_s, u"m"_s}}
                                     << none;
    QTest::newRow("expected other") << u"publish"_s
                                    << QCborMap{{u"targets"_s, QCborArray{target(shop)}},
                                                {u"expected"_s, QCborMap{{u"pay"_s, u"v1"_s}}},
                                                {u"message"_s, u"m"_s}}
                                    << invalid;
    QTest::newRow("rollback nowhere")
        << u"rollback"_s << QCborMap{{u"service"_s, shop}, {u"message"_s, u"m"_s}} << invalid;
    QTest::newRow("rollback twice") << u"rollback"_s
                                    << QCborMap{{u"service"_s, shop},
                                                {u"to"_s, u"v1"_s},
                                                {u"undo"_s, true},
                                                {u"message"_s, u"m"_s}}
                                    << invalid;
    QTest::newRow("show none") << u"show"_s << QCborMap{{u"release"_s, u"r999999"_s}} << none;
    QTest::newRow("show ..") << u"show"_s << QCborMap{{u"release"_s, u"../x"_s}} << none;
    QTest::newRow("diff none") << u"diff"_s
                               << QCborMap{{u"service"_s, shop},
                                           {u"from"_s, QCborMap{{u"version"_s, u"v8"_s}}},
                                           {u"to"_s, QCborMap()}}
                               << none;
    QTest::newRow("history before") << u"history"_s << QCborMap{{u"before"_s, u"7"_s}} << invalid;
}

void tst_goconf::badInput_isRefused()
{
    QFETCH(QString, method);
    QFETCH(QCborMap, params);
    QFETCH(int, code);
    const qsizetype before = releases();
    const rpc::Outcome refused = call(method, params);
    QVERIFY(!refused);
    QVERIFY2(int(refused.error().code) == code, qPrintable(why(refused)));
    QVERIFY(!refused.error().message.isEmpty());
    QCOMPARE(releases(), before);
}

COFFER_TEST_MAIN(tst_goconf)
#include "tst_goconf.moc"
