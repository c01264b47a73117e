// SPDX-License-Identifier: Apache-2.0
#include "consensus/standing.h"

#include "base/mutant.h"

#include <algorithm>

namespace coffer::consensus {

/// How many runs of one node are remembered apart; earlier ones are thrown together.
static constexpr std::size_t runsMax = 8;

void StandingBook::Word::raise(const Word &other)
{
    if (other.ballot > ballot)
        *this = other;
    else if (other.ballot == ballot)
        durableTo = std::max(durableTo, other.durableTo);
}

bool StandingBook::Word::exceeds(const Standing &standing) const
{
    return standing.promised < ballot
           || (standing.promised == ballot && standing.durableTo < durableTo);
}

void StandingBook::remember(NodeId node, RunId run, Ballot ballot, Slot durableTo)
{
    Words &words = m_words[node];
    const auto found = std::find_if(words.runs.begin(), words.runs.end(),
                                    [run](const auto &known) { return known.first == run; });
    if (found != words.runs.end()) {
        found->second.raise({ballot, durableTo});
        return;
    }
    words.runs.push_back({run, {ballot, durableTo}});
    if (words.runs.size() > runsMax) {
        words.past.raise(words.runs.front().second);
        words.runs.erase(words.runs.begin());
    }
}

bool StandingBook::isBehind(NodeId node, const Standing &standing) const
{
    const auto found = m_words.find(node);
    if (found == m_words.end() || mutantIsOn(Mutant::standingIgnored))
        return false;
    const Words &words = found->second;
    return words.past.exceeds(standing)
           || std::any_of(words.runs.begin(), words.runs.end(), [&standing](const auto &known) {
                  return known.first != standing.run && known.second.exceeds(standing);
              });
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
