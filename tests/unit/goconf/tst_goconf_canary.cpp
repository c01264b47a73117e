// SPDX-License-Identifier: Apache-2.0
#include "goconf/paths.h"
#include "goconf/records.h"
#include "testkit/main.h"
#include "testkit/virtual_loop.h"
#include "unit/goconf/goconf_stage.h"

using namespace coffer;
using namespace coffer::testkit;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

using rpc::Code;

/// A version that some hosts try before it becomes live for all, on three nodes.
class tst_goconf_canary : public QObject, private GoconfStage
{
    Q_OBJECT

private Q_SLOTS:
    void init();

    void canary_leavesWhatIsLive();
    void canary_isRefusedForHostsThatWouldNotGetIt_data();
    void canary_isRefusedForHostsThatWouldNotGetIt();
    void canary_countsItsHostsAlone();
    void canary_isCheckedAsAnyPublish();
    void canary_ofAnOwnLayerThatNobodyHad();
    void canary_ofTheFirstVersionOfAService();
    void whileTried_othersAreRefused();
    void replace_takesNewerEdits();
    void promote_makesThatVersionLive();
    void promote_keepsWhatWasEditedSince();
    void promote_keepsAnEditThatComesInBetween();
    void promote_dropsWhatItBrings();
    void promote_goesToNewIdcsToo();
    void promote_namesWhatIsExpected();
    void abandon_leavesTheDraft();
    void rollback_withAbandonDoesBoth();
    void undo_takesBackTheLastReleaseNotTheTrial();
    void change_goesOnAfterPromotion();
    void history_tellsIt();
    void key_isAnsweredByAnotherNode();
    void promote_isThereOrNotWhenTheLeaderDies();
    void candidate_survivesARestart();

private:
    [[nodiscard]] rpc::Outcome tryOut(const QString &value, const QStringList &hosts,
                                      const QCborMap &more = {});
    [[nodiscard]] rpc::Outcome end(const QString &verb, QCborMap more = {}, int node = 1);
    [[nodiscard]] QCborMap candidate(int node = 1);
    /// The timeout that is live in a scope.
    [[nodiscard]] QString timeout(const QString &scope = u"sh001"_s, const QString &version = {});
    /// "core/timeout 3s>4s": what is pending, from and to.
    [[nodiscard]] QString pending();
    [[nodiscard]] goconf::Pointer pointer(const QByteArray &scope);
};

static const QStringList one{u"web-sh0010"_s};

void tst_goconf_canary::init()
{
    const Result<void> built = build();
    QVERIFY2(built, built ? "" : qPrintable(built.error().message));
    QVERIFY(addHosts(3, "sh001") && addHosts(2, "bj001"));
}

rpc::Outcome tst_goconf_canary::tryOut(const QString &value, const QStringList &hosts,
                                       const QCborMap &more)
{
    const rpc::Outcome edited = set(u"timeout"_s, value);
    if (!edited)
        return edited;
    QCborMap params = more;
    params.insert(u"canary"_s, QCborArray::fromStringList(hosts));
    return publish(u"try "_s + value, params);
}

rpc::Outcome tst_goconf_canary::end(const QString &verb, QCborMap more, int node)
{
    more.insert(u"service"_s, u"shop"_s);
    return call(u"canary."_s + verb, more, node);
}

QCborMap tst_goconf_canary::candidate(int node)
{
    const rpc::Outcome all = call(u"canary.list"_s, {{u"service"_s, u"shop"_s}}, node);
    if (!all)
        return {{u"version"_s, why(all)}};
    return all->toMap().value(u"candidates"_s).toArray().at(0).toMap();
}

QString tst_goconf_canary::timeout(const QString &scope, const QString &version)
{
    QCborMap params{{u"service"_s, u"shop"_s}, {u"scope"_s, scope}, {u"effective"_s, true}};
    if (!version.isEmpty())
        params.insert(u"version"_s, version);
    const rpc::Outcome shown = call(u"get"_s, params);
    if (!shown)
        return why(shown);
    const QCborMap core = shown->toMap().value(u"sections"_s).toArray().at(0).toMap();
    for (const QCborValue key : core.value(u"keys"_s).toArray()) {
        if (key.toMap().value(u"name"_s).toString() == u"timeout"_s)
            return key.toMap().value(u"value"_s).toString();
    }
    return {};
}

