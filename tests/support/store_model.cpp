// SPDX-License-Identifier: Apache-2.0
#include "support/store_model.h"

#include <algorithm>

namespace coffer::test {

using namespace store;

std::string StoreModel::keyOf(const QByteArray &path)
{
    std::string key = path.toStdString();
    std::replace(key.begin(), key.end(), '/', '\1');
    return key;
}

QByteArray StoreModel::pathOf(const std::string &key)
{
    return QByteArray::fromStdString(key).replace('\1', '/');
}

static bool isWithin(const std::string &key, const std::string &tree)
{
    return tree == "\1" || key == tree || key.starts_with(tree + '\1');
}

const StoreModel::File *StoreModel::fileAt(const QByteArray &path) const
{
    const auto at = files.find(keyOf(path));
    return at == files.end() ? nullptr : &at->second;
}

bool StoreModel::isReleased(const File &file) const
{
    return file.heldUntilMs >= 0 && timeMs > file.heldUntilMs;
}

std::uint64_t StoreModel::bytesOf(const Files &files)
{
    std::uint64_t bytes = 0;
    for (const auto &[key, file] : files)
        bytes += key.size() + std::size_t(file.value.size());
    return bytes;
}

Answer StoreModel::answer(Status status, std::uint64_t found) const
{
    Answer answer;
    answer.status = status;
    answer.revision = Revision(revision);
    answer.found = found;
    return answer;
}

void StoreModel::beginSlot(std::int64_t stampMs)
{
    timeMs = std::max(timeMs, stampMs);
    m_touched.clear();
    const Files before = files;
    std::vector<std::pair<std::int64_t, std::string>> released;
    for (const auto &[key, file] : files) {
        if (isReleased(file))
            released.emplace_back(file.heldUntilMs, key);
    }
    std::sort(released.begin(), released.end());
    for (const auto &[until, key] : released)
        remove(key);
    commit(before);
}

Answer StoreModel::apply(const Command &command)
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

Answer StoreModel::execute(const Command &command)
{
    if (const auto *transaction = std::get_if<Transaction>(&command.body))
        return run(*transaction, command.origin ? command.origin->session.value() : 0);
    if (const auto *openSession = std::get_if<OpenSession>(&command.body))
        return open(*openSession);
    if (const auto *close = std::get_if<CloseSession>(&command.body))
        return end(close->session.value(), false);
    if (const auto *compaction = std::get_if<Compact>(&command.body))
        return compact(compaction->revision.value());
    if (const auto *raise = std::get_if<RaiseApplyVersion>(&command.body)) {
        const bool isNext = raise->to == applyVersion + 1;
        applyVersion += isNext ? 1 : 0;
        return answer(isNext ? Status::ok : Status::versionNotNext, applyVersion);
    }
    const auto &endSession = std::get<EndSession>(command.body);
    return endSession.tenure.value() == tenure ? end(endSession.session.value(), true)
                                               : answer(Status::voided);
}

Answer StoreModel::compact(std::uint64_t to)
{
    if (to > revision)
        return answer(Status::revisionAhead, floor);
    if (to <= floor)
        return answer(Status::floorNotRaised, floor);
    floor = to;
    if (keepsAll)
        return answer(Status::ok, floor);
    states.erase(states.begin(), states.find(floor));
    std::erase_if(changes, [to](const Change &change) { return change.revision <= to; });
    return answer(Status::ok, floor);
}

Answer StoreModel::run(const Transaction &transaction, std::uint64_t session)
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
    const Files before = files;
    m_touched.clear();
    for (std::size_t i = 0; i < operations->size(); ++i) {
        const auto *put = std::get_if<Put>(&(*operations)[i]);
        if (std::optional<Answer> refused = put ? refusal(*put) : std::nullopt) {
            files = before;
            refused->failedOperation = std::uint16_t(i);
            refused->failedGuard = outcome.failedGuard;
            return *refused;
        }
        change((*operations)[i], session);
    }
    if (bytesOf(files) > bytesMax && bytesOf(files) > bytesOf(before)) {
        files = before;
        Answer refused = answer(Status::quotaExceeded, bytesOf(before));
        refused.failedGuard = outcome.failedGuard;
        return refused;
    }
    outcome.isChanged = commit(before);
    outcome.revision = Revision(revision);
    return outcome;
}

std::optional<Answer> StoreModel::refusal(const Put &put) const
{
    const std::string key = keyOf(put.path);
    if (files.contains(key))
        return {};
    for (const auto &[other, file] : files) {
        if (isWithin(other, key))
            return answer(Status::isDirectory, key.size());
        if (isWithin(key, other))
            return answer(Status::notDirectory, other.size());
    }
    return {};
}

void StoreModel::touch(const std::string &key)
{
    if (std::find(m_touched.begin(), m_touched.end(), key) == m_touched.end())
        m_touched.push_back(key);
}

