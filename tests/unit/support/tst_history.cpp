// SPDX-License-Identifier: Apache-2.0
#include "support/history.h"

#include "base/check.h"

#include <QTest>

#include <stdexcept>

using namespace coffer;
using namespace coffer::test;

namespace {

void throwInstead(std::string_view, int, std::string_view what)
{
    throw std::logic_error(std::string(what));
}

Operation answeredGet()
{
    Operation operation;
    operation.process = "p1";
    operation.called = 3;
    operation.returned = 4;
    operation.key = "a";
    operation.outcome = Operation::Outcome::ok;
    operation.seen = "1";
    return operation;
}

} // namespace

class TestHistory : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void parse_readsEachField();
    void parse_skipsCommentsAndBlankLines();
    void toText_isWhatParseReads_data();
    void toText_isWhatParseReads();
    void toText_writesEachByte();
    void toText_tellsEmptyFromAbsent();
    void parse_acceptsOtherSpellings();
    void parse_namesLineFieldAndExpectation_data();
    void parse_namesLineFieldAndExpectation();
    void parse_refusesTooMuch();
    void parse_takesTheLargestValues();
    void problem_namesWhatTheFormatCannotSay();
    void append_refusesAnUnsoundOperation();
    void describe_namesLineOrNumber();
};

void TestHistory::parse_readsEachField()
{
    const Result<History> history =
        History::parse("p1 3 17 cas a absent 2 -> ok rev=9\np2 4 - get b session -> unknown");
    QVERIFY(history);
    QCOMPARE(history->operations().size(), std::size_t(2));
    const Operation &cas = history->operations()[0];
    QCOMPARE(cas.process, "p1");
    QCOMPARE(cas.called, 3u);
    QCOMPARE(cas.returned.value_or(0), 17u);
    QVERIFY(cas.kind == Operation::Kind::cas);
    QCOMPARE(cas.key, "a");
    QVERIFY(!cas.expected);
    QVERIFY(cas.newValue == QByteArray("2"));
    QVERIFY(cas.outcome == Operation::Outcome::ok);
    QCOMPARE(cas.revision.value_or(0), 9u);
    QCOMPARE(cas.line, 1);
    const Operation &get = history->operations()[1];
    QVERIFY(get.kind == Operation::Kind::get);
    QVERIFY(get.mode == Operation::Mode::session);
    QVERIFY(!get.returned);
    QVERIFY(get.outcome == Operation::Outcome::unknown);
    QCOMPARE(get.line, 2);
}

void TestHistory::parse_skipsCommentsAndBlankLines()
{
    const Result<History> history =
        History::parse("# \xc3\xa4\xff\n\n \t \np1 1 2 get a -> 1   # stale?\n#");
    QVERIFY(history);
    QCOMPARE(history->operations().size(), std::size_t(1));
    QCOMPARE(history->operations().front().line, 4);
    QVERIFY(History::parse("")->operations().empty());
}

void TestHistory::toText_isWhatParseReads_data()
{
    QTest::addColumn<QByteArray>("line");
    for (const char *line : {"p1 0 0 put a 1 -> ok",
                             "p1 0 1 put a 1 -> ok rev=1",
                             "p1 0 1 put a 1 -> fail",
                             "p1 0 - put a 1 -> unknown",
                             "p1 0 9 put a 1 -> unknown",
                             "p1 0 1 put a \"\" -> ok",
                             "p1 0 1 cas a 1 2 -> ok rev=9223372036854775807",
                             "p1 0 1 cas a absent 2 -> mismatch",
                             "p1 0 1 cas a 1 absent -> mismatch rev=0",
                             "p1 0 - cas a 1 2 -> unknown",
                             "p1 0 1 del a -> ok rev=4",
                             "p1 0 1 del a -> absent rev=0",
                             "p1 0 1 del a -> fail",
                             "p1 0 1 get a -> 1 rev=0",
                             "p1 0 1 get a -> absent",
                             "p1 0 1 get a -> fail",
                             "p1 0 - get a session -> unknown",
                             "p1 0 1 get a local -> %6Fk rev=3",
                             "p1 0 1 put a - -> ok",
                             "- 0 1 put put put -> ok",
                             "p1 0 1 get a -> %61bsent"})
        QTest::newRow(line) << QByteArray(line);
}

void TestHistory::toText_isWhatParseReads()
{
    QFETCH(const QByteArray, line);
    const Result<History> history = History::parse(line);
    QVERIFY2(history, history ? "" : qPrintable(history.error().message));
    QCOMPARE(history->toText(), line + '\n');
}

void TestHistory::toText_writesEachByte()
{
    for (int byte = 0; byte < 256; ++byte) {
        Operation operation = answeredGet();
        operation.seen = QByteArray(1, static_cast<char>(byte));
        const Result<History> history = History::parse(operation.toText());
        QVERIFY2(history, operation.toText().constData());
        QVERIFY(history->operations().front().seen == operation.seen);
    }
}