QString tst_goconf_canary::pending()
{
    const rpc::Outcome draft = call(u"draft.get"_s, {{u"service"_s, u"shop"_s}});
    if (!draft)
        return why(draft);
    QStringList texts;
    for (const QCborValue value : draft->toMap().value(u"changes"_s).toArray()) {
        const QCborMap change = value.toMap();
        const auto side = [&change](const QString &name) {
            return change.value(name).toMap().value(u"value"_s).toString(u"-"_s);
        };
        texts += u"%1 %2>%3%4"_s.arg(change.value(u"place"_s).toString(), side(u"base"_s),
                                     side(u"now"_s),
                                     change.contains(u"conflict"_s) ? u"!"_s : QString());
    }
    return texts.join(u", "_s);
}

goconf::Pointer tst_goconf_canary::pointer(const QByteArray &scope)
{
    return goconf::Pointer::parse(stored(goconf::pointerPath("shop", scope)))
        .value_or(goconf::Pointer{});
}

// ---- canary

void tst_goconf_canary::canary_leavesWhatIsLive()
{
    const rpc::Outcome tried = tryOut(u"3s"_s, {u"web-sh0010"_s, u"web-bj0011"_s});
    DONE(tried);
    const QCborMap versions = tried->toMap().value(u"versions"_s).toMap();
    QCOMPARE(versions.value(u"shop"_s).toString(), u"v2"_s);
    for (const QString &scope : {u"_all"_s, u"sh001"_s, u"bj001"_s}) {
        QCOMPARE(live(scope), u"v1"_s);
        QCOMPARE(timeout(scope), u"2s"_s);
        QCOMPARE(timeout(scope, u"v2"_s), u"3s"_s); // it can be looked at
    }
    QCOMPARE(pending(), u"core/timeout 2s>3s"_s);
    const goconf::Pointer own = pointer("sh001");
    QCOMPARE(own.candidate->hosts, std::vector<QByteArray>{"web-sh0010"});
    QVERIFY(pointer("_all").candidate->hosts.empty());
    QVERIFY(own.previous.isEmpty() && own.last == "v2");
    const QCborMap listed = candidate(3);
    QCOMPARE(listed.value(u"version"_s).toString(), u"v2"_s);
    QCOMPARE(listed.value(u"message"_s).toString(), u"try 3s"_s);
    QCOMPARE(listed.value(u"hosts"_s).toArray().size(), 2);
    const QCborMap host = listed.value(u"hosts"_s).toArray().at(0).toMap();
    QCOMPARE(host.value(u"host"_s).toString(), u"web-bj0011"_s);
    QCOMPARE(host.value(u"state"_s).toString(), u"unknown"_s); // it never came
}

void tst_goconf_canary::canary_isRefusedForHostsThatWouldNotGetIt_data()
{
    QTest::addColumn<QCborMap>("params");
    QTest::addColumn<QString>("word");
    const auto add = [](const char *name, const QString &host, const QCborMap &more,
                        const QString &word) {
        QCborMap params = more;
        if (!host.isEmpty())
            params.insert(u"canary"_s, QCborArray{host});
        QTest::newRow(name) << params << word;
    };
    const QCborArray own{target(u"shop"_s, u"sh001"_s)};
    const QCborArray two{target(u"shop"_s), target(u"pay"_s)};
    add("nobody", u"web-9"_s, {}, u"web-9"_s);
    add("of another service", u"other"_s, {}, u"other"_s);
    add("elsewhere", u"web-bj0010"_s, {{u"targets"_s, own}}, u"bj001"_s);
    add("where it does not go yet", u"web-bj0010"_s, {{u"idcs"_s, QCborArray{u"sh001"_s}}},
        u"bj001"_s);
    add("two services", one[0], {{u"targets"_s, two}}, u"one service"_s);
    add("a change that goes on", one[0],
        {{u"change"_s, u"0000000000000000-00000000"_s}, {u"idcs"_s, QCborArray{u"sh001"_s}}},
        u"canary"_s);
    add("replace alone", {}, {{u"replace"_s, true}}, u"replace"_s);
    QTest::newRow("no names") << QCborMap{{u"canary"_s, QCborArray()}} << u"canary"_s;
}