void StoreModel::remove(const std::string &key)
{
    touch(key);
    files.erase(key);
}

/// Compares with what was before; what is equal though it was touched was missing and is again.
bool StoreModel::commit(const Files &before)
{
    std::erase_if(m_touched, [this, &before](const std::string &key) {
        return !before.contains(key) && !files.contains(key);
    });
    const bool isChanged = !m_touched.empty();
    revision += isChanged ? 1 : 0;
    for (const std::string &key : m_touched)
        changes.push_back({revision, key});
    m_touched.clear();
    if (isChanged)
        states[revision] = files;
    return isChanged;
}

Answer StoreModel::open(const OpenSession &open)
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

Answer StoreModel::end(std::uint64_t session, bool isExpired)
{
    if (sessions.erase(session) == 0)
        return answer(Status::sessionGone);
    m_touched.clear();
    const Files before = files;
    for (const auto &[key, old] : before) {
        if (old.owner != session)
            continue;
        if (!isExpired || old.lingerMs == 0) {
            remove(key);
            continue;
        }
        touch(key);
        File &file = files[key];
        file.owner = 0;
        file.heldUntilMs = timeMs + old.lingerMs;
        file.lingerMs = 0;
        file.revision = revision + 1;
        file.timeMs = timeMs;
    }
    Answer ended = answer(Status::ok);
    ended.isChanged = commit(before);
    ended.revision = Revision(revision);
    return ended;
}

bool StoreModel::holds(const Guard &guard) const
{
    if (const auto *expected = std::get_if<RevisionEquals>(&guard)) {
        const File *file = fileAt(expected->path);
        return file && file->revision == expected->revision.value();
    }
    if (const auto *expected = std::get_if<RevisionBelow>(&guard)) {
        const File *file = fileAt(expected->path);
        return !file || file->revision < expected->revision.value();
    }
    if (const auto *expected = std::get_if<Missing>(&guard)) {
        const File *file = fileAt(expected->path);
        return !file || isReleased(*file);
    }
    if (const auto *expected = std::get_if<CreatedEquals>(&guard)) {
        const File *file = fileAt(expected->path);
        return file && file->created == expected->revision.value();
    }
    if (const auto *expected = std::get_if<ValueEquals>(&guard)) {
        const File *file = fileAt(expected->path);
        return file && file->value == expected->value;
    }
    if (const auto *expected = std::get_if<SessionAlive>(&guard))
        return sessions.contains(expected->session.value());
    if (const auto *expected = std::get_if<TimeWithin>(&guard))
        return timeMs >= expected->time.count() - expected->distance.count();
    return timeMs >= std::get<TimeReached>(guard).time.count();
}

std::uint64_t StoreModel::found(const Guard &guard) const
{
    if (std::holds_alternative<SessionAlive>(guard))
        return 0;
    if (std::holds_alternative<TimeReached>(guard) || std::holds_alternative<TimeWithin>(guard))
        return std::uint64_t(timeMs);
    const File *file = std::visit(
        [this](const auto &some) -> const File * {
            if constexpr (requires { some.path; })
                return fileAt(some.path);
            return nullptr;
        },
        guard);
    if (!file)
        return 0;
    return std::holds_alternative<CreatedEquals>(guard) ? file->created : file->revision;
}

void StoreModel::change(const Operation &operation, std::uint64_t session)
{
    if (const auto *put = std::get_if<Put>(&operation)) {
        const std::string key = keyOf(put->path);
        touch(key);
        File &file = files[key];
        const bool isKept = file.created != 0 && !isReleased(file);
        file.created = isKept ? file.created : revision + 1;
        file.value = QByteArray(put->value.constData(), put->value.size()); // not borrowed
        file.revision = revision + 1;
        file.owner = put->isEphemeral ? session : 0;
        file.timeMs = timeMs;
        file.lingerMs = put->linger.count();
        file.heldUntilMs = -1;
        return;
    }
    if (const auto *removal = std::get_if<Delete>(&operation)) {
        if (fileAt(removal->path))
            remove(keyOf(removal->path));
        return;
    }
    const std::string tree = keyOf(std::get<DeleteTree>(operation).path);
    const Files before = files;
    for (const auto &[key, file] : before) {
        if (isWithin(key, tree))
            remove(key);
    }
}

FileView StoreModel::viewOf(const std::string &key, const File &file, bool hasValue)
{
    FileView view;
    view.path = pathOf(key);
    if (hasValue)
        view.value = file.value;
    view.revision = Revision(file.revision);
    view.created = Revision(file.created);
    view.owner = SessionId(file.owner);
    view.time = WallMs(file.timeMs);
    view.valueBytes = std::uint32_t(file.value.size());
    if (file.heldUntilMs >= 0)
        view.heldUntil = WallMs(file.heldUntilMs);
    return view;
}

} // namespace coffer::test
