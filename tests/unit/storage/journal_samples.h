// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/random.h"
#include "storage/file_journal.h"
#include "storage/memory_file_system.h"

#include <optional>
#include <vector>

/// What the tests of the file journal share: records of all kinds, and a journal that is driven
/// through a script while a reference keeps account of what it may and must hold.
namespace coffer::test {

using Records = std::vector<storage::JournalRecord>;

[[nodiscard]] storage::JournalRecord vote(std::uint64_t slot, qsizetype bytes = 10);
[[nodiscard]] storage::JournalRecord promise(std::uint64_t round);
/// A founding record that names \a cluster.
[[nodiscard]] storage::JournalRecord founding(std::uint64_t cluster = 0xc0ffee);

/// Small segments, node 7.
[[nodiscard]] storage::FileJournal::Options smallSegments(std::uint64_t bytes = 8192);

/// Everything that a process which starts now reads. It takes the lock and lets it go.
[[nodiscard]] Result<Records> readAll(storage::FileSystem &files);

/// The process or the machine went down.
struct Down
{};

/// Drives a journal through a script that its seed fixes: groups of all kinds and sizes, several
/// appends between syncs, truncations. Knows what the journal must and may hold at each moment.
class JournalDriver
{
public:
    JournalDriver(storage::MemoryFileSystem &files, std::uint64_t seed);

    /// A process start: a new journal object replays. Empty, or what is wrong with what it read.
    [[nodiscard]] QString start();
    /// The process ends; what the journal object held is gone.
    void stop() { m_journal.reset(); }
    /// Runs steps of the script up to \a count in all. Stops at an error, which is kept.
    void run(int count);
    /// The last error of a run, a start excluded.
    [[nodiscard]] const std::optional<Error> &failure() const { return m_failure; }
    /// Steps done so far.
    [[nodiscard]] int steps() const { return m_step; }
    [[nodiscard]] std::size_t recordCount() const { return m_all.size(); }

private:
    struct Truncation
    {
        Slot slot;
        std::size_t liveFrom = 0;
        std::size_t liveTo = 0;
    };

    Result<void> step();
    Result<void> appendGroup();
    Result<void> truncate();
    [[nodiscard]] storage::JournalRecord nextRecord();
    [[nodiscard]] bool fits(const Records &found, std::size_t from) const;
    [[nodiscard]] bool mayBeForgotten(std::size_t count, std::size_t end) const;

    storage::MemoryFileSystem &m_files;
    SeededRandom m_random;
    std::unique_ptr<storage::FileJournal> m_journal;
    Records m_all;             ///< All that was ever appended, as far as it may still be there.
    std::size_t m_durable = 0; ///< So many of m_all must be there unless they were forgotten.
    std::vector<Truncation> m_truncations;
    std::optional<Error> m_failure;
    std::optional<Records> m_pending; ///< A group that found no space.
    std::uint64_t m_slot = 0;
    std::uint64_t m_round = 0;
    int m_step = 0;
};

} // namespace coffer::test
