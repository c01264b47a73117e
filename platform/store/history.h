// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "store/version.h"

#include <deque>

namespace coffer::store {

/// The changes above the floor, and those at or below it that are not dropped yet, by revision.
///
/// Points to nodes and versions, which have to be there as long as their change.
class History
{
public:
    struct Change
    {
        Node *node = nullptr;
        Version *version = nullptr;
    };
    /// What one revision changed. The sums run from wherever the history began, this step included.
    struct Step
    {
        Revision revision;
        WallMs time{0};
        std::uint64_t changesEnd = 0; ///< How many changes there were up to here.
        std::uint64_t bytes = 0;      ///< Of paths and values.
        Hash128 hash = {};            ///< changeHashOf().
    };

    /// Adds a change of the newest revision; one of a later revision begins a step.
    void add(const Change &change);

    [[nodiscard]] bool isEmpty() const { return m_steps.empty(); }
    [[nodiscard]] const std::deque<Step> &steps() const { return m_steps; }
    /// Up to and with the newest revision that is not above \a revision; the sums of what was
    /// dropped if that is all of it.
    [[nodiscard]] const Step &upTo(Revision revision) const;
    [[nodiscard]] const Step &end() const { return m_steps.empty() ? m_dropped : m_steps.back(); }
    /// Calls \a visit(change) for the changes above \a revision, in order, until it returns false.
    template<class Visit>
    void visitAfter(Revision revision, const Visit &visit) const
    {
        const std::uint64_t gone = m_dropped.changesEnd + m_taken;
        const std::uint64_t first = std::max(upTo(revision).changesEnd, gone);
        for (std::uint64_t at = first - gone; at < m_changes.size(); ++at) {
            if (!visit(m_changes[std::size_t(at)]))
                return;
        }
    }
    /// The oldest change, which is taken out; at the last one of its revision, the step too.
    [[nodiscard]] Change takeOldest();
    [[nodiscard]] Revision oldest() const { return m_steps.front().revision; }

private:
    std::deque<Step> m_steps;
    std::deque<Change> m_changes;
    Step m_dropped;
    std::uint64_t m_taken = 0; ///< Changes taken out of the oldest step.
};

} // namespace coffer::store
