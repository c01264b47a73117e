// SPDX-License-Identifier: Apache-2.0
#include "config/limits.h"
#include "config/splice.h"

#include <QTest>

using namespace coffer;
using namespace coffer::config;

class TestSplice : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void value_isReplaced_data();
    void value_isReplaced();
    void value_isRefused_data();
    void value_isRefused();
    void value_isNotFound_data();
    void value_isNotFound();
    void sameValue_changesNothing_data();
    void sameValue_changesNothing();
    void limits_areKept();
};

static void row(const char *name, const char *path, const QByteArray &text, const char *pointer,
                const QByteArray &value, const QByteArray &expected)
{
    QTest::newRow(name) << QByteArray(path) << text << QByteArray(pointer) << value << expected;
}

static void addStylesOfYaml()
{
    const auto yaml = [](const char *before, const QByteArray &value, const char *after) {
        const QByteArray name = "yaml: " + QByteArray(before) + " := " + value;
        row(name, "a.yaml", "k: " + QByteArray(before) + "  # c\n", "/k", value,
            "k: " + QByteArray(after) + "  # c\n");
    };
    yaml("1", "2", "2");
    yaml("1", "-2.5", "-2.5");
    yaml("1", "two", "two");
    yaml("1", "true", "\"true\"");
    yaml("1", "", "\"\"");
    yaml("0x1F", "0x2F", "0x2F");
    yaml("true", "false", "false");
    yaml("yes", "no", "no");
    yaml("true", "1", "\"1\"");
    yaml("text", "1", "\"1\"");
    yaml("text", "yes", "\"yes\"");
    yaml("text", "null", "\"null\"");
    yaml("text", "2001-12-14", "\"2001-12-14\"");
    yaml("text", "more text", "more text");
    yaml("text", "a: b", "\"a: b\"");
    yaml("text", "a #b", "\"a #b\"");
    yaml("text", "a\nb", "\"a\\nb\"");
    yaml("text", "- x", "\"- x\"");
    yaml("text", "ünï ☃", "ünï ☃");
    yaml("text", "x\xc2\x85y", "\"x\\x85y\"");
    yaml("null", "5", "5");
    yaml("~", "x", "x");
    yaml("\"q\"", "1", "\"1\"");
    yaml("\"q\\\" \\\\\"", "a\"b\\", "\"a\\\"b\\\\\"");
    yaml("'q'", "it's", "'it''s'");
    yaml("'it''s'", "a\"b", "'a\"b'");
    yaml("'q'", "a\tb", "\"a\\tb\"");
    yaml("'q'", "", "''");
}

static void addPlacesInYaml()
{
    row("yaml: two lines in quotes", "a.yml", "k: \"a\n  b\"\nl: 1\n", "/k", "c",
        "k: \"c\"\nl: 1\n");
    row("yaml: CRLF", "a.yml", "a: 1\r\nb: 2\r\nc: 3\r\n", "/b", "x y",
        "a: 1\r\nb: x y\r\nc: 3\r\n");
    row("yaml: BOM", "a.yml", "\xef\xbb\xbf# ü\na: ü\n", "/a", "ö", "\xef\xbb\xbf# ü\na: ö\n");
    row("yaml: no line at the end", "a.yml", "a: {b: [x, y]}", "/a/b/1", "z", "a: {b: [x, z]}");
    row("yaml: comma in a list", "a.yml", "a: [x, y]\n", "/a/0", "1,2", "a: [\"1,2\", y]\n");
    row("yaml: names in quotes", "a.yml", "'a/b': {\"c~d\": 1, ? e : 2}\n", "/a~1b/c~0d", "3",
        "'a/b': {\"c~d\": 3, ? e : 2}\n");
    row("yaml: numbers as names", "a.yml", "404: x\n", "/404", "z", "404: z\n");
    row("yaml: list of maps", "a.yml", "- a: 1\n  b: 2\n-   a: 3\n", "/1/a", "4",
        "- a: 1\n  b: 2\n-   a: 4\n");
    row("yaml: beside anchors and blocks", "a.yml",
        "x: &x {a: 1}\ny:\n  <<: *x\n  b: 2\nz: |\n  b: 2\n", "/y/b", "3",
        "x: &x {a: 1}\ny:\n  <<: *x\n  b: 3\nz: |\n  b: 2\n");
}

