// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/random.h"
#include "store/watches.h"
#include "support/watch_checker.h"

#include <memory>

namespace coffer::store::test {

/// Three nodes that apply the same commits, each at its own pace, and watchers that read slowly,
/// go from node to node, and are judged at the end. Everything is drawn from a seed.
class WatchWorld
{
public:
    /// What came of it.
    struct Outcome
    {
        QStringList violations;
        std::size_t events = 0;
        std::size_t compacted = 0;
        std::size_t installed = 0;
    };

    explicit WatchWorld(std::uint64_t seed);

    [[nodiscard]] Outcome run(std::size_t steps);

private:
    using Commit = std::vector<coffer::test::MemoryHistory::Put>;
    struct Node
    {
        std::unique_ptr<coffer::test::MemoryHistory> history =
            std::make_unique<coffer::test::MemoryHistory>();
        std::unique_ptr<Watches> watches;
    };
    struct Watcher
    {
        WatchRequest request;
        coffer::test::WatchChecker checker;
        std::size_t node = 0;
        WatchId id;
        bool isOwed = false; ///< Its node named it as ready, and it has not read since.
    };

    [[nodiscard]] std::uint64_t below(std::uint64_t bound) { return m_random.below(bound); }
    [[nodiscard]] QByteArray drawPath();
    void commit();
    void apply(Node &node);
    void compact(Node &node);
    void install(Node &node);
    void addWatcher(const char *pattern);
    void subscribe(Watcher &watcher);
    void connect(Watcher &watcher);
    void read(Watcher &watcher);
    void takeReady(std::size_t node);
    void step();
    void drain();

    SeededRandom m_random;
    coffer::test::MemoryHistory m_truth;
    std::vector<Commit> m_commits;
    std::vector<Node> m_nodes;
    std::vector<Watcher> m_watchers;
    Outcome m_outcome;
};

} // namespace coffer::store::test
