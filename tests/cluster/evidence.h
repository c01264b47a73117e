// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/history.h"
#include "support/watch_checker.h"

#include <QStringList>

#include <vector>

namespace coffer::test {

/// What clients and watchers of a cluster were told, from its first write on. Value.
struct Evidence
{
    /// Of all clients; nobody else writes these keys. A read of every key ends it.
    History history;
    /// What the cluster says that happened to these keys, in its order.
    std::vector<RecordedChange> changes;
    Revision newest;                    ///< Of the changes.
    std::vector<WatchChecker> watchers; ///< Each has watched all of it, and until newest.
};

/// What contradicts the promises of the store, as sentences; empty if nothing does.
///
/// Judged are: linearizability; the rules of revisions; that every acknowledged write is a change,
/// at its revision and with its value; that every change was asked for, and no write happened
/// twice; that every watcher was told every change once and in order.
[[nodiscard]] QStringList judge(const Evidence &evidence);

} // namespace coffer::test
