// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/hash128.h"
#include "store/answer.h"
#include "store/changes_p.h"
#include "store/command.h"
#include "store/row.h"

#include <functional>
#include <map>
#include <vector>

namespace coffer::store {

/// One client's promise of exactly once: what it knows of, and the outcomes that it does not.
struct Session
{
    struct Kept
    {
        Sequence sequence;
        Answer answer;
        Hash128 hash = {}; ///< Of its row.
    };

    std::uint64_t nonce = 0; ///< Names the OpenSession that opened it.
    std::chrono::milliseconds timeToLive{0};
    Revision opened; ///< Of the store when it was opened; part of the answer.
    Sequence acknowledged;
    std::vector<Kept> outcomes = {}; ///< Above acknowledged, ordered by sequence.
    Hash128 hash = {};               ///< Of its row.
};

/// The live sessions and the outcomes that they keep, with the hash of their rows.
///
/// Value, pure. Ids rise and are never used again, so that a late command of an ended session can
/// never meet another session of that id.
class Sessions
{
public:
    /// The command was not done before and may be.
    struct Fresh
    {};
    /// What becomes of a command with an origin: it is fresh, refused, or has this outcome.
    using Admission = std::variant<Fresh, Status, Answer>;

    /// Takes note of the acknowledgement in \a origin, forgets those outcomes and decides.
    [[nodiscard]] Admission admit(const Origin &origin);
    /// Keeps the outcome of an admitted command, unless the command ended its own session.
    void keep(const Origin &origin, const Answer &answer);

    /// Opens a session, or finds the one that this command opened before. \a revision is that of
    /// the store now.
    [[nodiscard]] Answer open(const OpenSession &command, Revision revision);
    /// Ends a session and forgets its outcomes; false if there is none.
    bool end(SessionId session);

    [[nodiscard]] const Session *find(SessionId session) const;
    [[nodiscard]] const std::map<SessionId, Session> &all() const { return m_sessions; }
    /// The newest id ever given; part of the store's meta row.
    [[nodiscard]] SessionId newest() const { return m_newest; }
    void setNewest(SessionId newest) { m_newest = newest; }

    /// Of all rows of both tables.
    [[nodiscard]] const Hash128 &hash() const { return m_hash; }
    /// The same, slowly, from the sessions themselves.
    [[nodiscard]] Hash128 auditHash() const;
    /// Appends the rows of both tables that changed since the last call, in order.
    void takeChanges(std::vector<Row> &rows);
    /// Adds a row of a checkpoint, which is not a change. The rows of `sessions` come before those
    /// of `outcomes`. `corrupt` if it makes no sense.
    Result<void> restoreSession(const QByteArray &key, const QByteArray &row);
    Result<void> restoreOutcome(const QByteArray &key, const QByteArray &row);

private:
    using Entry = std::pair<const SessionId, Session>;
    using OutcomeName = std::pair<SessionId, Sequence>;

    void setAcknowledged(Entry &entry, Sequence acknowledged);
    void addOutcome(Entry &entry, Session::Kept kept);
    void forgetOutcome(SessionId session, const Session::Kept &kept);

    std::map<SessionId, Session> m_sessions;
    std::map<std::uint64_t, SessionId> m_byNonce;
    SessionId m_newest;
    Changes<SessionId> m_changedSessions;
    Changes<OutcomeName> m_changedOutcomes;
    Hash128 m_hash;
};

} // namespace coffer::store
