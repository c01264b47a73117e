// SPDX-License-Identifier: Apache-2.0
#include "sim/oracle.h"

#include "engine/codec.h"
#include "engine/store_machine.h"
#include "sim/finding.h"

#include <QTest>

using namespace coffer;
using namespace coffer::sim;
using consensus::Entry;
using consensus::EntryKind;

namespace {

const consensus::MemberSet voters{{NodeId(1), NodeId(2), NodeId(3)}, {}};
const Entry valueA{EntryKind::leaderStart, "A", {}};
const Entry valueB{EntryKind::leaderStart, "B", {}};

Ballot ballot(std::uint64_t round, std::uint64_t node = 1)
{
    return {Epoch(1), round, NodeId(node)};
}

/// Three founded nodes whose disks and frames a test makes up.
struct World
{
    World()
    {
        for (std::uint64_t node = 1; node <= 3; ++node) {
            disks.push_back(std::make_unique<SimDisk>(node, NodeId(node), SimDisk::Settings()));
            oracle.watch(*disks.back());
            record(node, engine::codec::foundingRecord({ClusterId(77), voters}));
        }
    }
    SimDisk &disk(std::uint64_t node) { return *disks[node - 1]; }
    void record(std::uint64_t node, const storage::JournalRecord &record)
    {
        const std::unique_ptr<storage::Journal> journal = disk(node).openJournal();
        QVERIFY(journal->replay([](const storage::JournalRecord &) { return Result<void>(); }));
        QVERIFY(journal->append({record}));
        QVERIFY(journal->sync());
    }
    void promise(std::uint64_t node, const Ballot &promised)
    {
        record(node, engine::codec::toJournal(consensus::PromiseRecord{promised}));
    }
    void vote(std::uint64_t node, const Ballot &voted, const Entry &entry, std::uint64_t slot = 1)
    {
        record(node, engine::codec::toJournal(consensus::VoteRecord{Slot(slot), voted, entry}));
    }
    void choose(const Entry &entry, std::uint64_t slot = 1)
    {
        vote(1, ballot(1), entry, slot);
        vote(2, ballot(1), entry, slot);
    }
    void say(std::uint64_t node, const consensus::Message &message, std::uint64_t run = 5)
    {
        const engine::PeerFrame frame{ClusterId(77), Epoch(1),  NodeId(node),
                                      RunId(run),    NodeId(3), message};
        oracle.frameSent(disk(node), engine::codec::encodeFrame(frame));
    }
    void apply(std::uint64_t slot, const Entry &entry, const Hash128 &hash, std::uint64_t before)
    {
        oracle.entryApplied(disk(1), Slot(slot), entry, hash, Slot(before));
    }

    Scheduler time;
    std::vector<std::unique_ptr<SimDisk>> disks;
    Oracle oracle{time};
};

/// The property that \a deed breaks.
template<class Deed>
QString broken(Deed deed)
{
    try {
        deed();
    } catch (const Finding &finding) {
        return finding.property;
    }
    return QStringLiteral("nothing");
}

Hash128 hashAfterStart()
{
    engine::StoreMachine machine;
    machine.applyLeaderStart(Slot(1));
    return machine.hash();
}

} // namespace

