// SPDX-License-Identifier: Apache-2.0
#include "store/sessions.h"

#include "base/mutant.h"
#include "store/bytes_p.h"
#include "store/limits.h"

namespace coffer::store {

/// Keys are big-endian, so that rows in byte order are in the order of their numbers.
static QByteArray keyOf(SessionId session)
{
    QByteArray key(8, Qt::Uninitialized);
    qToBigEndian(session.value(), key.data());
    return key;
}

static QByteArray keyOf(SessionId session, Sequence sequence)
{
    QByteArray key(16, Qt::Uninitialized);
    qToBigEndian(session.value(), key.data());
    qToBigEndian(sequence.value(), key.data() + 8);
    return key;
}

static QByteArray rowOf(const Session &session)
{
    ByteWriter writer(32);
    writer.number(session.nonce);
    writer.number(std::uint64_t(session.timeToLive.count()));
    writer.number(session.opened.value());
    writer.number(session.acknowledged.value());
    return writer.take();
}

static Hash128 hashOf(SessionId id, const Session &session)
{
    return rowHash(std::uint8_t(Table::sessions), keyOf(id), rowOf(session));
}

static Hash128 hashOf(SessionId session, const Session::Kept &kept)
{
    if (mutantIsOn(Mutant::dedupeLeftOutOfCheckpoint))
        return {};
    return rowHash(std::uint8_t(Table::outcomes), keyOf(session, kept.sequence),
                   encode(kept.answer));
}

/// Where \a sequence stands among the outcomes, or would stand.
template<class Outcomes>
static auto placeOf(Outcomes &outcomes, Sequence sequence)
{
    return std::lower_bound(
        outcomes.begin(), outcomes.end(), sequence,
        [](const Session::Kept &kept, Sequence wanted) { return kept.sequence < wanted; });
}

static bool isInWindow(Sequence sequence, Sequence acknowledged)
{
    return sequence > acknowledged
           && sequence.value() - acknowledged.value() <= limits::sessionOutstandingMax;
}

Sessions::Admission Sessions::admit(const Origin &origin)
{
    const auto at = m_sessions.find(origin.session);
    if (at == m_sessions.end())
        return Status::sessionGone;
    Session &session = at->second;
    if (origin.acknowledgedUpTo > session.acknowledged)
        setAcknowledged(*at, origin.acknowledgedUpTo);
    if (origin.sequence <= session.acknowledged)
        return Status::sequenceOld;
    if (!isInWindow(origin.sequence, session.acknowledged))
        return Status::sequenceAhead;
    const auto kept = placeOf(session.outcomes, origin.sequence);
    if (mutantIsOn(Mutant::skipDedupe))
        return Fresh();
    if (kept != session.outcomes.end() && kept->sequence == origin.sequence)
        return kept->answer;
    return Fresh();
}

void Sessions::keep(const Origin &origin, const Answer &answer)
{
    const auto at = m_sessions.find(origin.session);
    if (at != m_sessions.end())
        addOutcome(*at, {origin.sequence, answer});
}

Answer Sessions::open(const OpenSession &command, Revision revision)
{
    const auto known = m_byNonce.find(command.nonce);
    if (known != m_byNonce.end()) {
        const Session &session = m_sessions.at(known->second);
        if (session.timeToLive != command.timeToLive)
            return {.status = Status::nonceTaken, .revision = revision};
        return {.status = Status::ok, .revision = session.opened, .session = known->second};
    }
    m_newest = m_newest.next();
    const auto at = m_sessions
                        .emplace(m_newest, Session{.nonce = command.nonce,
                                                   .timeToLive = command.timeToLive,
                                                   .opened = revision,
                                                   .acknowledged = Sequence()})
                        .first;
    m_byNonce.emplace(command.nonce, m_newest);
    m_hash += hashOf(m_newest, at->second);
    m_changedSessions.note(m_newest);
    return {.status = Status::ok, .revision = revision, .session = m_newest};
}

bool Sessions::end(SessionId session)
{
    const auto at = m_sessions.find(session);
    if (at == m_sessions.end())
        return false;
    for (const Session::Kept &kept : at->second.outcomes)
        forgetOutcome(session, kept);
    m_hash -= hashOf(session, at->second);
    m_changedSessions.note(session);
    m_byNonce.erase(at->second.nonce);
    m_sessions.erase(at);
    return true;
}

const Session *Sessions::find(SessionId session) const
{
    const auto at = m_sessions.find(session);
    return at == m_sessions.end() ? nullptr : &at->second;
}

void Sessions::takeChanges(std::vector<Row> &rows)
{
    for (const SessionId id : m_changedSessions.take()) {
        const Session *session = find(id);
        rows.push_back(
            {Table::sessions, keyOf(id), session ? std::optional(rowOf(*session)) : std::nullopt});
    }
    for (const auto &[id, sequence] : m_changedOutcomes.take()) {
        if (mutantIsOn(Mutant::dedupeLeftOutOfCheckpoint))
            break;
        Row row{Table::outcomes, keyOf(id, sequence), {}};
        if (const Session *session = find(id)) {
            const auto kept = placeOf(session->outcomes, sequence);
            if (kept != session->outcomes.end() && kept->sequence == sequence)
                row.value = encode(kept->answer);
        }
        rows.push_back(std::move(row));
    }
}

Result<void> Sessions::restoreSession(const QByteArray &key, const QByteArray &row)
{
    if (key.size() != 8 || row.size() != 32)
        return Error{ErrorCode::corrupt, QStringLiteral("the row of a session has a wrong size")};
    const SessionId id(qFromBigEndian<std::uint64_t>(key.constData()));
    ByteReader reader(row);
    Session session;
    session.nonce = reader.number<std::uint64_t>();
    const auto timeToLiveMs = reader.number<std::uint64_t>();
    session.opened = Revision(reader.number<std::uint64_t>());
    session.acknowledged = Sequence(reader.number<std::uint64_t>());
    if (timeToLiveMs < std::uint64_t(limits::sessionTimeToLiveMin.count())
        || timeToLiveMs > std::uint64_t(limits::sessionTimeToLiveMax.count()) || id.isNone()
        || m_sessions.contains(id) || m_byNonce.contains(session.nonce)) {
        return Error{ErrorCode::corrupt,
                     QStringLiteral("the row of session %1 is not possible").arg(id.value())};
    }
    session.timeToLive = std::chrono::milliseconds(timeToLiveMs);
    m_hash += hashOf(id, session);
    m_byNonce.emplace(session.nonce, id);
    m_sessions.emplace(id, std::move(session));
    return {};
}

Result<void> Sessions::restoreOutcome(const QByteArray &key, const QByteArray &row)
{
    const Result<Answer> answer = decodeAnswer(row);
    if (key.size() != 16 || !answer)
        return Error{ErrorCode::corrupt, QStringLiteral("the row of an outcome is not readable")};
    const SessionId id(qFromBigEndian<std::uint64_t>(key.constData()));
    const Sequence sequence(qFromBigEndian<std::uint64_t>(key.constData() + 8));
    const auto at = m_sessions.find(id);
    if (at == m_sessions.end() || !isInWindow(sequence, at->second.acknowledged)) {
        return Error{ErrorCode::corrupt,
                     QStringLiteral("an outcome of session %1 has nowhere to go").arg(id.value())};
    }
    std::vector<Session::Kept> &outcomes = at->second.outcomes;
    const auto place = placeOf(outcomes, sequence);
    if (place != outcomes.end() && place->sequence == sequence)
        return Error{ErrorCode::corrupt, QStringLiteral("an outcome is there twice")};
    m_hash += hashOf(id, *outcomes.insert(place, {sequence, *answer}));
    return {};
}

void Sessions::setAcknowledged(Entry &entry, Sequence acknowledged)
{
    auto &[id, session] = entry;
    const auto end = placeOf(session.outcomes, acknowledged.next());
    for (auto kept = session.outcomes.begin(); kept != end; ++kept)
        forgetOutcome(id, *kept);
    session.outcomes.erase(session.outcomes.begin(), end);
    m_hash -= hashOf(id, session);
    session.acknowledged = acknowledged;
    m_hash += hashOf(id, session);
    m_changedSessions.note(id);
}

void Sessions::addOutcome(Entry &entry, Session::Kept kept)
{
    auto &[id, session] = entry;
    const auto place = placeOf(session.outcomes, kept.sequence);
    if (mutantIsOn(Mutant::skipDedupe) && place != session.outcomes.end()
        && place->sequence == kept.sequence) {
        return;
    }
    m_hash += hashOf(id, kept);
    m_changedOutcomes.note({id, kept.sequence});
    session.outcomes.insert(place, std::move(kept));
}

void Sessions::forgetOutcome(SessionId session, const Session::Kept &kept)
{
    m_hash -= hashOf(session, kept);
    m_changedOutcomes.note({session, kept.sequence});
}

} // namespace coffer::store
