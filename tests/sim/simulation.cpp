// SPDX-License-Identifier: Apache-2.0
#include "sim/simulation.h"

#include "base/check.h"
#include "sim/administrator.h"
#include "sim/audience.h"
#include "sim/bounds.h"
#include "sim/client.h"
#include "sim/cluster.h"
#include "sim/explorer.h"
#include "sim/liveness.h"
#include "sim/nemesis.h"
#include "support/linearizability.h"
#include "support/revision_oracle.h"

#include <memory>
#include <vector>

namespace coffer::sim {

using namespace std::chrono_literals;

/// No seed needs as many; one that does is stuck at one moment.
static constexpr std::uint64_t stepsMax = 20'000'000;

static void throwFinding(std::string_view file, int line, std::string_view what)
{
    report("check",
           QStringLiteral("%1 (%2:%3)")
               .arg(QString::fromUtf8(what.data(), qsizetype(what.size())),
                    QString::fromUtf8(file.data(), qsizetype(file.size())).section(u'/', -2))
               .arg(line));
}

namespace {

/// The parts of one run, in the order in which they may be built.
class Simulation
{
public:
    explicit Simulation(const RunOptions &options)
        : m_seed(options.seed)
        , m_plan(makePlan(options.seed, options.off, options.duration, options.emphasis))
        , m_timeline(m_world, options.isTracing)
        , m_cluster(m_world, m_plan, m_seed, m_timeline, m_counts)
        , m_nemesis(m_cluster, m_seed)
        , m_administrator(m_cluster, m_nemesis, m_seed)
        , m_liveness(m_cluster, m_seed)
        , m_audience(m_cluster, m_seed)
        , m_bounds(m_cluster)
        , m_draw(m_seed, 7)
    {
        for (std::size_t i = 0; i < m_plan.clients; ++i)
            m_clients.push_back(std::make_unique<Client>(m_cluster, m_history, m_seed, i));
        for (std::size_t i = 0; i < m_plan.explorers; ++i)
            m_explorers.push_back(std::make_unique<Explorer>(m_cluster, m_seed, i));
    }

    RunResult run()
    {
        RunResult result;
        try {
            runPhases();
        } catch (const Finding &finding) {
            result.finding = finding;
            result.timeline = m_timeline.text();
        }
        finishCounts();
        result.counts = m_counts;
        result.steps = m_world.steps();
        result.time = m_world.now();
        result.hash = m_timeline.hash();
        result.history = m_history.toText();
        return result;
    }

private:
    void runPhases()
    {
        switchOn();
        for (const auto &client : m_clients)
            client->begin();
        for (const auto &explorer : m_explorers)
            explorer->begin();
        m_audience.begin();
        m_nemesis.begin();
        m_administrator.begin();
        m_bounds.begin();
        while (m_world.now() < m_plan.duration && step()) {}
        m_nemesis.rest();
        m_administrator.rest();
        for (const auto &client : m_clients)
            client->rest();
        for (const auto &explorer : m_explorers)
            explorer->rest();
        checkLiveness();
        m_audience.finish();
        for (const auto &client : m_clients)
            client->finish();
        checkHistory();
    }

    /// All at once, or one after the other; the spare machines whenever it pleases.
    void switchOn()
    {
        const bool isLate = m_plan.has(FaultKind::lateStart);
        if (isLate)
            m_counts.fault(FaultKind::lateStart);
        for (std::size_t machine = 0; machine < m_cluster.size(); ++machine) {
            const bool isSpare = machine >= m_plan.founders;
            const SimTime latest = isSpare ? 10s : isLate ? 3s : 1ms;
            m_cluster.startLater(machine, SimTime(m_draw.between(0, SimTime(latest).count())));
        }
    }

    bool step()
    {
        if (m_world.steps() > stepsMax)
            report("P19", QStringLiteral("the run does not end"));
        return m_world.runNext();
    }

    void checkLiveness()
    {
        if (!m_nemesis.isSurvivable() || !m_liveness.begin()) {
            ++m_counts.livenessSkipped;
            return;
        }
        ++m_counts.livenessChecked;
        while (!m_liveness.isDone() && step()) {}
    }

    void checkHistory() const
    {
        if (const auto violation = test::checkRevisions(m_history))
            report("history", violation->explanation);
        if (m_seed % 4 != 0)
            return; // The search takes longer than the simulation; the replay has said the same.
        const test::LinearizabilityVerdict verdict =
            test::checkLinearizability(m_history, {100'000});
        if (verdict.kind == test::LinearizabilityVerdict::Kind::violation)
            report("history", verdict.explanation);
    }

    void finishCounts()
    {
        const Oracle &oracle = m_cluster.oracle();
        m_counts.slots = oracle.ledger().chosenTo().value();
        m_counts.epochs = oracle.ledger().isFounded() ? oracle.ledger().newest().epoch.value() : 0;
        m_counts.sessionsExpired = oracle.sessionsExpired();
        m_counts.installs = oracle.installs();
        m_counts.faults[std::size_t(FaultKind::loss)] =
            m_plan.has(FaultKind::loss) ? m_cluster.network().counts().lost : 0;
        m_counts.faults[std::size_t(FaultKind::duplication)] =
            m_cluster.network().counts().duplicated;
        m_counts.faults[std::size_t(FaultKind::tail)] = m_cluster.network().counts().late;
        m_counts.faults[std::size_t(FaultKind::reordering)] =
            m_plan.has(FaultKind::reordering) ? m_cluster.network().counts().delivered : 0;
    }

    std::uint64_t m_seed;
    Plan m_plan;
    Counts m_counts;
    Scheduler m_world;
    Timeline m_timeline;
    test::History m_history;
    std::vector<std::unique_ptr<Client>> m_clients;     ///< Before the cluster: they outlive it.
    std::vector<std::unique_ptr<Explorer>> m_explorers; ///< As well.
    Cluster m_cluster;
    Nemesis m_nemesis;
    Administrator m_administrator;
    Liveness m_liveness;
    Audience m_audience;
    Bounds m_bounds;
    Draw m_draw;
};

} // namespace

RunResult runSimulation(const RunOptions &options)
{
    const CheckHandler before = setCheckHandler(throwFinding);
    RunResult result;
    {
        Simulation simulation(options);
        result = simulation.run();
    }
    setCheckHandler(before);
    return result;
}

} // namespace coffer::sim
