// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "store/limits.h"
#include "unit/store/driver.h"

#include <QTest>

#include <stdexcept>

using namespace coffer;
using namespace coffer::store;
using namespace std::chrono_literals;
using coffer::store::test::Driver;

class TestStore : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void apply_answersGarbage();
    void apply_refusesAWrongSlot();
    void apply_neverTakesTimeBack();
    void apply_answersEachCommandOfABatch();
    void guard_isCheckedOnBothSides_data();
    void guard_isCheckedOnBothSides();
    void guard_firstToFailIsNamed();
    void transaction_isOneRevision();
    void transaction_withoutChangeHasNoRevision();
    void transaction_seesItsOwnOperations();
    void transaction_doesElseInstead();
    void transaction_boundsTheFilesItTouches();
    void repeat_isDoneOnce();
    void repeat_ofAFailedGuardStaysFailed();
    void repeat_ofAnEndedSessionIsGone();
    void invalid_doesNotAcknowledge();
    void ephemeral_goesWithItsSession();
    void ephemeral_staysWhenItIsPutAnew();
    void ephemerals_areBounded();
    void endSession_isVoidAfterALaterLeader();
    void closeSession_withItsOwnOriginKeepsNothing();
};

static Transaction transactionOf(const std::vector<Operation> &operations)
{
    return {.guards = {}, .operations = operations, .otherwise = {}};
}

static Command sent(SessionId session, std::uint64_t sequence, const Transaction &transaction)
{
    return {Origin{session, Sequence(sequence), Sequence(0)}, transaction};
}

void TestStore::apply_answersGarbage()
{
    Driver driver;
    driver.put("/a", "1");
    const Hash128 before = driver.store.hash();
    for (const QByteArray &bytes : {QByteArray(), QByteArray("garbage"), QByteArray(100, '\1')}) {
        const Answer answer = driver.applyBytes(bytes);
        QCOMPARE(answer.status, Status::invalid);
        QCOMPARE(answer.revision, Revision(1));
    }
    QCOMPARE(driver.store.hash(), before);
}

void TestStore::apply_refusesAWrongSlot()
{
    const CheckHandler before = setCheckHandler([](std::string_view, int, std::string_view what) {
        throw std::logic_error(std::string(what));
    });
    Driver driver;
    driver.store.applyNothing(Slot(1));
    QVERIFY_THROWS_EXCEPTION(std::logic_error, driver.store.applyNothing(Slot(1)));
    QVERIFY_THROWS_EXCEPTION(std::logic_error, driver.store.applyLeaderStart(Slot(3)));
    setCheckHandler(before);
}

void TestStore::apply_neverTakesTimeBack()
{
    Driver driver;
    driver.put("/a", "");
    driver.stamp = 500ms;
    driver.put("/a", "");
    QCOMPARE(driver.store.appliedTime(), WallMs(1000));
    driver.stamp = -1ms;
    driver.put("/a", "");
    driver.stamp = 1001ms;
    driver.put("/a", "");
    QCOMPARE(driver.store.appliedTime(), WallMs(1001));
}

void TestStore::apply_answersEachCommandOfABatch()
{
    Store store;
    const Command one{{}, transactionOf({Put{"/a", "1"}})};
    const Command two{{}, Transaction{{Missing{"/a"}}, {Put{"/a", "2"}}, {}}};
    const std::vector<Answer> answers =
        store.apply(Slot(1), 1ms, {encode(one), QByteArray("garbage"), encode(two)});
    QCOMPARE(answers.size(), 3U);
    QCOMPARE(answers[0].status, Status::ok);
    QCOMPARE(answers[1].status, Status::invalid);
    QCOMPARE(answers[2].status, Status::guardFailed);
}

