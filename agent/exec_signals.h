// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>
#include <QSocketNotifier>

#include <functional>
#include <memory>

namespace coffer::agent {

/// The signals that a program which runs another one has to hand on, as calls from the event loop:
/// SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH. One object a process; main thread.
class ExecSignals final : public QObject
{
    Q_DISABLE_COPY_MOVE(ExecSignals)

public:
    explicit ExecSignals(std::function<void(int)> handOn);
    ~ExecSignals() override;

private:
    std::function<void(int)> m_handOn;
    std::unique_ptr<QSocketNotifier> m_notifier;
};

/// Process 1 of a container has to reap what others left behind, and gets no signal that it does
/// not ask for. If this process is that one, it splits: this returns in a child of it, and the
/// first process hands on signals, reaps, and ends with the child's exit code. Else it does
/// nothing. Before anything else in main(); no thread may run.
void leaveProcessOne();

} // namespace coffer::agent
