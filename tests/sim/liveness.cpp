// SPDX-License-Identifier: Apache-2.0
#include "sim/liveness.h"

#include "sim/finding.h"
#include "store/command.h"

#include <algorithm>

namespace coffer::sim {

using namespace std::chrono_literals;

static constexpr SimTime writeLimit = 10s;
static constexpr SimTime convergeLimit = 60s;

Liveness::Liveness(Cluster &cluster, std::uint64_t seed) : m_cluster(cluster), m_draw(seed, 6) {}

/// A quorum of the voters and whoever is lucky; everybody if members of two epochs are needed.
bool Liveness::drawCore()
{
    const Ledger &ledger = m_cluster.oracle().ledger();
    if (!ledger.isFounded()) {
        for (std::size_t machine = 0; machine < m_cluster.size(); ++machine)
            m_core.push_back(machine);
        return true;
    }
    std::vector<consensus::MemberSet> sets = ledger.pendingMembers();
    const bool isBetween = !sets.empty() || !ledger.isNewestStarted();
    sets.push_back(ledger.newest().members);
    for (const consensus::MemberSet &set : sets) {
        if (m_cluster.intactVoters(set) < set.voters.size() / 2 + 1)
            return false;
    }
    const auto &voters = ledger.newest().members.voters;
    std::size_t spare = m_cluster.intactVoters(ledger.newest().members) - voters.size() / 2 - 1;
    const int outPermille = isBetween || m_draw.chance(500) ? 0 : int(m_draw.between(100, 900));
    for (std::size_t machine = 0; machine < m_cluster.size(); ++machine) {
        const NodeId id = m_cluster.node(machine).id();
        const bool isVoter = std::find(voters.begin(), voters.end(), id) != voters.end();
        const bool isOut = m_draw.chance(outPermille) && (!isVoter || spare > 0);
        if (isOut && isVoter)
            --spare;
        if (!isOut)
            m_core.push_back(machine);
    }
    return true;
}

bool Liveness::begin()
{
    if (!drawCore())
        return false;
    m_begun = m_cluster.world().now();
    m_cluster.timeline().note(
        QStringLiteral("liveness: %1 machines are healed").arg(m_core.size()));
    m_cluster.repairAll();
    for (std::size_t machine = 0; machine < m_cluster.size(); ++machine) {
        if (std::find(m_core.begin(), m_core.end(), machine) != m_core.end()) {
            m_cluster.start(machine);
            continue;
        }
        for (const std::size_t peer : m_core)
            m_cluster.network().cutBoth(machine, peer);
    }
    write();
    m_cluster.world().after(writeLimit, [this] { checkWritten(); });
    return true;
}

/// Tries over one machine of the core after the other until a write is answered.
void Liveness::write()
{
    if (m_isWritten)
        return;
    store::Transaction transaction;
    transaction.operations = {
        store::Put{"/liveness", "try " + QByteArray::number(qulonglong(++m_writes)), false}};
    const QByteArray command = store::encode(store::Command{{}, transaction});
    m_cluster.oracle().shadow().submitted(command);
    const Slot floor = m_cluster.oracle().answers().floor();
    m_cluster.node(m_draw.of(m_core)).post([this, command, floor](engine::Engine &engine) {
        engine.submit(command, [this, command, floor](const Result<engine::Answer> &result) {
            written(command, floor, result);
        });
    });
    m_cluster.world().after(250ms, [this] { write(); });
}

void Liveness::written(const QByteArray &command, Slot floor, const Result<engine::Answer> &result)
{
    if (!result)
        return;
    m_cluster.oracle().answers().writeDone(command, *result, floor);
    if (m_isWritten)
        return;
    m_isWritten = true;
    m_cluster.timeline().note(QStringLiteral("liveness: a write was chosen"));
    checkConverged();
}

/// A change of members that was asked for before the core was drawn may be chosen after, and hand
/// the cluster to voters outside of the core. Then nothing can be demanded of it.
bool Liveness::hasQuorum() const
{
    const consensus::MemberSet &members = m_cluster.oracle().ledger().newest().members;
    const auto count = std::count_if(members.voters.begin(), members.voters.end(),
                                     [this](NodeId node) { return isNeeded(node); });
    return std::size_t(count) >= members.quorum();
}

void Liveness::checkWritten()
{
    if (m_isWritten)
        return;
    if (hasQuorum())
        report("P18", QStringLiteral("no write was chosen within 10 s after the faults ended"));
    m_isDone = true;
}

bool Liveness::isNeeded(NodeId node) const
{
    const std::optional<std::size_t> machine = m_cluster.machineOf(node);
    if (!machine || std::find(m_core.begin(), m_core.end(), *machine) == m_core.end())
        return false;
    const DurableImage &image = m_cluster.oracle().image(*m_cluster.node(*machine).disk());
    return !image.isFenced() && !image.isAmputated && !image.isDiverged;
}

/// The first member of the core that is not up to date; empty if all are.
QString Liveness::laggard() const
{
    const Ledger &ledger = m_cluster.oracle().ledger();
    const consensus::MemberSet &members = ledger.newest().members;
    for (const std::vector<NodeId> *list : {&members.voters, &members.observers}) {
        for (const NodeId node : *list) {
            if (!isNeeded(node))
                continue;
            const SimNode &member = m_cluster.node(*m_cluster.machineOf(node));
            if (!member.isServing())
                return QStringLiteral("%1 does not run").arg(toText(node));
            const engine::Status status = member.engine()->status();
            if (status.applied != ledger.chosenTo())
                return QStringLiteral("%1 applied %2 of %3")
                    .arg(toText(node))
                    .arg(status.applied.value())
                    .arg(ledger.chosenTo().value());
        }
    }
    return QString();
}

void Liveness::checkConverged()
{
    const QString who = laggard();
    if (who.isEmpty()) {
        m_isDone = true;
        return;
    }
    if (m_cluster.world().now() - m_begun > convergeLimit) {
        if (hasQuorum())
            report("P18",
                   QStringLiteral("no agreement within 60 s after the faults ended: ") + who);
        m_isDone = true;
        return;
    }
    m_cluster.world().after(100ms, [this] { checkConverged(); });
}

} // namespace coffer::sim