void TestStore::guard_isCheckedOnBothSides_data()
{
    QTest::addColumn<Guard>("guard");
    QTest::addColumn<bool>("holds");
    QTest::addColumn<qulonglong>("found");
    const auto row = [](const char *name, const Guard &guard, bool holds, qulonglong found) {
        QTest::newRow(name) << guard << holds << found;
    };
    row("revision", RevisionEquals{"/a", Revision(2)}, true, 0);
    row("older revision", RevisionEquals{"/a", Revision(1)}, false, 2);
    row("later revision", RevisionEquals{"/a", Revision(3)}, false, 2);
    row("revision of a missing file", RevisionEquals{"/b", Revision(1)}, false, 0);
    row("missing", Missing{"/b"}, true, 0);
    row("not missing", Missing{"/a"}, false, 2);
    row("created", CreatedEquals{"/a", Revision(1)}, true, 0);
    row("changed, not created", CreatedEquals{"/a", Revision(2)}, false, 1);
    row("created of a missing file", CreatedEquals{"/b", Revision(1)}, false, 0);
    row("value", ValueEquals{"/a", "two"}, true, 0);
    row("longer value", ValueEquals{"/a", "two "}, false, 2);
    row("empty value of a missing file", ValueEquals{"/b", ""}, false, 0);
    row("alive", SessionAlive{SessionId(1)}, true, 0);
    row("ended", SessionAlive{SessionId(2)}, false, 0);
    row("never opened", SessionAlive{SessionId(3)}, false, 0);
    row("time before", TimeReached{999ms}, true, 0);
    row("time now", TimeReached{1000ms}, true, 0);
    row("time to come", TimeReached{1001ms}, false, 1000);
    row("below", RevisionBelow{"/a", Revision(3)}, true, 0);
    row("not below", RevisionBelow{"/a", Revision(2)}, false, 2);
    row("missing is below", RevisionBelow{"/b", Revision(1)}, true, 0);
    row("time within", TimeWithin{1500ms, 500ms}, true, 0);
    row("time past", TimeWithin{1ms, 0ms}, true, 0);
    row("time too far", TimeWithin{1501ms, 500ms}, false, 1000);
    row("time at the end of numbers", TimeWithin{WallMs::max(), WallMs::max()}, true, 0);
}

void TestStore::guard_isCheckedOnBothSides()
{
    QFETCH(const Guard, guard);
    QFETCH(const bool, holds);
    QFETCH(const qulonglong, found);
    Driver driver;
    driver.put("/a", "one");
    driver.put("/a", "two");
    driver.open(1);
    driver.apply({{}, CloseSession{driver.open(2)}});

    Transaction transaction = transactionOf({Put{"/done", ""}});
    transaction.guards = {guard};
    const Answer answer = driver.apply(transaction);
    QCOMPARE(answer.status, holds ? Status::ok : Status::guardFailed);
    QCOMPARE(answer.isChanged, holds);
    QCOMPARE(answer.revision, Revision(holds ? 3 : 2));
    QCOMPARE(answer.failedGuard.has_value(), !holds);
    QCOMPARE(answer.found, std::uint64_t(found));
    QCOMPARE(driver.has("/done"), holds);
}

void TestStore::guard_firstToFailIsNamed()
{
    Driver driver;
    driver.put("/a", "");
    Transaction transaction;
    transaction.guards = {Missing{"/b"}, Missing{"/a"}, TimeReached{5000ms}};
    const Answer answer = driver.apply(transaction);
    QCOMPARE(answer.failedGuard, std::optional<std::uint16_t>(1));
    QCOMPARE(answer.found, 1U);
}

void TestStore::transaction_isOneRevision()
{
    Driver driver;
    const Answer answer = driver.apply(transactionOf({Put{"/a", "1"}, Put{"/b", "2"}}));
    QVERIFY(answer.isChanged);
    QCOMPARE(answer.revision, Revision(1));
    QCOMPARE(driver.store.tree().find("/a")->file.revision, Revision(1));
    QCOMPARE(driver.store.tree().find("/b")->file.revision, Revision(1));
    QCOMPARE(driver.put("/a", "1").revision, Revision(2));
}

