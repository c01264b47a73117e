// SPDX-License-Identifier: Apache-2.0
#include "bench/stopwatch.h"

#include <sys/resource.h>

namespace coffer::bench {

static double seconds(const timeval &time)
{
    return double(time.tv_sec) + double(time.tv_usec) / 1e6;
}

static rusage usage()
{
    rusage used = {};
    getrusage(RUSAGE_SELF, &used);
    return used;
}

Stopwatch::Stopwatch() : m_wall(std::chrono::steady_clock::now())
{
    const rusage used = usage();
    m_user = seconds(used.ru_utime);
    m_system = seconds(used.ru_stime);
}

double Stopwatch::wallSeconds() const
{
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - m_wall).count();
}

double Stopwatch::cpuSeconds() const
{
    return userSeconds() + seconds(usage().ru_stime) - m_system;
}

double Stopwatch::userSeconds() const { return seconds(usage().ru_utime) - m_user; }

} // namespace coffer::bench
