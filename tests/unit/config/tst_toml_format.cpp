// SPDX-License-Identifier: Apache-2.0
#include "config/document_p.h"
#include "config/limits.h"
#include "config/render.h"
#include "unit/config/told_sections.h"

#include <QProcess>
#include <QTest>

using namespace coffer;
using namespace coffer::config;

class TestTomlFormat : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void parse_reads_data();
    void parse_reads();
    void parse_refuses_data();
    void parse_refuses();
    void parse_refusesBombs_data();
    void parse_refusesBombs();
    void render_writes_data();
    void render_writes();
    void render_refuses_data();
    void render_refuses();
    void rendered_isReadByTomllib();
};

void TestTomlFormat::parse_reads_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QByteArrayList>("expected");
    const auto row = [](const char *name, const QByteArray &text, const QByteArrayList &expected) {
        QTest::newRow(name) << text << expected;
    };
    row("empty", "", {});
    row("only a mark", "\xef\xbb\xbf", {});
    row("only a comment", "# nothing", {});
    row("section without keys", "[a]", {"a # "});
    row("BOM, CRLF, comments",
        "\xef\xbb\xbf# file\r\n\r\n# of a\r\n[a] # one\r\n  # of b\r\n  b = 1 # two\r\nc = [ # in "
        "it"
        "\r\n'x', \"y # z\"] # three\r\n# of e\r\n[e.f] # four\r\ng = 1\r\n# lost",
        {"a # file\n\nof a\none", "a/b int 1 # of b\ntwo", "a/c list [\"x\",\"y # z\"] # three",
         "e/f json {\"g\":1} # of e\nfour"});
    row("numbers",
        "[a]\nb=0xFF\nc=1_000\nd=+5\ne=1_0.5e+2\nf=[0o17,1.5,0b1]\ng=-9223372036854775808",
        {"a/b int 255", "a/c int 1000", "a/d int 5", "a/e float 1050.0", "a/f json [15,1.5,1]",
         "a/g int -9223372036854775808"});
    row("dates", "[a]\nb=1979-05-27T07:32:00.5Z\nc=1979-05-27 07:32:00\nd=1979-05-27\ne=[07:32:00]",
        {"a/b string 1979-05-27T07:32:00.5Z", "a/c string 1979-05-27 07:32:00",
         "a/d string 1979-05-27", "a/e list [\"07:32:00\"]"});
    row("strings",
        "[a]\nb='''\nx\n y'''\nc=\"\"\"p \\\n   "
        "q\"\"\"\nd=\"\\u00e9\\t\\U0001F600\"\ne='\\n'\nf=''",
        {"a/b string x\n y", "a/c string p q", "a/d string é\t😀", "a/e string \\n", "a/f string "});
    row("quotes at the end of a text", "[a]\nb=\"\"\"x\"\"\"\"\"\nc='''y'''''\n",
        {"a/b string x\"\"", "a/c string y''"});
    row("nested, dotted, inline, in their order",
        "z.\"q.r\" = 1\n[b.c]\nx = true\n[a]\nk.l = { m = [] }\n[b]\ny = [{n = 'o'}]\n",
        {"z/q.r int 1", "b/c json {\"x\":true}", "b/y json [{\"n\":\"o\"}]",
         "a/k json {\"l\":{\"m\":[]}}"});
    row("tables of a list", "[a]\n[[a.b]]\nc=1\n[[a.b]]\nc=2\n[a.b.d]\n",
        {"a/b json [{\"c\":1},{\"c\":2,\"d\":{}}]"});
}

void TestTomlFormat::parse_reads()
{
    QFETCH(QByteArray, text);
    QFETCH(QByteArrayList, expected);
    QCOMPARE(toldOrFault(parseSections(Format::toml, text)), expected);
}

