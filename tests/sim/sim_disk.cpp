// SPDX-License-Identifier: Apache-2.0
#include "sim/sim_disk.h"

#include "sim/finding.h"

namespace coffer::sim {

SimDisk::SimDisk(std::size_t number, NodeId node) : m_number(number), m_node(node)
{
    m_memory.setFaultHook([this](storage::DiskCall call) { return check(call); });
}

std::optional<Error> SimDisk::check(storage::DiskCall call)
{
    if (!m_trap || (m_trap->call && *m_trap->call != call))
        return std::nullopt;
    if (m_trap->skip > 0) {
        --m_trap->skip;
        return std::nullopt;
    }
    const Trap trap = *m_trap;
    if (!trap.isPersistent)
        m_trap.reset();
    ++m_sprung;
    if (!trap.error)
        throw MachineDown();
    m_hadErrors = true;
    return Error{*trap.error, QStringLiteral("injected")};
}

void SimDisk::processEnded(bool isPowerLoss, Draw &draw)
{
    if (isPowerLoss || m_hadErrors) {
        const auto unsynced = std::int64_t(m_memory.unsyncedCount());
        m_memory.crash(draw.chance(200) ? 0 : std::size_t(draw.between(0, unsynced)));
    }
}

} // namespace coffer::sim
