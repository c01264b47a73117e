// SPDX-License-Identifier: Apache-2.0
#include "config/formats_p.h"
#include "unit/config/told_sections.h"

#include <QTest>

using namespace coffer;
using namespace coffer::config;

class TestPropertiesFormat : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void scan_readsAsJavaDoes_data();
    void scan_readsAsJavaDoes();
    void scan_readsLatin1();
    void parse_makesSections_data();
    void parse_makesSections();
    void parse_refuses_data();
    void parse_refuses();
    void render_escapes_data();
    void render_escapes();
    void render_refuses();
};

/// What java.util.Properties says of each of these was taken from OpenJDK 17.
void TestPropertiesFormat::scan_readsAsJavaDoes_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QByteArrayList>("expected");
    const auto row = [](const char *name, const QByteArray &text, const QByteArrayList &expected) {
        QTest::newRow(name) << text << expected;
    };
    row("separators", "a=1\nb : 2\nc\t3\n\f d==\ne\nf  = : x \ng:\nh=\n",
        {"a=1", "b=2", "c=3", "d==", "e=", "f=: x ", "g=", "h="});
    row("signs in names", "a\\:b\\=c\\ d=1\n\\#e=2\n\\!f 3\n\\\n = 4",
        {"a:b=c d=1", "#e=2", "!f=3", "=4"});
    row("lines that go on", "a = x\\\n   y\\\r\n\tz\nb=x\\\\\nc=x\\\\\\\n  y\\\n\nd=\\\n", //
        {"a=xyz", "b=x\\", "c=x\\y", "d="});
    row("comments", "# a=1\\\n ! b\nc=#d\n\\\n# e\n", {"c=#d"});
    row("line ends", "a=1\rb=2\r\n\r\nc=3\n\rd=4", {"a=1", "b=2", "c=3", "d=4"});
    row("escapes", "a=\\t\\n\\r\\f\\q\\\\\\\"\\0\nb=\\u0041\\u00e9\\ud83d\\uDE00\\\\u0041\nc=\\",
        {"a=\t\n\r\fq\\\"0", "b=Aé😀\\u0041", "c="});
    row("nothing but a backslash", "\\\n\n", {});
}

void TestPropertiesFormat::scan_readsAsJavaDoes()
{
    QFETCH(QByteArray, text);
    QFETCH(QByteArrayList, expected);
    const auto entries = scanProperties(text);
    QVERIFY2(entries, entries ? "" : qPrintable(entries.error().message));
    QByteArrayList told;
    for (const PropertiesEntry &entry : *entries)
        told << entry.name + '=' + entry.value;
    QCOMPARE(told, expected);
}

void TestPropertiesFormat::scan_readsLatin1()
{
    const auto entries = scanProperties("# \xfc\na=\xe9\\u20ac\n");
    QVERIFY(entries);
    QCOMPARE(entries->front().value, QByteArray("é€"));
}

void TestPropertiesFormat::parse_makesSections_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QByteArrayList>("expected");
    QTest::newRow("empty") << QByteArray("\n# nothing") << QByteArrayList();
    QTest::newRow("BOM, comments, keys with dots")
        << QByteArray("\xef\xbb\xbf# file\r\n\r\n! b\r\na.b.c = x\\\r\n   y\r\n# \\\r\n"
                      "z.k v w \r\n# apart\r\n\r\n# d\r\na.d=\r\n")
        << QByteArrayList{"a # file", "a/b.c string xy # b", "a/d string  # apart\n\nd",
                          "z/k string v w  # \\"};
}

void TestPropertiesFormat::parse_makesSections()
{
    QFETCH(QByteArray, text);
    QFETCH(QByteArrayList, expected);
    QCOMPARE(toldOrFault(parseSections(Format::properties, text)), expected);
}

void TestPropertiesFormat::parse_refuses_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QString>("message");
    const auto row = [](const char *name, const char *text, const char *message) {
        QTest::newRow(name) << QByteArray(text) << QString::fromUtf8(message);
    };
    row("no section", "\na=1", "line 2: 'a': expected section.key");
    row("no key", "a.=1", "line 1: 'a.': expected section.key");
    row("name", "a.b\\ c=1", "line 1: 'a.b c': expected section.key");
    row("twice", "a.b=1\na.\\u0062=2", "line 2: 'a.b': it is there twice");
    row("no hex digits", "a.b=\\u12g4", "line 1: \\u: expected four hex digits");
    row("few digits", "a.b=x\na.c=\\u12", "line 2: \\u: expected four hex digits");
    row("half a pair", "a.b=\\ud83dx", "line 1: \\u: half of a surrogate pair");
    row("half a pair at the end", "a.b=\\ud83d", "line 1: \\u: half of a surrogate pair");
    row("halves the other way round", "a.b=\\ude00\\ud83d",
        "line 1: \\u: half of a surrogate pair");
    row("no UTF-8", "a.b=\xe9", "the text is no UTF-8");
}

void TestPropertiesFormat::parse_refuses()
{
    QFETCH(QByteArray, text);
    QFETCH(QString, message);
    const Result<Sections> sections = parseSections(Format::properties, text);
    QVERIFY(!sections);
    QCOMPARE(sections.error().code, ErrorCode::invalid);
    QVERIFY2(sections.error().message.startsWith(message), qPrintable(sections.error().message));
}

void TestPropertiesFormat::render_escapes_data()
{
    QTest::addColumn<QByteArray>("value");
    QTest::addColumn<QByteArray>("written");
    const auto row = [](const char *name, const QByteArray &value, const char *written) {
        QTest::newRow(name) << value << QByteArray(written);
    };
    row("plain", "jdbc:x=y#z!", "jdbc:x=y#z!");
    row("empty", "", "");
    row("blanks at the ends", "  x  ", "\\  x \\u0020");
    row("one blank", " ", "\\u0020");
    row("sign first", "=x", "\\=x");
    row("colon first", ":x", "\\:x");
    row("backslashes", "c:\\dir\\", "c:\\\\dir\\\\");
    row("lines, tab", "a\nb\r\t\f", "a\\nb\\r\\t\\f");
    row("control characters", QByteArray("\0\x01\x7f", 3), "\\u0000\\u0001\\u007f");
    row("Unicode", "é☃😀", "\\u00e9\\u2603\\ud83d\\ude00");
}

void TestPropertiesFormat::render_escapes()
{
    QFETCH(QByteArray, value);
    QFETCH(QByteArray, written);
    const auto text = renderSections(Format::properties, {{"a", {}, {keyOf("b", value)}}});
    QVERIFY2(text, text ? "" : qPrintable(text.error().message));
    QCOMPARE(*text, "a.b=" + written + '\n');
}

void TestPropertiesFormat::render_refuses()
{
    const auto dotted = renderSections(Format::properties, {{"a.b", {}, {keyOf("c", "x")}}});
    QVERIFY(!dotted);
    QVERIFY(dotted.error().message.startsWith(
        QStringLiteral("a.b/c: properties cannot hold keys of section 'a.b'")));
    const auto empty = renderSections(Format::properties, {{"a", {}, {}}});
    QVERIFY(!empty);
    QCOMPARE(empty.error().message,
             QStringLiteral("a: properties cannot hold a section without keys"));
}

QTEST_GUILESS_MAIN(TestPropertiesFormat)
#include "tst_properties_format.moc"
