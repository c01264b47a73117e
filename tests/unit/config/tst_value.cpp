// SPDX-License-Identifier: Apache-2.0
#include "config/value.h"

#include "config/limits.h"

#include <QTest>

using namespace coffer;
using namespace coffer::config;
using namespace Qt::StringLiterals;

class TestValue : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void parse_givesTheCanonicalText_data();
    void parse_givesTheCanonicalText();
    void parse_refuses_data();
    void parse_refuses();
    void bareDuration_isRefusedWithAHint();
    void enumeration_isOneOfItsChoices();
    void choices_areChecked();
    void value_isLimited();
    void json_isBounded();
    void list_givesItsParts();
    void typeNames_areTwoWay();
};

void TestValue::parse_givesTheCanonicalText_data()
{
    QTest::addColumn<Type>("type");
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QByteArray>("canonical");
    const auto row = [](const char *name, Type type, const QByteArray &text, const QByteArray &to) {
        QTest::newRow(name) << type << text << to;
    };
    row("string, as it is", Type::string, " a\nä ", " a\nä ");
    row("string, empty", Type::string, "", "");
    row("int", Type::integer, " 42 ", "42");
    row("int, negative zero", Type::integer, "-0", "0");
    row("int, least", Type::integer, "-9223372036854775808", "-9223372036854775808");
    row("int, most", Type::integer, "9223372036854775807", "9223372036854775807");
    row("float", Type::floating, "0.1", "0.1");
    row("float, whole", Type::floating, "3", "3.0");
    row("float, zeros", Type::floating, "1.50", "1.5");
    row("float, negative zero", Type::floating, "-0.0", "0.0");
    row("float, plain where it can be", Type::floating, "1e5", "100000.0");
    row("float, large", Type::floating, "1e30", "1.0e+30");
    row("float, small", Type::floating, "0.0000000025", "2.5e-09");
    row("bool, yes", Type::boolean, "enable", "true");
    row("bool, y", Type::boolean, "y", "true");
    row("bool, 0", Type::boolean, "0", "false");
    row("bool, disable", Type::boolean, "disable", "false");
    row("duration, stays", Type::duration, "1500ms", "1500ms");
    row("duration, fraction", Type::duration, "1.5s", "1500ms");
    row("duration, largest unit", Type::duration, "3600s", "1h");
    row("duration, not quite", Type::duration, "5400sec", "90m");
    row("duration, old words", Type::duration, "2hour", "2h");
    row("duration, min", Type::duration, "3min", "3m");
    row("duration, zero", Type::duration, "0h", "0s");
    row("duration, negative", Type::duration, "-1000us", "-1ms");
    row("duration, most", Type::duration, "9223372036854775807ns", "9223372036854775807ns");
    row("size, in any case", Type::size, "64Mb", "64mb");
    row("size, short", Type::size, "2K", "2kb");
    row("size, largest unit", Type::size, "1024", "1kb");
    row("size, bytes", Type::size, "1500b", "1500b");
    row("size, fraction", Type::size, "1.5g", "1536mb");
    row("size, zero", Type::size, "0gb", "0b");
    row("size, most", Type::size, "9223372036854775807", "9223372036854775807b");
    row("list, joined", Type::list, "a,b", R"(["a","b"])");
    row("list, blanks are kept", Type::list, "a, b", R"(["a"," b"])");
    row("list, empty", Type::list, "", "[]");
    row("list, empty part", Type::list, "a,", R"(["a",""])");
    row("list, JSON", Type::list, "[ \"a,b\" , \"\\u00e4\" ]", R"(["a,b","ä"])");
    row("json, blanks go", Type::json, " { \"b\" : [ 1 , 2 ] } ", R"({"b":[1,2]})");
    row("json, order stays", Type::json, R"({"b":1,"a":2})", R"({"b":1,"a":2})");
    row("json, numbers stay", Type::json, "12345678901234567890.10", "12345678901234567890.10");
    row("json, shortest escapes", Type::json, R"("\u0041\/\u000a\u0001\ud83d\ude00")",
        "\"A/\\n\\u0001😀\"");
    row("json, null", Type::json, "null", "null");
}

void TestValue::parse_givesTheCanonicalText()
{
    QFETCH(const Type, type);
    QFETCH(const QByteArray, text);
    QFETCH(const QByteArray, canonical);
    const Result<Value> value = Value::parse(type, text);
    QVERIFY2(value, qPrintable(value ? QString() : value.error().message));
    QCOMPARE(value->text, canonical);
    const Result<Value> again = Value::parse(type, value->text);
    QVERIFY(again && *again == *value);
}