static void addOthers()
{
    row("json: number", "a.json", "{\n\t\"a\" : 1 ,\n\t\"b\":[1,2]}", "/a", "2e3",
        "{\n\t\"a\" : 2e3 ,\n\t\"b\":[1,2]}");
    row("json: number to text", "a.json", R"({"a":1})", "/a", "x", R"({"a":"x"})");
    row("json: no number", "a.json", R"({"a":1})", "/a", "01", R"({"a":"01"})");
    row("json: bool", "a.json", R"({"a":true})", "/a", "false", R"({"a":false})");
    row("json: bool to text", "a.json", R"({"a":true})", "/a", "1", R"({"a":"1"})");
    row("json: text stays text", "a.json", R"({"a":"b"})", "/a", "true", R"({"a":"true"})");
    row("json: null to number", "a.json", R"({"a":null})", "/a", "5", R"({"a":5})");
    row("json: escapes", "a.json", R"(["\"\u00e9"])", "/0", "a\"\n\x01", R"(["a\"\n\u0001"])");
    row("json: empty name", "a.json", R"({"":{"":1}})", "//", "2", R"({"":{"":2}})");
    row("json: BOM, CRLF", "a.json", "\xef\xbb\xbf{\r\n\"a\": 1\r\n}\r\n", "/a", "2",
        "\xef\xbb\xbf{\r\n\"a\": 2\r\n}\r\n");
    const auto env = [](const char *before, const QByteArray &value, const char *after) {
        const QByteArray name = "env: " + QByteArray(before) + " := " + value;
        row(name, "x/.env", "A=1\nexport K=" + QByteArray(before) + "\t# c\r\nB=$A\n", "/K", value,
            "A=1\nexport K=" + QByteArray(after) + "\t# c\r\nB=$A\n");
    };
    env("x", "y", "y");
    env("x", "", "");
    env("", "x", "x");
    env("x", "two words", "\"two words\"");
    env("x", "$HOME", "'$HOME'");
    env("x", "it's $5", "\"it's \\$5\"");
    env("'x'", "$HOME \\ \"", "'$HOME \\ \"'");
    env("'x'", "it's", "\"it's\"");
    env("\"x\"", "a\"b$c`d\\e", "\"a\\\"b\\$c\\`d\\\\e\"");
    env("\"x\"", "a\nb", "\"a\nb\"");
    row("env: BOM", "a.env",
        "\xef\xbb\xbf"
        "A=1",
        "/A", "2",
        "\xef\xbb\xbf"
        "A=2");
    row("goconf: tabs, CRLF, comment", "shop", "# c\r\n[a]\r\n\tb \t x y \t\r\nc 1", "/a/b",
        "z # z", "# c\r\n[a]\r\n\tb \t z # z \t\r\nc 1");
    row("goconf: second section", "shop.conf", "[a]\nb 1\n[c]\nb 2\n", "/c/b", "3",
        "[a]\nb 1\n[c]\nb 3\n");
    row("goconf: odd names", "shop.conf", "[a/b c]\n~k v\n", "/a~1b c/~0k", "w", "[a/b c]\n~k w\n");
}

static void addIni()
{
    const auto ini = [](const char *before, const QByteArray &value, const char *after) {
        const QByteArray name = "ini: " + QByteArray(before) + " := " + value;
        row(name, "a.ini", "[s]\r\nk =" + QByteArray(before) + " \r\n; c\r\nl=1", "/s/k", value,
            "[s]\r\nk =" + QByteArray(after) + " \r\n; c\r\nl=1");
    };
    ini(" x", "y z;a#b", " y z;a#b");
    ini(" x", "", " ");
    ini(" ", "y", " y");
    ini(" \"x\" ; d", "y; z", " \"y; z\" ; d");
    ini(" 'x'", "it \"is\"", " 'it \"is\"'");
    ini("\t\"\"", " y ", "\t\" y \"");
    const QByteArray unit = "[Unit]\nAfter=a\n[Service]\nEnvironment=A=1\n# b\nEnvironment=B=2\n"
                            "ExecStart=\nExecStart=/bin/x\n[Unit]\nAfter=b\n";
    row("ini: second of two", "x.service", unit, "/Service/Environment/1", "B=3",
        QByteArray(unit).replace("B=2", "B=3"));
    row("ini: first of two, empty", "x.service", unit, "/Service/ExecStart/0", "/bin/y",
        QByteArray(unit).replace("ExecStart=\n", "ExecStart=/bin/y\n"));
    row("ini: section that is there twice", "x.service", unit, "/Unit/After/1", "c",
        QByteArray(unit).replace("After=b", "After=c"));
    row("ini: first of one", "a.ini", "[s]\nk=1\n", "/s/k/0", "2", "[s]\nk=2\n");
    row("ini: before sections", "a.ini", "k=1\n[s]\nk=2\n", "/k", "3", "k=3\n[s]\nk=2\n");
    row("ini: twice before sections", "a.ini", "k=1\nk=2\n", "/k/1", "3", "k=1\nk=3\n");
    row("ini: names with signs", "a.ini", "[remote \"a/b\"]\nName[de] : x\n",
        "/remote \"a~1b\"/Name[de]", "y", "[remote \"a/b\"]\nName[de] : y\n");
    row("ini: name alone", "a.ini", "[s]\nbare\nk=1\n", "/s/k", "2", "[s]\nbare\nk=2\n");
}