void tst_goconf_canary::canary_isRefusedForHostsThatWouldNotGetIt()
{
    QFETCH(QCborMap, params);
    QFETCH(QString, word);
    const goconf::HostRecord other{"sh001", {"pay"}, {}, "", {"ann", WallMs(1)}, {}, WallMs(0), {}};
    QVERIFY(cluster().await(cluster().store(1).put("/config/_host/other", other.toJson())));
    DONE(set(u"timeout"_s, u"3s"_s));
    DONE(set(u"timeout"_s, u"4s"_s, u"ann"_s, u"sh001"_s));
    const std::vector<store::FileView> before = allFiles();
    const rpc::Outcome refused = publish(u"try"_s, params);
    QVERIFY(!refused);
    QVERIFY2(refused.error().message.contains(word), qPrintable(why(refused)));
    QVERIFY(allFiles() == before);
}

void tst_goconf_canary::canary_countsItsHostsAlone()
{
    QVERIFY(addHosts(30, "sh001"));
    const rpc::Outcome tried = tryOut(u"3s"_s, {u"web-sh0010"_s, u"web-sh0011"_s});
    DONE(tried);
    QCOMPARE(tried->toMap().value(u"hosts"_s).toInteger(), 2);
    const QCborArray blast = tried->toMap().value(u"blast"_s).toArray();
    QCOMPARE(blast.size(), 1);
    QCOMPARE(blast.at(0).toMap().value(u"idc"_s).toString(), u"sh001"_s);
    QVERIFY(blast.at(0).toMap().value(u"diff"_s).toString().contains(u"+timeout 3s"_s));
    const rpc::Outcome refused = end(u"promote"_s); // the 28 and 2 others
    FAILS(refused, Code::refused);
    QVERIFY2(refused.error().message.contains(u"yes=30"_s), qPrintable(why(refused)));
    DONE(end(u"promote"_s, {{u"yes"_s, 30}}));
    QCOMPARE(live(u"bj001"_s), u"v2"_s);
}

void tst_goconf_canary::canary_isCheckedAsAnyPublish()
{
    const auto setSchema = [this](const QString &values) {
        const QString schema =
            uR"({"properties":{"core":{"properties":{"timeout":{"enum":[%1]}}}}})"_s.arg(values);
        return call(u"schema.set"_s, {{u"service"_s, u"shop"_s}, {u"schema"_s, schema}});
    };
    DONE(setSchema(uR"("2s","4s")"_s));
    const rpc::Outcome some = tryOut(u"3s"_s, one);
    FAILS(some, Code::invalidArgument);
    const rpc::Outcome all = publish(u"all"_s); // and so it is right in every data centre
    QCOMPARE(some.error().details.value(u"faults"_s), all.error().details.value(u"faults"_s));
    DONE(tryOut(u"4s"_s, one));
    DONE(setSchema(uR"("2s")"_s)); // what is live fits it
    const rpc::Outcome refused = end(u"promote"_s);
    FAILS(refused, Code::invalidArgument);
    QCOMPARE(refused.error().details.value(u"faults"_s).toArray().size(), 2); // one an IDC
    QCOMPARE(live(u"sh001"_s), u"v1"_s);
    DONE(end(u"abandon"_s));
}

void tst_goconf_canary::canary_ofAnOwnLayerThatNobodyHad()
{
    DONE(call(u"idc.create"_s, {{u"idc"_s, u"new"_s}}));
    QVERIFY(addHosts(1, "new"));
    DONE(set(u"timeout"_s, u"9s"_s, u"ann"_s, u"new"_s));
    DONE(publish(u"try"_s, {{u"targets"_s, QCborArray{target(u"shop"_s, u"new"_s)}},
                            {u"canary"_s, QCborArray{u"web-new0"_s}}}));
    QCOMPARE(timeout(u"new"_s), u"2s"_s); // it followed the base layer, and still has that
    QCOMPARE(pointer("new").release, pointer("_all").release);
    DONE(end(u"promote"_s));
    QCOMPARE(timeout(u"new"_s), u"9s"_s);
    QCOMPARE(live(u"sh001"_s), u"v1"_s);
    DONE(call(u"rollback"_s,
              {{u"service"_s, u"shop"_s}, {u"undo"_s, true}, {u"message"_s, u"back"_s}}));
    QCOMPARE(timeout(u"new"_s), u"2s"_s);
}

