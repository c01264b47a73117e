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
    m_bytes += item.entry.bytes();
    if (slot == last().next()) {
        m_items.push_back(std::move(item));
        return;
    }
    Item &held = m_items[slot.value() - m_base.value() - 1];
    m_bytes -= held.entry.bytes();
    held = std::move(item);
}

Slot Log::lowestWithin(std::size_t bytesMax) const
{
    std::size_t bytes = m_bytes;
    Slot lowest = m_base;
    for (auto item = m_items.begin(); item != m_items.end() && bytes > bytesMax; ++item) {
        bytes -= item->entry.bytes();
        lowest = lowest.next();
    }
    return lowest;
}

void Log::dropAbove(Slot slot)
{
    while (!m_items.empty() && last() > slot) {
        m_bytes -= m_items.back().entry.bytes();
        m_items.pop_back();
    }
}

void Log::dropUpTo(Slot slot)
{
    while (!m_items.empty() && m_base < slot) {
        m_bytes -= m_items.front().entry.bytes();
        m_items.pop_front();
        m_base = m_base.next();
    }
    if (m_base < slot)
        m_base = slot;
}

void Log::reset(Slot base)
{
    m_items.clear();
    m_bytes = 0;
    m_base = base;
}

} // namespace coffer::consensus
