// SPDX-License-Identifier: Apache-2.0
#include "goconf/bundle_cache.h"
#include "goconf/fleet_retention.h"
#include "goconf/fleet_view.h"
#include "goconf/follow_table.h"
#include "goconf/host_secret.h"
#include "goconf/paths.h"
#include "goconf/report_ledger.h"

#include <QTest>

#include <malloc.h>

using namespace coffer;
using namespace coffer::goconf;
using namespace std::chrono_literals;

using Kind = FleetView::Kind;

class tst_fleet_parts : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void secret_isKnownByItsHashAlone();

    void ledger_writesTheNewest();
    void ledger_expectsWhatItWrote();
    void ledger_ofAnOldFollowIsNotWritten();
    void ledger_keepsWhatCouldNotBeWritten();
    void ledger_boundsATransaction();

    void table_offersTheNewest();
    void table_saysWhenAllIsTold();
    void table_saysNothingThatIsOutOfDate();
    void table_withdraws();
    void table_regrants();
    void table_tellsOneHostSomethingElse();
    void table_takesLittleMemory();

    void view_wantsTheBaseUnlessTheIdcSaysOtherwise();
    void view_laysVersionsOverOneAnother();
    void view_ignoresWhatIsOlder();
    void view_ofAHostIsWhatItsNodeSays();
    void view_findsARival();

    void cache_forgetsTheOldest();
    void retention_keepsWhatIsUsed();
};

// ---- secrets

void tst_fleet_parts::secret_isKnownByItsHashAlone()
{
    const QByteArray secret = makeSecret();
    QCOMPARE(secret.size(), 64);
    QVERIFY(secret != makeSecret());
    QCOMPARE(makeTicket().size(), 32);
    const config::Hash hash = config::Hash::of(secret);
    QVERIFY(isSecretOf(hash, secret));
    QVERIFY(!isSecretOf(hash, secret.first(63)));
    QVERIFY(!isSecretOf(hash, hash.hex()));
    QVERIFY(!isSecretOf(hash, {}));
    QVERIFY(!isSecretOf({}, {}));
    QVERIFY(!isSecretOf({}, secret));
}

// ---- reports on their way

static const FollowId first(1);
static const FollowId second(2);

