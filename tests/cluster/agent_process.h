// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QJsonObject>
#include <QProcess>
#include <QStringList>
#include <QTemporaryDir>

#include <memory>

namespace coffer::test {

/// One host: a coffer-agent of this test with a state directory, targets and a destination of its
/// own. Its process is killed when this ends, by its own id. Resource.
class AgentProcess
{
public:
    /// \a nodes as --nodes takes them; empty: those that it joins. \a scrub as --scrub takes it.
    explicit AgentProcess(QString host, QString nodes = {}, QString scrub = QStringLiteral("1s"));
    ~AgentProcess();
    AgentProcess(const AgentProcess &) = delete;
    AgentProcess &operator=(const AgentProcess &) = delete;

    void start();
    /// Adds to the environment of later starts.
    void setVariable(const QString &name, const QString &value);
    void signal(int number);
    void kill();
    [[nodiscard]] bool isRunning() const { return m_process.state() != QProcess::NotRunning; }
    [[nodiscard]] qint64 processId() const { return m_process.processId(); }
    [[nodiscard]] int exitCode() const { return m_process.exitCode(); }
    [[nodiscard]] QString log();

    /// Runs a command of this host to its end; the exit code, or -1 if it did not end.
    int run(const QStringList &arguments);
    [[nodiscard]] const QByteArray &output() const { return m_output; }
    [[nodiscard]] const QByteArray &faults() const { return m_faults; }
    /// What `status` says of \a service; empty if it says nothing.
    [[nodiscard]] QJsonObject service(const QString &service);
    [[nodiscard]] QString state(const QString &of) { return service(of)["state"].toString(); }
    [[nodiscard]] QString version(const QString &of)
    {
        return service(of)["applied"].toObject()["version"].toString();
    }

    /// Writes targets.d/SERVICE.toml, with \a more behind service and destination.
    void addTarget(const QString &service, const QByteArray &more = {});
    [[nodiscard]] QString folder() const { return m_folder.path(); }
    [[nodiscard]] QString destination(const QString &service) const;
    /// A file that is in force; null if there is none.
    [[nodiscard]] QByteArray file(const QString &service, const QString &path) const;

    /// The same state directory for another host's processes; for tests that clone or share.
    void addArguments(const QStringList &arguments) { m_arguments += arguments; }
    [[nodiscard]] QStringList arguments() const { return m_arguments; }

private:
    QTemporaryDir m_folder;
    QStringList m_arguments;
    QProcess m_process;
    QString m_log;
    QByteArray m_output;
    QByteArray m_faults;
};

} // namespace coffer::test
