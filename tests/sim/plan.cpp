// SPDX-License-Identifier: Apache-2.0
#include "sim/plan.h"

#include "sim/draw.h"
#include "sim/emphasis.h"

namespace coffer::sim {

using namespace std::chrono_literals;

static constexpr std::array<const char *, faultKinds> names{
    "loss",           "duplication",      "reordering", "tail",
    "partition",      "leader-isolation", "clog",       "kill",
    "power-loss",     "crash-at-step",    "pause",      "slow-disk",
    "slow-processor", "full-disk",        "disk-error", "failed-sync",
    "drift",          "wall-jump",        "wipe",       "mass-wipe",
    "disk-swap",      "rollback",         "membership", "transfer",
    "late-start",     "divergence",       "bit-rot",    "torn-write"};

const char *nameOf(FaultKind kind) { return names[std::size_t(kind)]; }

std::optional<FaultKind> faultNamed(const QByteArray &name)
{
    for (std::size_t i = 0; i < faultKinds; ++i) {
        if (name == names[i])
            return FaultKind(i);
    }
    return std::nullopt;
}

/// How often, of a thousand seeds, a kind is part of the plan.
static int likelihood(FaultKind kind)
{
    switch (kind) {
    case FaultKind::massWipe: return 40;
    case FaultKind::rollback:
    case FaultKind::divergence: return 100;
    case FaultKind::diskError:
    case FaultKind::wallJump:
    case FaultKind::diskSwap:
    case FaultKind::wipe:
    case FaultKind::bitRot:
    case FaultKind::tornWrite:
    case FaultKind::slowProcessor: return 250;
    case FaultKind::membership: return 600;
    default: return 400;
    }
}

/// How often, of a thousand seeds, a run has an emphasis.
static constexpr int emphasisPermille = 350;

static LinkPolicy drawNetwork(Draw &draw)
{
    LinkPolicy policy;
    policy.delayMin = draw.time(20us, 1ms);
    policy.delayMax = policy.delayMin + draw.time(50us, 10ms);
    policy.lossPermille = int(draw.scaled(1, 300));
    policy.duplicatePermille = int(draw.scaled(1, 300));
    policy.tailPermille = int(draw.between(1, 20));
    policy.tailMax = draw.time(20ms, 5s);
    policy.isOrdered = false;
    return policy;
}

/// Takes out of \a policy what is not part of the plan.
static void restrict(LinkPolicy &policy, const Plan &plan)
{
    if (!plan.has(FaultKind::loss))
        policy.lossPermille = 0;
    if (!plan.has(FaultKind::duplication))
        policy.duplicatePermille = 0;
    if (!plan.has(FaultKind::tail))
        policy.tailPermille = 0;
    if (!plan.has(FaultKind::reordering))
        policy.isOrdered = true;
}

static void drawOptions(engine::Options &options, Draw &draw)
{
    if (draw.chance(700)) { // Slower pace: the same conversation with fewer heartbeats.
        options.heartbeat = 50ms;
        options.electionMin = 300ms;
        options.electionMax = 600ms;
    }
    options.checkpointEvery = std::chrono::milliseconds(draw.scaled(20, 2000));
    options.checkpointSlots = std::uint64_t(draw.scaled(8, 4096));
    options.keepSlots = std::uint64_t(draw.scaled(4, 4096));
}

static void drawStore(Plan &plan, Draw &draw)
{
    plan.explorers = draw.index(3);
    plan.watchers = draw.index(4);
    plan.compactPermille = draw.chance(700) ? int(draw.scaled(10, 200)) : 0;
    if (draw.chance(100))
        plan.store.bytesMax = std::uint64_t(draw.scaled(200, 20'000));
}

Plan makePlan(std::uint64_t seed, const std::bitset<faultKinds> &off,
              std::optional<SimTime> duration, std::optional<Emphasis> emphasis)
{
    Draw draw(seed, 1);
    Plan plan;
    static const std::vector<std::size_t> sizes{1, 2, 3, 3, 3, 3, 3, 4, 5, 5, 5, 7};
    plan.founders = draw.of(sizes);
    plan.spares = draw.index(4);
    plan.clients = std::size_t(draw.between(2, 6));
    plan.thinkTime = draw.time(2ms, 100ms);
    plan.duration = SimTime(draw.between(20'000'000, 40'000'000));
    plan.meanCalm = draw.time(200ms, 5s);
    plan.segmentBytes = std::uint64_t(draw.scaled(512, 65'536));
    plan.turnMax = draw.time(10us, 2ms);
    plan.keys = std::size_t(draw.between(1, 8));
    plan.sessionPermille = int(draw.between(0, 1000));
    plan.network = drawNetwork(draw);
    drawOptions(plan.options, draw);
    const int share = int(draw.between(200, 1800)); // Some seeds are quiet, some are not.
    for (std::size_t i = 0; i < faultKinds; ++i)
        plan.faults.set(i, draw.chance(likelihood(FaultKind(i)) * share / 1000));
    plan.usesSqlite = seed % 10 == 0;
    Draw more(seed, 8);
    plan.fillBytes = more.chance(500) ? 0 : 4096;
    if (more.chance(400))
        plan.upkeep.keepRevisions = std::uint64_t(more.scaled(10, 2000));
    if (more.chance(100))
        plan.upkeep.keepAge = std::chrono::milliseconds(more.scaled(100, 20'000));
    if (more.chance(100))
        plan.upkeep.keepBytes = std::uint64_t(more.scaled(500, 50'000));
    Draw still(seed, 9);
    drawStore(plan, still);
    const bool isEmphatic = more.chance(emphasisPermille);
    const Emphasis drawn = Emphasis(more.between(1, std::int64_t(Emphasis::count) - 1));
    emphasize(plan, emphasis.value_or(isEmphatic ? drawn : Emphasis::none), more);
    plan.faults &= ~off;
    restrict(plan.network, plan);
    if (duration)
        plan.duration = *duration;
    return plan;
}

} // namespace coffer::sim
