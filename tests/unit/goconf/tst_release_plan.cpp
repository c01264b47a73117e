// SPDX-License-Identifier: Apache-2.0
#include "goconf/release_plan.h"

#include <QTest>

#include <algorithm>

using namespace coffer;
using namespace coffer::goconf;
using config::Hash;

/// From what is live to the one transaction that changes it.
class tst_release_plan : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void publish_ofTheBaseLayerMovesEveryIdc();
    void publish_ofSomeIdcsPinsThoseThatFollow();
    void publish_ofAnOwnLayerMovesItsIdcAlone();
    void publish_restsOnAllThatItWasMadeFrom();
    void continuation_givesTheNextIdcTheSameVersion();
    void continuation_refusesWhatItCannotBe_data();
    void continuation_refusesWhatItCannotBe();
    void rollback_copiesTheVersionForAnIdcThatFollows();
    void rollback_refusesWhereItIs();
    void canary_leavesWhatIsLive();
    void canary_changesItsHostsAlone();
    void canary_replacesWhatWasTried();
    void promotion_movesWhereverItIs();
    void abandonment_leavesWhatIsLive();
    void rebase_marksTheDraftAndKeepsWhatIsNewer();
    void classes_areOfIdcsThatFollowToo();
    void classes_areOfWhatLiesBelowAndOverThemToo();
    void host_isOfItsOwnLayerAlone();
    void host_mayOnlyLastLonger();
    void record_saysWhatMovedButNoPins();
    void transaction_marksDraftsThatAreTooManyTogether();
    void transaction_refusesALargeEntry();
    void takenMark_comesBack();
};

static const Hash baseOne = Hash::of("base 1");
static const Hash baseTwo = Hash::of("base 2");
static const Hash ownOne = Hash::of("own 1");

static Snapshot snapshotOf(const Hash &base, const Hash &own = {})
{
    Snapshot snapshot{.base = base, .own = own, .release = "before"};
    snapshot.hash = Snapshot::contentHash(base, own);
    return snapshot;
}

/// v1 is live in the base layer and in sh001; bj001 follows.
static ServiceState stateOf()
{
    ServiceState state;
    state.name = "shop";
    state.record.last = 1;
    state.revision = Revision(10);
    state.created = Revision(2);
    state.scopes[baseScope] = {{"v1", "", "v1", "before", {}}, Revision(11), snapshotOf(baseOne)};
    state.scopes["sh001"] = {
        {"v1", "", "v1", "before", {}}, Revision(12), snapshotOf(baseOne, ownOne)};
    return state;
}

static ReleasePlan planOf(ReleaseRecord::Kind kind = ReleaseRecord::Kind::publish)
{
    return ReleasePlan({.kind = kind,
                        .id = "id",
                        .change = "change",
                        .message = "why",
                        .made = {"ann", WallMs(7)},
                        .address = "192.0.2.1:5"});
}

static const std::vector<QByteArray> idcs{"bj001", "sh001"};
static const ReleasePlan::Editions newBase{{baseScope, {baseTwo, 3}}};

static const Move *moveOf(const ReleasePlan &plan, const QByteArray &scope)
{
    const auto found = std::find_if(plan.moves().begin(), plan.moves().end(),
                                    [&scope](const Move &move) { return move.scope == scope; });
    return found == plan.moves().end() ? nullptr : &*found;
}

template<class Operation>
static bool isIn(const std::vector<Operation> &all, const Operation &one)
{
    return std::find(all.begin(), all.end(), one) != all.end();
}

static QByteArray putAt(const store::Transaction &transaction, const QByteArray &path)
{
    for (const store::Operation &operation : transaction.operations) {
        const auto *put = std::get_if<store::Put>(&operation);
        if (put != nullptr && put->path == path)
            return put->value;
    }
    return {};
}

// ---- publish

