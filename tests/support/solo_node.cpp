// SPDX-License-Identifier: Apache-2.0
#include "support/solo_node.h"

#include <QTest>

namespace coffer::test {

static node::HostOptions optionsOf(const store::WatchesOptions &watches, std::uint64_t seed)
{
    node::HostOptions options;
    options.engine.self = NodeId(7);
    options.engine.run = RunId(seed);
    options.engine.electionMin = std::chrono::milliseconds(5);
    options.engine.electionMax = std::chrono::milliseconds(10);
    options.engine.heartbeat = std::chrono::milliseconds(2);
    options.watches = watches;
    return options;
}

void SoloNode::LoopExecutor::run(engine::Lane, Work work, Done done)
{
    QMetaObject::invokeMethod(
        this, [work = std::move(work), done = std::move(done)] { done(work()); },
        Qt::QueuedConnection);
}

SoloNode::SoloNode(store::WatchesOptions watches, std::uint64_t seed)
    : m_random(seed)
    , m_host(optionsOf(watches, seed),
             {m_clock, m_random, m_link, m_journal, m_checkpoint, m_executor},
             [this](const Error &error) { m_failures.push_back(error); })
{}

SoloNode::~SoloNode() = default;

bool SoloNode::waitUntilServing()
{
    return m_host.start().has_value()
           && QTest::qWaitFor([this] { return m_host.status().isLeading; }, 10'000);
}

} // namespace coffer::test
