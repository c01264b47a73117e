// SPDX-License-Identifier: Apache-2.0
#include "sim/mutant_hunt.h"

#include "sim/mutant_names.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace coffer::sim {

using WorldClock = std::chrono::steady_clock;

namespace {

enum class Fate { found, survived, notClean, explained };

/// One mutant's end, in a child process.
void hunt(const MutantInfo &info, const CommandLine &line, FILE *out)
{
    const auto begun = WorldClock::now();
    const auto tell = [&](Fate fate, std::uint64_t seeds, const Finding &finding) {
        const double took = std::chrono::duration<double>(WorldClock::now() - begun).count();
        std::fprintf(out, "%d %llu %.1f %s: %s\n", int(fate),
                     static_cast<unsigned long long>(seeds), took, qUtf8Printable(finding.property),
                     qUtf8Printable(finding.message.left(80)));
    };
    const std::uint64_t seedsMax = line.seedsMax == 0 ? info.seedsMax : line.seedsMax;
    RunOptions options = line.run;
    if (!options.emphasis)
        options.emphasis = info.emphasis;
    for (std::uint64_t seed = 1; seed <= seedsMax; ++seed) {
        options.seed = seed;
        selectMutant(info.mutant);
        const RunResult result = runSimulation(options);
        if (!result.finding)
            continue;
        selectMutant(Mutant::none);
        const RunResult clean = runSimulation(options);
        tell(clean.finding ? Fate::notClean : Fate::found, seed, *result.finding);
        return;
    }
    tell(Fate::survived, seedsMax, {QStringLiteral("-"), QString()});
}

/// All mutants, so many at a time, each in a process of its own.
class Hunt
{
public:
    explicit Hunt(const CommandLine &line) : m_line(line) {}

    int run()
    {
        const auto begun = WorldClock::now();
        std::printf("%-28s %5s %7s  %s\n", "mutant", "seeds", "seconds", "what it broke");
        for (std::size_t i = 0; i < mutants().size(); ++i) {
            if (mutants()[i].explained != nullptr) {
                print(mutants()[i], Fate::explained, 0, 0, mutants()[i].explained);
                continue;
            }
            if (m_children.size() >= m_line.jobs)
                collect();
            begin(mutants()[i]);
        }
        while (!m_children.empty())
            collect();
        summary(std::chrono::duration<double>(WorldClock::now() - begun).count());
        return m_isFailed ? 1 : 0;
    }

private:
    struct Child
    {
        const MutantInfo *info = nullptr;
        FILE *said = nullptr;
    };

    void begin(const MutantInfo &info)
    {
        std::fflush(stdout);
        FILE *said = std::tmpfile();
        const pid_t child = fork();
        if (child == 0) {
            hunt(info, m_line, said);
            std::fflush(said);
            _exit(0);
        }
        m_children[child] = {&info, said};
    }
    void collect()
    {
        const pid_t pid = wait(nullptr);
        const auto found = m_children.find(pid);
        if (found == m_children.end())
            return;
        const Child child = found->second;
        m_children.erase(found);
        int fate = int(Fate::notClean);
        unsigned long long seeds = 0;
        double seconds = 0;
        std::array<char, 400> text{};
        std::rewind(child.said);
        if (std::fscanf(child.said, "%d %llu %lf %399[^\n]", &fate, &seeds, &seconds, text.data())
            < 4)
            std::snprintf(text.data(), text.size(), "the process ended without a word");
        std::fclose(child.said);
        print(*child.info, Fate(fate), seeds, seconds, text.data());
    }
    void print(const MutantInfo &info, Fate fate, std::uint64_t seeds, double seconds,
               const char *text)
    {
        static constexpr std::array<const char *, 4> words{"", "SURVIVED ", "NOT CLEAN ",
                                                           "explained: "};
        std::printf("%-28s %5llu %7.1f  %s%s\n", info.name, static_cast<unsigned long long>(seeds),
                    seconds, words[std::size_t(fate)], text);
        std::fflush(stdout);
        if (fate == Fate::found)
            m_seeds.push_back(seeds);
        m_isFailed = m_isFailed || fate == Fate::survived || fate == Fate::notClean;
    }
    void summary(double seconds)
    {
        std::sort(m_seeds.begin(), m_seeds.end());
        const std::uint64_t median = m_seeds.empty() ? 0 : m_seeds[m_seeds.size() / 2];
        std::printf("%zu of %zu found, median %llu seeds, %.0f s\n", m_seeds.size(),
                    mutants().size(), static_cast<unsigned long long>(median), seconds);
    }

    const CommandLine &m_line;
    std::map<pid_t, Child> m_children;
    std::vector<std::uint64_t> m_seeds;
    bool m_isFailed = false;
};

} // namespace

int huntMutants(const CommandLine &line) { return Hunt(line).run(); }

} // namespace coffer::sim