static void addProperties()
{
    const auto properties = [](const char *before, const QByteArray &value, const char *after) {
        const QByteArray name = "properties: " + QByteArray(before) + " := " + value;
        row(name, "a.properties", "! c\r\n  a.b" + QByteArray(before) + "\r\nc=\xe9\r\n", "/a.b",
            value, "! c\r\n  a.b" + QByteArray(after) + "\r\nc=\xe9\r\n");
    };
    properties("=x", "y\\ é", "=y\\\\ \\u00e9");
    properties(" : x ", "y ", " : y\\u0020");
    properties(" x", "=y", " \\=y");
    properties("= x \\\r\n   y", "z\n", "= z\\n");
    properties("", "x", "=x");
    properties("", "", "=");
    properties("=", "", "=");
    row("properties: escaped name", "a.properties", "a\\ \\u0062\\:=1", "/a b:", "2",
        "a\\ \\u0062\\:=2");
}

static void addToml()
{
    const auto toml = [](const char *before, const QByteArray &value, const char *after) {
        const QByteArray name = "toml: " + QByteArray(before) + " := " + value;
        row(name, "a.toml", "[s]\r\nk = " + QByteArray(before) + " # c\r\nl = nan\r\n", "/s/k",
            value, "[s]\r\nk = " + QByteArray(after) + " # c\r\nl = nan\r\n");
    };
    toml("1", "2", "2");
    toml("1", "0xFF", "0xFF");
    toml("0xFF", "1_000", "1_000");
    toml("1.5", "-inf", "-inf");
    toml("1", "true", "\"true\"");
    toml("1", "01", "\"01\"");
    toml("1", "1 # x", "\"1 # x\"");
    toml("1", "1\nz = 2", "\"1\\nz = 2\"");
    toml("1", "", "\"\"");
    toml("true", "false", "false");
    toml("true", "True", "\"True\"");
    toml("1979-05-27", "07:32:00", "07:32:00");
    toml("1979-05-27 07:32:00Z", "today", "\"today\"");
    toml("\"x\"", "1", "\"1\"");
    toml("\"x\"", "a\"b\\c\té\x01", "\"a\\\"b\\\\c\\té\\u0001\"");
    toml("'x'", "a\"b\\c", "'a\"b\\c'");
    toml("'x'", "it's", "\"it's\"");
    toml("'x'", "a\nb", "\"a\\nb\"");
    toml("\"\"\"\r\nx\r\ny\"\"\"", "z", "\"z\"");
    toml("'''x'''", "z", "'z'");
    row("toml: within a list", "a.toml", "a = [1, # one\n  [\"x\", 'y'], {b.c = 2}]\n", "/a/1/1",
        "z", "a = [1, # one\n  [\"x\", 'z'], {b.c = 2}]\n");
    row("toml: within a table in a list", "a.toml", "a = [{b.\"c/d\" = 2}]\n", "/a/0/b/c~1d", "3",
        "a = [{b.\"c/d\" = 3}]\n");
    row("toml: tables of a list", "a.toml", "[[a]]\nb=1\n[[a]]\nb=1\n[a.c]\nd=1", "/a/1/c/d", "2",
        "[[a]]\nb=1\n[[a]]\nb=1\n[a.c]\nd=2");
    row("toml: BOM", "a.toml", "\xef\xbb\xbf# ü\na = 'ü'", "/a", "ö", "\xef\xbb\xbf# ü\na = 'ö'");
}

