// SPDX-License-Identifier: Apache-2.0
#include "sim/nemesis.h"

#include "sim/finding.h"

#include <algorithm>
#include <numeric>

namespace coffer::sim {

using namespace std::chrono_literals;

Nemesis::Nemesis(Cluster &cluster, std::uint64_t seed) : m_cluster(cluster), m_draw(seed, 4) {}

std::vector<std::pair<FaultKind, Nemesis::Deed>> Nemesis::deeds() const
{
    static const std::vector<std::pair<FaultKind, Deed>> all{
        {FaultKind::partition, &Nemesis::partition},
        {FaultKind::leaderIsolation, &Nemesis::isolateLeader},
        {FaultKind::clog, &Nemesis::clog},
        {FaultKind::kill, &Nemesis::kill},
        {FaultKind::powerLoss, &Nemesis::losePower},
        {FaultKind::crashAtStep, &Nemesis::crashAtStep},
        {FaultKind::pause, &Nemesis::pause},
        {FaultKind::slowDisk, &Nemesis::slowDisk},
        {FaultKind::slowProcessor, &Nemesis::slowProcessor},
        {FaultKind::fullDisk, &Nemesis::fillDisk},
        {FaultKind::diskError, &Nemesis::failDisk},
        {FaultKind::failedSync, &Nemesis::failSync},
        {FaultKind::drift, &Nemesis::drift},
        {FaultKind::wallJump, &Nemesis::jumpWall},
        {FaultKind::wipe, &Nemesis::wipe},
        {FaultKind::massWipe, &Nemesis::wipeAllButOne},
        {FaultKind::diskSwap, &Nemesis::swapDisks},
        {FaultKind::rollback, &Nemesis::rollBack},
        {FaultKind::divergence, &Nemesis::diverge},
        {FaultKind::bitRot, &Nemesis::rotDisk},
        {FaultKind::tornWrite, &Nemesis::tearWrite},
    };
    std::vector<std::pair<FaultKind, Deed>> some;
    std::copy_if(all.begin(), all.end(), std::back_inserter(some),
                 [this](const auto &deed) { return m_cluster.plan().has(deed.first); });
    return some;
}

void Nemesis::begin() { planNext(); }

void Nemesis::planNext()
{
    const SimTime mean = m_cluster.plan().meanCalm;
    m_cluster.world().after(SimTime(m_draw.between(mean.count() / 4, mean.count() * 2)),
                            [this] { act(); });
}

void Nemesis::act()
{
    if (m_isResting)
        return;
    const auto some = deeds();
    if (!some.empty() && !m_isQuiet)
        (this->*m_draw.of(some).second)();
    planNext();
}

void Nemesis::note(FaultKind kind, const QString &text)
{
    m_cluster.counts().fault(kind);
    m_cluster.timeline().note(QString::fromLatin1(nameOf(kind)) + QStringLiteral(": ") + text);
}

std::size_t Nemesis::anyMachine() { return m_draw.index(m_cluster.size()); }

std::optional<std::size_t> Nemesis::anyRunning()
{
    // Often the leader: that is where it hurts.
    if (const auto leader = m_cluster.leader(); leader && m_draw.chance(350))
        return leader;
    const std::size_t machine = anyMachine();
    return m_cluster.node(machine).isRunning() ? std::optional(machine) : std::nullopt;
}

void Nemesis::partition()
{
    if (m_isPartitioned || m_cluster.size() < 2)
        return;
    m_isPartitioned = true;
    switch (m_draw.index(4)) {
    case 0: cutHalves(); break;
    case 1: cutOneWay(); break;
    case 2: cutBridge(); break;
    default: cutRing(); break;
    }
    m_cluster.world().after(m_draw.time(100ms, 10s), [this] {
        m_isPartitioned = false;
        m_cluster.network().heal();
    });
}

void Nemesis::cutHalves()
{
    note(FaultKind::partition, QStringLiteral("two sides"));
    std::vector<bool> side(m_cluster.size());
    for (std::size_t i = 0; i < side.size(); ++i)
        side[i] = m_draw.chance(500);
    for (std::size_t a = 0; a < side.size(); ++a) {
        for (std::size_t b = 0; b < a; ++b) {
            if (side[a] != side[b])
                m_cluster.network().cutBoth(a, b);
        }
    }
}

void Nemesis::cutOneWay()
{
    note(FaultKind::partition, QStringLiteral("some directions"));
    const int share = int(m_draw.between(100, 600));
    for (std::size_t a = 0; a < m_cluster.size(); ++a) {
        for (std::size_t b = 0; b < m_cluster.size(); ++b) {
            if (a != b && m_draw.chance(share))
                m_cluster.network().cut(a, b);
        }
    }
}

void Nemesis::cutBridge()
{
    const std::size_t bridge = anyMachine();
    note(FaultKind::partition, QStringLiteral("two sides and m%1 between").arg(bridge));
    for (std::size_t a = 0; a < m_cluster.size(); ++a) {
        for (std::size_t b = 0; b < a; ++b) {
            if (a != bridge && b != bridge && a % 2 != b % 2)
                m_cluster.network().cutBoth(a, b);
        }
    }
}

void Nemesis::cutRing()
{
    note(FaultKind::partition, QStringLiteral("a ring"));
    const std::size_t size = m_cluster.size();
    for (std::size_t a = 0; a < size; ++a) {
        for (std::size_t b = 0; b < a; ++b) {
            if (b + 1 != a && (b + size - a) % size != 1)
                m_cluster.network().cutBoth(a, b);
        }
    }
}

void Nemesis::isolateLeader()
{
    const std::optional<std::size_t> leader = m_cluster.leader();
    if (!leader || m_isPartitioned)
        return;
    m_isPartitioned = true;
    const bool hasObservers = m_cluster.oracle().ledger().isFounded()
                              && !m_cluster.oracle().ledger().newest().members.observers.empty();
    const std::size_t manner = hasObservers && m_draw.chance(400) ? 3 : m_draw.index(6);
    note(FaultKind::leaderIsolation, QStringLiteral("m%1, manner %2").arg(*leader).arg(manner));
    if (manner == 3)
        cutFromVoters(*leader);
    else if (manner == 4)
        m_cluster.network().clog(*leader);
    else if (manner == 5)
        lagBehind(*leader);
    for (std::size_t peer = 0; peer < m_cluster.size() && manner < 3; ++peer) {
        if (manner != 1)
            m_cluster.network().cut(*leader, peer);
        if (manner != 2)
            m_cluster.network().cut(peer, *leader);
    }
    const SimTime longer = manner == 5 ? SimTime(2s) : SimTime(0);
    m_cluster.world().after(longer + m_draw.time(50ms, 5s), [this] {
        m_isPartitioned = false;
        m_cluster.network().heal();
    });
}

/// The leader hears of the others late, and soon they hear of it no more: its view is of the past.
void Nemesis::lagBehind(std::size_t leader)
{
    const SimTime lag = m_draw.time(100ms, 600ms);
    for (std::size_t peer = 0; peer < m_cluster.size(); ++peer)
        m_cluster.network().setLag(peer, leader, lag);
    m_cluster.world().after(lag + m_draw.time(100ms, 1s), [this, leader] {
        for (std::size_t peer = 0; peer < m_cluster.size() && m_isPartitioned; ++peer)
            m_cluster.network().cut(leader, peer);
    });
}

/// The leader and whoever does not vote on one side, the other voters on the other.
void Nemesis::cutFromVoters(std::size_t leader)
{
    if (!m_cluster.oracle().ledger().isFounded())
        return;
    std::vector<bool> isOther(m_cluster.size(), false);
    for (const NodeId voter : m_cluster.oracle().ledger().newest().members.voters) {
        const std::optional<std::size_t> machine = m_cluster.machineOf(voter);
        if (machine && *machine != leader)
            isOther[*machine] = true;
    }
    for (std::size_t a = 0; a < isOther.size(); ++a) {
        for (std::size_t b = 0; b < a; ++b) {
            if (isOther[a] != isOther[b])
                m_cluster.network().cutBoth(a, b);
        }
    }
}

/// Clogs machines one after the other, and lets them go in another order.
void Nemesis::clog()
{
    std::vector<std::size_t> machines(m_cluster.size());
    std::iota(machines.begin(), machines.end(), std::size_t(0));
    m_draw.shuffle(machines);
    machines.resize(std::size_t(m_draw.between(1, std::int64_t(machines.size()))));
    note(FaultKind::clog, QStringLiteral("%1 machines").arg(machines.size()));
    SimTime delay(0);
    for (const std::size_t machine : machines) {
        delay += m_draw.time(1ms, 300ms);
        m_cluster.world().after(delay, [this, machine] { m_cluster.network().clog(machine); });
    }
    m_draw.shuffle(machines);
    for (const std::size_t machine : machines) {
        delay += m_draw.time(1ms, 300ms);
        m_cluster.world().after(delay, [this, machine] { m_cluster.network().unclog(machine); });
    }
}

void Nemesis::down(std::size_t machine, bool isPowerLoss)
{
    m_cluster.stop(machine, isPowerLoss);
    m_cluster.startLater(machine, m_draw.time(5ms, 8s));
}

void Nemesis::kill()
{
    if (const auto machine = anyRunning()) {
        note(FaultKind::kill, QStringLiteral("m%1").arg(*machine));
        if (m_draw.chance(250))
            killThenLosePower(*machine);
        else
            down(*machine, false);
    }
}

/// What the killed process left in the page cache is read once, and may then be gone.
void Nemesis::killThenLosePower(std::size_t machine)
{
    const SimTime delay = m_draw.time(5ms, 1s);
    m_cluster.stop(machine, false);
    m_cluster.startLater(machine, delay);
    m_cluster.world().after(delay + m_draw.time(100us, 20ms), [this, machine] {
        if (!m_isQuiet && !m_isResting)
            down(machine, true);
    });
}

void Nemesis::losePower()
{
    if (m_draw.chance(150)) {
        note(FaultKind::powerLoss, QStringLiteral("everywhere"));
        for (std::size_t machine = 0; machine < m_cluster.size(); ++machine) {
            if (m_cluster.node(machine).isRunning())
                down(machine, true);
        }
    } else if (const auto machine = anyRunning()) {
        note(FaultKind::powerLoss, QStringLiteral("m%1").arg(*machine));
        down(*machine, true);
    }
}

void Nemesis::trap(std::size_t machine, const SimDisk::Trap &trap)
{
    m_cluster.node(machine).disk()->setTrap(trap);
}

void Nemesis::crashAtStep()
{
    const std::size_t machine = anyMachine();
    const std::size_t skip = std::size_t(m_draw.scaled(1, 60));
    note(FaultKind::crashAtStep, QStringLiteral("m%1 at step %2").arg(machine).arg(skip));
    trap(machine, {.call = {}, .skip = skip, .error = {}});
}

void Nemesis::pause()
{
    const std::optional<std::size_t> machine = anyRunning();
    if (!machine)
        return;
    note(FaultKind::pause, QStringLiteral("m%1").arg(*machine));
    m_cluster.node(*machine).pause();
    m_cluster.world().after(m_draw.time(20ms, 10s),
                            [this, machine] { m_cluster.node(*machine).resume(); });
}

void Nemesis::slowDisk()
{
    const std::size_t machine = anyMachine();
    SimDisk &disk = *m_cluster.node(machine).disk();
    disk.slowPermille = int(m_draw.scaled(5, 1000));
    disk.slowMax = m_draw.time(1ms, 5s);
    note(FaultKind::slowDisk, QStringLiteral("m%1").arg(machine));
    m_cluster.world().after(m_draw.time(100ms, 10s),
                            [this, machine] { m_cluster.node(machine).disk()->slowPermille = 0; });
}

void Nemesis::slowProcessor()
{
    const std::size_t machine = anyMachine();
    note(FaultKind::slowProcessor, QStringLiteral("m%1").arg(machine));
    const SimTime slow = m_draw.time(1ms, 100ms);
    m_cluster.node(machine).setTurnTime(slow / 2, slow);
    m_cluster.world().after(m_draw.time(100ms, 10s), [this, machine] {
        m_cluster.node(machine).setTurnTime(SimTime(5), m_cluster.plan().turnMax);
    });
}

void Nemesis::fillDisk()
{
    const std::size_t machine = anyMachine();
    SimDisk &disk = *m_cluster.node(machine).disk();
    note(FaultKind::fullDisk, QStringLiteral("m%1").arg(machine));
    disk.setCapacity(disk.journalBytes()
                     + std::uint64_t(m_draw.scaled(1, 2 * std::int64_t(disk.segmentBytes()))));
    m_cluster.world().after(m_draw.time(50ms, 5s), [this, machine] {
        m_cluster.node(machine).disk()->setCapacity(std::nullopt);
    });
}

void Nemesis::failDisk()
{
    const std::size_t machine = anyMachine();
    note(FaultKind::diskError, QStringLiteral("m%1").arg(machine));
    const ErrorCode code = m_draw.chance(700) ? ErrorCode::io : ErrorCode::noSpace;
    trap(machine, {.call = {},
                   .skip = std::size_t(m_draw.scaled(1, 60)),
                   .error = code,
                   .isPersistent = m_draw.chance(200)});
    m_cluster.world().after(m_draw.time(100ms, 5s),
                            [this, machine] { m_cluster.node(machine).disk()->clearTrap(); });
}

void Nemesis::drift()
{
    const std::size_t machine = anyMachine();
    note(FaultKind::drift, QStringLiteral("m%1").arg(machine));
    m_cluster.node(machine).clock().setDrift(m_draw.between(-50'000, 50'000));
}

void Nemesis::jumpWall()
{
    const std::size_t machine = anyMachine();
    const std::int64_t size = m_draw.scaled(10, 3'600'000);
    const WallMs by(m_draw.chance(500) ? size : -size);
    note(FaultKind::wallJump, QStringLiteral("m%1 by %2 ms").arg(machine).arg(by.count()));
    m_cluster.node(machine).clock().jumpWall(by);
    m_cluster.world().after(m_draw.time(500ms, 10s),
                            [this, machine] { m_cluster.node(machine).clock().correctWall(); });
}

/// True if everything chosen stays on enough disks when this one is gone.
bool Nemesis::mayWipe(std::size_t machine) const
{
    if (!m_isSurvivable || !m_cluster.isFounded() || !m_cluster.isRememberedWithout(machine))
        return false;
    const NodeId id = m_cluster.node(machine).id();
    const Ledger &ledger = m_cluster.oracle().ledger();
    std::vector<consensus::MemberSet> sets = ledger.pendingMembers();
    sets.push_back(ledger.newest().members);
    if (!ledger.isNewestStarted() && ledger.newest().epoch > Epoch(1))
        sets.push_back(ledger.configuration(ledger.newest().epoch.previous())->members);
    return std::all_of(sets.begin(), sets.end(), [this, id](const consensus::MemberSet &set) {
        const bool isVoter =
            std::find(set.voters.begin(), set.voters.end(), id) != set.voters.end();
        return m_cluster.intactVoters(set) - (isVoter ? 1 : 0) >= set.voters.size() / 2 + 1;
    });
}

void Nemesis::wipe()
{
    const std::size_t machine = anyMachine();
    if (!mayWipe(machine))
        return;
    note(FaultKind::wipe, QStringLiteral("m%1").arg(machine));
    m_cluster.wipe(machine);
    m_cluster.startLater(machine, m_draw.time(5ms, 5s));
}

void Nemesis::wipeAllButOne()
{
    if (!m_isSurvivable || !m_cluster.isFounded() || m_cluster.size() < 2)
        return;
    const std::size_t survivor = m_draw.index(m_cluster.plan().founders);
    if (!m_cluster.oracle().hasCluster(*m_cluster.node(survivor).disk()))
        return;
    note(FaultKind::massWipe, QStringLiteral("only m%1 survives").arg(survivor));
    m_isSurvivable = false;
    for (std::size_t machine = 0; machine < m_cluster.size(); ++machine) {
        if (machine == survivor)
            continue;
        m_cluster.wipe(machine);
        m_cluster.startLater(machine, m_draw.time(5ms, 2s));
    }
}

void Nemesis::swapDisks()
{
    const std::size_t a = anyMachine();
    const std::size_t b = anyMachine();
    const auto isMisleading = [this](std::size_t machine, std::size_t other) {
        return !m_cluster.isRememberedWithout(machine)
               && !m_cluster.oracle().hasCluster(*m_cluster.node(other).disk());
    };
    if (a == b || isMisleading(a, b) || isMisleading(b, a))
        return;
    note(FaultKind::diskSwap, QStringLiteral("m%1 and m%2").arg(a).arg(b));
    m_cluster.swapDisks(a, b);
    m_cluster.startLater(a, m_draw.time(5ms, 2s));
    m_cluster.startLater(b, m_draw.time(5ms, 2s));
}

} // namespace coffer::sim
