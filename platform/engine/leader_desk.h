// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/host_p.h"
#include "engine/session_clocks.h"

#include <deque>
#include <map>
#include <set>
#include <utility>

namespace coffer::engine {

/// The side that serves: what a leader does with requests, its own clients' and forwarded ones.
///
/// Gathers commands into batches, remembers who asked for what in which slot, and answers when
/// the slot is applied. Everything here belongs to one ballot and is given back when it is lost.
class LeaderDesk
{
public:
    /// Takes the answer to a request of this node's own clients.
    using LocalReply = std::function<void(const Reply &)>;

    LeaderDesk(Host &host, LocalReply localReply);

    void receive(NodeId from, RunId run, const Request &request);

    /// Proposes one batch of what is waiting, if the window is open. Called when no journal write
    /// is under way: what arrives during a write forms the next batch.
    void proposeBatch();
    /// \a slot was applied with these answers (commands only).
    void applied(Slot slot, const std::vector<QByteArray> &answers);
    void appliedReconfigure(Slot slot, const consensus::MemberSet &members, Epoch next);
    void readsReady(const consensus::Effects::ReadsReady &ready);
    void readsLost(const std::vector<std::uint64_t> &reads);
    /// Looks whether the ballot changed; drops what belonged to the one before.
    void checkBallot();
    void tick();

private:
    struct Asker
    {
        NodeId node;
        std::uint64_t id = 0;
    };
    struct Waiting
    {
        Asker asker;
        QByteArray command;
    };
    struct ReadIndexAsk
    {
        Asker asker;
        SessionId session; ///< Not none: a KeepAlive.
    };
    struct Seen
    {
        std::set<std::uint64_t> ids;
        std::uint64_t lastUsed = 0;
    };
    struct Change
    {
        Asker asker;
        Slot slot;
        consensus::MemberSet members;
        Epoch target; ///< Done when this epoch is settled; none while the slot is not applied.
        Monotonic deadline;
    };

    void addCommand(const Asker &asker, const Request &request);
    [[nodiscard]] QString whyNotRaised(const QByteArray &command) const;
    void proposeUpkeep();
    void addRead(const Asker &asker, SessionId session);
    void reconfigure(const Asker &asker, const Request &request);
    [[nodiscard]] QString whyNot(const Request &request) const;
    void reply(const Asker &asker, ReplyStatus status, Slot slot = Slot(),
               const QByteArray &answer = {}, const QString &message = {});
    [[nodiscard]] bool isRepeat(NodeId from, RunId run, std::uint64_t id);

    Host &m_host;
    LocalReply m_localReply;
    SessionClocks m_clocks;
    Ballot m_ballot; ///< The ballot everything below belongs to.
    std::deque<Waiting> m_queue;
    std::size_t m_queueBytes = 0;
    std::map<Slot, std::vector<Asker>> m_slots;
    std::map<std::uint64_t, ReadIndexAsk> m_reads;
    std::uint64_t m_nextRead = 0;
    std::optional<Change> m_change;
    Monotonic m_upkeepAt{0};

    /// Requests that must not be carried out twice, by the run that asked.
    std::map<std::pair<NodeId, RunId>, Seen> m_seen;
    std::uint64_t m_seenCount = 0;
};

} // namespace coffer::engine
