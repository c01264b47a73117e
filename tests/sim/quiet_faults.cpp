// SPDX-License-Identifier: Apache-2.0
#include "sim/finding.h"
#include "sim/nemesis.h"

#include <algorithm>
#include <memory>

namespace coffer::sim {

using namespace std::chrono_literals;

/// Peers can only find a rolled-back disk out while those who remember are there, so everything
/// else is repaired first and left in peace until the node has been judged.
void Nemesis::rollBack() { makeQuiet(FaultKind::rollback, &Nemesis::takeImage); }

/// A wrong state is found by a majority that is there to compare.
void Nemesis::diverge() { makeQuiet(FaultKind::divergence, &Nemesis::corruptState); }

void Nemesis::makeQuiet(FaultKind kind, QuietDeed deed)
{
    if (!m_cluster.isFounded() || !m_isSurvivable || m_isPartitioned)
        return;
    m_isQuiet = true;
    m_cluster.timeline().note(QString::fromLatin1(nameOf(kind))
                              + QStringLiteral(": waiting for quiet"));
    m_cluster.repairAll();
    for (std::size_t machine = 0; machine < m_cluster.size(); ++machine)
        m_cluster.startLater(machine, 10ms);
    waitForQuiet(deed, 20);
}

void Nemesis::waitForQuiet(QuietDeed deed, int patience)
{
    m_cluster.world().after(500ms, [this, deed, patience] {
        const std::optional<std::size_t> machine = m_isResting ? std::nullopt : quietVoter();
        if (machine)
            (this->*deed)(*machine);
        else if (patience == 0 || m_isResting)
            endQuiet();
        else
            waitForQuiet(deed, patience - 1);
    });
}

void Nemesis::endQuiet()
{
    m_isQuiet = false;
    if (!m_isResting)
        m_cluster.network().setPolicy(m_cluster.plan().network);
}

/// A voter that follows a stable leader, with everybody up to date and one to spare.
std::optional<std::size_t> Nemesis::quietVoter()
{
    const Ledger &ledger = m_cluster.oracle().ledger();
    const std::optional<std::size_t> leader = m_cluster.leader();
    const auto &voters = ledger.newest().members.voters;
    if (!leader || voters.size() < 3 || !ledger.isNewestStarted()
        || !ledger.pendingMembers().empty()
        || m_cluster.intactVoters(ledger.newest().members) < voters.size())
        return std::nullopt;
    std::vector<std::size_t> candidates;
    for (const NodeId voter : voters) {
        const std::optional<std::size_t> machine = m_cluster.machineOf(voter);
        if (!machine || !m_cluster.node(*machine).isServing())
            return std::nullopt;
        const engine::Status status = m_cluster.node(*machine).engine()->status();
        if (status.configuration.epoch != ledger.newest().epoch
            || status.chosenUpTo.value() + 200 < ledger.chosenTo().value())
            return std::nullopt;
        if (*machine != *leader)
            candidates.push_back(*machine);
    }
    return m_draw.of(candidates);
}

void Nemesis::takeImage(std::size_t machine)
{
    const NodeId id = m_cluster.node(machine).id();
    note(FaultKind::rollback, QStringLiteral("m%1: image taken").arg(machine));
    auto image = std::make_shared<SimDisk::Image>(m_cluster.node(machine).disk()->image());
    const SimTime work = m_draw.time(200ms, 3s);
    auto told = std::make_shared<DurableImage::Told>();
    m_cluster.world().after(work, [this, machine, told] {
        *told = m_cluster.oracle().image(*m_cluster.node(machine).disk()).told;
    });
    m_cluster.world().after(work + 500ms, [this, machine, id, image, told] {
        if (m_isResting)
            return;
        m_cluster.stop(machine, true);
        SimDisk &disk = *m_cluster.node(machine).disk();
        disk.restore(*image);
        m_cluster.oracle().rolledBack(disk, *told);
        const bool isAmputated = m_cluster.oracle().image(disk).isAmputated;
        m_cluster.timeline().note(QStringLiteral("rollback: m%1 went back, %2")
                                      .arg(machine)
                                      .arg(isAmputated ? QStringLiteral("votes are lost")
                                                       : QStringLiteral("nothing is lost")));
        m_cluster.start(machine);
        judgeRollback(machine, id, 40);
    });
}

void Nemesis::judgeRollback(std::size_t machine, NodeId id, int patience)
{
    m_cluster.world().after(500ms, [this, machine, id, patience] {
        const SimNode &node = m_cluster.node(machine);
        const bool isAmputated = m_cluster.oracle().image(*node.disk()).isAmputated;
        const bool isFenced = node.isServing() && node.engine()->status().isFenced;
        if (isAmputated && !isFenced && patience > 0 && !m_isResting) {
            judgeRollback(machine, id, patience - 1);
            return;
        }
        if (isAmputated && !isFenced && !m_isResting)
            report("P20",
                   QStringLiteral("%1 lost votes and was not fenced in 20 s").arg(toText(id)));
        if (isFenced)
            judgeKnown(id, 10);
        else
            endQuiet();
    });
}

/// Whoever asks the leader learns that a node has to be replaced.
void Nemesis::judgeKnown(NodeId id, int patience)
{
    m_cluster.world().after(500ms, [this, id, patience] {
        const std::optional<std::size_t> leader = m_cluster.leader();
        const std::vector<NodeId> fenced =
            leader ? m_cluster.node(*leader).engine()->status().fenced : std::vector<NodeId>();
        const bool isKnown = std::find(fenced.begin(), fenced.end(), id) != fenced.end();
        if (!isKnown && patience > 0 && !m_isResting) {
            judgeKnown(id, patience - 1);
            return;
        }
        if (!isKnown && leader && !m_isResting)
            report("P20", QStringLiteral("%1 is fenced, and the leader does not know it after 5 s")
                              .arg(toText(id)));
        endQuiet();
    });
}

void Nemesis::corruptState(std::size_t machine)
{
    SimNode &node = m_cluster.node(machine);
    note(FaultKind::divergence, QStringLiteral("the state of m%1").arg(machine));
    m_cluster.oracle().diverged(*node.disk());
    node.corruptState();
    judgeDivergence(machine, 40);
}

void Nemesis::judgeDivergence(std::size_t machine, int patience)
{
    m_cluster.world().after(500ms, [this, machine, patience] {
        const SimNode &node = m_cluster.node(machine);
        const bool isFound = !node.isServing() && m_cluster.oracle().image(*node.disk()).isFenced();
        if (!isFound && patience > 0 && !m_isResting) {
            judgeDivergence(machine, patience - 1);
            return;
        }
        if (!isFound && !m_isResting)
            report("P9", QStringLiteral("m%1 has another state than all others, and that was not "
                                        "found in 20 s")
                             .arg(machine));
        endQuiet();
    });
}

} // namespace coffer::sim