void TestSplice::value_isReplaced_data()
{
    QTest::addColumn<QByteArray>("path");
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QByteArray>("pointer");
    QTest::addColumn<QByteArray>("value");
    QTest::addColumn<QByteArray>("expected");
    addStylesOfYaml();
    addPlacesInYaml();
    addOthers();
    addIni();
    addProperties();
    addToml();
}

void TestSplice::value_isReplaced()
{
    QFETCH(QByteArray, path);
    QFETCH(QByteArray, text);
    QFETCH(QByteArray, pointer);
    QFETCH(QByteArray, value);
    QFETCH(QByteArray, expected);
    const Result<QByteArray> result = withScalar(path, text, pointer, value);
    QVERIFY2(result, result ? "" : qPrintable(result.error().message));
    QCOMPARE(*result, expected);
    QCOMPARE(scalarIn(path, *result, pointer).value_or("?"), value);
}

void TestSplice::value_isRefused_data()
{
    QTest::addColumn<QByteArray>("path");
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QByteArray>("pointer");
    QTest::addColumn<QByteArray>("value");
    QTest::addColumn<QString>("message");
    const auto row = [](const char *name, const char *path, const QByteArray &text,
                        const char *pointer, const QByteArray &value, const char *message) {
        QTest::newRow(name) << QByteArray(path) << text << QByteArray(pointer) << value
                            << QString::fromUtf8(message);
    };
    row("yaml: alias", "a.yaml", "a: &x 1\nb: *x\n", "/b", "2", "a.yaml#/b: this value is that of");
    row("yaml: in an alias", "a.yaml", "a: &x {c: 1}\nb: *x\n", "/b/c", "2",
        "is that of an anchor");
    row("yaml: anchor", "a.yaml", "a: &x 1\nb: *x\n", "/a", "2", "has an anchor");
    row("yaml: aliased elsewhere", "a.yaml", "a: &x {c: 1}\nb: *x\n", "/a/c", "2",
        "would change more than itself");
    row("yaml: tag", "a.yaml", "a: !x 1\n", "/a", "2", "has a tag");
    row("yaml: literal block", "a.yaml", "a: |\n  x\n", "/a", "y", "is a block");
    row("yaml: folded block", "a.yaml", "a: >-\n  x\n", "/a", "y", "is a block");
    row("yaml: several lines", "a.yaml", "a: x\n  y\n", "/a", "z", "takes several lines");
    row("yaml: nothing", "a.yaml", "a:\nb: 1\n", "/a", "z", "nothing is written there");
    row("yaml: nothing before null", "a.yaml", "a:\nnull : 1\n", "/a", "z", "expected the name");
    row("yaml: map", "a.yaml", "a: {b: 1}\n", "/a", "z", "a list or map is there");
    row("yaml: two documents", "a.yaml", "a: 1\n---\nb: 1\n", "/a", "z", "more than one document");
    row("yaml: broken", "a.yaml", "a: [\n", "/a", "z", "a.yaml#/a: line");
    row("yaml: control character", "a.yaml", "a: 1\n#\x01", "/a", "z", "a control character");
    row("json: list", "a.json", "[[]]", "/0", "z", "a list or map is there");
    row("json: broken", "a.json", "{\"a\":1", "/a", "z", "a.json#/a: ");
    row("json: comments", "a.json", "{\"a\":1} // c", "/a", "z", "a.json#/a: ");
    row("env: put together", ".env", "A=\"$B\"\n", "/A", "z", "sh would put this value together");
    row("env: pieces", ".env", "A='x'\"y\"\n", "/A", "z", "sh would put this value together");
    row("env: twice", ".env", "A=1\nA=2\n", "/A", "z", "it is there twice");
    row("env: zero byte", ".env", "A=1\n", "/A", QByteArray("a\0b", 3), "would change more");
    row("env: program", ".env", "A=1\nif true; then\n", "/A", "z", "line 2: expected NAME=value");
    row("goconf: empty", "shop", "[a]\nb 1\n", "/a/b", "", "cannot hold an empty value");
    row("goconf: blank", "shop", "[a]\nb 1\n", "/a/b", "x ", "begins or ends with white space");
    row("goconf: lines", "shop", "[a]\nb 1\n", "/a/b", "x\n[c]", "a value of several lines");
    row("goconf: another form", "redis.conf", "port 6379\n", "/a/port", "1", "stands before any");
    row("goconf: pointer", "shop", "[a]\nb 1\n", "/a", "x", "expected a pointer /section/key");
    row("pointer: no slash", "a.json", "{}", "a", "x", "expected a pointer such as");
    row("pointer: nothing", "a.json", "1", "", "x", "expected a pointer such as");
    row("pointer: escape", "a.json", "{\"~2\":1}", "/~2", "x", "expected ~0 for ~");
    row("pointer: escape at the end", "a.json", "{\"~\":1}", "/~", "x", "expected ~0 for ~");
    row("ini: several", "a.ini", "[a]\nb=1\nb=2\n", "/a/b", "3",
        "it is there 2 times: name one, /a/b/0 to /a/b/1");
    row("ini: comment behind", "a.ini", "[a]\nb=1 ; c\n", "/a/b", "3", "readers do not agree");
    row("ini: several lines", "a.ini", "[a]\nb=1 \\\n 2\n", "/a/b", "3", "takes several lines");
    row("ini: name alone", "a.ini", "[a]\nb\n", "/a/b", "3", "expected key = value");
    row("ini: value of several lines", "a.ini", "[a]\nb=1\n", "/a/b", "3\n4", "of several lines");
    row("ini: value like a comment", "a.ini", "[a]\nb=1\n", "/a/b", "3 ;4", "with ; or # first");
    row("ini: value with the quote", "a.ini", "[a]\nb='1'\n", "/a/b", "it's", "would change more");
    row("ini: lines in quotes", "a.ini", "[a]\nb='1'\n", "/a/b", "2\n3", "would change more");
    row("ini: broken", "a.ini", "[a\nb=1\n", "/a/b", "2", "a.ini#/a/b: line 1: '[a': expected");
    row("properties: twice", "a.properties", "a=1\na=2\n", "/a", "3", "it is there twice");
    row("properties: broken", "a.properties", "a=1\nb=\\u1\n", "/a", "3", "line 2: \\u: expected");
    row("toml: table", "a.toml", "[a]\nb=1\n", "/a", "3", "a list or map is there");
    row("toml: list", "a.toml", "a=[]\n", "/a", "3", "a list or map is there");
    row("toml: broken", "a.toml", "a=1\na=2\n", "/a", "3", "a.toml#/a: line 2: no TOML");
    for (const char *path : {"a.yaml", "a.json", ".env", "shop", "a.ini", "a.toml"}) {
        const QByteArray name = path;
        row(name + ": value is no UTF-8", path, "a: 1", "/a", "\xff", "the value is no UTF-8");
        row(name + ": text is no UTF-8", path, "\xff", "/a/b", "x", "the text is no UTF-8");
    }
}

