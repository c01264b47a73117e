// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"
#include "unit/store/driver.h"

#include <QTest>

using namespace coffer;
using namespace coffer::store;
using coffer::store::test::Driver;
using coffer::store::test::restored;
using coffer::store::test::Rows;

class TestRestore : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void rows_haveTheDocumentedBytes();
    void hash_isThatOfTheWholeState();
    void hash_doesNotDependOnTheWay();
    void restored_storeGoesOnAlike();
    void restored_storeHasNoChanges();
    void restored_emptyStoreIsEmpty();
    void restored_storeDoesNotDependOnTheOrderOfRows();
    void restore_refusesARowThatComesTwice();
    void restore_refusesALostRow();
    void restore_refusesEveryFlippedBit();
    void restore_refusesWhatCannotBe_data();
    void restore_refusesWhatCannotBe();
    void restore_refusesAWrongHash();
    void beginAnew_leavesNothingThatAnybodyKnew();
    void beginAnew_isWhatItsRowsSay();
    void beginAnew_refusesNumbersWithoutRoom();
};

/// A store with rows of every table.
static Driver sample()
{
    Driver driver;
    driver.startLeader();
    driver.put("/a", "1");
    driver.put("/b", "2");
    const SessionId session = driver.open(77);
    for (const std::uint64_t sequence : {2, 3, 4}) {
        const Transaction put{{}, {Put{"/e/" + QByteArray::number(sequence), "", true}}, {}};
        driver.apply({Origin{session, Sequence(sequence), Sequence(1)}, put});
    }
    return driver;
}

static std::vector<Row> rowsOf(Driver &driver)
{
    Rows rows;
    rows.follow(driver.store);
    return rows.all();
}

static QByteArray hex(const char *text) { return QByteArray::fromHex(text); }

/// By copies: of std::swap GCC 12 says that it may read what is not there.
static void exchange(std::vector<Row> &rows, std::size_t left, std::size_t right)
{
    const Row kept = rows[left];
    rows[left] = rows[right];
    rows[right] = kept;
}

void TestRestore::rows_haveTheDocumentedBytes()
{
    Driver driver;
    driver.startLeader();
    const SessionId session = driver.open(0x0a);
    const Transaction put{{}, {Put{"/e", "v", true}}, {}};
    driver.apply({Origin{session, Sequence(2), Sequence(1)}, put});
    const std::vector<Row> expected{
        {Table::files, hex("2f65 00 0000000000000001"),
         hex("00 00000000 0100000000000000 0100000000000000 e803000000000000 0000000000000000 76")},
        {Table::sessions, hex("0000000000000001"),
         hex("0a00000000000000 1027000000000000 0000000000000000 0100000000000000")},
        {Table::outcomes, hex("0000000000000001 0000000000000002"),
         hex("010101 0000 0000 0100000000000000 0000000000000000 0000000000000000")},
        {Table::meta, "meta",
         hex("0100000000000000 0000000000000000 0100000000000000 e803000000000000"
             "0100000000000000 0300000000000000 01000000")},
    };
    QCOMPARE(driver.store.takeChanges(), expected);
}

void TestRestore::hash_isThatOfTheWholeState()
{
    Driver driver = sample();
    Rows rows;
    rows.follow(driver.store);
    QCOMPARE(rows.all().size(), 10U);
    QCOMPARE(driver.store.auditHash(), driver.store.hash());
    QCOMPARE(Store().auditHash(), Store().hash());
}

void TestRestore::hash_doesNotDependOnTheWay()
{
    // The same changes, not made in the same way.
    Driver one;
    one.apply(Transaction{{}, {Put{"/c", "3"}, Put{"/b", "2"}, Put{"/a", "1"}}, {}});
    Driver two;
    two.apply(
        Transaction{{}, {Put{"/c", "0"}, Put{"/c", "3"}, Put{"/b", "2"}, Put{"/a", "1"}}, {}});
    QCOMPARE(one.store.hash(), two.store.hash());
    two.put("/a", "1");
    QVERIFY(one.store.hash() != two.store.hash());
}

void TestRestore::restored_storeGoesOnAlike()
{
    Driver driver = sample();
    Result<Store> copy = restored(rowsOf(driver), driver.store.applied(), driver.store.hash());
    QVERIFY(copy);
    Driver other;
    other.store = std::move(*copy);
    const Transaction put{{}, {Put{"/x", "x"}}, {}};
    const auto sent = [&put](std::uint64_t sequence, std::uint64_t acknowledged) {
        return Command{Origin{SessionId(1), Sequence(sequence), Sequence(acknowledged)}, put};
    };
    for (const Command &command : {sent(3, 1), sent(5, 3), sent(1, 0), sent(80, 5),
                                   Command{{}, OpenSession{77, std::chrono::seconds(10)}},
                                   Command{{}, OpenSession{78, std::chrono::seconds(10)}},
                                   Command{{}, EndSession{SessionId(1), Slot(1)}}}) {
        QCOMPARE(other.apply(command), driver.apply(command));
        QCOMPARE(other.store.hash(), driver.store.hash());
        QCOMPARE(other.store.takeChanges(), driver.store.takeChanges());
    }
    QVERIFY(!other.has("/e/2"));
}