void tst_release_plan::publish_ofTheBaseLayerMovesEveryIdc()
{
    ReleasePlan plan = planOf();
    QVERIFY(plan.addPublish(stateOf(), newBase, {idcs}));
    QCOMPARE(plan.moves().size(), 3U);
    const Move *own = moveOf(plan, "sh001");
    QCOMPARE(own->to, QByteArray("v2"));
    QCOMPARE(own->pointer.previous, QByteArray("v1"));
    QVERIFY(own->after.base == baseTwo && own->after.own == ownOne); // its own layer stays
    QCOMPARE(own->after.hash == Snapshot::contentHash(baseTwo, ownOne), true);
    const Move *follower = moveOf(plan, "bj001");
    QVERIFY(follower->isFirst());
    QCOMPARE(follower->from, QByteArray("v1"));
    const auto made = plan.transaction(plan.record(0, {}));
    QVERIFY(made);
    QVERIFY(!putAt(*made, snapshotPath("shop", "bj001", "v1")).isEmpty()); // to go back to
    QVERIFY(!putAt(*made, snapshotPath("shop", "bj001", "v2")).isEmpty());
    QVERIFY(!putAt(*made, idcUsePath("bj001")).isEmpty());
    QVERIFY(putAt(*made, idcUsePath("sh001")).isEmpty()); // it was in use before
    QCOMPARE(ServiceRecord::parse(putAt(*made, servicePath("shop")))->last, 2U);
}

void tst_release_plan::publish_ofSomeIdcsPinsThoseThatFollow()
{
    ReleasePlan plan = planOf();
    QVERIFY(plan.addPublish(stateOf(), newBase, {idcs, {"sh001"}}));
    const Move *pin = moveOf(plan, "bj001");
    QVERIFY(pin->isPin);
    QCOMPARE(pin->pointer.current, QByteArray("v1"));
    QVERIFY(pin->pointer.previous.isEmpty()); // it was not switched
    QCOMPARE(moveOf(plan, baseScope)->to, QByteArray("v2"));
}

void tst_release_plan::publish_ofAnOwnLayerMovesItsIdcAlone()
{
    const ReleasePlan::Editions own{{"bj001", {ownOne, 1}}};
    ReleasePlan plan = planOf();
    QVERIFY(plan.addPublish(stateOf(), own, {idcs}));
    QCOMPARE(plan.moves().size(), 1U);
    QVERIFY(plan.moves()[0].after.base == baseOne && plan.moves()[0].after.own == ownOne);
    ReleasePlan other = planOf();
    QVERIFY(!other.addPublish(stateOf(), own, {idcs, {"sh001"}}));
}

void tst_release_plan::publish_restsOnAllThatItWasMadeFrom()
{
    ReleasePlan plan = planOf();
    QVERIFY(plan.addPublish(stateOf(), newBase, {idcs}));
    plan.take({{"shop"}, Revision(20), 4, Revision(21)});
    plan.guardFile("/config/_object/x.0", Revision(5));
    const auto made = plan.transaction(plan.record(0, {}));
    QVERIFY(made);
    using store::Guard;
    const std::vector<Guard> expected{
        store::RevisionEquals{servicePath("shop"), Revision(10)},
        store::RevisionEquals{pointerPath("shop", baseScope), Revision(11)},
        store::RevisionEquals{pointerPath("shop", "sh001"), Revision(12)},
        store::Missing{pointerPath("shop", "bj001")},
        store::RevisionEquals{editedPath({"shop"}), Revision(20)},
        store::CreatedEquals{"/config/_object/x.0", Revision(5)},
        store::Missing{releasePath("id")}};
    for (const Guard &guard : expected)
        QVERIFY(isIn(made->guards, guard));
    QCOMPARE(made->guards.size(), expected.size());
    QVERIFY(isIn(made->operations, store::Operation(store::DeleteTree{draftPath({"shop"})})));
}

// ---- going on

/// v2 is live in the base layer and in sh001; bj001 is pinned at v1.
static ServiceState halfWay()
{
    ServiceState state = stateOf();
    state.record.last = 2;
    state.scopes[baseScope] = {{"v2", "v1", "v2", "change", {}}, Revision(21), snapshotOf(baseTwo)};
    state.scopes["sh001"].pointer = {"v2", "v1", "v2", "change", {}};
    state.scopes["bj001"] = {{"v1", "", "v1", "change", {}}, Revision(22), snapshotOf(baseOne)};
    return state;
}

