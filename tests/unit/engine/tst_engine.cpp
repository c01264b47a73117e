// SPDX-License-Identifier: Apache-2.0
#include "engine/engine.h"

#include "base/limits.h"
#include "engine/codec.h"
#include "storage/memory_checkpoint.h"
#include "storage/memory_journal.h"
#include "support/engine_cluster.h"

#include <QtTest>

#include <algorithm>

using namespace coffer;
using namespace coffer::engine;
using coffer::test::EngineCluster;
using coffer::test::ManualClock;
using coffer::test::ManualExecutor;
using coffer::test::RowMachine;
using std::chrono::milliseconds;

/// Whole engines over a loopback network.
class TestEngine : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup();
    void write_isAppliedEverywhere();
    void write_ofAFollowerIsForwarded();
    void write_withoutAQuorumIsNotAnswered();
    void write_thatIsTooLargeIsInvalid();
    void read_linearizableSeesTheNewestWrite();
    void read_sessionWaitsForWhatWasSeen();
    void read_localNeedsNobody();
    void read_linearizableWithoutAQuorumIsUnavailable();
    void leaderCrash_losesNothing();
    void restart_comesBackFromDisk();
    void restart_ofEveryoneLosesNothing();
    void laggingNode_getsACheckpoint();
    void reconfigure_addsAnObserverThenAVoter();
    void reconfigure_replacesADeadVoter();
    void reconfigure_refusesAStrangerAsVoter();
    void reconfigure_refusesAnotherEpoch();
    void rolledBackFollower_isKnownToTheLeader();
    void transfer_handsLeadershipOver();
    void fatal_isSaidOnce();
    void divergedFollower_endsAndStaysOut();
    void divergedLeader_endsAndTheOthersGoOn();
    void divergedNode_ofTwoIsAnAlarm();
    void largeEntries_areForgottenByBytes();
    void upkeep_isProposedByTheLeader();
    void raise_waitsUntilAllMembersCan();
    void raise_beyondThisBuildEndsIt();
    void salvage_holdsWhatWasOnlyVotedFor();
    void salvage_endsAtAStopSign();
    void salvage_ofAnEmptyDiskIsNotFound();

private:
    [[nodiscard]] std::uint64_t follower() const { return m_leader == 1 ? 2 : 1; }
    [[nodiscard]] std::uint64_t otherFollower() const { return m_leader == 3 ? 2 : 3; }
    void elect();

    std::unique_ptr<EngineCluster> m_cluster;
    std::uint64_t m_leader = 0;
    std::size_t m_expectedFailures = 0;
};

void TestEngine::init()
{
    m_expectedFailures = 0;
    m_cluster = std::make_unique<EngineCluster>();
    m_cluster->options.checkpointEvery = milliseconds(100);
    m_cluster->options.keepSlots = 8;
    m_cluster->addAll({1, 2, 3});
    elect();
}

void TestEngine::cleanup()
{
    const auto &failures = m_cluster->failures();
    if (failures.size() > m_expectedFailures)
        QFAIL(qPrintable(failures.back().message));
}

void TestEngine::elect()
{
    m_leader = m_cluster->waitForLeader().value();
    QVERIFY(m_leader != 0);
}

void TestEngine::write_isAppliedEverywhere()
{
    const auto answer = m_cluster->submit(m_leader, "a=1");
    QVERIFY(answer.has_value());
    QCOMPARE(answer->bytes, QByteArray("ok"));
    m_cluster->run(milliseconds(100));
    for (std::uint64_t node : {1, 2, 3}) {
        QCOMPARE(m_cluster->machine(node).query("a"), QByteArray("1"));
        QVERIFY(m_cluster->machine(node).hash() == m_cluster->machine(1).hash());
    }
}

void TestEngine::write_ofAFollowerIsForwarded()
{
    QVERIFY(m_cluster->submit(follower(), "a=1").has_value());
    QVERIFY(m_cluster->submit(otherFollower(), "b=2").has_value());
    QCOMPARE(m_cluster->machine(m_leader).query("b"), QByteArray("2"));
    QCOMPARE(m_cluster->machine(m_leader).count(), 2);
}

void TestEngine::write_withoutAQuorumIsNotAnswered()
{
    m_cluster->setCut(m_leader, true);
    const auto answer = m_cluster->submit(m_leader, "a=1");
    QVERIFY(!answer.has_value());
    QCOMPARE(answer.error().code, ErrorCode::unknown);
    elect();
    QVERIFY(m_cluster->submit(m_leader, "b=1").has_value());
}

