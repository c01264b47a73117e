// SPDX-License-Identifier: Apache-2.0
#include "support/linearizability.h"

#include "support/revision_oracle.h"
#include "unit/support/history_generator.h"

#include <QDir>
#include <QElapsedTimer>
#include <QFile>
#include <QTest>

#include <algorithm>
#include <map>

using namespace coffer;
using namespace coffer::test;

namespace {

using Verdict = LinearizabilityVerdict::Kind;

History parsed(const QByteArray &text)
{
    const Result<History> history = History::parse(text);
    if (!history)
        qFatal("%s", qPrintable(history.error().message));
    return *history;
}

QByteArray fileText(const QString &path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

/// What both checks say of a history, in the words of the "# expect:" lines.
QByteArray summary(const History &history)
{
    const auto line = [&](std::size_t i) {
        return QByteArray(" at line ") + QByteArray::number(history.operations()[i].line);
    };
    const LinearizabilityVerdict verdict = checkLinearizability(history);
    QByteArray text = "linearizability ";
    switch (verdict.kind) {
    case Verdict::ok: text += "ok"; break;
    case Verdict::undecided: text += "undecided"; break;
    case Verdict::violation: text += "violation" + line(*verdict.operation); break;
    }
    const std::optional<RevisionViolation> violation = checkRevisions(history);
    text += ", revisions ";
    return violation ? text + ruleName(violation->rule).toLatin1() + line(violation->operation)
                     : text + "ok";
}

/// Linearizability by the definition: tries every order of the operations, on all keys at once.
class Enumeration
{
public:
    explicit Enumeration(const History &history)
    {
        for (const Operation &operation : history.operations()) {
            const bool isRead = !operation.isWrite();
            const bool isWeak = operation.mode != Operation::Mode::linearizable;
            const bool isUnknown = operation.outcome == Operation::Outcome::unknown;
            if (operation.outcome == Operation::Outcome::failed || (isRead && isWeak)
                || (isRead && isUnknown))
                continue;
            m_rest.push_back(operation);
        }
    }

    [[nodiscard]] bool isLinearizable()
    {
        if (std::all_of(m_rest.begin(), m_rest.end(), isUnknown))
            return true;
        for (std::size_t i = 0; i < m_rest.size(); ++i) {
            if (!isFirstPossible(m_rest[i]))
                continue;
            const Operation operation = m_rest[i];
            const std::optional<QByteArray> before = m_store[operation.key];
            if (!apply(operation))
                continue;
            m_rest.erase(m_rest.begin() + static_cast<std::ptrdiff_t>(i));
            const bool isFound = isLinearizable();
            m_rest.insert(m_rest.begin() + static_cast<std::ptrdiff_t>(i), operation);
            m_store[operation.key] = before;
            if (isFound)
                return true;
        }
        return false;
    }

private:
    [[nodiscard]] static bool isUnknown(const Operation &operation)
    {
        return operation.outcome == Operation::Outcome::unknown;
    }
    [[nodiscard]] bool isFirstPossible(const Operation &operation) const
    {
        return std::none_of(m_rest.begin(), m_rest.end(), [&](const Operation &other) {
            return !isUnknown(other) && *other.returned < operation.called;
        });
    }
    /// False if the operation cannot have its outcome now.
    [[nodiscard]] bool apply(const Operation &operation)
    {
        std::optional<QByteArray> &value = m_store[operation.key];
        switch (operation.kind) {
        case Operation::Kind::get: return value == operation.seen;
        case Operation::Kind::put: break;
        case Operation::Kind::del:
            if (operation.outcome == Operation::Outcome::absent)
                return !value;
            break;
        case Operation::Kind::cas:
            if (operation.outcome == Operation::Outcome::mismatch)
                return value != operation.expected;
            if (value != operation.expected)
                return false;
            break;
        }
        value = operation.newValue;
        return true;
    }

    std::vector<Operation> m_rest;
    std::map<QByteArray, std::optional<QByteArray>> m_store;
};

/// Changes something of one or two operations, so that the history may be wrong.
void mutate(Operation &operation, Operation &other, Random &random)
{
    const auto value = [&]() -> std::optional<QByteArray> {
        const std::uint64_t number = random.below(4);
        return number == 3 ? std::nullopt : std::optional(QByteArray::number(number));
    };
    const bool isPut = operation.kind == Operation::Kind::put;
    switch (random.below(6)) {
    case 0:
        if (operation.kind == Operation::Kind::get && operation.outcome == Operation::Outcome::ok)
            operation.seen = value();
        break;
    case 1:
        if (operation.kind == Operation::Kind::cas)
            operation.expected = value();
        break;
    case 2:
        if (operation.kind == Operation::Kind::cas || isPut)
            operation.newValue = isPut ? QByteArray::number(random.below(3)) : value();
        break;
    case 3:
        if (operation.kind == Operation::Kind::cas && operation.returned)
            operation.outcome =
                random.below(2) == 0 ? Operation::Outcome::ok : Operation::Outcome::mismatch;
        break;
    case 4:
        std::swap(operation.called, other.called);
        operation.returned = operation.called + random.below(40);
        other.returned = other.called + random.below(40);
        break;
    default:
        if (operation.outcome == Operation::Outcome::unknown && operation.isWrite()) {
            operation.outcome = Operation::Outcome::ok;
            operation.returned = operation.called + random.below(40);
        }
    }
}

History mutated(const History &history, Random &random)
{
    std::vector<Operation> operations = history.operations();
    for (std::uint64_t count = 1 + random.below(2); count > 0; --count)
        mutate(operations[random.below(operations.size())],
               operations[random.below(operations.size())], random);
    History result;
    for (const Operation &operation : operations)
        result.append(operation);
    return result;
}

} // namespace

class TestLinearizability : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void file_isJudgedAsItExpects_data();
    void file_isJudgedAsItExpects();
    void files_areEnough();
    void formatDocument_examplesAreJudgedAsTheyExpect();
    void violation_isExplained();
    void violation_namesTheKeyThatWentWrongFirst();
    void check_givesUpWhenItTakesTooLong();
    void check_findsViolationsBesideUndecidedKeys();
    void random_rightHistoryIsAccepted();
    void random_verdictIsThatOfEnumeration();
    void check_copesWithManyOperations_data();
    void check_copesWithManyOperations();
    void check_copesWithAWrongEnd();
    void check_copesWithManyOpenWrites();
    void check_copesWithManyUnknownWrites();
};

