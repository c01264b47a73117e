// SPDX-License-Identifier: Apache-2.0
#include "cluster/agent_process.h"

#include <QDir>
#include <QEventLoop>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QTimer>

#include <csignal>

using namespace Qt::StringLiterals;

namespace coffer::test {

AgentProcess::AgentProcess(QString host, QString nodes, QString scrub)
{
    const QString at = m_folder.path();
    QDir(at).mkpath(u"targets.d"_s);
    m_arguments = {u"--state"_s,   at + u"/state"_s,     u"--socket"_s, at + u"/agent.sock"_s,
                   u"--targets"_s, at + u"/targets.d"_s, u"--host"_s,   std::move(host),
                   u"--scrub"_s,   std::move(scrub)};
    if (!nodes.isEmpty())
        m_arguments += {u"--nodes"_s, std::move(nodes)};
}

AgentProcess::~AgentProcess() { kill(); }

void AgentProcess::start()
{
    m_log.clear();
    m_process.start(QStringLiteral(COFFER_AGENT), m_arguments);
    if (!m_process.waitForStarted())
        qFatal("%s cannot be started", COFFER_AGENT);
}

void AgentProcess::setVariable(const QString &name, const QString &value)
{
    QProcessEnvironment environment = m_process.processEnvironment();
    if (environment.isEmpty())
        environment = QProcessEnvironment::systemEnvironment();
    environment.insert(name, value);
    m_process.setProcessEnvironment(environment);
}

void AgentProcess::signal(int number)
{
    if (isRunning() && m_process.processId() > 0)
        ::kill(pid_t(m_process.processId()), number);
}

void AgentProcess::kill()
{
    signal(SIGKILL);
    if (isRunning() && !m_process.waitForFinished())
        qWarning("process %lld was killed and is not gone", m_process.processId());
}

QString AgentProcess::log()
{
    m_log += QString::fromUtf8(m_process.readAllStandardError());
    return m_log;
}

int AgentProcess::run(const QStringList &arguments)
{
    QProcess command;
    QEventLoop loop; // the centre may be in this thread
    QObject::connect(&command, &QProcess::finished, &loop, &QEventLoop::quit);
    QTimer::singleShot(60'000, &loop, &QEventLoop::quit);
    command.start(QStringLiteral(COFFER_AGENT), m_arguments + arguments);
    loop.exec();
    const bool isOver = command.state() == QProcess::NotRunning;
    m_output = command.readAllStandardOutput();
    m_faults = command.readAllStandardError();
    if (isOver && command.exitStatus() == QProcess::NormalExit)
        return command.exitCode();
    command.kill();
    command.waitForFinished();
    return -1;
}

QJsonObject AgentProcess::service(const QString &service)
{
    if (run({u"--json"_s, u"status"_s}) != 0)
        return {};
    const QJsonArray all = QJsonDocument::fromJson(m_output).object()[u"services"_s].toArray();
    for (const QJsonValue one : all) {
        if (one[u"service"_s] == service)
            return one.toObject();
    }
    return {};
}

void AgentProcess::addTarget(const QString &service, const QByteArray &more)
{
    QDir().mkpath(destination(service));
    QFile file(m_folder.filePath(u"targets.d/%1.toml"_s.arg(service)));
    if (!file.open(QIODevice::WriteOnly))
        qFatal("a target cannot be written");
    file.write(
        u"service = \"%1\"\ndestination = \"%2\"\n"_s.arg(service, destination(service)).toUtf8()
        + more);
}

QString AgentProcess::destination(const QString &service) const
{
    return m_folder.filePath(service);
}

QByteArray AgentProcess::file(const QString &service, const QString &path) const
{
    QFile file(destination(service) + u"/current/"_s + path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

} // namespace coffer::test
