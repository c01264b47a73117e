// SPDX-License-Identifier: Apache-2.0
#include "unit/engine/fake_host.h"

#include <utility>

namespace coffer::test {

using namespace engine;

FakeHost::FakeHost()
{
    m_options.self = NodeId(1);
    m_options.run = RunId(1);
}

RunId FakeHost::runOf(NodeId node) const
{
    const auto found = m_runs.find(node);
    return found == m_runs.end() ? RunId() : found->second;
}

void FakeHost::send(NodeId to, EngineMessage message) { sent.emplace_back(to, std::move(message)); }

void FakeHost::send(NodeId to, consensus::Message message)
{
    said.push_back({to, std::move(message)});
}

void FakeHost::run(Lane lane, Executor::Work work, Executor::Done done)
{
    executor.run(lane, std::move(work), std::move(done));
}

void FakeHost::finish(Engine::Done done, Result<Answer> result) { done(std::move(result)); }

void FakeHost::makeReplica()
{
    consensus::Replica::Origin origin;
    origin.self = NodeId(1);
    origin.configuration = {Epoch(1), Slot(1), {{NodeId(1), NodeId(2), NodeId(3)}, {}}};
    m_replica = std::make_unique<consensus::Replica>(std::move(origin));
    (void)m_replica->start({clock.monotonic(), clock.wall()}, false);
}

void FakeHost::hearLeader(NodeId leader, std::uint64_t round, RunId run)
{
    m_runs[leader] = run;
    const consensus::Heartbeat heartbeat{{Epoch(1), round, leader}, Slot(), 0, clock.wall()};
    (void)m_replica->step(consensus::PeerMessage{leader, heartbeat},
                          {clock.monotonic(), clock.wall()});
}

} // namespace coffer::test