void tst_release_plan::continuation_givesTheNextIdcTheSameVersion()
{
    ReleasePlan plan = planOf();
    QVERIFY(plan.addContinuation(halfWay(), {idcs, {"bj001", "sh001"}}, {}));
    QCOMPARE(plan.moves().size(), 1U); // sh001 has it
    const Move &move = plan.moves()[0];
    QCOMPARE(move.to, QByteArray("v2"));
    QVERIFY(move.isSnapshotNew && move.after.base == baseTwo);
    const auto made = plan.transaction(plan.record(0, {}));
    QCOMPARE(ServiceRecord::parse(putAt(*made, servicePath("shop")))->last, 2U); // no new number
}

void tst_release_plan::continuation_refusesWhatItCannotBe_data()
{
    QTest::addColumn<int>("row");
    QTest::newRow("nothing was released") << 0;
    QTest::newRow("all have it") << 1;
    QTest::newRow("another v2 is there") << 2;
}

void tst_release_plan::continuation_refusesWhatItCannotBe()
{
    QFETCH(int, row);
    ReleasePlan plan = planOf();
    const ServiceState state = row == 0 ? ServiceState() : halfWay();
    const ReleasePlan::Reach reach{idcs, {row == 1 ? "sh001" : "bj001"}};
    std::map<QByteArray, Snapshot> stored;
    if (row == 2)
        stored.emplace("bj001", snapshotOf(baseTwo, ownOne));
    const Result<void> refused = plan.addContinuation(state, reach, stored);
    QVERIFY(!refused);
    QCOMPARE(refused.error().code, ErrorCode::refused);
}

// ---- back

void tst_release_plan::rollback_copiesTheVersionForAnIdcThatFollows()
{
    ServiceState state = halfWay();
    state.scopes.erase("bj001");
    ReleasePlan plan = planOf(ReleaseRecord::Kind::rollback);
    QVERIFY(plan.addRollback(state, "bj001", snapshotOf(baseOne), "v1", false));
    const Move &move = plan.moves()[0];
    QVERIFY(move.isSnapshotNew);
    QCOMPARE(move.pointer.previous, QByteArray("v2"));
    QCOMPARE(move.pointer.last, QByteArray("v2"));
    QCOMPARE(move.after.release, QByteArray("before")); // a copy, not a new version
    ReleasePlan stored = planOf(ReleaseRecord::Kind::rollback);
    QVERIFY(stored.addRollback(halfWay(), "sh001", snapshotOf(baseOne), "v1", true));
    QVERIFY(!stored.moves()[0].isSnapshotNew);
}

void tst_release_plan::rollback_refusesWhereItIs()
{
    ReleasePlan plan = planOf(ReleaseRecord::Kind::rollback);
    QVERIFY(!plan.addRollback(stateOf(), "sh001", snapshotOf(baseOne), "v1", true));
}

// ---- what some hosts try

static const ReleasePlan::Canary someHosts{{{"sh001", {"web-1", "web-2"}}},
                                           {{baseScope, {"main", Revision(9)}}}};

/// v2 is tried by web-1 and web-2.
static ServiceState tried()
{
    ServiceState state = stateOf();
    state.record.last = 2;
    state.scopes["bj001"] = {{"v1", "", "v2", "before", {}}, Revision(13), snapshotOf(baseOne)};
    for (auto &[scope, one] : state.scopes) {
        Candidate candidate{.version = "v2", .release = "trial"};
        if (scope == "sh001")
            candidate.hosts = {"web-1", "web-2"};
        one.pointer.candidate = candidate;
        one.candidate = snapshotOf(baseTwo, one.live.own);
    }
    return state;
}

