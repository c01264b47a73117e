// SPDX-License-Identifier: Apache-2.0
#include "sim/emphasis.h"

#include <initializer_list>

namespace coffer::sim {

using namespace std::chrono_literals;

static constexpr std::array<const char *, std::size_t(Emphasis::count)> names{
    "none",        "leaders",  "members", "reads",  "sessions", "large-values",
    "checkpoints", "rollback", "store",   "sqlite", "founding", "disks"};

const char *nameOf(Emphasis emphasis) { return names[std::size_t(emphasis)]; }

std::optional<Emphasis> emphasisNamed(const QByteArray &name)
{
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (name == names[i])
            return Emphasis(i);
    }
    return std::nullopt;
}

/// No other kinds than \a kinds, each with the probability \a permille, the first one always.
static void only(Plan &plan, Draw &draw, int permille, std::initializer_list<FaultKind> kinds)
{
    plan.faults.reset();
    for (const FaultKind kind : kinds)
        plan.faults.set(std::size_t(kind), plan.faults.none() || draw.chance(permille));
}

static void fightForLeadership(Plan &plan, Draw &draw)
{
    only(plan, draw, 700,
         {FaultKind::leaderIsolation, FaultKind::reordering, FaultKind::loss, FaultKind::partition,
          FaultKind::clog, FaultKind::pause, FaultKind::kill, FaultKind::powerLoss,
          FaultKind::slowDisk, FaultKind::transfer, FaultKind::membership});
    plan.founders = draw.chance(600) ? 5 : 3;
    plan.spares = draw.chance(300) ? 1 : 0;
    plan.clients = 6;
    plan.thinkTime = draw.time(1ms, 10ms);
    plan.meanCalm = draw.time(80ms, 400ms);
    plan.duration = 15s;
    plan.network.delayMin = draw.time(100us, 5ms);
    plan.network.delayMax = draw.time(10ms, 40ms);
    plan.readPermille = 100;
}

static void changeMembers(Plan &plan, Draw &draw)
{
    only(plan, draw, 500,
         {FaultKind::membership, FaultKind::leaderIsolation, FaultKind::partition,
          FaultKind::reordering, FaultKind::loss, FaultKind::kill, FaultKind::powerLoss,
          FaultKind::transfer, FaultKind::clog, FaultKind::pause});
    plan.founders = draw.chance(500) ? 3 : 4;
    plan.spares = 3;
    plan.clients = 6;
    plan.thinkTime = draw.time(1ms, 10ms);
    plan.meanCalm = draw.time(150ms, 1s);
    plan.changeEvery = draw.time(60ms, 400ms);
    plan.duration = 20s;
    plan.network.delayMax = draw.time(2ms, 30ms);
}

static void readALot(Plan &plan, Draw &draw)
{
    only(plan, draw, 600,
         {FaultKind::leaderIsolation, FaultKind::membership, FaultKind::reordering, FaultKind::tail,
          FaultKind::clog, FaultKind::transfer, FaultKind::pause});
    plan.founders = 3;
    plan.spares = std::size_t(draw.between(1, 3));
    plan.clients = 8;
    plan.thinkTime = draw.time(1ms, 8ms);
    plan.meanCalm = draw.time(200ms, 800ms);
    plan.changeEvery = draw.time(300ms, 2s);
    plan.duration = 20s;
    plan.readPermille = 700;
    plan.network.tailPermille = int(draw.between(20, 150));
    plan.network.tailMax = draw.time(200ms, 800ms);
}

static void liveShortly(Plan &plan, Draw &draw)
{
    only(plan, draw, 600,
         {FaultKind::leaderIsolation, FaultKind::pause, FaultKind::drift, FaultKind::transfer,
          FaultKind::kill, FaultKind::slowDisk, FaultKind::reordering, FaultKind::clog});
    plan.founders = draw.chance(500) ? 5 : 3;
    plan.spares = 0;
    plan.clients = 8;
    plan.thinkTime = draw.time(2ms, 15ms);
    plan.meanCalm = draw.time(150ms, 800ms);
    plan.duration = 20s;
    plan.sessionPermille = 1000;
    plan.stickyPermille = int(draw.between(500, 1000));
    plan.forgottenPermille = int(draw.scaled(5, 200));
    plan.timeToLiveMin = 300ms;
    plan.timeToLiveMax = 1s;
    plan.network.delayMax = draw.time(2ms, 30ms);
}