void TestEngine::write_thatIsTooLargeIsInvalid()
{
    const auto answer =
        m_cluster->submit(m_leader, QByteArray(qsizetype(limits::commandBytesMax) + 1, 'x'));
    QVERIFY(!answer.has_value());
    QCOMPARE(answer.error().code, ErrorCode::invalid);
    QVERIFY(m_cluster->submit(m_leader, QByteArray(qsizetype(limits::commandBytesMax), 'x')));
}

void TestEngine::read_linearizableSeesTheNewestWrite()
{
    for (int i = 0; i < 10; ++i) {
        QVERIFY(m_cluster->submit(m_leader, "a=" + QByteArray::number(i)).has_value());
        for (std::uint64_t node : {1, 2, 3}) {
            const auto answer = m_cluster->read(node, ReadMode::linearizable, "a");
            QVERIFY(answer.has_value());
            QCOMPARE(answer->bytes, QByteArray::number(i));
        }
    }
}

void TestEngine::read_sessionWaitsForWhatWasSeen()
{
    const auto written = m_cluster->submit(m_leader, "a=1");
    QVERIFY(written.has_value());
    const auto answer = m_cluster->read(follower(), ReadMode::session, "a", written->slot);
    QVERIFY(answer.has_value());
    QVERIFY(answer->slot >= written->slot);
    QCOMPARE(answer->bytes, QByteArray("1"));
}

void TestEngine::read_localNeedsNobody()
{
    QVERIFY(m_cluster->submit(m_leader, "a=1").has_value());
    m_cluster->run(milliseconds(100));
    m_cluster->setCut(follower(), true);
    QVERIFY(m_cluster->submit(m_leader, "a=2").has_value());
    const auto answer = m_cluster->read(follower(), ReadMode::local, "a");
    QVERIFY(answer.has_value());
    QCOMPARE(answer->bytes, QByteArray("1")); // old, and says by its slot how old
    QVERIFY(answer->slot < m_cluster->machine(m_leader).applied());
}

void TestEngine::read_linearizableWithoutAQuorumIsUnavailable()
{
    const std::uint64_t deposed = m_leader;
    m_cluster->setCut(deposed, true);
    const auto answer = m_cluster->read(deposed, ReadMode::linearizable, "a");
    QVERIFY(!answer.has_value());
    QCOMPARE(answer.error().code, ErrorCode::unavailable);
}

void TestEngine::leaderCrash_losesNothing()
{
    for (int round = 0; round < 5; ++round) {
        const QByteArray key = "k" + QByteArray::number(round);
        QVERIFY(m_cluster->submit(m_leader, key + "=1").has_value());
        const std::uint64_t crashed = m_leader;
        m_cluster->crash(crashed);
        elect();
        QVERIFY(m_leader != crashed);
        QCOMPARE(m_cluster->read(m_leader, ReadMode::linearizable, key)->bytes, QByteArray("1"));
        m_cluster->restart(crashed);
        m_cluster->run(milliseconds(200));
    }
}

void TestEngine::restart_comesBackFromDisk()
{
    QVERIFY(m_cluster->submit(m_leader, "a=1").has_value());
    const std::uint64_t node = follower();
    m_cluster->run(milliseconds(300));
    m_cluster->crash(node);
    QVERIFY(m_cluster->submit(m_leader, "b=2").has_value());
    m_cluster->restart(node);
    QVERIFY(m_cluster->waitFor([&] { return m_cluster->machine(node).query("b") == "2"; }));
    QCOMPARE(m_cluster->machine(node).query("a"), QByteArray("1"));
    QVERIFY(!m_cluster->engine(node).status().isFenced);
}

void TestEngine::restart_ofEveryoneLosesNothing()
{
    QVERIFY(m_cluster->submit(m_leader, "a=1").has_value());
    for (std::uint64_t node : {1, 2, 3})
        m_cluster->crash(node);
    for (std::uint64_t node : {1, 2, 3})
        m_cluster->restart(node);
    elect();
    QCOMPARE(m_cluster->read(m_leader, ReadMode::linearizable, "a")->bytes, QByteArray("1"));
}

