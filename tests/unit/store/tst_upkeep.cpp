// SPDX-License-Identifier: Apache-2.0
#include "unit/store/driver.h"

#include <QTest>

using namespace coffer;
using namespace coffer::store;
using namespace std::chrono_literals;
using coffer::store::test::Driver;
using coffer::store::test::restored;
using coffer::store::test::Rows;

class TestUpkeep : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void compact_answersWhatItDid();
    void upkeep_boundsTheRevisions();
    void upkeep_boundsTheAge();
    void upkeep_boundsTheBytes();
    void held_blocksUntilItsTime();
    void held_isPutAnewAfterItsTime();
    void quota_refusesOnlyGrowth();
    void quota_isTheSameAfterARestore();
    void raise_goesOneByOne();
    void raise_beyondTheBuildStopsTheStore();
    void decode_knowsNoLaterKinds();
};

static Transaction transactionOf(const std::vector<Operation> &operations)
{
    return {.guards = {}, .operations = operations, .otherwise = {}};
}

static Driver driverOf(const StoreOptions &options)
{
    Driver driver;
    driver.store = Store(options);
    return driver;
}

/// Does what the policy asks for; false if it asks for nothing.
static bool doesUpkeep(Driver &driver, const UpkeepPolicy &policy)
{
    const auto command = driver.store.upkeepCommand(policy);
    return command && driver.applyBytes(*command).status == Status::ok;
}

void TestUpkeep::compact_answersWhatItDid()
{
    Driver driver;
    driver.put("/a", "1");
    driver.put("/a", "2");
    QCOMPARE(driver.apply({{}, Compact{Revision(3)}}).status, Status::revisionAhead);
    const Answer done = driver.apply({{}, Compact{Revision(2)}});
    QCOMPARE(done.status, Status::ok);
    QCOMPARE(done.found, 2U);
    QCOMPARE(done.revision, Revision(2));
    QCOMPARE(driver.apply({{}, Compact{Revision(1)}}).status, Status::floorNotRaised);
    QCOMPARE(driver.store.floor(), Revision(2));
}

void TestUpkeep::upkeep_boundsTheRevisions()
{
    Driver driver;
    for (int i = 0; i < 90; ++i)
        driver.put("/a", "");
    QVERIFY(!doesUpkeep(driver, {}));
    QVERIFY(!doesUpkeep(driver, {.keepRevisions = 80}));
    driver.put("/a", "");
    QVERIFY(doesUpkeep(driver, {.keepRevisions = 80}));
    QCOMPARE(driver.store.floor(), Revision(11));
    QVERIFY(!doesUpkeep(driver, {.keepRevisions = 80}));
}

void TestUpkeep::upkeep_boundsTheAge()
{
    Driver driver;
    driver.put("/a", "");
    driver.stamp = 1500ms;
    driver.put("/a", "");
    driver.stamp = 1900ms;
    driver.put("/a", "");
    QVERIFY(!doesUpkeep(driver, {.keepAge = 800ms}));
    driver.stamp = 2400ms;
    driver.apply(Transaction());
    QVERIFY(doesUpkeep(driver, {.keepAge = 800ms}));
    QCOMPARE(driver.store.floor(), Revision(2));
}

void TestUpkeep::upkeep_boundsTheBytes()
{
    // 2 bytes of path, 8 of value, and what a change costs besides.
    const UpkeepPolicy policy{.keepRevisions = {}, .keepAge = {}, .keepBytes = 8 * (2 + 8 + 256)};
    Driver driver;
    for (int i = 0; i < 9; ++i)
        driver.put("/a", "12345678");
    QVERIFY(!doesUpkeep(driver, policy));
    driver.put("/a", "12345678");
    QVERIFY(doesUpkeep(driver, policy));
    QCOMPARE(driver.store.floor(), Revision(2));
}

/// A file of an expired session, held for five seconds from 1,000 on.
static Driver withHeld()
{
    Driver driver;
    driver.startLeader();
    driver.open(1);
    driver.apply({Origin{SessionId(1), Sequence(1), Sequence(0)},
                  transactionOf({Put{"/lock", "me", true, 5s}})});
    driver.apply({{}, EndSession{SessionId(1), Slot(1)}});
    return driver;
}

