// SPDX-License-Identifier: Apache-2.0
#include "config/document_json.h"
#include "config/render.h"
#include "unit/config/told_sections.h"

#include <QTest>

using namespace coffer;
using namespace coffer::config;

class TestFormats : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void render_writes_data();
    void render_writes();
    void parse_readsStylesOfOthers_data();
    void parse_readsStylesOfOthers();
    void parse_refuses_data();
    void parse_refuses();
    void parse_triesTheTypeThatIsKnown_data();
    void parse_triesTheTypeThatIsKnown();
    void parse_takesTypesOfJsonAndYaml_data();
    void parse_takesTypesOfJsonAndYaml();
    void parse_keepsCommentsThatJsonCannotHold();
    void render_refuses_data();
    void render_refuses();
    void json_isOfWholeCharacters();
};

static const Sections &sample()
{
    static const Sections sections{
        {"core",
         "the server",
         {keyOf("listen", "0.0.0.0:8080", "rpc bind"),
          {"workers", valueFrom(Type::integer, "8"), {}},
          {"ratio", valueFrom(Type::floating, "3"), {}},
          {"trace", valueFrom(Type::boolean, "no"), "two\n\nlines"},
          {"timeout", valueFrom(Type::duration, "2s"), {}}}},
        {"zk",
         {},
         {{"addr", valueFrom(Type::list, "10.0.0.1:2181,10.0.0.2:2181"), {}},
          {"extra", valueFrom(Type::json, R"({"b":[1,"x"],"a":"é"})"), {}}}}};
    return sections;
}

static void addSamplesOfNamesAndValues()
{
    QTest::newRow("ini") << Format::ini << QByteArray(R"(# the server
[core]
# rpc bind
listen = 0.0.0.0:8080
workers = 8
ratio = 3.0
# two
#
# lines
trace = false
timeout = 2s

[zk]
addr = ["10.0.0.1:2181","10.0.0.2:2181"]
extra = {"b":[1,"x"],"a":"é"}
)");
    QTest::newRow("properties") << Format::properties << QByteArray(R"(# the server

# rpc bind
core.listen=0.0.0.0:8080
core.workers=8
core.ratio=3.0
# two
#
# lines
core.trace=false
core.timeout=2s

zk.addr=["10.0.0.1:2181","10.0.0.2:2181"]
zk.extra={"b":[1,"x"],"a":"\u00e9"}
)");
    QTest::newRow("toml") << Format::toml << QByteArray(R"(# the server
[core]
# rpc bind
listen = "0.0.0.0:8080"
workers = 8
ratio = 3.0
# two
#
# lines
trace = false
timeout = "2s"

[zk]
addr = ["10.0.0.1:2181", "10.0.0.2:2181"]
extra = { b = [1, "x"], a = "é" }
)");
}

void TestFormats::render_writes_data()
{
    QTest::addColumn<Format>("format");
    QTest::addColumn<QByteArray>("text");
    QTest::newRow("goconf") << Format::goconf << QByteArray(R"(# the server
[core]
# rpc bind
listen 0.0.0.0:8080
workers 8
ratio 3.0
# two
#
# lines
trace false
timeout 2s

[zk]
addr ["10.0.0.1:2181","10.0.0.2:2181"]
extra {"b":[1,"x"],"a":"é"}
)");
    QTest::newRow("env") << Format::env << QByteArray(R"(# the server

# rpc bind
CORE_LISTEN="0.0.0.0:8080"
CORE_WORKERS="8"
CORE_RATIO="3.0"
# two
#
# lines
CORE_TRACE="false"
CORE_TIMEOUT="2s"

ZK_ADDR="[\"10.0.0.1:2181\",\"10.0.0.2:2181\"]"
ZK_EXTRA="{\"b\":[1,\"x\"],\"a\":\"é\"}"
)");
    QTest::newRow("json") << Format::json << QByteArray(R"({
  "core": {
    "listen": "0.0.0.0:8080",
    "workers": 8,
    "ratio": 3.0,
    "trace": false,
    "timeout": "2s"
  },
  "zk": {
    "addr": ["10.0.0.1:2181","10.0.0.2:2181"],
    "extra": {"b":[1,"x"],"a":"é"}
  }
}
)");
    QTest::newRow("yaml") << Format::yaml << QByteArray(R"(# the server
core:
  # rpc bind
  listen: 0.0.0.0:8080
  workers: 8
  ratio: 3.0
  # two
  #
  # lines
  trace: false
  timeout: 2s

zk:
  addr: ["10.0.0.1:2181", "10.0.0.2:2181"]
  extra: {"b": [1, "x"], "a": "é"}
)");
    addSamplesOfNamesAndValues();
}

