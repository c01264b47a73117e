// SPDX-License-Identifier: Apache-2.0
#include "bench/allocations.h"
#include "bench/client_load.h"
#include "bench/core_benches.h"
#include "bench/stopwatch.h"
#include "engine/store_machine.h"

#include <utility>

namespace coffer::bench {

static const QString group = QStringLiteral("apply");
static constexpr std::size_t batchSize = 1'000;
static constexpr std::size_t batches = 100;

static QByteArray putCommand(std::size_t file)
{
    store::Transaction put;
    put.operations = {store::Put{.path = "/bench/" + QByteArray::number(qulonglong(file)),
                                 .value = QByteArray(ClientLoad::valueBytes, 'v')}};
    return store::encode(store::Command{{}, put});
}

/// Puts in an order that no cache foresees.
static std::vector<std::vector<QByteArray>> batchesFor(std::size_t files)
{
    std::vector<std::vector<QByteArray>> all(batches);
    std::size_t file = 0;
    for (std::vector<QByteArray> &batch : all) {
        for (std::size_t i = 0; i < batchSize; ++i) {
            file = (file + 7919) % files;
            batch.push_back(putCommand(file));
        }
    }
    return all;
}

static void runOnce(const std::vector<std::vector<QByteArray>> &all, Case &measured)
{
    engine::StoreMachine machine;
    Slot slot;
    const auto apply = [&](std::size_t i) {
        slot = slot.next();
        static_cast<void>(machine.apply(slot, WallMs(1), all[i]));
    };
    static_cast<void>(nanosecondsPerCall(all.size(), apply)); // makes the files
    static_cast<void>(machine.takeChanges());
    const std::uint64_t before = allocationsSoFar().count;
    Figure times;
    for (std::size_t i = 0; i < all.size(); ++i)
        times.samples.push_back(nanosecondsPerCall(1, [&](std::size_t) { apply(i); }));
    const auto allocations = double(allocationsSoFar().count - before);
    measured.add(QStringLiteral("ns/put"), times.median() / double(batchSize));
    measured.add(QStringLiteral("allocations/put"), allocations / double(batchSize * batches));
}

void benchApply(const Options &options, Report &report)
{
    bool isFirst = true;
    for (const std::size_t files : {100, 10'000, 100'000}) {
        const QString name = QStringLiteral("%1 files").arg(files);
        if (!options.isWanted(group, name))
            continue;
        if (std::exchange(isFirst, false))
            report.begin(group, QStringLiteral("StoreMachine::apply alone: puts of 256 bytes over "
                                               "files that are there, median of 100\nbatches of "
                                               "1,000 a run."));
        const std::vector<std::vector<QByteArray>> all = batchesFor(files);
        Case measured(group, name);
        for (int run = 0; run < options.runs; ++run)
            runOnce(all, measured);
        report.add(std::move(measured));
    }
}

} // namespace coffer::bench
