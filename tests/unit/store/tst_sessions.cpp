// SPDX-License-Identifier: Apache-2.0
#include "store/limits.h"
#include "store/sessions.h"

#include <QTest>

using namespace coffer;
using namespace coffer::store;
using namespace std::chrono_literals;

class TestSessions : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void open_isAnsweredAgainWhileItLives();
    void open_refusesATakenNonce();
    void open_neverUsesAnIdAgain();
    void open_isRefusedAboveTheLimit();
    void admit_knowsNoSession();
    void admit_answersAKeptOutcome();
    void admit_refusesWhatIsAcknowledged();
    void admit_boundsTheWindow();
    void admit_boundsTheWindowAtTheLastSequence();
    void admit_neverTakesAnAcknowledgementBack();
    void end_forgetsEverything();
    void takeChanges_followsOutcomes();
};

static const OpenSession command{7, 10s};

static Origin originOf(SessionId session, std::uint64_t sequence, std::uint64_t acknowledged = 0)
{
    return {session, Sequence(sequence), Sequence(acknowledged)};
}

static bool isFresh(const Sessions::Admission &admission)
{
    return std::holds_alternative<Sessions::Fresh>(admission);
}

static bool isRefused(const Sessions::Admission &admission, Status status)
{
    const auto *refusal = std::get_if<Status>(&admission);
    return refusal != nullptr && *refusal == status;
}

static bool isAnswered(const Sessions::Admission &admission, const Answer &answer)
{
    const auto *kept = std::get_if<Answer>(&admission);
    return kept != nullptr && *kept == answer;
}

static Answer answerOf(std::uint64_t revision)
{
    return {.status = Status::ok, .isChanged = true, .revision = Revision(revision)};
}

void TestSessions::open_isAnsweredAgainWhileItLives()
{
    Sessions sessions;
    const Answer first = sessions.open(command, Revision(5));
    QCOMPARE(first.status, Status::ok);
    QCOMPARE(first.revision, Revision(5));
    QCOMPARE(sessions.open(command, Revision(9)), first);
    QCOMPARE(sessions.all().size(), 1U);
}

void TestSessions::open_refusesATakenNonce()
{
    Sessions sessions;
    static_cast<void>(sessions.open(command, Revision(5)));
    QCOMPARE(sessions.open({7, 11s}, Revision(9)).status, Status::nonceTaken);
    QVERIFY(sessions.open({8, 11s}, Revision(9)).session == SessionId(2));
}

void TestSessions::open_neverUsesAnIdAgain()
{
    Sessions sessions;
    const SessionId first = sessions.open(command, Revision()).session;
    QVERIFY(sessions.end(first));
    const SessionId second = sessions.open(command, Revision()).session;
    QVERIFY(second > first);
    QVERIFY(isRefused(sessions.admit(originOf(first, 1)), Status::sessionGone));
}

void TestSessions::open_isRefusedAboveTheLimit()
{
    Sessions sessions;
    for (std::uint64_t nonce = 1; nonce <= limits::sessionsMax; ++nonce)
        QCOMPARE(sessions.open({nonce, 11s}, Revision()).status, Status::ok);
    QCOMPARE(sessions.open({limits::sessionsMax + 1, 11s}, Revision()).status,
             Status::limitReached);
    QCOMPARE(sessions.open({1, 11s}, Revision()).status, Status::ok); // a repeat
    QVERIFY(sessions.end(SessionId(1)));
    QCOMPARE(sessions.open({limits::sessionsMax + 1, 11s}, Revision()).status, Status::ok);
}

void TestSessions::admit_knowsNoSession()
{
    Sessions sessions;
    QVERIFY(isRefused(sessions.admit(originOf(SessionId(1), 1)), Status::sessionGone));
}

void TestSessions::admit_answersAKeptOutcome()
{
    Sessions sessions;
    const SessionId session = sessions.open(command, Revision()).session;
    QVERIFY(isFresh(sessions.admit(originOf(session, 2))));
    sessions.keep(originOf(session, 2), answerOf(20));
    QVERIFY(isFresh(sessions.admit(originOf(session, 1))));
    sessions.keep(originOf(session, 1), answerOf(10));
    QVERIFY(isAnswered(sessions.admit(originOf(session, 1)), answerOf(10)));
    QVERIFY(isAnswered(sessions.admit(originOf(session, 2)), answerOf(20)));
    QVERIFY(isFresh(sessions.admit(originOf(session, 3))));
}

