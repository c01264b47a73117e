// SPDX-License-Identifier: Apache-2.0
#include "agent/host_actions.h"

#include "agent/command_run_p.h"

#include <QTimer>

#include <cerrno>
#include <csignal>
#include <cstring>

namespace coffer::agent {

QCoro::Task<CommandOutcome> HostActions::run(Command command, Environment environment)
{
    Eventual<CommandOutcome> ended({ErrorCode::unavailable, QStringLiteral("the agent ended")});
    const CommandRun run(command, environment, ended.setter());
    const Result<CommandOutcome> outcome = co_await ended;
    if (!outcome)
        co_return CommandOutcome{.reason = outcome.error().message};
    co_return *outcome;
}

Result<bool> HostActions::signal(std::int64_t process, int number)
{
    if (::kill(pid_t(process), number) == 0)
        return true;
    if (errno == ESRCH)
        return false;
    return Error{errno == EPERM ? ErrorCode::denied : ErrorCode::io,
                 QStringLiteral("cannot send signal %1 to process %2: %3 (the agent has to run as "
                                "its user, or with CAP_KILL)")
                     .arg(number)
                     .arg(process)
                     .arg(QString::fromLocal8Bit(std::strerror(errno)))};
}

QCoro::Task<void> HostActions::pause(std::chrono::milliseconds duration)
{
    Eventual<bool> over({ErrorCode::unavailable, QStringLiteral("the agent ended")});
    const Eventual<bool>::Setter set = over.setter();
    std::erase_if(m_pauses, [](const Eventual<bool>::Setter &old) { return old.isSet(); });
    m_pauses.push_back(set);
    QTimer timer;
    timer.setSingleShot(true);
    timer.setTimerType(Qt::PreciseTimer);
    // Queued: the timer must not be destroyed from within its own signal.
    QObject::connect(
        &timer, &QTimer::timeout, &m_context, [set] { set(true); }, Qt::QueuedConnection);
    timer.start(duration);
    static_cast<void>(co_await over);
}

void HostActions::wake()
{
    QMetaObject::invokeMethod(
        &m_context,
        [pauses = std::exchange(m_pauses, {})] {
            for (const Eventual<bool>::Setter &set : pauses)
                set(true);
        },
        Qt::QueuedConnection);
}

} // namespace coffer::agent
