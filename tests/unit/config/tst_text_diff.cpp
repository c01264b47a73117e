// SPDX-License-Identifier: Apache-2.0
#include "config/text_diff.h"

#include "base/random.h"

#include <QRandomGenerator>
#include <QRegularExpression>
#include <QTest>

#include <vector>

using namespace coffer;
using namespace coffer::config;
using namespace Qt::StringLiterals;

namespace {

QByteArray numbered(int from, int to)
{
    QByteArray text;
    for (int i = from; i < to; ++i)
        text += "line " + QByteArray::number(i) + '\n';
    return text;
}

QByteArrayList cut(const QByteArray &text)
{
    QByteArrayList lines;
    for (qsizetype at = 0; at < text.size();) {
        const qsizetype end = text.indexOf('\n', at);
        const qsizetype next = end < 0 ? text.size() : end + 1;
        lines.append(text.mid(at, next - at));
        at = next;
    }
    return lines;
}

/// Does what `patch` does, without mercy: heads and context have to fit to the line.
std::optional<QByteArray> patched(const QByteArray &text, const QByteArray &diff)
{
    const QByteArrayList old = cut(text);
    QByteArrayList lines = cut(diff);
    QByteArray made;
    qsizetype at = 0;
    qsizetype left = 0;
    qsizetype leftNew = 0;
    static const QRegularExpression head(u"^@@ -(\\d+)(?:,(\\d+))? \\+(\\d+)(?:,(\\d+))? @@\n$"_s);
    for (qsizetype i = 2; i < lines.size(); ++i) {
        if (i + 1 < lines.size() && lines[i + 1].startsWith('\\'))
            lines[i].chop(1);
        const QByteArray line = lines[i];
        const QByteArray rest = line.mid(1);
        if (line.startsWith('\\'))
            continue;
        if (left == 0 && leftNew == 0) {
            const auto match = head.match(QString::fromUtf8(line));
            const auto count = [&match](int group) {
                return match.captured(group).isEmpty() ? 1 : match.captured(group).toLongLong();
            };
            left = count(2);
            leftNew = count(4);
            const qsizetype from = count(1) - (left == 0 ? 0 : 1);
            if (!match.hasMatch() || from < at || from > old.size())
                return std::nullopt;
            for (; at < from; ++at)
                made += old[at];
            if (cut(made).size() != count(3) - (leftNew == 0 ? 0 : 1))
                return std::nullopt;
            continue;
        }
        if (!line.startsWith('+')) {
            if (at >= old.size() || old[at] != rest)
                return std::nullopt;
            ++at;
            --left;
        }
        if (!line.startsWith('-')) {
            made += rest;
            --leftNew;
        }
    }
    for (; at < old.size(); ++at)
        made += old[at];
    return left == 0 && leftNew == 0 ? std::optional(made) : std::nullopt;
}

} // namespace

class TestTextDiff : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        bool isGiven = false;
        m_seed = qEnvironmentVariable("COFFER_SEED").toULongLong(&isGiven);
        if (!isGiven)
            m_seed = QRandomGenerator::system()->generate();
        qInfo("COFFER_SEED=%llu", static_cast<unsigned long long>(m_seed));
    }

    void diff_isAsDiffUWritesIt_data();
    void diff_isAsDiffUWritesIt();
    void diff_ofAnyTextsLeadsFromOneToTheOther();
    void diff_ofVeryDifferentTextsIsBounded_data();
    void diff_ofVeryDifferentTextsIsBounded();
    void diff_ofOneLineInManyIsSmall();
    void merge_data();
    void merge();
    void merge_ofEditsApartHasBoth();
    void merge_takesNoSides();

private:
    std::uint64_t m_seed = 0;
};