/// "sh001 base>base2 web-1,web-2": which hosts get another snapshot, or all but some.
static QStringList classesOf(const ReleasePlan &plan)
{
    QStringList texts;
    for (const ClassChange &change : plan.classes({idcs})) {
        const auto side = [](const Stack &stack) {
            return QString::fromLatin1(stack.layers().at(0) == baseOne ? "1" : "2");
        };
        QByteArrayList names;
        const std::set<QByteArray> &hosts = change.only ? *change.only : change.others;
        for (const QByteArray &host : hosts)
            names += (change.only ? "" : "!") + host;
        texts += QString::fromUtf8(change.of.idc) + QLatin1Char(' ') + side(change.before)
                 + QLatin1Char('>') + side(change.after) + QLatin1Char(' ')
                 + QString::fromUtf8(change.only && names.isEmpty() ? "none" : names.join(','));
    }
    texts.sort();
    return texts;
}

void tst_release_plan::canary_leavesWhatIsLive()
{
    ReleasePlan plan = planOf(ReleaseRecord::Kind::canary);
    QVERIFY(plan.addPublish(stateOf(), newBase, {idcs}, someHosts));
    QCOMPARE(plan.moves().size(), 3U);
    const Move *own = moveOf(plan, "sh001");
    QCOMPARE(own->to, QByteArray("v2"));
    Pointer expected = stateOf().scopes["sh001"].pointer;
    expected.last = "v2";
    expected.candidate = Candidate{"v2", "id", {"web-1", "web-2"}, {}, {}, {"ann", WallMs(7)}};
    QVERIFY(own->pointer == expected);
    const Pointer base = moveOf(plan, baseScope)->pointer;
    QVERIFY(base.candidate->hosts.empty());
    QVERIFY(base.candidate->draft == "main" && base.candidate->upTo == Revision(9));
    const Pointer follower = moveOf(plan, "bj001")->pointer; // which says now where it is
    QVERIFY(follower.current == "v1" && follower.previous.isEmpty());
    QCOMPARE(follower.release, QByteArray("before"));
    const ReleaseRecord record = plan.record(2, {});
    QCOMPARE(record.canary, (std::vector<QByteArray>{"web-1", "web-2"}));
    QVERIFY(ReleaseRecord::parse(record.toJson()).value() == record);
    const auto made = plan.transaction(record);
    QVERIFY(made);
    QVERIFY(!putAt(*made, snapshotPath("shop", "sh001", "v2")).isEmpty());
    QVERIFY(!putAt(*made, snapshotPath("shop", "bj001", "v1")).isEmpty()); // it names it now
    QCOMPARE(ServiceRecord::parse(putAt(*made, servicePath("shop")))->last, 2U);
    QVERIFY(Pointer::parse(putAt(*made, pointerPath("shop", "sh001"))).value() == expected);
}

void tst_release_plan::canary_changesItsHostsAlone()
{
    ReleasePlan plan = planOf(ReleaseRecord::Kind::canary);
    QVERIFY(plan.addPublish(stateOf(), newBase, {idcs}, someHosts));
    QCOMPARE(classesOf(plan), QStringList({"bj001 1>2 none", "sh001 1>2 web-1,web-2"}));
}

void tst_release_plan::canary_replacesWhatWasTried()
{
    const ReleasePlan::Editions own{{"sh001", {ownOne, 1}}};
    const ReleasePlan::Canary other{{{"sh001", {"web-2", "web-3"}}}, {}};
    ServiceState state = tried();
    ReleasePlan plan = planOf(ReleaseRecord::Kind::canary);
    QVERIFY(plan.addPublish(state, own, {idcs}, other));
    QCOMPARE(moveOf(plan, "sh001")->pointer.candidate->version, QByteArray("v3"));
    QVERIFY(!moveOf(plan, "bj001")->pointer.candidate);
    QVERIFY(!moveOf(plan, baseScope)->pointer.candidate);
    QCOMPARE(plan.record(0, {}).services[0].targets.size(), 1U); // the others are where they were
    QCOMPARE(classesOf(plan),
             QStringList({"sh001 1>1 web-3", "sh001 2>1 web-1", "sh001 2>1 web-2"}));
    const auto made = plan.transaction(plan.record(0, {}));
    QCOMPARE(ServiceRecord::parse(putAt(*made, servicePath("shop")))->last, 3U);
}

