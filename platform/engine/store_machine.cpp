// SPDX-License-Identifier: Apache-2.0
#include "engine/store_machine.h"

#include <utility>

namespace coffer::engine {

std::vector<QByteArray> StoreMachine::apply(Slot slot, WallMs stamp,
                                            const std::vector<QByteArray> &commands)
{
    std::vector<QByteArray> answers;
    answers.reserve(commands.size());
    for (const store::Answer &answer : m_store.apply(slot, stamp, commands))
        answers.push_back(store::encode(answer));
    return answers;
}

void StoreMachine::applyLeaderStart(Slot slot) { m_store.applyLeaderStart(slot); }

void StoreMachine::applyNothing(Slot slot) { m_store.applyNothing(slot); }

Slot StoreMachine::applied() const { return m_store.applied(); }

QByteArray StoreMachine::query(const QByteArray &question) const
{
    return store::encode(m_store.query(question));
}

StateMachine::SessionsMark StoreMachine::sessionsMark() const
{
    return {m_store.sessions().newest(), m_store.sessions().all().size()};
}

std::vector<SessionView> StoreMachine::sessions() const
{
    std::vector<SessionView> views;
    for (const auto &[id, session] : m_store.sessions().all())
        views.push_back({id, session.timeToLive});
    return views;
}

std::optional<std::chrono::milliseconds> StoreMachine::timeToLiveOf(SessionId session) const
{
    const store::Session *found = m_store.sessions().find(session);
    return found ? std::optional(found->timeToLive) : std::nullopt;
}

QByteArray StoreMachine::endSessionCommand(SessionId session, Slot tenure) const
{
    return store::encode(store::Command{{}, store::EndSession{session, tenure}});
}

bool StoreMachine::isRepeatable(const QByteArray &command) const
{
    return store::isRepeatable(command);
}

std::optional<QByteArray> StoreMachine::upkeepCommand() const
{
    return m_store.upkeepCommand(m_options.upkeep);
}

std::uint32_t StoreMachine::versionMax() const { return m_options.store.applyVersionMax; }

std::optional<std::uint32_t> StoreMachine::raisedVersion(const QByteArray &command) const
{
    return store::raisedVersion(command);
}

Hash128 StoreMachine::hash() const { return m_store.hash(); }

std::vector<storage::Row> StoreMachine::takeChanges()
{
    std::vector<storage::Row> rows;
    for (store::Row &row : m_store.takeChanges())
        rows.push_back({std::uint8_t(row.table), std::move(row.key), std::move(row.value)});
    return rows;
}

void StoreMachine::reset() { m_store = store::Store(m_options.store); }

Result<void> StoreMachine::restoreRow(const storage::Row &row)
{
    return m_store.restoreRow({store::Table(row.table), row.key, row.value});
}

Result<void> StoreMachine::finishRestore(Slot applied, Hash128 hash)
{
    return m_store.finishRestore(applied, hash);
}

std::unique_ptr<StateMachine> StoreMachine::makeEmpty() const
{
    return std::make_unique<StoreMachine>(m_options);
}

void StoreMachine::swapState(StateMachine &other)
{
    std::swap(m_store, static_cast<StoreMachine &>(other).m_store);
}

} // namespace coffer::engine