void TestStore::transaction_withoutChangeHasNoRevision()
{
    Driver driver;
    driver.put("/a", "1");
    for (const Operation &operation : {Operation(Delete{"/b"}), Operation(DeleteTree{"/a/b"})}) {
        const Answer answer = driver.apply(transactionOf({operation}));
        QCOMPARE(answer.status, Status::ok);
        QVERIFY(!answer.isChanged);
        QCOMPARE(answer.revision, Revision(1));
    }
    QVERIFY(!driver.apply(Transaction()).isChanged);
    driver.startLeader();
    driver.store.applyNothing(driver.next());
    driver.open(1);
    QCOMPARE(driver.store.revision(), Revision(1));
    QVERIFY(driver.apply(transactionOf({Delete{"/a"}})).isChanged);
    QCOMPARE(driver.store.revision(), Revision(2));
}

void TestStore::transaction_seesItsOwnOperations()
{
    Driver driver;
    driver.put("/t/a", "1");
    const Answer answer =
        driver.apply(transactionOf({DeleteTree{"/t"}, Put{"/t/b", "2"}, Put{"/t/a", "3"}}));
    QCOMPARE(answer.revision, Revision(2));
    QCOMPARE(driver.store.tree().find("/t/a")->file.created, Revision(2));
    QVERIFY(driver.has("/t/b"));
    driver.apply(transactionOf({Put{"/t/c", ""}, Delete{"/t/c"}}));
    QVERIFY(!driver.has("/t/c"));
}

void TestStore::transaction_doesElseInstead()
{
    Driver driver;
    const Transaction transaction{
        {RevisionEquals{"/a", Revision(9)}}, {Put{"/then", ""}}, {Put{"/else", ""}}};
    const Answer answer = driver.apply(transaction);
    QCOMPARE(answer.status, Status::guardFailed);
    QVERIFY(answer.isChanged);
    QCOMPARE(answer.revision, Revision(1));
    QVERIFY(driver.has("/else") && !driver.has("/then"));
}

void TestStore::transaction_boundsTheFilesItTouches()
{
    Driver driver;
    Transaction fill;
    for (std::size_t i = 0; i < limits::transactionOperationsMax; ++i)
        fill.operations.push_back(Put{"/t/" + QByteArray::number(qulonglong(i)), ""});
    QCOMPARE(driver.apply(fill).status, Status::ok);
    const Answer refused = driver.apply(transactionOf({Put{"/a", ""}, DeleteTree{"/t"}}));
    QCOMPARE(refused.status, Status::limitReached);
    QVERIFY(!refused.isChanged && !driver.has("/a"));
    QCOMPARE(driver.apply(transactionOf({DeleteTree{"/t"}})).status, Status::ok);
    QCOMPARE(driver.store.tree().size(), 0U);
}

void TestStore::repeat_isDoneOnce()
{
    Driver driver;
    const SessionId session = driver.open(1);
    const Command command = sent(session, 1, transactionOf({Put{"/a", "1"}}));
    const Answer first = driver.apply(command);
    driver.put("/a", "2");
    const Hash128 before = driver.store.hash();
    QCOMPARE(driver.apply(command), first);
    QCOMPARE(driver.store.hash(), before);
    QCOMPARE(driver.store.tree().find("/a")->file.value, QByteArray("2"));
}

void TestStore::repeat_ofAFailedGuardStaysFailed()
{
    Driver driver;
    const SessionId session = driver.open(1);
    Transaction transaction = transactionOf({Put{"/a", "1"}});
    transaction.guards = {ValueEquals{"/a", "0"}};
    const Answer first = driver.apply(sent(session, 1, transaction));
    QCOMPARE(first.status, Status::guardFailed);
    driver.put("/a", "0");
    QCOMPARE(driver.apply(sent(session, 1, transaction)), first);
    QCOMPARE(driver.apply(sent(session, 2, transaction)).status, Status::ok);
}

void TestStore::repeat_ofAnEndedSessionIsGone()
{
    Driver driver;
    const SessionId session = driver.open(1);
    const Command command = sent(session, 1, transactionOf({Put{"/a", "1"}}));
    driver.apply(command);
    driver.apply({{}, CloseSession{session}});
    QVERIFY(driver.open(1) != session);
    QCOMPARE(driver.apply(command).status, Status::sessionGone);
    QCOMPARE(driver.store.revision(), Revision(1));
}

