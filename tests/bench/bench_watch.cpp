// SPDX-License-Identifier: Apache-2.0
#include "bench/watch_benches.h"

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
        std::fprintf(stderr, "bench_watch: %s\n%s", qUtf8Printable(options.error().message),
                     helpText());
        return 2;
    }
    if (options->isHelp) {
        std::fputs(helpText(), stdout);
        return 0;
    }
    Report report(options->isJson);
    benchGlob(*options, report);
    benchWatches(*options, report);
    report.finish();
    return 0;
}
