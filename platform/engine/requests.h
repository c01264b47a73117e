// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/host_p.h"

#include <map>
#include <optional>

namespace coffer::engine {

/// The side that asks: what this node's clients want from the leader, wherever that is.
///
/// Sends each request to the leader, again to the next one where a repetition is harmless, and
/// answers exactly once. A command that carries no session and sequence goes to one leader at
/// most; when its answer is lost, the outcome is `unknown`.
class Requests
{
public:
    /// What the leader's side of this node does with a request of its own clients.
    using Local = std::function<void(const Request &)>;

    Requests(Host &host, Local local);

    /// Takes over \a request; its id is set when it is sent. It is given up at \a until, after
    /// requestTimeout at the latest.
    void add(Request request, bool isRepeatable, Engine::Done done,
             std::optional<Monotonic> until = {});
    void receive(NodeId from, const Reply &reply);
    /// Sends what waits for a leader, gives up what took too long.
    void tick();
    /// Sends what was added, if a leader is known; everything that waits, if it is a new one.
    void flush();

private:
    struct Pending
    {
        Request request;
        bool isRepeatable = false;
        Engine::Done done;
        Monotonic deadline;
        Monotonic retryAt; ///< Not sent: when it may be. Sent: when it is sent again.
        NodeId sentTo;     ///< None: with nobody.
        RunId sentToRun;
        unsigned unsettled = 0; ///< Tries that may have been carried out.
    };
    enum class Keep { yes, no };
    using PendingMap = std::map<std::uint64_t, Pending>;

    /// A leader that takes requests, in its run; none if there is none.
    using Target = std::pair<NodeId, RunId>;
    [[nodiscard]] Target target() const;
    void sweep();
    Keep advance(std::uint64_t key, Pending &pending);
    void sendTo(std::uint64_t key, Pending &pending, NodeId leader, RunId run);
    PendingMap::iterator erase(PendingMap::iterator place);
    void fail(Pending &pending, ErrorCode code, const QString &message);

    Host &m_host;
    Local m_local;
    std::uint64_t m_nextId;
    PendingMap m_pending;
    /// Request id of the newest try -> key in m_pending. Every try has an id of its own: a late
    /// or repeated answer to an earlier one must not be taken for the answer to this one.
    std::map<std::uint64_t, std::uint64_t> m_tries;
    std::vector<std::uint64_t> m_fresh; ///< Added since the last flush.
    Monotonic m_sweepAt{0};
    Target m_target;         ///< As at the last flush.
    std::size_t m_bytes = 0; ///< Of the commands in m_pending.
};

} // namespace coffer::engine