void TestEngine::laggingNode_getsACheckpoint()
{
    const std::uint64_t node = follower();
    m_cluster->setCut(node, true);
    for (int i = 0; i < 60; ++i)
        QVERIFY(m_cluster->submit(m_leader, "k" + QByteArray::number(i) + "=v").has_value());
    m_cluster->run(milliseconds(500));
    const Slot behind = m_cluster->machine(node).applied();
    QVERIFY(m_cluster->engine(m_leader).status().firstSlot > behind.next());
    m_cluster->setCut(node, false);
    QVERIFY(m_cluster->waitFor(
        [&] { return m_cluster->machine(node).hash() == m_cluster->machine(m_leader).hash(); }));
    QVERIFY(m_cluster->machine(node).count() < 60); // not command by command
    // What was installed survives a crash.
    m_cluster->crash(node);
    m_cluster->restart(node);
    QVERIFY(m_cluster->waitFor([&] { return m_cluster->machine(node).query("k59") == "v"; }));
    QVERIFY(!m_cluster->engine(node).status().isFenced);
}

void TestEngine::reconfigure_addsAnObserverThenAVoter()
{
    QVERIFY(m_cluster->submit(m_leader, "a=1").has_value());
    m_cluster->add(4, {"n4", "n1", "n2", "n3"});
    const std::vector<NodeId> three{NodeId(1), NodeId(2), NodeId(3)};
    QVERIFY(m_cluster->reconfigure(m_leader, {three, {NodeId(4)}}, Epoch(1)).has_value());
    QVERIFY(m_cluster->waitFor([&] { return m_cluster->machine(4).query("a") == "1"; }));
    m_cluster->run(milliseconds(200));
    elect();
    const std::vector<NodeId> four{NodeId(1), NodeId(2), NodeId(3), NodeId(4)};
    QVERIFY(m_cluster->reconfigure(m_leader, {four, {}}, Epoch(2)).has_value());
    elect();
    QCOMPARE(m_cluster->engine(m_leader).status().configuration.epoch, Epoch(3));
    QVERIFY(m_cluster->submit(4, "b=2").has_value());
}

void TestEngine::reconfigure_replacesADeadVoter()
{
    const std::uint64_t dead = follower();
    const NodeId other(6 - dead - m_leader);
    m_cluster->crash(dead);
    m_cluster->add(4, {"n4", "n1", "n2", "n3"});
    consensus::MemberSet set = m_cluster->engine(m_leader).status().configuration.members;
    set.observers = {NodeId(4)};
    QVERIFY(m_cluster->reconfigure(m_leader, set, Epoch(1)).has_value());
    m_cluster->run(milliseconds(1000));
    elect();
    set.observers.clear();
    set.voters = {NodeId(m_leader), other, NodeId(4)};
    std::sort(set.voters.begin(), set.voters.end());
    QVERIFY(m_cluster->reconfigure(m_leader, set, Epoch(2)).has_value());
    elect();
    // The new voter is needed, and there.
    m_cluster->setCut(other.value(), true);
    m_cluster->run(milliseconds(1000));
    elect();
    QVERIFY(m_cluster->submit(m_leader, "a=1").has_value());
}

void TestEngine::reconfigure_refusesAStrangerAsVoter()
{
    const std::vector<NodeId> set{NodeId(1), NodeId(2), NodeId(9)};
    const auto answer = m_cluster->reconfigure(m_leader, {set, {}}, Epoch(1));
    QVERIFY(!answer.has_value());
    QCOMPARE(answer.error().code, ErrorCode::refused);
    QVERIFY(m_cluster->submit(m_leader, "a=1").has_value());
}

void TestEngine::reconfigure_refusesAnotherEpoch()
{
    const std::vector<NodeId> set{NodeId(1), NodeId(2)};
    const auto answer = m_cluster->reconfigure(m_leader, {set, {}}, Epoch(7));
    QVERIFY(!answer.has_value());
    QCOMPARE(answer.error().code, ErrorCode::refused);
}

void TestEngine::transfer_handsLeadershipOver()
{
    const std::uint64_t target = follower();
    bool isDone = false;
    m_cluster->engine(m_leader).transferLeadership(
        NodeId(target), [&](const Result<Answer> &result) { isDone = result.has_value(); });
    QVERIFY(m_cluster->waitFor([&] { return m_cluster->engine(target).status().isLeading; }));
    QVERIFY(isDone);
    QVERIFY(!m_cluster->engine(m_leader).status().isLeading);
    QVERIFY(m_cluster->submit(m_leader, "a=1").has_value()); // forwarded now
}

