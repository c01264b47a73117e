// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/local_link.h"

#include <QElapsedTimer>
#include <QProcess>
#include <QStringList>

#include <map>

namespace coffer::agent {

/// How a program is run, and what is done when its configuration is another one. Value.
struct ExecOptions
{
    QStringList program = {};    ///< And its arguments; not empty.
    QStringList services = {};   ///< Empty: all that have a target.
    bool restarts = false;       ///< At another version it is stopped and started again.
    int signalNumber = 0;        ///< At another version it gets this signal; 0: none.
    bool hasVariables = false;   ///< It gets the variables of the services' env files.
    bool restartsOnExit = false; ///< It is started again whenever it ends, with growing pauses.
    std::chrono::milliseconds grace{10'000}; ///< From SIGTERM to SIGKILL, at a restart.
};

/// Runs one program on the configuration of this host: starts it when all its services have a
/// version, restarts or signals it when one of them has another content, and ends as it ends.
///
/// It is a client of the agent's socket. Without the agent the program goes on; what it missed is
/// told when the agent is back. The program has a process group of its own; its input and outputs
/// are ours. Errors are said on standard error.
///
/// Resource; one thread, with an event loop. \a random outlives it.
class Exec final : public QObject
{
    Q_OBJECT
    Q_DISABLE_COPY_MOVE(Exec)

public:
    /// As shells do.
    static constexpr int notExecutable = 126;
    static constexpr int noProgram = 127;
    static constexpr int bySignal = 128; ///< And its number.

    Exec(ExecOptions options, const QString &socket, Random &random);
    ~Exec() override;

    /// Once. ended() comes after it, from the event loop or from within.
    void start();
    /// To the program. SIGTERM, SIGINT and SIGQUIT also end restarts; before there is a program
    /// they end everything.
    void forward(int signalNumber);

Q_SIGNALS:
    /// With the program's exit code, 128 and a signal that ended it, or why there is none.
    void ended(int code);

private:
    enum class State {
        waiting,   ///< For the first version of each service.
        launching, ///< For variables.
        running,
        stopping, ///< For another start.
        pausing,  ///< After it ended by itself, for another start.
        over
    };
    using Versions = std::map<QString, QString>; ///< Service to root.

    [[nodiscard]] QCoro::Task<void> follow();
    [[nodiscard]] QCoro::Task<Result<void>> fetchVariables();
    [[nodiscard]] QCoro::Task<void> launch();
    [[nodiscard]] QCoro::Task<void> change();
    void onHeard(const QJsonObject &event);
    void consider();
    [[nodiscard]] bool isNews() const;
    void onCollected();
    void startProgram();
    void onFinished();
    void signalGroup(int signalNumber) const;
    void end(int code);
    void giveUp(const Error &error);

    ExecOptions m_options;
    State m_state = State::waiting;
    bool m_isStopping = false; ///< Whoever started us wants the end.
    bool m_isChanging = false;
    bool m_takesTerminal = false;
    Versions m_applied; ///< As last heard.
    Versions m_running; ///< What the program was last started with, or told about.
    Versions m_fetched; ///< What the variables are of.
    std::map<QString, QJsonObject> m_variables;
    Random &m_random;
    Backoff m_backoff;
    QTimer m_collect;
    QTimer m_grace;
    QTimer m_pause;
    QElapsedTimer m_ranFor;
    qint64 m_group = 0; ///< The program's id, and that of its group; 0 before the first one.
    QProcess m_process;
    LocalLink m_link; ///< The first to go: who awaits an answer finds the rest.
};

} // namespace coffer::agent
