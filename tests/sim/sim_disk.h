// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/ids.h"
#include "sim/draw.h"
#include "sim/journal_bound.h"
#include "sim/sim_checkpoint.h"
#include "storage/file_journal.h"
#include "storage/memory_file_system.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>

namespace coffer::sim {

/// A data directory that can be carried to another machine: the node's identity goes with it.
/// Its speed and its faults are those of the hardware it lies on. Resource.
///
/// The journal is the real one, on a file system in memory; the checkpoint is SQLite on a disk in
/// memory, or for most runs its twin, which is faster.
class SimDisk
{
public:
    struct Settings
    {
        std::uint64_t segmentBytes = 16'384;
        std::uint64_t fillBytes = 0;
        std::optional<std::uint64_t> sqliteSeed; ///< Empty: the twin.
    };
    /// Told of each record when it becomes durable, in order.
    using DurableHook = std::function<void(const storage::JournalRecord &)>;
    using Visit = std::function<void(const storage::JournalRecord &)>;
    /// Everything durable at one moment. Value.
    struct Image
    {
        storage::MemoryFileSystem::Image journal;
        CheckpointDisk::Image checkpoint;
    };

    /// \a number tells disks apart, also those that had the same identity.
    SimDisk(std::size_t number, NodeId node, const Settings &settings);

    [[nodiscard]] std::size_t number() const { return m_number; }
    [[nodiscard]] NodeId node() const { return m_node; }
    void setDurableHook(DurableHook hook) { m_durableHook = std::move(hook); }

    /// What one process run opens. The disk must outlive them.
    [[nodiscard]] std::unique_ptr<storage::Journal> openJournal();
    [[nodiscard]] std::unique_ptr<storage::Checkpoint> openCheckpoint();

    /// Visits the records that would be left if all that is not durable were lost. The error of a
    /// journal that cannot be read.
    Result<void> visitDurable(const Visit &visit) const;
    /// The same, with the place of each record.
    [[nodiscard]] Result<std::vector<storage::JournalReader::Placed>> durableRecords() const;
    /// The last slot of the durable checkpoint in use.
    [[nodiscard]] Slot checkpointed() const { return m_checkpoint->checkpointed(); }
    [[nodiscard]] bool isEmpty() const;
    [[nodiscard]] std::uint64_t journalBytes() const { return m_files.usedBytes(); }
    [[nodiscard]] std::uint64_t segmentBytes() const { return m_settings.segmentBytes; }
    /// The most bytes that the journal may have when it was told to forget all up to \a slot.
    [[nodiscard]] std::uint64_t journalBytesMost(Slot slot) { return m_bound.most(slot); }
    /// True while writes may be slow or fail, or one still is slow.
    [[nodiscard]] bool isFaulty(SimTime now) const
    {
        return m_trap || slowPermille > 0 || m_isLimited || m_hadErrors || now < m_slowUntil;
    }
    /// Something takes until then.
    void setSlowUntil(SimTime time) { m_slowUntil = std::max(m_slowUntil, time); }
    /// Journal bytes above which the disk is full; nothing: no limit.
    void setCapacity(std::optional<std::uint64_t> bytes)
    {
        m_isLimited = bytes.has_value();
        m_files.setCapacity(bytes);
    }

    /// What is durable now, and going back to it: an old backup, or a disk that lied about syncs.
    /// Only while no process runs on it.
    [[nodiscard]] Image image() const;
    void restore(const Image &image);
    /// Flips a bit of the durable journal. False if there is no journal.
    bool rot(Draw &draw);

    /// What goes wrong, at the n-th step from now on (0: the next).
    struct Trap
    {
        std::optional<storage::DiskCall> call; ///< Only steps of this kind count; empty: all.
        std::size_t skip = 0;
        std::optional<ErrorCode> error; ///< Empty: the machine goes down at this step.
        bool isPersistent = false;      ///< Every later step of the kind fails as well.
        bool isKill = false; ///< Without an error: the process ends there, the machine stays.
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

    /// Called before a process ends: what it does while it falls apart reaches no disk.
    void processEnds();
    /// Called when the process has ended: page cache survives it (\a isPowerLoss false) or a random
    /// part of it does. After an error of the disk the machine is often restarted too. If not, the
    /// cache may show the next process what a failed sync has lost.
    void processEnded(bool isPowerLoss, Draw &draw);

private:
    friend class SimJournal;

    [[nodiscard]] storage::FileJournal::Options journalOptions() const;
    std::optional<Error> check(storage::DiskCall call);
    /// \a record is durable; the hook hears of it unless it has already.
    void tell(std::uint64_t lsn, const storage::JournalRecord &record);

    std::size_t m_number;
    NodeId m_node;
    Settings m_settings;
    storage::MemoryFileSystem m_files;
    std::unique_ptr<CheckpointDisk> m_checkpoint;
    DurableHook m_durableHook;
    JournalBound m_bound;
    bool m_isLimited = false;
    SimTime m_slowUntil{0};
    std::uint64_t m_toldLsn = 0;
    std::optional<Trap> m_trap;
    bool m_hadErrors = false;
    bool m_isKilled = false; ///< By a trap; the machine goes on.
    std::uint64_t m_sprung = 0;
};

} // namespace coffer::sim
