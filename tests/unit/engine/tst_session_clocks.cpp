// SPDX-License-Identifier: Apache-2.0
#include "engine/session_clocks.h"

#include "unit/engine/fake_host.h"

#include <QtTest>

using namespace coffer;
using namespace coffer::engine;
using coffer::test::FakeHost;

class TestSessionClocks : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void session_outlivesItsTimeToLive();
    void session_isEndedOnce();
    void end_carriesTheTenure();
    void renew_grantsAFullPeriod();
    void renew_refusesAnUnknownSession();
    void renew_refusesAnEndingSession();
    void newLeader_grantsAFullPeriod();
    void stall_endsNothing();
    void closed_isForgotten();

private:
    /// Advances in steps of one heartbeat; returns what ended.
    std::vector<QByteArray> pass(int milliseconds);

    std::unique_ptr<FakeHost> m_host;
    std::unique_ptr<SessionClocks> m_clocks;
};

void TestSessionClocks::init()
{
    m_clocks.reset();
    m_host = std::make_unique<FakeHost>();
    m_host->machine.setSessions({{SessionId(9), std::chrono::milliseconds(1000)}});
    m_clocks = std::make_unique<SessionClocks>(*m_host);
    QVERIFY(m_clocks->advance(Slot(3)).empty());
}

std::vector<QByteArray> TestSessionClocks::pass(int milliseconds)
{
    std::vector<QByteArray> ended;
    for (int i = 0; i < milliseconds; i += 20) {
        m_host->clock.advance(Monotonic(20'000));
        for (QByteArray &command : m_clocks->advance(Slot(3)))
            ended.push_back(std::move(command));
    }
    return ended;
}

void TestSessionClocks::session_outlivesItsTimeToLive()
{
    QVERIFY(pass(980).empty());
    QCOMPARE(pass(100).size(), 1U);
}

void TestSessionClocks::session_isEndedOnce()
{
    QCOMPARE(pass(1100).size(), 1U);
    QVERIFY(m_clocks->isEnding(SessionId(9)));
    QVERIFY(pass(3000).empty());
}

void TestSessionClocks::end_carriesTheTenure()
{
    QCOMPARE(pass(1100).at(0), QByteArray("end 9 tenure 3"));
}

void TestSessionClocks::renew_grantsAFullPeriod()
{
    QVERIFY(pass(900).empty());
    QVERIFY(m_clocks->renew(SessionId(9)));
    QVERIFY(pass(1000).empty());
    QCOMPARE(pass(200).size(), 1U);
}

void TestSessionClocks::renew_refusesAnUnknownSession()
{
    QVERIFY(!m_clocks->renew(SessionId(10)));
    QVERIFY(!m_clocks->renew(SessionId()));
}

void TestSessionClocks::renew_refusesAnEndingSession()
{
    QCOMPARE(pass(1100).size(), 1U);
    QVERIFY(!m_clocks->renew(SessionId(9))); // its end is under way and cannot be called back
}

void TestSessionClocks::newLeader_grantsAFullPeriod()
{
    QVERIFY(pass(900).empty());
    m_clocks->stop();
    QVERIFY(pass(1000).empty());
    QCOMPARE(pass(100).size(), 1U);
}

void TestSessionClocks::stall_endsNothing()
{
    m_host->clock.advance(Monotonic(60'000'000)); // the leader itself stood still
    QVERIFY(m_clocks->advance(Slot(3)).empty());
    QVERIFY(pass(900).empty());
}

void TestSessionClocks::closed_isForgotten()
{
    QCOMPARE(pass(1100).size(), 1U);
    m_host->machine.setSessions({});
    QVERIFY(pass(100).empty());
    QVERIFY(!m_clocks->isEnding(SessionId(9)));
    QVERIFY(!m_clocks->renew(SessionId(9)));
}

QTEST_APPLESS_MAIN(TestSessionClocks)
#include "tst_session_clocks.moc"