void tst_goconf_canary::canary_ofTheFirstVersionOfAService()
{
    DONE(call(u"service.create"_s, {{u"service"_s, u"pay"_s}}));
    const goconf::HostRecord host{"sh001", {"pay"}, {}, "", {"ann", WallMs(1)}, {}, WallMs(0), {}};
    QVERIFY(cluster().await(cluster().store(1).put("/config/_host/till", host.toJson())));
    DONE(call(u"draft.edit"_s,
              {{u"service"_s, u"pay"_s}, {u"edits"_s, QCborArray{setOf(u"timeout"_s, u"1s"_s)}}}));
    DONE(publish(u"first"_s, {{u"targets"_s, QCborArray{target(u"pay"_s)}},
                              {u"canary"_s, QCborArray{u"till"_s}}}));
    QCOMPARE(live(u"sh001"_s, u"pay"_s), QString());
    const rpc::Outcome given = call(u"canary.abandon"_s, {{u"service"_s, u"pay"_s}});
    DONE(given);
    DONE(call(u"show"_s, {{u"release"_s, given->toMap().value(u"release"_s)}}));
    DONE(publish(u"again"_s, {{u"targets"_s, QCborArray{target(u"pay"_s)}},
                              {u"canary"_s, QCborArray{u"till"_s}}}));
    DONE(call(u"canary.promote"_s, {{u"service"_s, u"pay"_s}}));
    QCOMPARE(live(u"sh001"_s, u"pay"_s), u"v2"_s);
    QCOMPARE(live(u"bj001"_s, u"pay"_s), u"v2"_s);
}

void tst_goconf_canary::whileTried_othersAreRefused()
{
    DONE(set(u"timeout"_s, u"1s"_s));
    DONE(publish(u"before"_s));
    DONE(tryOut(u"3s"_s, one));
    const qsizetype before = releases();
    const QCborMap again{{u"canary"_s, QCborArray{u"web-sh0011"_s}}};
    const QCborMap back{{u"service"_s, u"shop"_s}, {u"to"_s, u"v1"_s}, {u"message"_s, u"m"_s}};
    for (const rpc::Outcome &refused :
         {publish(u"all"_s), publish(u"again"_s, again), call(u"rollback"_s, back)}) {
        FAILS(refused, Code::refused);
        QVERIFY2(refused.error().message.contains(u"promote"_s)
                     && refused.error().message.contains(u"abandon"_s),
                 qPrintable(why(refused)));
    }
    QCOMPARE(releases(), before);
    DONE(call(u"validate"_s, {{u"service"_s, u"shop"_s}})); // which changes nothing
    DONE(call(u"service.create"_s, {{u"service"_s, u"pay"_s}}));
    DONE(call(u"draft.edit"_s,
              {{u"service"_s, u"pay"_s}, {u"edits"_s, QCborArray{setOf(u"timeout"_s, u"1s"_s)}}}));
    DONE(publish(u"another service"_s, {{u"targets"_s, QCborArray{target(u"pay"_s)}}}));
}

