// SPDX-License-Identifier: Apache-2.0
#include "unit/store/model.h"

namespace coffer::store::test {

static const Model::File *fileAt(const std::map<std::string, Model::File> &files,
                                 const QByteArray &path)
{
    const auto at = files.find(path.toStdString());
    return at == files.end() ? nullptr : &at->second;
}

Answer Model::answer(Status status) const
{
    Answer answer;
    answer.status = status;
    answer.revision = Revision(revision);
    return answer;
}

Answer Model::apply(const Command &command)
{
    if (!command.origin)
        return execute(command);
    const std::uint64_t id = command.origin->session.value();
    const std::uint64_t sequence = command.origin->sequence.value();
    if (!sessions.contains(id))
        return answer(Status::sessionGone);
    Session &session = sessions[id];
    session.acknowledged = std::max(session.acknowledged, command.origin->acknowledgedUpTo.value());
    std::erase_if(session.outcomes,
                  [&session](const auto &kept) { return kept.first <= session.acknowledged; });
    if (sequence <= session.acknowledged)
        return answer(Status::sequenceOld);
    if (sequence > session.acknowledged + 64)
        return answer(Status::sequenceAhead);
    if (session.outcomes.contains(sequence))
        return session.outcomes[sequence];
    const Answer outcome = execute(command);
    if (sessions.contains(id))
        sessions[id].outcomes[sequence] = outcome;
    return outcome;
}

Answer Model::execute(const Command &command)
{
    if (const auto *transaction = std::get_if<Transaction>(&command.body))
        return run(*transaction, command.origin ? command.origin->session.value() : 0);
    if (const auto *openSession = std::get_if<OpenSession>(&command.body))
        return open(*openSession);
    if (const auto *close = std::get_if<CloseSession>(&command.body))
        return end(close->session.value());
    const auto &endSession = std::get<EndSession>(command.body);
    return endSession.tenure.value() == tenure ? end(endSession.session.value())
                                               : answer(Status::voided);
}

Answer Model::run(const Transaction &transaction, std::uint64_t session)
{
    Answer outcome = answer(Status::ok);
    const std::vector<Operation> *operations = &transaction.operations;
    for (std::size_t i = 0; i < transaction.guards.size(); ++i) {
        if (holds(transaction.guards[i]))
            continue;
        outcome.status = Status::guardFailed;
        outcome.failedGuard = std::uint16_t(i);
        outcome.found = found(transaction.guards[i]);
        operations = &transaction.otherwise;
        break;
    }
    ++revision;
    for (const Operation &operation : *operations)
        outcome.isChanged = change(operation, session) || outcome.isChanged;
    if (!outcome.isChanged)
        --revision;
    outcome.revision = Revision(revision);
    return outcome;
}

Answer Model::open(const OpenSession &open)
{
    for (const auto &[id, session] : sessions) {
        if (session.nonce != open.nonce)
            continue;
        if (session.timeToLiveMs != open.timeToLive.count())
            return answer(Status::nonceTaken);
        Answer again = answer(Status::ok);
        again.revision = Revision(session.opened);
        again.session = SessionId(id);
        return again;
    }
    ++newestSession;
    sessions[newestSession] = {
        .nonce = open.nonce, .timeToLiveMs = open.timeToLive.count(), .opened = revision};
    Answer opened = answer(Status::ok);
    opened.session = SessionId(newestSession);
    return opened;
}

Answer Model::end(std::uint64_t session)
{
    if (sessions.erase(session) == 0)
        return answer(Status::sessionGone);
    const bool isChanged =
        std::erase_if(files, [session](const auto &file) { return file.second.owner == session; })
        > 0;
    revision += isChanged ? 1 : 0;
    Answer ended = answer(Status::ok);
    ended.isChanged = isChanged;
    return ended;
}

bool Model::holds(const Guard &guard) const
{
    if (const auto *expected = std::get_if<RevisionEquals>(&guard)) {
        const File *file = fileAt(files, expected->path);
        return file && file->revision == expected->revision.value();
    }
    if (const auto *expected = std::get_if<Missing>(&guard))
        return !fileAt(files, expected->path);
    if (const auto *expected = std::get_if<CreatedEquals>(&guard)) {
        const File *file = fileAt(files, expected->path);
        return file && file->created == expected->revision.value();
    }
    if (const auto *expected = std::get_if<ValueEquals>(&guard)) {
        const File *file = fileAt(files, expected->path);
        return file && file->value == expected->value.toStdString();
    }
    if (const auto *expected = std::get_if<SessionAlive>(&guard))
        return sessions.contains(expected->session.value());
    return timeMs >= std::get<TimeReached>(guard).time.count();
}

std::uint64_t Model::found(const Guard &guard) const
{
    const auto revisionOf = [this](const QByteArray &path) {
        const File *file = fileAt(files, path);
        return file ? file->revision : 0;
    };
    if (const auto *expected = std::get_if<RevisionEquals>(&guard))
        return revisionOf(expected->path);
    if (const auto *expected = std::get_if<Missing>(&guard))
        return revisionOf(expected->path);
    if (const auto *expected = std::get_if<ValueEquals>(&guard))
        return revisionOf(expected->path);
    if (const auto *expected = std::get_if<CreatedEquals>(&guard)) {
        const File *file = fileAt(files, expected->path);
        return file ? file->created : 0;
    }
    return std::holds_alternative<TimeReached>(guard) ? std::uint64_t(timeMs) : 0;
}

bool Model::change(const Operation &operation, std::uint64_t session)
{
    if (const auto *put = std::get_if<Put>(&operation)) {
        File &file = files[put->path.toStdString()];
        file.value = put->value.toStdString();
        file.revision = revision;
        file.created = file.created == 0 ? revision : file.created;
        file.owner = put->isEphemeral ? session : 0;
        return true;
    }
    if (const auto *removal = std::get_if<Delete>(&operation))
        return files.erase(removal->path.toStdString()) > 0;
    const std::string path = std::get<DeleteTree>(operation).path.toStdString();
    const std::string begin = path == "/" ? path : path + "/";
    return std::erase_if(files,
                         [&path, &begin](const auto &file) {
                             return file.first == path || file.first.starts_with(begin);
                         })
           > 0;
}

} // namespace coffer::store::test
