// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/target.h"

#include <QCoro/QCoroTask>
#include <QString>

#include <map>

namespace coffer::agent {

/// Variables that a command sees besides PATH and LANG.
using Environment = std::map<QByteArray, QByteArray>;

struct CommandOutcome
{
    bool isOk = false;   ///< It ended by itself, with 0.
    QString reason = {}; ///< "ended with 1", "was killed after 30 s", "cannot be started: ...".
    QString output = {}; ///< The end of what it wrote to both outputs, at most 4 KiB of UTF-8.
};

/// What the agent does to the rest of the host, apart from files. One thread, with an event loop.
/// Coroutines that wait here must be done before it is destroyed.
class Actions
{
public:
    virtual ~Actions() = default;

    /// Runs it in a process group of its own, in /, with no input and only PATH, LANG and
    /// \a environment. After its time-out the group gets SIGTERM, and SIGKILL 2 s later.
    [[nodiscard]] virtual QCoro::Task<CommandOutcome> run(Command command,
                                                          Environment environment) = 0;
    /// False if there is no such process. `denied`.
    [[nodiscard]] virtual Result<bool> signal(std::int64_t process, int number) = 0;
    /// Waits by the monotonic clock, or until wake().
    [[nodiscard]] virtual QCoro::Task<void> pause(std::chrono::milliseconds duration) = 0;
    /// Ends every pause() now.
    virtual void wake() = 0;
};

} // namespace coffer::agent
