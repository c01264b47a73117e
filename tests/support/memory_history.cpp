// SPDX-License-Identifier: Apache-2.0
#include "support/memory_history.h"

#include "base/check.h"

#include <algorithm>

namespace coffer::test {

using store::ChangeView;
using store::FileVersion;

static std::optional<FileVersion> copyOf(const FileVersion *version)
{
    return version ? std::optional(*version) : std::nullopt;
}

RecordedChange RecordedChange::of(const ChangeView &change)
{
    return {change.revision, change.path.toByteArray(), copyOf(change.now), copyOf(change.before)};
}

ChangeView RecordedChange::view() const
{
    return {revision, path, now ? &*now : nullptr, before ? &*before : nullptr};
}

Revision MemoryHistory::commit(const std::vector<Put> &puts)
{
    m_revision = m_revision.next();
    for (const Put &put : puts) {
        const auto found = m_files.find(put.path);
        RecordedChange change{m_revision, put.path, {}, {}};
        if (found != m_files.end())
            change.before = found->second;
        if (put.value) {
            const Revision created = change.before ? change.before->created : m_revision;
            change.now = FileVersion{m_revision, created, SessionId(),
                                     WallMs(m_revision.value() * 10), *put.value};
            m_files[put.path] = *change.now;
        } else if (change.before) {
            m_files.erase(found);
        } else {
            continue;
        }
        m_changes.push_back(change);
    }
    return m_revision;
}

void MemoryHistory::compact(Revision floor)
{
    COFFER_CHECK(floor >= m_floor && floor <= m_revision, "a floor is out of its range");
    m_floor = floor;
}

void MemoryHistory::visitChanges(Revision from,
                                 const std::function<bool(const ChangeView &)> &visit) const
{
    COFFER_CHECK(from > m_floor, "changes were asked for that are compacted");
    auto at = std::lower_bound(
        m_changes.begin(), m_changes.end(), from,
        [](const RecordedChange &change, Revision wanted) { return change.revision < wanted; });
    for (; at != m_changes.end(); ++at) {
        ++m_reads;
        if (!visit(at->view()))
            return;
    }
}

} // namespace coffer::test
