// SPDX-License-Identifier: Apache-2.0
#include "net/epoll_loop.h"
#include "node/client_service.h"
#include "node/daemon.h"
#include "node/log.h"
#include "node/settings.h"
#include "node/stop_signals.h"

#include <QCoreApplication>

#include <algorithm>
#include <cstdio>

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
            .tls = {settings.clientCertificate, settings.clientKey, settings.clientAuthority},
            .audit = settings.audit,
            .auditDirectory = settings.data + QStringLiteral("/audit"),
            .hostNames = settings.hostNames,
            .slowRequest = settings.slowRequest,
            // Not while an election may still be under way.
            .health = {.logAfter = std::max(health.logAfter, 3 * settings.electionMax),
                       .lostAfter = std::max(health.lostAfter, 4 * settings.electionMax)}};
}

int main(int count, char **arguments)
{
    QCoreApplication::setEventDispatcher(new net::EpollLoop); // the application owns it
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

    prometheus::Registry metrics;
    node::Daemon daemon(settings, metrics);
    auto clients = std::make_unique<node::ClientService>(optionsOf(settings));
    clients->setDirectory(settings.data);
    clients->setMetrics(metrics);
    daemon.addService(std::move(clients));
    node::StopSignals signals([&daemon] { daemon.stop(); });
    if (const auto exit = daemon.start(); exit != node::Daemon::stopped)
        return exit;
    return QCoreApplication::exec();
}
