// SPDX-License-Identifier: Apache-2.0
#include "testkit/main.h"
#include "testkit/virtual_loop.h"
#include "unit/goconf/goconf_stage.h"

using namespace coffer;
using namespace coffer::testkit;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

using rpc::Code;

/// Releases on three nodes: published, gone on with, rolled back.
class tst_goconf : public QObject, private GoconfStage
{
    Q_OBJECT

private Q_SLOTS:
    void init();

    void example2_twoEditorsOfDifferentKeysBothSurvive();
    void example2_twoEditorsOfOneKeyTheSecondGetsAConflict();
    void example3_aLeadingBlankInGoconfIsRefusedWithThePath();
    void example4_diffOfTwoIdcsShowsExactlyTheChangedKeysWithComments();
    void example6_byIdcIsTakenBackAsOneAndTheAuditShowsThreeRecords();
    void publish_refusesWithNothingPending();
    void publish_refusesAStaleBase();
    void publish_twoServicesInOneReleaseOrNeither();
    void publish_firstOfTwoServicesAtOnce();
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
    void reads_sayThatThereIsNoSuchService_data();
    void reads_sayThatThereIsNoSuchService();
    void global_isNotShownWhereNoServiceGetsIt_data();
    void global_isNotShownWhereNoServiceGetsIt();
    void diff_beforeTheFirstReleaseHasNothing();

private:
    /// _global with a key and an output, live; a service "empty" of which nothing was published.
    void addGlobalAndEmpty();
};