void tst_fleet_parts::ledger_writesTheNewest()
{
    ReportLedger ledger;
    QVERIFY(!ledger.put("/a", first, "0"));
    ledger.own("/a", first, Revision(5));
    QVERIFY(!ledger.hasPending());
    QVERIFY(ledger.put("/a", first, "1"));
    QVERIFY(ledger.put("/a", first, "2"));
    const std::vector<ReportLedger::Entry> entries = ledger.take(10, 1'000);
    QCOMPARE(entries.size(), std::size_t(1));
    QCOMPARE(entries[0], (ReportLedger::Entry{"/a", "2", Revision(5)}));
    QVERIFY(!ledger.isSettled("/a"));
    ledger.written(Revision(7));
    QVERIFY(ledger.isSettled("/a"));
    QCOMPARE(ledger.newest("/a"), "2");
}

void tst_fleet_parts::ledger_expectsWhatItWrote()
{
    ReportLedger ledger;
    ledger.own("/a", first, Revision());
    QVERIFY(ledger.put("/a", first, "1"));
    QCOMPARE(ledger.take(10, 1'000)[0].expected, Revision());
    QVERIFY(ledger.put("/a", first, "2")); // while it is under way
    ledger.written(Revision(7));
    QCOMPARE(ledger.take(10, 1'000)[0], (ReportLedger::Entry{"/a", "2", Revision(7)}));
    ledger.written(Revision(9));
    QCOMPARE(ledger.revisionOf("/a"), Revision(9));
    ledger.own("/a", second, Revision(8)); // it has seen less than this node wrote
    QVERIFY(ledger.put("/a", second, "3"));
    QCOMPARE(ledger.take(10, 1'000)[0].expected, Revision(9));
}

void tst_fleet_parts::ledger_ofAnOldFollowIsNotWritten()
{
    ReportLedger ledger;
    ledger.own("/a", first, Revision(1));
    QVERIFY(ledger.put("/a", first, "old"));
    ledger.own("/a", second, Revision(1));
    QVERIFY(ledger.put("/a", second, "new"));
    QVERIFY(!ledger.put("/a", first, "older"));
    QCOMPARE(ledger.take(10, 1'000)[0].value, "new");
    ledger.drop("/a"); // somebody else has it
    ledger.written(Revision(3));
    QVERIFY(!ledger.put("/a", second, "late"));
    QVERIFY(!ledger.hasPending());
    QCOMPARE(ledger.ownerOf("/a"), FollowId());
}

void tst_fleet_parts::ledger_keepsWhatCouldNotBeWritten()
{
    ReportLedger ledger;
    for (const QByteArray &path : {QByteArray("/a"), QByteArray("/b")}) {
        ledger.own(path, first, Revision(1));
        QVERIFY(ledger.put(path, first, "1"));
    }
    QCOMPARE(ledger.take(10, 1'000).size(), std::size_t(2));
    QVERIFY(ledger.put("/b", first, "2"));
    ledger.putBack();
    ledger.rebase("/a", Revision(4));
    const std::vector<ReportLedger::Entry> entries = ledger.take(10, 1'000);
    QCOMPARE(entries.size(), std::size_t(2));
    QCOMPARE(entries[0], (ReportLedger::Entry{"/a", "1", Revision(4)}));
    QCOMPARE(entries[1], (ReportLedger::Entry{"/b", "2", Revision(1)}));
}

void tst_fleet_parts::ledger_boundsATransaction()
{
    ReportLedger ledger;
    for (char name = 'a'; name <= 'z'; ++name) {
        const QByteArray path = QByteArray("/") + name;
        ledger.own(path, first, Revision(1));
        QVERIFY(ledger.put(path, first, QByteArray(98, name)));
    }
    QCOMPARE(ledger.take(10, 10'000).size(), std::size_t(10));
    ledger.written(Revision(2));
    QCOMPARE(ledger.take(100, 450).size(), std::size_t(4));
    ledger.written(Revision(3));
    QCOMPARE(ledger.take(100, 1).size(), std::size_t(1)); // one at least
    ledger.written(Revision(4));
    QCOMPARE(ledger.take(100, 10'000).size(), std::size_t(11));
}

// ---- who follows what

static const HostClass shop{"shop", "sh001"};
static const HostClass pay{"pay", "sh001"};

static Follow followOf(const QByteArray &host)
{
    Follow follow;
    follow.ticket = "ticket of " + host;
    follow.host = host;
    follow.idc = "sh001";
    follow.instance = "installation of " + host;
    return follow;
}

static Offer offerOf(const QByteArray &version)
{
    Offer offer;
    offer.version = version;
    offer.root = "root of " + version;
    offer.release = "release of " + version;
    return offer;
}

static QByteArray nextOf(FollowTable &table, FollowId id, Monotonic now = 1s)
{
    const std::optional<FollowNews> news = table.take(id, now);
    if (!news)
        return "-";
    if (const auto *offer = std::get_if<OfferNews>(&*news))
        return offer->service + ' ' + offer->offer.version;
    if (const auto *withdrawn = std::get_if<WithdrawnNews>(&*news))
        return withdrawn->service + " withdrawn";
    if (std::holds_alternative<AliveNews>(*news))
        return "alive";
    return "heartbeat";
}

void tst_fleet_parts::table_offersTheNewest()
{
    FollowTable table(10s);
    const FollowId id = table.add(followOf("web-1"), {shop}, {}, 0s);
    QCOMPARE(nextOf(table, id), "-"); // nobody knows yet
    QCOMPARE(table.setWanted(shop, offerOf("v1")), std::vector<FollowId>{id});
    QVERIFY(table.setWanted(shop, offerOf("v1")).empty());
    QCOMPARE(table.setWanted(shop, offerOf("v2")).size(), std::size_t(1));
    QCOMPARE(table.setWanted(shop, offerOf("v3")).size(), std::size_t(1));
    QVERIFY(table.setWanted({"shop", "sh004"}, offerOf("v9")).empty());
    QCOMPARE(nextOf(table, id), "shop v3"); // the only one that it is told
    QCOMPARE(table.offered(id, "shop"), "release of v3");
    QCOMPARE(table.byTicket("ticket of web-1")->id, id);
    table.remove(id);
    QVERIFY(table.byHost("web-1") == nullptr && table.byTicket("ticket of web-1") == nullptr);
    QCOMPARE(nextOf(table, id), "-");
}

void tst_fleet_parts::table_saysWhenAllIsTold()
{
    FollowTable table(10s);
    const FollowId id = table.add(followOf("web-1"), {pay, shop}, {}, 0s);
    (void)table.setWanted(shop, offerOf("v1"));
    QCOMPARE(nextOf(table, id), "shop v1");
    QCOMPARE(nextOf(table, id), "-");
    (void)table.setWanted({"pay", "sh001"}, {});
    QCOMPARE(nextOf(table, id, 2s), "heartbeat");
    QCOMPARE(nextOf(table, id, 11s), "-");
    QVERIFY(table.due(11s).empty());
    QCOMPARE(table.due(12s), std::vector<FollowId>{id});
    QCOMPARE(nextOf(table, id, 12s), "heartbeat");
    QVERIFY(table.due(12s).empty());
}

void tst_fleet_parts::table_saysNothingThatIsOutOfDate()
{
    FollowTable table(10s);
    (void)table.setWanted(shop, offerOf("v1"));
    const FollowId early = table.add(followOf("web-1"), {shop}, {}, 0s);
    QCOMPARE(nextOf(table, early), "shop v1");
    QCOMPARE(nextOf(table, early), "heartbeat");
    table.expectWanted(shop); // v2 is live, and being rendered
    const FollowId late = table.add(followOf("web-2"), {shop}, {}, 1s);
    QCOMPARE(nextOf(table, late, 2s), "-");
    QCOMPARE(nextOf(table, late, 11s), "alive"); // a heartbeat would say that this is all
    QCOMPARE(nextOf(table, early, 11s), "alive");
    QCOMPARE(table.setWanted(shop, offerOf("v2")), (std::vector<FollowId>{early, late}));
    QCOMPARE(nextOf(table, late, 12s), "shop v2");
    QCOMPARE(nextOf(table, late, 12s), "heartbeat");
    QCOMPARE(nextOf(table, early, 12s), "shop v2");
    // What was expected turns out to be what was there.
    table.expectWanted(shop);
    const FollowId last = table.add(followOf("web-3"), {shop}, {}, 12s);
    QCOMPARE(nextOf(table, last, 13s), "-");
    QCOMPARE(table.setWanted(shop, offerOf("v2")), std::vector<FollowId>{last});
    QCOMPARE(nextOf(table, last, 13s), "shop v2");
    QCOMPARE(nextOf(table, early, 13s), "-");
}

void tst_fleet_parts::table_withdraws()
{
    FollowTable table(10s);
    const FollowId offered = table.add(followOf("web-1"), {shop}, {}, 0s);
    (void)table.setWanted(shop, offerOf("v1"));
    QCOMPARE(nextOf(table, offered), "shop v1");
    (void)table.setWanted(shop, {});
    const FollowId had = table.add(followOf("web-2"), {shop}, {"shop"}, 0s);
    const FollowId never = table.add(followOf("web-3"), {shop}, {}, 0s);
    QCOMPARE(nextOf(table, offered), "shop withdrawn");
    QCOMPARE(nextOf(table, had), "shop withdrawn");
    QCOMPARE(nextOf(table, never), "heartbeat");
    QCOMPARE(nextOf(table, had), "heartbeat");
}

void tst_fleet_parts::table_regrants()
{
    FollowTable table(10s);
    const FollowId id = table.add(followOf("web-1"), {shop}, {}, 0s);
    (void)table.setWanted(shop, offerOf("v1"));
    (void)table.setWanted({"shop", "sh004"}, offerOf("v2"));
    QCOMPARE(nextOf(table, id), "shop v1");
    QVERIFY(!table.regrant(id, "sh001", {shop}));
    QVERIFY(table.regrant(id, "sh004", {{"shop", "sh004"}}));
    QCOMPARE(nextOf(table, id), "shop v2");
    QVERIFY(table.regrant(id, "sh004", {{"pay", "sh004"}}));
    QVERIFY(!table.isGranted(id, "shop"));
    QCOMPARE(nextOf(table, id), "shop withdrawn");
    QCOMPARE(table.classes(), (std::set<HostClass>{{"pay", "sh004"}}));
}

void tst_fleet_parts::table_tellsOneHostSomethingElse()
{
    const HostClass own{"shop", "sh001", "web-1"};
    FollowTable table(10s);
    const FollowId id = table.add(followOf("web-1"), {shop}, {}, 0s);
    const FollowId other = table.add(followOf("web-2"), {shop}, {}, 0s);
    (void)table.setWanted(shop, offerOf("v1"));
    QCOMPARE(nextOf(table, id), "shop v1");
    QCOMPARE(nextOf(table, other), "shop v1");
    QCOMPARE(nextOf(table, other), "heartbeat");
    QVERIFY(table.regrant(id, "sh001", {own}));
    QVERIFY(!table.regrant(id, "sh001", {own}));
    QVERIFY(table.classOf(id, "shop") == own);
    QVERIFY(!table.classOf(id, "pay"));
    QCOMPARE(nextOf(table, id), "-"); // nobody knows yet; what all get is not meant for it
    QCOMPARE(table.setWanted(own, offerOf("v2")), std::vector<FollowId>{id});
    QCOMPARE(nextOf(table, id), "shop v2");
    QCOMPARE(table.setWanted(shop, offerOf("v3")), std::vector<FollowId>{other});
    QCOMPARE(nextOf(table, other), "shop v3");
    QCOMPARE(table.classes(), (std::set<HostClass>{shop, own}));
    QVERIFY(table.regrant(id, "sh001", {shop})); // one of all again
    QCOMPARE(nextOf(table, id), "shop v3");
}

/// Of the table alone: its connection and coroutine come on top.
void tst_fleet_parts::table_takesLittleMemory()
{
    constexpr int many = 5'000;
    FollowTable table(10s);
    const std::size_t before = mallinfo2().uordblks;
    for (int i = 0; i < many; ++i) {
        Follow follow = followOf("web-" + QByteArray::number(i));
        follow.run = QByteArray(36, 'r');
        follow.address = QByteArray(21, 'a');
        (void)table.add(follow, {pay, shop}, {}, 0s);
    }
    (void)table.setWanted(shop, offerOf("v1"));
    const std::size_t each = (mallinfo2().uordblks - before) / many;
    qInfo("%zu bytes for each follow of two services", each);
    QVERIFY2(each < 2'048, qPrintable(QString::number(each)));
}

// ---- the fleet

static QByteArray pointerOf(const QByteArray &version)
{
    Pointer pointer;
    pointer.current = version;
    pointer.release = "release of " + version;
    return pointer.toJson();
}

static QByteArray reportOf(const QByteArray &via, const QByteArray &instance = "one")
{
    ReportRecord report;
    report.state = state::healthy;
    report.version = "v1";
    report.via = via;
    report.instance = instance;
    return report.toJson();
}

void tst_fleet_parts::view_wantsTheBaseUnlessTheIdcSaysOtherwise()
{
    FleetView view;
    QVERIFY(!view.wanted(shop));
    view.put(Kind::pointer, pointerPath("shop", "_all"), pointerOf("v1"), Revision(1));
    QVERIFY(view.wanted(shop)->editions == (Editions{{"shop", "_all", "v1"}}));
    view.put(Kind::pointer, pointerPath("shop", "sh001"), pointerOf("v2"), Revision(2));
    QCOMPARE(view.wanted(shop)->version, "v2");
    QCOMPARE(view.wanted({"shop", "sh004"})->version, "v1");
    view.put(Kind::pointer, pointerPath("shop", "sh001"), pointerOf(""), Revision(3));
    QVERIFY(!view.wanted(shop));
    view.put(Kind::pointer, pointerPath("shop", "sh001"), "rubbish", Revision(4));
    QCOMPARE(view.wanted(shop)->version, "v1");
}

void tst_fleet_parts::view_laysVersionsOverOneAnother()
{
    FleetView view;
    view.put(Kind::pointer, pointerPath("_global", "_all"), pointerOf("v3"), Revision(9));
    QVERIFY(!view.wanted(shop)); // the service is not live
    view.put(Kind::pointer, pointerPath("shop", "sh001"), pointerOf("v1"), Revision(2));
    QVERIFY(view.wanted(shop)->editions
            == (Editions{{"_global", "_all", "v3"}, {"shop", "sh001", "v1"}}));
    QCOMPARE(view.wanted(shop)->version, "v1");
    QCOMPARE(view.wanted(shop)->release, "release of v3"); // the newest of them
    const QByteArray path = pointerPath("shop", hostScope("web-1"));
    QVERIFY(view.classOf("shop", "sh001", "web-1") == shop);
    view.put(Kind::pointer, path, pointerOf("v5"), Revision(10));
    const HostClass own = view.classOf("shop", "sh001", "web-1");
    QVERIFY(own == (HostClass{"shop", "sh001", "web-1"}));
    QVERIFY(view.classOf("shop", "sh001", "web-2") == shop);
    QVERIFY(view.classOf("pay", "sh001", "web-1") == (HostClass{"pay", "sh001"}));
    QCOMPARE(view.wanted(own)->editions.size(), std::size_t(3));
    QCOMPARE(view.wanted(own)->release, "release of v5");
    QCOMPARE(view.endings().size(), std::size_t(1));
    view.put(Kind::pointer, path, pointerOf(""), Revision(11)); // it has ended
    QVERIFY(view.classOf("shop", "sh001", "web-1") == shop);
    QVERIFY(view.endings().empty());
    view.put(Kind::pointer, path, pointerOf("v4"), Revision(12));
    view.remove(Kind::pointer, path, Revision(13));
    QVERIFY(view.classOf("shop", "sh001", "web-1") == shop);
}

void tst_fleet_parts::view_ignoresWhatIsOlder()
{
    FleetView view;
    const QByteArray path = pointerPath("shop", "_all");
    view.put(Kind::pointer, path, pointerOf("v2"), Revision(7));
    view.put(Kind::pointer, path, pointerOf("v1"), Revision(6));
    view.remove(Kind::pointer, path, Revision(6));
    QCOMPARE(view.wanted(shop)->version, "v2");
    view.remove(Kind::pointer, path, Revision(8));
    QVERIFY(!view.wanted(shop));
}

void tst_fleet_parts::view_ofAHostIsWhatItsNodeSays()
{
    FleetView view;
    HostRecord host;
    host.idc = "sh001";
    host.services = {"shop"};
    view.put(Kind::host, hostPath("web-1"), host.toJson(), Revision(1));
    const auto row = [&view] { return view.rows({}).at(0); };
    QCOMPARE(row().state, state::unknown);
    QVERIFY(row().error.contains("joined"));
    const QByteArray path = reportPath("shop", "sh001", "web-1");
    view.put(Kind::report, path, reportOf("node-1"), Revision(2));
    QCOMPARE(row().state, state::unknown); // its node is not there
    QVERIFY(row().error.contains("node"));
    view.put(Kind::node, "/config/_node/node-1", "{}", Revision(3));
    QCOMPARE(row().state, state::healthy);
    QVERIFY(row().isConnected);
    host.services = {"pay", "shop"};
    view.put(Kind::host, hostPath("web-1"), host.toJson(), Revision(4));
    QCOMPARE(row().state, state::unknown);
    QVERIFY(row().error.contains("no target"));
    host.services = {"shop"};
    view.put(Kind::host, hostPath("web-1"), host.toJson(), Revision(5));
    view.put(Kind::report, path, reportOf(""), Revision(6));
    QCOMPARE(row().state, state::offline);
    QCOMPARE(row().report->version, "v1"); // it is still known what it had
    QVERIFY(view.rows({.service = "pay"}).empty());
    host.services = {"*"};
    view.put(Kind::host, hostPath("web-1"), host.toJson(), Revision(7));
    QCOMPARE(view.rows({}).size(), std::size_t(1)); // what it reports
    QCOMPARE(view.rows({.idc = "sh004"}).size(), std::size_t(0));
}

void tst_fleet_parts::view_findsARival()
{
    FleetView view;
    view.put(Kind::report, reportPath("shop", "sh001", "web-1"), reportOf("node-1"), Revision(2));
    QVERIFY(!view.rival("web-1", "two")); // its node is dead
    view.put(Kind::node, "/config/_node/node-1", "{}", Revision(3));
    QVERIFY(view.rival("web-1", "two"));
    QVERIFY(!view.rival("web-1", "one"));
    QVERIFY(!view.rival("web-2", "two"));
    QVERIFY(!view.rival("web", "two"));
    view.put(Kind::report, reportPath("shop", "sh001", "web-1"), reportOf(""), Revision(4));
    QVERIFY(!view.rival("web-1", "two")); // offline
}

// ---- bytes

void tst_fleet_parts::cache_forgetsTheOldest()
{
    BundleCache<QByteArray> cache(100);
    cache.insert("a", QByteArray(40, 'a'));
    cache.insert("b", QByteArray(40, 'b'));
    QVERIFY(cache.find("a"));
    cache.insert("c", QByteArray(40, 'c'));
    QVERIFY(!cache.find("b"));
    QCOMPARE(cache.find("a")->size(), 40);
    cache.insert("a", QByteArray(10, 'a'));
    QCOMPARE(cache.bytes(), std::size_t(50));
    cache.insert("large", QByteArray(500, 'l'));
    QCOMPARE(cache.size(), std::size_t(1));
    QVERIFY(cache.find("large"));
}

void tst_fleet_parts::retention_keepsWhatIsUsed()
{
    std::vector<Retention::Version> versions;
    for (int number = 1; number <= 300; ++number)
        versions.push_back({"v" + QByteArray::number(number), WallMs(number)});
    const Retention retention{.used = {"v1", "v17", "v300"}, .last = 300};
    QVERIFY(retention.droppable(versions, 180 * 24h).empty()); // all are young
    const std::vector<QByteArray> dropped = retention.droppable(versions, 181 * 24h);
    QCOMPARE(dropped.size(), std::size_t(198)); // v1 to v200, but for two
    QVERIFY(std::find(dropped.begin(), dropped.end(), "v17") == dropped.end());
    QVERIFY(std::find(dropped.begin(), dropped.end(), "v200") != dropped.end());
    QVERIFY(std::find(dropped.begin(), dropped.end(), "v201") == dropped.end());
}

QTEST_GUILESS_MAIN(tst_fleet_parts)
#include "tst_fleet_parts.moc"