void tst_goconf_canary::replace_takesNewerEdits()
{
    DONE(tryOut(u"3s"_s, {u"web-sh0010"_s, u"web-bj0010"_s}));
    const QString first = candidate().value(u"id"_s).toString();
    const rpc::Outcome second =
        tryOut(u"4s"_s, {u"web-sh0010"_s, u"web-sh0011"_s}, {{u"replace"_s, true}});
    DONE(second);
    QCOMPARE(second->toMap().value(u"hosts"_s).toInteger(), 3); // one of them goes back
    QCOMPARE(second->toMap().value(u"blast"_s).toArray().size(), 3);
    QCOMPARE(candidate().value(u"version"_s).toString(), u"v3"_s);
    QCOMPARE(candidate().value(u"hosts"_s).toArray().size(), 2);
    const rpc::Outcome shown = call(u"show"_s, {{u"release"_s, second->toMap().value(u"id"_s)}});
    QCOMPARE(textIn(shown, u"candidate"_s), first);
    // In one data centre alone: nothing of it is left in the other.
    DONE(set(u"timeout"_s, u"5s"_s, u"ann"_s, u"sh001"_s));
    DONE(publish(u"own"_s, {{u"targets"_s, QCborArray{target(u"shop"_s, u"sh001"_s)}},
                            {u"canary"_s, QCborArray{one[0]}},
                            {u"replace"_s, true}}));
    QVERIFY(!pointer("_all").candidate && !pointer("bj001").candidate);
    DONE(end(u"promote"_s));
    QCOMPARE(timeout(u"sh001"_s), u"5s"_s);
    QCOMPARE(timeout(u"bj001"_s), u"2s"_s);
    QCOMPARE(pending(), u"core/timeout 2s>4s"_s); // that of the base layer is still to come
}

// ---- promote

void tst_goconf_canary::promote_makesThatVersionLive()
{
    DONE(tryOut(u"3s"_s, one));
    const rpc::Outcome dry = end(u"promote"_s, {{u"dryRun"_s, true}});
    DONE(dry);
    QCOMPARE(dry->toMap().value(u"hosts"_s).toInteger(), 4); // all but the one that has it
    QCOMPARE(live(u"sh001"_s), u"v1"_s);
    const rpc::Outcome done = end(u"promote"_s);
    DONE(done);
    QCOMPARE(done->toMap().value(u"hosts"_s).toInteger(), 4);
    for (const QString &scope : {u"_all"_s, u"sh001"_s, u"bj001"_s}) {
        QCOMPARE(live(scope), u"v2"_s);
        QCOMPARE(timeout(scope), u"3s"_s);
    }
    QCOMPARE(pending(), QString());
    QVERIFY(candidate().isEmpty());
    FAILS(end(u"promote"_s), Code::refused); // there is none
    FAILS(end(u"abandon"_s), Code::refused);
    DONE(set(u"timeout"_s, u"7s"_s));
    DONE(publish(u"next"_s));
    for (const QString &version : {u"v2"_s, u"v1"_s}) {
        DONE(call(u"rollback"_s,
                  {{u"service"_s, u"shop"_s}, {u"to"_s, version}, {u"message"_s, u"back"_s}}));
        QCOMPARE(live(u"sh001"_s), version);
    }
}

void tst_goconf_canary::promote_keepsWhatWasEditedSince()
{
    DONE(set(u"a"_s, u"1"_s));
    DONE(set(u"b"_s, u"1"_s));
    DONE(set(u"gone"_s, u"1"_s));
    DONE(tryOut(u"3s"_s, one));
    DONE(set(u"timeout"_s, u"4s"_s)); // what is tried, once more
    DONE(set(u"new"_s, u"1"_s));      // another place
    const QCborMap unset{{u"op"_s, u"unset"_s}, {u"section"_s, u"core"_s}, {u"key"_s, u"gone"_s}};
    DONE(edit({unset})); // leads back to what is live: it is no longer pending
    QCOMPARE(pending(), u"core/a ->1, core/b ->1, core/new ->1, core/timeout 2s>4s"_s);
    DONE(end(u"promote"_s));
    QCOMPARE(timeout(), u"3s"_s); // that very version
    QCOMPARE(pending(), u"core/new ->1, core/timeout 3s>4s"_s);
    cluster().advance(5s); // waste is removed
    QCOMPARE(pending(), u"core/new ->1, core/timeout 3s>4s"_s);
    QVERIFY(stored("/config/shop/_all/draft/main/core/a").isEmpty());
    DONE(publish(u"the rest"_s));
    QCOMPARE(timeout(), u"4s"_s);
}

