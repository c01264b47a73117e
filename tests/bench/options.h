// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

#include <QStringList>

namespace coffer::bench {

/// What the command line asks for. Value.
struct Options
{
    int runs = 5;
    double seconds = 1; ///< Processor time of one run of one case.
    int seeds = 200;    ///< Elections.
    bool isJson = false;
    bool isHelp = false;
    /// Cases whose "group: name" contains one of these; empty: all.
    QStringList only;

    [[nodiscard]] bool isWanted(const QString &group, const QString &name = {}) const;
};

[[nodiscard]] Result<Options> parseOptions(const QStringList &arguments);
[[nodiscard]] const char *helpText();

} // namespace coffer::bench
