// SPDX-License-Identifier: Apache-2.0
#include "rpc/schema.h"

#include <QCborArray>
#include <QCborMap>
#include <QElapsedTimer>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTest>

using namespace coffer;
using namespace coffer::rpc;
using namespace Qt::StringLiterals;

namespace {

Schema schema(const QByteArray &json)
{
    Result<Schema> parsed = Schema::parse(json);
    if (!parsed)
        qFatal("%s: %s", json.constData(), qUtf8Printable(parsed.error().message));
    return *parsed;
}

/// "" if \a json fits, else why not. The value is member "v", so that it may be anything.
QString verdict(const QByteArray &of, const QByteArray &json)
{
    const Schema described = schema(R"({"type":"object","properties":{"v":)" + of
                                    + R"(},"definitions":{"tree":{"type":"object","properties":{
                                        "next":{"$ref":"#/definitions/tree"},
                                        "n":{"type":"integer"}},"additionalProperties":false}}})");
    const QJsonDocument document = QJsonDocument::fromJson(R"({"v":)" + json + '}');
    const Answer<QCborValue> value = described.fromJson(document.object());
    if (!value)
        return value.error().message;
    return described.refute(*value).value_or(QString());
}

} // namespace

class TestSchema : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void value_fits_data();
    void value_fits();
    void fault_namesThePlace_data();
    void fault_namesThePlace();
    void schema_isRefused_data();
    void schema_isRefused();
    void bytes_areNeitherTextNorAnything();
    void member_twiceIsRefused();
    void recursion_costsBoundedTime();
    void faults_areAllNamed_data();
    void faults_areAllNamed();
    void faults_areAtMostSoMany();
    void hostile_isRefused_data();
    void hostile_isRefused();
    void hostile_costsBoundedTime_data();
    void hostile_costsBoundedTime();
};

