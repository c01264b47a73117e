// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "store/watch.h"
#include "support/memory_history.h"

#include <QStringList>

namespace coffer::test {

/// What one watcher was told, by however many nodes, and whether that is what happened.
///
/// It is told everything in order; a watcher that goes to another node asks there from
/// resumeFrom(). Judged is what the watch promises: each change that is wanted comes once, in
/// order, whole revisions at a time, as it was, and the progress never passes over one.
class WatchChecker
{
public:
    explicit WatchChecker(const store::WatchRequest &request);

    /// A node's answer. \a floor is what that node had compacted at that moment.
    void answer(const store::WatchAnswer &answer, Revision floor);
    /// A bookmark: a progress without a batch.
    void bookmark(Revision progress);
    /// Where the watcher has to begin at the next node.
    [[nodiscard]] Revision resumeFrom() const { return m_next; }
    /// True after WatchCompacted, until restart().
    [[nodiscard]] bool isCompacted() const { return m_isCompacted; }
    /// After WatchCompacted: the watcher has listed the tree and watches from here.
    void restart(Revision from);
    /// How many events came.
    [[nodiscard]] std::size_t events() const { return m_events; }

    /// What is wrong, as sentences, in the order in which it was told; empty if nothing is.
    /// \a changes is all that ever happened, in order; \a newest the last revision.
    [[nodiscard]] QStringList violations(const std::vector<RecordedChange> &changes,
                                         Revision newest) const;

private:
    /// One answer, with what was to be expected of it.
    struct Told
    {
        Revision from; ///< The first revision that the watcher had not seen.
        store::WatchBatch batch;
    };

    void tell(const store::WatchBatch &batch);

    store::WatchRequest m_request;
    Revision m_next;
    bool m_isCompacted = false;
    std::size_t m_events = 0;
    std::vector<Told> m_told;
    QStringList m_atOnce; ///< Violations that need no history to be seen.
};

} // namespace coffer::test
