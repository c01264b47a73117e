// SPDX-License-Identifier: Apache-2.0
#include "store/store.h"

#include "base/check.h"
#include "store/bytes_p.h"
#include "store/limits.h"

namespace coffer::store {

static const QByteArrayView metaKey("meta");
static constexpr qsizetype metaBytes = 32;

std::vector<Answer> Store::apply(Slot slot, WallMs stamp, const std::vector<QByteArray> &commands)
{
    moveTo(slot);
    m_time = std::max(m_time, stamp);
    std::vector<Answer> answers;
    answers.reserve(commands.size());
    for (const QByteArray &command : commands)
        answers.push_back(applyOne(command));
    return answers;
}

void Store::applyLeaderStart(Slot slot)
{
    moveTo(slot);
    m_tenure = slot;
}

void Store::applyNothing(Slot slot) { moveTo(slot); }

void Store::moveTo(Slot slot)
{
    COFFER_CHECK(slot == m_applied.next(), "slots are applied one after the other");
    m_applied = slot;
}

Answer Store::applyOne(QByteArrayView bytes)
{
    const Result<Command> command = decodeCommand(bytes);
    if (!command)
        return answer(Status::invalid);
    if (!command->origin)
        return execute(*command);
    const Sessions::Admission admission = m_sessions.admit(*command->origin);
    if (const auto *refusal = std::get_if<Status>(&admission))
        return answer(*refusal);
    if (const auto *outcome = std::get_if<Answer>(&admission))
        return *outcome;
    const Answer outcome = execute(*command);
    m_sessions.keep(*command->origin, outcome);
    return outcome;
}

Answer Store::answer(Status status) const { return {.status = status, .revision = m_revision}; }

static FileView viewOf(const QByteArray &path, const File &file)
{
    return {.path = path,
            .value = file.value().toByteArray(),
            .revision = file.revision(),
            .created = file.created(),
            .owner = file.owner()};
}

static void addPage(const Tree &tree, const List &list, Reply &reply)
{
    std::size_t bytes = 0;
    tree.visit(list.path, list.after, [&](const QByteArray &path, const File &file) {
        reply.hasMore = reply.files.size() == limits::listFilesMax || bytes > limits::listBytesMax;
        if (reply.hasMore)
            return false;
        reply.files.push_back(viewOf(path, file));
        bytes += std::size_t(path.size()) + std::size_t(file.row().size());
        return true;
    });
}

Reply Store::query(QByteArrayView bytes) const
{
    const Result<Question> question = decodeQuestion(bytes);
    Reply reply;
    reply.isValid = question.has_value();
    reply.revision = m_revision;
    reply.appliedTime = m_time;
    if (!question)
        return reply;
    if (const auto *get = std::get_if<Get>(&*question)) {
        if (const File *file = m_tree.find(get->path))
            reply.files.push_back(viewOf(get->path, *file));
    } else if (const auto *list = std::get_if<List>(&*question)) {
        addPage(m_tree, *list, reply);
    } else if (const auto *state = std::get_if<SessionState>(&*question)) {
        reply.isSessionAlive = m_sessions.find(state->session) != nullptr;
    }
    return reply;
}

QByteArray Store::metaRow() const
{
    ByteWriter writer(metaBytes);
    writer.number(m_revision.value());
    writer.number(m_tenure.value());
    writer.number(std::uint64_t(m_time.count()));
    writer.number(m_sessions.newest().value());
    return writer.take();
}

Hash128 Store::hash() const
{
    Hash128 hash = m_tree.hash();
    hash += m_sessions.hash();
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
        return Error{ErrorCode::corrupt, QStringLiteral("a row of a checkpoint has no value")};
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
    m_revision = Revision(reader.number<std::uint64_t>());
    m_tenure = Slot(reader.number<std::uint64_t>());
    const auto timeMs = reader.number<std::uint64_t>();
    m_sessions.setNewest(SessionId(reader.number<std::uint64_t>()));
    if (!reader.isAtEnd() || row.key != metaKey || timeMs > std::uint64_t(INT64_MAX)
        || !m_metaTaken.isEmpty()) {
        return Error{ErrorCode::corrupt, QStringLiteral("the meta row is not readable")};
    }
    m_time = WallMs(std::int64_t(timeMs));
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
    const Result<void> sound = checkRestored();
    if (!sound)
        return sound;
    if (this->hash() != hash) {
        return Error{
            ErrorCode::corrupt,
            QStringLiteral("the rows of slot %1 do not have the hash that they should have")
                .arg(applied.value())};
    }
    m_applied = applied;
    return {};
}

} // namespace coffer::store
