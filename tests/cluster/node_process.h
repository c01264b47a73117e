// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QProcess>
#include <QStringList>

#include <optional>

namespace coffer::test {

/// One cofferd that this test started, and what it says. Killed when this ends, by its own
/// process id and nothing else. Resource.
class NodeProcess
{
public:
    explicit NodeProcess(QStringList arguments) : m_arguments(std::move(arguments)) {}
    ~NodeProcess();
    NodeProcess(const NodeProcess &) = delete;
    NodeProcess &operator=(const NodeProcess &) = delete;

    /// Starts it; what it said before is forgotten.
    void start();
    /// Sends \a number, SIGKILL for instance. Does not wait.
    void signal(int number);
    /// Kills it and waits until it is gone.
    void kill();
    [[nodiscard]] bool isRunning() const { return m_process.state() != QProcess::NotRunning; }
    /// How it ended by itself; nothing while it runs, or if a signal ended it.
    [[nodiscard]] std::optional<int> exitCode() const;

    /// Everything it said since the last start: standard output, and the log.
    [[nodiscard]] QString output();
    [[nodiscard]] QString log();
    [[nodiscard]] bool hasLogged(const QString &words) { return log().contains(words); }
    /// The word behind \a words in their last line of the log; empty if they are not there.
    [[nodiscard]] QString wordBehind(const QString &words);

    void addArguments(const QStringList &arguments) { m_arguments += arguments; }
    /// Adds to the environment of later starts.
    void setVariable(const QString &name, const QString &value);
    /// 0 while it does not run.
    [[nodiscard]] qint64 processId() const { return m_process.processId(); }

private:
    void takeOutput();

    QStringList m_arguments;
    QProcess m_process;
    QString m_output;
    QString m_log;
};

} // namespace coffer::test
