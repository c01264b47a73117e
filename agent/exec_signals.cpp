// SPDX-License-Identifier: Apache-2.0
#include "agent/exec_signals.h"

#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace coffer::agent {

static constexpr std::array handedOn{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH};

// A signal handler may only touch what is here: the write end of a pipe.
static std::atomic<int> g_pipe{-1};

static void onSignal(int number)
{
    const char byte = char(number);
    static_cast<void>(!::write(g_pipe, &byte, 1));
}

ExecSignals::ExecSignals(std::function<void(int)> handOn) : m_handOn(std::move(handOn))
{
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        qFatal("no pipe can be made; raise the limit of open files");
    g_pipe = ends[1];
    m_notifier = std::make_unique<QSocketNotifier>(ends[0], QSocketNotifier::Read);
    connect(m_notifier.get(), &QSocketNotifier::activated, this, [this, end = ends[0]] {
        char byte = 0;
        if (::read(end, &byte, 1) == 1)
            m_handOn(byte);
    });
    struct sigaction action = {};
    action.sa_handler = onSignal;
    action.sa_flags = SA_RESTART;
    for (const int number : handedOn)
        ::sigaction(number, &action, nullptr);
}

ExecSignals::~ExecSignals()
{
    for (const int number : handedOn)
        std::signal(number, SIG_DFL);
    const int readEnd = int(m_notifier->socket());
    m_notifier.reset();
    ::close(readEnd);
    ::close(g_pipe.exchange(-1));
}

/// Reaps all that has ended; the exit code of \a child if it is among them, else -1.
static int reap(pid_t child)
{
    int code = -1;
    int status = 0;
    for (pid_t ended = 0; (ended = ::waitpid(-1, &status, WNOHANG)) > 0;) {
        if (ended == child)
            code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    return code;
}

void leaveProcessOne()
{
    if (::getpid() != 1)
        return;
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, &before);
    const pid_t child = ::fork();
    if (child == 0) {
        ::sigprocmask(SIG_SETMASK, &before, nullptr);
        return;
    }
    if (child < 0) {
        std::perror("coffer-agent: fork");
        ::_exit(1);
    }
    for (;;) {
        siginfo_t info = {};
        const int number = ::sigwaitinfo(&all, &info);
        if (number == SIGCHLD) {
            if (const int code = reap(child); code >= 0)
                ::_exit(code);
        } else if (number > 0 && info.si_code != SI_KERNEL) { // A terminal told the child too.
            ::kill(child, number);
        }
    }
}

} // namespace coffer::agent
