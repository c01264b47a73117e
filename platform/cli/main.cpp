// SPDX-License-Identifier: Apache-2.0
#include "base/shell_completion.h"
#include "cli/companion.h"
#include "cli/verbs.h"
#include "client/endpoint.h"
#include "net/epoll_loop.h"
#include "net/spawn.h"

#include <CLI/CLI.hpp>
#include <QCoreApplication>
#include <QStandardPaths>
#include <QTimer>

#include <cstdio>

using namespace coffer;
using namespace Qt::StringLiterals;

namespace {

struct Common
{
    std::string endpoints = "127.0.0.1:7400";
    double seconds = 10;
    bool isJson = false;
    std::string token;
    std::string tokenFile;
    std::string authority;
    std::string certificate;
    std::string key;
};

const char *const footer =
    "Exit codes: 0 done, 1 failed, 2 wrong command line, 3 not found, 4 conflict (not as\n"
    "expected; nothing was done), 5 unavailable (certainly not done), 6 denied, 7 unknown outcome\n"
    "(a write that was done or not: read before you try again).\n"
    "Paths are /segment/segment; patterns have * and ? within a segment, ** across.\n"
    "A program coffer-foo on PATH is run by `coffer foo`.\n";

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
    app.add_option("--token", common.token, "Who you are; better in the environment or a file")
        ->envname("COFFER_TOKEN");
    app.add_option("--token-file", common.tokenFile,
                   "A file with the token, which only you may read. Default: coffer/token in the "
                   "directory of your settings (~/.config), if it is there")
        ->envname("COFFER_TOKEN_FILE");
    app.add_option("--tls-ca", common.authority,
                   "Who signs the certificates of nodes (PEM), for https://host:port")
        ->envname("COFFER_TLS_CA");
    app.add_option("--tls-cert", common.certificate, "The own certificate (PEM)")
        ->envname("COFFER_TLS_CERT");
    app.add_option("--tls-key", common.key, "Private key of --tls-cert (PEM)")
        ->envname("COFFER_TLS_KEY");
    app.add_flag("--json", common.isJson, "Lines of JSON in place of text");
}

QCoro::Task<void> carryOut(cli::Run run, cli::Console &console)
{
    const int code = co_await run(console);
    if (console.client().connection() != nullptr)
        (void)co_await console.store().finish();
    QCoreApplication::exit(code);
}

Result<client::Credentials> credentialsOf(const Common &common)
{
    client::CredentialFiles files{.token = QString::fromStdString(common.tokenFile),
                                  .authority = QString::fromStdString(common.authority),
                                  .certificate = QString::fromStdString(common.certificate),
                                  .key = QString::fromStdString(common.key)};
    if (!common.token.empty())
        files.token.clear();
    else if (files.token.isEmpty())
        files.token = QStandardPaths::locate(QStandardPaths::GenericConfigLocation,
                                             QStringLiteral("coffer/token"));
    Result<client::Credentials> credentials = client::readCredentials(files);
    if (credentials && !common.token.empty())
        credentials->token = QByteArray::fromStdString(common.token);
    return credentials;
}

/// Of the command line.
int wrong(const QString &why, bool isJson)
{
    cli::showFailure(rpc::Failure::of(rpc::Code::invalidArgument, why), isJson);
    return cli::usage;
}

/// The first word that stands where a verb is expected; the parser says only that there is none.
QString unknownVerb(const CLI::App &app, const CLI::ParseError &error)
{
    const bool lacksVerb = error.get_name() == "RequiredError"
                           && QString::fromStdString(error.what()).contains(u"subcommand"_s);
    const std::vector<std::string> words = app.remaining(true);
    return lacksVerb && !words.empty() ? QString::fromStdString(words.front()) : QString();
}

/// For people with what the parser adds; with --json, which it may not have come to, as all errors.
int unread(const CLI::App &app, const CLI::ParseError &error, const QStringList &words)
{
    const bool isAsked = error.get_exit_code() == 0; // help, or the version
    if (const QString verb = unknownVerb(app, error); !verb.isEmpty())
        return wrong(u"%1 is not known here; --help says what is"_s.arg(verb),
                     words.contains(u"--json"_s));
    if (!isAsked && words.contains(u"--json"_s))
        return wrong(QString::fromStdString(error.what()), true);
    return app.exit(error) == 0 ? cli::ok : cli::usage;
}

int talk(const cli::Run &run, const Common &common)
{
    auto nodes = client::parseEndpoints(QString::fromStdString(common.endpoints));
    if (!nodes)
        return wrong(u"--endpoints: "_s + nodes.error().message, common.isJson);
    auto credentials = credentialsOf(common);
    if (!credentials)
        return wrong(credentials.error().message, common.isJson);
    client::Options options;
    options.link = client::webSocketLinks(std::move(*credentials));
    options.nodes = std::move(*nodes);
    options.timeout = std::chrono::milliseconds(std::int64_t(common.seconds * 1000));
    client::Client client(options);
    cli::Console console(client, common.isJson);
    QTimer::singleShot(0, &client, [&run, &console] { spawn(carryOut(run, console), "coffer"); });
    return QCoreApplication::exec();
}

bool hasVerb(CLI::App &app, const std::string &name)
{
    return !app.get_subcommands([&name](CLI::App *verb) { return verb->get_name() == name; })
                .empty();
}

} // namespace

/// "@" begins host:NAME, the layer of a host.
static const QByteArray hostWords =
    R"(    if [[ $cur == @ || ${COMP_WORDS[COMP_CWORD-1]} == @ ]]; then
        cur=${cur#@} words=host:
        compopt -o nospace 2>/dev/null
    fi
)";

int main(int count, char **arguments)
{
    // For the thousands of connections of bench; the application owns it.
    QCoreApplication::setEventDispatcher(new net::EpollLoop);
    QCoreApplication application(count, arguments);
    Common common;
    cli::Run run;
    QByteArray completion;
    QStringList companion;
    CLI::App app("The command line of Coffer", "coffer");
    addCommon(app, common);
    cli::addReadVerbs(app, run);
    cli::addWriteVerbs(app, run);
    cli::addWatchVerbs(app, run);
    cli::addClusterVerbs(app, run);
    cli::addAuthVerbs(app, run);
    cli::addPluginVerbs(app, run);
    cli::addConfigVerbs(app, run);
    cli::addFleetVerbs(app, run);
    cli::addCallVerb(app, run);
    cli::addBenchVerb(app, run);
    cli::addBackupVerbs(app, run, companion);
    cli::addNodeVerbs(app, run, companion);
    addCompletionVerb(app, completion, hostWords);
    if (count > 1 && arguments[1][0] != '-' && !hasVerb(app, arguments[1]))
        cli::becomeExtension(QString::fromLocal8Bit(arguments[1]),
                             QCoreApplication::arguments().mid(2));
    try {
        app.parse(count, arguments);
    } catch (const CLI::ParseError &error) {
        return unread(app, error, QCoreApplication::arguments());
    }
    if (!completion.isEmpty()) {
        std::fwrite(completion.constData(), 1, std::size_t(completion.size()), stdout);
        return cli::ok;
    }
    if (!companion.isEmpty())
        return cli::becomeCompanion(companion, common.isJson);
    return talk(run, common);
}
