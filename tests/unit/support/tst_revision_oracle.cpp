// SPDX-License-Identifier: Apache-2.0
#include "support/revision_oracle.h"

#include "unit/support/history_generator.h"

#include <QTest>

#include <algorithm>

using namespace coffer;
using namespace coffer::test;

// Most rules are shown by the files in tests/support/histories, which tst_linearizability judges.

namespace {

using Rule = RevisionViolation::Rule;

History parsed(const QByteArray &text)
{
    const Result<History> history = History::parse(text);
    if (!history)
        qFatal("%s", qPrintable(history.error().message));
    return *history;
}

History fromOperations(const std::vector<Operation> &operations)
{
    History history;
    for (const Operation &operation : operations)
        history.append(operation);
    return history;
}

/// A right history in which every write that took effect is numbered.
std::vector<Operation> numberedOperations(Random &random)
{
    GeneratorOptions options;
    options.operations = static_cast<int>(20 + random.below(60));
    options.unknownChance = 0;
    options.revisionChance = 100;
    return HistoryGenerator(random, options).generate().operations();
}

bool isAnsweredGet(const Operation &operation)
{
    return operation.kind == Operation::Kind::get && operation.outcome == Operation::Outcome::ok;
}

} // namespace

class TestRevisionOracle : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void violation_isExplained();
    void ruleName_isWhatTheFormatCallsIt();
    void unnumberedWrite_explainsOneAppearance();
    void unnumberedWrites_areGivenToTheAppearancesTheyFit();
    void refusal_isExplainedByAnUnnumberedWrite();
    void check_ignoresWhatNamesNoRevision();
    void random_rightHistoryIsAccepted();
    void random_changedValueIsFound();
    void random_repeatedRevisionIsFound();
    void random_writeBelowAnEarlierAnswerIsFound();
};

void TestRevisionOracle::violation_isExplained()
{
    const std::optional<RevisionViolation> violation =
        checkRevisions(parsed("p1 0 1 put a 1 -> ok rev=1\n"
                              "p1 2 3 put a 2 -> ok rev=3\n"
                              "p2 4 5 get a local -> 2 rev=2\n"));
    QVERIFY(violation);
    QVERIFY(violation->rule == Rule::content);
    QCOMPARE(violation->operation, std::size_t(2));
    QCOMPARE(violation->explanation,
             QStringLiteral("an answer about revision 2 does not fit the last write\n"
                            "  answer: line 3: p2 4 5 get a local -> 2 rev=2\n"
                            "  last write known: line 1: p1 0 1 put a 1 -> ok rev=1\n"
                            "  and no write of unknown revision can explain it\n"));
}

void TestRevisionOracle::ruleName_isWhatTheFormatCallsIt()
{
    QCOMPARE(ruleName(Rule::duplicate), QStringLiteral("duplicate"));
    QCOMPARE(ruleName(Rule::realTime), QStringLiteral("real-time"));
    QCOMPARE(ruleName(Rule::session), QStringLiteral("session"));
    QCOMPARE(ruleName(Rule::content), QStringLiteral("content"));
    QCOMPARE(ruleName(Rule::invented), QStringLiteral("invented"));
}

void TestRevisionOracle::unnumberedWrite_explainsOneAppearance()
{
    // Seen at 4, overwritten at 6, seen again at 8.
    const QByteArray text = "w 0 9 put a 6 -> ok rev=6\n"
                            "r 0 9 get a local -> 1 rev=4\n"
                            "r 0 9 get a local -> 6 rev=7\n"
                            "r 0 9 get a local -> 1 rev=8\n";
    for (const char *outcome : {"ok", "unknown"}) {
        const QByteArray put = QByteArray("x 0 9 put a 1 -> ") + outcome + '\n';
        QVERIFY(checkRevisions(parsed(text + put)));
        QVERIFY(!checkRevisions(parsed(text + put + put)));
    }
    QVERIFY(checkRevisions(parsed(text + "x 0 9 put a 1 -> fail\nx 0 9 put a 1 -> fail\n")));
}

void TestRevisionOracle::unnumberedWrites_areGivenToTheAppearancesTheyFit()
{
    // The put called at 5 can only explain the sight that returned at 9.
    const QByteArray text = "w 0 9 put a 6 -> ok rev=6\n"
                            "r 0 3 get a local -> 1 rev=8\n"
                            "r 0 9 get a local -> 1 rev=4\n";
    const QByteArray early = "x 0 - put a 1 -> unknown\n";
    const QByteArray late = "x 5 - put a 1 -> unknown\n";
    QVERIFY(!checkRevisions(parsed(text + early + early)));
    // Revision 8 was answered at 3, so a put called at 5 has a revision above it.
    QVERIFY(checkRevisions(parsed(text + early + late)));
    const QByteArray later = "w 0 9 put a 6 -> ok rev=6\n"
                             "r 0 9 get a local -> 1 rev=8\n"
                             "r 0 3 get a local -> 1 rev=4\n";
    QVERIFY(!checkRevisions(parsed(later + early + late)));
    QVERIFY(checkRevisions(parsed(later + late + late)));
}