class TestOracle : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void founded_secondCluster()
    {
        World world;
        SimDisk other(9, NodeId(9), {});
        world.oracle.watch(other);
        const std::unique_ptr<storage::Journal> journal = other.openJournal();
        QVERIFY(journal->replay([](const storage::JournalRecord &) { return Result<void>(); }));
        QVERIFY(journal->append({engine::codec::foundingRecord({ClusterId(78), voters})}));
        QCOMPARE(broken([&] { (void)journal->sync(); }), QStringLiteral("P16"));
    }

    void voted_quorumIsSilentlyChosen()
    {
        World world;
        QCOMPARE(broken([&] { world.choose(valueA); }), QStringLiteral("nothing"));
        QCOMPARE(world.oracle.ledger().chosenTo(), Slot(1));
    }

    void voted_minorityChoosesNothing()
    {
        World world;
        world.vote(1, ballot(1), valueA);
        QCOMPARE(world.oracle.ledger().chosenTo(), Slot());
    }

    void voted_twoValuesInOneSlot()
    {
        World world;
        world.vote(1, ballot(1), valueB);
        world.vote(1, ballot(2), valueA);
        world.vote(2, ballot(2), valueA);
        QCOMPARE(broken([&] { world.vote(3, ballot(1), valueB); }), QStringLiteral("P1"));
    }

    void figures_areComparedAtTheirSlot()
    {
        World world;
        world.choose(valueA);
        world.apply(1, valueA, hashAfterStart(), 0);
        engine::StoreMachine machine;
        machine.applyLeaderStart(Slot(1));
        Figures figures = figuresOf(machine.store());
        QCOMPARE(broken([&] { world.oracle.shadow().checkFigures(Slot(1), figures); }),
                 QStringLiteral("nothing"));
        ++figures.files;
        QCOMPARE(broken([&] { world.oracle.shadow().checkFigures(Slot(1), figures); }),
                 QStringLiteral("P9"));
        QCOMPARE(differenceOf(figures, figuresOf(machine.store())),
                 QStringLiteral("files 1 instead of 0"));
    }

    void voted_higherBallotWithAnotherValue()
    {
        World world;
        world.choose(valueA);
        QCOMPARE(broken([&] { world.vote(3, ballot(2), valueB); }), QStringLiteral("P5"));
    }

    void voted_twoValuesOfOneBallot()
    {
        World world;
        world.vote(1, ballot(1), valueA);
        QCOMPARE(broken([&] { world.vote(2, ballot(1), valueB); }), QStringLiteral("P4"));
    }

    void voted_epochThatNobodyBegan()
    {
        World world;
        const Ballot next{Epoch(2), 1, NodeId(1)};
        QCOMPARE(broken([&] { world.vote(1, next, valueA); }), QStringLiteral("P16"));
    }

    void voted_slotAboveTheStopSign()
    {
        World world;
        world.vote(1, ballot(1), valueB, 2);
        world.vote(2, ballot(1), valueB, 2);
        const Entry stop{EntryKind::reconfigure, {}, {{NodeId(1), NodeId(2)}, {}}};
        QCOMPARE(broken([&] { world.choose(stop, 1); }), QStringLiteral("P16"));
    }

    void promised_lowerThanBefore()
    {
        World world;
        world.promise(1, ballot(3));
        QCOMPARE(broken([&] { world.promise(1, ballot(2)); }), QStringLiteral("P3"));
        QCOMPARE(broken([&] { world.vote(1, ballot(1), valueA); }), QStringLiteral("P3"));
    }

    void said_promiseThatIsNotDurable()
    {
        World world;
        const consensus::Promise promise{ballot(1), Slot(1), Slot(), 0, 1, {}};
        QCOMPARE(broken([&] { world.say(2, promise); }), QStringLiteral("P6"));
        world.promise(2, ballot(1));
        QCOMPARE(broken([&] { world.say(2, promise); }), QStringLiteral("nothing"));
    }

    void said_prepareBeforeTheOwnPromise()
    {
        World world;
        const consensus::Prepare prepare{ballot(1), Slot(1)};
        QCOMPARE(broken([&] { world.say(1, prepare); }), QStringLiteral("P6"));
    }

    void said_acceptedWithoutDurableVote()
    {
        World world;
        world.promise(2, ballot(1));
        const consensus::Accepted accepted{ballot(1), Slot(1)};
        QCOMPARE(broken([&] { world.say(2, accepted); }), QStringLiteral("P6"));
        world.vote(2, ballot(1), valueA);
        QCOMPARE(broken([&] { world.say(2, accepted); }), QStringLiteral("nothing"));
    }

    void said_acceptedOverAGap()
    {
        World world;
        world.vote(2, ballot(1), valueA, 2);
        const consensus::Accepted accepted{ballot(1), Slot(2)};
        QCOMPARE(broken([&] { world.say(2, accepted); }), QStringLiteral("P6"));
    }

    void said_chosenThoughNothingIs()
    {
        World world;
        world.promise(1, ballot(1));
        const consensus::Heartbeat heartbeat{ballot(1), Slot(1), 0, WallMs(0)};
        QCOMPARE(broken([&] { world.say(1, heartbeat); }), QStringLiteral("P7"));
    }

    void said_valueThatIsNotTheChosenOne()
    {
        World world;
        world.choose(valueA);
        const consensus::Chosen chosen{Slot(1), {valueB}, Slot(1)};
        QCOMPARE(broken([&] { world.say(1, chosen); }), QStringLiteral("P7"));
    }

    void said_ballotOfAnotherNode()
    {
        World world;
        const consensus::Prepare prepare{ballot(1, 2), Slot(1)};
        QCOMPARE(broken([&] { world.say(1, prepare); }), QStringLiteral("P4"));
    }

    void said_ballotOfAnotherRun()
    {
        World world;
        const consensus::Accept accept{ballot(1), Slot(1), Slot(), valueA};
        world.say(1, accept, 5);
        QCOMPARE(broken([&] { world.say(1, accept, 6); }), QStringLiteral("P4"));
    }

    void said_garbage()
    {
        World world;
        QCOMPARE(broken([&] { world.oracle.frameSent(world.disk(1), "no frame"); }),
                 QStringLiteral("P2"));
    }

    void started_diskForgotAPromise()
    {
        World world;
        const SimDisk::Image before = world.disk(2).image();
        world.promise(2, ballot(1));
        world.say(2, consensus::Promise{ballot(1), Slot(1), Slot(), 0, 1, {}});
        QCOMPARE(broken([&] { world.oracle.started(world.disk(2)); }), QStringLiteral("nothing"));
        world.disk(2).restore(before);
        QCOMPARE(broken([&] { world.oracle.started(world.disk(2)); }), QStringLiteral("P3"));
    }

    void started_diskForgotAVote()
    {
        World world;
        world.promise(2, ballot(1));
        const SimDisk::Image before = world.disk(2).image();
        world.vote(2, ballot(1), valueA);
        world.say(2, consensus::Accepted{ballot(1), Slot(1)});
        world.disk(2).restore(before);
        QCOMPARE(broken([&] { world.oracle.started(world.disk(2)); }), QStringLiteral("P6"));
    }

    void rolledBack_votesAgain()
    {
        World world;
        const SimDisk::Image before = world.disk(2).image();
        world.vote(2, ballot(1), valueA);
        world.say(2, consensus::Accepted{ballot(1), Slot(1)});
        const DurableImage::Told told = world.oracle.image(world.disk(2)).told;
        world.disk(2).restore(before);
        world.oracle.rolledBack(world.disk(2), told);
        world.promise(2, ballot(2));
        const consensus::Promise promise{ballot(2), Slot(1), Slot(), 0, 1, {}};
        QCOMPARE(broken([&] { world.say(2, promise); }), QStringLiteral("P20"));
    }

    void fenced_withoutReason()
    {
        World world;
        QCOMPARE(broken([&] {
                     world.record(1, {storage::RecordKind::fenced, Slot(), Ballot(), {}});
                 }),
                 QStringLiteral("P20"));
    }

    void applied_chosenValueWithTheSameState()
    {
        World world;
        world.choose(valueA);
        QCOMPARE(broken([&] { world.apply(1, valueA, hashAfterStart(), 0); }),
                 QStringLiteral("nothing"));
    }

    void applied_anotherState()
    {
        World world;
        world.choose(valueA);
        QCOMPARE(broken([&] { world.apply(1, valueA, {1, 2}, 0); }), QStringLiteral("P9"));
    }

    void applied_valueThatIsNotTheChosenOne()
    {
        World world;
        world.choose(valueA);
        QCOMPARE(broken([&] { world.apply(1, valueB, hashAfterStart(), 0); }),
                 QStringLiteral("P1"));
    }

    void applied_overAGap()
    {
        World world;
        world.choose(valueA, 1);
        world.choose(valueA, 2);
        QCOMPARE(broken([&] { world.apply(2, valueA, hashAfterStart(), 0); }),
                 QStringLiteral("P8"));
    }

    void applied_twice()
    {
        World world;
        world.choose(valueA);
        world.apply(1, valueA, hashAfterStart(), 0);
        QCOMPARE(broken([&] { world.apply(1, valueA, hashAfterStart(), 1); }),
                 QStringLiteral("P8"));
    }

    void applied_commandThatNobodySubmitted()
    {
        World world;
        const Entry entry{
            EntryKind::commands, engine::codec::encodeBatch({WallMs(1), {"nobody's"}}), {}};
        world.choose(entry);
        QCOMPARE(broken([&] { world.apply(1, entry, {}, 0); }), QStringLiteral("P2"));
    }

    void applied_membersThatNobodyAskedFor()
    {
        World world;
        const Entry stop{EntryKind::reconfigure, {}, {{NodeId(1)}, {}}};
        world.choose(stop);
        QCOMPARE(broken([&] { world.apply(1, stop, {}, 0); }), QStringLiteral("P2"));
    }

    void answered_writeThatStandsNowhere()
    {
        World world;
        QCOMPARE(broken([&] {
                     world.oracle.answers().writeDone("command", {Slot(1), "ok"}, {});
                 }),
                 QStringLiteral("P11"));
    }

    void answered_readOlderThanItsFloor()
    {
        World world;
        world.choose(valueA);
        world.apply(1, valueA, hashAfterStart(), 0);
        const Answers::Read read{engine::ReadMode::linearizable, Slot(), Slot(2), store::Get{"/k"}};
        QCOMPARE(broken([&] {
                     world.oracle.answers().readDone(read, {Slot(1), {}});
                 }),
                 QStringLiteral("P11"));
    }

    void sessionExpired_early()
    {
        World world;
        Answers &answers = world.oracle.answers();
        answers.sessionProlonged(SessionId(1), std::chrono::seconds(1), SimTime(0));
        QCOMPARE(broken([&] { answers.sessionExpired(SessionId(1), SimTime(900'000)); }),
                 QStringLiteral("P15"));
        QCOMPARE(broken([&] { answers.sessionExpired(SessionId(1), SimTime(960'000)); }),
                 QStringLiteral("nothing"));
    }

    void sessionProlonged_afterItsEnd()
    {
        World world;
        Answers &answers = world.oracle.answers();
        answers.sessionProlonged(SessionId(1), std::chrono::seconds(1), SimTime(0));
        answers.sessionExpired(SessionId(1), SimTime(1'200'000));
        const auto prolong = [&answers](std::int64_t asked) {
            answers.sessionProlonged(SessionId(1), std::chrono::seconds(1), SimTime(asked));
        };
        QCOMPARE(broken([&] { prolong(1'100'000); }), QStringLiteral("nothing"));
        QCOMPARE(broken([&] { prolong(1'300'000); }), QStringLiteral("P15"));
    }
};

QTEST_APPLESS_MAIN(TestOracle)
#include "tst_oracle.moc"
