// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "consensus/entry.h"
#include "engine/executor.h"
#include "engine/state_machine.h"
#include "engine/transport.h"
#include "storage/checkpoint.h"
#include "storage/journal.h"

#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace coffer::engine {

/// The world, as the engine sees it. All must outlive the engine.
struct Parts
{
    Clock &clock;
    Random &random;
    Transport &transport;
    storage::Journal &journal;
    storage::Checkpoint &checkpoint;
    Executor &executor;
    StateMachine &machine;
};

struct Options
{
    NodeId self; ///< Kept with the data directory; never reused.
    RunId run;   ///< New at every start.
    /// The operator's list of peers, own address included; empty: a cluster of one.
    std::vector<QString> peers;
    QString address; ///< The own entry in that list.

    std::chrono::milliseconds heartbeat{20};
    std::chrono::milliseconds electionMin{120};
    std::chrono::milliseconds electionMax{240};
    std::chrono::milliseconds wallSkewMax{10'000}; ///< Further off the median: no campaign.
    std::chrono::milliseconds checkpointEvery{1000};
    std::uint64_t checkpointSlots = 4096; ///< Commit earlier when so many slots are waiting.
    std::size_t checkpointBytes = std::size_t(4) << 20; ///< No commit holds batches above this.
    std::uint64_t keepSlots = 4096;                  ///< Chosen entries kept for lagging peers, ...
    std::size_t keepBytes = std::size_t(64) << 20;   ///< ... if they are not above this.
    std::chrono::milliseconds requestTimeout{5000};  ///< Then a request fails.
    std::chrono::milliseconds reportStateEvery{500}; ///< How often state hashes are compared.
    std::chrono::milliseconds upkeepEvery{1000};     ///< How often a leader looks for upkeep.
};

enum class ReadMode { linearizable, session, local };

/// A command that was chosen and applied, or a read that was served.
struct Answer
{
    Slot slot; ///< Commands: where it was applied. Reads: the applied slot it was served at.
    QByteArray bytes;
    /// Commands: an earlier try may have been carried out without its answer coming back. An
    /// answer that says "not done" (the session has ended) then says nothing about that try.
    bool isRepeated = false;
};

/// What people and tests want to know of a replica. Value.
struct Status
{
    NodeId self;
    ClusterId cluster; ///< None: an outsider, or not founded.
    consensus::Configuration configuration;
    Ballot promised;
    NodeId leader;          ///< As last heard; none when unknown.
    bool isLeading = false; ///< Leads and its LeaderStart is applied: it serves.
    bool isFenced = false;  ///< Lost durable state: never votes again under this id.
    /// The journal has no space; this node neither learns nor votes until it has.
    bool isDiskFull = false;
    Slot chosenUpTo;
    Slot applied;
    Slot checkpointed;           ///< Last committed checkpoint.
    Slot firstSlot;              ///< Oldest chosen entry still in memory.
    std::uint64_t campaigns = 0; ///< Since the start: how often this node tried to lead.
    std::vector<std::pair<NodeId, Slot>> held; ///< Leading: what the other members hold.
    std::uint64_t framesRefused = 0;           ///< Since the start: garbage, or of another cluster.
    std::vector<NodeId> differing; ///< Members whose state hash is not the own one: an alarm.
    std::vector<NodeId> fenced;    ///< Other members that said so since this start: to be replaced.
};

/// What the disk of a replica holds; see Engine::salvage(). Value.
struct Salvage
{
    ClusterId cluster;
    consensus::Configuration configuration; ///< That decides the slot behind `applied`.
    Slot chosenUpTo; ///< Up to here the journal or the checkpoint say that it is chosen.
    Slot applied;    ///< What the machine holds: also what was only voted for.
    bool isFenced = false;
};

/// One replica: consensus, state machine, journal and checkpoint joined, on interfaces.
///
/// All ordering lives here: what must be durable before what is said, what is applied when, which
/// read is ready, what may be forgotten. The simulator, the test kit and cofferd run this same
/// code. One thread; no event loop. Callbacks (done) are called from within flush() or an
/// executor's done, never from within submit(), read() or the other requests.
/// A callback may call submit() or read(), and must not destroy the engine.
///
/// Errors given to callbacks: `unavailable` (definitely not done), `unknown` (may have been done or
/// not; never for reads), `refused` (a rule forbids it), `invalid` (a limit is exceeded).
class Engine
{
public:
    using Done = std::function<void(Result<Answer>)>;
    using Fatal = std::function<void(const Error &)>;

