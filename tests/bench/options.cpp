// SPDX-License-Identifier: Apache-2.0
#include "bench/options.h"

#include <algorithm>

namespace coffer::bench {

const char *helpText()
{
    return "usage: bench_core [options]\n"
           "  --runs N       runs of each case, 5 unless told; the median is "
           "shown\n"
           "  --seconds S    processor time of one run, 1 unless told\n"
           "  --seeds N      elections to watch, 200 unless told\n"
           "  --only TEXT    only cases whose \"group: name\" contains TEXT; may "
           "be repeated\n"
           "                 groups: commands, reads, messages, steps (as a whole),\n"
           "                 apply, election\n"
           "  --json         one JSON array instead of text\n"
           "  --help         this text\n";
}

bool Options::isWanted(const QString &group, const QString &name) const
{
    const QString full = group + QStringLiteral(": ") + name;
    return only.isEmpty() || std::any_of(only.begin(), only.end(), [&](const QString &wanted) {
               return full.contains(wanted);
           });
}

static Error wrong(const QString &option, const QString &wanted)
{
    return {ErrorCode::invalid, QStringLiteral("%1 needs %2").arg(option, wanted)};
}

Result<Options> parseOptions(const QStringList &arguments)
{
    Options options;
    for (qsizetype i = 0; i < arguments.size(); ++i) {
        const QString &option = arguments[i];
        if (option == QLatin1String("--json")) {
            options.isJson = true;
            continue;
        }
        if (option == QLatin1String("--help")) {
            options.isHelp = true;
            continue;
        }
        const QString value = arguments.value(++i);
        bool isNumber = false;
        if (option == QLatin1String("--only")) {
            if (value.isEmpty())
                return wrong(option, QStringLiteral("a text"));
            options.only += value;
        } else if (option == QLatin1String("--runs")) {
            options.runs = value.toInt(&isNumber);
            if (!isNumber || options.runs < 1)
                return wrong(option, QStringLiteral("a number above 0"));
        } else if (option == QLatin1String("--seeds")) {
            options.seeds = value.toInt(&isNumber);
            if (!isNumber || options.seeds < 1)
                return wrong(option, QStringLiteral("a number above 0"));
        } else if (option == QLatin1String("--seconds")) {
            options.seconds = value.toDouble(&isNumber);
            if (!isNumber || options.seconds <= 0)
                return wrong(option, QStringLiteral("a number above 0"));
        } else {
            return Error{ErrorCode::invalid, QStringLiteral("unknown option %1").arg(option)};
        }
    }
    return options;
}

} // namespace coffer::bench