void tst_release_plan::promotion_movesWhereverItIs()
{
    ReleasePlan plan = planOf();
    plan.addPromotion(tried());
    QCOMPARE(plan.moves().size(), 3U);
    for (const Move &move : plan.moves()) {
        QVERIFY(move.pointer.current == "v2" && move.pointer.previous == "v1");
        QVERIFY(!move.pointer.candidate && !move.isSnapshotNew);
        QVERIFY(move.after.base == baseTwo);
    }
    QCOMPARE(classesOf(plan),
             QStringList({"bj001 1>2 ", "sh001 1>2 !web-1,!web-2"})); // the others have it
    const auto made = plan.transaction(plan.record(0, {}));
    QCOMPARE(ServiceRecord::parse(putAt(*made, servicePath("shop")))->last, 2U); // no new number
}

void tst_release_plan::abandonment_leavesWhatIsLive()
{
    ReleasePlan plan = planOf(ReleaseRecord::Kind::abandon);
    plan.addAbandonment(tried(), true);
    const Move *own = moveOf(plan, "sh001");
    Pointer expected = tried().scopes["sh001"].pointer;
    expected.candidate.reset();
    QVERIFY(own->pointer == expected);
    QVERIFY(own->from == "v2" && own->to == "v1");
    QCOMPARE(classesOf(plan), QStringList({"sh001 2>1 web-1,web-2"}));
    // A rollback of one data centre ends it in all.
    ReleasePlan back = planOf(ReleaseRecord::Kind::rollback);
    ServiceState state = tried();
    state.scopes["bj001"].pointer.current = "v0";
    QVERIFY(back.addRollback(state, "bj001", snapshotOf(baseOne), "v1", true));
    back.addAbandonment(state, false);
    QCOMPARE(back.moves().size(), 3U);
    for (const Move &move : back.moves())
        QVERIFY(!move.pointer.candidate);
    QCOMPARE(back.record(0, {}).services[0].targets.size(), 1U);
}

void tst_release_plan::rebase_marksTheDraftAndKeepsWhatIsNewer()
{
    const DraftId draft{"shop"};
    const config::Place place{config::Place::Kind::key, "core", "timeout"};
    const config::Key now{"timeout", {config::Type::string, "4s"}, ""};
    const DraftRecord change{{"ann", WallMs(1)}, {place, {}, now}};
    ReleasePlan plan = planOf();
    plan.addPromotion(tried());
    plan.take({draft, Revision(20), 3, Revision(9), true});
    plan.rebase(changePath(draft, place), change);
    plan.rebase("/config/shop/_all/draft/main/core/same", {});
    QCOMPARE(plan.marked().size(), 1U);
    const auto made = plan.transaction(plan.record(0, {}));
    QVERIFY(made);
    QCOMPARE(takenUpTo(putAt(*made, takenPath(draft))), Revision(9));
    QCOMPARE(putAt(*made, changePath(draft, place)), change.toJson());
    QVERIFY(isIn(made->operations,
                 store::Operation(store::Delete{"/config/shop/_all/draft/main/core/same"})));
    QVERIFY(!isIn(made->operations, store::Operation(store::DeleteTree{draftPath(draft)})));
    QVERIFY(
        isIn(made->guards, store::Guard(store::RevisionEquals{editedPath(draft), Revision(20)})));
}

// ---- what it does

void tst_release_plan::classes_areOfIdcsThatFollowToo()
{
    ReleasePlan plan = planOf(ReleaseRecord::Kind::rollback);
    QVERIFY(plan.addRollback(halfWay(), baseScope, snapshotOf(baseOne), "v1", true));
    QCOMPARE(plan.classes({{"bj001", "new", "sh001"}}).size(), 1U); // the others have pointers
    QCOMPARE(plan.classes({{"new"}})[0].of.idc, QByteArray("new"));
    QCOMPARE(plan.classes({})[0].of.idc, QByteArray(baseScope));
}

