// SPDX-License-Identifier: Apache-2.0
#include "consensus/learner.h"

#include <algorithm>

namespace coffer::consensus {

void Learner::setChosenUpTo(Slot slot) { m_chosenUpTo = std::max(m_chosenUpTo, slot); }

void Learner::setRecordedUpTo(Slot slot) { m_recordedUpTo = std::max(m_recordedUpTo, slot); }

void Learner::heardOf(NodeId node, Slot slot)
{
    if (slot <= m_chosenUpTo)
        return;
    // The newest word wins even if it promises less: whoever spoke last is reachable.
    m_source = node;
    m_sourceUpTo = slot;
}

std::optional<NodeId> Learner::takeFetch(Monotonic now, Monotonic patience)
{
    if (m_sourceUpTo <= m_chosenUpTo || m_source.isNone() || now < m_fetchUntil)
        return std::nullopt;
    m_fetchUntil = now + patience;
    return m_source;
}

} // namespace coffer::consensus
