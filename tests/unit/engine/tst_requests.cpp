// SPDX-License-Identifier: Apache-2.0
#include "engine/requests.h"

#include "unit/engine/fake_host.h"

#include <QtTest>

using namespace coffer;
using namespace coffer::engine;
using coffer::test::FakeHost;

class TestRequests : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void unsent_isUnavailable();
    void unsent_isUnavailableWhenNobodyWaitsAnyMore();
    void command_isSentToTheLeaderOfThatRun();
    void unrepeatable_isSentOnce();
    void unrepeatable_isUnknownWhenTheLeaderChanges();
    void unrepeatable_isUnknownWhenTheLeaderRestarts();
    void unrepeatable_isSentAgainAfterNotLeader();
    void repeatable_isSentAgainWithoutAnAnswer();
    void repeatable_followsTheLeader();
    void repeatable_isUnknownAtTheDeadline();
    void refused_isRefused();
    void unknownReply_isUnknownUnlessRepeatable();
    void answer_isGivenOnce();
    void flush_sendsWhatWaitsToANewLeaderAtOnce();
    void answer_ofAnotherNodeIsIgnored();
    void answer_toAnEarlierTryIsIgnored();

private:
    void add(bool isRepeatable);
    void pass(int milliseconds);
    [[nodiscard]] const Request &sent(std::size_t index) const;
    void reply(std::uint64_t from, std::uint64_t id, ReplyStatus status);
    [[nodiscard]] ErrorCode error() const { return m_answers.at(0).error().code; }

    std::unique_ptr<FakeHost> m_host;
    std::unique_ptr<Requests> m_requests;
    std::vector<Result<Answer>> m_answers;
};

void TestRequests::init()
{
    m_requests.reset();
    m_answers.clear();
    m_host = std::make_unique<FakeHost>();
    m_host->makeReplica();
    m_requests = std::make_unique<Requests>(*m_host, [](const Request &) {});
}

void TestRequests::add(bool isRepeatable)
{
    Request request;
    request.command = "a=1";
    m_requests->add(request, isRepeatable,
                    [this](Result<Answer> result) { m_answers.push_back(std::move(result)); });
    m_requests->flush();
}

