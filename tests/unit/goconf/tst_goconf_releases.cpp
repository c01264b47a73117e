// SPDX-License-Identifier: Apache-2.0
#include "goconf/paths.h"
#include "goconf/records.h"
#include "testkit/main.h"
#include "unit/goconf/goconf_stage.h"

using namespace coffer;
using namespace coffer::testkit;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

using rpc::Code;

/// Going back, going on, and asking again, on three nodes.
class tst_goconf_releases : public QObject, private GoconfStage
{
    Q_OBJECT

private Q_SLOTS:
    void init();

    void undo_ofIdcsGoesBehindTheLastSwitchOfEach();
    void undo_ofIdcsThatOneReleaseSwitchedNeedsNoWord();
    void undo_ofAnIdcThatFollowsTheBaseLayer();
    void undo_ofAnIdcThatGotItsPointerForATrial();
    void undo_isOfTheLastReleaseWhateverTrialsWroteSince();
    void undo_leavesTheLayerOfAHostOfTheSameRelease();
    void rollback_ofAChangeFindsAllItsReleasesWhateverClocksSay();
    void key_isFoundWhateverClocksSay();
    void key_belongsToOneCall();
    void history_comesPageByPage();
    void history_looksAtABoundedNumber();

private:
    [[nodiscard]] rpc::Outcome rollback(QCborMap params);
    [[nodiscard]] QString moved(const rpc::Outcome &outcome);
    /// A release of the base layer that sets timeout.
    [[nodiscard]] rpc::Outcome release(const QString &value, const QCborMap &more = {});
};

void tst_goconf_releases::init()
{
    const Result<void> built = build();
    QVERIFY2(built, built ? "" : qPrintable(built.error().message));
}

rpc::Outcome tst_goconf_releases::rollback(QCborMap params)
{
    params.insert(u"service"_s, u"shop"_s);
    params.insert(u"message"_s, u"back"_s);
    return call(u"rollback"_s, params);
}

/// "bj001 v3>v2, sh001 v2>v1".
QString tst_goconf_releases::moved(const rpc::Outcome &outcome)
{
    if (!outcome)
        return why(outcome);
    QStringList texts;
    for (const QCborValue one : outcome->toMap().value(u"moved"_s).toArray()) {
        const QCborMap map = one.toMap();
        texts += u"%1 %2>%3"_s.arg(map.value(u"scope"_s).toString(),
                                   map.value(u"from"_s).toString(), map.value(u"to"_s).toString());
    }
    texts.sort();
    return texts.join(u", "_s);
}

rpc::Outcome tst_goconf_releases::release(const QString &value, const QCborMap &more)
{
    const rpc::Outcome edited = set(u"timeout"_s, value);
    if (!edited)
        return edited;
    return publish(value, more);
}

// ---- undo

static const QCborArray both{u"sh001"_s, u"bj001"_s};

void tst_goconf_releases::undo_ofIdcsGoesBehindTheLastSwitchOfEach()
{
    DONE(release(u"3s"_s));                                        // v2 everywhere
    DONE(release(u"4s"_s, {{u"idcs"_s, QCborArray{u"sh001"_s}}})); // v3 in sh001
    const rpc::Outcome refused = rollback({{u"undo"_s, true}, {u"idcs"_s, both}});
    FAILS(refused, Code::refused);
    QVERIFY2(refused.error().message.contains(u"shop@sh001: v3 -> v2"_s)
                 && refused.error().message.contains(u"shop@bj001: v2 -> v1"_s),
             qPrintable(why(refused)));
    QCOMPARE(live(u"sh001"_s), u"v3"_s);
    QCOMPARE(live(u"bj001"_s), u"v2"_s);
    QCborMap each{{u"undo"_s, true}, {u"idcs"_s, both}, {u"each"_s, true}, {u"dryRun"_s, true}};
    QCOMPARE(moved(rollback(each)), u"bj001 v2>v1, sh001 v3>v2"_s);
    QCOMPARE(live(u"sh001"_s), u"v3"_s);
    each.remove(u"dryRun"_s);
    const rpc::Outcome done = rollback(each);
    QCOMPARE(moved(done), u"bj001 v2>v1, sh001 v3>v2"_s);
    QVERIFY(done->toMap().value(u"versions"_s).toMap().isEmpty()); // there is not one
    QCOMPARE(live(u"sh001"_s), u"v2"_s);
    QCOMPARE(live(u"bj001"_s), u"v1"_s);
    QCOMPARE(live(u"_all"_s), u"v3"_s);
}

void tst_goconf_releases::undo_ofIdcsThatOneReleaseSwitchedNeedsNoWord()
{
    DONE(release(u"3s"_s));
    DONE(release(u"4s"_s, {{u"idcs"_s, QCborArray{u"sh001"_s}}}));
    DONE(release(u"5s"_s)); // v4 everywhere: sh001 from v3, bj001 from v2
    QCOMPARE(moved(rollback({{u"undo"_s, true}, {u"idcs"_s, both}})),
             u"bj001 v4>v2, sh001 v4>v3"_s);
}

