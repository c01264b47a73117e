// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/ids.h"
#include "sim/draw.h"
#include "storage/memory_disk.h"

#include <optional>

namespace coffer::sim {

/// A data directory that can be carried to another machine: the node's identity goes with it.
/// Its speed and its faults are those of the hardware it lies on. Resource.
class SimDisk
{
public:
    /// \a number tells disks apart, also those that had the same identity.
    SimDisk(std::size_t number, NodeId node);

    [[nodiscard]] std::size_t number() const { return m_number; }
    [[nodiscard]] NodeId node() const { return m_node; }
    [[nodiscard]] storage::MemoryDisk &memory() { return m_memory; }
    [[nodiscard]] const storage::MemoryDisk &memory() const { return m_memory; }

    /// What goes wrong, at the n-th step from now on (0: the next).
    struct Trap
    {
        std::optional<storage::DiskCall> call; ///< Only steps of this kind count; empty: all.
        std::size_t skip = 0;
        std::optional<ErrorCode> error; ///< Empty: the machine goes down at this step.
        bool isPersistent = false;      ///< Every later step of the kind fails as well.
    };
    void setTrap(const Trap &trap) { m_trap = trap; }
    void clearTrap() { m_trap.reset(); }
    /// True if an injected error was reported since clearErrors().
    [[nodiscard]] bool hadErrors() const { return m_hadErrors; }
    void clearErrors() { m_hadErrors = false; }
    /// Traps that went off.
    [[nodiscard]] std::uint64_t trapsSprung() const { return m_sprung; }

    SimTime syncMin{50};
    SimTime syncMax{200};
    int slowPermille = 0; ///< So many writes take up to slowMax.
    SimTime slowMax{0};

    /// Called when the process ends: page cache survives it (\a isPowerLoss false) or a random
    /// part of it does.
    void processEnded(bool isPowerLoss, Draw &draw);

private:
    std::optional<Error> check(storage::DiskCall call);

    std::size_t m_number;
    NodeId m_node;
    storage::MemoryDisk m_memory;
    std::optional<Trap> m_trap;
    bool m_hadErrors = false;
    std::uint64_t m_sprung = 0;
};

} // namespace coffer::sim