    /// \a fatal is called once, when this process must end: nothing is said or served afterwards.
    /// `corrupt` after a while of running: the state is not that of a majority; see StateReports.
    Engine(Options options, Parts parts, Fatal fatal);
    ~Engine();
    Engine(const Engine &) = delete;
    Engine &operator=(const Engine &) = delete;

    /// Reads checkpoint and journal (blocking) and begins. Errors: `corrupt`, `io`, `refused`.
    Result<void> start();

    /// In place of start(), and of everything else: reads the disk (blocking), and applies what
    /// this node has voted for but does not know as chosen, too: the newest acknowledged writes are
    /// mostly among that. Takes no part, and changes nothing but what any start does.
    /// Errors as start(), and `notFound` if there is no cluster on the disk.
    [[nodiscard]] Result<Salvage> salvage();

    /// One frame from the transport. Garbage is dropped and counted.
    void receive(const QByteArray &frame);
    /// The connection to \a peer broke; a follower of it need not wait for a time-out.
    void peerLost(NodeId peer);
    /// Does what is due. Call at nextWake() or later; earlier or more often is harmless. nextWake()
    /// may move to an earlier time with every other call.
    void tick();
    [[nodiscard]] Monotonic nextWake() const;
    /// Ends one turn of the loop: what has arrived becomes one journal group and one batch.
    void flush();

    /// Has \a command chosen and applied, through whichever node leads. A command that is not
    /// repeatable is sent to a leader at most once; a lost answer is then `unknown`. Given up after
    /// requestTimeout, or at \a until if that is earlier: `unavailable` if no leader had it by
    /// then, so that it is certainly not done.
    void submit(const QByteArray &command, Done done, std::optional<Monotonic> until = {});
    /// Answers \a question. session: not before \a seen is applied here. local: at once.
    void read(ReadMode mode, Slot seen, const QByteArray &question, Done done);
    /// Renews \a session; done after the leader proved that it leads after this call arrived.
    void keepAlive(SessionId session, Done done);
    /// Makes \a members the next configuration; done when its LeaderStart is chosen.
    /// Refused unless the epoch is \a ifEpoch, the set is sound, and its quorum is up to date.
    void reconfigure(const consensus::MemberSet &members, Epoch ifEpoch, Done done);
    /// Hands leadership to \a target; done when the transfer was sent.
    void transferLeadership(NodeId target, Done done);

    /// A copy of the state of some slot not before \a slot, which has to be applied here; for
    /// backups. Commits and copies on the checkpoint's lane; \a done is called as Done is. It takes
    /// as much of the disk as the state, as long as somebody holds it. Errors: `unavailable` while
    /// a checkpoint is taken or the state is in doubt, and after requestTimeout; `noSpace`.
    using Exported = std::function<void(Result<std::shared_ptr<storage::CheckpointFile>>)>;
    void exportCheckpoint(Slot slot, Exported done);

    [[nodiscard]] Status status() const;

    /// For oracles and traces: called for every slot applied, in order.
    using AppliedHook = std::function<void(Slot, const consensus::Entry &, const Hash128 &)>;
    void setAppliedHook(AppliedHook hook);

private:
    class Core;
    std::unique_ptr<Core> m_core;
};

} // namespace coffer::engine
