// SPDX-License-Identifier: Apache-2.0
#include "cli/verbs.h"
#include "client/endpoint.h"
#include "net/spawn.h"

#include <CLI/CLI.hpp>
#include <QCoreApplication>
#include <QTimer>

#include <cstdio>

using namespace coffer;

namespace {

struct Common
{
    std::string endpoints = "127.0.0.1:7400";
    double seconds = 10;
    bool isJson = false;
};

const char *const footer =
    "Exit codes: 0 done, 1 failed, 2 wrong command line, 3 not found, 4 conflict (not as\n"
    "expected; nothing was done), 5 unavailable (certainly not done), 6 denied, 7 unknown outcome\n"
    "(a write that was done or not: read before you try again).\n"
    "Paths are /segment/segment; patterns have * and ? within a segment, ** across.\n";

void addCommon(CLI::App &app, Common &common)
{
    app.require_subcommand(1);
    app.fallthrough();
    app.footer(footer);
    app.set_version_flag("--version", COFFER_VERSION);
    app.add_option("--endpoints", common.endpoints, "Nodes, as host:port,host:port")
        ->envname("COFFER_ENDPOINTS")
        ->capture_default_str();
    app.add_option("--timeout", common.seconds, "Seconds to wait for an answer")
        ->check(CLI::Range(0.01, 3600.0))
        ->capture_default_str();
    app.add_flag("--json", common.isJson, "Lines of JSON in place of text");
}

QCoro::Task<void> carryOut(cli::Run run, cli::Console &console)
{
    const int code = co_await run(console);
    if (console.client().connection() != nullptr)
        (void)co_await console.store().finish();
    QCoreApplication::exit(code);
}

int talk(const cli::Run &run, const Common &common)
{
    auto nodes = client::parseEndpoints(QString::fromStdString(common.endpoints));
    if (!nodes) {
        std::fprintf(stderr, "coffer: --endpoints: %s\n", qUtf8Printable(nodes.error().message));
        return cli::usage;
    }
    client::Options options;
    options.nodes = std::move(*nodes);
    options.timeout = std::chrono::milliseconds(std::int64_t(common.seconds * 1000));
    client::Client client(options);
    cli::Console console(client, common.isJson);
    QTimer::singleShot(0, &client, [&run, &console] { spawn(carryOut(run, console), "coffer"); });
    return QCoreApplication::exec();
}

} // namespace

int main(int count, char **arguments)
{
    qputenv("QT_NO_GLIB", "1");
    QCoreApplication application(count, arguments);
    Common common;
    cli::Run run;
    QByteArray completion;
    CLI::App app("The command line of Coffer", "coffer");
    addCommon(app, common);
    cli::addReadVerbs(app, run);
    cli::addWriteVerbs(app, run);
    cli::addWatchVerbs(app, run);
    cli::addClusterVerbs(app, run);
    cli::addPluginVerbs(app, run);
    cli::addCallVerb(app, run);
    cli::addBenchVerb(app, run);
    cli::addCompletionVerb(app, completion);
    try {
        app.parse(count, arguments);
    } catch (const CLI::ParseError &error) {
        return app.exit(error) == 0 ? cli::ok : cli::usage;
    }
    if (!completion.isEmpty()) {
        std::fwrite(completion.constData(), 1, std::size_t(completion.size()), stdout);
        return cli::ok;
    }
    return talk(run, common);
}
