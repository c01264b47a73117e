// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/checkpoint.h"
#include "storage/journal.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace coffer::storage {

/// A step in which a data directory is read or changed; what a fault can be tied to.
enum class DiskCall {
    replay,
    append,
    sync,
    removeSegment, ///< Part of Journal::truncate(), once a segment, after its append and sync.
    open,
    load,
    commit,
    exportFile,
    receive,
    stage,
    activate
};

/// One data directory in memory: what is left when the process or the machine goes down.
///
/// MemoryJournal and MemoryCheckpoint are two views of it and hold nothing that has to survive.
/// Records carry a checksum and a chain in the real journal, so what is missing or torn in the
/// middle cuts off everything behind it; here a crash therefore keeps a prefix of the un-synced
/// records. Resource; one thread.
class MemoryDisk
{
public:
    /// Asked before each step. An Error makes the step fail and change nothing, apart from sync:
    /// there the un-synced records are lost for good, whatever a later sync says. An exception
    /// passes through: the process went down at exactly this step.
    using FaultHook = std::function<std::optional<Error>(DiskCall)>;
    /// Told of each record when it becomes durable, in order.
    using DurableHook = std::function<void(const JournalRecord &)>;

    using Rows = std::map<std::pair<std::uint8_t, QByteArray>, QByteArray>;
    /// One checkpoint; without a header there was no commit yet.
    struct Generation
    {
        QByteArray name;
        std::optional<CheckpointHeader> header;
        Rows rows;
    };
    /// Everything durable at one moment. Value.
    struct Image
    {
        std::vector<JournalRecord> records;
        Generation current;
        std::optional<Generation> staged;
        std::uint64_t generations = 0;
    };

    MemoryDisk() = default;
    MemoryDisk(const MemoryDisk &) = delete;
    MemoryDisk &operator=(const MemoryDisk &) = delete;

    void setFaultHook(FaultHook hook) { m_faultHook = std::move(hook); }
    void setDurableHook(DurableHook hook) { m_durableHook = std::move(hook); }
    /// Journal bytes above which append() answers noSpace; nothing: no limit.
    void setCapacity(std::optional<std::uint64_t> bytes) { m_capacity = bytes; }
    /// Journal bytes after which a new segment begins; only whole segments can be forgotten.
    void setSegmentBytes(std::uint64_t bytes) { m_segmentBytes = bytes; }

    /// Power loss: of the un-synced records only the first \a survivors are left.
    void crash(std::size_t survivors);
    [[nodiscard]] std::size_t unsyncedCount() const;
    [[nodiscard]] std::uint64_t journalBytes() const { return m_bytes; }
    [[nodiscard]] std::size_t recordCount() const { return m_records.size(); }
    /// True when nothing was ever written.
    [[nodiscard]] bool isEmpty() const { return m_records.empty() && !m_current.header; }

    /// Calls \a visit with each durable record, oldest first.
    void visitDurable(const std::function<void(const JournalRecord &)> &visit) const;
    /// Applied slot of the current and of a staged checkpoint generation.
    [[nodiscard]] Slot checkpointed() const;
    [[nodiscard]] Slot staged() const;

    /// What is durable now, and going back to it: an old backup, or a disk that lied about syncs.
    [[nodiscard]] Image image() const;
    void restore(Image image);

private:
    friend class MemoryJournal;
    friend class MemoryCheckpoint;

    struct Stored
    {
        JournalRecord record;
        std::uint64_t bytes = 0;
        std::uint64_t segment = 0;
    };

    [[nodiscard]] std::optional<Error> fault(DiskCall call) const;
    [[nodiscard]] std::size_t durableCount() const;
    void beginSegment();
    void add(const JournalRecord &record);
    void popFront();
    void makeDurable(std::size_t count);
    void loseUnsynced();

    FaultHook m_faultHook;
    DurableHook m_durableHook;
    std::optional<std::uint64_t> m_capacity;
    std::uint64_t m_segmentBytes = 16 * 1024;

    std::deque<Stored> m_records;
    std::size_t m_synced = 0;          ///< As reported; the first so many of m_records.
    std::optional<std::size_t> m_hole; ///< First record that a failed sync lost.
    bool m_isDamaged = false;          ///< There was a hole below what was reported synced.
    std::uint64_t m_bytes = 0;
    std::uint64_t m_segment = 0;
    std::uint64_t m_segmentFill = 0;

    Generation m_current{"g0", {}, {}};
    std::optional<Generation> m_staged;
    std::uint64_t m_generations = 0;
};

/// Bytes that \a record takes in the twin's journal.
[[nodiscard]] std::uint64_t recordBytes(const JournalRecord &record);

} // namespace coffer::storage
