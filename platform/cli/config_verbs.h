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
void addConfigCanaryVerbs(CLI::App &config, Run &run);    ///< canary.
void addConfigProposalVerbs(CLI::App &config, Run &run);  ///< revert, promote.
void addConfigSearchVerb(CLI::App &config, Run &run);     ///< search.
void addConfigWhyVerb(CLI::App &config, Run &run);        ///< why.
void addConfigDirectoryVerbs(CLI::App &config, Run &run); ///< export, import-service.
void addConfigPlaceVerbs(CLI::App &config, Run &run);     ///< service, idc.
void addConfigSchemaVerbs(CLI::App &config, Run &run);    ///< schema list, get, set, remove, check.

} // namespace coffer::cli
