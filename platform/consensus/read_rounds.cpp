// SPDX-License-Identifier: Apache-2.0
#include "consensus/read_rounds.h"

#include "base/mutant.h"

#include <utility>

namespace coffer::consensus {

bool ReadRounds::begin(Slot index)
{
    if (!m_current.empty() || m_waiting.empty())
        return false;
    m_current = std::exchange(m_waiting, {});
    m_index = index;
    m_acknowledged.clear();
    ++m_sequence;
    return true;
}

void ReadRounds::acknowledged(NodeId node, std::uint64_t sequence)
{
    const bool isOfThisRound =
        sequence == m_sequence
        || (mutantIsOn(Mutant::readAckOfOlderRound) && sequence + 3 >= m_sequence);
    if (!m_current.empty() && isOfThisRound)
        m_acknowledged.insert(node);
}

std::optional<ReadRounds::Ready> ReadRounds::take(NodeId self, const MemberSet &members)
{
    if (m_current.empty())
        return std::nullopt;
    std::size_t count = 0;
    for (NodeId voter : members.voters)
        count += (voter == self || m_acknowledged.contains(voter)) ? 1 : 0;
    if (mutantIsOn(Mutant::readRoundOfAnyEpoch))
        count = m_acknowledged.size() + 1;
    if (count < members.quorum() && !mutantIsOn(Mutant::readWithoutRound))
        return std::nullopt;
    return Ready{m_index, std::exchange(m_current, {})};
}

std::vector<std::uint64_t> ReadRounds::takeAll()
{
    std::vector<std::uint64_t> all = std::exchange(m_current, {});
    all.insert(all.end(), m_waiting.begin(), m_waiting.end());
    m_waiting.clear();
    return all;
}

} // namespace coffer::consensus
