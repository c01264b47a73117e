// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "store/change.h"

#include <map>
#include <optional>
#include <vector>

namespace coffer::test {

/// One change with its own bytes.
struct RecordedChange
{
    Revision revision;
    QByteArray path;
    std::optional<store::FileVersion> now;
    std::optional<store::FileVersion> before;

    [[nodiscard]] static RecordedChange of(const store::ChangeView &change);
    /// Valid as long as this.
    [[nodiscard]] store::ChangeView view() const;
};

/// A history in memory that forgets nothing, and behaves as if it did.
///
/// Resource. It fails a COFFER_CHECK if it is asked for what a real one would have forgotten.
class MemoryHistory final : public store::ChangeSource
{
public:
    struct Put
    {
        QByteArray path;
        std::optional<QByteArray> value; ///< Empty: deleted, if it is there.
    };

    /// Makes one revision of \a puts, in their order.
    Revision commit(const std::vector<Put> &puts);
    /// Raises the floor.
    void compact(Revision floor);

    [[nodiscard]] Revision compacted() const override { return m_floor; }
    [[nodiscard]] Revision revision() const override { return m_revision; }
    void visitChanges(Revision from,
                      const std::function<bool(const store::ChangeView &)> &visit) const override;

    /// Everything that ever happened.
    [[nodiscard]] const std::vector<RecordedChange> &changes() const { return m_changes; }
    /// How many changes were read since the last call.
    [[nodiscard]] std::size_t takeReads() { return std::exchange(m_reads, 0); }

private:
    std::vector<RecordedChange> m_changes;
    std::map<QByteArray, store::FileVersion> m_files;
    Revision m_revision;
    Revision m_floor;
    mutable std::size_t m_reads = 0;
};

} // namespace coffer::test