void TestTextDiff::diff_isAsDiffUWritesIt_data()
{
    QTest::addColumn<QByteArray>("before");
    QTest::addColumn<QByteArray>("after");
    QTest::addColumn<QByteArray>("hunks");
    const auto row = [](const char *name, const QByteArray &a, const QByteArray &b,
                        const QByteArray &hunks) { QTest::newRow(name) << a << b << hunks; };
    row("one line", "a\n", "b\n", "@@ -1 +1 @@\n-a\n+b\n");
    row("from nothing", "", "a\nb\n", "@@ -0,0 +1,2 @@\n+a\n+b\n");
    row("to nothing", "a\n", "", "@@ -1 +0,0 @@\n-a\n");
    row("line end lost", "a\n", "a", "@@ -1 +1 @@\n-a\n+a\n\\ No newline at end of file\n");
    row("no line end in both", "a\nb", "c\nb",
        "@@ -1,2 +1,2 @@\n-a\n+c\n b\n\\ No newline at end of file\n");
    row("carriage returns", "a\r\nb\r\n", "a\r\nc\r\n", "@@ -1,2 +1,2 @@\n a\r\n-b\r\n+c\r\n");
    row("three lines of context", numbered(0, 9), numbered(0, 4) + "x\n" + numbered(5, 9),
        "@@ -2,7 +2,7 @@\n line 1\n line 2\n line 3\n-line 4\n+x\n line 5\n line 6\n line 7\n");
    row("near hunks are one", "a\n" + numbered(0, 6) + "b\n", "A\n" + numbered(0, 6) + "B\n",
        "@@ -1,8 +1,8 @@\n-a\n+A\n line 0\n line 1\n line 2\n line 3\n line 4\n line 5\n-b\n+B\n");
    row("far hunks are two", "a\n" + numbered(0, 7) + "b\n", "A\n" + numbered(0, 7) + "B\n",
        "@@ -1,4 +1,4 @@\n-a\n+A\n line 0\n line 1\n line 2\n"
        "@@ -6,4 +6,4 @@\n line 4\n line 5\n line 6\n-b\n+B\n");
    row("an insertion", numbered(0, 2), "line 0\nx\nline 1\n",
        "@@ -1,2 +1,3 @@\n line 0\n+x\n line 1\n");
}

void TestTextDiff::diff_isAsDiffUWritesIt()
{
    QFETCH(const QByteArray, before);
    QFETCH(const QByteArray, after);
    QFETCH(const QByteArray, hunks);
    QCOMPARE(unifiedDiff("a/x", "b/x", before, after), "--- a/x\n+++ b/x\n" + hunks);
    QCOMPARE(patched(before, unifiedDiff("a", "b", before, after)), std::optional(after));
    QCOMPARE(unifiedDiff("a/x", "b/x", before, before), QByteArray());
}

void TestTextDiff::diff_ofAnyTextsLeadsFromOneToTheOther()
{
    SeededRandom random(m_seed);
    const auto text = [&random](std::uint64_t kinds) {
        QByteArray made;
        for (std::uint64_t lines = random.below(40); lines > 0; --lines)
            made += QByteArray::number(qulonglong(random.below(kinds))) + '\n';
        if (random.below(4) == 0)
            made.chop(1);
        return made;
    };
    for (int i = 0; i < 2'000; ++i) {
        const std::uint64_t kinds = 1 + random.below(20);
        const QByteArray before = text(kinds);
        const QByteArray after = text(kinds);
        const QByteArray diff = unifiedDiff("a", "b", before, after);
        QCOMPARE(diff.isEmpty(), before == after);
        if (before != after)
            QCOMPARE(patched(before, diff), std::optional(after));
    }
}

void TestTextDiff::diff_ofVeryDifferentTextsIsBounded_data()
{
    QTest::addColumn<int>("lines");
    QTest::addColumn<int>("kinds");
    QTest::newRow("nothing in common") << 50'000 << 1'000'000;
    QTest::newRow("few kinds of lines") << 50'000 << 13;
    QTest::newRow("beyond what is looked at") << 300'000 << 1'000'000;
}

void TestTextDiff::diff_ofVeryDifferentTextsIsBounded()
{
    QFETCH(const int, lines);
    QFETCH(const int, kinds);
    QByteArray before;
    QByteArray after;
    SeededRandom random(m_seed);
    for (int i = 0; i < lines; ++i) {
        before += QByteArray::number(qulonglong(random.below(std::uint64_t(kinds)))) + '\n';
        after += QByteArray::number(qulonglong(random.below(std::uint64_t(kinds)))) + "\n";
    }
    // Without the bound this takes longer than the test may.
    QCOMPARE(patched(before, unifiedDiff("a", "b", before, after)), std::optional(after));
}

