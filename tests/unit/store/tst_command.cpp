// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"
#include "store/command.h"
#include "store/limits.h"

#include <QTest>

using namespace coffer;
using namespace coffer::store;
using namespace std::chrono_literals;

class TestCommand : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void encode_isUndoneByDecode_data();
    void encode_isUndoneByDecode();
    void encode_hasTheDocumentedBytes();
    void decode_refusesEveryShorterAndLongerOne_data();
    void decode_refusesEveryShorterAndLongerOne();
    void decode_takesOnlyWhatEncodeMakes_data();
    void decode_takesOnlyWhatEncodeMakes();
    void decode_knowsTheRules_data();
    void decode_knowsTheRules();
    void decode_refusesCountsThatAreNotThere();
    void decode_refusesMoreThanTheWholeMayHave();
    void isRepeatable_needsAnOriginOrASession_data();
    void isRepeatable_needsAnOriginOrASession();
};

static const Origin origin{SessionId(5), Sequence(3), Sequence(2)};

static Transaction fullTransaction()
{
    return {.guards = {RevisionEquals{"/a", Revision(1)}, Missing{"/b/c"},
                       CreatedEquals{"/d", Revision(2)}, ValueEquals{"/e", "value"},
                       SessionAlive{SessionId(4)}, TimeReached{5ms}},
            .operations = {Put{"/f", "one"}, Put{"/g", "", true}, Delete{"/h"}},
            .otherwise = {DeleteTree{"/"}, DeleteTree{"/i"}}};
}

static void addCommands()
{
    QTest::addColumn<Command>("command");
    QTest::newRow("transaction with everything") << Command{origin, fullTransaction()};
    QTest::newRow("empty transaction") << Command{{}, Transaction{}};
    QTest::newRow("open") << Command{{}, OpenSession{77, 10s}};
    QTest::newRow("close") << Command{{}, CloseSession{SessionId(9)}};
    QTest::newRow("close with origin") << Command{origin, CloseSession{SessionId(9)}};
    QTest::newRow("end") << Command{{}, EndSession{SessionId(9), Slot(10)}};
}

void TestCommand::encode_isUndoneByDecode_data() { addCommands(); }

void TestCommand::encode_isUndoneByDecode()
{
    QFETCH(const Command, command);
    const QByteArray bytes = encode(command);
    const Result<Command> decoded = decodeCommand(bytes);
    QVERIFY(decoded);
    QCOMPARE(*decoded, command);
}

void TestCommand::encode_hasTheDocumentedBytes()
{
    const Command command{origin, Transaction{{Missing{"/a"}}, {Put{"/b", "xyz", true}}, {}}};
    QCOMPARE(encode(command).toHex(), QByteArray("010101"
                                                 "0500000000000000"
                                                 "0300000000000000"
                                                 "0200000000000000"
                                                 "010001000000"
                                                 "02"
                                                 "02002f61"
                                                 "01"
                                                 "02002f62"
                                                 "01"
                                                 "0300000078797a"));
}

void TestCommand::decode_refusesEveryShorterAndLongerOne_data() { addCommands(); }

void TestCommand::decode_refusesEveryShorterAndLongerOne()
{
    QFETCH(const Command, command);
    const QByteArray bytes = encode(command);
    for (qsizetype size = 0; size < bytes.size(); ++size)
        QVERIFY(!decodeCommand(bytes.first(size)));
    QVERIFY(!decodeCommand(bytes + '\0'));
}

void TestCommand::decode_takesOnlyWhatEncodeMakes_data() { addCommands(); }

void TestCommand::decode_takesOnlyWhatEncodeMakes()
{
    QFETCH(const Command, command);
    const QByteArray bytes = encode(command);
    for (qsizetype at = 0; at < bytes.size(); ++at) {
        for (int value = 0; value < 256; ++value) {
            QByteArray other = bytes;
            other[at] = char(value);
            const Result<Command> decoded = decodeCommand(other);
            QVERIFY(!decoded || encode(*decoded) == other);
        }
    }
}

static Command putOf(const QByteArray &path, qsizetype valueBytes)
{
    return {{}, Transaction{{}, {Put{path, QByteArray(valueBytes, 'v')}}, {}}};
}

static Command guardedBy(const Guard &guard) { return {{}, Transaction{{guard}, {}, {}}}; }

template<class Item>
static std::vector<Item> copies(std::size_t count, const Item &item)
{
    return std::vector<Item>(count, item);
}