void TestStore::invalid_doesNotAcknowledge()
{
    Driver driver;
    const SessionId session = driver.open(1);
    QByteArray bytes =
        encode({Origin{session, Sequence(9), Sequence(8)}, transactionOf({Put{"/a", "1"}})});
    QCOMPARE(driver.applyBytes(bytes + 'x').status, Status::invalid);
    QCOMPARE(driver.store.sessions().find(session)->acknowledged, Sequence(0));
    QCOMPARE(driver.applyBytes(bytes).status, Status::ok);
    QCOMPARE(driver.store.sessions().find(session)->acknowledged, Sequence(8));
}

void TestStore::ephemeral_goesWithItsSession()
{
    Driver driver;
    const SessionId session = driver.open(1);
    driver.apply(
        sent(session, 1,
             transactionOf({Put{"/e/1", "", true}, Put{"/e/2", "", true}, Put{"/stays", ""}})));
    const Answer closed = driver.apply({{}, CloseSession{session}});
    QCOMPARE(closed.status, Status::ok);
    QVERIFY(closed.isChanged);
    QCOMPARE(closed.revision, Revision(2));
    QVERIFY(!driver.has("/e/1") && !driver.has("/e/2") && driver.has("/stays"));
    QCOMPARE(driver.apply({{}, CloseSession{session}}).status, Status::sessionGone);
    const Answer withoutFiles = driver.apply({{}, CloseSession{driver.open(2)}});
    QVERIFY(!withoutFiles.isChanged);
    QCOMPARE(withoutFiles.revision, Revision(2));
}

void TestStore::ephemeral_staysWhenItIsPutAnew()
{
    Driver driver;
    const SessionId session = driver.open(1);
    driver.apply(sent(session, 1, transactionOf({Put{"/e", "1", true}})));
    driver.put("/e", "2");
    driver.apply({{}, CloseSession{session}});
    QVERIFY(driver.has("/e"));
}

void TestStore::ephemerals_areBounded()
{
    Driver driver;
    const SessionId session = driver.open(1);
    Transaction fill;
    for (std::size_t i = 0; i < limits::sessionEphemeralsMax; ++i)
        fill.operations.push_back(Put{"/e/" + QByteArray::number(qulonglong(i)), "", true});
    QCOMPARE(driver.apply(sent(session, 1, fill)).status, Status::ok);
    const Command oneMore = sent(session, 2, transactionOf({Put{"/more", "", true}}));
    QCOMPARE(driver.apply(oneMore).status, Status::limitReached);
    QVERIFY(!driver.has("/more"));
    const Command again = sent(session, 3, transactionOf({Put{"/e/0", "1", true}}));
    QCOMPARE(driver.apply(again).status, Status::ok);
    const Command lasting = sent(session, 4, transactionOf({Put{"/more", ""}}));
    QCOMPARE(driver.apply(lasting).status, Status::ok);
    QCOMPARE(driver.apply({{}, CloseSession{session}}).status, Status::ok);
    QCOMPARE(driver.store.tree().size(), 1U);
}

void TestStore::endSession_isVoidAfterALaterLeader()
{
    Driver driver;
    const Slot first = driver.startLeader();
    const SessionId session = driver.open(1);
    const Slot second = driver.startLeader();
    QCOMPARE(driver.apply({{}, EndSession{session, first}}).status, Status::voided);
    QCOMPARE(driver.apply({{}, EndSession{session, second.next()}}).status, Status::voided);
    QVERIFY(driver.store.sessions().find(session));
    QCOMPARE(driver.apply({{}, EndSession{session, second}}).status, Status::ok);
    QVERIFY(!driver.store.sessions().find(session));
    QCOMPARE(driver.apply({{}, EndSession{session, second}}).status, Status::sessionGone);
}

void TestStore::closeSession_withItsOwnOriginKeepsNothing()
{
    Driver driver;
    const SessionId session = driver.open(1);
    const Command close{Origin{session, Sequence(1), Sequence(0)}, CloseSession{session}};
    QCOMPARE(driver.apply(close).status, Status::ok);
    QCOMPARE(driver.apply(close).status, Status::sessionGone);
    QVERIFY(driver.store.sessions().all().empty());
}

QTEST_APPLESS_MAIN(TestStore)
#include "tst_store.moc"