void TestSchema::value_fits_data()
{
    QTest::addColumn<QByteArray>("of");
    QTest::addColumn<QByteArray>("good");
    QTest::addColumn<QByteArray>("bad");
    const auto row = [](const char *name, const char *of, const char *good, const char *bad) {
        QTest::newRow(name) << QByteArray(of) << QByteArray(good) << QByteArray(bad);
    };
    row("null", R"({"type":"null"})", "null", "0");
    row("boolean", R"({"type":"boolean"})", "false", "\"false\"");
    row("integer", R"({"type":"integer"})", "3", "3.5");
    row("integer as 3.0", R"({"type":"integer"})", "3.0", "\"3\"");
    row("integer past 2^63", R"({"type":"integer"})", "9223372036854775807", "9223372036854775808");
    row("number", R"({"type":"number"})", "3.5", "\"3\"");
    row("number that is whole", R"({"type":"number"})", "3", "true");
    row("string", R"({"type":"string"})", "\"\"", "1");
    row("array", R"({"type":"array"})", "[]", "{}");
    row("object", R"({"type":"object"})", "{}", "[]");
    row("two types", R"({"type":["string","null"]})", "null", "1");
    row("true", "true", "[1]", "[{\"v\":1}");
    row("false", R"({"not":false})", "1", "[");
    row("enum", R"({"enum":["a",1,null]})", "1", "\"1\"");
    row("enum of objects", R"({"enum":[{"a":1}]})", R"({"a":1})", R"({"a":2})");
    row("const", R"({"const":9007199254740993})", "9007199254740993", "9007199254740992");
    row("minimum", R"({"minimum":9007199254740993})", "9007199254740993", "9007199254740992");
    row("minimum of a fraction", R"({"minimum":0.5})", "1", "0");
    row("maximum", R"({"maximum":5})", "5", "5.1");
    row("exclusiveMinimum", R"({"exclusiveMinimum":5})", "6", "5");
    row("exclusiveMaximum", R"({"exclusiveMaximum":5})", "4", "5");
    row("multipleOf", R"({"multipleOf":4})", "-8", "6");
    row("multipleOf, fraction", R"({"multipleOf":4})", "8", "8.5");
    row("minLength counts characters", R"({"minLength":2})", "\"\xf0\x9f\x98\x80\xc3\xa9\"",
        "\"\xf0\x9f\x98\x80\"");
    row("maxLength counts characters", R"({"maxLength":1})", "\"\xf0\x9f\x98\x80\"", "\"ab\"");
    row("pattern is not anchored", R"({"pattern":"b+"})", "\"abc\"", "\"ac\"");
    row("pattern", R"({"pattern":"^[a-z]+$"})", "\"abc\"", "\"aBc\"");
    row("items", R"({"items":{"type":"integer"}})", "[1,2]", "[1,\"2\"]");
    row("minItems", R"({"minItems":1})", "[1]", "[]");
    row("maxItems", R"({"maxItems":1})", "[1]", "[1,2]");
    row("uniqueItems", R"({"uniqueItems":true})", "[1,\"1\",[1]]", "[1,2,1]");
    row("required", R"({"required":["a"]})", R"({"a":null})", R"({"b":1})");
    row("properties", R"({"properties":{"a":{"type":"null"}}})", R"({"a":null,"b":1})",
        R"({"a":1})");
    row("additionalProperties", R"({"properties":{"a":{}},"additionalProperties":false})",
        R"({"a":1})", R"({"a":1,"b":2})");
    row("additionalProperties as schema", R"({"additionalProperties":{"type":"integer"}})",
        R"({"b":1})", R"({"b":"1"})");
    row("propertyNames", R"({"propertyNames":{"maxLength":1}})", R"({"b":1})", R"({"bb":1})");
    row("patternProperties", R"({"patternProperties":{"^p-":{"type":"integer"}}})",
        R"({"p-a":1,"b":"1"})", R"({"p-a":"1"})");
    row("patternProperties and no others",
        R"({"patternProperties":{"^p-":{}},"additionalProperties":false})", R"({"p-a":1})",
        R"({"q":1})");
    row("minProperties", R"({"minProperties":1})", R"({"b":1})", "{}");
    row("maxProperties", R"({"maxProperties":1})", R"({"b":1})", R"({"b":1,"c":1})");
    row("allOf", R"({"allOf":[{"minimum":1},{"maximum":3}]})", "2", "4");
    row("anyOf", R"({"anyOf":[{"type":"null"},{"minimum":3,"type":"integer"}]})", "4", "2");
    row("oneOf, none", R"({"oneOf":[{"minimum":3},{"maximum":1}]})", "4", "2");
    row("oneOf, two", R"({"oneOf":[{"minimum":1},{"maximum":3}]})", "4", "2");
    row("not", R"({"not":{"type":"null"}})", "1", "null");
    row("ref", R"({"$ref":"#/definitions/tree"})", R"({"next":{"next":{"n":1}}})",
        R"({"next":{"next":{"n":"1"}}})");
    row("ref to the top", R"({"$ref":"#"})", R"({"v":{"v":{}}})", "1");
    row("keywords of other types do nothing", R"({"minimum":1,"pattern":"a"})", "[]", "0");
    row("bytes as text", R"({"type":"string","contentEncoding":"base64"})", "\"\xc3\xa9\"", "1");
    row("bytes are counted", R"({"type":"string","contentEncoding":"base64","maxLength":2})",
        "\"\xc3\xa9\"", "\"\xc3\xa9o\"");
}

void TestSchema::value_fits()
{
    QFETCH(QByteArray, of);
    QFETCH(QByteArray, good);
    QFETCH(QByteArray, bad);
    QCOMPARE(verdict(of, good), QString());
    const QJsonDocument parsed = QJsonDocument::fromJson("{\"v\":" + bad + '}');
    if (parsed.isObject()) // two rows have nothing that does not fit
        QVERIFY(!verdict(of, bad).isEmpty());
}

void TestSchema::fault_namesThePlace_data()
{
    QTest::addColumn<QByteArray>("of");
    QTest::addColumn<QByteArray>("json");
    QTest::addColumn<QString>("why");
    const auto row = [](const char *name, const char *of, const char *json, const char *why) {
        QTest::newRow(name) << QByteArray(of) << QByteArray(json) << QString::fromUtf8(why);
    };
    row("type", R"({"type":"integer"})", "\"a\"", "v: expected an integer, found a text");
    row("deep", R"({"items":{"properties":{"a":{"minimum":3}}}})", R"([{"a":4},{"a":2}])",
        "v[1].a: expected at least 3, found 2");
    row("unknown", R"({"properties":{"a":{},"b":{}},"additionalProperties":false})", R"({"c":1})",
        "v.c: not known; known are a, b");
    row("missing", R"({"required":["a"]})", "{}", "v: expected the member a");
    row("base64", R"({"additionalProperties":{"properties":{
        "x":{"type":"string","contentEncoding":"base64"}}}})",
        R"({"a":{"xBase64":"="}})", "xBase64: expected base64 (RFC 4648, with + and /)");
    row("long text for a pattern", R"({"pattern":"a"})",
        ('"' + QByteArray(5000, 'a') + '"').constData(), "v: expected at most 4096 characters");
}

