// SPDX-License-Identifier: Apache-2.0
#include "consensus/standing.h"

#include "base/mutant.h"

#include <algorithm>

namespace coffer::consensus {

void StandingBook::remember(NodeId node, Ballot ballot, Slot durableTo)
{
    Word &word = m_words[node];
    if (ballot > word.ballot)
        word = {ballot, durableTo};
    else if (ballot == word.ballot)
        word.durableTo = std::max(word.durableTo, durableTo);
}

bool StandingBook::isBehind(NodeId node, const Standing &standing) const
{
    const auto found = m_words.find(node);
    if (found == m_words.end() || mutantIsOn(Mutant::standingIgnored))
        return false;
    const Word &word = found->second;
    return standing.promised < word.ballot
        || (standing.promised == word.ballot && standing.durableTo < word.durableTo);
}

void StandingBook::ask(const Standing &standing)
{
    m_asked = standing;
    m_confirmed.clear();
}

void StandingBook::confirmed(NodeId node, const Standing &checked)
{
    if (m_asked && *m_asked == checked)
        m_confirmed.insert(node);
}

bool StandingBook::isConfirmed(const MemberSet &members) const
{
    if (!m_asked)
        return true;
    const auto count = std::count_if(members.voters.begin(), members.voters.end(),
                                     [&](NodeId node) { return m_confirmed.contains(node); });
    return std::size_t(count) + 1 >= members.quorum();
}

bool StandingBook::isConfirmedBy(NodeId node, const MemberSet &members) const
{
    return !m_asked || (isConfirmed(members) && m_confirmed.contains(node));
}

} // namespace coffer::consensus
