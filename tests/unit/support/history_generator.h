// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/history.h"

#include "base/random.h"

#include <map>

namespace coffer::test {

/// What a generated history looks like. Chances are in percent.
struct GeneratorOptions
{
    int operations = 100;
    int processes = 5;
    int keys = 3;
    int values = 4;  ///< Few values make the same one come back.
    int spread = 30; ///< How far calls and returns lie from the effect; effects are 10 apart.
    int readChance = 50;
    int unknownChance = 8;
    int failedChance = 3;
    int weakReadChance = 25;  ///< Of reads: session or local.
    int revisionChance = 100; ///< Of answers: they name a revision.
};

/// Makes histories that are right, by doing one operation after the other on a small versioned
/// store and then drawing the calls and returns apart, so that operations overlap.
class HistoryGenerator
{
public:
    HistoryGenerator(Random &random, const GeneratorOptions &options);

    [[nodiscard]] History generate();

private:
    using MaybeValue = std::optional<QByteArray>;

    [[nodiscard]] bool chance(int percent);
    [[nodiscard]] QByteArray anyValue();
    [[nodiscard]] Operation begin(std::uint64_t effectTime);
    void doRead(Operation &operation);
    void doWrite(Operation &operation);
    void doUnknownWrite(Operation &operation);
    void doKnownWrite(Operation &operation);
    void write(const QByteArray &key, const MaybeValue &value);
    [[nodiscard]] MaybeValue valueAt(const QByteArray &key, std::uint64_t revision) const;
    [[nodiscard]] std::uint64_t sessionFloor(const Operation &read) const;

    Random &m_random;
    GeneratorOptions m_options;
    History m_history;
    std::uint64_t m_revision = 0;
    std::map<QByteArray, std::map<std::uint64_t, MaybeValue>> m_versions;
};

/// The seed of this run: the environment's COFFER_SEED, else a random one. Prints it.
[[nodiscard]] std::uint64_t announcedSeed();

} // namespace coffer::test