void TestSchema::fault_namesThePlace()
{
    QFETCH(QByteArray, of);
    QFETCH(QByteArray, json);
    QFETCH(QString, why);
    QCOMPARE(verdict(of, json), why);
}

void TestSchema::schema_isRefused_data()
{
    QTest::addColumn<QByteArray>("json");
    QTest::addColumn<QString>("place");
    const auto row = [](const char *name, const QByteArray &json, const char *place) {
        QTest::newRow(name) << json << QString::fromUtf8(place);
    };
    row("not JSON", "{", "");
    row("not an object", "[]", "");
    row("unknown keyword", R"({"properties":{"a":{"format":"email"}}})", "/properties/a/format: ");
    row("misspelt keyword", R"({"requierd":[]})", "/requierd: ");
    row("remote ref", R"({"properties":{"a":{"$ref":"http://a/b"}}})", "/properties/a/$ref: ");
    row("ref to nowhere", R"({"items":{"$ref":"#/definitions/a"}})", "/items/$ref: ");
    row("ref beside others", R"({"items":{"$ref":"#","minimum":1}})", "/items/$ref: ");
    row("ref to itself", R"({"definitions":{"a":{"$ref":"#/definitions/a"}},
                             "items":{"$ref":"#/definitions/a"}})",
        "/: ");
    row("ref to itself by allOf", R"({"allOf":[{"$ref":"#"}]})", "/: ");
    row("definitions inside", R"({"items":{"definitions":{}}})", "/items/definitions: ");
    row("fault in a definition", R"({"definitions":{"a":{"x":1}}})", "/definitions/a/x: ");
    row("other type", R"({"type":"int"})", "/type: ");
    row("pattern of a name is none", R"({"patternProperties":{"(":{}}})", "/patternProperties/(");
    row("long pattern", R"({"pattern":")" + QByteArray(1100, 'a') + R"("})", "/pattern: ");
    row("pattern with a verb", R"({"pattern":"(*LIMIT_MATCH=9999999)a"})", "/pattern: ");
    row("description is no text", R"({"description":1})", "/description: ");
    row("no type", R"({"type":[]})", "/type: ");
    row("minimum is a text", R"({"minimum":"1"})", "/minimum: ");
    row("negative length", R"({"minLength":-1})", "/minLength: ");
    row("pattern is none", R"({"pattern":"("})", "/pattern: ");
    row("items is a list", R"({"items":[{}]})", "/items: ");
    row("enum is empty", R"({"enum":[]})", "/enum: ");
    row("multiple of 0", R"({"multipleOf":0})", "/multipleOf: ");
    row("bytes that are no string", R"({"contentEncoding":"base64"})", "/contentEncoding: ");
    row("bytes with a pattern", R"({"type":"string","pattern":"a","contentEncoding":"base64"})",
        "/contentEncoding: ");
    row("other encoding", R"({"type":"string","contentEncoding":"hex"})", "/contentEncoding: ");
    row("large", '"' + QByteArray(70'000, 'a') + '"', "");
}

void TestSchema::schema_isRefused()
{
    QFETCH(QByteArray, json);
    QFETCH(QString, place);
    const Result<Schema> parsed = Schema::parse(json);
    QVERIFY(!parsed);
    QVERIFY2(parsed.error().message.startsWith(place), qPrintable(parsed.error().message));
}

void TestSchema::bytes_areNeitherTextNorAnything()
{
    const Schema bytes = schema(R"({"type":"string","contentEncoding":"base64"})");
    QCOMPARE(bytes.refute(QByteArray("a")), std::nullopt);
    QVERIFY(bytes.refute(QCborValue(u"a"_s)));
    const Schema text = schema(R"({"type":"string"})");
    QVERIFY(text.refute(QByteArray("a")));
    QVERIFY(schema("{}").refute(QCborValue())); // undefined
    QVERIFY(schema("{}").refute(QCborMap{{1, 2}}));
    QVERIFY(schema("{}").refute(QCborMap{{u"a"_s, QCborValue(QCborSimpleType(200))}}));
}

void TestSchema::member_twiceIsRefused()
{
    const QByteArray twice = QByteArray::fromHex("a2"
                                                 "616101"
                                                 "616102");
    const QCborValue value = QCborValue::fromCbor(twice);
    QCOMPARE(value.toMap().size(), 2);
    QVERIFY(schema(R"({"properties":{"a":{}}})").refute(value));
}

void TestSchema::recursion_costsBoundedTime()
{
    const Schema both = schema(R"({"definitions":{"t":{"anyOf":[
        {"items":{"$ref":"#/definitions/t"},"maxItems":0},
        {"items":{"$ref":"#/definitions/t"},"not":{}}]}},
        "items":{"$ref":"#/definitions/t"}})");
    QCborValue deep = 1;
    for (int i = 0; i < 60; ++i)
        deep = QCborArray{deep};
    QVERIFY(both.refute(deep)); // in a million steps, not in 2^60
}

// ---- documents

/// "server.port: expected at most 65535, found 70000 (the port); ..."
static QString told(const std::vector<Schema::Fault> &faults)
{
    QStringList texts;
    for (const Schema::Fault &fault : faults) {
        texts += fault.place.join(u'.') + ": "_L1 + fault.message
                 + (fault.about.isEmpty() ? QString() : u" (%1)"_s.arg(fault.about));
    }
    return texts.join(u"; "_s);
}

static Schema documents(const QByteArray &json)
{
    Result<Schema> parsed = Schema::parse(json, Schema::Of::documents);
    if (!parsed)
        qFatal("%s: %s", json.left(200).constData(), qUtf8Printable(parsed.error().message));
    return *parsed;
}

static QCborValue value(const QByteArray &json)
{
    return QCborValue::fromJsonValue(QJsonDocument::fromJson('[' + json + ']').array().first());
}

void TestSchema::faults_areAllNamed_data()
{
    QTest::addColumn<QByteArray>("of");
    QTest::addColumn<QByteArray>("json");
    QTest::addColumn<QString>("told");
    const auto row = [](const char *name, const char *of, const char *json, const char *told) {
        QTest::newRow(name) << QByteArray(of) << QByteArray(json) << QString::fromUtf8(told);
    };
    row("none", R"({"type":"object"})", "{}", "");
    row("members and members of members",
        R"({"properties":{"a":{"properties":{"b":{"maximum":5}}},"c":{"minLength":3}}})",
        R"({"a":{"b":7},"c":"xy"})",
        "a.b: expected at most 5, found 7; c: expected at least 3 characters, found 2");
    row("items", R"({"items":{"type":"integer"},"maxItems":2})", R"(["x",2,3.5])",
        ": expected at most 2 items, found 3; 0: expected an integer, found a text; "
        "2: expected an integer, found a number");
    row("what is missing, and what is too much",
        R"({"properties":{"port":{"description":"where it listens"},"host":{}},
            "required":["port","host"],"additionalProperties":false})",
        R"({"prot":1})",
        "prot: not known; known are host, port; host: expected, but it is missing; "
        "port: expected, but it is missing (where it listens)");
    row("a description rather than a title", R"({"title":"t","description":"d","type":"null"})",
        "1", ": expected null, found an integer (d)");
    row("by way of a definition",
        R"({"definitions":{"port":{"title":"a port","maximum":9}},
            "additionalProperties":{"$ref":"#/definitions/port"}})",
        R"({"a":10,"b":9,"c":11})",
        "a: expected at most 9, found 10 (a port); c: expected at most 9, found 11 (a port)");
    row("all of allOf", R"({"allOf":[{"minimum":3},{"multipleOf":2}]})", "1",
        ": expected at least 3, found 1; : expected a multiple of 2, found 1");
    row("forms", R"({"anyOf":[{"type":"null"},{"properties":{"a":{"type":"null"}}}]})",
        R"({"a":1})",
        ": fits none of the 2 forms: expected null, found an object; or "
        "a: expected null, found an integer");
    row("an only form", R"({"anyOf":[{"type":"null"}]})", "1", ": expected null, found an integer");
    row("words", R"({"enum":["debug","info"]})", R"("trace")",
        R"(: expected one of "debug", "info", found "trace")");
    row("a word", R"({"const":"on"})", "true", R"(: expected "on", found true)");
    row("whole numbers that are written with a point", R"({"enum":[1,2]})", "2.0", "");
}

