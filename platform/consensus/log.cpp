// SPDX-License-Identifier: Apache-2.0
#include "consensus/log.h"

#include "base/check.h"

namespace coffer::consensus {

const Log::Item &Log::at(Slot slot) const
{
    COFFER_CHECK(holds(slot), "a slot is read that the log does not hold");
    return m_items[slot.value() - m_base.value() - 1];
}

void Log::put(Slot slot, Item item)
{
    COFFER_CHECK(slot > m_base && slot <= last().next(), "a slot is written beyond the log's end");
    if (slot == last().next())
        m_items.push_back(std::move(item));
    else
        m_items[slot.value() - m_base.value() - 1] = std::move(item);
}

void Log::dropAbove(Slot slot)
{
    while (!m_items.empty() && last() > slot)
        m_items.pop_back();
}

void Log::dropUpTo(Slot slot)
{
    while (!m_items.empty() && m_base < slot) {
        m_items.pop_front();
        m_base = m_base.next();
    }
    if (m_base < slot)
        m_base = slot;
}

void Log::reset(Slot base)
{
    m_items.clear();
    m_base = base;
}

} // namespace coffer::consensus
