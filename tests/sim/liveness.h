// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/cluster.h"

#include <optional>
#include <vector>

namespace coffer::sim {

/// P18: faults stop for a core of the machines that has a quorum. Within 10 s a write is chosen,
/// and within 60 s everybody in the core has applied all that is chosen. Resource.
class Liveness
{
public:
    Liveness(Cluster &cluster, std::uint64_t seed);

    /// Repairs and starts the core and cuts off the rest. False if no quorum can be had, so that
    /// nothing can be expected.
    [[nodiscard]] bool begin();
    /// True once the core has written and converged.
    [[nodiscard]] bool isDone() const { return m_isDone; }

private:
    [[nodiscard]] bool drawCore();
    [[nodiscard]] bool isNeeded(NodeId node) const;
    [[nodiscard]] bool hasQuorum() const;
    void write();
    void written(const QByteArray &command, Slot floor, const Result<engine::Answer> &result);
    void checkWritten();
    void checkConverged();
    [[nodiscard]] QString laggard() const;

    Cluster &m_cluster;
    Draw m_draw;
    std::vector<std::size_t> m_core;
    SimTime m_begun{0};
    std::uint64_t m_writes = 0;
    bool m_isWritten = false;
    bool m_isDone = false;
};

} // namespace coffer::sim
