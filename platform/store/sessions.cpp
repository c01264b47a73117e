// SPDX-License-Identifier: Apache-2.0
#include "store/sessions.h"

#include "base/mutant.h"
#include "store/bytes_p.h"
#include "store/limits.h"

#include <array>

namespace coffer::store {

using SessionKey = std::array<char, 8>;
using OutcomeKey = std::array<char, 16>;
using SessionRow = std::array<char, 32>;

/// Keys are big-endian, so that rows in byte order are in the order of their numbers.
static SessionKey keyOf(SessionId session)
{
    SessionKey key;
    qToBigEndian(session.value(), key.data());
    return key;
}

static OutcomeKey keyOf(SessionId session, Sequence sequence)
{
    OutcomeKey key;
    qToBigEndian(session.value(), key.data());
    qToBigEndian(sequence.value(), key.data() + 8);
    return key;
}

static SessionRow rowOf(const Session &session)
{
    SessionRow row;
    qToLittleEndian(session.nonce, row.data());
    qToLittleEndian(std::uint64_t(session.timeToLive.count()), row.data() + 8);
    qToLittleEndian(session.opened.value(), row.data() + 16);
    qToLittleEndian(session.acknowledged.value(), row.data() + 24);
    return row;
}

template<std::size_t size>
static QByteArray bytesOf(const std::array<char, size> &bytes)
{
    return QByteArray(bytes.data(), qsizetype(size));
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
    if (m_sessions.size() >= limits::sessionsMax)
        return {.status = Status::limitReached, .revision = revision};
    m_newest = m_newest.next();
    const auto at = m_sessions
                        .emplace(m_newest, Session{.nonce = command.nonce,
                                                   .timeToLive = command.timeToLive,
                                                   .opened = revision,
                                                   .acknowledged = Sequence()})
                        .first;
    m_byNonce.emplace(command.nonce, m_newest);
    at->second.hash = hashOf(m_newest, at->second);
    m_hash += at->second.hash;
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
    m_hash -= at->second.hash;
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

Hash128 Sessions::auditHash() const
{
    Hash128 hash;
    for (const auto &[id, session] : m_sessions) {
        hash += hashOf(id, session);
        for (const Session::Kept &kept : session.outcomes)
            hash += hashOf(id, kept);
    }
    return hash;
}

void Sessions::takeChanges(std::vector<Row> &rows)
{
    for (const SessionId id : m_changedSessions.take()) {
        const Session *session = find(id);
        rows.push_back({Table::sessions, bytesOf(keyOf(id)),
                        session ? std::optional(bytesOf(rowOf(*session))) : std::nullopt});
    }
    for (const auto &[id, sequence] : m_changedOutcomes.take()) {
        if (mutantIsOn(Mutant::dedupeLeftOutOfCheckpoint))
            break;
        Row row{Table::outcomes, bytesOf(keyOf(id, sequence)), {}};
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
    session.hash = hashOf(id, session);
    m_hash += session.hash;
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
    Session::Kept kept{sequence, *answer};
    kept.hash = hashOf(id, kept);
    m_hash += kept.hash;
    outcomes.insert(place, kept);
    return {};
}

void Sessions::setAcknowledged(Entry &entry, Sequence acknowledged)
{
    auto &[id, session] = entry;
    const auto end = placeOf(session.outcomes, acknowledged.next());
    for (auto kept = session.outcomes.begin(); kept != end; ++kept)
        forgetOutcome(id, *kept);
    session.outcomes.erase(session.outcomes.begin(), end);
    m_hash -= session.hash;
    session.acknowledged = acknowledged;
    session.hash = hashOf(id, session);
    m_hash += session.hash;
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
    kept.hash = hashOf(id, kept);
    m_hash += kept.hash;
    m_changedOutcomes.note({id, kept.sequence});
    session.outcomes.insert(place, kept);
}

void Sessions::forgetOutcome(SessionId session, const Session::Kept &kept)
{
    m_hash -= kept.hash;
    m_changedOutcomes.note({session, kept.sequence});
}

} // namespace coffer::store
