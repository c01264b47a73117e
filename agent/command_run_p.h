// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/actions.h"
#include "base/eventual.h"

#include <QProcess>
#include <QTimer>

namespace coffer::agent {

/// One run of one command. Resource; kills its process group if it is destroyed early.
class CommandRun final : public QObject
{
    Q_DISABLE_COPY_MOVE(CommandRun)

public:
    /// \a done hears of the end from the event loop, never from within another call.
    CommandRun(const Command &command, const Environment &environment,
               Eventual<CommandOutcome>::Setter done);
    ~CommandRun() override;

private:
    void readOutput();
    void stop();
    void killGroup(int signalNumber) const;
    void finish(CommandOutcome outcome);
    [[nodiscard]] CommandOutcome outcome();

    Eventual<CommandOutcome>::Setter m_done;
    std::chrono::milliseconds m_timeout;
    QByteArray m_output; ///< Its end.
    qint64 m_group = 0;  ///< Of processes; 0 before the start and after the end.
    bool m_isTimedOut = false;
    QTimer m_timer;
    QProcess m_process;
};

} // namespace coffer::agent
