// SPDX-License-Identifier: Apache-2.0
#include "agent/commands.h"
#include "agent/exec_signals.h"
#include "agent/toml_table.h"
#include "base/shell_completion.h"
#include "net/epoll_loop.h"
#include "net/log.h"

#include <CLI/CLI.hpp>
#include <QCoreApplication>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <functional>
#include <string_view>

using namespace coffer;
using namespace coffer::agent;

namespace {

struct Given
{
    bool isJson = false;
    bool isOnce = false;
    bool isMetrics = false;
    int patience = 60;
    std::string nodes;
    std::string token;
    std::string authorityHash;
    std::string service;
    std::string root;
    std::string holdFor;
    std::string path;
    std::string key;
    std::vector<std::string> services;
    QStringList program; ///< What stood behind --.
    std::string signalName;
    std::string grace = "10s";
    bool restarts = false;
    bool restartsOnExit = false;
    bool hasVariables = false;
    std::function<int(const Settings &)> run;
};

const char *const footer =
    "Without a command it runs, until SIGTERM or SIGINT; SIGHUP reads the targets again. A "
    "setting\n"
    "of agent.toml has the name of its flag without the dashes; the environment outweighs the\n"
    "file, and flags both.\n"
    "Exit codes: 0 done, 1 failed, 2 wrong command line, setting or target, 3 not found,\n"
    "5 unavailable, 6 denied, 10 (plan) something would change; exec ends as its program does,\n"
    "127 if there is none, 126 if it cannot be executed.\n";

std::optional<QString> environment(const QString &name)
{
    const QByteArray key = name.toUtf8();
    if (!qEnvironmentVariableIsSet(key.constData()))
        return std::nullopt;
    return qEnvironmentVariable(key.constData());
}

QString textOf(const std::string &text) { return QString::fromStdString(text); }

CLI::App *addAsk(CLI::App &app, Given &given, Verb verb, const char *name, const char *what)
{
    CLI::App *const command = app.add_subcommand(name, what);
    command->callback([&given, verb] {
        given.run = [&given, verb](const Settings &settings) {
            Ask ask{.verb = given.isMetrics ? Verb::metrics : verb,
                    .service = textOf(given.service),
                    .root = textOf(given.root),
                    .path = textOf(given.path),
                    .key = textOf(given.key)};
            if (ask.verb == Verb::get && ask.key.isEmpty() && !ask.path.isEmpty())
                ask.verb = Verb::file;
            if (!given.holdFor.empty()) {
                const auto time = parseDuration(textOf(given.holdFor));
                ask.seconds =
                    time ? std::chrono::duration_cast<std::chrono::seconds>(*time).count() : 0;
                if (ask.seconds < 1)
                    return fail({ErrorCode::invalid,
                                 QStringLiteral("--for: expected a time from 1s on with its unit, "
                                                "as 30m or 8h")});
            }
            return runAsk(settings, ask, given.isJson);
        };
    });
    return command;
}

/// What programs and scripts ask for.
void addLocal(CLI::App &app, Given &given)
{
    CLI::App *const get =
        addAsk(app, given, Verb::get, "get", "A value that is applied, or all of a service");
    get->add_option("SERVICE", given.service)->required();
    get->add_option("KEY", given.key, "As core/timeout; default: all values");
    get->add_option("--file", given.path, "With KEY: only from this file; else the file itself");
    addAsk(app, given, Verb::list, "list", "What is applied; of one service its files and keys")
        ->add_option("SERVICE", given.service);
    addAsk(app, given, Verb::version, "version", "Which version of a service is applied")
        ->add_option("SERVICE", given.service)
        ->required();
    CLI::App *const why = addAsk(app, given, Verb::why, "why",
                                 "Which layers what is applied comes from; needs no node");
    why->add_option("SERVICE", given.service)->required();
    why->add_option("KEY", given.key, "As core/timeout; default: everything");
    why->add_option("--file", given.path, "Of this file or output");
    addAsk(app, given, Verb::env, "env", "The variables of a service's .env files, as for sh")
        ->add_option("SERVICE", given.service)
        ->required();
    CLI::App *const watch = app.add_subcommand(
        "watch", "A line of JSON for each change; with SERVICE for each applied version");
    watch->add_option("SERVICE", given.service);
    watch->add_option("--from", given.root, "The root or version that was seen last")
        ->needs("SERVICE");
    watch->callback([&given] {
        given.run = [&given](const Settings &settings) {
            return runWatch(settings, {.verb = Verb::watch,
                                       .service = textOf(given.service),
                                       .root = textOf(given.root)});
        };
    });
}

/// The number of HUP, SIGHUP or 1; 0 if that is none.
int signalNamed(std::string name)
{
    static constexpr std::array known{std::pair{"HUP", SIGHUP},    std::pair{"INT", SIGINT},
                                      std::pair{"QUIT", SIGQUIT},  std::pair{"TERM", SIGTERM},
                                      std::pair{"USR1", SIGUSR1},  std::pair{"USR2", SIGUSR2},
                                      std::pair{"WINCH", SIGWINCH}};
    if (name.starts_with("SIG"))
        name.erase(0, 3);
    for (const auto &[text, number] : known) {
        if (name == text || name == std::to_string(number))
            return number;
    }
    return 0;
}

int runExecAsGiven(const Settings &settings, const Given &given)
{
    ExecOptions options{.restarts = given.restarts,
                        .hasVariables = given.hasVariables,
                        .restartsOnExit = given.restartsOnExit};
    options.program = given.program;
    for (const std::string &service : given.services)
        options.services.append(textOf(service));
    options.services.removeDuplicates();
    if (options.program.isEmpty())
        return fail({ErrorCode::invalid, QStringLiteral("exec: name a program behind --, as in "
                                                        "exec --restart -- /usr/bin/shop")});
    if (!given.signalName.empty())
        options.signalNumber = signalNamed(given.signalName);
    if (!given.signalName.empty() && options.signalNumber == 0)
        return fail({ErrorCode::invalid,
                     QStringLiteral("--signal: expected HUP, INT, QUIT, TERM, USR1, USR2 or "
                                    "WINCH")});
    const auto grace = parseDuration(textOf(given.grace));
    if (!grace || *grace <= std::chrono::milliseconds(0) || *grace > std::chrono::hours(1))
        return fail({ErrorCode::invalid, QStringLiteral("--grace: expected a time with its unit "
                                                        "up to 1h, as 500ms or 10s")});
    options.grace = *grace;
    return runExec(settings, options);
}

void addExec(CLI::App &app, Given &given)
{
    CLI::App *const exec = app.add_subcommand(
        "exec", "Runs a program once its services have a version; is the agent where none runs");
    exec->add_option("--service", given.services,
                     "A service that it needs, may be repeated; default: all targets")
        ->expected(1)
        ->take_all();
    CLI::Option *const restart = exec->add_flag(
        "--restart", given.restarts, "Stops and starts it when another content is applied");
    exec->add_option("--signal", given.signalName, "Sends it this signal then, as HUP")
        ->excludes(restart);
    exec->add_flag("--env", given.hasVariables,
                   "It gets the variables of the services' .env files");
    exec->add_flag("--restart-on-exit", given.restartsOnExit,
                   "Starts it again whenever it ends, with pauses that grow up to a minute");
    exec->add_option("--grace", given.grace, "From SIGTERM to SIGKILL when it is restarted")
        ->capture_default_str();
    exec->footer("Behind all options: -- PROGRAM [ARGUMENT...]");
    exec->callback([&given] {
        given.run = [&given](const Settings &settings) { return runExecAsGiven(settings, given); };
    });
}

void addCommands(CLI::App &app, Given &given)
{
    CLI::App *const join = app.add_subcommand(
        "join", "Makes this machine a host of the fleet; `coffer fleet enroll` prints the line");
    join->add_option("URL", given.nodes, "Nodes, as https://a:7400,https://b:7400")->required();
    join->add_option("TOKEN", given.token, "The token, of one use")->required();
    join->add_option("--ca-hash", given.authorityHash,
                     "SHA-256 of the certificate of who signs those of nodes; it is kept");
    join->callback([&given] {
        given.run = [&given](const Settings &settings) {
            return runJoin(settings,
                           {textOf(given.nodes), textOf(given.token), textOf(given.authorityHash)});
        };
    });
    addAsk(app, given, Verb::status, "status", "How this host and its services stand")
        ->add_flag("--metrics", given.isMetrics, "The same for Prometheus");
    for (const auto &[verb, name, what] :
         {std::tuple{Verb::history, "history", "Versions that are kept here; * is applied"},
          std::tuple{Verb::diff, "diff", "Files that are not as they were applied"},
          std::tuple{Verb::plan, "plan", "What would change if what is wanted were applied"}})
        addAsk(app, given, verb, name, what)->add_option("SERVICE", given.service);
    CLI::App *const rollback = addAsk(app, given, Verb::rollback, "rollback-local",
                                      "Goes back to a version that is kept here, and holds it");
    rollback->add_option("SERVICE", given.service)->required();
    rollback->add_option("ROOT", given.root,
                         "Digits of its root, or its version; default: the one before");
    CLI::App *const hold =
        addAsk(app, given, Verb::hold, "hold", "Takes nothing new of a service for a while");
    hold->add_option("SERVICE", given.service)->required();
    hold->add_option("--for", given.holdFor, "For so long, as 30m or 8h; default: until released");
    addAsk(app, given, Verb::release, "release", "Ends a hold")
        ->add_option("SERVICE", given.service)
        ->required();
    addLocal(app, given);
    addExec(app, given);
    app.add_subcommand("doctor", "What is missing on this host, and what to do")
        ->callback([&given] {
            given.run = [&given](const Settings &settings) {
                return runDoctor(settings, given.isJson);
            };
        });
}

} // namespace