void TestEngine::fatal_isSaidOnce()
{
    // In a cluster of its own, since cleanup() wants none.
    EngineCluster cluster;
    cluster.add(1, {});
    QCOMPARE(cluster.waitForLeader(), NodeId(1));
    cluster.disk(1).setFaultHook([](storage::DiskCall call) -> std::optional<Error> {
        if (call == storage::DiskCall::sync)
            return Error{ErrorCode::io, QStringLiteral("the disk is gone")};
        return std::nullopt;
    });
    (void)cluster.submit(1, "a=1");
    cluster.run(milliseconds(1000));
    QCOMPARE(cluster.failures().size(), 1U);
    QCOMPARE(cluster.machine(1).query("a"), QByteArray("none")); // nothing was said or applied
}

void TestEngine::rolledBackFollower_isKnownToTheLeader()
{
    const std::uint64_t bad = follower();
    const storage::MemoryDisk::Image image = m_cluster->disk(bad).image();
    QVERIFY(m_cluster->submit(m_leader, "a=1"));
    m_cluster->run(milliseconds(500));
    QVERIFY(m_cluster->engine(m_leader).status().fenced.empty());
    m_cluster->crash(bad);
    m_cluster->disk(bad).restore(image);
    m_cluster->restart(bad);
    QVERIFY(m_cluster->waitFor(
        [this] { return !m_cluster->engine(m_leader).status().fenced.empty(); }));
    QVERIFY(m_cluster->engine(m_leader).status().fenced == std::vector<NodeId>{NodeId(bad)});
    QVERIFY(m_cluster->engine(bad).status().isFenced);
    QVERIFY(m_cluster->engine(bad).status().fenced.empty()); // says nothing of itself there
    // It knows nothing more after another start, and says it all the same.
    m_cluster->crash(bad);
    m_cluster->restart(bad);
    m_cluster->run(milliseconds(1000));
    QVERIFY(m_cluster->engine(m_leader).status().fenced == std::vector<NodeId>{NodeId(bad)});
    // By way of observer it does not become a voter again.
    const consensus::MemberSet all{{NodeId(1), NodeId(2), NodeId(3)}, {}};
    consensus::MemberSet two{{}, {NodeId(bad)}};
    std::copy_if(all.voters.begin(), all.voters.end(), std::back_inserter(two.voters),
                 [bad](NodeId node) { return node != NodeId(bad); });
    QVERIFY(m_cluster->reconfigure(m_leader, two, Epoch(1)).has_value());
    m_cluster->run(milliseconds(1000));
    m_leader = m_cluster->waitForLeader().value();
    const auto answer = m_cluster->reconfigure(m_leader, all, Epoch(2));
    QVERIFY(!answer.has_value());
    QVERIFY2(answer.error().message.contains("is fenced"), qPrintable(answer.error().message));
}

void TestEngine::divergedFollower_endsAndStaysOut()
{
    const std::uint64_t bad = follower();
    m_expectedFailures = 2;
    m_cluster->machine(bad).corrupt();
    QVERIFY(m_cluster->submit(m_leader, "a=1"));
    QVERIFY(m_cluster->waitFor([this] { return !m_cluster->failures().empty(); }));
    QCOMPARE(m_cluster->failures().size(), std::size_t(1));
    QCOMPARE(m_cluster->failures()[0].code, ErrorCode::corrupt);
    QVERIFY2(m_cluster->failures()[0].message.contains("majority"),
             qPrintable(m_cluster->failures()[0].message));
    QVERIFY(m_cluster->submit(m_leader, "b=2")); // the others go on
    QVERIFY(m_cluster->engine(m_leader).status().differing == std::vector<NodeId>{NodeId(bad)});
    QVERIFY(m_cluster->engine(m_leader).status().fenced == std::vector<NodeId>{NodeId(bad)});
    // The next start reads why it ended, and refuses to serve.
    m_cluster->crash(bad);
    m_cluster->restart(bad);
    QCOMPARE(m_cluster->failures().size(), std::size_t(2));
    QVERIFY2(m_cluster->failures()[1].message.contains("replace it"),
             qPrintable(m_cluster->failures()[1].message));
}