void TestLinearizability::file_isJudgedAsItExpects_data()
{
    QTest::addColumn<QString>("path");
    const QDir folder(QFINDTESTDATA("../../support/histories"));
    for (const QFileInfo &file : folder.entryInfoList({QStringLiteral("*.txt")}, QDir::Files))
        QTest::newRow(qPrintable(file.completeBaseName())) << file.filePath();
}

void TestLinearizability::file_isJudgedAsItExpects()
{
    QFETCH(const QString, path);
    const QByteArray text = fileText(path);
    const QByteArrayList lines = text.split('\n');
    QVERIFY2(lines.size() > 2 && lines[0].startsWith("# "), "the first line says why");
    const QByteArray expectation = "# expect: ";
    QVERIFY2(lines[1].startsWith(expectation), "the second line says what to expect");
    const Result<History> history = History::parse(text);
    QVERIFY2(history, history ? "" : qPrintable(history.error().message));
    QCOMPARE(summary(*history), lines[1].mid(expectation.size()));
    const bool isGood = lines[1].endsWith("linearizability ok, revisions ok");
    QCOMPARE(QFileInfo(path).fileName().startsWith(QStringLiteral("good_")), isGood);
    if (!history->operations().empty())
        QCOMPARE(summary(parsed(history->toText())).count("ok"), lines[1].count("ok"));
}

void TestLinearizability::files_areEnough()
{
    const QDir folder(QFINDTESTDATA("../../support/histories"));
    QVERIFY(folder.entryList({QStringLiteral("good_*.txt")}).size() >= 12);
    QVERIFY(folder.entryList({QStringLiteral("bad_*.txt")}).size() >= 20);
}

void TestLinearizability::formatDocument_examplesAreJudgedAsTheyExpect()
{
    const QByteArray document = fileText(QFINDTESTDATA("../../../docs/formats/history.md"));
    const QByteArray fence = "```history\n# expect: ";
    int examples = 0;
    for (qsizetype at = document.indexOf(fence); at >= 0; at = document.indexOf(fence, at + 1)) {
        const qsizetype begin = at + fence.size();
        const QByteArray text = document.mid(begin, document.indexOf("\n```", begin) - begin);
        const qsizetype lineEnd = text.indexOf('\n');
        QCOMPARE(summary(parsed("#\n" + text.mid(lineEnd + 1))), text.first(lineEnd));
        ++examples;
    }
    QVERIFY(examples >= 2);
}

void TestLinearizability::violation_isExplained()
{
    const LinearizabilityVerdict verdict = checkLinearizability(parsed("p1 0 1 put a 1 -> ok\n"
                                                                       "p2 2 9 put a 2 -> ok\n"
                                                                       "p3 4 5 get a -> 3\n"
                                                                       "p3 6 7 get a -> 1\n"));
    QVERIFY(verdict.kind == Verdict::violation);
    QCOMPARE(verdict.key, "a");
    QCOMPARE(verdict.operation.value_or(99), std::size_t(2));
    QCOMPARE(verdict.explanation,
             QStringLiteral("key a is not linearizable\n"
                            "  cannot be linearized: line 3: p3 4 5 get a -> 3\n"
                            "  values it could have met: 1\n"
                            "  open at its return: line 2: p2 2 9 put a 2 -> ok\n"
                            "  nothing ever wrote 3\n"));
}

