// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "base/ids.h"

#include <optional>
#include <utility>

namespace coffer::consensus {

/// What is known to be chosen, and where to get what is not.
///
/// Pure value. What is chosen is always a prefix of the log. takeFetch() asks for one Fetch at
/// a time.
class Learner
{
public:
    explicit Learner(Slot chosenUpTo) : m_chosenUpTo(chosenUpTo), m_recordedUpTo(chosenUpTo) {}

    [[nodiscard]] Slot chosenUpTo() const { return m_chosenUpTo; }
    /// How much of that the journal says, so that a restart knows it too.
    [[nodiscard]] Slot recordedUpTo() const { return m_recordedUpTo; }

    void setChosenUpTo(Slot slot);
    void setRecordedUpTo(Slot slot);

    /// \a node knows as chosen everything up to \a slot.
    void heardOf(NodeId node, Slot slot);
    /// Whom to send a Fetch of chosenUpTo() + 1 to, if anything is missing and none is under way
    /// for less than \a patience. Notes that it is sent.
    [[nodiscard]] std::optional<NodeId> takeFetch(Monotonic now, Monotonic patience);
    /// The Fetch under way was answered.
    void fetched() { m_fetchUntil = Monotonic(0); }

private:
    Slot m_chosenUpTo;
    Slot m_recordedUpTo;
    NodeId m_source;
    Slot m_sourceUpTo;
    Monotonic m_fetchUntil{0};
};

} // namespace coffer::consensus