void TestEngine::divergedLeader_endsAndTheOthersGoOn()
{
    m_expectedFailures = 1;
    m_cluster->machine(m_leader).corrupt();
    QVERIFY(m_cluster->submit(m_leader, "a=1"));
    QVERIFY(m_cluster->waitFor([this] { return !m_cluster->failures().empty(); }));
    QCOMPARE(m_cluster->failures().size(), std::size_t(1));
    const auto answer = m_cluster->submit(follower(), "+b=2");
    QVERIFY2(answer, answer ? "" : qPrintable(answer.error().message));
    QVERIFY(m_cluster->engine(follower()).status().leader != NodeId(m_leader));
}

void TestEngine::divergedNode_ofTwoIsAnAlarm()
{
    // Without the third nobody has a majority against him.
    m_cluster->crash(otherFollower());
    m_cluster->machine(follower()).corrupt();
    QVERIFY(m_cluster->submit(m_leader, "a=1"));
    QVERIFY(m_cluster->waitFor(
        [this] { return !m_cluster->engine(m_leader).status().differing.empty(); }));
    m_cluster->run(std::chrono::seconds(3));
    QVERIFY(m_cluster->failures().empty());
    QVERIFY(m_cluster->submit(m_leader, "b=2"));
    m_expectedFailures = 1; // The third is back, and decides.
    m_cluster->restart(otherFollower());
    QVERIFY(m_cluster->waitFor([this] { return !m_cluster->failures().empty(); }));
}

