// SPDX-License-Identifier: Apache-2.0
#include "cluster/node_process.h"

#include <csignal>

namespace coffer::test {

NodeProcess::~NodeProcess() { kill(); }

void NodeProcess::start()
{
    m_output.clear();
    m_log.clear();
    m_process.start(QStringLiteral(COFFERD), m_arguments);
    if (!m_process.waitForStarted())
        qFatal("%s cannot be started", COFFERD);
}

void NodeProcess::signal(int number)
{
    if (isRunning() && m_process.processId() > 0)
        ::kill(pid_t(m_process.processId()), number);
}

void NodeProcess::kill()
{
    signal(SIGKILL);
    if (isRunning() && !m_process.waitForFinished())
        qWarning("process %lld was killed and is not gone", m_process.processId());
}

void NodeProcess::setVariable(const QString &name, const QString &value)
{
    QProcessEnvironment environment = m_process.processEnvironment();
    if (environment.isEmpty())
        environment = QProcessEnvironment::systemEnvironment();
    environment.insert(name, value);
    m_process.setProcessEnvironment(environment);
}

std::optional<int> NodeProcess::exitCode() const
{
    if (isRunning() || m_process.exitStatus() != QProcess::NormalExit)
        return std::nullopt;
    return m_process.exitCode();
}

void NodeProcess::takeOutput()
{
    m_output += QString::fromUtf8(m_process.readAllStandardOutput());
    m_log += QString::fromUtf8(m_process.readAllStandardError());
}

QString NodeProcess::output()
{
    takeOutput();
    return m_output;
}

QString NodeProcess::log()
{
    takeOutput();
    return m_log;
}

QString NodeProcess::wordBehind(const QString &words)
{
    const QString all = log();
    const qsizetype at = all.lastIndexOf(words);
    if (at < 0)
        return {};
    const QString rest = all.mid(at + words.size()).section(QLatin1Char('\n'), 0, 0);
    return rest.trimmed().section(QLatin1Char(' '), 0, 0);
}

} // namespace coffer::test
