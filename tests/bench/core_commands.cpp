// SPDX-License-Identifier: Apache-2.0
#include "bench/client_load.h"
#include "bench/core_benches.h"
#include "bench/stopwatch.h"

#include <utility>

namespace coffer::bench {

namespace {

struct CommandCase
{
    QString name;
    bool isAtLeader = true;
    ClientLoad::Kind kind = ClientLoad::Kind::puts;
    Trio::Storage storage = Trio::Storage::memory;
    std::size_t clients = 0;
    std::size_t files = 10'000;
};

/// What the trio had done at one moment.
struct Tally
{
    std::uint64_t commands = 0;
    std::uint64_t slots = 0;
    Trio::Traffic traffic;
    std::array<std::uint64_t, trioSize> allocations{};
};

} // namespace

static const QString group = QStringLiteral("commands");
static constexpr const char *explanation =
    "Puts of 256 bytes to 10,000 files (unless told) through three engines in "
    "one thread, with an\n"
    "in-memory journal and checkpoint and the real codec. CPU-s: processor "
    "time, user and system,\n"
    "of all three nodes and their clients together. With sessions, each client "
    "has its own.";

static Trio::Settings settingsOf(const CommandCase &some)
{
    Trio::Settings settings;
    settings.storage = some.storage;
    // With batches of 1024 puts the default 4096 kept slots would be more than 1
    // GB a node.
    settings.engine.checkpointSlots = 256;
    settings.engine.keepSlots = 256;
    return settings;
}

static Tally tallyOf(Trio &trio, const ClientLoad &load)
{
    Tally tally{load.answered(),
                trio.engine(trio.leader()).status().chosenUpTo.value(),
                trio.traffic(),
                {}};
    for (std::size_t node = 0; node < trioSize; ++node)
        tally.allocations[node] = trio.allocations(node);
    return tally;
}

static void runFor(Trio &trio, double seconds)
{
    const Stopwatch watch;
    while (watch.cpuSeconds() < seconds) {
        for (int i = 0; i < 16; ++i)
            trio.round();
    }
}

/// Frames by kind, from a short run of its own: naming frames costs time and
/// allocations.
static void countKinds(const CommandCase &some, Case &measured)
{
    Trio::Settings settings = settingsOf(some);
    settings.isNamingFrames = true;
    Trio trio(settings);
    trio.form();
    ClientLoad load(trio, some.isAtLeader ? trio.leader() : trio.follower(), some.kind,
                    some.clients, some.files);
    load.prepare();
    load.start();
    for (int i = 0; i < 20; ++i)
        trio.round();
    const Tally before = tallyOf(trio, load);
    for (int i = 0; i < 400; ++i)
        trio.round();
    const Tally after = tallyOf(trio, load);
    const auto commands = double(after.commands - before.commands);
    for (const auto &[kind, count] : after.traffic.kinds) {
        const auto known = before.traffic.kinds.find(kind);
        const std::uint64_t earlier = known == before.traffic.kinds.end() ? 0 : known->second;
        if (count > earlier)
            measured.add(QString::fromStdString(kind) + QStringLiteral(" frames/command"),
                         double(count - earlier) / commands);
    }
    load.stop();
}

static void runOnce(const CommandCase &some, double seconds, Case &measured)
{
    Trio trio(settingsOf(some));
    trio.form();
    const std::size_t leader = trio.leader();
    ClientLoad load(trio, some.isAtLeader ? leader : trio.follower(), some.kind, some.clients,
                    some.files);
    load.prepare();
    load.start();
    runFor(trio, seconds / 4);

    const Tally before = tallyOf(trio, load);
    const Stopwatch watch;
    runFor(trio, seconds);
    const double cpu = watch.cpuSeconds();
    const double user = watch.userSeconds();
    const double wall = watch.wallSeconds();
    const Tally after = tallyOf(trio, load);

    const auto commands = double(after.commands - before.commands);
    measured.add(QStringLiteral("commands/CPU-s"), commands / cpu);
    measured.add(QStringLiteral("commands/user-CPU-s"), commands / user);
    measured.add(QStringLiteral("commands/s of wall time"), commands / wall);
    measured.add(QStringLiteral("commands/batch"), commands / double(after.slots - before.slots));
    measured.add(QStringLiteral("frames/command"),
                 double(after.traffic.frames - before.traffic.frames) / commands);
    measured.add(QStringLiteral("frame bytes/command"),
                 double(after.traffic.bytes - before.traffic.bytes) / commands);
    std::array<double, trioSize> allocations{};
    double all = 0;
    for (std::size_t node = 0; node < trioSize; ++node) {
        allocations[node] = double(after.allocations[node] - before.allocations[node]) / commands;
        all += allocations[node];
    }
    measured.add(QStringLiteral("allocations/command"), all);
    measured.add(QStringLiteral("allocations/command at the leader"), allocations[leader]);
    measured.add(QStringLiteral("allocations/command at the first follower"),
                 allocations[(leader + 1) % trioSize]);
    load.stop();
    trio.checkAgreement();
}

static std::vector<CommandCase> commandCases()
{
    std::vector<CommandCase> cases;
    const auto add = [&cases](bool isAtLeader, ClientLoad::Kind kind, Trio::Storage storage,
                              std::size_t clients) {
        QString name = isAtLeader ? QStringLiteral("leader") : QStringLiteral("follower");
        name += kind == ClientLoad::Kind::puts ? QStringLiteral(", no session")
                                               : QStringLiteral(", sessions");
        name += QStringLiteral(", %1 outstanding").arg(clients);
        if (storage == Trio::Storage::none)
            name += QStringLiteral(", null storage");
        cases.push_back({name, isAtLeader, kind, storage, clients});
    };
    for (const auto kind : {ClientLoad::Kind::puts, ClientLoad::Kind::sessionPuts}) {
        for (const bool isAtLeader : {true, false}) {
            for (const std::size_t clients : {64, 256, 1024, 4096})
                add(isAtLeader, kind, Trio::Storage::memory, clients);
        }
    }
    add(true, ClientLoad::Kind::puts, Trio::Storage::none, 1024);
    add(true, ClientLoad::Kind::puts, Trio::Storage::none, 4096);
    // The files of three stores fit into the processor's caches: the price of the
    // core without that of memory.
    add(true, ClientLoad::Kind::puts, Trio::Storage::none, 1024);
    cases.back().name += QStringLiteral(", 100 files");
    cases.back().files = 100;
    return cases;
}

void benchCommands(const Options &options, Report &report)
{
    bool isFirst = true;
    for (const CommandCase &some : commandCases()) {
        if (!options.isWanted(group, some.name))
            continue;
        if (std::exchange(isFirst, false))
            report.begin(group, QString::fromUtf8(explanation));
        Case measured(group, some.name);
        for (int run = 0; run < options.runs; ++run)
            runOnce(some, options.seconds, measured);
        countKinds(some, measured);
        report.add(std::move(measured));
    }
}

} // namespace coffer::bench