void TestTextDiff::diff_ofOneLineInManyIsSmall()
{
    const QByteArray before = numbered(0, 200'000);
    QByteArray after = before;
    after.replace("line 1000\n", "another\n");
    after.replace("line 199000\n", "another\n");
    QVERIFY(unifiedDiff("a", "b", before, after).size() < 500);
}

void TestTextDiff::merge_data()
{
    QTest::addColumn<QByteArray>("base");
    QTest::addColumn<QByteArray>("yours");
    QTest::addColumn<QByteArray>("theirs");
    QTest::addColumn<QByteArray>("merged");
    QTest::addColumn<bool>("isMerged");
    const auto row = [](const char *name, const QByteArray &base, const QByteArray &yours,
                        const QByteArray &theirs, const std::optional<QByteArray> &merged) {
        QTest::newRow(name) << base << yours << theirs << merged.value_or("") << merged.has_value();
    };
    const QByteArray base = "a\nb\nc\nd\ne\n";
    row("apart", base, "A\nb\nc\nd\ne\n", "a\nb\nc\nd\nE\n", "A\nb\nc\nd\nE\n");
    row("one line between", base, "a\nB\nc\nd\ne\n", "a\nb\nc\nD\ne\n", "a\nB\nc\nD\ne\n");
    row("same line, same way", base, "a\nB\nc\nd\ne\n", "a\nB\nc\nd\ne\n", "a\nB\nc\nd\ne\n");
    row("same line and another", base, "a\nB\nc\nd\ne\n", "a\nB\nc\nd\nE\n", "a\nB\nc\nd\nE\n");
    row("same line, other ways", base, "a\nB\nc\nd\ne\n", "a\nX\nc\nd\ne\n", {});
    row("neighbours", base, "a\nB\nc\nd\ne\n", "a\nb\nC\nd\ne\n", {});
    row("changed and removed", base, "a\nB\nc\nd\ne\n", "a\nc\nd\ne\n", {});
    row("both insert at one place", base, "a\nb\nx\nc\nd\ne\n", "a\nb\ny\nc\nd\ne\n", {});
    row("both insert the same", base, "a\nb\nx\nc\nd\ne\n", "a\nb\nx\nc\nd\ne\n",
        "a\nb\nx\nc\nd\ne\n");
    row("insertion and removal apart", base, "x\na\nb\nc\nd\ne\n", "a\nb\nc\nd\n",
        "x\na\nb\nc\nd\n");
    row("only yours", base, "x\n", base, "x\n");
    row("only theirs", base, base, "", "");
    row("both made it empty", base, "", "", "");
    row("both made it from nothing", "", "a\n", "b\n", {});
    row("carriage returns", "a\r\nb\r\nc\r\n", "A\r\nb\r\nc\r\n", "a\r\nb\r\nC\r\n",
        "A\r\nb\r\nC\r\n");
    row("one changes all line ends", "a\r\nb\r\nc\r\n", "a\nb\nc\n", "a\r\nb\r\nC\r\n", {});
    row("no line end at the end", "a\nb\nc", "A\nb\nc", "a\nb\nC", "A\nb\nC");
    row("one ends the last line", "a\nb\nc", "A\nb\nc", "a\nb\nc\n", "A\nb\nc\n");
    row("behind a last line without end", "a\nb\nc", "a\nb\nc\nd", "a\nb\nc\nx", {});
    row("lines are not joined", "a\nb\nc\n", "a\nb\nc", "a\nb\nc\nd\n", {});
    row("no text", QByteArray("a\0b\n", 4), "x\n", "y\n", {});
    row("no UTF-8", "a\nb\nc\nd\n", "\xff\nb\nc\nd\n", "a\nb\nc\nD\n", {});
}

void TestTextDiff::merge()
{
    QFETCH(const QByteArray, base);
    QFETCH(const QByteArray, yours);
    QFETCH(const QByteArray, theirs);
    QFETCH(const QByteArray, merged);
    QFETCH(const bool, isMerged);
    const std::optional<QByteArray> expected = isMerged ? std::optional(merged) : std::nullopt;
    QCOMPARE(mergeTexts(base, yours, theirs), expected);
    QCOMPARE(mergeTexts(base, theirs, yours), expected);
}

void TestTextDiff::merge_ofEditsApartHasBoth()
{
    SeededRandom random(m_seed);
    for (int i = 0; i < 500; ++i) {
        QByteArrayList base;
        for (int line = 0; line < 60; ++line)
            base.append(QByteArray::number(qulonglong(line)) + '\n');
        QByteArrayList yours = base;
        QByteArrayList theirs = base;
        QByteArrayList both = base;
        for (qsizetype line = 0; line < base.size(); line += 2) {
            const std::uint64_t who = random.below(4);
            const QByteArray to = random.below(3) == 0 ? "" : "new " + base[line];
            if (who == 0)
                yours[line] = both[line] = to;
            if (who == 1)
                theirs[line] = both[line] = to;
        }
        QCOMPARE(mergeTexts(base.join(), yours.join(), theirs.join()), std::optional(both.join()));
    }
}

void TestTextDiff::merge_takesNoSides()
{
    SeededRandom random(m_seed);
    const auto text = [&random] {
        QByteArray made;
        for (std::uint64_t lines = random.below(12); lines > 0; --lines)
            made += QByteArray::number(qulonglong(random.below(6))) + '\n';
        if (random.below(4) == 0)
            made.chop(1);
        return made;
    };
    for (int i = 0; i < 2'000; ++i) {
        const QByteArray base = text();
        const QByteArray yours = text();
        const QByteArray theirs = text();
        QCOMPARE(mergeTexts(base, yours, theirs), mergeTexts(base, theirs, yours));
        QCOMPARE(mergeTexts(base, yours, base), std::optional(yours));
        QCOMPARE(mergeTexts(base, yours, yours), std::optional(yours));
    }
}

QTEST_GUILESS_MAIN(TestTextDiff)
#include "tst_text_diff.moc"
