// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/engine.h"
#include "sim/scheduler.h"
#include "sim/sim_network.h"
#include "store/store.h"
#include "store/upkeep.h"

#include <QByteArray>

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>

namespace coffer::sim {

/// What can go wrong, or is done on purpose, while clients are at work.
enum class FaultKind {
    loss,            ///< Frames vanish.
    duplication,     ///< Frames arrive twice.
    reordering,      ///< Frames overtake each other.
    tail,            ///< A few frames take seconds.
    partition,       ///< Cuts: halves, one-way, bridge, ring.
    leaderIsolation, ///< The leader is cut off, wholly or one way.
    clog,            ///< Frames of some machines wait, and come free in another order.
    kill,            ///< kill -9: what was written and not synced stays.
    powerLoss,       ///< What was not synced is lost, or a part of it.
    crashAtStep,     ///< Power loss at the n-th step on the disk.
    pause,           ///< SIGSTOP.
    slowDisk,
    slowProcessor,
    fullDisk,
    diskError,  ///< A write or read fails; the process ends.
    failedSync, ///< A sync fails and drops the pages.
    drift,      ///< Clocks run up to 5 % too fast or slow.
    wallJump,   ///< Wall clocks jump up to an hour.
    wipe,       ///< A disk is replaced by an empty one.
    massWipe,   ///< All disks but one are: nothing works any more, nothing may go wrong.
    diskSwap,   ///< Two machines get each other's disk.
    rollback,   ///< A disk goes back to what it held seconds ago.
    membership, ///< Members are added, promoted, removed, replaced.
    transfer,   ///< Leadership is handed over.
    lateStart,  ///< Machines are switched on one by one.
    divergence, ///< The state of a node goes wrong in memory.
    bitRot,     ///< A bit of a journal flips.
    tornWrite,  ///< kill -9 between a write and its sync, a restart, and then the power goes.
    count
};
inline constexpr std::size_t faultKinds = std::size_t(FaultKind::count);

[[nodiscard]] const char *nameOf(FaultKind kind);
[[nodiscard]] std::optional<FaultKind> faultNamed(const QByteArray &name);

/// What a run has more of than others: a share of all seeds draws one.
enum class Emphasis {
    none,
    leaders,     ///< Leadership is fought for, with much unfinished work.
    members,     ///< Members change all the time.
    reads,       ///< Many reads, at leaders that do not know of their successor.
    sessions,    ///< Short sessions, and clients that keep to one node.
    largeValues, ///< Values so large that a Promise takes several frames.
    checkpoints, ///< Hardly any entry is kept; laggards install checkpoints.
    rollback,    ///< Disks that go back in time.
    store,       ///< All that the store can do, with watchers and compaction.
    sqlite,      ///< As checkpoints, on SQLite.
    founding,    ///< Machines that go down again and again while they found the cluster.
    disks,       ///< Processes end in the middle of a write, and then the power goes.
    count
};

[[nodiscard]] const char *nameOf(Emphasis emphasis);
[[nodiscard]] std::optional<Emphasis> emphasisNamed(const QByteArray &name);

/// Everything about a run that is drawn from its seed before it begins. Value.
struct Plan
{
    std::size_t founders = 3;
    std::size_t spares = 0; ///< Machines besides, switched on later, outsiders at first.
    std::size_t clients = 4;
    SimTime thinkTime{5'000};
    SimTime duration{30'000'000}; ///< Of the faults; the liveness phase follows.
    SimTime meanCalm{1'000'000};  ///< Between two faults, on average.
    std::bitset<faultKinds> faults;
    LinkPolicy network;
    engine::Options options;
    std::uint64_t segmentBytes = 16'384;
    std::uint64_t fillBytes = 0; ///< Zeros written ahead in the journal.
    bool usesSqlite = false;     ///< Real checkpoints, on a disk in memory.
    SimTime turnMax{20};
    std::size_t keys = 4;
    int sessionPermille = 500; ///< Clients that work with a session.

    store::StoreOptions store;  ///< Of every node.
    store::UpkeepPolicy upkeep; ///< Of a leader; empty: it never compacts.
    std::size_t explorers = 0;
    std::size_t watchers = 0;
    int compactPermille = 0; ///< Of the explorers' requests.

    Emphasis emphasis = Emphasis::none;
    int readPermille = 450;    ///< Of the requests.
    int stickyPermille = 0;    ///< Requests that go to the client's own node.
    int forgottenPermille = 0; ///< Requests after which a client drops its session.
    int largePermille = 0;     ///< Requests that write a large value, to a file of its own.
    std::int64_t largeBytes = 600'000;
    std::chrono::milliseconds timeToLiveMin{500};
    std::chrono::milliseconds timeToLiveMax{8000};
    std::optional<SimTime> changeEvery; ///< Between two changes of members; empty: drawn.

    [[nodiscard]] bool has(FaultKind kind) const { return faults.test(std::size_t(kind)); }
};

/// The plan of \a seed without the faults in \a off; the rest does not depend on \a off.
/// Without \a emphasis the seed decides.
[[nodiscard]] Plan makePlan(std::uint64_t seed, const std::bitset<faultKinds> &off,
                            std::optional<SimTime> duration, std::optional<Emphasis> emphasis);

} // namespace coffer::sim
