// SPDX-License-Identifier: Apache-2.0
#include "support/engine_fakes.h"

#include <utility>

namespace coffer::test {

using namespace engine;

void ManualExecutor::run(Lane, Work work, Done done)
{
    m_jobs.emplace_back(std::move(work), std::move(done));
}

bool ManualExecutor::runOne()
{
    if (m_jobs.empty())
        return false;
    const auto [work, done] = std::move(m_jobs.front());
    m_jobs.pop_front();
    done(work());
    return true;
}

std::vector<QByteArray> RowMachine::apply(Slot slot, WallMs,
                                          const std::vector<QByteArray> &commands)
{
    m_applied = slot;
    for (const QByteArray &command : commands) {
        ++m_count;
        const qsizetype at = command.indexOf('=');
        m_rows[command.left(at)] = command.mid(at + 1);
        m_changes[command.left(at)] = command.mid(at + 1);
    }
    return std::vector<QByteArray>(commands.size(), "ok");
}

QByteArray RowMachine::query(const QByteArray &question) const
{
    const auto found = m_rows.find(question);
    return found == m_rows.end() ? QByteArray("none") : found->second;
}

QByteArray RowMachine::endSessionCommand(SessionId session, Slot tenure) const
{
    return "end " + QByteArray::number(qulonglong(session.value())) + " tenure "
           + QByteArray::number(qulonglong(tenure.value()));
}

bool RowMachine::isRepeatable(const QByteArray &command) const { return command.startsWith('+'); }

Hash128 RowMachine::hash() const
{
    Hash128 sum;
    for (const auto &[key, value] : m_rows)
        sum += rowHash(0, key, value);
    return sum;
}

std::vector<storage::Row> RowMachine::takeChanges()
{
    std::vector<storage::Row> rows;
    for (const auto &[key, value] : std::exchange(m_changes, {}))
        rows.push_back({0, key, value});
    return rows;
}

void RowMachine::reset()
{
    m_applied = Slot();
    m_rows.clear();
    m_changes.clear();
}

Result<void> RowMachine::restoreRow(const storage::Row &row)
{
    m_rows[row.key] = row.value.value_or(QByteArray());
    return {};
}

Result<void> RowMachine::finishRestore(Slot applied, Hash128 expected)
{
    m_applied = applied;
    if (hash() != expected)
        return Error{ErrorCode::corrupt, QStringLiteral("the rows do not give the hash")};
    return {};
}

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
    const consensus::Heartbeat heartbeat{
        {Epoch(1), round, leader}, Slot(), Slot(), 0, clock.wall()};
    (void)m_replica->step(consensus::PeerMessage{leader, heartbeat},
                          {clock.monotonic(), clock.wall()});
}

} // namespace coffer::test
