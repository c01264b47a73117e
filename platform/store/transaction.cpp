// SPDX-License-Identifier: Apache-2.0
#include "base/mutant.h"
#include "store/limits.h"
#include "store/store.h"

namespace coffer::store {

Answer Store::execute(const Command &command)
{
    if (const auto *transaction = std::get_if<Transaction>(&command.body))
        return run(*transaction, command.origin ? command.origin->session : SessionId());
    if (const auto *open = std::get_if<OpenSession>(&command.body))
        return m_sessions.open(*open, m_revision);
    if (const auto *close = std::get_if<CloseSession>(&command.body))
        return endSession(close->session);
    const auto &end = std::get<EndSession>(command.body);
    if (end.tenure != m_tenure && !mutantIsOn(Mutant::sessionEndedByDeposedLeader))
        return answer(Status::voided);
    return endSession(end.session);
}

Answer Store::run(const Transaction &transaction, SessionId session)
{
    Answer answer{.status = Status::ok};
    for (std::size_t i = 0; i < transaction.guards.size() && !answer.failedGuard; ++i) {
        const Found found = refute(transaction.guards[i]);
        if (!found)
            continue;
        answer.status = Status::guardFailed;
        answer.failedGuard = std::uint16_t(i);
        answer.found = *found;
    }
    const auto &operations = answer.failedGuard ? transaction.otherwise : transaction.operations;
    if (!fits(operations, session))
        return this->answer(Status::limitReached);
    for (const Operation &operation : operations)
        answer.isChanged |= change(operation, {m_revision.next(), session});
    if (answer.isChanged)
        m_revision = m_revision.next();
    answer.revision = m_revision;
    return answer;
}

Answer Store::endSession(SessionId session)
{
    if (!m_sessions.end(session))
        return answer(Status::sessionGone);
    const bool isChanged =
        !mutantIsOn(Mutant::ephemeralLeftBehind) && m_tree.removeOwned(session) > 0;
    if (isChanged)
        m_revision = m_revision.next();
    return {.status = Status::ok, .isChanged = isChanged, .revision = m_revision};
}

Store::Found Store::refute(const Guard &guard) const
{
    const auto unless = [](bool holds, std::uint64_t found) {
        return holds ? Found() : Found(found);
    };
    if (const auto *alive = std::get_if<SessionAlive>(&guard))
        return unless(m_sessions.find(alive->session) != nullptr, 0);
    if (const auto *time = std::get_if<TimeReached>(&guard))
        return unless(m_time >= time->time, std::uint64_t(m_time.count()));
    const QByteArray &path = std::visit(
        [](const auto &some) -> const QByteArray & {
            if constexpr (requires { some.path; })
                return some.path;
            Q_UNREACHABLE();
        },
        guard);
    const File *file = m_tree.find(path);
    const std::uint64_t revision = file ? file->revision().value() : 0;
    if (const auto *expected = std::get_if<RevisionEquals>(&guard))
        return unless(revision == expected->revision.value(), revision);
    if (const auto *expected = std::get_if<CreatedEquals>(&guard)) {
        const std::uint64_t created = file ? file->created().value() : 0;
        return unless(created == expected->revision.value(), created);
    }
    if (const auto *expected = std::get_if<ValueEquals>(&guard))
        return unless(file && file->value() == expected->value, revision);
    return unless(!file, revision);
}

bool Store::fits(const std::vector<Operation> &operations, SessionId session) const
{
    std::size_t touched = 0;
    std::size_t ephemerals = 0;
    for (const Operation &operation : operations) {
        if (const auto *removal = std::get_if<DeleteTree>(&operation))
            touched += m_tree.count(removal->path, limits::transactionOperationsMax + 1);
        else
            ++touched;
        const auto *put = std::get_if<Put>(&operation);
        if (put == nullptr || !put->isEphemeral)
            continue;
        const File *file = m_tree.find(put->path);
        if (file == nullptr || file->owner() != session)
            ++ephemerals;
    }
    return touched <= limits::transactionOperationsMax
           && (ephemerals == 0
               || ephemerals + m_tree.ownedCount(session) <= limits::sessionEphemeralsMax);
}

bool Store::change(const Operation &operation, const Tree::Change &change)
{
    if (const auto *put = std::get_if<Put>(&operation)) {
        const SessionId owner = put->isEphemeral ? change.owner : SessionId();
        m_tree.put(put->path, put->value, {change.revision, owner});
        return true;
    }
    if (const auto *removal = std::get_if<Delete>(&operation))
        return m_tree.remove(removal->path);
    return m_tree.removeTree(std::get<DeleteTree>(operation).path) > 0;
}

} // namespace coffer::store
