// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/agent.h"
#include "agent/exec.h"

namespace coffer::agent {

/// What `coffer-agent` ends with. Documented in --help; never renumbered. The first eight mean
/// what they mean for `coffer`.
enum Exit {
    ok = 0,
    failure = 1,
    usage = 2, ///< The command line, agent.toml or a target is wrong.
    notFound = 3,
    unavailable = 5, ///< No node, or no agent, answers.
    denied = 6,      ///< This user may not.
    changes = 10     ///< plan: something would change.
};
[[nodiscard]] Exit exitOf(ErrorCode code);

/// Runs the agent until SIGTERM or SIGINT; SIGHUP reads the targets again.
[[nodiscard]] int runAgent(const Settings &settings);
/// Applies what is wanted, reports it, and ends: ok, failure if a service was not applied,
/// unavailable if nobody said in \a patience what is wanted.
[[nodiscard]] int runOnce(const Settings &settings, std::chrono::seconds patience);
/// Asks the running agent; where none runs, looks into the state directory.
[[nodiscard]] int runAsk(const Settings &settings, const Ask &ask, bool isJson);
/// Prints each change of a service until it is interrupted: what becomes of all services, or where
/// \a ask names one, its versions.
[[nodiscard]] int runWatch(const Settings &settings, const Ask &ask);
/// Runs a program on the configuration of this host; where no agent runs, it is one itself.
[[nodiscard]] int runExec(const Settings &settings, const ExecOptions &options);
/// What a join was given on the command line.
struct JoinArguments
{
    QString nodes;
    QString token;
    QString authorityHash;
};
[[nodiscard]] int runJoin(const Settings &settings, const JoinArguments &arguments);
/// Says what is missing on this host, and what to do about it.
[[nodiscard]] int runDoctor(const Settings &settings, bool isJson);

/// Says on standard error what went wrong; the exit code.
[[nodiscard]] int fail(const Error &error);

} // namespace coffer::agent
