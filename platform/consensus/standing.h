// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "consensus/message.h"

#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace coffer::consensus {

/// Finds voters whose disk lost or rolled back what they had made durable.
///
/// Pure value, two halves. As a peer it remembers, for this run, the most that each voter has said
/// to be durable. As a voter that restarted, it asks the others to compare, and votes for nobody
/// who has not answered, nor before a quorum (itself included) agrees. A voter that is behind its
/// own word is fenced for ever: it could help to choose a second value.
///
/// Limit, said in docs/ARCHITECTURE.md: a rollback is found while somebody who remembers answers.
class StandingBook
{
public:
    /// \a run of \a node said: my promise is at least \a ballot, and I hold \a durableTo at it.
    void remember(NodeId node, RunId run, Ballot ballot, Slot durableTo);
    /// Compares what \a node holds with what its other runs said. What the asking run itself said
    /// since proves nothing: the question may be an old one that the network kept.
    [[nodiscard]] bool isBehind(NodeId node, const Standing &standing) const;

    /// This run must be confirmed before it votes (a restart, or a new epoch after one).
    void ask(const Standing &standing);
    [[nodiscard]] bool isAsking() const { return m_asked.has_value(); }
    [[nodiscard]] const Standing &standing() const { return *m_asked; }
    /// \a node agrees, if it was asked about this standing.
    void confirmed(NodeId node, const Standing &checked);

    /// Enough voters agreed for this node to campaign.
    [[nodiscard]] bool isConfirmed(const MemberSet &members) const;
    /// This node may promise to or vote for ballots of \a node.
    [[nodiscard]] bool isConfirmedBy(NodeId node, const MemberSet &members) const;
    [[nodiscard]] bool hasAnswered(NodeId node) const { return m_confirmed.contains(node); }

private:
    struct Word
    {
        Ballot ballot;
        Slot durableTo;
        void raise(const Word &other);
        [[nodiscard]] bool exceeds(const Standing &standing) const;
    };
    struct Words
    {
        Word past;                                ///< Of runs long over.
        std::vector<std::pair<RunId, Word>> runs; ///< The last few, oldest first.
    };
    std::map<NodeId, Words> m_words;
    std::optional<Standing> m_asked;
    std::set<NodeId> m_confirmed;
};

} // namespace coffer::consensus