/// v3 of web-1, in sh001.
static ServiceState withLayer()
{
    ServiceState state = stateOf();
    Snapshot own = snapshotOf({}, ownOne);
    state.scopes[hostScope("web-1")] = {
        {"v3", "", "v3", "before", {}, {}, WallMs(50)}, Revision(14), own};
    return state;
}

static ReleasePlan::Around aroundOf(const Services &services)
{
    ReleasePlan::Around around{idcs, {}, services};
    around.hosts["web-1"] = {"sh001", {"shop"}, {}, "", {}, {}, {}, {}};
    return around;
}

void tst_release_plan::classes_areOfWhatLiesBelowAndOverThemToo()
{
    ServiceState global;
    global.name = globalService;
    ReleasePlan plan = planOf();
    QVERIFY(!plan.movesGlobal());
    QVERIFY(plan.addPublish(global, newBase, {idcs}));
    QVERIFY(plan.movesGlobal());
    const auto classes = plan.classes(aroundOf({{"shop", withLayer()}}));
    QCOMPARE(classes.size(), 3U); // two IDCs, and web-1
    const auto own = std::find_if(classes.begin(), classes.end(),
                                  [](const ClassChange &one) { return !one.of.host.isEmpty(); });
    QVERIFY(own != classes.end());
    QCOMPARE(own->of.host, QByteArray("web-1"));
    const Stack &ofHost = own->after;
    QVERIFY(ofHost.editions()
            == (Editions{{globalService, "sh001", "v1"},
                         {"shop", "sh001", "v1"},
                         {"shop", hostScope("web-1"), "v3"}}));
    QCOMPARE(ofHost.originOf(0), QByteArray("_global"));
    QCOMPARE(ofHost.originOf(1), QByteArray("_global@sh001"));
    QCOMPARE(ofHost.originOf(2), QByteArray("_all"));
    QCOMPARE(ofHost.originOf(3), QByteArray("sh001"));
    QCOMPARE(ofHost.originOf(5), QByteArray("host:web-1"));
    QVERIFY(ofHost.layers() == (std::vector<Hash>{baseTwo, {}, baseOne, ownOne, {}, ownOne}));
    QCOMPARE(own->before.parts.size(), 2U);
    const auto made = plan.transaction(plan.record(0, {}));
    QVERIFY(made && isIn(made->guards, store::Guard(store::Missing{servicePath(globalService)})));
    QVERIFY(putAt(*made, serviceReleasesPath()).isEmpty());
    // What is not live anywhere gets nothing of it.
    QVERIFY(plan.classes(aroundOf({{"shop", ServiceState{"shop", {}, {}, {}, {}}}})).empty());
}

void tst_release_plan::host_isOfItsOwnLayerAlone()
{
    const ReleasePlan::Editions edition{{hostScope("web-1"), {ownOne, 1}}};
    ReleasePlan::Reach reach{idcs};
    reach.until = WallMs(99);
    ReleasePlan plan = planOf();
    QVERIFY(plan.addPublish(stateOf(), edition, reach));
    QCOMPARE(plan.moves().size(), 1U);
    const Move &move = plan.moves()[0];
    QVERIFY(move.from.isEmpty() && !move.kept && !move.isFirst());
    QVERIFY(move.after.base.isNull() && move.after.own == ownOne);
    QCOMPARE(move.pointer.until, WallMs(99));
    const auto classes = plan.classes(aroundOf({}));
    QCOMPARE(classes.size(), 1U);
    QCOMPARE(classes[0].of.host, QByteArray("web-1"));
    const auto made = plan.transaction(plan.record(1, {}));
    QVERIFY(made && !putAt(*made, hostUsePath("web-1")).isEmpty());
    QVERIFY(!putAt(*made, serviceReleasesPath()).isEmpty());
    ReleasePlan end = planOf(ReleaseRecord::Kind::expire);
    QVERIFY(end.addRollback(withLayer(), hostScope("web-1"), {}, {}, true));
    QVERIFY(end.moves()[0].pointer.current.isEmpty());
    QCOMPARE(end.moves()[0].pointer.until, WallMs(0));
    QCOMPARE(end.classes(aroundOf({}))[0].after.parts.size(), 1U);
    // Where it has ended, the host is one of all.
    ServiceState ended = withLayer();
    ended.scopes[hostScope("web-1")].pointer.current.clear();
    ReleasePlan later = planOf();
    QVERIFY(later.addPublish(ended, newBase, {idcs}));
    QCOMPARE(later.classes(aroundOf({})).size(), 2U);
}