void TestRevisionOracle::refusal_isExplainedByAnUnnumberedWrite()
{
    const QByteArray text = "w 0 1 put a 1 -> ok rev=1\nw 2 9 cas a 1 2 -> mismatch rev=3\n";
    QVERIFY(checkRevisions(parsed(text)));
    QVERIFY(checkRevisions(parsed(text + "x 2 - put a 1 -> unknown\n")));
    QVERIFY(checkRevisions(parsed(text + "x 10 - put a 7 -> unknown\n")));
    QVERIFY(!checkRevisions(parsed(text + "x 2 - put a 7 -> unknown\n")));
    QVERIFY(!checkRevisions(parsed(text + "x 2 - del a -> unknown\n")));
    const QByteArray neighbours = "w 2 9 put b 1 -> ok rev=2\nw 2 9 put b 2 -> ok rev=3\n";
    QVERIFY(checkRevisions(parsed(text + neighbours + "x 2 - put a 7 -> unknown\n")));
}

void TestRevisionOracle::check_ignoresWhatNamesNoRevision()
{
    QVERIFY(!checkRevisions(parsed("")));
    QVERIFY(!checkRevisions(parsed("p 0 1 get a -> 1\np 2 3 get a -> absent\n")));
    QVERIFY(!checkRevisions(parsed("p 0 1 put a 1 -> ok\np 2 3 get a session -> absent\n")));
    QVERIFY(!checkRevisions(parsed("p 0 9 put a 1 -> unknown\nq 2 3 get a local -> 1\n")));
}

void TestRevisionOracle::random_rightHistoryIsAccepted()
{
    SeededRandom random(announcedSeed());
    for (int round = 0; round < 500; ++round) {
        GeneratorOptions options;
        options.operations = static_cast<int>(1 + random.below(120));
        options.keys = static_cast<int>(1 + random.below(4));
        options.values = static_cast<int>(1 + random.below(10));
        options.spread = static_cast<int>(random.below(80));
        options.unknownChance = static_cast<int>(random.below(30));
        options.weakReadChance = static_cast<int>(random.below(80));
        options.revisionChance = random.below(2) == 0 ? 100 : 60;
        const History history = HistoryGenerator(random, options).generate();
        const std::optional<RevisionViolation> violation = checkRevisions(history);
        const QString explanation = violation ? violation->explanation : QString();
        QVERIFY2(!violation, qPrintable(explanation) + history.toText());
    }
}

void TestRevisionOracle::random_changedValueIsFound()
{
    SeededRandom random(announcedSeed());
    for (int round = 0; round < 300; ++round) {
        std::vector<Operation> operations = numberedOperations(random);
        Operation &operation = operations[random.below(operations.size())];
        if (!isAnsweredGet(operation))
            continue;
        const QByteArray other = QByteArray::number(random.below(4));
        operation.seen = operation.seen == other ? std::nullopt : std::optional(other);
        const History history = fromOperations(operations);
        const std::optional<RevisionViolation> violation = checkRevisions(history);
        QVERIFY2(violation && violation->rule == Rule::content, history.toText());
    }
}

void TestRevisionOracle::random_repeatedRevisionIsFound()
{
    SeededRandom random(announcedSeed());
    for (int round = 0; round < 300; ++round) {
        std::vector<Operation> operations = numberedOperations(random);
        Operation &one = operations[random.below(operations.size())];
        const Operation &other = operations[random.below(operations.size())];
        if (!one.isDone() || !other.isDone() || &one == &other)
            continue;
        one.revision = other.revision;
        const History history = fromOperations(operations);
        const std::optional<RevisionViolation> violation = checkRevisions(history);
        QVERIFY2(violation && violation->rule == Rule::duplicate, history.toText());
    }
}

void TestRevisionOracle::random_writeBelowAnEarlierAnswerIsFound()
{
    SeededRandom random(announcedSeed());
    for (int round = 0; round < 300; ++round) {
        std::vector<Operation> operations = numberedOperations(random);
        const Operation &earlier = operations[random.below(operations.size())];
        if (!earlier.revision)
            continue;
        Operation write;
        write.process = "late";
        write.called = *earlier.returned + 1;
        write.returned = write.called + random.below(50);
        write.kind = Operation::Kind::put;
        write.key = "other";
        write.newValue = "1";
        write.outcome = Operation::Outcome::ok;
        write.revision = *earlier.revision;
        if (write.revision == 0)
            continue;
        const bool isTaken =
            std::any_of(operations.begin(), operations.end(), [&](const Operation &operation) {
                return operation.isDone() && operation.revision == write.revision;
            });
        operations.push_back(write);
        const History history = fromOperations(operations);
        const std::optional<RevisionViolation> violation = checkRevisions(history);
        QVERIFY2(violation && violation->rule == (isTaken ? Rule::duplicate : Rule::realTime),
                 history.toText());
    }
}

QTEST_APPLESS_MAIN(TestRevisionOracle)
#include "tst_revision_oracle.moc"