void TestCommand::decode_knowsTheRules_data()
{
    QTest::addColumn<Command>("command");
    QTest::addColumn<bool>("isValid");
    const auto row = [](const char *name, const Command &command, bool isValid) {
        QTest::newRow(name) << command << isValid;
    };
    const auto originOf = [](std::uint64_t session, std::uint64_t sequence, std::uint64_t known) {
        return Command{Origin{SessionId(session), Sequence(sequence), Sequence(known)}, {}};
    };
    row("first sequence", originOf(1, 1, 0), true);
    row("session 0", originOf(0, 1, 0), false);
    row("sequence 0", originOf(1, 0, 0), false);
    row("acknowledges itself", originOf(1, 7, 7), false);
    row("acknowledges the one before", originOf(1, 7, 6), true);
    row("largest sequence", originOf(1, UINT64_MAX, UINT64_MAX - 1), true);
    row("largest value", putOf("/a", qsizetype(limits::valueBytesMax)), true);
    row("value too large", putOf("/a", qsizetype(limits::valueBytesMax) + 1), false);
    row("put to the root", putOf("/", 1), false);
    row("put to no path", putOf("a", 1), false);
    row("path of more than 16 bits", putOf('/' + QByteArray(70'000, 'a'), 1), false);
    row("ephemeral without a session", {{}, Transaction{{}, {Put{"/a", "", true}}, {}}}, false);
    row("ephemeral else without one", {{}, Transaction{{}, {}, {Put{"/a", "", true}}}}, false);
    row("delete of the root", {{}, Transaction{{}, {Delete{"/"}}, {}}}, false);
    row("delete tree of the root", {{}, Transaction{{}, {DeleteTree{"/"}}, {}}}, true);
    row("delete tree of no path", {{}, Transaction{{}, {DeleteTree{"/a/"}}, {}}}, false);
    row("revision 0", guardedBy(RevisionEquals{"/a", Revision(0)}), false);
    row("created 0", guardedBy(CreatedEquals{"/a", Revision(0)}), false);
    row("missing root", guardedBy(Missing{"/"}), false);
    row("alive 0", guardedBy(SessionAlive{SessionId(0)}), false);
    row("time 0", guardedBy(TimeReached{0ms}), true);
    row("last time", guardedBy(TimeReached{WallMs(INT64_MAX)}), true);
    row("negative time", guardedBy(TimeReached{-1ms}), false);
    row("shortest session", {{}, OpenSession{1, limits::sessionTimeToLiveMin}}, true);
    row("session too short", {{}, OpenSession{1, limits::sessionTimeToLiveMin - 1ms}}, false);
    row("longest session", {{}, OpenSession{1, limits::sessionTimeToLiveMax}}, true);
    row("session too long", {{}, OpenSession{1, limits::sessionTimeToLiveMax + 1ms}}, false);
    row("negative session", {{}, OpenSession{1, -1ms}}, false);
    row("close of session 0", {{}, CloseSession{SessionId(0)}}, false);
    row("end of session 0", {{}, EndSession{SessionId(0), Slot(1)}}, false);
    const Guard guard = Missing{"/a"};
    const Operation operation = Delete{"/a"};
    const std::size_t most = limits::transactionOperationsMax;
    row("most guards", {{}, Transaction{copies(most, guard), {}, {}}}, true);
    row("too many guards", {{}, Transaction{copies(most + 1, guard), {}, {}}}, false);
    row("most operations", {{}, Transaction{{}, copies(most, operation), copies(most, operation)}},
        true);
    row("too many", {{}, Transaction{{}, copies(most + 1, operation), {}}}, false);
    row("too many else", {{}, Transaction{{}, {}, copies(most + 1, operation)}}, false);
    row("more than 16 bits", {{}, Transaction{{}, copies(65'536, operation), {}}}, false);
}

void TestCommand::decode_knowsTheRules()
{
    QFETCH(const Command, command);
    QFETCH(const bool, isValid);
    const QByteArray bytes = encode(command);
    const Result<Command> decoded = decodeCommand(bytes);
    QCOMPARE(decoded.has_value(), isValid);
    if (decoded)
        QCOMPARE(*decoded, command);
    else
        QCOMPARE(decoded.error().code, ErrorCode::invalid);
}

void TestCommand::decode_refusesCountsThatAreNotThere()
{
    QVERIFY(!decodeCommand(QByteArray::fromHex("010100102700000000")));
    QVERIFY(!decodeCommand(QByteArray::fromHex("010100000000001027")));
}

void TestCommand::decode_refusesMoreThanTheWholeMayHave()
{
    const Put put{"/a", QByteArray(qsizetype(limits::valueBytesMax), 'v')};
    const QByteArray large = encode({{}, Transaction{{}, {put, put, put}, {}}});
    QVERIFY(decodeCommand(large));
    const QByteArray tooLarge = encode({{}, Transaction{{}, {put, put, put, put}, {}}});
    QVERIFY(std::size_t(tooLarge.size()) > limits::commandBytesMax);
    QVERIFY(!decodeCommand(tooLarge));
}

void TestCommand::isRepeatable_needsAnOriginOrASession_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<bool>("expected");
    QTest::newRow("nothing") << QByteArray() << false;
    QTest::newRow("garbage") << QByteArray("garbage") << false;
    QTest::newRow("unknown version") << QByteArray::fromHex("020201") << false;
    QTest::newRow("without origin") << encode({{}, fullTransaction()}) << false;
    QTest::newRow("with origin") << encode({origin, fullTransaction()}) << true;
    QTest::newRow("open") << encode({{}, OpenSession{1, 10s}}) << true;
    QTest::newRow("close") << encode({{}, CloseSession{SessionId(1)}}) << true;
    QTest::newRow("end") << encode({{}, EndSession{SessionId(1), Slot(1)}}) << false;
}

void TestCommand::isRepeatable_needsAnOriginOrASession()
{
    QFETCH(const QByteArray, bytes);
    QFETCH(const bool, expected);
    QCOMPARE(isRepeatable(bytes), expected);
}

QTEST_APPLESS_MAIN(TestCommand)
#include "tst_command.moc"
