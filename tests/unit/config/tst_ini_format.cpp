// SPDX-License-Identifier: Apache-2.0
#include "config/formats_p.h"
#include "unit/config/told_sections.h"

#include <QProcess>
#include <QStandardPaths>
#include <QTest>

using namespace coffer;
using namespace coffer::config;

class TestIniFormat : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void parse_readsStylesOfOthers_data();
    void parse_readsStylesOfOthers();
    void parse_refuses_data();
    void parse_refuses();
    void render_refuses_data();
    void render_refuses();
    void scan_keepsWhatIsThereTwice();
    void rendered_isReadByConfigparser();
};

void TestIniFormat::parse_readsStylesOfOthers_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QByteArrayList>("expected");
    QTest::newRow("empty") << QByteArray() << QByteArrayList();
    QTest::newRow("BOM, CRLF, comments")
        << QByteArray("\xef\xbb\xbf\r\n; a\r\n#b\r\n\r\n  [core] ; c\r\n;d\r\nkey=a  b;c\r\n")
        << QByteArrayList{"core # a\nb", "core/key string a  b;c # d"};
    QTest::newRow("separators") << QByteArray("[a]\nb : x=y\nc=x:y\nd\t=\tz\t\n")
                                << QByteArrayList{"a/b string x=y", "a/c string x:y",
                                                  "a/d string z"};
    QTest::newRow("quotes") << QByteArray("[a]\nb = \"x # y\" ; z\nc='it'\nd=\"\"\ne=x\"y\"\n")
                            << QByteArrayList{"a/b string x # y", "a/c string it", "a/d string ",
                                              "a/e string x\"y\""};
    QTest::newRow("nothing behind the sign")
        << QByteArray("[a]\nb =\nc=") << QByteArrayList{"a/b string ", "a/c string "};
    QTest::newRow("indented as a whole") << QByteArray("[a]\n\tb = 1\n\tc = 2\n[d]\n")
                                         << QByteArrayList{"a/b string 1", "a/c string 2", "d # "};
}

void TestIniFormat::parse_readsStylesOfOthers()
{
    QFETCH(QByteArray, text);
    QFETCH(QByteArrayList, expected);
    QCOMPARE(toldOrFault(parseSections(Format::ini, text)), expected);
}

void TestIniFormat::parse_refuses_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QString>("message");
    const auto row = [](const char *name, const char *text, const char *message) {
        QTest::newRow(name) << QByteArray(text) << QString::fromUtf8(message);
    };
    row("key before a section", "a=b", "line 1: key 'a' stands before any [section]");
    row("section without an end", "\n[a", "line 2: '[a': expected [section]");
    row("behind a section", "[a] b", "line 1: '[a] b': expected [section]");
    row("section twice", "[a]\n[b]\n[a]", "line 3: section 'a' is there twice");
    row("key twice", "[a]\nb=1\nb=2", "line 3: key 'b' is there twice");
    row("name alone", "[a]\nb", "line 2: a/b: expected key = value");
    row("no name", "[a]\n= b", "line 2: '= b': expected key = value");
    row("further in", "[a]\nb = 1\n  c = 2", "line 2: a/b: this value takes several lines");
    row("further in behind a gap", "[a]\nb = 1\n\n# c\n  d", "line 2: a/b: this value takes sev");
    row("backslash", "[a]\nb = 1\\\nc = 2", "line 2: a/b: this value takes several lines");
    row("comment behind", "[a]\nb = 1 ; c", "line 2: a/b: readers do not agree");
    row("comment in place of a value", "[a]\nb = # c", "line 2: a/b: readers do not agree");
    row("pieces", "[a]\nb = \"1\" '2'", "line 2: a/b: readers do not agree");
    row("escapes", "[a]\nb = \"1\\\"\"", "line 2: a/b: readers do not agree");
    row("open quote", "[a]\nb = \"1", "line 2: a/b: readers do not agree");
    row("name of a key", "[a]\nb c = 1", "line 2: key 'b c': expected 1 to");
    row("name of a section", "[a b]", "line 1: section 'a b': expected 1 to");
}

void TestIniFormat::parse_refuses()
{
    QFETCH(QByteArray, text);
    QFETCH(QString, message);
    const Result<Sections> sections = parseSections(Format::ini, text);
    QVERIFY(!sections);
    QCOMPARE(sections.error().code, ErrorCode::invalid);
    QVERIFY2(sections.error().message.startsWith(message), qPrintable(sections.error().message));
}

