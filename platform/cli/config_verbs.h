// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/console.h"

namespace CLI {
class App;
}

/// The verbs below `coffer config`. Each function adds some to \a config.
namespace coffer::cli {

void addConfigReadVerbs(CLI::App &config, Run &run); ///< tree, get, cat, diff, drafts.
void addConfigEditVerbs(CLI::App &config, Run &run); ///< set, unset, import, output, discard, ...
void addConfigReleaseVerbs(CLI::App &config,
                           Run &run); ///< validate, publish, rollback, history, ...
void addConfigProposalVerbs(CLI::App &config, Run &run); ///< revert, promote.
void addConfigPlaceVerbs(CLI::App &config, Run &run);    ///< service, idc.

} // namespace coffer::cli
