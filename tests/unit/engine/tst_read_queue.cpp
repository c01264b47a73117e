// SPDX-License-Identifier: Apache-2.0
#include "engine/read_queue.h"

#include "unit/engine/fake_host.h"

#include <QtTest>

using namespace coffer;
using namespace coffer::engine;
using coffer::test::FakeHost;

class TestReadQueue : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void linearizable_waitsForTheIndex();
    void linearizable_waitsUntilTheIndexIsApplied();
    void linearizable_sharesOneIndex();
    void linearizable_ofALateArrivalNeedsALaterIndex();
    void failedIndex_isUnavailableNeverUnknown();
    void session_waitsForWhatWasSeen();
    void session_isUnavailableWhenItWaitsTooLong();
    void local_isAnsweredAtOnce();
    void nodeWithoutACluster_answersNothing();

private:
    void add(ReadMode mode, std::uint64_t seen = 0);
    void giveIndex(std::size_t ask, std::uint64_t slot);

    std::unique_ptr<FakeHost> m_host;
    std::unique_ptr<ReadQueue> m_reads;
    std::vector<Engine::Done> m_asks;
    std::vector<Result<Answer>> m_answers;
};

void TestReadQueue::init()
{
    m_reads.reset();
    m_asks.clear();
    m_answers.clear();
    m_host = std::make_unique<FakeHost>();
    m_host->makeReplica();
    m_host->machine.setApplied(Slot(5));
    m_reads = std::make_unique<ReadQueue>(
        *m_host, [this](Engine::Done done) { m_asks.push_back(std::move(done)); });
}

void TestReadQueue::add(ReadMode mode, std::uint64_t seen)
{
    m_reads->add(mode, Slot(seen), "key",
                 [this](Result<Answer> result) { m_answers.push_back(std::move(result)); });
    m_reads->flush();
}

void TestReadQueue::giveIndex(std::size_t ask, std::uint64_t slot)
{
    m_asks.at(ask)(Answer{Slot(slot), {}});
    m_reads->flush();
}

void TestReadQueue::linearizable_waitsForTheIndex()
{
    add(ReadMode::linearizable);
    QCOMPARE(m_asks.size(), 1U);
    QVERIFY(m_answers.empty());
    giveIndex(0, 5);
    QCOMPARE(m_answers.size(), 1U);
    QCOMPARE(m_answers[0]->slot, Slot(5));
    QCOMPARE(m_answers[0]->bytes, QByteArray("none"));
}

void TestReadQueue::linearizable_waitsUntilTheIndexIsApplied()
{
    add(ReadMode::linearizable);
    giveIndex(0, 7);
    QVERIFY(m_answers.empty());
    m_host->machine.setApplied(Slot(6));
    m_reads->flush();
    QVERIFY(m_answers.empty());
    m_host->machine.setApplied(Slot(7));
    m_reads->flush();
    QCOMPARE(m_answers.size(), 1U);
}

void TestReadQueue::linearizable_sharesOneIndex()
{
    for (int i = 0; i < 3; ++i)
        m_reads->add(ReadMode::linearizable, Slot(), "key",
                     [this](Result<Answer> result) { m_answers.push_back(std::move(result)); });
    m_reads->flush();
    QCOMPARE(m_asks.size(), 1U);
    giveIndex(0, 5);
    QCOMPARE(m_answers.size(), 3U);
}

void TestReadQueue::linearizable_ofALateArrivalNeedsALaterIndex()
{
    add(ReadMode::linearizable);
    add(ReadMode::linearizable); // the index under way was perhaps noted before it arrived
    QCOMPARE(m_asks.size(), 1U);
    giveIndex(0, 5);
    QCOMPARE(m_answers.size(), 1U);
    m_reads->flush();
    QCOMPARE(m_asks.size(), 2U);
    giveIndex(1, 5);
    QCOMPARE(m_answers.size(), 2U);
}

void TestReadQueue::failedIndex_isUnavailableNeverUnknown()
{
    add(ReadMode::linearizable);
    m_asks[0](Error{ErrorCode::unknown, QStringLiteral("lost")});
    QCOMPARE(m_answers.size(), 1U);
    QCOMPARE(m_answers[0].error().code, ErrorCode::unavailable);
}

void TestReadQueue::session_waitsForWhatWasSeen()
{
    add(ReadMode::session, 6);
    QVERIFY(m_asks.empty()); // no leader is needed
    QVERIFY(m_answers.empty());
    m_host->machine.setApplied(Slot(6));
    m_reads->flush();
    QCOMPARE(m_answers.size(), 1U);
    add(ReadMode::session, 3);
    QCOMPARE(m_answers.size(), 2U);
}

void TestReadQueue::session_isUnavailableWhenItWaitsTooLong()
{
    add(ReadMode::session, 600);
    m_host->clock.advance(Monotonic(4'900'000));
    m_reads->tick();
    QVERIFY(m_answers.empty());
    m_host->clock.advance(Monotonic(200'000));
    m_reads->tick();
    QCOMPARE(m_answers.size(), 1U);
    QCOMPARE(m_answers[0].error().code, ErrorCode::unavailable);
    m_host->machine.setApplied(Slot(600));
    m_reads->flush();
    QCOMPARE(m_answers.size(), 1U); // once
}

void TestReadQueue::local_isAnsweredAtOnce()
{
    add(ReadMode::local, 600); // what was seen does not matter
    QVERIFY(m_asks.empty());
    QCOMPARE(m_answers.size(), 1U);
    QCOMPARE(m_answers[0]->slot, Slot(5));
}

void TestReadQueue::nodeWithoutACluster_answersNothing()
{
    m_host = std::make_unique<FakeHost>(); // no replica
    m_reads = std::make_unique<ReadQueue>(*m_host, [](Engine::Done) {});
    add(ReadMode::local);
    QVERIFY(m_answers.empty());
    m_host->clock.advance(Monotonic(6'000'000));
    m_reads->tick();
    QCOMPARE(m_answers.at(0).error().code, ErrorCode::unavailable);
}

QTEST_APPLESS_MAIN(TestReadQueue)
#include "tst_read_queue.moc"