static void writeLargeValues(Plan &plan, Draw &draw)
{
    only(plan, draw, 600,
         {FaultKind::leaderIsolation, FaultKind::reordering, FaultKind::loss, FaultKind::kill,
          FaultKind::clog, FaultKind::partition});
    plan.founders = 3;
    plan.spares = 0;
    plan.clients = 8;
    plan.thinkTime = draw.time(5ms, 20ms);
    plan.meanCalm = draw.time(150ms, 500ms);
    plan.duration = 3s;
    plan.readPermille = 100;
    plan.largePermille = int(draw.between(200, 700));
    plan.largeBytes = draw.between(300'000, 900'000);
    plan.network.delayMin = 10ms;
    plan.network.delayMax = draw.time(20ms, 60ms);
    plan.options.keepSlots = 64;
    plan.options.checkpointSlots = 64;
}

static void keepLittle(Plan &plan, Draw &draw)
{
    only(plan, draw, 600,
         {FaultKind::kill, FaultKind::partition, FaultKind::powerLoss, FaultKind::crashAtStep,
          FaultKind::leaderIsolation, FaultKind::clog, FaultKind::slowDisk, FaultKind::fullDisk,
          FaultKind::transfer, FaultKind::tornWrite});
    plan.founders = 3;
    plan.thinkTime = draw.time(2ms, 20ms);
    plan.meanCalm = draw.time(150ms, 600ms);
    plan.duration = 20s;
    plan.segmentBytes = std::uint64_t(draw.scaled(128, 2048));
    plan.options.checkpointEvery = std::chrono::milliseconds(draw.scaled(5, 50));
    plan.options.checkpointSlots = 4;
    plan.options.keepSlots = std::uint64_t(draw.between(1, 4));
}

static void goBackInTime(Plan &plan, Draw &draw)
{
    only(plan, draw, 300, {FaultKind::rollback, FaultKind::kill, FaultKind::leaderIsolation});
    plan.founders = draw.chance(500) ? 3 : 5;
    plan.meanCalm = draw.time(300ms, 2s);
    plan.thinkTime = draw.time(2ms, 20ms);
}

static void useTheStore(Plan &plan, Draw &draw)
{
    only(plan, draw, 300,
         {FaultKind::kill, FaultKind::leaderIsolation, FaultKind::powerLoss, FaultKind::partition,
          FaultKind::wallJump, FaultKind::clog});
    plan.founders = 3;
    plan.spares = draw.index(2);
    plan.clients = 2;
    plan.explorers = 3;
    plan.watchers = 3;
    plan.compactPermille = int(draw.scaled(20, 150));
    plan.thinkTime = draw.time(2ms, 10ms);
    plan.meanCalm = draw.time(200ms, 1s);
    plan.duration = 10s;
    plan.options.checkpointEvery = std::chrono::milliseconds(draw.scaled(5, 100));
    plan.options.checkpointSlots = std::uint64_t(draw.scaled(4, 64));
    plan.options.keepSlots = std::uint64_t(draw.scaled(1, 256));
}

static void foundInTrouble(Plan &plan, Draw &draw)
{
    only(plan, draw, 600,
         {FaultKind::crashAtStep, FaultKind::powerLoss, FaultKind::kill, FaultKind::lateStart,
          FaultKind::failedSync, FaultKind::loss, FaultKind::tornWrite});
    plan.founders = draw.chance(500) ? 1 : 3;
    plan.meanCalm = draw.time(1ms, 30ms);
    plan.duration = 3s;
}

static void tearWrites(Plan &plan, Draw &draw)
{
    only(plan, draw, 600,
         {FaultKind::tornWrite, FaultKind::failedSync, FaultKind::powerLoss, FaultKind::crashAtStep,
          FaultKind::bitRot, FaultKind::fullDisk, FaultKind::leaderIsolation});
    plan.founders = draw.chance(500) ? 3 : 5;
    plan.spares = 0;
    plan.thinkTime = draw.time(1ms, 20ms);
    plan.meanCalm = draw.time(50ms, 300ms);
    plan.duration = 10s;
    plan.segmentBytes = std::uint64_t(draw.scaled(512, 32'768));
}

void emphasize(Plan &plan, Emphasis emphasis, Draw &draw)
{
    plan.emphasis = emphasis;
    switch (emphasis) {
    case Emphasis::none:
    case Emphasis::count: return;
    case Emphasis::leaders: fightForLeadership(plan, draw); return;
    case Emphasis::members: changeMembers(plan, draw); return;
    case Emphasis::reads: readALot(plan, draw); return;
    case Emphasis::sessions: liveShortly(plan, draw); return;
    case Emphasis::largeValues: writeLargeValues(plan, draw); return;
    case Emphasis::checkpoints: keepLittle(plan, draw); return;
    case Emphasis::rollback: goBackInTime(plan, draw); return;
    case Emphasis::founding: foundInTrouble(plan, draw); return;
    case Emphasis::disks: tearWrites(plan, draw); return;
    case Emphasis::store: useTheStore(plan, draw); return;
    case Emphasis::sqlite:
        keepLittle(plan, draw);
        plan.usesSqlite = true;
        return;
    }
}

} // namespace coffer::sim
