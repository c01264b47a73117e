// SPDX-License-Identifier: Apache-2.0
#include "sim/bounds.h"

#include "sim/finding.h"

namespace coffer::sim {

using namespace std::chrono_literals;

static constexpr SimTime lookEvery = 250ms;
/// What a commit lets the journal forget is gone after this time.
static constexpr SimTime grace = 1s;

Bounds::Bounds(Cluster &cluster) : m_cluster(cluster), m_stretches(cluster.size()) {}

void Bounds::begin() { look(); }

void Bounds::look()
{
    for (std::size_t machine = 0; machine < m_cluster.size(); ++machine)
        lookAt(machine);
    m_cluster.world().after(lookEvery, [this] { look(); });
}

void Bounds::lookAt(std::size_t machine)
{
    const SimNode &node = m_cluster.node(machine);
    Stretch &stretch = m_stretches[machine];
    if (!node.isServing() || node.isSlow() || node.disk()->isFaulty(m_cluster.world().now())) {
        stretch = {};
        return;
    }
    const engine::Status status = node.engine()->status();
    const Sample now{m_cluster.world().now(), status.checkpointed, status.firstSlot};
    if (stretch.disk != node.disk() || stretch.run != node.runs())
        stretch = {node.disk(), node.runs(), now, {}};
    stretch.samples.push_back(now);
    while (stretch.samples.size() > 1 && stretch.samples[1].time + grace <= now.time)
        stretch.samples.pop_front();
    if (stretch.samples.front().time + grace <= now.time)
        check(machine, stretch.begun, stretch.samples.front());
}

/// \a then is long enough ago. A truncation comes when a quarter more than what is to be kept is
/// committed, so there was one after \a begun if so much was; an installed checkpoint does not
/// count, as the next commit lets the journal forget.
void Bounds::check(std::size_t machine, const Sample &begun, const Sample &then)
{
    const std::uint64_t keep = m_cluster.plan().options.keepSlots;
    const std::uint64_t committed = then.committed.value();
    const bool isOwnCommit = committed + 1 >= then.first.value() + keep;
    if (!isOwnCommit || committed <= begun.committed.value() + keep / 4 + 1
        || committed <= keep + keep / 4 + 2)
        return;
    const Slot forgotten(committed - keep - keep / 4 - 1);
    ++m_cluster.counts().boundsChecked;
    SimDisk &disk = *m_cluster.node(machine).disk();
    if (then.first <= forgotten)
        report("P19", QStringLiteral("m%1 keeps entries from slot %2 on, with a checkpoint of slot "
                                     "%3; it is to keep %4")
                          .arg(machine)
                          .arg(then.first.value())
                          .arg(committed)
                          .arg(keep));
    const std::uint64_t most = disk.journalBytesMost(forgotten);
    if (disk.journalBytes() > most)
        report("P19",
               QStringLiteral("the journal of m%1 has %2 bytes; at most %3 hold what is above "
                              "slot %4")
                   .arg(machine)
                   .arg(disk.journalBytes())
                   .arg(most)
                   .arg(forgotten.value()));
}

} // namespace coffer::sim
