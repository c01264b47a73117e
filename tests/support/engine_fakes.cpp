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
    for (const QByteArray &command : commands)
        m_needsNewerBuild |= raisedVersion(command).value_or(0) > version;
    if (m_needsNewerBuild)
        return {};
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

std::optional<std::chrono::milliseconds> RowMachine::timeToLiveOf(SessionId session) const
{
    for (const SessionView &view : m_sessions) {
        if (view.session == session)
            return view.timeToLive;
    }
    return std::nullopt;
}

QByteArray RowMachine::endSessionCommand(SessionId session, Slot tenure) const
{
    return "end " + QByteArray::number(qulonglong(session.value())) + " tenure "
           + QByteArray::number(qulonglong(tenure.value()));
}

bool RowMachine::isRepeatable(const QByteArray &command) const { return command.startsWith('+'); }

std::optional<std::uint32_t> RowMachine::raisedVersion(const QByteArray &command) const
{
    if (!command.startsWith("raise "))
        return std::nullopt;
    return command.mid(6).toUInt();
}

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

void RowMachine::swapState(engine::StateMachine &other)
{
    auto &machine = static_cast<RowMachine &>(other);
    std::swap(m_applied, machine.m_applied);
    std::swap(m_rows, machine.m_rows);
    std::swap(m_changes, machine.m_changes);
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

} // namespace coffer::test
