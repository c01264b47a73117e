// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"
#include "config/limits.h"
#include "config/render.h"
#include "unit/config/told_sections.h"

#include <QProcess>
#include <QTest>

using namespace coffer;
using namespace coffer::config;

class TestRoundTrips : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void render_comesBack_data();
    void render_comesBack();
    void render_quotesWhatYamlTakesForAnotherType_data();
    void render_quotesWhatYamlTakesForAnotherType();
    void env_isReadBySh();
    void yaml_refusesBombs_data();
    void yaml_refusesBombs();
    void yaml_expandsAliases();
    void limits_areKept();
};

static std::uint64_t seed()
{
    const QByteArray given = qgetenv("COFFER_TEST_SEED");
    const std::uint64_t seed = given.isEmpty() ? 20'240'811 : given.toULongLong();
    qInfo("COFFER_TEST_SEED=%llu", static_cast<unsigned long long>(seed));
    return seed;
}

/// Sections full of what is hard to write.
class RandomSections
{
public:
    explicit RandomSections(std::uint64_t seed) : m_random(seed) {}

    Sections next()
    {
        Sections sections(below(4));
        for (std::size_t index = 0; index < sections.size(); ++index) {
            sections[index].name = name(index);
            sections[index].comment = comment();
            sections[index].keys.resize(1 + below(5));
            std::size_t number = 0;
            for (Key &key : sections[index].keys)
                key = {name(number++), value(), comment()};
        }
        return sections;
    }

private:
    std::size_t below(std::size_t count) { return std::size_t(m_random.next() % count); }
    const char *oneOf(std::initializer_list<const char *> words)
    {
        return *(words.begin() + below(words.size()));
    }
    QByteArray name(std::size_t number)
    {
        return oneOf({"a", "true", "null", "on", "x1", "core"}) + QByteArray::number(number);
    }
    QByteArray comment()
    {
        static const QByteArrayList comments{"",    "",    "plain", "two\nlines", "a\n\nb",
                                             "# x", " y",  "[a]",   "key: value", "ünï\t☃",
                                             "\n",  "x\n", "\nx"};
        return comments[qsizetype(below(std::size_t(comments.size())))];
    }
    QByteArray text()
    {
        QByteArray text;
        const std::size_t parts = below(6);
        for (std::size_t part = 0; part < parts; ++part) {
            text += oneOf({"a", "b c", " ",  "\n",  "\t",  "\"",     "'",      "\\",   "$",  "`",
                           "#", " #",  ": ", ":",   "-",   "- ",     "?",      "*x",   "&x", "!",
                           "%", "@",   ",",  "[",   "]",   "{",      "}",      "|",    ">",  "true",
                           "0", "1.5", "é",  "☃",   "😀",   "\u2028", "\u0085", "\x7f", "\r", "\x01",
                           "~", "=",   "<<", "...", "---", "\ufeff", "\u00a0"});
        }
        return text;
    }
    Value value()
    {
        switch (below(8)) {
        case 0: return valueFrom(Type::integer, QByteArray::number(qint64(m_random.next())));
        case 1: return valueFrom(Type::floating, QByteArray::number(double(below(1000)) / 8));
        case 2: return valueFrom(Type::boolean, oneOf({"yes", "no"}));
        case 3: return valueFrom(Type::duration, oneOf({"5s", "1500ms", "1h", "-3s"}));
        case 4:
            return valueFrom(Type::json, oneOf({"null", "{}", R"([{"a":[1,"\u007f\n","☃"]}])",
                                                "\"x\"", "12", R"({"":{"b":true}})"}));
        case 5: return valueFrom(Type::list, oneOf({"", "a,b", "[\"a,b\",\"\"]", "[\"\\\"\"]"}));
        case 6: return valueFrom(Type::enumeration, "on", {"on", "off"});
        default: {
            const Result<Value> made = Value::parse(Type::string, text());
            return made ? *made : valueFrom(Type::string, "x");
        }
        }
    }

    SeededRandom m_random;
};