void TestTomlFormat::parse_refuses_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QString>("message");
    const auto row = [](const char *name, const QByteArray &text, const char *message) {
        QTest::newRow(name) << text << QString::fromUtf8(message);
    };
    row("key before a section", "\na = 1", "line 2: 'a': expected a [section]");
    row("list of tables", "[[a]]\nb = 1", "line 1: 'a': expected a [section]");
    row("open list", "[a]\nb = [1", "line 3: no TOML: ");
    row("no value", "[a]\nb =", "line 2: no TOML: ");
    row("two on a line", "[a]\nb = 1 c = 2", "line 2: no TOML: ");
    row("key twice", "[a]\nb = 1\nb = 2", "line 3: no TOML: ");
    row("section twice", "[a]\n[a]", "line 2: no TOML: ");
    row("control character", "[a]\n# \x01", "line 2: a control character");
    row("zero byte", QByteArray("[a]\n\0", 5), "line 2: a control character");
    row("CR alone", "[a]\rb = 1", "line 1: a control character");
    row("not finite", "[a]\nb = -inf", "line 2: a/b: -inf: expected a finite number");
    row("not finite within", "[a]\nb = [nan]", "line 2: a/b: nan: expected a finite number");
    row("large", "[a]\nb = 9223372036854775808", "line 2: 9223372036854775808: expected a number");
    row("large in hex", "[a]\nb = 0xFFFFFFFFFFFFFFFF", "line 2: 0xFFFFFFFFFFFFFFFF: expected a nu");
    row("name of a key", "[a]\n\"b c\" = 1", "line 2: key 'b c': expected 1 to");
    row("name of a section", "['']", "line 1: section '': expected 1 to");
}

void TestTomlFormat::parse_refuses()
{
    QFETCH(QByteArray, text);
    QFETCH(QString, message);
    const Result<Sections> sections = parseSections(Format::toml, text);
    QVERIFY(!sections);
    QCOMPARE(sections.error().code, ErrorCode::invalid);
    QVERIFY2(sections.error().message.startsWith(message), qPrintable(sections.error().message));
}