void tst_release_plan::host_mayOnlyLastLonger()
{
    ReleasePlan::Reach reach{idcs};
    reach.until = WallMs(99);
    reach.extended = {hostScope("web-1")};
    ReleasePlan plan = planOf();
    QVERIFY(plan.addPublish(withLayer(), {}, reach));
    QCOMPARE(plan.moves().size(), 1U);
    QCOMPARE(plan.moves()[0].pointer.until, WallMs(99));
    QCOMPARE(plan.moves()[0].pointer.current, QByteArray("v3"));
    QVERIFY(!plan.moves()[0].isSnapshotNew);
    QVERIFY(plan.classes(aroundOf({})).empty());
    const auto made = plan.transaction(plan.record(0, {}));
    QCOMPARE(ServiceRecord::parse(putAt(*made, servicePath("shop")))->last, 1U);
}

void tst_release_plan::record_saysWhatMovedButNoPins()
{
    ReleasePlan plan = planOf();
    QVERIFY(plan.addPublish(stateOf(), newBase, {idcs, {"sh001"}}));
    const ReleaseRecord record = plan.record(21, Hash::of("diff"));
    QCOMPARE(record.services.size(), 1U);
    QCOMPARE(record.services[0].targets.size(), 2U);
    QCOMPARE(record.hosts, 21U);
    QCOMPARE(record.message, QByteArray("why"));
    QCOMPARE(ReleaseRecord::parse(record.toJson()).value() == record, true);
}

void tst_release_plan::transaction_marksDraftsThatAreTooManyTogether()
{
    ReleasePlan plan = planOf();
    const DraftId first{"shop", baseScope, "main"};
    const DraftId second{"shop", "sh001", "main"};
    const DraftId third{"shop", "bj001", "main"};
    plan.take({first, Revision(1), 3'000, Revision(9)});
    plan.take({second, Revision(1), 3'000, Revision(9)});
    plan.take({third, Revision(1), 2'000, Revision(9)});
    QCOMPARE(plan.marked().size(), 1U);
    QVERIFY(plan.marked()[0] == second);
    const auto made = plan.transaction(plan.record(0, {}));
    QVERIFY(made);
    QVERIFY(isIn(made->operations, store::Operation(store::DeleteTree{draftPath(first)})));
    QVERIFY(isIn(made->operations, store::Operation(store::DeleteTree{draftPath(third)})));
    QVERIFY(!isIn(made->operations, store::Operation(store::DeleteTree{draftPath(second)})));
    QCOMPARE(takenUpTo(putAt(*made, takenPath(second))), Revision(9));
}

void tst_release_plan::transaction_refusesALargeEntry()
{
    ReleasePlan plan = planOf();
    for (int i = 0; i < 1'000; ++i)
        plan.guardFile("/config/_object/" + QByteArray(64, 'a') + QByteArray::number(i),
                       Revision(5));
    const auto refused = plan.transaction(plan.record(0, {}));
    QVERIFY(!refused);
    QCOMPARE(refused.error().code, ErrorCode::refused);
    QVERIFY(refused.error().message.contains(QStringLiteral("65536")));
}

void tst_release_plan::takenMark_comesBack()
{
    QCOMPARE(takenUpTo(takenMark(Revision(77))), Revision(77));
    QCOMPARE(takenUpTo("{}"), Revision(0));
    QCOMPARE(takenUpTo("nonsense"), Revision(0));
}

QTEST_GUILESS_MAIN(tst_release_plan)
#include "tst_release_plan.moc"
