// SPDX-License-Identifier: Apache-2.0
#include "agent/target.h"

#include "config/name.h"

namespace coffer::agent {

using std::chrono::milliseconds;

static constexpr milliseconds longest = std::chrono::hours(24);

static Error wrong(const char *field, const char *expected)
{
    return {ErrorCode::invalid,
            QStringLiteral("%1: %2").arg(QLatin1String(field), QLatin1String(expected))};
}

static Result<void> checkCommand(const char *field, const Command &command)
{
    if (command.isEmpty())
        return {};
    if (command.isShell && command.argv.size() != 1)
        return wrong(field, "with shell = true, give one line");
    if (!command.isShell && !command.argv.front().startsWith('/'))
        return wrong(field, "give the program's whole path (\"/usr/sbin/nginx\"), or say shell = "
                            "true");
    if (command.timeout <= milliseconds(0) || command.timeout > longest)
        return wrong(field, "the time-out has to be above 0 and at most 24h");
    for (const QByteArray &word : command.argv) {
        if (word.contains('\0'))
            return wrong(field, "a word contains a zero byte");
    }
    return {};
}

static Result<void> checkReload(const Reload &reload)
{
    switch (reload.kind) {
    case Reload::Kind::none: return {};
    case Reload::Kind::command:
        if (reload.command.isEmpty())
            return wrong("reload.command", "give the program to run and its arguments");
        return checkCommand("reload.command", reload.command);
    case Reload::Kind::signal:
        if (!reload.pidFile.startsWith('/'))
            return wrong("reload.pidfile", "give the whole path of the file with the process id");
        if (reload.signalNumber < 1 || reload.signalNumber > 64)
            return wrong("reload.signal", "give a signal, as \"HUP\" or \"USR1\"");
        return {};
    case Reload::Kind::systemd:
        if (!config::isName(reload.unit))
            return wrong("reload.systemd", "give the name of a unit, as \"nginx.service\"");
        return {};
    }
    return {};
}

Result<void> checkTarget(const Target &target)
{
    if (Result<void> named = config::checkName(target.service, "service"); !named)
        return named;
    if (!target.destination.startsWith('/') || target.destination.size() < 2
        || target.destination.endsWith('/') || target.destination.contains("/../")
        || target.destination.contains('\0'))
        return wrong("destination", "give the whole path of an existing directory, without .. and "
                                    "without / at its end");
    if (target.modeMask > 0777)
        return wrong("mode", "give permission bits of at most 0777");
    if (Result<void> checked = checkCommand("check", target.check); !checked)
        return checked;
    if (Result<void> checked = checkReload(target.reload); !checked)
        return checked;
    if (Result<void> checked = checkCommand("health", target.health.command); !checked)
        return checked;
    if (target.health.passes < 1 || target.health.passes > 1000)
        return wrong("health.passes", "give a number from 1 to 1000");
    if (target.health.interval < milliseconds(10) || target.health.interval > longest)
        return wrong("health.interval", "give a duration from 10ms to 24h");
    if (target.health.window < target.health.interval * (target.health.passes - 1)
        || target.health.window > longest)
        return wrong("health.window", "give a duration of at most 24h in which all passes fit");
    if (target.splay < milliseconds(0) || target.splay > longest)
        return wrong("splay", "give a duration of at most 24h");
    if (target.minInterval < milliseconds(0) || target.minInterval > longest)
        return wrong("min_interval", "give a duration of at most 24h");
    if (target.keep < 2 || target.keep > 100)
        return wrong("keep", "give a number from 2 to 100: the applied generation and those to go "
                             "back to");
    return {};
}

} // namespace coffer::agent
