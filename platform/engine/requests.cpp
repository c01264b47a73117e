// SPDX-License-Identifier: Apache-2.0
#include "engine/requests.h"

#include "base/limits.h"
#include "base/mutant.h"

#include <algorithm>
#include <utility>

namespace coffer::engine {

/// How often waiting requests are looked at, and how long an answer may take before a harmless
/// request is sent again.
static constexpr Monotonic sweepPause{20'000};
static constexpr Monotonic patience{500'000};

Requests::Requests(Host &host, Local local)
    : m_host(host)
    , m_local(std::move(local))
    ,
    // Ids of different runs must not meet: an answer to an earlier run would be taken for ours.
    m_nextId(host.parts().random.next())
{}

void Requests::add(Request request, bool isRepeatable, Engine::Done done,
                   std::optional<Monotonic> until)
{
    const auto bytes = std::size_t(request.command.size());
    if (m_pending.size() >= limits::pendingCommandsMax
        || m_bytes + bytes > limits::pendingBytesMax) {
        m_host.finish(std::move(done),
                      Error{ErrorCode::unavailable,
                            QStringLiteral("too many requests are waiting at this node; try "
                                           "again in a moment")});
        return;
    }
    m_bytes += bytes;
    Pending pending;
    pending.isRepeatable = isRepeatable || mutantIsOn(Mutant::lostReplySentAgain);
    pending.done = std::move(done);
    pending.deadline = m_host.now() + m_host.options().requestTimeout;
    if (until)
        pending.deadline = std::min(pending.deadline, *until);
    pending.retryAt = m_host.now();
    pending.request = std::move(request);
    m_fresh.push_back(++m_nextId);
    m_pending.emplace(m_fresh.back(), std::move(pending));
}

void Requests::fail(Pending &pending, ErrorCode code, const QString &message)
{
    m_tries.erase(pending.request.id);
    m_host.finish(std::move(pending.done), Error{code, message});
}

Requests::Keep Requests::advance(std::uint64_t key, Pending &pending)
{
    const Monotonic now = m_host.now();
    const bool isSent = !pending.sentTo.isNone();
    if (now >= pending.deadline) {
        if (pending.unsettled > 0)
            fail(pending, ErrorCode::unknown,
                 QStringLiteral("no answer in time; it may have been done or not"));
        else
            fail(pending, ErrorCode::unavailable,
                 QStringLiteral("no leader within reach in time; nothing was done"));
        return Keep::no;
    }
    consensus::Replica *replica = m_host.replica();
    const NodeId leader = replica == nullptr ? NodeId() : replica->leader();
    const bool isSelf = leader == m_host.options().self;
    const RunId run = isSelf ? m_host.options().run : m_host.runOf(leader);
    const bool hasMoved =
        !leader.isNone() && (leader != pending.sentTo || run != pending.sentToRun);
    if (isSent && !pending.isRepeatable) {
        if (!hasMoved)
            return Keep::yes;
        fail(pending, ErrorCode::unknown,
             QStringLiteral("leadership changed before the answer came; it may have been done"));
        return Keep::no;
    }
    if (leader.isNone() || run.isNone() || (now < pending.retryAt && !(isSent && hasMoved)))
        return Keep::yes;
    if (isSelf && !replica->isServing())
        return Keep::yes;
    sendTo(key, pending, leader, run);
    return Keep::yes;
}

void Requests::sendTo(std::uint64_t key, Pending &pending, NodeId leader, RunId run)
{
    m_tries.erase(pending.request.id);
    pending.request.id = ++m_nextId;
    m_tries.emplace(pending.request.id, key);
    pending.sentTo = leader;
    pending.sentToRun = run;
    ++pending.unsettled;
    pending.retryAt = m_host.now() + patience;
    pending.request.leaderRun = run;
    if (leader == m_host.options().self)
        m_local(pending.request);
    else
        m_host.send(leader, pending.request);
}

Requests::PendingMap::iterator Requests::erase(PendingMap::iterator place)
{
    m_bytes -= std::size_t(place->second.request.command.size());
    return m_pending.erase(place);
}

Requests::Target Requests::target() const
{
    consensus::Replica *replica = m_host.replica();
    const NodeId leader = replica == nullptr ? NodeId() : replica->leader();
    if (leader == m_host.options().self)
        return replica->isServing() ? Target{leader, m_host.options().run} : Target();
    return {leader, m_host.runOf(leader)};
}

void Requests::flush()
{
    if (const Target now = target(); now != m_target) {
        m_target = now;
        m_fresh.clear();
        sweep();
        return;
    }
    for (std::uint64_t id : std::exchange(m_fresh, {})) {
        const auto found = m_pending.find(id);
        if (found != m_pending.end() && advance(id, found->second) == Keep::no)
            erase(found);
    }
}

void Requests::tick()
{
    if (m_host.now() < m_sweepAt)
        return;
    m_sweepAt = m_host.now() + sweepPause;
    sweep();
}

void Requests::sweep()
{
    for (auto it = m_pending.begin(); it != m_pending.end();) {
        if (advance(it->first, it->second) == Keep::no)
            it = erase(it);
        else
            ++it;
    }
}

void Requests::receive(NodeId from, const Reply &reply)
{
    const auto tried = m_tries.find(reply.id);
    if (tried == m_tries.end())
        return;
    const auto found = m_pending.find(tried->second);
    Pending &pending = found->second;
    if (from != pending.sentTo)
        return;
    switch (reply.status) {
    case ReplyStatus::done:
        m_tries.erase(tried);
        m_host.finish(std::move(pending.done),
                      Answer{reply.slot, reply.answer, pending.unsettled > 1});
        break;
    case ReplyStatus::refused: fail(pending, ErrorCode::refused, reply.message); break;
    case ReplyStatus::notLeader:
    case ReplyStatus::busy:
        m_tries.erase(tried);
        --pending.unsettled;
        pending.sentTo = NodeId();
        pending.retryAt = m_host.now() + m_host.options().heartbeat;
        return;
    case ReplyStatus::unknown:
        if (pending.isRepeatable) {
            pending.retryAt = m_host.now() + m_host.options().heartbeat;
            return;
        }
        fail(pending, ErrorCode::unknown,
             QStringLiteral("the leader lost its office meanwhile; it may have been done or not"));
        break;
    }
    erase(found);
}

} // namespace coffer::engine