void TestSessions::admit_refusesWhatIsAcknowledged()
{
    Sessions sessions;
    const SessionId session = sessions.open(command, Revision()).session;
    for (const std::uint64_t sequence : {1, 2, 3})
        sessions.keep(originOf(session, sequence), answerOf(sequence));
    QVERIFY(isFresh(sessions.admit(originOf(session, 4, 2))));
    QVERIFY(isRefused(sessions.admit(originOf(session, 1)), Status::sequenceOld));
    QVERIFY(isRefused(sessions.admit(originOf(session, 2)), Status::sequenceOld));
    QVERIFY(isAnswered(sessions.admit(originOf(session, 3)), answerOf(3)));
    QCOMPARE(sessions.find(session)->outcomes.size(), 1U);
}

void TestSessions::admit_boundsTheWindow()
{
    constexpr std::uint64_t window = limits::sessionOutstandingMax;
    Sessions sessions;
    const SessionId session = sessions.open(command, Revision()).session;
    QVERIFY(isFresh(sessions.admit(originOf(session, window))));
    QVERIFY(isRefused(sessions.admit(originOf(session, window + 1)), Status::sequenceAhead));
    QVERIFY(isFresh(sessions.admit(originOf(session, window + 1, 1))));
    QVERIFY(isRefused(sessions.admit(originOf(session, window + 2)), Status::sequenceAhead));
}

void TestSessions::admit_boundsTheWindowAtTheLastSequence()
{
    Sessions sessions;
    const SessionId session = sessions.open(command, Revision()).session;
    QVERIFY(isRefused(sessions.admit(originOf(session, UINT64_MAX)), Status::sequenceAhead));
    QVERIFY(isFresh(sessions.admit(originOf(session, UINT64_MAX, UINT64_MAX - 1))));
    QVERIFY(isRefused(sessions.admit(originOf(session, 1)), Status::sequenceOld));
}

void TestSessions::admit_neverTakesAnAcknowledgementBack()
{
    Sessions sessions;
    const SessionId session = sessions.open(command, Revision()).session;
    QVERIFY(isFresh(sessions.admit(originOf(session, 10, 9))));
    QVERIFY(isFresh(sessions.admit(originOf(session, 11, 3))));
    QCOMPARE(sessions.find(session)->acknowledged, Sequence(9));
    // Refused as it is, it still tells what the client knows.
    QVERIFY(isRefused(sessions.admit(originOf(session, 500, 20)), Status::sequenceAhead));
    QCOMPARE(sessions.find(session)->acknowledged, Sequence(20));
}

void TestSessions::end_forgetsEverything()
{
    Sessions sessions;
    const SessionId session = sessions.open(command, Revision()).session;
    sessions.keep(originOf(session, 1), answerOf(1));
    QVERIFY(sessions.hash() != Hash128());
    QVERIFY(sessions.end(session));
    QVERIFY(!sessions.end(session));
    QCOMPARE(sessions.hash(), Hash128());
    sessions.keep(originOf(session, 2), answerOf(2));
    QCOMPARE(sessions.hash(), Hash128());
}

void TestSessions::takeChanges_followsOutcomes()
{
    Sessions sessions;
    const SessionId session = sessions.open(command, Revision()).session;
    sessions.keep(originOf(session, 2), answerOf(2));
    sessions.keep(originOf(session, 1), answerOf(1));
    std::vector<Row> rows;
    sessions.takeChanges(rows);
    QCOMPARE(rows.size(), 3U);
    QCOMPARE(rows[0].table, Table::sessions);
    QCOMPARE(*rows[1].value, encode(answerOf(1)));
    QCOMPARE(*rows[2].value, encode(answerOf(2)));

    rows.clear();
    static_cast<void>(sessions.admit(originOf(session, 3, 1)));
    sessions.takeChanges(rows);
    QCOMPARE(rows.size(), 2U);
    QVERIFY(rows[0].value && !rows[1].value);
}

QTEST_APPLESS_MAIN(TestSessions)
#include "tst_sessions.moc"
