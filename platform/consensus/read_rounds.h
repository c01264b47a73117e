// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "consensus/entry.h"

#include <optional>
#include <set>
#include <vector>

namespace coffer::consensus {

/// Proof of leadership for linearizable reads, many reads to a round (read index; Ongaro 2014,
/// section 6.4).
///
/// Pure value of one ballot: a new ballot or epoch starts with a new object, and reads that were
/// waiting begin anew. A round proves that, after the reads it carries had arrived, a quorum of the
/// ballot's voters had promised nothing higher; so nothing unknown to the leader was chosen then.
class ReadRounds
{
public:
    /// Adds a read. It takes part in the next round to begin.
    void add(std::uint64_t read) { m_waiting.push_back(read); }

    /// Begins a round if none is under way and reads wait: true when a heartbeat must go out with
    /// sequence(). \a index is what the leader knows as chosen at this moment.
    bool begin(Slot index);
    /// Number of the round under way or last done.
    [[nodiscard]] std::uint64_t sequence() const { return m_sequence; }

    /// Voter \a node answered a heartbeat that carried round \a sequence.
    void acknowledged(NodeId node, std::uint64_t sequence);

    struct Ready
    {
        Slot index;
        std::vector<std::uint64_t> reads;
    };
    /// The reads of the round under way, once a quorum of \a members (with \a self) answered it.
    [[nodiscard]] std::optional<Ready> take(NodeId self, const MemberSet &members);

    /// Every read not answered, for the one who steps down. Empties the object.
    [[nodiscard]] std::vector<std::uint64_t> takeAll();

private:
    std::vector<std::uint64_t> m_waiting;
    std::vector<std::uint64_t> m_current;
    Slot m_index;
    std::uint64_t m_sequence = 0;
    std::set<NodeId> m_acknowledged;
};

} // namespace coffer::consensus