void TestFormats::render_writes()
{
    QFETCH(Format, format);
    QFETCH(QByteArray, text);
    const Result<QByteArray> rendered = renderSections(format, sample());
    QVERIFY2(rendered, rendered ? "" : qPrintable(rendered.error().message));
    QCOMPARE(*rendered, text);
    const Result<Sections> back = parseSections(format, text, sample());
    QCOMPARE(toldOrFault(back), told(sample()));
}

void TestFormats::parse_readsStylesOfOthers_data()
{
    QTest::addColumn<Format>("format");
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QByteArrayList>("expected");
    const auto row = [](const char *name, Format format, const QByteArray &text,
                        const QByteArrayList &expected) {
        QTest::newRow(name) << format << text << expected;
    };
    row("goconf: blanks, CRLF, tabs", Format::goconf,
        "\xef\xbb\xbf\r\n  # a\r\n#b\r\n\r\n#   c\r\n\t[core]\r\n  key \t  a  b # c \r\n# lost",
        {"core # a\nb\n\n  c", "core/key string a  b # c"});
    row("goconf: empty", Format::goconf, "", {});
    row("goconf: only a comment", Format::goconf, "# nothing\n", {});
    row("goconf: a section without keys", Format::goconf, "[a]\n[b]\nk v",
        {"a # ", "b/k string v"});
    row("env: quotes", Format::env,
        "A_PLAIN=b/c\nA_SINGLE='x $HOME \\ \"'\nA_DOUBLE=\"x \\$HOME \\\\ \\\" \\n\"\nA_EMPTY=\n",
        {"a/plain string b/c", "a/single string x $HOME \\ \"", "a/double string x $HOME \\ \" \\n",
         "a/empty string "});
    row("env: export, blanks, comments behind, CRLF", Format::env,
        "export A_B=1 # one\r\nA_C = two words\r\n  A_D='3'# no comment",
        {"line 3: 'A_D': sh would put this value together: write it in single quotes"});
    row("env: comments", Format::env,
        "# file\n\n# b\nA_B=1 # one\n\n# apart\n\nA_C=2#3\nB_D=\"4\" # four\nA_E=5\n",
        {"a # file", "a/b string 1 # b\none", "a/c string 2#3 # apart", "a/e string 5",
         "b/d string 4 # four"});
    row("env: several lines", Format::env, "A_B='x\n# y\nz'\nA_C=\"a\\\nb\"\n",
        {"a/b string x\n# y\nz", "a/c string ab"});
    row("json: BOM, escapes", Format::json,
        "\xef\xbb\xbf{\"a\":{\"b\":\"\\u00e9\\ud83d\\ude00\\/\\n\"}}", {"a/b string é😀/\n"});
    row("json: sections without keys", Format::json, "{ \"a\" : { } }", {"a # "});
    row("yaml: empty", Format::yaml, "", {});
    row("yaml: only a comment", Format::yaml, "# nothing\n", {});
    row("yaml: comments", Format::yaml,
        "\xef\xbb\xbf# file\n\n# of a\na: # lost\n      # deeper: lost\n    # of b\n    b: 1 # "
        "one\n"
        "    c: |\n      text\n      # not a comment\n    d: 'x # y' # z\n# of e\ne: {f: g}\n",
        {"a # file\n\nof a", "a/b int 1 # of b\none", "a/c string text\n# not a comment\n",
         "a/d string x # y # z", "e # of e", "e/f string g"});
    row("yaml: styles", Format::yaml,
        "---\n'a':\n  \"b\": folded\n    on\n  c: >-\n    x\n    y\n  d: [p, 'q']\n  e: !!str 5\n",
        {"a/b string folded on", "a/c string x y", R"(a/d list ["p","q"])", "a/e string 5"});
}

