// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/file_system.h"
#include "storage/journal_reader.h"

#include <functional>
#include <set>

namespace coffer::node {

/// Prints a journal for people, one line a record. Changes nothing and takes no lock, so it can
/// look at a damaged journal, and at one that is in use (whose newest records it may miss).
class JournalPrinter
{
public:
    struct Options
    {
        std::optional<Slot> from; ///< Only records of slots from here on ...
        std::optional<Slot> to;   ///< ... and up to here. Either leaves out records without a slot.
        std::set<storage::RecordKind> kinds; ///< Only these; empty: all.
        bool isRaw = false;                  ///< Adds the payload in hexadecimal digits.
    };
    using Print = std::function<void(const QString &line)>;

    JournalPrinter(Options options, Print print);

    /// Prints the records and a line about the whole. Damage is an error, after everything before
    /// it was printed.
    Result<void> print(storage::FileSystem &files);

    /// "vote"; what --kinds understands.
    [[nodiscard]] static QString nameOf(storage::RecordKind kind);
    [[nodiscard]] static std::optional<storage::RecordKind> kindOf(const QString &name);
    /// "12  segment 1 at 4096  vote  slot 300  ballot 1.2.7  commands: 2 in 32 bytes".
    [[nodiscard]] static QString line(const storage::JournalReader::Placed &placed);

private:
    [[nodiscard]] bool isWanted(const storage::JournalRecord &record) const;

    Options m_options;
    Print m_print;
};

} // namespace coffer::node
