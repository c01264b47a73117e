// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/host_p.h"

#include <map>

namespace coffer::engine {

/// Reads of this node's clients, answered from this node's state when that is allowed.
///
/// Linearizable: a read index is asked of the leader, once for all reads that have gathered; the
/// reads are answered when that index is applied here. Session: when what the client has seen is
/// applied here. Local: at the end of the turn.
class ReadQueue
{
public:
    /// Asks the leader for a read index through Requests.
    using AskIndex = std::function<void(Engine::Done)>;

    ReadQueue(Host &host, AskIndex askIndex) : m_host(host), m_askIndex(std::move(askIndex)) {}

    void add(ReadMode mode, Slot seen, const QByteArray &question, Engine::Done done);
    /// Asks for an index if reads wait for one, answers what is ready.
    void flush();
    /// Gives up session reads that waited too long.
    void tick();

private:
    struct Read
    {
        QByteArray question;
        Engine::Done done;
        Monotonic deadline;
    };

    void indexArrived(const Result<Answer> &result);
    void answer(Read &read);

    Host &m_host;
    AskIndex m_askIndex;
    std::vector<Read> m_gathering;       ///< Linearizable, for the next index.
    std::vector<Read> m_asking;          ///< Linearizable, for the index under way.
    std::multimap<Slot, Read> m_waiting; ///< By the slot that must be applied.
    std::size_t m_count = 0;
};

} // namespace coffer::engine