void TestFormats::parse_readsStylesOfOthers()
{
    QFETCH(Format, format);
    QFETCH(QByteArray, text);
    QFETCH(QByteArrayList, expected);
    QCOMPARE(toldOrFault(parseSections(format, text)), expected);
}

void TestFormats::parse_refuses_data()
{
    QTest::addColumn<Format>("format");
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QString>("message");
    const auto row = [](const char *name, Format format, const QByteArray &text,
                        const char *message) {
        QTest::newRow(name) << format << text << QString::fromUtf8(message);
    };
    for (const Format format : formats) {
        row(nameOf(format) + ": no UTF-8", format, "[a]\nb \xff", "no UTF-8");
        row(nameOf(format) + ": half a character", format, "\xc3", "no UTF-8");
    }
    row("goconf: key before a section", Format::goconf, "a b", "line 1: key 'a' stands before");
    row("goconf: section without an end", Format::goconf, "\n[a", "line 2: '[a': expected [sec");
    row("goconf: section twice", Format::goconf, "[a]\n[b]\n[a]",
        "line 3: section 'a' is there tw");
    row("goconf: key twice", Format::goconf, "[a]\nb 1\nb 2", "line 3: key 'b' is there twice");
    row("goconf: no separator", Format::goconf, "[a]\nb\t1",
        "line 2: 'b\t1': expected a key, a bl");
    row("goconf: name of a section", Format::goconf, "[ a]", "line 1: section ' a': expected 1 to");
    row("goconf: name of a key", Format::goconf, "[a]\nb/c 1", "line 2: key 'b/c': expected 1 to");
    row("env: no assignment", Format::env, "A_B=1\nset -e", "line 2: expected NAME=value");
    row("env: no name", Format::env, "=1", "line 1: expected NAME=value");
    row("env: open quote", Format::env, "\nA_B=\"x\n", "line 2: the quote of 'A_B' has no end");
    row("env: no section", Format::env, "PATH=x", "line 1: 'PATH': expected SECTION_KEY");
    row("env: lower case", Format::env, "a_b=x", "line 1: 'a_b': expected SECTION_KEY");
    row("env: empty section", Format::env, "_B=x", "line 1: '_B': expected SECTION_KEY");
    row("env: empty key", Format::env, "A_=x", "line 1: 'A_': expected SECTION_KEY");
    row("env: key with _ first", Format::env, "A__B=x", "line 1: 'A__B': expected SECTION_KEY");
    row("env: digit first", Format::env, "1A_B=x", "line 1: '1A_B': expected SECTION_KEY");
    row("env: expansion", Format::env, "A_B=\"$HOME\"", "line 1: 'A_B': sh would put this");
    row("env: command", Format::env, "A_B=`id`", "line 1: 'A_B': sh would put this");
    row("env: twice", Format::env, "A_B=1\nA_B=2", "line 2: 'A_B': it is there twice");
    row("env: zero byte", Format::env, QByteArray("A_B=1\0", 6), "line 1: a zero byte");
    row("json: empty", Format::json, "", "at byte 0");
    row("json: open", Format::json, "{\"a\":", "at byte");
    row("json: list", Format::json, "[]", "expected {\"section\"");
    row("json: key without section", Format::json, "{\n\"a\": 1}", "line 2: section 'a': expected");
    row("json: section twice", Format::json, "{\"a\":{},\"a\":{}}", "twice");
    row("json: key twice", Format::json, "{\"a\":{\"b\":1,\"\\u0062\":1}}", "twice");
    row("json: comment", Format::json, "{} // no", "at byte");
    row("json: comma at the end", Format::json, "{\"a\":{\"b\":1,}}", "at byte");
    row("json: name", Format::json, "{\"a\":{\"\":1}}", "line 1: key '': expected 1 to");
    row("json: deep", Format::json, QByteArray(100'000, '['), "deep");
    row("yaml: tab", Format::yaml, "a:\n\tb: 1", "line 2");
    row("yaml: open", Format::yaml, "a: [", "line");
    row("yaml: list", Format::yaml, "- a", "expected sections");
    row("yaml: text", Format::yaml, "a", "expected sections");
    row("yaml: null", Format::yaml, "~", "expected sections");
    row("yaml: key without section", Format::yaml, "\na: 1", "line 2: section 'a': expected keys");
    row("yaml: section without keys", Format::yaml, "a:", "line 1: section 'a': expected keys");
    row("yaml: section twice", Format::yaml, "a: {}\na: {}", "line 2: 'a' is there twice");
    row("yaml: key twice", Format::yaml, "a: {b: 1, 'b': 2}", "line 1: 'b' is there twice");
    row("yaml: two documents", Format::yaml, "a: {}\n---\nb: {}", "more than one document");
    row("yaml: merge", Format::yaml, "a: &a {b: 1}\nc:\n  <<: *a", "line 3: merge keys (<<)");
    row("yaml: tag", Format::yaml, "a:\n  b: !secret x", "line 2: a/b: the tag '!secret'");
    row("yaml: name that is a list", Format::yaml, "? [a]\n: b", "line 1: the name of a member");
    row("yaml: name that is nothing", Format::yaml, "a: {~: 1}", "expected the name of a member");
    row("yaml: name that is an alias", Format::yaml, "a: {b: &x c}\n*x : {}", "line 2: an alias");
    row("yaml: alias without anchor", Format::yaml, "a: {b: *x}", "line 1");
    row("yaml: alias in itself", Format::yaml, "a: &x\n  b: [*x]", "line 2: an alias within");
    row("yaml: control character", Format::yaml, "a: {b: x}\n# \x04",
        "line 2: a control character");
    row("yaml: zero byte", Format::yaml, QByteArray("a: {}\0", 6), "line 1: a control character");
    row("yaml: name", Format::yaml, "a:\n  b c: 1", "line 2: key 'b c': expected 1 to");
}

void TestFormats::parse_refuses()
{
    QFETCH(Format, format);
    QFETCH(QByteArray, text);
    QFETCH(QString, message);
    const Result<Sections> sections = parseSections(format, text);
    QVERIFY(!sections);
    QCOMPARE(sections.error().code, ErrorCode::invalid);
    QVERIFY2(sections.error().message.contains(message), qPrintable(sections.error().message));
}

void TestFormats::parse_triesTheTypeThatIsKnown_data()
{
    QTest::addColumn<Format>("format");
    QTest::addColumn<Value>("known");
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QByteArray>("expected");
    const auto row = [](const char *name, Format format, const Value &known, const char *text,
                        const char *expected) {
        QTest::newRow(name) << format << known << QByteArray(text) << QByteArray(expected);
    };
    const Value level = valueFrom(Type::enumeration, "low", {"low", "high"});
    row("goconf: bool", Format::goconf, valueFrom(Type::boolean, "true"), "[a]\nb no",
        "a/b bool false");
    row("goconf: bool that is none", Format::goconf, valueFrom(Type::boolean, "true"),
        "[a]\n\nb maybe",
        "line 3: a/b: 'maybe': expected one of true yes 1 y enable, false no 0 n disable");
    row("goconf: list", Format::goconf, valueFrom(Type::list, ""), "[a]\nb x,y",
        R"(a/b list ["x","y"])");
    row("goconf: enum", Format::goconf, level, "[a]\nb high", "a/b enum high");
    row("env: size", Format::env, valueFrom(Type::size, "1kb"), "A_B=64MB", "a/b size 64mb");
    row("json: duration", Format::json, valueFrom(Type::duration, "1s"), R"({"a":{"b":"1500ms"}})",
        "a/b duration 1500ms");
    row("json: number as text", Format::json, valueFrom(Type::string, "x"), R"({"a":{"b":1.50}})",
        "a/b string 1.50");
    row("json: any", Format::json, valueFrom(Type::json, "1"), R"({"a":{"b":"x"}})",
        R"(a/b json "x")");
    row("json: list for a text", Format::json, valueFrom(Type::string, "x"), R"({"a":{"b":[1]}})",
        "line 1: a/b: [1]: expected a value of type string");
    row("json: null for an int", Format::json, valueFrom(Type::integer, "1"),
        "{\"a\":{\n\"b\":null}}", "line 2: a/b: null: expected a value of type int");
    row("json: list of numbers", Format::json, valueFrom(Type::list, "x"), R"({"a":{"b":[1,"c"]}})",
        "line 1: a/b: ");
    row("ini: bool that is none", Format::ini, valueFrom(Type::boolean, "true"), "[a]\nb = off",
        "line 2: a/b: 'off': expected one of");
    row("properties: size", Format::properties, valueFrom(Type::size, "1kb"), "a.b=64MB",
        "a/b size 64mb");
    row("properties: int that is none", Format::properties, valueFrom(Type::integer, "1"), "a.b=x",
        "line 1: 'a.b': 'x': expected a whole");
    row("toml: number as text", Format::toml, valueFrom(Type::string, "x"), "[a]\nb = 1.50",
        "a/b string 1.50");
    row("toml: list for a text", Format::toml, valueFrom(Type::string, "x"), "[a]\nb = [1]",
        "line 2: a/b: [1]: expected a value of type string");
    row("yaml: text in place of a bool", Format::yaml, valueFrom(Type::boolean, "true"),
        "a: {b: 'yes'}", "a/b bool true");
    row("yaml: enum", Format::yaml, level, "a:\n b: middle", "line 2: a/b: 'middle': expected");
}

void TestFormats::parse_triesTheTypeThatIsKnown()
{
    QFETCH(Format, format);
    QFETCH(Value, known);
    QFETCH(QByteArray, text);
    QFETCH(QByteArray, expected);
    const Sections like{{"a", {}, {{"b", known, {}}}}};
    const QByteArrayList told = toldOrFault(parseSections(format, text, like));
    QCOMPARE(told.size(), 1);
    QVERIFY2(told.front().startsWith(expected), told.front().constData());
}

void TestFormats::parse_takesTypesOfJsonAndYaml_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QByteArray>("inJson"); // "" if it is no JSON
    QTest::addColumn<QByteArray>("inYaml");
    const auto row = [](const char *text, const char *inJson, const char *inYaml) {
        QTest::newRow(text) << QByteArray(text) << QByteArray(inJson) << QByteArray(inYaml);
    };
    row("\"x\"", "string x", "string x");
    row("\"5\"", "string 5", "string 5");
    row("0", "int 0", "int 0");
    row("-12", "int -12", "int -12");
    row("9223372036854775807", "int 9223372036854775807", "int 9223372036854775807");
    row("9223372036854775808", "json 9223372036854775808", "json 9223372036854775808");
    row("1.5", "float 1.5", "float 1.5");
    row("2.0", "float 2.0", "float 2.0");
    row("1e3", "float 1000.0", "float 1000.0");
    row("1e999", "json 1e999", "json 1e999");
    row("true", "bool true", "bool true");
    row("null", "json null", "json null");
    row("[]", "list []", "list []");
    row("[\"a\"]", "list [\"a\"]", "list [\"a\"]");
    row("[\"a\",1]", "json [\"a\",1]", "json [\"a\",1]");
    row("{\"z\":{},\"a\":\"\"}", R"(json {"z":{},"a":""})", R"(json {"z":{},"a":""})");
    row("FALSE", "", "bool false");
    row("~", "", "json null");
    row("yes", "", "string yes");
    row("0644", "", "string 0644");
    row("0x1F", "", "string 0x1F");
    row("1_000", "", "string 1_000");
    row("12:30:45", "", "string 12:30:45");
    row("2001-12-14", "", "string 2001-12-14");
    row(".inf", "", "string .inf");
    row("+5", "", "string +5");
}

void TestFormats::parse_takesTypesOfJsonAndYaml()
{
    QFETCH(QByteArray, text);
    QFETCH(QByteArray, inJson);
    QFETCH(QByteArray, inYaml);
    const auto json = parseSections(Format::json, "{\"a\":{\"b\":" + text + "}}");
    QCOMPARE(json.has_value(), !inJson.isEmpty());
    if (json)
        QCOMPARE(told(*json), QByteArrayList{"a/b " + inJson});
    QCOMPARE(toldOrFault(parseSections(Format::yaml, "a:\n  b: " + text)),
             QByteArrayList{"a/b " + inYaml});
}

void TestFormats::parse_keepsCommentsThatJsonCannotHold()
{
    const auto read = parseSections(Format::json, R"({"core":{"new":1,"listen":"x"}})", sample());
    QCOMPARE(toldOrFault(read), (QByteArrayList{"core # the server", "core/new int 1",
                                                "core/listen string x # rpc bind"}));
}

void TestFormats::render_refuses_data()
{
    QTest::addColumn<Format>("format");
    QTest::addColumn<Section>("section");
    QTest::addColumn<QString>("message");
    const auto row = [](const char *name, Format format, const Section &section,
                        const char *message) {
        QTest::newRow(name) << format << section << QString::fromUtf8(message);
    };
    const auto with = [](const QByteArray &text) {
        return Section{"core", {}, {keyOf("good", "x"), keyOf("key", text)}};
    };
    row("goconf: blank first", Format::goconf, with(" x"),
        "core/key: goconf cannot hold a value t");
    row("goconf: blank last", Format::goconf, with("x\t"),
        "core/key: goconf cannot hold a value t");
    row("goconf: other blank", Format::goconf, with("x\xc2\xa0"), "core/key: goconf cannot hold a");
    row("goconf: empty", Format::goconf, with(""), "core/key: goconf cannot hold an empty value");
    row("goconf: lines", Format::goconf, with("x\ny"),
        "core/key: goconf cannot hold a value of se");
    row("env: zero byte", Format::env, with(QByteArray("a\0", 2)),
        "core/key: env cannot hold a va");
    row("env: section with _", Format::env, {"a_b", {}, {keyOf("c", "x")}},
        "a_b/c: env cannot hold keys of section 'a_b'");
    row("env: section that begins with a digit", Format::env, {"1a", {}, {keyOf("c", "x")}},
        "1a/c: env cannot hold keys of section '1a'");
    row("env: key with a dash", Format::env, {"a", {}, {keyOf("b-c", "x")}},
        "a/b-c: env cannot hold this name");
    row("env: key with capitals", Format::env, {"a", {}, {keyOf("B", "x")}},
        "a/B: env cannot hold this name");
    row("env: no keys", Format::env, {"a", {}, {}}, "a: env cannot hold a section without keys");
    row("json: twice", Format::json, {"a", {}, {keyOf("b", "x"), keyOf("b", "y")}}, "twice");
    row("yaml: twice", Format::yaml, {"a", {}, {keyOf("b", "x"), keyOf("b", "y")}}, "twice");
    row("yaml: deep", Format::yaml,
        {"a", {}, {{"b", valueFrom(Type::json, QByteArray(63, '[') + QByteArray(63, ']')), {}}}},
        "a/b: yaml cannot hold this value");
    for (const Format format : formats) {
        const QByteArray name = nameOf(format);
        row(name + ": name of a section", format, {"a/b", {}, {keyOf("c", "x")}},
            "a/b: section 'a/b': expected 1 to");
        row(name + ": name of a key", format, {"a", {}, {keyOf("b c", "x")}},
            "a/b c: key 'b c': expected 1 to");
        row(name + ": value that is not canonical", format,
            {"a", {}, {{"b", {Type::integer, "007"}, {}}}}, "a/b: ");
        if (format == Format::json)
            continue;
        row(name + ": comment with a blank", format, {"a", "x ", {keyOf("b", "x")}},
            "a: a line of its comment ends with white space");
        row(name + ": comment with CR", format, {"a", {}, {keyOf("b", "x", "c\rd")}},
            "a/b: its comment has a control character");
    }
}

void TestFormats::render_refuses()
{
    QFETCH(Format, format);
    QFETCH(Section, section);
    QFETCH(QString, message);
    const Result<QByteArray> text =
        renderSections(format, {{"fine", {}, {keyOf("k", "v")}}, section});
    QVERIFY(!text);
    QCOMPARE(text.error().code, ErrorCode::invalid);
    QVERIFY2(text.error().message.contains(message), qPrintable(text.error().message));
}

/// A byte order mark that begins a line is no blank, but readers of UTF-8 pass over it.
void TestFormats::json_isOfWholeCharacters()
{
    const QByteArray text = "[a]\n\xEF\xBB\xBF b = 2\n";
    const Result<QByteArray> json = jsonOfText(Format::ini, text);
    QVERIFY(json);
    QCOMPARE(*json, QByteArray("{\"a\":{\"\xEF\xBB\xBF b\":\"2\"}}"));
}

QTEST_GUILESS_MAIN(TestFormats)
#include "tst_formats.moc"
