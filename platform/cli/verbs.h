// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/console.h"

namespace CLI {
class App;
}

/// The verbs of `coffer`. Each function adds some to \a app; the one that is chosen sets \a run.
namespace coffer::cli {

void addReadVerbs(CLI::App &app, Run &run);    ///< get, ls, tree, find.
void addWriteVerbs(CLI::App &app, Run &run);   ///< put, del, txn.
void addWatchVerbs(CLI::App &app, Run &run);   ///< watch, history.
void addClusterVerbs(CLI::App &app, Run &run); ///< status, member, session, compact.
void addAuthVerbs(CLI::App &app, Run &run);    ///< auth, token.
void addPluginVerbs(CLI::App &app, Run &run);  ///< plugins.
void addConfigVerbs(CLI::App &app, Run &run);  ///< config, with all below it.
void addFleetVerbs(CLI::App &app, Run &run);   ///< fleet.
void addCallVerb(CLI::App &app, Run &run);     ///< call.
void addBenchVerb(CLI::App &app, Run &run);    ///< bench.
/// backup, restore. Work that needs no cluster is not done by a task: \a companion gets the
/// arguments for becomeCompanion().
void addBackupVerbs(CLI::App &app, Run &run, QStringList &companion);
void addNodeVerbs(CLI::App &app, Run &run, QStringList &companion); ///< node.

} // namespace coffer::cli
