// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "sim/simulation.h"

#include <QByteArray>
#include <QStringList>

namespace coffer::sim {

/// What the command line asks for. Value.
struct CommandLine
{
    RunOptions run;
    std::uint64_t seeds = 100;
    std::optional<std::chrono::minutes> minutes; ///< Ends after this time instead of after seeds.
    unsigned jobs = 1;
    bool isPlain = false; ///< No progress line.
    bool isShrinking = true;
    bool isGoingOn = false; ///< One line a finding, and no end at the first.
    bool isHelp = false;
    bool isMutantList = false;
    QString mutant;
    std::uint64_t seedsMax = 0; ///< For each mutant; 0: as its table says.
    QString historyFile;        ///< To judge instead of simulating.
    QString writeHistory;       ///< File for the history of the newest seed.
};

[[nodiscard]] Result<CommandLine> parseCommandLine(const QStringList &arguments);
[[nodiscard]] const char *helpText();
/// The command that runs \a options again.
[[nodiscard]] QString replayCommand(const RunOptions &options, const QString &mutant);

} // namespace coffer::sim