void TestRoundTrips::render_comesBack_data()
{
    QTest::addColumn<Format>("format");
    QTest::addColumn<int>("heldPercentMin"); // Many of these values are more than goconf holds.
    QTest::newRow("goconf") << Format::goconf << 60;
    QTest::newRow("env") << Format::env << 95;
    QTest::newRow("json") << Format::json << 100;
    QTest::newRow("yaml") << Format::yaml << 95;
    QTest::newRow("ini") << Format::ini << 60;
    QTest::newRow("properties") << Format::properties << 95;
    QTest::newRow("toml") << Format::toml << 90; // No null.
}

void TestRoundTrips::render_comesBack()
{
    QFETCH(Format, format);
    QFETCH(int, heldPercentMin);
    RandomSections random(seed());
    int keys = 0;
    int held = 0;
    for (int round = 0; round < 1'000; ++round) {
        Sections sections = random.next();
        for (Section &section : sections) {
            for (Key &key : section.keys) {
                const Result<QByteArray> alone =
                    renderSections(format, {{section.name, section.comment, {key}}});
                ++keys;
                held += alone ? 1 : 0;
                if (!alone) { // A refusal names the place, and is for that one alone.
                    QVERIFY2(alone.error().message.startsWith(QString::fromUtf8(section.name)),
                             qPrintable(alone.error().message));
                    key.value = valueFrom(Type::string, "x");
                    key.comment.clear();
                    section.comment.clear();
                }
            }
        }
        const Result<QByteArray> text = renderSections(format, sections);
        QVERIFY2(text, text ? "" : qPrintable(text.error().message));
        QCOMPARE(toldOrFault(parseSections(format, *text, sections)), told(sections));
        QVERIFY(*parseSections(format, *text, sections) == sections);
        QCOMPARE(*renderSections(format, *parseSections(format, *text, sections)), *text);
    }
    QVERIFY2(held * 100 >= keys * heldPercentMin,
             qPrintable(QStringLiteral("%1 of %2").arg(held).arg(keys)));
}

void TestRoundTrips::render_quotesWhatYamlTakesForAnotherType_data()
{
    QTest::addColumn<bool>("isQuoted");
    for (const char *text : {"",      "true",       "True",
                             "yes",   "NO",         "on",
                             "off",   "y",          "N",
                             "null",  "~",          "0",
                             "-1",    "+1",         "1.5",
                             ".5",    "1e3",        "0x1f",
                             "0o7",   "017",        "1_000",
                             "1:30",  ".inf",       "-.inf",
                             ".NaN",  "2001-12-14", "2001-12-14 10:00:00",
                             "=",     "<<",         " x",
                             "x ",    "- x",        "a: b",
                             "a:",    "a #b",       "#a",
                             "*a",    "&a",         "!a",
                             "%a",    "@a",         "`a",
                             "|",     ">",          "'a'",
                             "\"a\"", "[a",         "{a",
                             "a, b",  "a\nb",       "a\tb",
                             "é",     "...",        "---",
                             "-",     "?",          "0b1"})
        QTest::newRow(text) << true;
    for (const char *text : {"a", "a b", "10.0.0.1:80", "2s", "64mb", "/var/log", "http://a/b?c=d",
                             "a#b", "yes sir", "1.2.3", "trUe", "a'b", "a\"b", "5 apples"})
        QTest::newRow(text) << false;
}

void TestRoundTrips::render_quotesWhatYamlTakesForAnotherType()
{
    QFETCH(bool, isQuoted);
    const QByteArray text = QTest::currentDataTag();
    const auto yaml = renderSections(Format::yaml, {{"a", {}, {keyOf("b", text)}}});
    QVERIFY2(yaml, yaml ? "" : qPrintable(yaml.error().message));
    QCOMPARE(yaml->contains("b: \""), isQuoted);
    // Also without knowing the type.
    QCOMPARE(toldOrFault(parseSections(Format::yaml, *yaml)), QByteArrayList{"a/b string " + text});
}

void TestRoundTrips::env_isReadBySh()
{
    const QByteArray hard = "a $HOME `id` \\ \\n \"q\" 'r' !x\n  next #no ☃ \t.";
    const auto text = renderSections(Format::env, {{"a", "c", {keyOf("b", hard, "$(id)")}}});
    QVERIFY(text);
    QProcess sh;
    sh.start(
        QStringLiteral("/bin/sh"),
        {QStringLiteral("-c"), QString::fromUtf8(*text) + QStringLiteral("printf %s \"$A_B\"")});
    QVERIFY(sh.waitForFinished());
    QCOMPARE(sh.readAllStandardOutput(), hard);
    QCOMPARE(sh.readAllStandardError(), QByteArray());
}

