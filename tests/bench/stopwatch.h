// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

namespace coffer::bench {

/// Measures from its construction on. The processor time is the program's, of
/// all its threads: on a machine that is shared with others it says more than
/// the time that passed.
class Stopwatch
{
public:
    Stopwatch();

    [[nodiscard]] double wallSeconds() const;
    /// In user mode and in the kernel.
    [[nodiscard]] double cpuSeconds() const;
    /// In user mode alone.
    [[nodiscard]] double userSeconds() const;

private:
    std::chrono::steady_clock::time_point m_wall;
    double m_user = 0;
    double m_system = 0;
};

/// The processor's highest speed for small pieces: what \a work takes for one
/// of \a times calls.
template<class Work>
[[nodiscard]] double nanosecondsPerCall(std::size_t times, const Work &work)
{
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < times; ++i)
        work(i);
    const std::chrono::duration<double, std::nano> passed =
        std::chrono::steady_clock::now() - begin;
    return passed.count() / double(times);
}

} // namespace coffer::bench