void TestIniFormat::render_refuses_data()
{
    QTest::addColumn<Section>("section");
    QTest::addColumn<QString>("message");
    const auto row = [](const char *name, const Section &section, const char *message) {
        QTest::newRow(name) << section << QString::fromUtf8(message);
    };
    const auto value = [&row](const char *name, const QByteArray &text, const char *why) {
        row(name, {"a", {}, {keyOf("good", "x;y#z"), keyOf("key", text)}},
            QByteArray("a/key: ini cannot hold a value ") + why);
    };
    value("lines", "x\ny", "of several lines");
    value("CR", "x\ry", "of several lines");
    value("blank first", "\tx", "that begins or ends with white space");
    value("blank last", "x\xc2\xa0", "that begins or ends with white space");
    value("quote", "'x", "that begins with a quote");
    value("quotes", "\"x\"", "that begins with a quote");
    value("mark", "x #y", "with ; or # first or behind a blank");
    value("mark first", ";y", "with ; or # first or behind a blank");
    value("backslash", "x\\", "that ends with \\");
    value("control character", "x\x01y", "with a control character");
    value("zero byte", QByteArray("x\0y", 3), "with a control character");
    row("section of defaults", {"Default", {}, {keyOf("b", "x")}},
        "Default: ini cannot hold this section");
    row("keys of other cases", {"a", {}, {keyOf("Key", "x"), keyOf("keY", "y")}},
        "a: ini cannot hold both 'Key' and 'keY'");
}

void TestIniFormat::render_refuses()
{
    QFETCH(Section, section);
    QFETCH(QString, message);
    const Result<QByteArray> text = renderSections(Format::ini, {section});
    QVERIFY2(!text, text ? text->constData() : "");
    QCOMPARE(text.error().code, ErrorCode::invalid);
    QVERIFY2(text.error().message.startsWith(message), qPrintable(text.error().message));
}

void TestIniFormat::scan_keepsWhatIsThereTwice()
{
    const auto entries = scanIni("top = 0\n[S]\nE = 1\nE = 2 \\\n  3\nbare\n[S]\nE=\n");
    QVERIFY(entries);
    QByteArrayList told;
    for (const IniEntry &entry : *entries)
        told << entry.name + '=' + entry.value + ' ' + QByteArray::number(int(entry.style));
    QCOMPARE(told, (QByteArrayList{"top=0 1", "S= 0", "E=1 1", "E=2 \\\n3 4", "bare= 3", "S= 0",
                                   "E= 1"}));
}

void TestIniFormat::rendered_isReadByConfigparser()
{
    if (QStandardPaths::findExecutable(QStringLiteral("python3")).isEmpty())
        QSKIP("python3 is not there");
    const Sections sections{{"core",
                             "c\n\n[no]",
                             {keyOf("a.b", "x = y: [z] {%} ${v}", "k = v"), keyOf("empty", ""),
                              keyOf("hard", "=:a;b#c 'd' \"e\" \\f ü☃😀\t."), keyOf("N-1_", "[s]")}},
                            {"none", {}, {}}};
    const auto text = renderSections(Format::ini, sections);
    QVERIFY2(text, text ? "" : qPrintable(text.error().message));
    QProcess python;
    python.start(QStringLiteral("python3"),
                 {QStringLiteral("-c"),
                  QStringLiteral("import configparser, sys\n"
                                 "parser = configparser.ConfigParser(interpolation=None)\n"
                                 "parser.optionxform = str\n"
                                 "parser.read_string(sys.stdin.buffer.read().decode())\n"
                                 "for s in parser.sections():\n"
                                 "  for k, v in parser[s].items():\n"
                                 "    sys.stdout.buffer.write(f'{s}/{k}={v}|'.encode())\n"
                                 "print(parser.sections())\n")});
    python.write(*text);
    python.closeWriteChannel();
    QVERIFY(python.waitForFinished());
    QCOMPARE(python.readAllStandardError(), QByteArray());
    QByteArray expected;
    for (const Section &section : sections) {
        for (const Key &key : section.keys)
            expected += section.name + '/' + key.name + '=' + key.value.text + '|';
    }
    QCOMPARE(python.readAllStandardOutput(), expected + "['core', 'none']\n");
}

QTEST_GUILESS_MAIN(TestIniFormat)
#include "tst_ini_format.moc"