void TestTomlFormat::parse_refusesBombs_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QString>("message");
    const auto row = [](const char *name, const QByteArray &text, const char *message) {
        QTest::newRow(name) << text << QString::fromUtf8(message);
    };
    constexpr int many = 1 << 20;
    row("lists", "a = " + QByteArray(many, '['), "more than 64 levels");
    row("tables", "a = " + QByteArray("{a = ").repeated(many / 5), "more than 64 levels");
    row("names", QByteArray("a.").repeated(many / 2) + "a = 1", "more than 64 levels");
    row("names of a header", '[' + QByteArray("a . ").repeated(many / 4) + "a]",
        "more than 64 lev");
    row("names in tables",
        "a = " + QByteArray("{" + QByteArray("a.").repeated(40) + "a = ").repeated(9),
        "more than 64 levels");
    row("behind a text", "a = '''['''''\nb = \"\\\"\"\nc = " + QByteArray(many, '['),
        "line 3: more than 64 levels");
    row("a header and a list",
        '[' + QByteArray("a.").repeated(40) + "a]\nb = " + QByteArray(30, '[')
            + QByteArray(30, ']'),
        "more than 64 levels");
    row("a long line", "a = [" + QByteArray("1,").repeated(many) + "]", "too much on one line");
    row("a long line of tables", "a = [" + QByteArray("{b={c=1}},").repeated(20'000) + "]",
        "too much on one line");
    row("values", "a = [\n" + QByteArray("1,\n").repeated(100'000) + "]",
        "more than 100000 values");
    row("bytes", QByteArray(limits::tomlBytesMax + 1, '\n'), "more than 4194304 bytes");
}

void TestTomlFormat::parse_refusesBombs()
{
    QFETCH(QByteArray, text);
    QFETCH(QString, message);
    const Result<Sections> sections = parseSections(Format::toml, text);
    QVERIFY(!sections);
    QVERIFY2(sections.error().message.contains(message), qPrintable(sections.error().message));
}

void TestTomlFormat::render_writes_data()
{
    QTest::addColumn<Value>("value");
    QTest::addColumn<QByteArray>("written");
    const auto row = [](const char *name, const Value &value, const char *written) {
        QTest::newRow(name) << value << QByteArray(written);
    };
    row("text", valueFrom(Type::string, "a \"b\" \\ 'c'\n\t☃"), R"("a \"b\" \\ 'c'\n\t☃")");
    row("controls", valueFrom(Type::string, QByteArray("\0\x1f\x7f\xc2\x85", 5)),
        R"("\u0000\u001f\u007f\u0085")");
    row("small float", valueFrom(Type::floating, "2.5e-09"), "2.5e-09");
    row("list", valueFrom(Type::list, "a,b"), R"(["a", "b"])");
    row("no parts", valueFrom(Type::list, ""), "[]");
    row("long list", valueFrom(Type::list, QByteArray(60, 'x') + ',' + QByteArray(30, 'y')),
        "[\n  \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\",\n"
        "  \"yyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\",\n]");
    row("json", valueFrom(Type::json, R"({"":[{},{"a.b":-0,"c":[1E5]}],"d":false})"),
        R"({ "" = [{}, { "a.b" = -0, c = [1E5] }], d = false })");
}

void TestTomlFormat::render_writes()
{
    QFETCH(Value, value);
    QFETCH(QByteArray, written);
    const auto text = renderSections(Format::toml, {{"a.b", {}, {{"c.d", value, {}}}}});
    QVERIFY2(text, text ? "" : qPrintable(text.error().message));
    QCOMPARE(*text, "[\"a.b\"]\n\"c.d\" = " + written + '\n');
}

void TestTomlFormat::render_refuses_data()
{
    QTest::addColumn<QByteArray>("json");
    QTest::addColumn<QString>("message");
    const auto row = [](const char *json, const char *message) {
        QTest::newRow(json) << QByteArray(json) << QString::fromUtf8(message);
    };
    row("null", "a/b: toml cannot hold null");
    row(R"([1,{"x":null}])", "a/b: toml cannot hold null");
    row("1e999", "a/b: toml cannot hold the number 1e999");
    row("[9223372036854775808]", "a/b: toml cannot hold the number 9223372036854775808");
    const QByteArray deep = QByteArray(64, '[') + QByteArray(64, ']');
    row(deep.constData(), "a/b: toml cannot hold this value");
}

void TestTomlFormat::render_refuses()
{
    QFETCH(QByteArray, json);
    QFETCH(QString, message);
    const auto text =
        renderSections(Format::toml, {{"a", {}, {{"b", valueFrom(Type::json, json), {}}}}});
    QVERIFY(!text);
    QVERIFY2(text.error().message.startsWith(message), qPrintable(text.error().message));
}

void TestTomlFormat::rendered_isReadByTomllib()
{
    const auto run = [](const QString &program, const QByteArray &input) {
        QProcess python;
        python.start(QStringLiteral("python3"), {QStringLiteral("-c"), program});
        python.write(input);
        python.closeWriteChannel();
        if (!python.waitForFinished() || python.exitCode() != 0)
            return QByteArray();
        return python.readAllStandardOutput();
    };
    if (run(QStringLiteral("import tomllib; print(1)"), {}).isEmpty())
        QSKIP("Python 3.11 or later is not there");
    const Sections sections{
        {"core",
         "c",
         {keyOf("a.b", "x \"y\" \\ 'z'\n\r\t\x7f ü☃😀"),
          {"f", valueFrom(Type::floating, "2.5e-09"), {}},
          {"i", valueFrom(Type::integer, "-9223372036854775808"), {}},
          {"j", valueFrom(Type::json, R"({"":[{},{"a.b":-1,"c":[1E5,"é"]}],"d":false})"), {}},
          {"l", valueFrom(Type::list, "a,b"), {}},
          {"t", valueFrom(Type::duration, "2s"), {}}}},
        {"none", {}, {}}};
    const auto toml = renderSections(Format::toml, sections);
    const auto json = renderSections(Format::json, sections);
    QVERIFY2(toml && json, toml ? "" : qPrintable(toml.error().message));
    const QString print = QStringLiteral("; print(json.dumps(x))");
    const QByteArray expected =
        run(QStringLiteral("import json, sys; x = json.load(sys.stdin.buffer)") + print, *json);
    QVERIFY(!expected.isEmpty());
    QCOMPARE(
        run(QStringLiteral("import json, sys, tomllib; x = tomllib.load(sys.stdin.buffer)") + print,
            *toml),
        expected);
}

QTEST_GUILESS_MAIN(TestTomlFormat)
#include "tst_toml_format.moc"