void tst_goconf::init()
{
    const Result<void> built = build();
    QVERIFY2(built, built ? "" : qPrintable(built.error().message));
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

/// Both begin with the same, empty, layer.
void tst_goconf::publish_firstOfTwoServicesAtOnce()
{
    QCborArray targets;
    for (const QString &service : {u"pay"_s, u"mail"_s, u"search"_s}) {
        DONE(call(u"service.create"_s, {{u"service"_s, service}}));
        const QCborMap edit{{u"op"_s, u"set"_s},
                            {u"section"_s, u"core"_s},
                            {u"key"_s, u"name"_s},
                            {u"value"_s, service}};
        DONE(call(u"draft.edit"_s, {{u"service"_s, service}, {u"edits"_s, QCborArray{edit}}}));
        targets.append(target(service));
    }
    DONE(publish(u"all"_s, {{u"targets"_s, targets}}));
    QCOMPARE(live(u"_all"_s, u"search"_s), u"v1"_s);
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
        const auto reply = cluster().await(cluster().store(1).read(question));
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
    QVERIFY(addHosts(15, "sh001"));
    QVERIFY(addHosts(6, "bj001"));
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
        const auto hasLeader = [this] { return cluster().leader().has_value(); };
        QVERIFY(cluster().runUntil(hasLeader));
        DONE(set(u"timeout"_s, u"%1s"_s.arg(delay.count() + 10)));
        const int leader = *cluster().leader();
        const int asked = leader % 3 + 1;
        const qsizetype before = releases(asked);
        VirtualLoop::instance().after(delay, [this, leader] { cluster().kill(leader); });
        const QCborMap params{{u"targets"_s, QCborArray{target(u"shop"_s)}},
                              {u"message"_s, u"in the middle"_s}};
        const rpc::Outcome outcome = call(u"publish"_s, params, asked);
        QVERIFY(cluster().runUntil(hasLeader));
        QVERIFY(cluster().runUntil([&] { return releases(asked) >= 0; }));
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
        QVERIFY(cluster().restart(leader));
        QVERIFY(cluster().runUntil([&] { return cluster().hasStarted(leader, u"goconf"_s); }));
        QVERIFY(cluster().runUntil([&] { return releases(1) == after; }));
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
        const auto reply = cluster().await(cluster().store(1).read(question));
        return reply && reply->count == 0;
    };
    QVERIFY(cluster().runUntil(isSwept, 300s));
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
    FAILS(publish(u"none"_s, {{u"idcs"_s, QCborArray{u"bj001"_s}},
                              {u"change"_s, u"0123456789abcdef-01234567"_s}}),
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
    const rpc::Outcome history = call(u"history"_s, {{u"limit"_s, 3}});
    DONE(history);
    QStringList kinds;
    for (const QCborValue release : history->toMap().value(u"releases"_s).toArray())
        kinds.append(release.toMap().value(u"kind"_s).toString());
    QCOMPARE(kinds, QStringList({u"undo"_s, u"rollback"_s, u"publish"_s}));
    const rpc::Outcome draft = call(u"draft.get"_s, {{u"service"_s, u"shop"_s}});
    DONE(draft);
    QCOMPARE(draft->toMap().value(u"changes"_s).toArray().size(), 1);
    FAILS(call(u"rollback"_s,
               {{u"service"_s, u"shop"_s}, {u"to"_s, u"v9"_s}, {u"message"_s, u"x"_s}}),
          Code::notFound);
}

// ---- what there is not

void tst_goconf::reads_sayThatThereIsNoSuchService_data()
{
    QTest::addColumn<QString>("method");
    QTest::addColumn<QCborMap>("params");
    for (const char *method :
         {"get", "history", "draft.list", "canary.list", "draft.diff", "draft.discard"})
        QTest::newRow(method) << QString::fromLatin1(method) << QCborMap();
    QTest::newRow("search") << u"search"_s << QCborMap{{u"text"_s, u"x"_s}};
    QTest::newRow("search in messages")
        << u"search"_s << QCborMap{{u"text"_s, u"x"_s}, {u"in"_s, QCborArray{u"messages"_s}}};
    QTest::newRow("search in an IDC that is none")
        << u"search"_s
        << QCborMap{{u"service"_s, u"shop"_s}, {u"scope"_s, u"none"_s}, {u"text"_s, u"x"_s}};
}

void tst_goconf::reads_sayThatThereIsNoSuchService()
{
    QFETCH(QString, method);
    QFETCH(QCborMap, params);
    if (!params.contains(u"service"_s))
        params.insert(u"service"_s, u"none"_s);
    const rpc::Outcome refused = call(method, params);
    FAILS(refused, Code::notFound);
    QVERIFY2(refused.error().message.contains(u"none; goconf."_s), qPrintable(why(refused)));
    params.insert(u"service"_s, u"shop"_s);
    params.remove(u"scope"_s);
    DONE(call(method, params));
    if (method != u"canary.list") { // nothing is tried of it
        params.insert(u"service"_s, u"_global"_s);
        DONE(call(method, params));
    }
}

void tst_goconf::addGlobalAndEmpty()
{
    const QCborMap output{
        {u"op"_s, u"output"_s}, {u"path"_s, u"all.conf"_s}, {u"format"_s, u"goconf"_s}};
    DONE(call(u"draft.edit"_s, {{u"service"_s, u"_global"_s},
                                {u"edits"_s, QCborArray{output, setOf(u"below"_s, u"1"_s)}}}));
    DONE(publish(u"below"_s, {{u"targets"_s, QCborArray{target(u"_global"_s)}}}));
    DONE(call(u"service.create"_s, {{u"service"_s, u"empty"_s}}));
}

void tst_goconf::global_isNotShownWhereNoServiceGetsIt_data()
{
    QTest::addColumn<QString>("method");
    QTest::addColumn<QCborMap>("params");
    QTest::newRow("effective") << u"get"_s << QCborMap{{u"effective"_s, true}};
    QTest::newRow("why") << u"why"_s << QCborMap{{u"place"_s, u"core/below"_s}};
    QTest::newRow("a file") << u"file"_s << QCborMap{{u"path"_s, u"all.conf"_s}};
}

void tst_goconf::global_isNotShownWhereNoServiceGetsIt()
{
    QFETCH(QString, method);
    QFETCH(QCborMap, params);
    addGlobalAndEmpty();
    for (const QString &scope : {u"_all"_s, u"sh001"_s}) {
        params.insert(u"scope"_s, scope);
        params.insert(u"service"_s, u"shop"_s);
        DONE(call(method, params));
        params.insert(u"service"_s, u"empty"_s);
        const rpc::Outcome refused = call(method, params);
        FAILS(refused, Code::notFound);
        QVERIFY2(refused.error().message.contains(u"no version of empty is live"_s),
                 qPrintable(why(refused)));
    }
    params.insert(u"draft"_s, u"main"_s); // as it would be
    DONE(call(method, params));
}

void tst_goconf::diff_beforeTheFirstReleaseHasNothing()
{
    addGlobalAndEmpty();
    DONE(call(u"draft.edit"_s,
              {{u"service"_s, u"empty"_s}, {u"edits"_s, QCborArray{setOf(u"own"_s, u"2"_s)}}}));
    const rpc::Outcome diff = call(u"draft.diff"_s, {{u"service"_s, u"empty"_s}});
    DONE(diff);
    const QCborArray text = diff->toMap().value(u"text"_s).toArray();
    QCOMPARE(text.size(), 1); // hosts get that of _global with it
    const QString shown = text.at(0).toMap().value(u"diff"_s).toString();
    QVERIFY2(shown.contains(u"+below 1"_s) && shown.contains(u"+own 2"_s), qPrintable(shown));
}

COFFER_TEST_MAIN(tst_goconf)
#include "tst_goconf.moc"