void TestRoundTrips::yaml_refusesBombs_data()
{
    QTest::addColumn<QByteArray>("text");
    QByteArray laughs = "a: {a: &a0 [x, x, x, x, x, x, x, x, x, x]}\n";
    for (int level = 1; level < 10; ++level) {
        const QByteArray below = "*a" + QByteArray::number(level - 1);
        laughs += "b" + QByteArray::number(level) + ": {a: &a" + QByteArray::number(level) + " ["
                  + (below + ", ").repeated(9) + below + "]}\n";
    }
    QTest::newRow("billion laughs") << laughs;
    QTest::newRow("many aliases of a long text")
        << "a:\n  a: &a " + QByteArray(1 << 20, 'x') + "\n  b: ["
               + QByteArray("*a, ").repeated(90'000) + "]\n";
    constexpr int many = 1 << 20;
    for (const char *part :
         {"[", "{",    "{a: ", "[{", "- ",  "? ",  "- - ", "&a [", "!t [", "'",  "\"",     "[''",
          "*", "[*a ", "a: ",  ": ", "? [", "[? ", "[,",   "-\n ", "|\n",  "!<", "---\n- "})
        QTest::addRow("%s many times", part)
            << QByteArray(part).repeated(many / int(qstrlen(part)));
    QTest::newRow("a long line with brackets")
        << "a: {b: [" + QByteArray("1,").repeated(4 << 20) + "1]}\n";
    QTest::newRow("aliases that get deep") << [] {
        QByteArray text = "a0: &a0 [[[[[[[[[[x]]]]]]]]]]\n";
        for (int level = 1; level < 10; ++level) {
            text += "a" + QByteArray::number(level) + ": &a" + QByteArray::number(level)
                    + " [[[[[[[[[[*a" + QByteArray::number(level - 1) + "]]]]]]]]]]\n";
        }
        return text;
    }();
    QByteArray indented;
    for (int level = 0; level < 2'000; ++level)
        indented += QByteArray(level, ' ') + "a:\n";
    QTest::newRow("indented deep") << indented;
}

void TestRoundTrips::yaml_refusesBombs()
{
    QFETCH(QByteArray, text);
    QVERIFY(!parseSections(Format::yaml, text));
}

void TestRoundTrips::yaml_expandsAliases()
{
    const auto read = parseSections(Format::yaml, "a:\n  b: &x [p, &y q]\n  c: *x\n  d: *y\n"
                                                  "e: &z {f: *x, g: {h: *y}}\ni: *z\n");
    QCOMPARE(toldOrFault(read),
             (QByteArrayList{R"(a/b list ["p","q"])", R"(a/c list ["p","q"])", "a/d string q",
                             R"(e/f list ["p","q"])", R"(e/g json {"h":"q"})",
                             R"(i/f list ["p","q"])", R"(i/g json {"h":"q"})"}));
}

void TestRoundTrips::limits_areKept()
{
    for (const Format format : formats) {
        const auto read = parseSections(format, QByteArray(limits::fileBytesMax + 1, '#'));
        QVERIFY(!read);
        QVERIFY(read.error().message.contains(QString::number(limits::fileBytesMax)));
    }
    QByteArray text = "[a]\n";
    for (std::size_t key = 0; key <= limits::keysMax; ++key)
        text += 'k' + QByteArray::number(key) + " v\n";
    const auto tooMany = parseSections(Format::goconf, text);
    QVERIFY(!tooMany);
    QVERIFY(tooMany.error().message.contains(QStringLiteral("200000 keys")));
    text.chop(text.size() - text.lastIndexOf('k'));
    QVERIFY(parseSections(Format::goconf, text));
    const QByteArray large(limits::valueBytesMax + 1, 'x');
    QVERIFY(!parseSections(Format::goconf, "[a]\nb " + large));
    QVERIFY(parseSections(Format::goconf, "[a]\nb " + large.sliced(1)));
}

QTEST_GUILESS_MAIN(TestRoundTrips)
#include "tst_round_trips.moc"
