// SPDX-License-Identifier: Apache-2.0
// tidy: allow(arrows) main() puts the gateway together, which is another program in the same file
#include "client/endpoint.h"
#include "gateway/gateway.h"
#include "net/epoll_loop.h"
#include "net/log.h"
#include "net/peer_address.h"
#include "net/stop_signals.h"
#include "node/client_service.h"
#include "node/daemon.h"
#include "node/plugin_service.h"
#include "node/settings.h"
#include "pluginhost/plugin_folder.h"

#include <QCoreApplication>
#include <QFileInfo>
#include <QHostAddress>
#include <QTimer>

#include <algorithm>
#include <cstdio>
#include <sys/stat.h>

using namespace coffer;

static std::optional<QString> environment(const QString &name)
{
    const QByteArray key = name.toUtf8();
    if (!qEnvironmentVariableIsSet(key.constData()))
        return std::nullopt;
    return qEnvironmentVariable(key.constData());
}

static node::ClientServiceOptions optionsOf(const node::Settings &settings)
{
    const node::HealthOptions health;
    return {.listen = settings.listen,
            .auth = settings.isAuthRequired ? node::AuthMode::required : node::AuthMode::stored,
            .rootTokenFile = settings.rootTokenFile,
            .isRootReset = settings.isRootReset,
            .tls = {settings.clientCertificate,
                    settings.clientKey,
                    settings.clientAuthority,
                    {.authority = QStringLiteral("--tls-client-ca")}},
            .audit = settings.audit,
            .auditDirectory = settings.data + QStringLiteral("/audit"),
            .hostNames = settings.hostNames,
            .slowRequest = settings.slowRequest,
            // Not while an election may still be under way.
            .health = {.logAfter = std::max(health.logAfter, 3 * settings.electionMax),
                       .lostAfter = std::max(health.lostAfter, 4 * settings.electionMax)}};
}

static pluginhost::PluginSources sourcesOf(const node::Settings &settings)
{
    pluginhost::PluginSources sources;
    sources.folders = {settings.plugins.isEmpty()
                           ? pluginhost::findPluginFolder(QCoreApplication::applicationDirPath())
                           : settings.plugins};
    sources.settings = settings.pluginSettings;
    sources.isOpenToAll = settings.isOpenToAll;
    sources.node = "gateway"; // a node says its own name
    return sources;
}

/// Of those that are used unless --plugins names another folder.
static QString helpOnPlugins()
{
    const QString settings = pluginhost::describeSettings(
        pluginhost::findPluginFolder(QCoreApplication::applicationDirPath()));
    if (settings.isEmpty())
        return {};
    return QStringLiteral("\n\nSettings of plugins, in the file, or for all nodes with "
                          "\"coffer plugins set NAME JSON\":\n")
           + settings.trimmed();
}

/// A process that is no node: see Gateway.
static int runGateway(const node::Settings &settings)
{
    const auto nodes = client::parseEndpoints(settings.gateway.join(u','));
    const auto listen = net::PeerAddress::parse(settings.listen);
    if (!nodes || !listen) {
        const QString why = nodes ? listen.error().message : nodes.error().message;
        std::fprintf(stderr, "%s: %s\n", nodes ? "--listen" : "--gateway", qUtf8Printable(why));
        return node::Daemon::badSetting;
    }
    const QHostAddress address = listen->host == QLatin1String("localhost")
                                     ? QHostAddress(QHostAddress::LocalHost)
                                     : QHostAddress(listen->host);
    if (address.isNull()) {
        std::fprintf(stderr, "--listen: '%s' is no address of this machine\n",
                     qUtf8Printable(listen->host));
        return node::Daemon::badSetting;
    }
    node::SystemClock clock;
    gateway::Gateway gateway({*nodes, address, listen->port, sourcesOf(settings)}, clock);
    QString place;
    const Result<QString> started = gateway.start([&place] {
        std::printf("cofferd: gateway ready: clients at %s\n", qUtf8Printable(place));
        std::fflush(stdout);
    });
    if (!started) {
        std::fprintf(stderr, "cofferd: %s\n", qUtf8Printable(started.error().message));
        return started.error().code == ErrorCode::invalid ? node::Daemon::badSetting
                                                          : node::Daemon::notStarted;
    }
    place = *started;
    net::StopSignals signals([&gateway, timeout = settings.stopTimeout] {
        QTimer::singleShot(timeout, qApp, [] { QCoreApplication::exit(0); });
        gateway.stop([] { QCoreApplication::exit(0); });
    });
    return QCoreApplication::exec();
}

int main(int count, char **arguments)
{
    ::umask(0077); // what lies in the data directory is nobody else's to read
    QCoreApplication::setEventDispatcher(new net::EpollLoop); // the application owns it
    QCoreApplication application(count, arguments);
    QCoreApplication::setApplicationName(QStringLiteral("cofferd"));
    QCoreApplication::setApplicationVersion(QStringLiteral(COFFER_VERSION));

    const auto read = node::readSettings(QCoreApplication::arguments().mid(1), &environment);
    if (const auto *leave = std::get_if<node::Leave>(&read)) {
        QString text = leave->text;
        if (leave->isHelp)
            text += helpOnPlugins();
        std::fprintf(leave->code == 0 ? stdout : stderr, "%s\n", qUtf8Printable(text));
        return leave->code;
    }
    const auto &settings = std::get<node::Settings>(read);
    net::installLog(settings.logLevel, settings.logFormat);
    if (!settings.plugins.isEmpty() && !QFileInfo(settings.plugins).isDir()) {
        std::fprintf(stderr,
                     "plugins: '%s' is no folder; a node without plugins needs an empty one\n",
                     qUtf8Printable(settings.plugins));
        return node::Daemon::badSetting;
    }

    if (!settings.gateway.isEmpty())
        return runGateway(settings);

    prometheus::Registry metrics;
    node::Daemon daemon(settings, metrics);
    auto clients = std::make_unique<node::ClientService>(optionsOf(settings));
    clients->setDirectory(settings.data);
    clients->setMetrics(metrics);
    auto plugins = std::make_unique<node::PluginService>(*clients, sourcesOf(settings));
    daemon.addService(std::move(clients));
    daemon.addService(std::move(plugins));
    net::StopSignals signals([&daemon] { daemon.stop(); });
    if (const auto exit = daemon.start(); exit != node::Daemon::stopped)
        return exit;
    return QCoreApplication::exec();
}
