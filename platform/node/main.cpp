// SPDX-License-Identifier: Apache-2.0
#include "node/client_service.h"
#include "node/daemon.h"
#include "node/epoll_loop.h"
#include "node/log.h"
#include "node/plugin_service.h"
#include "node/settings.h"
#include "node/stop_signals.h"

#include <QCoreApplication>

#include <cstdio>

using namespace coffer;

static std::optional<QString> environment(const QString &name)
{
    const QByteArray key = name.toUtf8();
    if (!qEnvironmentVariableIsSet(key.constData()))
        return std::nullopt;
    return qEnvironmentVariable(key.constData());
}

static pluginhost::PluginSources sourcesOf(const node::Settings &settings)
{
    pluginhost::PluginSources sources;
    sources.folders = {settings.plugins.isEmpty()
                           ? pluginhost::findPluginFolder(QCoreApplication::applicationDirPath())
                           : settings.plugins};
    sources.settings = settings.pluginSettings;
    sources.isOpenToAll = settings.isOpenToAll;
    return sources;
}

int main(int count, char **arguments)
{
    QCoreApplication::setEventDispatcher(new node::EpollLoop); // the application owns it
    QCoreApplication application(count, arguments);
    QCoreApplication::setApplicationName(QStringLiteral("cofferd"));
    QCoreApplication::setApplicationVersion(QStringLiteral(COFFER_VERSION));

    const auto read = node::readSettings(QCoreApplication::arguments().mid(1), &environment);
    if (const auto *leave = std::get_if<node::Leave>(&read)) {
        std::fprintf(leave->code == 0 ? stdout : stderr, "%s\n", qUtf8Printable(leave->text));
        return leave->code;
    }
    const auto &settings = std::get<node::Settings>(read);
    node::installLog(settings.logLevel, settings.logFormat);

    node::Daemon daemon(settings);
    auto clients = std::make_unique<node::ClientService>(settings.listen);
    auto plugins = std::make_unique<node::PluginService>(*clients, sourcesOf(settings));
    daemon.addService(std::move(clients));
    daemon.addService(std::move(plugins));
    node::StopSignals signals([&daemon] { daemon.stop(); });
    if (const auto exit = daemon.start(); exit != node::Daemon::stopped)
        return exit;
    return QCoreApplication::exec();
}
