// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/ballot.h"
#include "consensus/entry.h"

#include <deque>

namespace coffer::consensus {

/// What a replica holds for the slots above its base: votes, and values known to be chosen.
///
/// Pure value. Slots are consecutive: there is no hole, because votes are made in order. Which of
/// them are chosen is the Learner's knowledge, not the log's.
class Log
{
public:
    struct Item
    {
        Ballot ballot; ///< Of the vote; none when the value was learned as chosen.
        Entry entry;
    };

    explicit Log(Slot base = Slot()) : m_base(base) {}

    /// Every slot up to here has been forgotten or was never held.
    [[nodiscard]] Slot base() const { return m_base; }
    [[nodiscard]] Slot first() const { return m_base.next(); }
    /// The highest slot held; base() when empty.
    [[nodiscard]] Slot last() const { return Slot(m_base.value() + m_items.size()); }
    /// Memory of what is held; see Entry::bytes().
    [[nodiscard]] std::size_t bytes() const { return m_bytes; }
    /// The lowest slot above which not more than \a bytesMax are held.
    [[nodiscard]] Slot lowestWithin(std::size_t bytesMax) const;
    [[nodiscard]] bool holds(Slot slot) const { return slot > m_base && slot <= last(); }
    /// \a slot must be held.
    [[nodiscard]] const Item &at(Slot slot) const;

    /// Replaces or adds. \a slot must be held or be the one behind last().
    void put(Slot slot, Item item);
    void dropAbove(Slot slot);
    /// Forgets everything up to \a slot.
    void dropUpTo(Slot slot);
    /// Empty, with a new base.
    void reset(Slot base);

private:
    Slot m_base;
    std::deque<Item> m_items;
    std::size_t m_bytes = 0;
};

} // namespace coffer::consensus