void TestValue::parse_refuses_data()
{
    QTest::addColumn<Type>("type");
    QTest::addColumn<QByteArray>("text");
    const auto row = [](const char *name, Type type, const QByteArray &text) {
        QTest::newRow(name) << type << text;
    };
    row("string, no UTF-8", Type::string, "\xff");
    row("string, byte order mark", Type::string, "\xEF\xBB\xBFx");
    row("int, empty", Type::integer, "");
    row("int, leading zero", Type::integer, "0644");
    row("int, plus", Type::integer, "+1");
    row("int, hexadecimal", Type::integer, "0x10");
    row("int, fraction", Type::integer, "1.0");
    row("int, too large", Type::integer, "9223372036854775808");
    row("float, infinite", Type::floating, "inf");
    row("float, no number", Type::floating, "nan");
    row("float, too large", Type::floating, "1e999");
    row("float, more behind", Type::floating, "1.0x");
    row("bool, unknown word", Type::boolean, "on");
    row("bool, capital", Type::boolean, "True");
    row("bool, empty", Type::boolean, "");
    row("duration, unknown unit", Type::duration, "1d");
    row("duration, two parts", Type::duration, "1h30m");
    row("duration, capital", Type::duration, "1S");
    row("duration, part of a nanosecond", Type::duration, "0.5ns");
    row("duration, too long", Type::duration, "9223372036854775808ns");
    row("duration, too long in hours", Type::duration, "9223372036854775807h");
    row("duration, no digits behind the point", Type::duration, "1.s");
    row("duration, empty", Type::duration, "");
    row("size, unknown unit", Type::size, "1tb");
    row("size, negative", Type::size, "-1b");
    row("size, part of a byte", Type::size, "1.3b");
    row("size, 2^63", Type::size, "9223372036854775808");
    row("size, 2^63 in gb", Type::size, "8589934592gb");
    row("list, numbers", Type::list, "[1]");
    row("list, no JSON", Type::list, "[a");
    row("json, empty", Type::json, "");
    row("json, two values", Type::json, "1 2");
    row("json, comma last", Type::json, "[1,]");
    row("json, no comma", Type::json, "[1 2]");
    row("json, member twice", Type::json, R"({"a":1,"\u0061":2})");
    row("json, leading zero", Type::json, "01");
    row("json, plus", Type::json, "+1");
    row("json, no digit before the point", Type::json, ".5");
    row("json, no digit of the exponent", Type::json, "1e");
    row("json, control character", Type::json, "\"\n\"");
    row("json, half a pair", Type::json, R"("\ud83d")");
    row("json, low half", Type::json, R"("\ude00")");
    row("json, unknown escape", Type::json, R"("\x41")");
    row("json, no hex", Type::json, R"("\u+041")");
    row("json, no end of a string", Type::json, "\"a");
    row("json, no end of an object", Type::json, R"({"a":1)");
    row("json, NaN", Type::json, "NaN");
    row("json, comment", Type::json, "1 // one");
}

void TestValue::parse_refuses()
{
    QFETCH(const Type, type);
    QFETCH(const QByteArray, text);
    const Result<Value> value = Value::parse(type, text);
    QVERIFY2(!value, value ? value->text.constData() : "");
    QCOMPARE(value.error().code, ErrorCode::invalid);
    QVERIFY(!value.error().message.isEmpty());
}

void TestValue::bareDuration_isRefusedWithAHint()
{
    const Result<Value> value = Value::parse(Type::duration, "30");
    QVERIFY(!value);
    QVERIFY2(value.error().message.contains(u"nanoseconds"_s)
                 && value.error().message.contains(u"30ms"_s),
             qPrintable(value.error().message));
}

void TestValue::enumeration_isOneOfItsChoices()
{
    const Result<Value> value = Value::parse(Type::enumeration, "warn", {"info", "warn"});
    QVERIFY(value);
    QCOMPARE(value->choices, (std::vector<QByteArray>{"info", "warn"}));
    const Result<Value> other = Value::parse(Type::enumeration, "debug", {"info", "warn"});
    QVERIFY(!other);
    QVERIFY2(other.error().message.contains(u"info warn"_s), qPrintable(other.error().message));
}

void TestValue::choices_areChecked()
{
    QVERIFY(!Value::parse(Type::enumeration, "a"));
    QVERIFY(!Value::parse(Type::enumeration, "a", {"a", "a"}));
    QVERIFY(!Value::parse(Type::enumeration, "a", {"a", ""}));
    QVERIFY(!Value::parse(Type::enumeration, "a", {"a", QByteArray(129, 'x')}));
    QVERIFY(!Value::parse(Type::string, "a", {"a"}));
    std::vector<QByteArray> many{"a"};
    for (std::size_t i = 1; i < limits::choicesMax; ++i)
        many.push_back(QByteArray::number(qulonglong(i)));
    QVERIFY(Value::parse(Type::enumeration, "a", many));
    many.emplace_back("b");
    QVERIFY(!Value::parse(Type::enumeration, "a", many));
}

void TestValue::value_isLimited()
{
    QVERIFY(Value::parse(Type::string, QByteArray(qsizetype(limits::valueBytesMax), 'x')));
    QVERIFY(!Value::parse(Type::string, QByteArray(qsizetype(limits::valueBytesMax) + 1, 'x')));
    // As JSON it would have three bytes for each of these.
    QVERIFY(!Value::parse(Type::list, QByteArray(qsizetype(limits::valueBytesMax), ',')));
}

void TestValue::json_isBounded()
{
    const auto nested = [](int depth) { return QByteArray(depth, '[') + QByteArray(depth, ']'); };
    QVERIFY(Value::parse(Type::json, nested(limits::depthMax)));
    QVERIFY(!Value::parse(Type::json, nested(limits::depthMax + 1)));
    QVERIFY(!Value::parse(Type::json, nested(10'000)));
}

void TestValue::list_givesItsParts()
{
    QCOMPARE(Value::parse(Type::list, R"(["a,b","","\"ä"])")->parts(),
             (std::vector<QByteArray>{"a,b", "", "\"ä"}));
    QVERIFY(Value::parse(Type::list, "")->parts().empty());
    QVERIFY(Value::parse(Type::json, R"(["a"])")->parts().empty());
}

void TestValue::typeNames_areTwoWay()
{
    for (int number = 1; number <= 9; ++number) {
        const QByteArray name = nameOf(Type(number));
        QVERIFY(!name.isEmpty());
        QVERIFY(typeNamed(name) && *typeNamed(name) == Type(number));
    }
    QVERIFY(nameOf(Type(10)).isEmpty());
    QVERIFY(!typeNamed("text"));
    QVERIFY(typeNamed("text").error().message.contains(u"duration"_s));
}

QTEST_GUILESS_MAIN(TestValue)
#include "tst_value.moc"