void TestLinearizability::violation_namesTheKeyThatWentWrongFirst()
{
    const LinearizabilityVerdict verdict =
        checkLinearizability(parsed("p 8 9 get a -> 1\np 2 3 get b -> 1\np 4 5 get c -> 1\n"));
    QCOMPARE(verdict.key, "b");
}

/// Puts that all overlap, and reads that see them in an order that cannot be: hard to refute.
static QByteArray puzzle(const QByteArray &key)
{
    QByteArray text;
    for (int i = 0; i < 14; ++i) {
        const QByteArray number = QByteArray::number(i);
        text += 'w' + number + " 0 1000 cas " + key + ' ' + number + ' '
                + QByteArray::number((i + 1) % 14) + " -> ok\n";
        text += 'p' + number + " 0 1000 put " + key + ' ' + number + " -> ok\n";
    }
    return text + "r 2000 2001 get " + key + " -> never\n";
}

void TestLinearizability::check_givesUpWhenItTakesTooLong()
{
    LinearizabilityOptions options;
    options.effortMaxPerKey = 1000;
    const LinearizabilityVerdict verdict = checkLinearizability(parsed(puzzle("a")), options);
    QVERIFY(verdict.kind == Verdict::undecided);
    QCOMPARE(verdict.key, "a");
    QVERIFY(!verdict.operation);
    QVERIFY(verdict.explanation.startsWith(QStringLiteral("key a is undecided: gave up after ")));
    QVERIFY(verdict.statesVisited > 0 && verdict.statesVisited <= 1000);
}

void TestLinearizability::check_findsViolationsBesideUndecidedKeys()
{
    LinearizabilityOptions options;
    options.effortMaxPerKey = 1000;
    const LinearizabilityVerdict verdict =
        checkLinearizability(parsed(puzzle("a") + "p 0 1 get b -> 1\n" + puzzle("c")), options);
    QVERIFY(verdict.kind == Verdict::violation);
    QCOMPARE(verdict.key, "b");
}

void TestLinearizability::random_rightHistoryIsAccepted()
{
    SeededRandom random(announcedSeed());
    for (int round = 0; round < 300; ++round) {
        GeneratorOptions options;
        options.operations = static_cast<int>(1 + random.below(150));
        options.keys = static_cast<int>(1 + random.below(4));
        options.values = static_cast<int>(1 + random.below(20));
        options.spread = static_cast<int>(random.below(80));
        options.readChance = static_cast<int>(random.below(90));
        options.unknownChance = static_cast<int>(random.below(30));
        const History history = HistoryGenerator(random, options).generate();
        const LinearizabilityVerdict verdict = checkLinearizability(history);
        QVERIFY2(verdict.isOk(), qPrintable(verdict.explanation) + history.toText());
    }
}

