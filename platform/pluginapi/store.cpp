// SPDX-License-Identifier: Apache-2.0
#include "pluginapi/store.h"

namespace coffer::pluginapi {

Task<Result<std::optional<store::FileView>>> Store::get(QByteArray path, ReadOptions options)
{
    store::Question question = store::Get{path, {}};
    Result<store::Reply> reply = co_await read(std::move(question), options);
    if (!reply)
        co_return reply.error();
    if (std::optional<Error> error = errorOf(*reply))
        co_return *error;
    if (reply->files.empty())
        co_return std::optional<store::FileView>();
    co_return std::optional(std::move(reply->files.front()));
}

Task<Result<Revision>> Store::put(QByteArray path, QByteArray value,
                                  std::optional<Revision> expected)
{
    store::Transaction transaction;
    if (expected)
        transaction.guards.push_back(expectedRevision(path, *expected));
    transaction.operations.push_back(store::Put{path, value, false, {}});
    const Result<store::Answer> answer = co_await commit(std::move(transaction), CommitOptions());
    if (!answer)
        co_return answer.error();
    if (std::optional<Error> error = errorOf(*answer))
        co_return *error;
    co_return answer->revision;
}

Task<Result<bool>> Store::remove(QByteArray path, std::optional<Revision> expected)
{
    store::Transaction transaction;
    if (expected)
        transaction.guards.push_back(expectedRevision(path, *expected));
    transaction.operations.push_back(store::Delete{path});
    const Result<store::Answer> answer = co_await commit(std::move(transaction), CommitOptions());
    if (!answer)
        co_return answer.error();
    if (std::optional<Error> error = errorOf(*answer))
        co_return *error;
    co_return answer->isChanged;
}

store::Guard expectedRevision(const QByteArray &path, Revision revision)
{
    if (revision.isNone())
        return store::Missing{path};
    return store::RevisionEquals{path, revision};
}

static Error guardError(const store::Answer &answer)
{
    const QString found =
        answer.found == 0 ? QStringLiteral("nothing") : QString::number(answer.found);
    return {ErrorCode::conflict, QStringLiteral("it is not as expected: guard %1 found %2")
                                     .arg(answer.failedGuard.value_or(0))
                                     .arg(found)};
}

static Error operationError(const store::Answer &answer, const char *what)
{
    return {ErrorCode::refused, QStringLiteral("operation %1 %2; nothing was done")
                                    .arg(answer.failedOperation.value_or(0))
                                    .arg(QLatin1String(what))};
}

std::optional<Error> errorOf(const store::Answer &answer)
{
    const auto refused = [](const char *sentence) {
        return Error{ErrorCode::refused, QLatin1String(sentence)};
    };
    switch (answer.status) {
    case store::Status::ok: return {};
    case store::Status::guardFailed: return guardError(answer);
    case store::Status::invalid:
        return Error{ErrorCode::invalid, QStringLiteral("the command breaks a rule of the store")};
    case store::Status::sessionGone:
        return Error{ErrorCode::notFound, QStringLiteral("the session has ended; open a new one")};
    case store::Status::sequenceOld:
        return refused("the outcome of this sequence was acknowledged and is forgotten");
    case store::Status::sequenceAhead:
        return refused("too many commands of the session are not acknowledged; wait for answers");
    case store::Status::voided:
        return refused("the leader that asked for it was followed by another");
    case store::Status::limitReached:
        return refused("the transaction touches more files than one may; split it");
    case store::Status::nonceTaken:
        return refused("a session was opened with this nonce and another time to live");
    case store::Status::notDirectory:
        return operationError(answer,
                              "puts below a file: delete that file first, or choose another path");
    case store::Status::isDirectory:
        return operationError(answer,
                              "puts where a directory is: choose a path in it or another one");
    case store::Status::quotaExceeded:
        return refused("the store is full: delete something or raise the quota");
    case store::Status::floorNotRaised:
        return Error{ErrorCode::refused,
                     QStringLiteral("the history is compacted to there already: revision %1 is the "
                                    "oldest that can be read")
                         .arg(answer.found)};
    case store::Status::revisionAhead:
        return Error{ErrorCode::notFound,
                     QStringLiteral("there is no such revision yet; the newest is %1")
                         .arg(answer.revision.value())};
    case store::Status::versionNotNext: return refused("that is not the next apply version");
    }
    return Error{ErrorCode::invalid, QStringLiteral("an answer of a later build")};
}

std::optional<Error> errorOf(const store::Reply &reply)
{
    switch (reply.status) {
    case store::ReplyStatus::ok: return {};
    case store::ReplyStatus::invalid: break;
    case store::ReplyStatus::notYet:
        return Error{ErrorCode::notFound,
                     QStringLiteral("there is no such revision yet; the newest is %1")
                         .arg(reply.revision.value())};
    case store::ReplyStatus::compacted:
        return Error{ErrorCode::compacted,
                     QStringLiteral("the revision is compacted; %1 is the oldest that can be read")
                         .arg(reply.floor.value())};
    }
    return Error{ErrorCode::invalid, QStringLiteral("the question breaks a rule of the store")};
}

} // namespace coffer::pluginapi