void TestHistory::toText_tellsEmptyFromAbsent()
{
    Operation operation = answeredGet();
    operation.seen = QByteArray();
    QCOMPARE(operation.toText(), "p1 3 4 get a -> \"\"");
    operation.seen.reset();
    QCOMPARE(operation.toText(), "p1 3 4 get a -> absent");
}

void TestHistory::parse_acceptsOtherSpellings()
{
    const Result<History> history =
        History::parse("\tp1  0 inf\tput a %41 -> unknown\t\np1 0 1 get a linearizable -> %41");
    QVERIFY(history);
    QCOMPARE(history->toText(), "p1 0 - put a A -> unknown\np1 0 1 get a -> A\n");
}

static void row(const char *name, const char *text, const char *message)
{
    QTest::newRow(name) << QByteArray(text) << QString::fromLatin1(message);
}

static void addRequestErrors()
{
    row("kind", "# x\n\np1 0 1 pot a 1 -> ok",
        "line 3, field 4: expected put, cas, del or get, found \"pot\"");
    row("process only", "p1",
        "line 1, field 2: expected the call time, a decimal number below "
        "2^63, found the end of the line");
    row("call time", "p1 x 1 get a -> 1",
        "line 1, field 2: expected the call time, a decimal "
        "number below 2^63, found \"x\"");
    row("negative", "p1 -1 1 get a -> 1",
        "line 1, field 2: expected the call time, a decimal "
        "number below 2^63, found \"-1\"");
    row("leading zero", "p1 01 1 get a -> 1",
        "line 1, field 2: expected the call time, a decimal "
        "number below 2^63, found \"01\"");
    row("2^63", "p1 0 9223372036854775808 get a -> 1",
        "line 1, field 3: expected the return time, a decimal number below 2^63, - or inf, found "
        "\"9223372036854775808\"");
    row("20 digits", "p1 0 99999999999999999999 get a -> 1",
        "line 1, field 3: expected the return time, a decimal number below 2^63, - or inf, found "
        "\"99999999999999999999\"");
    row("backwards", "p1 5 4 get a -> 1",
        "line 1, field 3: expected a return time not before the call time, found \"4\"");
    row("put without value", "p1 0 1 put a -> ok",
        "line 1, field 6: expected a value of 0 to 4096 bytes, found \"->\"");
    row("put of absent", "p1 0 1 put a absent -> ok",
        "line 1, field 6: expected a value of 0 to 4096 bytes, found \"absent\"");
    row("empty key", "p1 0 1 del \"\" -> ok",
        "line 1, field 5: expected a key of 1 to 4096 bytes, found \"\"\"\"");
    row("lower case escape", "p1 0 1 put a %c3 -> ok",
        "line 1, field 6: expected a value of 0 to 4096 bytes, found \"%c3\"");
    row("cut escape", "p1 0 1 put a x%C -> ok",
        "line 1, field 6: expected a value of 0 to 4096 bytes, found \"x%C\"");
    row("quotes", "p1 0 1 put a \"x\" -> ok",
        "line 1, field 6: expected a value of 0 to 4096 bytes, found \"\"x\"\"");
    row("utf-8", "p1 0 1 put a \xc3\xa4 -> ok",
        "line 1, field 6: expected printable ASCII (other bytes are written as %XX), found "
        "\"??\"");
    row("carriage return", "p1 0 1 put a 1 -> ok\r\n",
        "line 1, field 8: expected printable ASCII (other bytes are written as %XX), found "
        "\"ok?\"");
    row("cas with one value", "p1 0 1 cas a 1 -> ok",
        "line 1, field 7: expected the new value, which is absent or a value of 0 to 4096 bytes, "
        "found \"->\"");
}

static void addResultErrors()
{
    row("mode", "p1 0 1 get a stale -> 1",
        "line 1, field 6: expected linearizable, session, local or ->, found \"stale\"");
    row("mode of a write", "p1 0 1 put a 1 local -> ok",
        "line 1, field 7: expected ->, found \"local\"");
    row("no result", "p1 0 1 put a 1 ->",
        "line 1, field 8: expected ok, fail or unknown, found the end of the line");
    row("put mismatch", "p1 0 1 put a 1 -> mismatch",
        "line 1, field 8: expected ok, fail or unknown, found \"mismatch\"");
    row("cas absent", "p1 0 1 cas a 1 2 -> absent",
        "line 1, field 9: expected ok, mismatch, fail or unknown, found \"absent\"");
    row("del mismatch", "p1 0 1 del a -> mismatch",
        "line 1, field 7: expected ok, absent, fail or unknown, found \"mismatch\"");
    row("get ok", "p1 0 1 get a -> ok",
        "line 1, field 7: expected the result, which is absent or "
        "a value of 0 to 4096 bytes, found \"ok\"");
    row("answer without return", "p1 0 - put a 1 -> ok",
        "line 1, field 8: expected unknown, as the operation has no return time, found \"ok\"");
    row("revision", "p1 0 1 put a 1 -> ok rev=x",
        "line 1, field 9: expected rev= and a decimal number below 2^63, found \"rev=x\"");
    row("write at revision 0", "p1 0 1 put a 1 -> ok rev=0",
        "line 1, field 9: expected the revision of a write, which is at least 1, found "
        "\"rev=0\"");
    row("revision of unknown", "p1 0 1 put a 1 -> unknown rev=1",
        "line 1, field 9: expected the end of the line, found \"rev=1\"");
    row("revision of fail", "p1 0 1 put a 1 -> fail rev=1",
        "line 1, field 9: expected the end of the line, found \"rev=1\"");
    row("more", "p1 0 1 put a 1 -> ok rev=1 more",
        "line 1, field 10: expected the end of the line, found \"more\"");
    row("a later version", "history 2\n",
        "line 1, field 3: expected the return time, a decimal "
        "number below 2^63, - or inf, found the end of the "
        "line");
}