void tst_goconf_canary::promote_keepsAnEditThatComesInBetween()
{
    DONE(tryOut(u"3s"_s, one));
    trap(goconf::pointerPath("shop", "sh001"), u"draft.edit"_s,
         {{u"service"_s, u"shop"_s},
          {u"force"_s, true},
          {u"edits"_s, QCborArray{setOf(u"timeout"_s, u"5s"_s)}}});
    DONE(end(u"promote"_s));
    const std::optional<rpc::Outcome> between = sprung();
    QVERIFY(between);
    DONE(*between);
    QCOMPARE(timeout(), u"3s"_s);
    QCOMPARE(pending(), u"core/timeout 3s>5s"_s);
}

/// An edit that was made again as it is tried leaves nothing to be done.
void tst_goconf_canary::promote_dropsWhatItBrings()
{
    DONE(tryOut(u"3s"_s, one));
    DONE(set(u"timeout"_s, u"4s"_s));
    DONE(set(u"timeout"_s, u"3s"_s));
    QCOMPARE(pending(), u"core/timeout 2s>3s"_s);
    DONE(end(u"promote"_s));
    QCOMPARE(pending(), QString());
    FAILS(publish(u"nothing"_s), Code::refused);
}

void tst_goconf_canary::promote_goesToNewIdcsToo()
{
    DONE(tryOut(u"3s"_s, one));
    DONE(call(u"idc.create"_s, {{u"idc"_s, u"new"_s}}));
    QVERIFY(addHosts(1, "new"));
    QCOMPARE(timeout(u"new"_s), u"2s"_s);
    const rpc::Outcome done = end(u"promote"_s);
    DONE(done);
    QCOMPARE(done->toMap().value(u"hosts"_s).toInteger(), 5);
    QCOMPARE(timeout(u"new"_s), u"3s"_s);
}

void tst_goconf_canary::promote_namesWhatIsExpected()
{
    DONE(tryOut(u"3s"_s, one));
    DONE(tryOut(u"4s"_s, one, {{u"replace"_s, true}}));
    const rpc::Outcome refused = end(u"promote"_s, {{u"expected"_s, u"v2"_s}});
    FAILS(refused, Code::conflict);
    QVERIFY2(refused.error().message.contains(u"v3"_s), qPrintable(why(refused)));
    FAILS(end(u"abandon"_s, {{u"expected"_s, u"v2"_s}}), Code::conflict);
    DONE(end(u"promote"_s, {{u"expected"_s, u"v3"_s}}));
    QCOMPARE(timeout(), u"4s"_s);
}

// ---- give up

void tst_goconf_canary::abandon_leavesTheDraft()
{
    DONE(tryOut(u"3s"_s, one));
    const rpc::Outcome given = end(u"abandon"_s, {{u"message"_s, u"too slow"_s}});
    DONE(given);
    QCOMPARE(given->toMap().value(u"hosts"_s).toInteger(), 1);
    QCOMPARE(live(u"sh001"_s), u"v1"_s);
    QVERIFY(candidate().isEmpty());
    QCOMPARE(pending(), u"core/timeout 2s>3s"_s);
    DONE(publish(u"now for all"_s)); // a version of its own
    QCOMPARE(live(u"sh001"_s), u"v3"_s);
}

void tst_goconf_canary::rollback_withAbandonDoesBoth()
{
    DONE(set(u"timeout"_s, u"1s"_s));
    DONE(publish(u"second"_s));
    DONE(tryOut(u"3s"_s, one));
    const QCborMap back{{u"service"_s, u"shop"_s},
                        {u"to"_s, u"v1"_s},
                        {u"idcs"_s, QCborArray{u"bj001"_s}},
                        {u"abandon"_s, true},
                        {u"message"_s, u"emergency"_s}};
    const rpc::Outcome done = call(u"rollback"_s, back);
    DONE(done);
    QCOMPARE(done->toMap().value(u"moved"_s).toArray().size(), 1);
    QCOMPARE(done->toMap().value(u"hosts"_s).toInteger(), 3); // two there, and the one that tried
    QCOMPARE(live(u"bj001"_s), u"v1"_s);
    QCOMPARE(live(u"sh001"_s), u"v2"_s);
    QVERIFY(candidate().isEmpty());
    QVERIFY(!pointer("sh001").candidate && !pointer("_all").candidate);
    QCOMPARE(pending(), u"core/timeout 1s>3s"_s);
}

