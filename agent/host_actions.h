// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/actions.h"
#include "base/eventual.h"

#include <QObject>

#include <vector>

namespace coffer::agent {

/// This host: real processes, signals and timers. Needs Qt's event loop.
class HostActions final : public Actions
{
public:
    /// How long a group has between SIGTERM and SIGKILL.
    static constexpr std::chrono::milliseconds grace{2'000};
    static constexpr qsizetype outputBytesMax = 4096;

    [[nodiscard]] QCoro::Task<CommandOutcome> run(Command command,
                                                  Environment environment) override;
    [[nodiscard]] Result<bool> signal(std::int64_t process, int number) override;
    [[nodiscard]] QCoro::Task<void> pause(std::chrono::milliseconds duration) override;
    void wake() override;

private:
    std::vector<Eventual<bool>::Setter> m_pauses;
    QObject m_context; ///< Of timers and calls that are queued.
};

} // namespace coffer::agent