void TestSchema::faults_areAllNamed()
{
    QFETCH(QByteArray, of);
    QFETCH(QByteArray, json);
    QFETCH(QString, told);
    QCOMPARE(::told(documents(of).faults(value(json), 100)), told);
}

void TestSchema::faults_areAtMostSoMany()
{
    const Schema none = documents(R"({"items":{"not":{}}})");
    QCOMPARE(none.faults(value("[1,2,3,4]"), 3).size(), std::size_t(3));
}

/// What is not obeyed, or could cost too much, is refused when it is set.
void TestSchema::hostile_isRefused_data()
{
    QTest::addColumn<QByteArray>("json");
    QTest::addColumn<QString>("what");
    QByteArray deep = "{}";
    for (int i = 0; i < 200; ++i)
        deep = R"({"not":)" + deep + '}';
    QTest::newRow("deep") << deep << u"within each other"_s;
    QByteArray chain = R"({"definitions":{)";
    for (int i = 1000; i < 1200; ++i)
        chain += R"("d)" + QByteArray::number(i) + R"(":{"$ref":"#/definitions/d)"
                 + QByteArray::number(i + 1) + R"("},)";
    QTest::newRow("a chain of definitions") << chain + R"("d1200":{}}})" << u"within each other"_s;
    QTest::newRow("many subschemas")
        << R"({"allOf":[)" + QByteArray("{},").repeated(11'000) + "{}]}" << u"10000 subschemas"_s;
    QTest::newRow("byte strings") << QByteArray(R"({"type":"string","contentEncoding":"base64"})")
                                  << u"byte strings"_s;
    QTest::newRow("a list of what is known")
        << QByteArray(R"({"format":"email"})") << u"additionalProperties allOf anyOf"_s;
}

