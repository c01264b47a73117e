// SPDX-License-Identifier: Apache-2.0
#include "store/history.h"

#include <algorithm>

namespace coffer::store {

/// Memory of a change besides its path and value: a version, its place in the history, a node.
static constexpr std::uint64_t changeBytes = 256;

void History::add(const Change &change)
{
    const FileVersion &file = change.version->file;
    if (m_steps.empty() || m_steps.back().revision != file.revision) {
        Step step = end();
        step.revision = file.revision;
        step.time = file.time;
        m_steps.push_back(step);
    }
    Step &step = m_steps.back();
    ++step.changesEnd;
    step.bytes += changeBytes + std::uint64_t(change.node->path().size() + file.value.size());
    step.hash += changeHashOf(*change.version);
    m_changes.push_back(change);
}

const History::Step &History::upTo(Revision revision) const
{
    const auto after =
        std::upper_bound(m_steps.begin(), m_steps.end(), revision,
                         [](Revision wanted, const Step &step) { return wanted < step.revision; });
    return after == m_steps.begin() ? m_dropped : *std::prev(after);
}

History::Change History::takeOldest()
{
    const Change change = m_changes.front();
    m_changes.pop_front();
    ++m_taken;
    if (m_dropped.changesEnd + m_taken == m_steps.front().changesEnd) {
        m_dropped = m_steps.front();
        m_steps.pop_front();
        m_taken = 0;
    }
    return change;
}

} // namespace coffer::store