/// Files whose keys are not in the order of their paths, each with three versions.
static Driver sampleOfOddNames()
{
    Driver driver;
    driver.startLeader();
    for (const char *value : {"1", "2", "3"}) {
        for (const char *path : {"/a/b", "/a-b/c", "/a.b", "/a0", "/a/b-c", "/a/0"})
            driver.put(path, value);
    }
    return driver;
}

void TestRestore::restored_storeDoesNotDependOnTheOrderOfRows()
{
    Driver driver = sampleOfOddNames();
    std::vector<Row> rows = rowsOf(driver);
    SeededRandom random(1);
    for (int round = 0; round < 20; ++round) {
        const Result<Store> copy = restored(rows, driver.store.applied(), driver.store.hash());
        QVERIFY2(copy, copy ? "" : qPrintable(copy.error().message));
        QCOMPARE(copy->auditHash(), driver.store.hash());
        const Question list(List{"/", {}, {}});
        QCOMPARE(encode(copy->query(encode(list))), encode(driver.store.query(encode(list))));
        QCOMPARE(copy->tree().find("/a-b/c")->file.value, QByteArray("3"));
        for (std::size_t i = rows.size(); i > 1; --i)
            exchange(rows, i - 1, std::size_t(random.below(i)));
    }
}

void TestRestore::restore_refusesARowThatComesTwice()
{
    Driver driver = sampleOfOddNames();
    std::vector<Row> rows = rowsOf(driver);
    const auto isRefused = [&driver](const std::vector<Row> &some) {
        return !restored(some, driver.store.applied(), driver.store.hash());
    };
    QVERIFY(!isRefused(rows));
    rows.insert(rows.begin() + 1, rows[0]);
    QVERIFY(isRefused(rows));
    exchange(rows, 1, rows.size() / 2);
    QVERIFY(isRefused(rows));
}

void TestRestore::restored_storeHasNoChanges()
{
    Driver driver = sample();
    Result<Store> copy = restored(rowsOf(driver), driver.store.applied(), driver.store.hash());
    QVERIFY(copy);
    QVERIFY(copy->takeChanges().empty());
}

void TestRestore::restored_emptyStoreIsEmpty()
{
    const Result<Store> copy = restored({}, Slot(), Store().hash());
    QVERIFY(copy);
    QCOMPARE(copy->applied(), Slot());
}

void TestRestore::restore_refusesALostRow()
{
    Driver driver = sample();
    const std::vector<Row> rows = rowsOf(driver);
    for (std::size_t lost = 0; lost < rows.size(); ++lost) {
        std::vector<Row> others = rows;
        others.erase(others.begin() + std::ptrdiff_t(lost));
        const auto copy = restored(others, driver.store.applied(), driver.store.hash());
        QVERIFY(!copy);
        QCOMPARE(copy.error().code, ErrorCode::corrupt);
    }
}

static void refusesFlips(const std::vector<Row> &rows, std::size_t row, bool isKey,
                         const Driver &driver)
{
    const qsizetype bits = 8 * (isKey ? rows[row].key.size() : rows[row].value->size());
    for (qsizetype bit = 0; bit < bits; ++bit) {
        std::vector<Row> others = rows;
        QByteArray &bytes = isKey ? others[row].key : *others[row].value;
        bytes[bit / 8] = char(bytes[bit / 8] ^ (1 << (bit % 8)));
        const auto copy = restored(others, driver.store.applied(), driver.store.hash());
        QVERIFY(!copy);
        QCOMPARE(copy.error().code, ErrorCode::corrupt);
    }
}

void TestRestore::restore_refusesEveryFlippedBit()
{
    Driver driver = sample();
    const std::vector<Row> rows = rowsOf(driver);
    for (std::size_t row = 0; row < rows.size(); ++row) {
        refusesFlips(rows, row, true, driver);
        refusesFlips(rows, row, false, driver);
    }
}