void TestUpkeep::held_blocksUntilItsTime()
{
    Driver driver = withHeld();
    const FileView held = driver.ask(Get{"/lock"}).files.at(0);
    QCOMPARE(held.heldUntil, std::optional<WallMs>(6000ms));
    QCOMPARE(held.owner, SessionId());
    QCOMPARE(held.created, Revision(1));
    QCOMPARE(held.revision, Revision(2));
    driver.stamp = 6000ms;
    QCOMPARE(driver.ask(Missing{"/lock"}).status, Status::guardFailed);
    driver.stamp = 6001ms;
    QCOMPARE(driver.ask(Missing{"/lock"}).status, Status::ok);
    QVERIFY(!driver.has("/lock"));
    QCOMPARE(driver.store.revision(), Revision(3));
}

void TestUpkeep::held_isPutAnewAfterItsTime()
{
    Driver driver = withHeld();
    driver.put("/lock", "taken");
    const FileView taken = driver.ask(Get{"/lock"}).files.at(0);
    QCOMPARE(taken.created, Revision(1));
    QVERIFY(!taken.heldUntil);
    driver.stamp = 9000ms;
    driver.put("/x", "");
    QVERIFY(driver.has("/lock"));
}

void TestUpkeep::quota_refusesOnlyGrowth()
{
    Driver driver = driverOf({.bytesMax = 10});
    QCOMPARE(driver.put("/a", "12345678").status, Status::ok);
    const Answer refused = driver.put("/b", "");
    QCOMPARE(refused.status, Status::quotaExceeded);
    QCOMPARE(refused.found, 10U);
    QCOMPARE(driver.put("/a", "87654321").status, Status::ok);
    QCOMPARE(driver.apply(transactionOf({Put{"/b", "12345678"}, Delete{"/a"}})).status, Status::ok);
    QCOMPARE(driver.put("/b", "1234").status, Status::ok);
    QCOMPARE(driver.put("/c", "12").status, Status::ok);
}

void TestUpkeep::quota_isTheSameAfterARestore()
{
    Driver driver = driverOf({.bytesMax = 100});
    driver.put("/a", "12345678");
    Rows rows;
    rows.follow(driver.store);
    Driver other;
    // A smaller quota than the files have: they stay, and may only shrink.
    other.store = std::move(
        *restored(rows.all(), driver.store.applied(), driver.store.hash(), {.bytesMax = 5}));
    QCOMPARE(other.put("/a", "123456789").status, Status::quotaExceeded);
    QCOMPARE(other.put("/a", "1234567").status, Status::ok);
}

void TestUpkeep::raise_goesOneByOne()
{
    Driver driver = driverOf({.applyVersionMax = 3});
    const Hash128 before = driver.store.hash();
    QCOMPARE(driver.apply({{}, RaiseApplyVersion{3}}).status, Status::versionNotNext);
    QCOMPARE(driver.apply({{}, RaiseApplyVersion{2}}).status, Status::ok);
    QCOMPARE(driver.apply({{}, RaiseApplyVersion{2}}).found, 2U);
    QCOMPARE(driver.apply({{}, RaiseApplyVersion{3}}).status, Status::ok);
    QCOMPARE(driver.store.applyVersion(), 3U);
    QVERIFY(driver.store.hash() != before);
    QVERIFY(!driver.store.needsNewerBuild());
}

void TestUpkeep::raise_beyondTheBuildStopsTheStore()
{
    Driver driver = driverOf({.applyVersionMax = 2});
    driver.put("/a", "1");
    const Hash128 before = driver.store.hash();
    const Slot slot = driver.store.applied();
    const QByteArray put = encode({{}, transactionOf({Put{"/b", ""}})});
    const QByteArray two = encode({{}, RaiseApplyVersion{2}});
    const QByteArray three = encode({{}, RaiseApplyVersion{3}});
    static_cast<void>(driver.store.apply(slot.next(), 1ms, {put, two, three}));
    QVERIFY(driver.store.needsNewerBuild());
    QCOMPARE(driver.store.applied(), slot);
    QCOMPARE(driver.store.hash(), before);
    static_cast<void>(driver.store.apply(slot.next(), 1ms, {put}));
    QVERIFY(!driver.has("/b"));
}

void TestUpkeep::decode_knowsNoLaterKinds()
{
    const QByteArray put = encode({{}, transactionOf({Put{"/b", ""}})});
    QVERIFY(decodeCommand(put, 1));
    QVERIFY(!decodeCommand(put, 0));
}

QTEST_APPLESS_MAIN(TestUpkeep)
#include "tst_upkeep.moc"
