// SPDX-License-Identifier: Apache-2.0
#include "base/mutant.h"
#include "store/store.h"

namespace coffer::store {

Answer Store::execute(const Command &command)
{
    if (const auto *transaction = std::get_if<Transaction>(&command.body))
        return run(*transaction, command.origin ? command.origin->session : SessionId());
    if (const auto *open = std::get_if<OpenSession>(&command.body))
        return m_sessions.open(*open, revision());
    if (const auto *close = std::get_if<CloseSession>(&command.body))
        return endSession(close->session, false);
    if (const auto *compaction = std::get_if<Compact>(&command.body))
        return compact(compaction->revision);
    if (const auto *raised = std::get_if<RaiseApplyVersion>(&command.body))
        return raise(raised->to);
    const auto &end = std::get<EndSession>(command.body);
    if (end.tenure != m_tenure && !mutantIsOn(Mutant::sessionEndedByDeposedLeader))
        return answer(Status::voided);
    return endSession(end.session, true);
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
    const bool isElse = answer.failedGuard.has_value();
    static const std::vector<Operation> none;
    const auto &otherwise = mutantIsOn(Mutant::elseBranchForgotten) ? none : transaction.otherwise;
    const auto &operations = isElse ? otherwise : transaction.operations;
    if (std::optional<Answer> refused = change(operations, session)) {
        refused->failedGuard = answer.failedGuard;
        return *refused;
    }
    answer.isChanged = m_tree.commit();
    answer.revision = revision();
    return answer;
}

/// Does all of \a operations but for the commit, or nothing and says why.
std::optional<Answer> Store::change(const std::vector<Operation> &operations, SessionId session)
{
    if (!fits(operations, session))
        return answer(Status::limitReached);
    const std::uint64_t bytesBefore = m_tree.liveBytes();
    m_tree.begin(m_time);
    for (std::size_t i = 0; i < operations.size(); ++i) {
        if (const auto *removal = std::get_if<Delete>(&operations[i])) {
            m_tree.remove(removal->path);
            continue;
        }
        if (const auto *removal = std::get_if<DeleteTree>(&operations[i])) {
            m_tree.removeTree(removal->path);
            continue;
        }
        const auto &put = std::get<Put>(operations[i]);
        const Tree::Verdict verdict = m_tree.put({.path = put.path,
                                                  .value = put.value,
                                                  .owner = put.isEphemeral ? session : SessionId(),
                                                  .linger = put.linger});
        if (verdict == Tree::Verdict::done)
            continue;
        const bool isBelow = verdict == Tree::Verdict::notDirectory;
        const QByteArrayView found = isBelow ? m_tree.fileAbove(put.path) : put.path;
        Answer refused = answer(isBelow ? Status::notDirectory : Status::isDirectory,
                                std::uint64_t(found.size()));
        refused.failedOperation = std::uint16_t(i);
        m_tree.rollback();
        return refused;
    }
    const std::uint64_t bytes = m_tree.liveBytes();
    if (bytes <= m_options.bytesMax || bytes <= bytesBefore || mutantIsOn(Mutant::quotaNotCounted))
        return {};
    m_tree.rollback();
    return answer(Status::quotaExceeded, bytesBefore);
}

Answer Store::endSession(SessionId session, bool isExpired)
{
    if (!m_sessions.end(session))
        return answer(Status::sessionGone);
    m_tree.begin(m_time);
    if (!mutantIsOn(Mutant::ephemeralLeftBehind))
        m_tree.removeOwned(session, isExpired);
    const bool isChanged = m_tree.commit();
    return {.status = Status::ok, .isChanged = isChanged, .revision = revision()};
}

Answer Store::compact(Revision floor)
{
    if (floor > revision())
        return answer(Status::revisionAhead, this->floor().value());
    if (floor <= this->floor())
        return answer(Status::floorNotRaised, this->floor().value());
    if (!mutantIsOn(Mutant::compactionInOneReplica) || m_restored.revision.isNone())
        m_tree.compact(floor);
    return answer(Status::ok, floor.value());
}

Answer Store::raise(std::uint32_t version)
{
    if (version != m_applyVersion + 1)
        return answer(Status::versionNotNext, m_applyVersion);
    m_applyVersion = version;
    return answer(Status::ok, m_applyVersion);
}

Store::Found Store::refute(const Guard &guard) const
{
    const auto unless = [](bool holds, std::uint64_t found) {
        return holds ? Found() : Found(found);
    };
    const std::uint64_t now = std::uint64_t(m_time.count());
    if (const auto *alive = std::get_if<SessionAlive>(&guard))
        return unless(m_sessions.find(alive->session) != nullptr, 0);
    if (const auto *time = std::get_if<TimeReached>(&guard))
        return unless(m_time >= time->time, now);
    if (const auto *time = std::get_if<TimeWithin>(&guard)) {
        const std::uint64_t reach = now + std::uint64_t(time->distance.count());
        return unless(reach >= std::uint64_t(time->time.count()), now);
    }
    return refuteFile(guard);
}

Store::Found Store::refuteFile(const Guard &guard) const
{
    const auto unless = [](bool holds, std::uint64_t found) {
        return holds ? Found() : Found(found);
    };
    const QByteArray &path = std::visit(
        [](const auto &some) -> const QByteArray & {
            if constexpr (requires { some.path; })
                return some.path;
            Q_UNREACHABLE();
        },
        guard);
    const Version *file = m_tree.find(path);
    const std::uint64_t revision = file ? file->file.revision.value() : 0;
    if (const auto *expected = std::get_if<RevisionEquals>(&guard))
        return unless(revision == expected->revision.value(), revision);
    if (const auto *expected = std::get_if<RevisionBelow>(&guard))
        return unless(revision < expected->revision.value(), revision);
    if (const auto *expected = std::get_if<CreatedEquals>(&guard)) {
        const std::uint64_t created = file ? file->file.created.value() : 0;
        return unless(created == expected->revision.value(), created);
    }
    if (const auto *expected = std::get_if<ValueEquals>(&guard))
        return unless(file && file->file.value == expected->value, revision);
    return unless(!file || file->isReleased(m_time), revision);
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
        if (touched > limits::transactionOperationsMax)
            return false;
        const auto *put = std::get_if<Put>(&operation);
        if (put == nullptr || !put->isEphemeral)
            continue;
        const Version *file = m_tree.find(put->path);
        if (file == nullptr || file->file.owner != session)
            ++ephemerals;
    }
    return ephemerals == 0
           || ephemerals + m_tree.ownedCount(session) <= limits::sessionEphemeralsMax;
}

} // namespace coffer::store