void TestSplice::value_isRefused()
{
    QFETCH(QByteArray, path);
    QFETCH(QByteArray, text);
    QFETCH(QByteArray, pointer);
    QFETCH(QByteArray, value);
    QFETCH(QString, message);
    const Result<QByteArray> result = withScalar(path, text, pointer, value);
    QVERIFY2(!result, result ? result->constData() : "");
    QCOMPARE(result.error().code, ErrorCode::invalid);
    QVERIFY2(result.error().message.contains(message), qPrintable(result.error().message));
}

void TestSplice::value_isNotFound_data()
{
    QTest::addColumn<QByteArray>("path");
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QByteArray>("pointer");
    const auto row = [](const char *name, const char *path, const char *text, const char *pointer) {
        QTest::newRow(name) << QByteArray(path) << QByteArray(text) << QByteArray(pointer);
    };
    row("yaml: name", "a.yaml", "a: 1", "/b");
    row("yaml: below a value", "a.yaml", "a: 1", "/a/b");
    row("yaml: merged", "a.yaml", "x: &x {a: 1}\ny: {<<: *x}", "/y/a");
    row("yaml: empty", "a.yaml", "", "/a");
    row("yaml: below the only value", "a.yml", "--- x\n", "/");
    row("json: index", "a.json", "[1]", "/1");
    row("json: index with a zero", "a.json", "[1,2]", "/01");
    row("json: sign", "a.json", "[1]", "/-0");
    row("json: end of a list", "a.json", "[1]", "/-");
    row("json: name of another case", "a.json", "{\"A\":1}", "/a");
    row("env: name", ".env", "A=1", "/B");
    row("env: two names", ".env", "A=1", "/A/B");
    row("env: comment", ".env", "#A=1", "/A");
    row("ini: section", "a.ini", "[a]\nb=1", "/c/b");
    row("ini: number", "a.ini", "[a]\nb=1\nb=2", "/a/b/2");
    row("ini: number with a zero", "a.ini", "[a]\nb=1\nb=2", "/a/b/01");
    row("ini: below a number", "a.ini", "[a]\nb=1\nb=2", "/a/b/1/0");
    row("ini: comment", "a.ini", "[a]\n;b=1", "/a/b");
    row("ini: in no section", "a.ini", "[a]\nb=1", "/b");
    row("properties: name", "a.properties", "a=1", "/b");
    row("properties: comment", "a.properties", "!a=1\n#b=1", "/a");
    row("toml: name", "a.toml", "a=1", "/b");
    row("toml: index", "a.toml", "a=[1]", "/a/1");
    row("toml: empty", "a.toml", "", "/a");
    row("goconf: section", "shop", "[a]\nb 1", "/c/b");
    row("goconf: key", "shop", "[a]\nb 1\n[c]\nd 1", "/a/d");
}

