// SPDX-License-Identifier: Apache-2.0
#include "sim/campaign.h"

#include "sim/shrink.h"

#include <QFile>

#include <chrono>
#include <cstdio>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace coffer::sim {

using WorldClock = std::chrono::steady_clock;

/// So often a seed is run twice, to see that it does the same.
static constexpr std::uint64_t repeatEvery = 50;

namespace {

/// The seeds of one process.
class Campaign
{
public:
    Campaign(const CommandLine &line, unsigned job) : m_line(line), m_job(job) {}

    int run()
    {
        const auto begun = WorldClock::now();
        for (std::uint64_t i = m_job; !isOver(i, begun); i += m_line.jobs) {
            RunOptions options = m_line.run;
            options.seed += i;
            const RunResult result = runSimulation(options);
            add(result);
            writeHistory(result);
            if (result.finding && !m_line.isGoingOn)
                return tell(options, result);
            if (result.finding)
                tellBriefly(options, result);
            if (i % repeatEvery == 0 && !isSame(options, result))
                return 1;
            progress(begun);
        }
        summary(begun);
        return m_findings == 0 ? 0 : 1;
    }

private:
    [[nodiscard]] bool isOver(std::uint64_t index, WorldClock::time_point begun) const
    {
        if (m_line.minutes)
            return WorldClock::now() - begun >= *m_line.minutes;
        return index >= m_line.seeds;
    }
    void add(const RunResult &result)
    {
        ++m_runs;
        m_counts += result.counts;
        m_steps += result.steps;
        m_time += result.time;
    }
    void writeHistory(const RunResult &result) const
    {
        QFile file(m_line.writeHistory);
        if (!m_line.writeHistory.isEmpty() && file.open(QIODevice::WriteOnly))
            file.write(result.history);
    }
    bool isSame(const RunOptions &options, const RunResult &result)
    {
        const RunResult again = runSimulation(options);
        if (again.hash == result.hash)
            return true;
        std::printf("\nfinding: determinism: seed %llu did something else the second time\n",
                    static_cast<unsigned long long>(options.seed));
        return false;
    }
    void tellBriefly(const RunOptions &options, const RunResult &result)
    {
        ++m_findings;
        std::printf("\nseed %llu, finding %s after %.3f simulated s: %s\n",
                    static_cast<unsigned long long>(options.seed),
                    qUtf8Printable(result.finding->property), double(result.time.count()) / 1e6,
                    qUtf8Printable(result.finding->message));
        std::fflush(stdout);
    }
    int tell(const RunOptions &options, const RunResult &result)
    {
        tellBriefly(options, result);
        RunOptions smaller = options;
        RunResult shown = result;
        if (m_line.isShrinking) {
            smaller = shrunk(options, result);
            shown = runSimulation(smaller);
        }
        std::printf("the last events:\n%s%s: %s\n", qUtf8Printable(shown.timeline),
                    qUtf8Printable(shown.finding ? shown.finding->property : QString()),
                    qUtf8Printable(shown.finding ? shown.finding->message : QString()));
        std::printf("again:   %s\n", qUtf8Printable(replayCommand(options, m_line.mutant)));
        if (m_line.isShrinking)
            std::printf("smaller: %s\n", qUtf8Printable(replayCommand(smaller, m_line.mutant)));
        return 1;
    }
    [[nodiscard]] static double seconds(WorldClock::time_point begun)
    {
        return std::chrono::duration<double>(WorldClock::now() - begun).count();
    }
    void progress(WorldClock::time_point begun)
    {
        if (m_line.isPlain || m_job != 0 || isatty(STDERR_FILENO) == 0)
            return;
        std::fprintf(stderr, "\r%llu runs, %.1f/s ", static_cast<unsigned long long>(m_runs),
                     double(m_runs) / seconds(begun));
    }
    void summary(WorldClock::time_point begun) const
    {
        const double real = seconds(begun);
        const double simulated = double(m_time.count()) / 1e6;
        std::printf("%llu runs, %llu findings: %llu steps, %.2f simulated hours in %.1f s "
                    "(%.1f runs/s, %.0f times real time)\n%s",
                    static_cast<unsigned long long>(m_runs),
                    static_cast<unsigned long long>(m_findings),
                    static_cast<unsigned long long>(m_steps), simulated / 3600, real,
                    double(m_runs) / real, simulated / real, qUtf8Printable(toText(m_counts)));
    }

    const CommandLine &m_line;
    unsigned m_job;
    std::uint64_t m_runs = 0;
    std::uint64_t m_findings = 0;
    std::uint64_t m_steps = 0;
    SimTime m_time{0};
    Counts m_counts;
};

} // namespace

/// One process a job; the first finding decides the exit code.
static int runJobs(const CommandLine &line)
{
    std::vector<pid_t> children;
    for (unsigned job = 0; job < line.jobs; ++job) {
        std::fflush(stdout);
        const pid_t child = fork();
        if (child == 0) {
            const int code = Campaign(line, job).run();
            std::fflush(stdout);
            _exit(code);
        }
        children.push_back(child);
    }
    int worst = 0;
    for (const pid_t child : children) {
        int status = 0;
        waitpid(child, &status, 0);
        worst = std::max(worst, WIFEXITED(status) ? WEXITSTATUS(status) : 1);
    }
    return worst;
}

int runCampaign(const CommandLine &line)
{
    return line.jobs > 1 ? runJobs(line) : Campaign(line, 0).run();
}

} // namespace coffer::sim
