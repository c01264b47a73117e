// SPDX-License-Identifier: Apache-2.0
#include "net/service_manager.h"

#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace coffer::net {

ServiceManager::ServiceManager() : m_socket(qgetenv("NOTIFY_SOCKET"))
{
    bool isNumber = false;
    const auto watchdog = qgetenv("WATCHDOG_USEC").toLongLong(&isNumber);
    if (isNumber && watchdog > 0)
        m_watchdog = std::chrono::duration_cast<std::chrono::milliseconds>(
            std::chrono::microseconds(watchdog));
    QObject::connect(&m_timer, &QTimer::timeout, &m_timer, [this] { notify("WATCHDOG=1"); });
}

void ServiceManager::ready(const QByteArray &status)
{
    notify("READY=1\nSTATUS=" + status);
    if (m_watchdog && !m_timer.isActive())
        m_timer.start(*m_watchdog / 3);
}

void ServiceManager::setStatus(const QByteArray &status) { notify("STATUS=" + status); }

void ServiceManager::stopping() { notify("STOPPING=1"); }

void ServiceManager::notify(const QByteArray &text) const
{
    sockaddr_un address = {};
    if (m_socket.size() < 2 || std::size_t(m_socket.size()) >= sizeof address.sun_path)
        return;
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, m_socket.constData(), std::size_t(m_socket.size()));
    if (address.sun_path[0] == '@')
        address.sun_path[0] = '\0'; // the abstract name space of Linux
    const int descriptor = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return;
    const auto length = socklen_t(offsetof(sockaddr_un, sun_path) + std::size_t(m_socket.size()));
    static_cast<void>(!::sendto(descriptor, text.constData(), std::size_t(text.size()),
                                MSG_NOSIGNAL | MSG_DONTWAIT,
                                reinterpret_cast<const sockaddr *>(&address), length));
    ::close(descriptor);
}

} // namespace coffer::net
