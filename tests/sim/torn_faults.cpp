// SPDX-License-Identifier: Apache-2.0
#include "sim/nemesis.h"

// What was written and is not durable, and is read by the next process as if it were.

namespace coffer::sim {

using namespace std::chrono_literals;

static constexpr SimTime pollEvery = 2ms;

/// The next process finds the group in the page cache; before it says anything that rests on it,
/// the group must be on the disk. The same with a checkpoint that is about to be named, or to take
/// the place of another one.
void Nemesis::tearWrite()
{
    const std::optional<std::size_t> machine = anyRunning();
    if (!machine)
        return;
    SimDisk *disk = m_cluster.node(*machine).disk();
    note(FaultKind::tornWrite, QStringLiteral("m%1").arg(*machine));
    if (m_draw.chance(250)) {
        disk->setTrap(
            {.call = m_draw.chance(300) ? storage::DiskCall::stage : storage::DiskCall::activate,
             .error = {},
             .isKill = m_draw.chance(500)});
        losePowerAfterTrap(disk, 100ms);
        return;
    }
    disk->setTrap({.call = storage::DiskCall::sync,
                   .skip = std::size_t(m_draw.scaled(1, 8)) - 1,
                   .error = {},
                   .isKill = true});
    losePowerAfterTrap(disk, 100ms);
}

/// A sync that fails drops the pages. If only the process ends, the next one can still read them.
void Nemesis::failSync()
{
    const std::size_t machine = anyMachine();
    SimDisk *disk = m_cluster.node(machine).disk();
    note(FaultKind::failedSync, QStringLiteral("m%1").arg(machine));
    disk->setTrap({.call = storage::DiskCall::sync,
                   .skip = std::size_t(m_draw.scaled(1, 40)),
                   .error = ErrorCode::syncFailed});
    if (m_draw.chance(700))
        losePowerAfterTrap(disk, 2s);
}

/// Waits until the trap of \a disk has ended a process, lets the next one begin, and takes the
/// power away after a while, at most \a latest.
void Nemesis::losePowerAfterTrap(const SimDisk *disk, SimTime latest)
{
    waitForTrap(disk, disk->trapsSprung(), latest, 500);
}

void Nemesis::waitForTrap(const SimDisk *disk, std::uint64_t sprung, SimTime latest, int patience)
{
    m_cluster.world().after(pollEvery, [this, disk, sprung, latest, patience] {
        const std::optional<std::size_t> machine = m_cluster.machineOf(disk->node());
        if (!machine || m_isResting)
            return;
        if (disk->trapsSprung() == sprung) {
            if (patience > 0)
                waitForTrap(disk, sprung, latest, patience - 1);
            return;
        }
        const SimTime delay = m_draw.time(100us, 20ms);
        m_cluster.startLater(*machine, delay);
        m_cluster.world().after(delay + m_draw.time(100us, latest), [this, disk] {
            const std::optional<std::size_t> place = m_cluster.machineOf(disk->node());
            if (place && !m_isQuiet && !m_isResting)
                down(*place, true);
        });
    });
}

} // namespace coffer::sim
