// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/cluster.h"
#include "support/watch_checker.h"

#include <vector>

namespace coffer::sim {

/// All watchers of a run. Each watches over one node after the other, reads little at a time, and
/// goes elsewhere when its node is gone or when it pleases. What they were told is compared with
/// what happened: P13. Resource.
class Audience
{
public:
    Audience(Cluster &cluster, std::uint64_t seed);

    void begin();
    /// Reads to the end where it is, and judges everything. Called once, after the run.
    void finish();

private:
    struct Watcher
    {
        store::WatchRequest request;
        test::WatchChecker checker;
        bool isPatient = false; ///< Reads only when it is named as ready.
        std::size_t machine = 0;
        std::uint64_t run = 0; ///< Of that machine; 0: watches nowhere.
        store::WatchId id = {};
        bool isOwed = false;
    };

    [[nodiscard]] store::WatchRequest drawRequest();
    void planNext();
    void act();
    [[nodiscard]] bool isThere(const Watcher &watcher) const;
    void enter(Watcher &watcher);
    void leave(Watcher &watcher);
    void takeReady(std::size_t machine, std::size_t most);
    void read(Watcher &watcher, const store::WatchBounds &bounds);
    void compacted(Watcher &watcher, const store::WatchAnswer &answer, const store::Store &store);
    void readToTheEnd(Watcher &watcher);
    void judge(const Watcher &watcher) const;

    Cluster &m_cluster;
    Draw m_draw;
    std::vector<Watcher> m_watchers;
};

} // namespace coffer::sim