void TestEngine::largeEntries_areForgottenByBytes()
{
    m_cluster = std::make_unique<EngineCluster>();
    m_cluster->options.checkpointEvery = milliseconds(100);
    m_cluster->options.keepBytes = 1'000'000;
    m_cluster->addAll({1, 2, 3});
    elect();
    const QByteArray large = "k=" + QByteArray(100'000, 'v');
    for (int i = 0; i < 40; ++i)
        QVERIFY(m_cluster->submit(m_leader, large));
    m_cluster->run(std::chrono::seconds(1));
    const Status status = m_cluster->engine(m_leader).status();
    const std::uint64_t held = status.chosenUpTo.value() + 1 - status.firstSlot.value();
    QVERIFY2(held <= 13, qPrintable(QString::number(held)));
    QVERIFY2(held >= 8, qPrintable(QString::number(held)));
}

void TestEngine::upkeep_isProposedByTheLeader()
{
    for (const std::uint64_t node : {1, 2, 3})
        m_cluster->machine(node).upkeep = "upkeep=" + QByteArray::number(qulonglong(node));
    m_cluster->run(std::chrono::seconds(3));
    const auto value = m_cluster->read(follower(), ReadMode::linearizable, "upkeep");
    QVERIFY(value);
    QCOMPARE(value->bytes, QByteArray::number(qulonglong(m_leader)));
    const int count = m_cluster->machine(m_leader).count();
    QVERIFY2(count >= 2 && count <= 4, qPrintable(QString::number(count)));
}

void TestEngine::raise_waitsUntilAllMembersCan()
{
    m_cluster->run(std::chrono::seconds(1));
    for (const std::uint64_t node : {m_leader, follower()})
        m_cluster->machine(node).version = 2;
    const auto early = m_cluster->submit(m_leader, "raise 2");
    QVERIFY(!early);
    QCOMPARE(early.error().code, ErrorCode::refused);
    QVERIFY2(early.error().message.contains("knows apply version 1"),
             qPrintable(early.error().message));
    m_cluster->machine(otherFollower()).version = 2;
    QVERIFY(m_cluster->submit(m_leader, "a=1")); // reports go with the newest slot
    m_cluster->run(std::chrono::seconds(1));
    QVERIFY(m_cluster->submit(m_leader, "raise 2"));
}

void TestEngine::raise_beyondThisBuildEndsIt()
{
    for (const std::uint64_t node : {1, 2, 3})
        m_cluster->machine(node).version = 2;
    QVERIFY(m_cluster->submit(m_leader, "a=1"));
    m_cluster->run(std::chrono::seconds(1));
    m_expectedFailures = 1;
    m_cluster->machine(follower()).version = 1; // an older build was installed meanwhile
    QVERIFY(m_cluster->submit(m_leader, "raise 2"));
    QVERIFY(m_cluster->waitFor([this] { return !m_cluster->failures().empty(); }));
    QCOMPARE(m_cluster->failures()[0].code, ErrorCode::refused);
    QVERIFY(m_cluster->failures()[0].message.contains("newer build"));
    QVERIFY(m_cluster->submit(m_leader, "b=2")); // the others go on
}

namespace {

class NoTransport final : public Transport
{
public:
    void send(NodeId, const QByteArray &) override {}
    void sendToAddress(const QString &, const QByteArray &) override {}
};

} // namespace

/// What an engine finds on a disk when nobody else is left.
static Result<Salvage> salvageOf(storage::MemoryDisk &disk, std::uint64_t node, RowMachine &machine)
{
    ManualClock clock;
    SeededRandom random(1);
    NoTransport transport;
    ManualExecutor executor;
    storage::MemoryJournal journal(disk);
    storage::MemoryCheckpoint checkpoint(disk);
    Options options;
    options.self = NodeId(node);
    options.run = RunId(99);
    Engine engine(options, {clock, random, transport, journal, checkpoint, executor, machine},
                  [](const Error &) {});
    return engine.salvage();
}

/// The newest acknowledged write is known as chosen by nobody's journal; a majority voted for it.
void TestEngine::salvage_holdsWhatWasOnlyVotedFor()
{
    for (int i = 0; i < 20; ++i)
        QVERIFY(m_cluster->submit(m_leader, "a=" + QByteArray::number(i)).has_value());
    int holders = 0;
    for (std::uint64_t node : {1, 2, 3})
        m_cluster->crash(node);
    for (std::uint64_t node : {1, 2, 3}) {
        RowMachine machine;
        const auto salvage = salvageOf(m_cluster->disk(node), node, machine);
        QVERIFY2(salvage, salvage ? "" : qPrintable(salvage.error().message));
        QCOMPARE(salvage->applied, machine.applied());
        QCOMPARE(salvage->configuration.members.voters.size(), 3U);
        QVERIFY(salvage->chosenUpTo <= salvage->applied);
        if (machine.query("a") != "19")
            continue;
        ++holders;
        QVERIFY(salvage->chosenUpTo < salvage->applied);
    }
    QVERIFY(holders >= 2);
    // It took no part: the cluster goes on as if nobody had looked.
    for (std::uint64_t node : {1, 2, 3})
        m_cluster->restart(node);
    elect();
    QVERIFY(m_cluster->submit(m_leader, "b=1").has_value());
    QCOMPARE(m_cluster->machine(m_leader).query("a"), QByteArray("19"));
}

/// What older votes hold above a stop-sign was discarded by the leader that placed it.
void TestEngine::salvage_endsAtAStopSign()
{
    storage::MemoryDisk disk;
    storage::MemoryJournal journal(disk);
    const auto ignore = [](const storage::JournalRecord &) -> Result<void> { return {}; };
    QVERIFY(journal.replay(ignore));
    const consensus::MemberSet members{{NodeId(1), NodeId(2), NodeId(3)}, {}};
    const auto vote = [](std::uint64_t slot, std::uint64_t round, consensus::Entry entry) {
        return codec::toJournal(consensus::VoteRecord{
            Slot(slot), Ballot{Epoch(1), round, NodeId(2)}, std::move(entry)});
    };
    const auto write = [](const QByteArray &command) {
        return consensus::Entry{
            consensus::EntryKind::commands, codec::encodeBatch({WallMs(1), {command}}), {}};
    };
    const consensus::Entry stop{consensus::EntryKind::reconfigure, {}, {{NodeId(1)}, {}}};
    QVERIFY(
        journal.append({codec::foundingRecord({ClusterId(5), members}), vote(1, 1, write("a=1")),
                        vote(2, 1, write("b=1")), vote(3, 1, write("c=1")), vote(2, 2, stop)}));
    QVERIFY(journal.sync());
    RowMachine machine;
    const auto salvage = salvageOf(disk, 1, machine);
    QVERIFY2(salvage, salvage ? "" : qPrintable(salvage.error().message));
    QCOMPARE(salvage->applied, Slot(2));
    QCOMPARE(salvage->configuration.epoch, Epoch(2));
    QCOMPARE(machine.query("a"), QByteArray("1"));
    QCOMPARE(machine.query("c"), QByteArray("none"));
}

void TestEngine::salvage_ofAnEmptyDiskIsNotFound()
{
    storage::MemoryDisk disk;
    RowMachine machine;
    const auto salvage = salvageOf(disk, 7, machine);
    QVERIFY(!salvage);
    QCOMPARE(salvage.error().code, ErrorCode::notFound);
}

QTEST_APPLESS_MAIN(TestEngine)
#include "tst_engine.moc"