void tst_goconf_releases::undo_ofAnIdcThatFollowsTheBaseLayer()
{
    DONE(release(u"3s"_s));
    DONE(call(u"idc.create"_s, {{u"idc"_s, u"new"_s}}));
    QCOMPARE(moved(rollback({{u"undo"_s, true}, {u"idcs"_s, QCborArray{u"new"_s}}})),
             u"new v2>v1"_s);
    QCOMPARE(live(u"new"_s), u"v1"_s);
    DONE(call(u"service.create"_s, {{u"service"_s, u"pay"_s}}));
    FAILS(call(u"rollback"_s, {{u"service"_s, u"pay"_s},
                               {u"undo"_s, true},
                               {u"idcs"_s, QCborArray{u"new"_s}},
                               {u"message"_s, u"back"_s}}),
          Code::refused);
}

/// Its pointer says all that the base layer's said, which the IDC followed until then.
void tst_goconf_releases::undo_ofAnIdcThatGotItsPointerForATrial()
{
    DONE(release(u"3s"_s)); // v2
    DONE(call(u"idc.create"_s, {{u"idc"_s, u"new"_s}}));
    QVERIFY(addHosts(1, "new"));
    DONE(release(u"4s"_s, {{u"canary"_s, QCborArray{u"web-new0"_s}}}));
    DONE(call(u"canary.abandon"_s, {{u"service"_s, u"shop"_s}, {u"message"_s, u"no"_s}}));
    QCOMPARE(live(u"new"_s), u"v2"_s);
    QCOMPARE(moved(rollback({{u"undo"_s, true}, {u"dryRun"_s, true}})),
             u"_all v2>v1, bj001 v2>v1, new v2>v1, sh001 v2>v1"_s);
    QCOMPARE(moved(rollback({{u"undo"_s, true}, {u"idcs"_s, QCborArray{u"new"_s}}})),
             u"new v2>v1"_s);
}

void tst_goconf_releases::undo_isOfTheLastReleaseWhateverTrialsWroteSince()
{
    DONE(release(u"3s"_s)); // v2 everywhere
    DONE(set(u"timeout"_s, u"4s"_s, u"ann"_s, u"bj001"_s));
    DONE(publish(u"there"_s, {{u"targets"_s, QCborArray{target(u"shop"_s, u"bj001"_s)}}})); // v3
    QVERIFY(addHosts(1, "sh001"));
    const QCborMap trial{{u"canary"_s, QCborArray{u"web-sh0010"_s}},
                         {u"idcs"_s, QCborArray{u"sh001"_s}}};
    DONE(release(u"5s"_s, trial)); // in the pointers of the earlier release alone
    DONE(call(u"canary.abandon"_s, {{u"service"_s, u"shop"_s}, {u"message"_s, u"no"_s}}));
    QCOMPARE(moved(rollback({{u"undo"_s, true}})), u"bj001 v3>v2"_s);
}

void tst_goconf_releases::undo_leavesTheLayerOfAHostOfTheSameRelease()
{
    QVERIFY(addHosts(1, "sh001"));
    const QString host = u"_host@web-sh0010"_s;
    for (const QString &value : {u"3s"_s, u"4s"_s}) {
        DONE(set(u"timeout"_s, value));
        DONE(set(u"retries"_s, value, u"ann"_s, host));
        const QCborArray targets{target(u"shop"_s), target(u"shop"_s, host)};
        DONE(publish(value, {{u"targets"_s, targets}, {u"expires"_s, u"10m"_s}}));
    }
    QCOMPARE(moved(rollback({{u"undo"_s, true}})), u"_all v3>v2, bj001 v3>v2, sh001 v3>v2"_s);
    QCOMPARE(live(host), u"v3"_s);
}

// ---- clocks

void tst_goconf_releases::rollback_ofAChangeFindsAllItsReleasesWhateverClocksSay()
{
    const Result<void> built = build({0h, -3h, 0h});
    QVERIFY2(built, built ? "" : qPrintable(built.error().message));
    const rpc::Outcome first = release(u"3s"_s, {{u"idcs"_s, QCborArray{u"sh001"_s}}});
    DONE(first);
    const QString change = textIn(first, u"change"_s);
    DONE(call(u"publish"_s,
              {{u"targets"_s, QCborArray{target(u"shop"_s)}},
               {u"message"_s, u"further"_s},
               {u"idcs"_s, QCborArray{u"bj001"_s}},
               {u"change"_s, change}},
              2));
    QCOMPARE(live(u"bj001"_s), u"v2"_s);
    QCOMPARE(moved(rollback({{u"change"_s, change}})), u"_all v2>v1, bj001 v2>v1, sh001 v2>v1"_s);
    QCOMPARE(live(u"bj001"_s), u"v1"_s);
}

