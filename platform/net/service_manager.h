// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QTimer>

#include <chrono>
#include <optional>

namespace coffer::net {

/// Tells systemd how a program is (sd_notify), if it was started by it.
///
/// The protocol is one datagram of text to the socket that NOTIFY_SOCKET names, stable and
/// documented in sd_notify(3), so libsystemd is not needed for it. Without that variable nothing
/// happens. The thread of its event loop.
class ServiceManager
{
public:
    /// The environment is read here: NOTIFY_SOCKET and WATCHDOG_USEC.
    ServiceManager();

    /// Also begins to feed the watchdog, from the event loop: a loop that hangs is noticed.
    void ready(const QByteArray &status);
    void setStatus(const QByteArray &status);
    void stopping();

private:
    void notify(const QByteArray &text) const;

    QByteArray m_socket;
    std::optional<std::chrono::milliseconds> m_watchdog;
    QTimer m_timer;
};

} // namespace coffer::net
