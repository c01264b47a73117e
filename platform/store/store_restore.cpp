// SPDX-License-Identifier: Apache-2.0
#include "store/store.h"
#include "base/mutant.h"
#include "store/bytes_p.h"
#include "store/limits.h"

#include <algorithm>

namespace coffer::store {

static const QByteArrayView metaKey("meta");
static constexpr qsizetype metaBytes = 52;

QByteArray Store::metaRow() const
{
    ByteWriter writer(metaBytes);
    writer.number(revision().value());
    writer.number(mutantIsOn(Mutant::floorNotInCheckpoint) ? 0 : floor().value());
    writer.number(m_tenure.value());
    writer.number(std::uint64_t(m_time.count()));
    writer.number(m_sessions.newest().value());
    writer.number(mutantIsOn(Mutant::quotaNotCounted) ? 0 : m_tree.liveBytes());
    writer.number(m_applyVersion);
    return writer.take();
}

Hash128 Store::hash() const
{
    Hash128 hash = m_tree.hash();
    hash += m_sessions.hash();
    hash += rowHash(std::uint8_t(Table::meta), metaKey, metaRow());
    return hash;
}

Hash128 Store::auditHash() const
{
    Hash128 hash = m_tree.auditHash();
    hash += m_sessions.auditHash();
    hash += rowHash(std::uint8_t(Table::meta), metaKey, metaRow());
    return hash;
}

std::vector<Row> Store::takeChanges()
{
    std::vector<Row> rows;
    m_tree.takeChanges(rows);
    m_sessions.takeChanges(rows);
    QByteArray meta = metaRow();
    if (meta != m_metaTaken) {
        m_metaTaken = meta;
        rows.push_back({Table::meta, metaKey.toByteArray(), std::move(meta)});
    }
    return rows;
}

Result<void> Store::restoreRow(const Row &row)
{
    if (!row.value)
        return Error{ErrorCode::corrupt, QStringLiteral("a checkpoint holds a deleted row")};
    switch (row.table) {
    case Table::files: return m_tree.restore(row.key, *row.value);
    case Table::sessions: return m_sessions.restoreSession(row.key, *row.value);
    case Table::outcomes: return m_sessions.restoreOutcome(row.key, *row.value);
    case Table::meta: return restoreMeta(row);
    }
    return Error{ErrorCode::corrupt,
                 QStringLiteral("there is no table %1").arg(std::uint8_t(row.table))};
}

Result<void> Store::restoreMeta(const Row &row)
{
    ByteReader reader(*row.value);
    m_restored.revision = Revision(reader.number<std::uint64_t>());
    m_restored.floor = Revision(reader.number<std::uint64_t>());
    m_tenure = Slot(reader.number<std::uint64_t>());
    const auto timeMs = reader.number<std::uint64_t>();
    m_sessions.setNewest(SessionId(reader.number<std::uint64_t>()));
    m_restored.liveBytes = reader.number<std::uint64_t>();
    m_applyVersion = reader.number<std::uint32_t>();
    if (!reader.isAtEnd() || row.key != metaKey || timeMs > std::uint64_t(INT64_MAX)
        || m_applyVersion == 0 || !m_metaTaken.isEmpty()) {
        return Error{ErrorCode::corrupt, QStringLiteral("the meta row is not readable")};
    }
    m_time = WallMs(std::int64_t(timeMs));
    m_restored.time = m_time;
    m_metaTaken = *row.value;
    return {};
}

Result<void> Store::checkRestored() const
{
    for (const SessionId owner : m_tree.owners()) {
        if (m_sessions.find(owner) == nullptr) {
            return Error{ErrorCode::corrupt,
                         QStringLiteral("a file belongs to session %1, which is not there")
                             .arg(owner.value())};
        }
    }
    const auto &sessions = m_sessions.all();
    if (!sessions.empty() && sessions.rbegin()->first > m_sessions.newest())
        return Error{ErrorCode::corrupt, QStringLiteral("a session is newer than the newest")};
    return {};
}

Result<void> Store::finishRestore(Slot applied, const Hash128 &hash)
{
    if (const Result<void> sound = m_tree.finishRestore(m_restored); !sound)
        return sound;
    if (const Result<void> sound = checkRestored(); !sound)
        return sound;
    if (this->hash() != hash) {
        return Error{
            ErrorCode::corrupt,
            QStringLiteral("the rows of slot %1 do not have the hash that they should have")
                .arg(applied.value())};
    }
    m_applied = applied;
    m_needsNewerBuild = m_applyVersion > m_options.applyVersionMax;
    return {};
}

Result<void> Store::beginAnew(WallMs now)
{
    const auto last = std::uint64_t(INT64_MAX);
    const WallMs time = std::max(m_time, now);
    const std::uint64_t most = std::max(revision().value(), m_sessions.newest().value());
    if (most > last - 2 * limits::anewRevisions || time > WallMs::max() - limits::anewAhead)
        return Error{ErrorCode::refused,
                     QStringLiteral("revision or session %1 or applied time %2 ms leave no room "
                                    "for a new beginning")
                         .arg(most)
                         .arg(time.count())};
    m_time = time + limits::anewAhead;
    m_tree.skip(limits::anewRevisions);
    while (!m_sessions.all().empty())
        static_cast<void>(endSession(m_sessions.all().begin()->first, true));
    m_sessions.setNewest(SessionId(m_sessions.newest().value() + limits::anewRevisions));
    m_tree.compact(revision());
    return {};
}

} // namespace coffer::store
