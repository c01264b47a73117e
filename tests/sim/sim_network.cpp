// SPDX-License-Identifier: Apache-2.0
#include "sim/sim_network.h"

#include <algorithm>
#include <utility>

namespace coffer::sim {

static constexpr std::size_t heldMax = 4096;

SimNetwork::SimNetwork(Scheduler &world, Draw &draw, std::size_t machines, Deliver deliver,
                       Lost lost)
    : m_world(world)
    , m_draw(draw)
    , m_machines(machines)
    , m_deliver(std::move(deliver))
    , m_lost(std::move(lost))
    , m_links(machines * machines)
    , m_clogged(machines, false)
{}

void SimNetwork::send(std::size_t from, std::size_t to, const QByteArray &frame)
{
    ++m_counts.sent;
    if (link(from, to).isCut || m_draw.chance(m_policy.lossPermille)) {
        ++m_counts.lost;
        return;
    }
    travel(from, to, frame);
    if (m_draw.chance(m_policy.duplicatePermille)) {
        ++m_counts.duplicated;
        travel(from, to, frame);
    }
}

void SimNetwork::travel(std::size_t from, std::size_t to, const QByteArray &frame)
{
    SimTime delay(m_draw.between(m_policy.delayMin.count(), m_policy.delayMax.count()));
    if (m_draw.chance(m_policy.tailPermille)) {
        ++m_counts.late;
        delay = m_draw.time(m_policy.delayMax, m_policy.tailMax);
    }
    Link &wire = link(from, to);
    SimTime time = m_world.now() + delay + wire.lag;
    if (m_policy.isOrdered)
        time = std::max(time, wire.last);
    wire.last = time;
    m_world.at(time, [this, from, to, frame, cuts = wire.cuts] {
        if (link(from, to).cuts != cuts)
            ++m_counts.lost;
        else
            arrive(from, to, frame);
    });
}

void SimNetwork::arrive(std::size_t from, std::size_t to, const QByteArray &frame)
{
    if (!isClogged(from, to)) {
        ++m_counts.delivered;
        m_deliver(to, frame);
    } else if (link(from, to).held.size() < heldMax) {
        link(from, to).held.push_back(frame);
    } else {
        ++m_counts.lost;
    }
}

bool SimNetwork::isClogged(std::size_t from, std::size_t to) const
{
    return m_clogged[from] || m_clogged[to];
}

void SimNetwork::cut(std::size_t from, std::size_t to)
{
    Link &wire = link(from, to);
    if (from == to || wire.isCut)
        return;
    wire.isCut = true;
    // What the receiver's machine has already taken in may still reach its process.
    if (m_draw.chance(700))
        ++wire.cuts;
    wire.held.clear();
    ++m_cuts;
    // A dead link is noticed by a reset, or only by silence.
    if (m_draw.chance(300))
        noticeLoss(to, from, std::chrono::milliseconds(50));
    if (m_draw.chance(300))
        noticeLoss(from, to, std::chrono::milliseconds(50));
}

void SimNetwork::cutBoth(std::size_t a, std::size_t b)
{
    cut(a, b);
    cut(b, a);
}

void SimNetwork::clog(std::size_t machine)
{
    if (!m_clogged[machine])
        ++m_clogs;
    m_clogged[machine] = true;
}

void SimNetwork::unclog(std::size_t machine)
{
    if (!m_clogged[machine])
        return;
    m_clogged[machine] = false;
    --m_clogs;
    for (std::size_t from = 0; from < m_machines; ++from) {
        for (std::size_t to = 0; to < m_machines; ++to) {
            if (isClogged(from, to))
                continue;
            for (const QByteArray &frame : std::exchange(link(from, to).held, {}))
                travel(from, to, frame);
        }
    }
}

void SimNetwork::heal()
{
    for (Link &wire : m_links) {
        wire.isCut = false;
        wire.lag = SimTime(0);
        wire.last = m_world.now();
    }
    m_cuts = 0;
    for (std::size_t machine = 0; machine < m_machines; ++machine)
        unclog(machine);
}

bool SimNetwork::isCut(std::size_t from, std::size_t to) const { return link(from, to).isCut; }

void SimNetwork::machineDied(std::size_t machine)
{
    for (std::size_t peer = 0; peer < m_machines; ++peer) {
        if (peer == machine)
            continue;
        if (!isCut(machine, peer) && !isClogged(machine, peer) && m_draw.chance(900))
            noticeLoss(peer, machine, std::chrono::milliseconds(5));
    }
}

void SimNetwork::noticeLoss(std::size_t machine, std::size_t peer, SimTime latest)
{
    m_world.after(SimTime(m_draw.between(100, latest.count())),
                  [this, machine, peer] { m_lost(machine, peer); });
}

} // namespace coffer::sim
