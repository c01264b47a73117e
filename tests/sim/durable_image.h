// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "consensus/record.h"
#include "sim/ledger.h"
#include "sim/sim_disk.h"

#include <algorithm>
#include <vector>

namespace coffer::sim {

/// What one disk durably says of its node's promises and votes, followed record by record.
///
/// Reports P3 when a promise goes down. Records that the journal forgets stay known here: by then
/// they are chosen and in a checkpoint. Resource.
class DurableImage
{
public:
    /// What the node has told others of itself.
    struct Told
    {
        Ballot promised;
        Ballot ballot; ///< Of durableTo.
        Slot durableTo;
    };

    DurableImage(std::size_t disk, NodeId node) : m_disk(disk), m_node(node) {}

    [[nodiscard]] std::size_t disk() const { return m_disk; }
    [[nodiscard]] NodeId node() const { return m_node; }

    /// A promise, vote, chosen value or installed checkpoint became durable. Votes are entered in
    /// \a ledger.
    void add(const storage::JournalRecord &record, Ledger &ledger);
    /// Begins anew from what is left on a disk that went back in time; \a heard is what others
    /// have surely heard before.
    void rebuild(const SimDisk &disk, const Told &heard, const Ledger &ledger);

    /// A process is about to read \a disk: everything its node ever told must still be there.
    void checkKept(const SimDisk &disk, const Ledger &ledger) const;

    /// The disk's checkpoint holds every slot up to \a slot.
    void setCheckpointed(Slot slot) { m_installed = std::max(m_installed, slot); }

    [[nodiscard]] const Ballot &promised() const { return m_promised; }
    [[nodiscard]] bool isFenced() const { return m_isFenced; }
    /// True if \a slot has a durable vote of exactly \a ballot for the value with \a hash.
    [[nodiscard]] bool hasVote(Slot slot, const Ballot &ballot, std::uint64_t hash) const;
    /// The first slot up to \a upTo for which there is neither a durable vote of \a ballot nor the
    /// durable chosen value; none if there is no such slot.
    [[nodiscard]] Slot firstMissing(const Ballot &ballot, Slot upTo, const Ledger &ledger);

    /// What is durable for \a slot, for people.
    [[nodiscard]] QString describe(Slot slot, const Ledger &ledger) const;

    Told told;
    /// Durable state that others had been told of is gone: it must never vote again.
    bool isAmputated = false;
    /// The same may be so, but others may not have heard of it: it may be fenced.
    bool mayBeFenced = false;
    /// A bit of its journal was flipped, and that can be seen: no process may start on it.
    bool isRotten = false;
    /// The node's state was made wrong on purpose.
    bool isDiverged = false;

private:
    [[nodiscard]] bool hasLost(const Told &word, const Ledger &ledger);

    struct Held
    {
        std::uint64_t hash = 0; ///< Of the newest value; 0: none.
        std::vector<std::pair<Ballot, std::uint64_t>> votes;
    };

    void addRecord(const consensus::Record &record, Slot slot);
    Held &at(Slot slot);
    void raise(const Ballot &ballot);

    std::size_t m_disk;
    NodeId m_node;
    Ballot m_promised;
    bool m_isFenced = false;
    std::vector<Held> m_slots; ///< Slot 1 first.
    Slot m_installed;          ///< Up to here a checkpoint is durable.
    Slot m_goodTo;             ///< Up to here the chosen values are durable here.
    Ballot m_checkedBallot;
    Slot m_checkedTo; ///< firstMissing() found nothing up to here for m_checkedBallot.
};

} // namespace coffer::sim
