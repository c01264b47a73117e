// SPDX-License-Identifier: Apache-2.0
#include "sim/cluster.h"

#include "sim/finding.h"

#include <algorithm>

namespace coffer::sim {

using namespace std::chrono_literals;

static QString addressOf(std::size_t machine) { return QStringLiteral("m%1:7000").arg(machine); }

Cluster::Cluster(Scheduler &world, const Plan &plan, std::uint64_t seed, Timeline &timeline,
                 Counts &counts)
    : m_world(world)
    , m_plan(plan)
    , m_timeline(timeline)
    , m_counts(counts)
    , m_draw(seed, 2)
    , m_networkDraw(seed, 3)
    , m_oracle(world, plan.store)
    , m_network(
          world, m_networkDraw, plan.founders + plan.spares,
          [this](std::size_t machine, const QByteArray &frame) { node(machine).receive(frame); },
          [this](std::size_t machine, std::size_t peer) {
              if (const NodeId id = node(peer).id(); !id.isNone())
                  node(machine).peerLost(id);
          })
{
    m_network.setPolicy(plan.network);
    m_progress.resize(plan.founders + plan.spares);
    for (std::size_t machine = 0; machine < plan.founders + plan.spares; ++machine) {
        m_byAddress[addressOf(machine)] = machine;
        m_nodes.push_back(
            std::make_unique<SimNode>(world, m_draw, *this, machine, settingsOf(machine)));
        std::unique_ptr<SimDisk> disk = newDisk();
        m_byId[disk->node()] = machine;
        m_nodes.back()->insertDisk(std::move(disk));
    }
}

Cluster::~Cluster() = default;

SimNode::Settings Cluster::settingsOf(std::size_t machine) const
{
    SimNode::Settings settings;
    settings.options = m_plan.options;
    settings.store = {m_plan.store, m_plan.upkeep};
    settings.options.address = addressOf(machine);
    const bool isAlone = m_plan.founders == 1 && machine == 0;
    for (std::size_t peer = 0; peer < m_plan.founders && !isAlone; ++peer)
        settings.options.peers.push_back(addressOf(peer));
    if (machine >= m_plan.founders)
        settings.options.peers.push_back(addressOf(machine));
    settings.turnMax = m_plan.turnMax;
    return settings;
}

std::unique_ptr<SimDisk> Cluster::newDisk()
{
    const NodeId node(m_draw.bits() | 1);
    SimDisk::Settings settings;
    settings.segmentBytes = m_plan.segmentBytes;
    settings.fillBytes = m_plan.fillBytes;
    if (m_plan.usesSqlite)
        settings.sqliteSeed = m_draw.bits();
    auto disk = std::make_unique<SimDisk>(m_disks++, node, settings);
    disk->syncMin = m_draw.time(20us, 500us);
    disk->syncMax = disk->syncMin * 2;
    m_oracle.watch(*disk);
    return disk;
}

std::optional<std::size_t> Cluster::machineOf(NodeId node) const
{
    const auto found = m_byId.find(node);
    return found == m_byId.end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::size_t> Cluster::leader() const
{
    std::optional<std::size_t> best;
    Ballot ballot;
    for (const auto &node : m_nodes) {
        if (!node->isServing())
            continue;
        const engine::Status status = node->engine()->status();
        if (status.isLeading && (!best || ballot < status.promised)) {
            best = node->machine();
            ballot = status.promised;
        }
    }
    return best;
}

std::vector<std::size_t> Cluster::serving() const
{
    std::vector<std::size_t> machines;
    for (const auto &node : m_nodes) {
        if (node->isServing())
            machines.push_back(node->machine());
    }
    return machines;
}

std::size_t Cluster::intactVoters(const consensus::MemberSet &members) const
{
    return std::size_t(
        std::count_if(members.voters.begin(), members.voters.end(), [this](NodeId voter) {
            const std::optional<std::size_t> machine = machineOf(voter);
            if (!machine)
                return false;
            const DurableImage &image = m_oracle.image(*node(*machine).disk());
            return !image.isFenced() && !image.isAmputated && !image.isDiverged;
        }));
}

bool Cluster::isFounded() const
{
    if (!m_oracle.ledger().isFounded())
        return false;
    const auto &voters = m_oracle.ledger().configuration(Epoch(1))->members.voters;
    return std::all_of(voters.begin(), voters.end(), [this](NodeId voter) {
        const std::optional<std::size_t> machine = machineOf(voter);
        return !machine || m_oracle.hasCluster(*node(*machine).disk());
    });
}

bool Cluster::isRememberedWithout(std::size_t machine) const
{
    for (std::size_t founder = 0; founder < m_plan.founders; ++founder) {
        if (founder != machine && m_oracle.hasCluster(*node(founder).disk()))
            return true;
    }
    return machine >= m_plan.founders;
}

void Cluster::start(std::size_t machine)
{
    if (node(machine).isRunning())
        return;
    m_timeline.note(
        QStringLiteral("m%1 starts as %2").arg(machine).arg(toText(node(machine).id())));
    ++m_counts.restarts;
    m_oracle.started(*node(machine).disk());
    node(machine).start();
}

void Cluster::startLater(std::size_t machine, SimTime delay)
{
    m_world.after(delay, [this, machine] { start(machine); });
}

void Cluster::stop(std::size_t machine, bool isPowerLoss)
{
    if (!node(machine).isRunning())
        return;
    m_timeline.note(QStringLiteral("m%1 %2").arg(machine).arg(
        isPowerLoss ? QStringLiteral("loses power") : QStringLiteral("is killed")));
    node(machine).stop(isPowerLoss);
    m_network.machineDied(machine);
}

void Cluster::wipe(std::size_t machine)
{
    stop(machine, true);
    std::unique_ptr<SimDisk> old = node(machine).takeDisk();
    m_oracle.forget(*old);
    m_byId.erase(old->node());
    m_discarded.push_back(std::move(old));
    std::unique_ptr<SimDisk> disk = newDisk();
    m_timeline.note(QStringLiteral("m%1 gets an empty disk, identity %2")
                        .arg(machine)
                        .arg(toText(disk->node())));
    m_byId[disk->node()] = machine;
    node(machine).insertDisk(std::move(disk));
}

void Cluster::swapDisks(std::size_t a, std::size_t b)
{
    stop(a, false);
    stop(b, false);
    std::unique_ptr<SimDisk> disk = node(a).takeDisk();
    node(a).insertDisk(node(b).takeDisk());
    node(b).insertDisk(std::move(disk));
    m_byId[node(a).id()] = a;
    m_byId[node(b).id()] = b;
    m_timeline.note(QStringLiteral("m%1 and m%2 swap their disks").arg(a).arg(b));
}

void Cluster::repairAll()
{
    m_network.heal();
    m_network.setPolicy(LinkPolicy());
    for (const auto &node : m_nodes) {
        node->resume();
        node->setTurnTime(SimTime(5), m_plan.turnMax);
        node->clock().setDrift(0);
        node->clock().correctWall();
        if (SimDisk *disk = node->disk()) {
            disk->clearTrap();
            disk->slowPermille = 0;
            disk->setCapacity(std::nullopt);
        }
    }
}

void Cluster::frameSent(SimNode &node, NodeId to, const QByteArray &frame)
{
    m_timeline.frame(node.machine(), frame, false);
    m_oracle.frameSent(*node.disk(), frame);
    if (const std::optional<std::size_t> machine = machineOf(to))
        m_network.send(node.machine(), *machine, frame);
}

void Cluster::frameSent(SimNode &node, const QString &address, const QByteArray &frame)
{
    m_timeline.frame(node.machine(), frame, false);
    m_oracle.frameSent(*node.disk(), frame);
    const auto found = m_byAddress.find(address);
    if (found != m_byAddress.end())
        m_network.send(node.machine(), found->second, frame);
}

void Cluster::frameReceived(SimNode &node, const QByteArray &frame)
{
    m_timeline.frame(node.machine(), frame, true);
}

void Cluster::entryApplied(SimNode &node, Slot slot, const consensus::Entry &entry,
                           const Hash128 &hash)
{
    Progress &progress = m_progress[node.machine()];
    if (progress.run != node.runs())
        progress = {node.runs(), Slot()};
    m_timeline.mix(4, node.machine(), slot.value());
    if (slot > m_oracle.shadow().appliedTo())
        m_timeline.note(describeEntry(slot, entry));
    m_oracle.entryApplied(*node.disk(), slot, entry, hash, progress.applied);
    m_oracle.shadow().checkFigures(slot, figuresOf(node.store()));
    progress.applied = slot;
}

void Cluster::processEnded(SimNode &node, const std::optional<Error> &error)
{
    m_timeline.note(QStringLiteral("m%1 ended").arg(node.machine()));
    const DurableImage &image = m_oracle.image(*node.disk());
    const bool isDamage = error && error->code == ErrorCode::corrupt;
    const bool isRefusal = error && error->code == ErrorCode::refused;
    const bool isExpected =
        (isDamage && (image.isDiverged || image.isRotten)) || (isRefusal && image.isRotten);
    if (error && !isExpected)
        report(
            "end",
            QStringLiteral("node %1 ended by itself: %2").arg(toText(node.id()), error->message));
    m_network.machineDied(node.machine());
    startLater(node.machine(), m_draw.time(10ms, 5s));
}

} // namespace coffer::sim
