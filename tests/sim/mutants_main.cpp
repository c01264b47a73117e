// SPDX-License-Identifier: Apache-2.0
#include "sim/campaign.h"
#include "sim/mutant_hunt.h"
#include "sim/mutant_names.h"
#include "sim/options.h"

#include <cstdio>

using namespace coffer;
using namespace coffer::sim;

static int listMutants()
{
    for (const MutantInfo &info : mutants()) {
        std::printf("%-28s %s\n", info.name, info.sentence);
        if (info.explained != nullptr)
            std::printf("%-28s cannot break anything: %s\n", "", info.explained);
    }
    return 0;
}

int main(int count, char **values)
{
    QStringList arguments;
    for (int i = 1; i < count; ++i)
        arguments += QString::fromLocal8Bit(values[i]);
    Result<CommandLine> line = parseCommandLine(arguments);
    if (!line) {
        std::fprintf(stderr, "coffer-sim-mutants: %s\n%s", qUtf8Printable(line.error().message),
                     helpText());
        return 2;
    }
    if (line->isHelp) {
        std::fputs(helpText(), stdout);
        return 0;
    }
    if (line->isMutantList)
        return listMutants();
    if (line->mutant.isEmpty())
        return huntMutants(*line);
    const MutantInfo *info = mutantNamed(line->mutant);
    if (info == nullptr) {
        std::fprintf(stderr, "coffer-sim-mutants: there is no '%s'; see --list-mutants\n",
                     qUtf8Printable(line->mutant));
        return 2;
    }
    if (!line->run.emphasis)
        line->run.emphasis = info->emphasis;
    selectMutant(info->mutant);
    return runCampaign(*line);
}