void tst_goconf_releases::key_isFoundWhateverClocksSay()
{
    const Result<void> built = build({0h, -3h, 0h});
    QVERIFY2(built, built ? "" : qPrintable(built.error().message));
    DONE(set(u"timeout"_s, u"3s"_s));
    const QCborMap params{{u"targets"_s, QCborArray{target(u"shop"_s)}},
                          {u"message"_s, u"once"_s},
                          {u"key"_s, u"0123abcd"_s}};
    const rpc::Outcome first = call(u"publish"_s, params, 2);
    DONE(first);
    const rpc::Outcome again = call(u"publish"_s, params, 1);
    DONE(again);
    QVERIFY(again->toMap().value(u"repeated"_s).toBool());
    QCOMPARE(textIn(again, u"id"_s), textIn(first, u"id"_s));
    QCOMPARE(live(u"sh001"_s), u"v2"_s);
}

void tst_goconf_releases::key_belongsToOneCall()
{
    DONE(set(u"timeout"_s, u"3s"_s));
    QCborMap params{{u"targets"_s, QCborArray{target(u"shop"_s)}},
                    {u"message"_s, u"once"_s},
                    {u"as"_s, u"ann"_s},
                    {u"key"_s, u"0123abcd"_s}};
    DONE(call(u"publish"_s, params));
    const qsizetype before = releases();
    const rpc::Outcome back = rollback({{u"to"_s, u"v1"_s}, {u"key"_s, u"0123abcd"_s}});
    FAILS(back, Code::conflict);
    QVERIFY2(back.error().message.startsWith(u"key: "_s), qPrintable(why(back)));
    for (const auto &[member, value] :
         {std::pair<QString, QCborValue>(u"message"_s, u"another"_s),
          {u"as"_s, u"bob"_s},
          {u"idcs"_s, QCborArray{u"sh001"_s}},
          {u"targets"_s, QCborArray{target(u"shop"_s, u"sh001"_s)}}}) {
        QCborMap other = params;
        other.insert(member, value);
        FAILS(call(u"publish"_s, other), Code::conflict);
    }
    params.insert(u"yes"_s, 7); // says nothing of what is to be done
    const rpc::Outcome again = call(u"publish"_s, params, 3);
    DONE(again);
    QVERIFY(again->toMap().value(u"repeated"_s).toBool());
    QCOMPARE(releases(), before);
    QCOMPARE(live(u"sh001"_s), u"v2"_s);
}

// ---- history

void tst_goconf_releases::history_comesPageByPage()
{
    for (int i = 3; i < 10; ++i)
        DONE(release(u"%1s"_s.arg(i)));
    QStringList messages;
    QCborMap params{{u"service"_s, u"shop"_s}, {u"limit"_s, 3}};
    for (int page = 0; page < 9; ++page) {
        const rpc::Outcome some = call(u"history"_s, params, 2);
        DONE(some);
        const QCborArray releases = some->toMap().value(u"releases"_s).toArray();
        QVERIFY(releases.size() <= 3);
        for (const QCborValue one : releases)
            messages += one.toMap().value(u"message"_s).toString();
        if (!some->toMap().value(u"more"_s).toBool())
            break;
        params.insert(u"before"_s, some->toMap().value(u"next"_s));
    }
    QCOMPARE(messages.join(u' '), u"9s 8s 7s 6s 5s 4s 3s first"_s);
    FAILS(call(u"history"_s, {{u"limit"_s, 1'001}}), Code::invalidArgument);
    FAILS(call(u"history"_s, {{u"limit"_s, 0}}), Code::invalidArgument);
}

void tst_goconf_releases::history_looksAtABoundedNumber()
{
    goconf::ReleaseRecord record;
    record.change = "other";
    record.services = {{"other", {{"_all", "", "v1"}}}};
    store::Transaction many;
    const qint64 now = cluster().clock().wall().count();
    const QByteArray time = QByteArray::number(now, 16).rightJustified(16, '0');
    for (int i = 0; i < 1'200; ++i) {
        const QByteArray id = time + '-' + QByteArray::number(i).rightJustified(8, '0');
        many.operations.emplace_back(
            store::Put{.path = goconf::releasePath(id), .value = record.toJson()});
    }
    QVERIFY(cluster().await(cluster().store(1).commit(many)));
    DONE(release(u"3s"_s));
    const rpc::Outcome some = call(u"history"_s, {{u"service"_s, u"shop"_s}});
    DONE(some);
    QCOMPARE(some->toMap().value(u"releases"_s).toArray().size(), 1);
    QVERIFY(some->toMap().value(u"more"_s).toBool());
    const QCborMap behind{{u"service"_s, u"shop"_s}, {u"before"_s, some->toMap().value(u"next"_s)}};
    const rpc::Outcome others = call(u"history"_s, behind);
    DONE(others);
    const QCborArray older = others->toMap().value(u"releases"_s).toArray();
    QCOMPARE(older.size(), 1);
    QVERIFY(!others->toMap().value(u"more"_s).toBool());
    // By its number too, and past releases that are of no interest.
    const QString first = older.first().toMap().value(u"release"_s).toString();
    DONE(call(u"show"_s, {{u"release"_s, first}}));
    QCOMPARE(textIn(call(u"history"_s, {{u"before"_s, u"r1"_s}}), u"next"_s), QString());
    FAILS(call(u"history"_s, {{u"before"_s, u"0000000000000000-00000000"_s}}), Code::notFound);
}

COFFER_TEST_MAIN(tst_goconf_releases)
#include "tst_goconf_releases.moc"
