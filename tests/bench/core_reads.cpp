// SPDX-License-Identifier: Apache-2.0
#include "bench/client_load.h"
#include "bench/core_benches.h"
#include "bench/stopwatch.h"

#include <utility>

namespace coffer::bench {

static const QString group = QStringLiteral("reads");

static void runOnce(bool isAtLeader, std::size_t clients, double seconds, Case &measured)
{
    Trio trio({});
    trio.form();
    ClientLoad load(trio, isAtLeader ? trio.leader() : trio.follower(), ClientLoad::Kind::reads,
                    clients);
    load.prepare();
    load.start();
    for (int i = 0; i < 1000; ++i)
        trio.round();

    const std::uint64_t readsBefore = load.answered();
    const std::uint64_t framesBefore = trio.traffic().frames;
    const Stopwatch watch;
    while (watch.cpuSeconds() < seconds) {
        for (int i = 0; i < 16; ++i)
            trio.round();
    }
    const double cpu = watch.cpuSeconds();
    const double wall = watch.wallSeconds();
    const auto reads = double(load.answered() - readsBefore);
    measured.add(QStringLiteral("reads/CPU-s"), reads / cpu);
    measured.add(QStringLiteral("reads/s of wall time"), reads / wall);
    measured.add(QStringLiteral("frames/read"),
                 double(trio.traffic().frames - framesBefore) / reads);
    load.stop();
}

void benchReads(const Options &options, Report &report)
{
    bool isFirst = true;
    for (const bool isAtLeader : {true, false}) {
        for (const std::size_t clients : {64, 256, 1024}) {
            const QString name =
                QStringLiteral("%1, %2 outstanding")
                    .arg(isAtLeader ? QStringLiteral("leader") : QStringLiteral("follower"))
                    .arg(clients);
            if (!options.isWanted(group, name))
                continue;
            if (std::exchange(isFirst, false))
                report.begin(group, QStringLiteral("Linearizable reads of files of 256 bytes, no "
                                                   "writes meanwhile."));
            Case measured(group, name);
            for (int run = 0; run < options.runs; ++run)
                runOnce(isAtLeader, clients, options.seconds, measured);
            report.add(std::move(measured));
        }
    }
}

} // namespace coffer::bench