int main(int count, char **arguments)
{
    leaveProcessOne();
    QCoreApplication::setEventDispatcher(new net::EpollLoop); // the application owns it
    QCoreApplication application(count, arguments);
    Given given;
    CLI::App app("Keeps the configuration of this host right.", "coffer-agent");
    app.require_subcommand(0, 1);
    app.fallthrough();
    app.footer(footer);
    app.set_version_flag("--version", COFFER_VERSION);
    const SettingsReader reader(app);
    app.add_flag("--json", given.isJson, "Answers of commands as lines of JSON");
    app.add_flag("--once", given.isOnce, "Applies what is wanted and ends, for containers");
    app.add_option("--wait", given.patience, "With --once: seconds for nodes to say what is wanted")
        ->check(CLI::Range(1, 86'400))
        ->capture_default_str();
    addCommands(app, given);
    QByteArray completion;
    addCompletionVerb(app, completion);
    const int own =
        int(std::find(arguments, arguments + count, std::string_view("--")) - arguments);
    for (int i = own + 1; i < count; ++i)
        given.program.append(QString::fromLocal8Bit(arguments[i]));
    try {
        app.parse(own, arguments);
    } catch (const CLI::ParseError &error) {
        return app.exit(error) == 0 ? ok : usage;
    }
    if (!completion.isEmpty()) {
        std::fwrite(completion.constData(), 1, std::size_t(completion.size()), stdout);
        return ok;
    }
    const Result<Settings> settings = reader.read(&environment);
    if (!settings)
        return fail({ErrorCode::invalid, settings.error().message});
    if (own < count && !app.got_subcommand("exec"))
        return fail({ErrorCode::invalid, QStringLiteral("--: only exec runs a program")});
    net::installLog(settings->logLevel, settings->logFormat);
    if (given.run)
        return given.run(*settings);
    return given.isOnce ? runOnce(*settings, std::chrono::seconds(given.patience))
                        : runAgent(*settings);
}
