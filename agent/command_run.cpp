// SPDX-License-Identifier: Apache-2.0
#include "agent/command_run_p.h"

#include "agent/host_actions.h"

#include <QFile>

#include <csignal>

#include <unistd.h>

namespace coffer::agent {

CommandRun::CommandRun(const Command &command, const Environment &environment,
                       Eventual<CommandOutcome>::Setter done)
    : m_done(std::move(done)), m_timeout(command.timeout)
{
    QProcessEnvironment variables;
    variables.insert(QStringLiteral("PATH"), QStringLiteral("/usr/sbin:/usr/bin:/sbin:/bin"));
    variables.insert(QStringLiteral("LANG"), QStringLiteral("C.UTF-8"));
    for (const auto &[name, value] : environment)
        variables.insert(QFile::decodeName(name), QFile::decodeName(value));
    m_process.setProcessEnvironment(variables);

    QStringList words;
    for (const QByteArray &word : command.argv)
        words.append(QFile::decodeName(word));
    if (command.isShell)
        words = QStringList{QStringLiteral("/bin/sh"), QStringLiteral("-c")} + words;
    m_process.setProgram(words.takeFirst());
    m_process.setArguments(words);
    m_process.setWorkingDirectory(QStringLiteral("/"));
    m_process.setStandardInputFile(QProcess::nullDevice());
    m_process.setProcessChannelMode(QProcess::MergedChannels);
    m_process.setChildProcessModifier([] { ::setpgid(0, 0); });

    connect(&m_process, &QProcess::started, this, [this] { m_group = m_process.processId(); });
    connect(&m_process, &QProcess::readyRead, this, &CommandRun::readOutput);
    connect(&m_process, &QProcess::finished, this, [this] { finish(outcome()); });
    connect(&m_process, &QProcess::errorOccurred, this, [this](QProcess::ProcessError error) {
        if (error == QProcess::FailedToStart)
            finish({.reason = QStringLiteral("cannot be started: ") + m_process.errorString()});
    });
    m_timer.setSingleShot(true);
    connect(&m_timer, &QTimer::timeout, this, &CommandRun::stop);
    m_timer.start(m_timeout);
    m_process.start(QIODevice::ReadOnly);
}

CommandRun::~CommandRun()
{
    m_process.disconnect(this);
    killGroup(SIGKILL);
}

void CommandRun::readOutput()
{
    m_output += m_process.readAll();
    if (m_output.size() > HostActions::outputBytesMax)
        m_output = m_output.last(HostActions::outputBytesMax);
}

void CommandRun::stop()
{
    killGroup(m_isTimedOut ? SIGKILL : SIGTERM);
    m_isTimedOut = true;
    m_timer.start(HostActions::grace);
}

void CommandRun::killGroup(int signalNumber) const
{
    if (m_group > 1)
        ::kill(-pid_t(m_group), signalNumber);
}

CommandOutcome CommandRun::outcome()
{
    readOutput();
    if (m_isTimedOut)
        killGroup(SIGKILL); // What the command started, and what ignored SIGTERM.
    m_group = 0;            // Else what it started is left alone: it may be the service itself.
    CommandOutcome outcome{.output = QString::fromUtf8(m_output)};
    if (m_isTimedOut)
        outcome.reason =
            QStringLiteral("had not ended after %1 ms, and was killed").arg(m_timeout.count());
    else if (m_process.exitStatus() == QProcess::CrashExit)
        outcome.reason = QStringLiteral("was ended by signal %1").arg(m_process.exitCode());
    else if (m_process.exitCode() != 0)
        outcome.reason = QStringLiteral("ended with %1").arg(m_process.exitCode());
    outcome.isOk = outcome.reason.isEmpty();
    return outcome;
}

void CommandRun::finish(CommandOutcome outcome)
{
    m_timer.stop();
    QMetaObject::invokeMethod(
        this, [this, outcome = std::move(outcome)] { m_done(outcome); }, Qt::QueuedConnection);
}

} // namespace coffer::agent