void TestRequests::pass(int milliseconds)
{
    for (int i = 0; i < milliseconds; i += 20) {
        m_host->clock.advance(Monotonic(20'000));
        m_requests->tick();
    }
}

const Request &TestRequests::sent(std::size_t index) const
{
    return std::get<Request>(m_host->sent.at(index).second);
}

void TestRequests::reply(std::uint64_t from, std::uint64_t id, ReplyStatus status)
{
    m_requests->receive(NodeId(from), {id, status, Slot(5), "ok", QStringLiteral("why")});
}

void TestRequests::unsent_isUnavailable()
{
    add(false);
    pass(4900);
    QVERIFY(m_answers.empty());
    pass(200);
    QCOMPARE(m_answers.size(), 1U);
    QCOMPARE(error(), ErrorCode::unavailable); // it never left: definitely not done
}

void TestRequests::unsent_isUnavailableWhenNobodyWaitsAnyMore()
{
    const auto note = [this](Result<Answer> result) { m_answers.push_back(std::move(result)); };
    const auto after = [this](int milliseconds) {
        return m_host->now() + std::chrono::milliseconds(milliseconds);
    };
    m_requests->add(Request(), true, note, after(1'000));
    m_requests->add(Request(), true, note, after(60'000)); // later than usual does not count
    m_requests->flush();
    pass(900);
    QVERIFY(m_answers.empty());
    pass(200);
    QCOMPARE(m_answers.size(), 1U);
    QCOMPARE(error(), ErrorCode::unavailable);
    pass(4'000);
    QCOMPARE(m_answers.size(), 2U);
}

void TestRequests::command_isSentToTheLeaderOfThatRun()
{
    m_host->hearLeader(NodeId(2), 1, RunId(42));
    add(false);
    QCOMPARE(m_host->sent.size(), 1U);
    QCOMPARE(m_host->sent[0].first, NodeId(2));
    QCOMPARE(sent(0).leaderRun, RunId(42));
    reply(2, sent(0).id, ReplyStatus::done);
    QVERIFY(m_answers.at(0).has_value());
    QCOMPARE(m_answers[0]->slot, Slot(5));
}

void TestRequests::unrepeatable_isSentOnce()
{
    m_host->hearLeader(NodeId(2), 1);
    add(false);
    pass(5100);
    QCOMPARE(m_host->sent.size(), 1U);
    QCOMPARE(m_answers.size(), 1U);
    QCOMPARE(error(), ErrorCode::unknown);
}

void TestRequests::unrepeatable_isUnknownWhenTheLeaderChanges()
{
    m_host->hearLeader(NodeId(2), 1);
    add(false);
    m_host->hearLeader(NodeId(3), 2);
    pass(40);
    QCOMPARE(m_host->sent.size(), 1U);
    QCOMPARE(m_answers.size(), 1U);
    QCOMPARE(error(), ErrorCode::unknown);
}

void TestRequests::unrepeatable_isUnknownWhenTheLeaderRestarts()
{
    m_host->hearLeader(NodeId(2), 1, RunId(1));
    add(false);
    m_host->hearLeader(NodeId(2), 2, RunId(2)); // it has forgotten the request
    pass(40);
    QCOMPARE(m_host->sent.size(), 1U);
    QCOMPARE(m_answers.size(), 1U);
    QCOMPARE(error(), ErrorCode::unknown);
}

void TestRequests::unrepeatable_isSentAgainAfterNotLeader()
{
    m_host->hearLeader(NodeId(2), 1);
    add(false);
    reply(2, sent(0).id, ReplyStatus::notLeader); // definitely not done
    m_host->hearLeader(NodeId(3), 2);
    pass(60);
    QCOMPARE(m_host->sent.size(), 2U);
    QCOMPARE(m_host->sent[1].first, NodeId(3));
    QVERIFY(sent(1).id != sent(0).id);
    reply(3, sent(1).id, ReplyStatus::busy);
    pass(5100);
    QVERIFY(m_host->sent.size() >= 3U); // busy is "not done" too
}

void TestRequests::repeatable_isSentAgainWithoutAnAnswer()
{
    m_host->hearLeader(NodeId(2), 1);
    add(true);
    pass(600);
    QCOMPARE(m_host->sent.size(), 2U);
    QCOMPARE(m_host->sent[1].first, NodeId(2));
}

void TestRequests::repeatable_followsTheLeader()
{
    m_host->hearLeader(NodeId(2), 1);
    add(true);
    m_host->hearLeader(NodeId(3), 2);
    pass(40);
    QCOMPARE(m_host->sent.size(), 2U);
    QCOMPARE(m_host->sent[1].first, NodeId(3));
    QVERIFY(m_answers.empty());
}

void TestRequests::repeatable_isUnknownAtTheDeadline()
{
    m_host->hearLeader(NodeId(2), 1);
    add(true);
    pass(5100);
    QCOMPARE(m_answers.size(), 1U);
    QCOMPARE(error(), ErrorCode::unknown); // any try may have been carried out
}

void TestRequests::refused_isRefused()
{
    m_host->hearLeader(NodeId(2), 1);
    add(false);
    reply(2, sent(0).id, ReplyStatus::refused);
    QCOMPARE(error(), ErrorCode::refused);
    QCOMPARE(m_answers[0].error().message, QStringLiteral("why"));
}

void TestRequests::unknownReply_isUnknownUnlessRepeatable()
{
    m_host->hearLeader(NodeId(2), 1);
    add(false);
    add(true);
    reply(2, sent(0).id, ReplyStatus::unknown);
    reply(2, sent(1).id, ReplyStatus::unknown);
    QCOMPARE(m_answers.size(), 1U);
    QCOMPARE(error(), ErrorCode::unknown);
    pass(60);
    QCOMPARE(m_host->sent.size(), 3U); // the repeatable one, again
}

void TestRequests::answer_isGivenOnce()
{
    m_host->hearLeader(NodeId(2), 1);
    add(true);
    reply(2, sent(0).id, ReplyStatus::done);
    reply(2, sent(0).id, ReplyStatus::done);
    pass(6000);
    QCOMPARE(m_answers.size(), 1U);
}

void TestRequests::flush_sendsWhatWaitsToANewLeaderAtOnce()
{
    add(true);
    QVERIFY(m_host->sent.empty());
    m_host->hearLeader(NodeId(2), 1);
    m_requests->flush(); // no tick, and no time has passed
    QCOMPARE(m_host->sent.size(), std::size_t(1));
    QCOMPARE(m_host->sent[0].first, NodeId(2));
}

void TestRequests::answer_ofAnotherNodeIsIgnored()
{
    m_host->hearLeader(NodeId(2), 1);
    add(false);
    reply(3, sent(0).id, ReplyStatus::done);
    reply(2, sent(0).id + 1, ReplyStatus::done);
    QVERIFY(m_answers.empty());
}

void TestRequests::answer_toAnEarlierTryIsIgnored()
{
    m_host->hearLeader(NodeId(2), 1);
    add(true);
    pass(600);
    QCOMPARE(m_host->sent.size(), 2U);
    reply(2, sent(0).id, ReplyStatus::refused);
    QVERIFY(m_answers.empty());
    reply(2, sent(1).id, ReplyStatus::done);
    QVERIFY(m_answers.at(0).has_value());
}

QTEST_APPLESS_MAIN(TestRequests)
#include "tst_requests.moc"
