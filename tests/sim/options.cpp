// SPDX-License-Identifier: Apache-2.0
#include "sim/options.h"

namespace coffer::sim {

using namespace std::chrono_literals;

static constexpr const char *help =
    R"(usage: coffer-sim [options]
Runs whole clusters in one process, under a virtual clock, network and disk, and judges them.

  --seeds N          so many seeds (100)
  --seed S           the first seed (1); alone: only this one
  --minutes M        for so many minutes, instead of a number of seeds
  --duration S       so many simulated seconds of faults, instead of 20 to 40 as drawn
  --off KIND,KIND    without these kinds of faults
  --only KIND,KIND   with no other kinds of faults
  --emphasis NAME    with this emphasis, or none, instead of the drawn one
  --jobs J           in so many processes
  --trace            print every event
  --no-shrink        do not look for a smaller run that fails as well
  --go-on            say each finding in one line and go on
  --plain            no progress line
  --write-history F  write the history of each seed to file F, over that of the one before
  --check-history F  judge the history in file F and end
  --mutant NAME      with this deliberate bug (coffer-sim-mutants only)
  --seeds-max N      so many seeds for each mutant at most (coffer-sim-mutants only)
  --list-mutants     name them all and end
  --help             this text

Ends with 0 if nothing was found, 1 after a finding, 2 if it was called wrongly.
)";

const char *helpText() { return help; }

static Error wrong(const QString &what) { return {ErrorCode::invalid, what}; }

namespace {

class Parser
{
public:
    explicit Parser(const QStringList &arguments) : m_arguments(arguments) {}

    Result<CommandLine> parse()
    {
        while (m_next < m_arguments.size() && m_fault.isEmpty())
            option(m_arguments[m_next++]);
        if (!m_fault.isEmpty())
            return wrong(m_fault);
        if (m_hasSeed && !m_hasSeeds && !m_line.minutes)
            m_line.seeds = 1;
        return m_line;
    }

private:
    void option(const QString &name)
    {
        if (name == u"--seeds") {
            m_hasSeeds = true;
            m_line.seeds = number(name);
        } else if (name == u"--seed") {
            m_hasSeed = true;
            m_line.run.seed = number(name);
        } else if (name == u"--minutes") {
            m_line.minutes = std::chrono::minutes(number(name));
        } else if (name == u"--duration") {
            m_line.run.duration = std::chrono::seconds(number(name));
        } else if (name == u"--off") {
            m_line.run.off |= kinds(name);
        } else if (name == u"--only") {
            m_line.run.off |= ~kinds(name);
        } else if (name == u"--jobs") {
            m_line.jobs = unsigned(std::max<std::uint64_t>(1, number(name)));
        } else if (name == u"--emphasis") {
            m_line.run.emphasis = emphasis(name);
        } else if (name == u"--seeds-max") {
            m_line.seedsMax = number(name);
        } else if (name == u"--mutant") {
            m_line.mutant = value(name);
        } else if (name == u"--write-history") {
            m_line.writeHistory = value(name);
        } else if (name == u"--check-history") {
            m_line.historyFile = value(name);
        } else {
            flag(name);
        }
    }
    void flag(const QString &name)
    {
        if (name == u"--trace")
            m_line.run.isTracing = true;
        else if (name == u"--plain")
            m_line.isPlain = true;
        else if (name == u"--no-shrink")
            m_line.isShrinking = false;
        else if (name == u"--go-on")
            m_line.isGoingOn = true;
        else if (name == u"--list-mutants")
            m_line.isMutantList = true;
        else if (name == u"--help" || name == u"-h")
            m_line.isHelp = true;
        else
            m_fault = QStringLiteral("unknown option '%1'").arg(name);
    }
    QString value(const QString &name)
    {
        if (m_next < m_arguments.size())
            return m_arguments[m_next++];
        m_fault = QStringLiteral("%1 needs a value").arg(name);
        return QString();
    }
    std::uint64_t number(const QString &name)
    {
        const QString text = value(name);
        bool isNumber = false;
        const std::uint64_t result = text.toULongLong(&isNumber);
        if (!isNumber && m_fault.isEmpty())
            m_fault = QStringLiteral("%1 needs a number, not '%2'").arg(name, text);
        return result;
    }
    std::optional<Emphasis> emphasis(const QString &name)
    {
        const QString text = value(name);
        const std::optional<Emphasis> emphasis = emphasisNamed(text.toUtf8());
        if (!emphasis && m_fault.isEmpty())
            m_fault = QStringLiteral("%1: there is no '%2'").arg(name, text);
        return emphasis;
    }
    std::bitset<faultKinds> kinds(const QString &name)
    {
        std::bitset<faultKinds> set;
        const QString text = value(name);
        for (const QString &word : text.split(u',', Qt::SkipEmptyParts)) {
            if (const auto kind = faultNamed(word.toUtf8()))
                set.set(std::size_t(*kind));
            else
                m_fault = QStringLiteral("%1: there is no kind of fault '%2'").arg(name, word);
        }
        return set;
    }

    const QStringList &m_arguments;
    qsizetype m_next = 0;
    CommandLine m_line;
    QString m_fault;
    bool m_hasSeed = false;
    bool m_hasSeeds = false;
};

} // namespace

Result<CommandLine> parseCommandLine(const QStringList &arguments)
{
    return Parser(arguments).parse();
}

QString replayCommand(const RunOptions &options, const QString &mutant)
{
    QString command = mutant.isEmpty() ? QStringLiteral("coffer-sim")
                                       : QStringLiteral("coffer-sim-mutants --mutant ") + mutant;
    command += QStringLiteral(" --seed %1").arg(options.seed);
    if (options.duration)
        command += QStringLiteral(" --duration %1")
                       .arg(std::chrono::ceil<std::chrono::seconds>(*options.duration).count());
    if (options.emphasis)
        command += QStringLiteral(" --emphasis ") + QString::fromLatin1(nameOf(*options.emphasis));
    QStringList off;
    for (std::size_t i = 0; i < faultKinds; ++i) {
        if (options.off.test(i))
            off += QString::fromLatin1(nameOf(FaultKind(i)));
    }
    if (!off.isEmpty())
        command += QStringLiteral(" --off ") + off.join(u',');
    return command;
}

} // namespace coffer::sim
