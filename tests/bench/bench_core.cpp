// SPDX-License-Identifier: Apache-2.0
#include "bench/core_benches.h"

#include <cstdio>

using namespace coffer;
using namespace coffer::bench;

int main(int count, char **values)
{
    QStringList arguments;
    for (int i = 1; i < count; ++i)
        arguments += QString::fromLocal8Bit(values[i]);
    const Result<Options> options = parseOptions(arguments);
    if (!options) {
        std::fprintf(stderr, "bench_core: %s\n%s", qUtf8Printable(options.error().message),
                     helpText());
        return 2;
    }
    if (options->isHelp) {
        std::fputs(helpText(), stdout);
        return 0;
    }
    Report report(options->isJson);
    benchCommands(*options, report);
    benchReads(*options, report);
    benchMessages(*options, report);
    benchSteps(*options, report);
    benchApply(*options, report);
    benchElections(*options, report);
    report.finish();
    return 0;
}