void TestRestore::restore_refusesWhatCannotBe_data()
{
    QTest::addColumn<Row>("row");
    Driver driver = sample();
    const std::vector<Row> rows = rowsOf(driver);
    const Row session = rows[5];
    const Row outcome = rows[6];
    QCOMPARE(session.table, Table::sessions);
    QCOMPARE(outcome.table, Table::outcomes);
    QTest::newRow("deleted") << Row{Table::files, "/x", {}};
    QTest::newRow("unknown table") << Row{Table(9), "x", "x"};
    QTest::newRow("table 0") << Row{Table(0), "x", "x"};
    QTest::newRow("session twice") << session;
    QTest::newRow("nonce twice") << Row{Table::sessions, hex("0000000000000001"), session.value};
    QTest::newRow("session 0") << Row{Table::sessions, hex("0000000000000000"),
                                      hex("01") + session.value->sliced(1)};
    QTest::newRow("short session") << Row{Table::sessions, "x", session.value};
    QTest::newRow("outcome twice") << outcome;
    QTest::newRow("acknowledged outcome")
        << Row{Table::outcomes, hex("0000000000000001 0000000000000001"), outcome.value};
    QTest::newRow("outcome above the window")
        << Row{Table::outcomes, hex("0000000000000001 0000000000000042"), outcome.value};
    QTest::newRow("outcome of nobody")
        << Row{Table::outcomes, hex("0000000000000009 0000000000000002"), outcome.value};
    QTest::newRow("unreadable outcome")
        << Row{Table::outcomes, hex("0000000000000001 0000000000000005"), "x"};
    QTest::newRow("meta twice") << rows.back();
    QTest::newRow("meta of another name") << Row{Table::meta, "beta", rows.back().value};
}

void TestRestore::restore_refusesWhatCannotBe()
{
    QFETCH(const Row, row);
    Driver driver = sample();
    Store copy;
    for (const Row &good : rowsOf(driver))
        QVERIFY(copy.restoreRow(good));
    const Result<void> added = copy.restoreRow(row);
    QVERIFY(!added);
    QCOMPARE(added.error().code, ErrorCode::corrupt);
}

void TestRestore::restore_refusesAWrongHash()
{
    Driver driver = sample();
    Hash128 hash = driver.store.hash();
    hash.high ^= 1;
    QVERIFY(!restored(rowsOf(driver), driver.store.applied(), hash));
}

/// The sample, and a lock whose holder may not know yet that he lost it.
static Driver anewSample()
{
    Driver driver = sample();
    const SessionId session = driver.open(78);
    Put lock{"/lock", "me", true};
    lock.linger = std::chrono::seconds(30);
    driver.apply({Origin{session, Sequence(1), Sequence()}, Transaction{{}, {lock}, {}}});
    return driver;
}

void TestRestore::beginAnew_leavesNothingThatAnybodyKnew()
{
    Driver driver = anewSample();
    const Revision before = driver.store.revision();
    const SessionId newest = driver.store.sessions().newest();
    const Slot applied = driver.store.applied();
    QVERIFY(driver.store.beginAnew(WallMs(5'000)));
    QCOMPARE(driver.store.applied(), applied);
    QVERIFY(driver.store.revision().value() >= before.value() + limits::anewRevisions);
    QCOMPARE(driver.store.floor(), driver.store.revision());
    QCOMPARE(driver.store.appliedTime(), WallMs(5'000) + limits::anewAhead);
    QVERIFY(driver.store.sessions().all().empty());
    QVERIFY(driver.open(79).value() > newest.value() + limits::anewRevisions);
    QVERIFY(driver.has("/a") && driver.has("/b"));
    QVERIFY(!driver.has("/e/3"));
    // As after any session that expired: who wants the lock waits until its time is over.
    QVERIFY(driver.has("/lock"));
    const Transaction take{{Missing{"/lock"}}, {Put{"/lock", "you"}}, {}};
    QCOMPARE(driver.apply(take).status, Status::guardFailed);
    driver.stamp = driver.store.appliedTime() + std::chrono::seconds(31);
    QCOMPARE(driver.apply(take).status, Status::ok);
}

void TestRestore::beginAnew_isWhatItsRowsSay()
{
    Driver driver = anewSample();
    Rows rows;
    rows.follow(driver.store);
    QVERIFY(driver.store.beginAnew(WallMs(5'000)));
    rows.follow(driver.store);
    QCOMPARE(driver.store.auditHash(), driver.store.hash());
    const auto store = restored(rows.all(), driver.store.applied(), driver.store.hash());
    QVERIFY2(store, store ? "" : qPrintable(store.error().message));
    QCOMPARE(store->revision(), driver.store.revision());
    QCOMPARE(store->sessions().newest(), driver.store.sessions().newest());
}

void TestRestore::beginAnew_refusesNumbersWithoutRoom()
{
    Driver driver = sample();
    driver.stamp = WallMs::max() - std::chrono::seconds(59);
    driver.put("/late", "");
    const Hash128 hash = driver.store.hash();
    const Result<void> begun = driver.store.beginAnew(WallMs(0));
    QVERIFY(!begun);
    QCOMPARE(begun.error().code, ErrorCode::refused);
    QCOMPARE(driver.store.hash(), hash);
}

QTEST_APPLESS_MAIN(TestRestore)
#include "tst_restore.moc"
