// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/cluster.h"

#include <deque>
#include <vector>

namespace coffer::sim {

/// P19, of the journal: while a node can commit checkpoints, its memory keeps hardly more entries
/// than it was told to keep, and its journal no more segments than hold them. Looked at again and
/// again, at nodes that nothing has held up for a while. Resource.
class Bounds
{
public:
    explicit Bounds(Cluster &cluster);

    void begin();

private:
    struct Sample
    {
        SimTime time{0};
        Slot committed;
        Slot first; ///< Oldest entry in memory.
    };
    /// One machine, since something held it up.
    struct Stretch
    {
        const SimDisk *disk = nullptr;
        std::uint64_t run = 0;
        Sample begun;
        std::deque<Sample> samples; ///< Of the last moments.
    };

    void look();
    void lookAt(std::size_t machine);
    void check(std::size_t machine, const Sample &begun, const Sample &then);

    Cluster &m_cluster;
    std::vector<Stretch> m_stretches;
};

} // namespace coffer::sim