void TestSplice::value_isNotFound()
{
    QFETCH(QByteArray, path);
    QFETCH(QByteArray, text);
    QFETCH(QByteArray, pointer);
    const Result<QByteArray> read = scalarIn(path, text, pointer);
    QVERIFY(!read);
    QCOMPARE(read.error().code, ErrorCode::notFound);
    const Result<QByteArray> written = withScalar(path, text, pointer, "x");
    QVERIFY(!written);
    QCOMPARE(written.error().code, ErrorCode::notFound);
}

void TestSplice::sameValue_changesNothing_data()
{
    QTest::addColumn<QByteArray>("path");
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QByteArray>("pointer");
    const auto row = [](const char *path, const char *text, const char *pointer) {
        QTest::newRow(text) << QByteArray(path) << QByteArray(text) << QByteArray(pointer);
    };
    for (const char *text : {"a: 1", "a: 0644", "a: yes", "a: ~", "a: x y", "a: 'it''s'", "a: \"\"",
                             "a: 10.0.0.1:80", "a: 2001-12-14", "a: .inf", "a: \"x\\ny\""})
        row("a.yaml", text, "/a");
    for (const char *text : {"{\"a\":1.50}", "{\"a\":true}", "{\"a\":null}", "{\"a\":\"\\n\"}"})
        row("a.json", text, "/a");
    for (const char *text : {"a=", "a=x", "a='x $y'", "a=\"it's\"", "a=\"\\$x\""})
        row(".env", text, "/a");
    row("shop", "[a]\nb c d", "/a/b");
    for (const char *text : {"[a]\nb=", "[a]\nb = c d", "[a]\nb = \"c ; d\" # e"})
        row("a.ini", text, "/a/b");
    for (const char *text : {"a=", "a = b\\u0020", "a : \\=b\\tc"})
        row("a.properties", text, "/a");
    for (const char *text :
         {"a = 1_0", "a = 0xF", "a = 'b'", "a = \"b\\n\"", "a = 07:32:00", "a = +inf"})
        row("a.toml", text, "/a");
}

void TestSplice::sameValue_changesNothing()
{
    QFETCH(QByteArray, path);
    QFETCH(QByteArray, text);
    QFETCH(QByteArray, pointer);
    const Result<QByteArray> value = scalarIn(path, text, pointer);
    QVERIFY2(value, value ? "" : qPrintable(value.error().message));
    const Result<QByteArray> result = withScalar(path, text, pointer, *value);
    QVERIFY2(result, result ? "" : qPrintable(result.error().message));
    QCOMPARE(*result, text);
}

void TestSplice::limits_areKept()
{
    const QByteArray value(limits::valueBytesMax, 'x');
    QVERIFY(withScalar("a.yaml", "a: 1", "/a", value));
    QVERIFY(!withScalar("a.yaml", "a: 1", "/a", value + 'x'));
    const QByteArray text = "{\"a\":1}" + QByteArray(limits::fileBytesMax - 7, ' ');
    QVERIFY(withScalar("a.json", text, "/a", "2"));
    QVERIFY(!withScalar("a.json", text + ' ', "/a", "2"));
    QVERIFY(!scalarIn("a.json", text + ' ', "/a"));
}

QTEST_GUILESS_MAIN(TestSplice)
#include "tst_splice.moc"