/// A trial writes pointers too, later than the last release and of other scopes.
void tst_goconf_canary::undo_takesBackTheLastReleaseNotTheTrial()
{
    DONE(set(u"timeout"_s, u"3s"_s));
    DONE(publish(u"everywhere"_s)); // v2
    DONE(set(u"timeout"_s, u"4s"_s, u"ann"_s, u"bj001"_s));
    DONE(publish(u"there"_s, {{u"targets"_s, QCborArray{target(u"shop"_s, u"bj001"_s)}}})); // v3
    DONE(set(u"timeout"_s, u"5s"_s, u"ann"_s, u"sh001"_s));
    DONE(publish(u"here"_s, {{u"targets"_s, QCborArray{target(u"shop"_s, u"sh001"_s)}},
                             {u"canary"_s, QCborArray{one[0]}}}));
    DONE(end(u"abandon"_s));
    const QCborMap undo{{u"service"_s, u"shop"_s}, {u"undo"_s, true}, {u"message"_s, u"back"_s}};
    DONE(call(u"rollback"_s, undo));
    QCOMPARE(live(u"sh001"_s), u"v2"_s);
    QCOMPARE(live(u"bj001"_s), u"v2"_s);
    DONE(tryOut(u"6s"_s, one));
    DONE(end(u"promote"_s));
    QCOMPARE(live(u"bj001"_s), u"v5"_s);
    DONE(call(u"rollback"_s, undo)); // of the promotion: to what was live before it
    QCOMPARE(live(u"sh001"_s), u"v2"_s);
    QCOMPARE(live(u"_all"_s), u"v2"_s);
}

void tst_goconf_canary::change_goesOnAfterPromotion()
{
    const QCborArray first{u"sh001"_s};
    const rpc::Outcome tried = tryOut(u"3s"_s, one, {{u"idcs"_s, first}});
    DONE(tried);
    const QString change = textIn(tried, u"change"_s);
    QCOMPARE(textIn(end(u"promote"_s), u"change"_s), change);
    QCOMPARE(live(u"sh001"_s), u"v2"_s);
    QCOMPARE(live(u"bj001"_s), u"v1"_s);
    DONE(publish(u"further"_s, {{u"idcs"_s, QCborArray{u"bj001"_s}}, {u"change"_s, change}}));
    QCOMPARE(live(u"bj001"_s), u"v2"_s);
    DONE(call(u"rollback"_s,
              {{u"service"_s, u"shop"_s}, {u"change"_s, change}, {u"message"_s, u"back"_s}}));
    QCOMPARE(live(u"sh001"_s), u"v1"_s);
    QCOMPARE(live(u"bj001"_s), u"v1"_s);
}

// ---- what was

void tst_goconf_canary::history_tellsIt()
{
    const rpc::Outcome tried = tryOut(u"3s"_s, one);
    DONE(tried);
    const QString id = textIn(tried, u"id"_s);
    DONE(end(u"abandon"_s));
    DONE(tryOut(u"4s"_s, one));
    DONE(end(u"promote"_s, {{u"message"_s, u"it is fine"_s}}));
    QStringList texts;
    const rpc::Outcome all = call(u"history"_s, {{u"service"_s, u"shop"_s}}, 3);
    for (const QCborValue value : all->toMap().value(u"releases"_s).toArray()) {
        const QCborMap release = value.toMap();
        const QCborArray of = release.value(u"services"_s).toArray();
        const QCborMap moved = of.at(0).toMap().value(u"targets"_s).toArray().at(0).toMap();
        texts += u"%1 %2>%3 %4 %5"_s
                     .arg(release.value(u"kind"_s).toString(), moved.value(u"from"_s).toString(),
                          moved.value(u"to"_s).toString(), release.value(u"message"_s).toString())
                     .arg(release.value(u"canary"_s).toArray().size());
        texts.back() += release.value(u"candidate"_s).toString() == id ? u" of it"_s : QString();
    }
    QCOMPARE(texts, QStringList({u"publish v1>v3 it is fine 0"_s, u"canary v1>v3 try 4s 1"_s,
                                 u"abandon v2>v1 try 3s 0 of it"_s, u"canary v1>v2 try 3s 1"_s,
                                 u"publish >v1 first 0"_s}));
    const rpc::Outcome shown = call(u"show"_s, {{u"release"_s, id}});
    DONE(shown);
    QVERIFY(shown->toDiagnosticNotation().contains(u"+timeout 3s"_s));
}