void TestSchema::hostile_isRefused()
{
    QFETCH(QByteArray, json);
    QFETCH(QString, what);
    const Result<Schema> parsed = Schema::parse(json, Schema::Of::documents);
    QVERIFY(!parsed);
    QVERIFY2(parsed.error().message.contains(what), qPrintable(parsed.error().message));
}

void TestSchema::hostile_costsBoundedTime_data()
{
    QTest::addColumn<QByteArray>("of");
    QTest::addColumn<QByteArray>("json");
    QTest::addColumn<QString>("what");
    const QByteArray text = '"' + QByteArray(4'000, 'a') + R"(!")";
    QTest::newRow("a pattern that tries every way")
        << QByteArray(R"({"pattern":"^(a+)+$"})") << text << u"takes too long"_s;
    QTest::newRow("the same of a name") << QByteArray(R"({"patternProperties":{"^(a|aa)+$":{}}})")
                                        << '{' + text + ":1}" << u"pattern"_s;
    QByteArray chain = R"({"definitions":{"e1000":{"minimum":0})"; // each is known when it is named
    for (int i = 1001; i < 2400; ++i)
        chain += R"(,"e)" + QByteArray::number(i) + R"(":{"$ref":"#/definitions/e)"
                 + QByteArray::number(i - 1) + R"("})";
    QTest::newRow("a long way to a definition")
        << chain + R"(},"properties":{"a":{"$ref":"#/definitions/e2399"}}})"
        << QByteArray(R"({"a":1})") << u"too much"_s;
    QByteArray doubling = R"({"definitions":{"t0":{"minimum":0})";
    for (int i = 1; i < 60; ++i) {
        const QByteArray one = R"({"$ref":"#/definitions/t)" + QByteArray::number(i - 1) + R"("})";
        doubling += R"(,"t)" + QByteArray::number(i) + R"(":{"allOf":[)" + one + ',' + one + "]}";
    }
    QTest::newRow("2^60 ways") << doubling + R"(},"allOf":[{"$ref":"#/definitions/t59"}]})"
                               << QByteArray("1") << u"too much"_s;
    QByteArray numbers = "[";
    for (int i = 20'000; i > 0; --i)
        numbers += QByteArray::number(i) + ',';
    QTest::newRow("the same list again and again")
        << R"({"allOf":[)" + QByteArray(R"({"uniqueItems":true},)").repeated(2'500) + "{}]}"
        << numbers + "0]" << u"too much"_s;
}

void TestSchema::hostile_costsBoundedTime()
{
    QFETCH(QByteArray, of);
    QFETCH(QByteArray, json);
    QFETCH(QString, what);
    QVERIFY2(told(documents(of).faults(value(json), 2)).contains(what),
             qPrintable(told(documents(of).faults(value(json), 2))));
}

QTEST_GUILESS_MAIN(TestSchema)
#include "tst_schema.moc"
