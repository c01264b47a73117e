// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/host_p.h"

#include <optional>

namespace coffer::engine {

/// Puts records into the journal in groups, and lets nothing out before what it relies on is
/// durable. One group is being written at a time; what comes meanwhile forms the next one.
///
/// A full disk is not an error: the group is kept and tried again, and consensus is told that it
/// must not vote or lead meanwhile. Any other failure ends the engine.
class JournalWriter
{
public:
    explicit JournalWriter(Host &host) : m_host(host) {}

    /// Adds records behind all others; consensus hears Written{mark} when they are durable
    /// (mark 0: nothing to hear).
    void write(std::vector<storage::JournalRecord> records, std::uint64_t mark);
    /// Sends \a message once everything written so far is durable.
    void hold(NodeId to, consensus::Message message);
    /// Calls \a then once everything written so far is durable.
    void whenDurable(std::function<void()> then);
    /// Allows the journal to forget, when nothing is being written; see Journal::truncate().
    /// \a live is asked at that moment, when all that is durable is known to be.
    using LiveRecords = std::function<std::vector<storage::JournalRecord>()>;
    void truncate(Slot slot, LiveRecords live);

    [[nodiscard]] bool isIdle() const { return !m_isBusy; }
    /// The disk is full: a group waits for space.
    [[nodiscard]] bool isStuck() const { return m_retryAt.has_value(); }
    /// Begins to write what has gathered, if nothing is being written.
    void flush();
    /// Tries again after a full disk.
    void tick();

private:
    struct Group
    {
        std::vector<storage::JournalRecord> records;
        std::uint64_t mark = 0;
        std::vector<consensus::Outgoing> held;
        std::vector<std::function<void()>> then;
    };

    void begin();
    void beginTruncate();
    void ended(const Result<void> &result);
    void release(Group group);
    [[nodiscard]] bool isQuiet() const;

    Host &m_host;
    Group m_gathering;
    Group m_writing;
    bool m_isBusy = false;   ///< A group is being written, or waits for space; or a truncation.
    bool m_isTrying = false; ///< Work is on the journal's lane.
    Slot m_truncateTo;       ///< None: nothing to forget.
    LiveRecords m_live;
    std::optional<Monotonic> m_retryAt; ///< The disk is full; try again then.
};

} // namespace coffer::engine