// ---- when nodes die

void tst_goconf_canary::key_isAnsweredByAnotherNode()
{
    DONE(set(u"timeout"_s, u"3s"_s));
    const QCborMap params{{u"targets"_s, QCborArray{target(u"shop"_s)}},
                          {u"message"_s, u"once"_s},
                          {u"canary"_s, QCborArray{one[0]}},
                          {u"key"_s, u"0123abcd"_s}};
    DONE(call(u"publish"_s, params, 2));
    cluster().kill(2);
    const rpc::Outcome again = call(u"publish"_s, params, 1);
    DONE(again);
    QVERIFY(again->toMap().value(u"repeated"_s).toBool());
    QCOMPARE(again->toMap().value(u"canary"_s).toArray().size(), 1);
    const QCborMap promotion{{u"key"_s, u"89abcdef"_s}};
    DONE(end(u"promote"_s, promotion, 3));
    const rpc::Outcome second = end(u"promote"_s, promotion, 1);
    DONE(second);
    QVERIFY(second->toMap().value(u"repeated"_s).toBool());
    QCOMPARE(live(u"sh001"_s), u"v2"_s);
}

/// All of it is live and the draft taken, or nothing is; a call with the same key makes it so.
void tst_goconf_canary::promote_isThereOrNotWhenTheLeaderDies()
{
    int version = 1;
    for (const auto delay : {1ms, 3ms, 5ms, 8ms, 12ms}) {
        const auto hasLeader = [this] { return cluster().leader().has_value(); };
        QVERIFY(cluster().runUntil(hasLeader));
        DONE(tryOut(u"%1s"_s.arg(delay.count() + 10), one));
        ++version;
        const int leader = *cluster().leader();
        const int asked = leader % 3 + 1;
        VirtualLoop::instance().after(delay, [this, leader] { cluster().kill(leader); });
        const QCborMap key{{u"key"_s, u"%1"_s.arg(delay.count(), 8, 10, QLatin1Char('0'))}};
        const rpc::Outcome first = end(u"promote"_s, key, asked);
        QVERIFY(cluster().runUntil(hasLeader));
        QVERIFY(cluster().runUntil([&] { return releases(asked) >= 0; }));
        const bool isDone = candidate(asked).isEmpty();
        QVERIFY(isDone || !first);
        for (const QString &scope : {u"_all"_s, u"sh001"_s, u"bj001"_s})
            QCOMPARE(live(scope, u"shop"_s, asked) == u"v%1"_s.arg(version), isDone);
        DONE(end(u"promote"_s, key, asked));
        QCOMPARE(live(u"bj001"_s, u"shop"_s, asked), u"v%1"_s.arg(version));
        QVERIFY(cluster().restart(leader));
        QVERIFY(cluster().runUntil([&] { return cluster().hasStarted(leader, u"goconf"_s); }));
        QVERIFY(cluster().runUntil([&] { return live(u"_all"_s) == u"v%1"_s.arg(version); }));
        QCOMPARE(pending(), QString());
    }
}

void tst_goconf_canary::candidate_survivesARestart()
{
    DONE(tryOut(u"3s"_s, one));
    for (int node = 1; node <= 3; ++node)
        cluster().kill(node);
    for (int node = 1; node <= 3; ++node)
        QVERIFY(cluster().restart(node));
    QVERIFY(cluster().runUntil([this] { return cluster().leader().has_value(); }));
    QVERIFY(cluster().runUntil([this] { return cluster().hasStarted(1, u"goconf"_s); }));
    QVERIFY(cluster().runUntil([this] { return releases() >= 0; }));
    QCOMPARE(candidate().value(u"version"_s).toString(), u"v2"_s);
    QCOMPARE(live(u"sh001"_s), u"v1"_s);
    DONE(end(u"promote"_s));
    QCOMPARE(timeout(), u"3s"_s);
}

COFFER_TEST_MAIN(tst_goconf_canary)
#include "tst_goconf_canary.moc"
