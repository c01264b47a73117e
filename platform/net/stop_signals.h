// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>
#include <QSocketNotifier>

#include <functional>
#include <memory>

namespace coffer::net {

/// SIGTERM and SIGINT as a call from the event loop. The second one ends the process at once, with
/// code 128 + its number. With \a reload, SIGHUP as a call of that. SIGPIPE is ignored from here
/// on. One object a process; main thread.
class StopSignals final : public QObject
{
    Q_DISABLE_COPY_MOVE(StopSignals)

public:
    explicit StopSignals(std::function<void()> stop, std::function<void()> reload = {});
    ~StopSignals() override;

private:
    std::function<void()> m_stop;
    std::function<void()> m_reload;
    std::unique_ptr<QSocketNotifier> m_notifier;
};

} // namespace coffer::net