void TestLinearizability::random_verdictIsThatOfEnumeration()
{
    SeededRandom random(announcedSeed());
    const int rounds = std::max(qEnvironmentVariableIntValue("COFFER_ROUNDS"), 20'000);
    int violations = 0;
    for (int round = 0; round < rounds; ++round) {
        GeneratorOptions options;
        options.operations = static_cast<int>(2 + random.below(5));
        options.keys = static_cast<int>(1 + random.below(2));
        options.values = static_cast<int>(2 + random.below(2));
        options.spread = static_cast<int>(random.below(40));
        options.readChance = 40;
        options.unknownChance = 20;
        options.weakReadChance = 5;
        options.revisionChance = 0;
        const History history = mutated(HistoryGenerator(random, options).generate(), random);
        const LinearizabilityVerdict verdict = checkLinearizability(history);
        const bool isOk = Enumeration(history).isLinearizable();
        QVERIFY2(verdict.isOk() == isOk && verdict.kind != Verdict::undecided,
                 (isOk ? "is linearizable:\n" : "is not linearizable:\n") + history.toText());
        violations += isOk ? 0 : 1;
        if (isOk)
            continue;
        // The operation named ends the smallest bad prefix: without it, and what came later, the
        // history is fine.
        const Operation &stuck = history.operations()[*verdict.operation];
        History prefix;
        for (Operation operation : history.operations()) {
            if (operation.key != verdict.key || operation.called > *stuck.returned)
                continue;
            const bool isLater = operation.returned >= stuck.returned;
            if (isLater && operation.outcome != Operation::Outcome::failed) {
                operation.outcome = Operation::Outcome::unknown;
                operation.returned.reset();
                operation.seen.reset();
            }
            prefix.append(operation);
        }
        QVERIFY2(Enumeration(prefix).isLinearizable(), history.toText());
    }
    qInfo("%d of %d mutated histories are not linearizable", violations, rounds);
    QVERIFY(violations > rounds / 20);
}

void TestLinearizability::check_copesWithManyOperations_data()
{
    QTest::addColumn<int>("keys");
    QTest::addColumn<int>("values");
    QTest::addColumn<int>("readChance");
    QTest::addColumn<int>("unknownChance");
    QTest::newRow("five keys") << 5 << 1000 << 50 << 2;
    QTest::newRow("one key") << 1 << 1000 << 50 << 2;
    QTest::newRow("one key, mostly writes") << 1 << 1000 << 10 << 1;
    QTest::newRow("one key, few values") << 1 << 3 << 50 << 2;
    QTest::newRow("one key, many unknown") << 1 << 1000 << 30 << 6;
}

void TestLinearizability::check_copesWithManyOperations()
{
    QFETCH(const int, keys);
    SeededRandom random(announcedSeed());
    GeneratorOptions options;
    options.operations = 10'000;
    options.keys = keys;
    QFETCH(const int, values);
    options.values = values;
    QFETCH(const int, readChance);
    options.readChance = readChance;
    QFETCH(const int, unknownChance);
    options.unknownChance = unknownChance;
    options.weakReadChance = 0;
    options.spread = 40; // About eight operations overlap.
    const History history = HistoryGenerator(random, options).generate();
    QElapsedTimer timer;
    timer.start();
    const LinearizabilityVerdict verdict = checkLinearizability(history);
    qInfo("%lld ms, %llu states", timer.elapsed(),
          static_cast<unsigned long long>(verdict.statesVisited));
    QVERIFY2(verdict.isOk(), qPrintable(verdict.explanation));
}

void TestLinearizability::check_copesWithAWrongEnd()
{
    SeededRandom random(announcedSeed());
    GeneratorOptions options;
    options.operations = 10'000;
    options.keys = 1;
    options.values = 1000;
    options.readChance = 30;
    options.unknownChance = 0;
    options.weakReadChance = 0;
    options.spread = 40;
    const QByteArray text = HistoryGenerator(random, options).generate().toText();
    QElapsedTimer timer;
    timer.start();
    const LinearizabilityVerdict verdict =
        checkLinearizability(parsed(text + "p 9000000 9000001 get k0 -> never\n"));
    qInfo("%lld ms, %llu states", timer.elapsed(),
          static_cast<unsigned long long>(verdict.statesVisited));
    QVERIFY(verdict.kind == Verdict::violation);
    QCOMPARE(verdict.operation.value_or(0), std::size_t(10'000));
}

void TestLinearizability::check_copesWithManyOpenWrites()
{
    QByteArray text;
    for (int i = 0; i < 300; ++i) {
        const QByteArray number = QByteArray::number(i);
        text += 'p' + number + " 0 1000 put a " + number + " -> ok\n";
    }
    const LinearizabilityVerdict good = checkLinearizability(
        parsed(text + "r 10 11 get a -> 7\nr 12 13 get a -> 5\nr 1001 1002 get a -> 250\n"));
    QVERIFY2(good.isOk(), qPrintable(good.explanation));
    const LinearizabilityVerdict bad = checkLinearizability(
        parsed(text + "r 10 11 get a -> 7\nr 12 13 get a -> 5\nr 1001 1002 get a -> 7\n"));
    QVERIFY(bad.kind == Verdict::violation);
}

void TestLinearizability::check_copesWithManyUnknownWrites()
{
    QByteArray text;
    for (int i = 0; i < 300; ++i)
        text += 'p' + QByteArray::number(i) + " 0 - put a " + QByteArray::number(i % 30)
                + " -> unknown\n";
    for (int i = 0; i < 299; ++i)
        text += "r " + QByteArray::number(10 * i) + ' ' + QByteArray::number(10 * i + 1)
                + " get a -> " + QByteArray::number(i % 30) + '\n';
    QVERIFY(checkLinearizability(parsed(text)).isOk());
    // Each of the 30 values was written ten times; the tenth 29 is still unused, an eleventh 0 not.
    text += "r 5000 5001 get a -> 29\n";
    QVERIFY(checkLinearizability(parsed(text)).isOk());
    text += "r 5002 5003 get a -> 0\n";
    QVERIFY(checkLinearizability(parsed(text)).kind == Verdict::violation);
}

QTEST_APPLESS_MAIN(TestLinearizability)
#include "tst_linearizability.moc"