void TestHistory::parse_namesLineFieldAndExpectation_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QString>("message");
    addRequestErrors();
    addResultErrors();
}

void TestHistory::parse_namesLineFieldAndExpectation()
{
    QFETCH(const QByteArray, text);
    QFETCH(const QString, message);
    const Result<History> history = History::parse(text);
    QVERIFY(!history);
    QVERIFY(history.error().code == ErrorCode::invalid);
    QCOMPARE(history.error().message, message);
}

void TestHistory::parse_refusesTooMuch()
{
    const QByteArray longLine = '#' + QByteArray(History::lineBytesMax - 1, 'x');
    QVERIFY(History::parse(longLine));
    QCOMPARE(History::parse('\n' + longLine + 'x').error().message,
             QStringLiteral("line 2: expected at most 65536 bytes, found 65537"));

    const QByteArray text(History::textBytesMax + 1, '\n');
    QVERIFY(History::parse(QByteArrayView(text).chopped(1)));
    QCOMPARE(History::parse(text).error().message,
             QStringLiteral("expected at most 67108864 bytes of history, found 67108865"));

    const QByteArray line("p 0 1 del a -> ok\n");
    QByteArray lines;
    lines.reserve(line.size() * qsizetype(History::operationsMax + 1));
    for (std::size_t i = 0; i < History::operationsMax; ++i)
        lines += line;
    QCOMPARE(History::parse(lines)->operations().size(), History::operationsMax);
    QCOMPARE(History::parse(lines + line).error().message,
             QStringLiteral("line 1000001: expected at most 1000000 operations"));
}

void TestHistory::parse_takesTheLargestValues()
{
    Operation operation = answeredGet();
    operation.kind = Operation::Kind::cas;
    operation.seen.reset();
    operation.process = QByteArray(History::processBytesMax, '\0');
    operation.key = QByteArray(History::keyBytesMax, '\xff');
    operation.expected = QByteArray(History::valueBytesMax, '%');
    operation.newValue = QByteArray(History::valueBytesMax, ' ');
    QVERIFY(operation.toText().size() <= History::lineBytesMax);
    QVERIFY(!operation.problem());

    for (QByteArray *field :
         {&operation.process, &operation.key, &*operation.expected, &*operation.newValue}) {
        *field += 'x';
        QVERIFY(operation.problem());
        field->chop(1);
        QVERIFY(!operation.problem());
    }
}

void TestHistory::problem_namesWhatTheFormatCannotSay()
{
    Operation operation = answeredGet();
    QVERIFY(!operation.problem());
    operation.newValue = "2";
    QCOMPARE(operation.problem().value_or(QString()),
             QStringLiteral("a field is set that \"p1 3 4 get a -> 1\" cannot say"));
    operation = answeredGet();
    operation.returned = 2;
    QVERIFY(operation.problem());
    operation = answeredGet();
    operation.outcome = Operation::Outcome::mismatch;
    QVERIFY(operation.problem());
    operation = answeredGet();
    operation.kind = Operation::Kind::put;
    QVERIFY(operation.problem());
}

void TestHistory::append_refusesAnUnsoundOperation()
{
    const CheckHandler before = setCheckHandler(throwInstead);
    History history;
    history.append(answeredGet());
    Operation unsound = answeredGet();
    unsound.returned.reset();
    QVERIFY_THROWS_EXCEPTION(std::logic_error, history.append(unsound));
    QCOMPARE(history.operations().size(), std::size_t(1));
    setCheckHandler(before);
}

void TestHistory::describe_namesLineOrNumber()
{
    QCOMPARE(History::parse("#\np1 3 4 get a -> 1")->describe(0),
             QStringLiteral("line 2: p1 3 4 get a -> 1"));
    History history;
    history.append(answeredGet());
    QCOMPARE(history.describe(0), QStringLiteral("operation 1: p1 3 4 get a -> 1"));
}

QTEST_APPLESS_MAIN(TestHistory)
#include "tst_history.moc"
