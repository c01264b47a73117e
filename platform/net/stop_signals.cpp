// SPDX-License-Identifier: Apache-2.0
#include "net/stop_signals.h"

#include <atomic>
#include <csignal>
#include <fcntl.h>
#include <unistd.h>

namespace coffer::net {

// A signal handler may only touch what is here: the write end of a pipe, and whether it was called.
static std::atomic<int> g_pipe{-1};
static std::atomic<bool> g_isStopping{false};

static void onSignal(int number)
{
    if (number != SIGHUP && g_isStopping.exchange(true))
        ::_exit(128 + number);
    const char byte = char(number);
    static_cast<void>(!::write(g_pipe, &byte, 1));
}

StopSignals::StopSignals(std::function<void()> stop, std::function<void()> reload)
    : m_stop(std::move(stop)), m_reload(std::move(reload))
{
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        qFatal("no pipe can be made; raise the limit of open files");
    g_pipe = ends[1];
    m_notifier = std::make_unique<QSocketNotifier>(ends[0], QSocketNotifier::Read);
    connect(m_notifier.get(), &QSocketNotifier::activated, this, [this, end = ends[0]] {
        char byte = 0;
        if (::read(end, &byte, 1) != 1)
            return;
        if (byte == SIGHUP)
            m_reload();
        else
            m_stop();
    });
    struct sigaction action = {};
    action.sa_handler = onSignal;
    action.sa_flags = SA_RESTART;
    ::sigaction(SIGTERM, &action, nullptr);
    ::sigaction(SIGINT, &action, nullptr);
    if (m_reload)
        ::sigaction(SIGHUP, &action, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
}

StopSignals::~StopSignals()
{
    std::signal(SIGTERM, SIG_DFL);
    std::signal(SIGINT, SIG_DFL);
    if (m_reload)
        std::signal(SIGHUP, SIG_DFL);
    const int readEnd = int(m_notifier->socket());
    m_notifier.reset();
    ::close(readEnd);
    ::close(g_pipe.exchange(-1));
}

} // namespace coffer::net
