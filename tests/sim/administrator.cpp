// SPDX-License-Identifier: Apache-2.0
#include "sim/administrator.h"

#include "sim/finding.h"

#include <algorithm>

namespace coffer::sim {

using namespace std::chrono_literals;

Administrator::Administrator(Cluster &cluster, const Nemesis &nemesis, std::uint64_t seed)
    : m_cluster(cluster), m_nemesis(nemesis), m_draw(seed, 5), m_interval(m_draw.time(300ms, 5s))
{
    m_interval = cluster.plan().changeEvery.value_or(m_interval);
}

static void add(std::vector<NodeId> &nodes, NodeId node)
{
    nodes.insert(std::upper_bound(nodes.begin(), nodes.end(), node), node);
}

static void remove(std::vector<NodeId> &nodes, NodeId node)
{
    nodes.erase(std::remove(nodes.begin(), nodes.end(), node), nodes.end());
}

void Administrator::begin() { planNext(); }

void Administrator::planNext()
{
    m_cluster.world().after(SimTime(m_draw.between(m_interval.count() / 2, m_interval.count() * 2)),
                            [this] { act(); });
}

void Administrator::act()
{
    if (m_isResting)
        return;
    planNext();
    const std::vector<std::size_t> serving = m_cluster.serving();
    if (serving.empty() || m_nemesis.needsQuiet() || !m_nemesis.isSurvivable())
        return;
    retireFenced();
    const std::size_t machine = m_cluster.leader().value_or(m_draw.of(serving));
    const engine::Engine *engine = m_cluster.node(machine).engine();
    if (engine == nullptr)
        return;
    const engine::Status status = engine->status();
    if (status.configuration.epoch.isNone())
        return;
    if (m_cluster.plan().has(FaultKind::transfer) && m_draw.chance(300))
        transfer();
    if (const auto members = repaired(status.configuration.members))
        ask(machine, *members, status.configuration.epoch);
    else if (m_cluster.plan().has(FaultKind::membership))
        ask(m_draw.of(serving), changed(status.configuration.members), status.configuration.epoch);
}

/// A fenced node says so; its machine gets an empty disk.
void Administrator::retireFenced()
{
    for (const std::size_t machine : m_cluster.serving()) {
        if (!m_cluster.node(machine).engine()->status().isFenced
            || !m_cluster.isRememberedWithout(machine))
            continue;
        m_cluster.wipe(machine);
        m_cluster.startLater(machine, m_draw.time(10ms, 2s));
    }
}

std::vector<NodeId> Administrator::outsiders(const Members &members) const
{
    std::vector<NodeId> nodes;
    for (std::size_t machine = 0; machine < m_cluster.size(); ++machine) {
        const NodeId id = m_cluster.node(machine).id();
        if (m_cluster.node(machine).isServing() && !members.isMember(id))
            nodes.push_back(id);
    }
    return nodes;
}

/// The next step towards a membership without lost nodes and with enough voters; nothing if that
/// is what it is, or all that can be done.
std::optional<Administrator::Members> Administrator::repaired(const Members &members)
{
    Members next = members;
    for (const std::vector<NodeId> *list : {&members.voters, &members.observers}) {
        for (const NodeId node : *list) {
            if (m_cluster.machineOf(node))
                continue;
            if (next.voters.size() > 1)
                remove(next.voters, node);
            remove(next.observers, node);
        }
    }
    const std::vector<NodeId> outside = outsiders(members);
    if (next != members && !outside.empty())
        add(next.observers, m_draw.of(outside));
    if (next == members && members.voters.size() < m_cluster.plan().founders) {
        if (!members.observers.empty()) {
            const NodeId node = m_draw.of(members.observers);
            remove(next.observers, node);
            add(next.voters, node);
        } else if (!outside.empty()) {
            add(next.observers, m_draw.of(outside));
        }
    }
    return next == members ? std::nullopt : std::optional(next);
}

Administrator::Members Administrator::changed(const Members &members)
{
    Members next = members;
    const std::vector<NodeId> outside = outsiders(members);
    switch (m_draw.index(7)) {
    case 0:
    case 1: // A new observer.
        if (!outside.empty())
            add(next.observers, m_draw.of(outside));
        break;
    case 2: // Promotion.
        if (!members.observers.empty()) {
            const NodeId node = m_draw.of(members.observers);
            remove(next.observers, node);
            add(next.voters, node);
        }
        break;
    case 3: { // A voter leaves, perhaps the leader, perhaps to observe.
        const NodeId node = m_draw.of(members.voters);
        if (members.voters.size() > 1)
            remove(next.voters, node);
        if (members.voters.size() > 1 && m_draw.chance(500))
            add(next.observers, node);
        break;
    }
    case 4: // An observer leaves.
        if (!members.observers.empty())
            remove(next.observers, m_draw.of(members.observers));
        break;
    case 5: // Voters and observers change places.
        if (!members.observers.empty())
            std::swap(next.voters, next.observers);
        break;
    default: // A stranger votes at once.
        if (!outside.empty())
            add(next.voters, m_draw.of(outside));
        break;
    }
    return next;
}

void Administrator::ask(std::size_t machine, Members members, Epoch ifEpoch)
{
    m_cluster.counts().fault(FaultKind::membership);
    QString text = QStringLiteral("operator asks m%1 for voters").arg(machine);
    for (const NodeId voter : members.voters)
        text += QLatin1Char(' ') + toText(voter);
    text += QStringLiteral(", observers");
    for (const NodeId observer : members.observers)
        text += QLatin1Char(' ') + toText(observer);
    m_cluster.timeline().note(text);
    m_cluster.oracle().shadow().requested(members);
    m_cluster.node(machine).post([this, members, ifEpoch](engine::Engine &engine) {
        engine.reconfigure(members, ifEpoch,
                           [this, members, ifEpoch](Result<engine::Answer> result) {
                               answered(members, ifEpoch, result);
                           });
    });
}

void Administrator::answered(const Members &members, Epoch ifEpoch,
                             const Result<engine::Answer> &result)
{
    if (!result) {
        ++m_cluster.counts().changesRefused;
        m_cluster.timeline().note(QStringLiteral("change not done: ") + result.error().message);
        return;
    }
    ++m_cluster.counts().changesDone;
    m_cluster.timeline().note(QStringLiteral("change done"));
    const Ledger &ledger = m_cluster.oracle().ledger();
    const consensus::Configuration *begun = ledger.configuration(ifEpoch.next());
    if (begun == nullptr || begun->members != members)
        report("P16", QStringLiteral("a change of epoch %1 was answered as done and is not")
                          .arg(ifEpoch.value()));
    if (ledger.newest().epoch == begun->epoch && !ledger.isNewestStarted())
        report("P16", QStringLiteral("a change was answered before LeaderStart of epoch %1 was "
                                     "chosen")
                          .arg(begun->epoch.value()));
}

void Administrator::transfer()
{
    const std::optional<std::size_t> leader = m_cluster.leader();
    if (!leader)
        return;
    const NodeId target = m_cluster.node(m_draw.index(m_cluster.size())).id();
    m_cluster.counts().fault(FaultKind::transfer);
    m_cluster.timeline().note(QStringLiteral("operator hands leadership to ") + toText(target));
    m_cluster.node(*leader).post([target](engine::Engine &engine) {
        engine.transferLeadership(target, [](const Result<engine::Answer> &) {});
    });
}

} // namespace coffer::sim
