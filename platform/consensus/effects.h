// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.h"
#include "consensus/message.h"
#include "consensus/record.h"

/// What goes into Replica::step() and what comes out.
namespace coffer::consensus {

/// The time of an event, as this node sees it.
struct Moment
{
    Monotonic monotonic{0};
    WallMs wall{0};
};

struct PeerMessage
{
    NodeId from;
    Message message;
    RunId run = {}; ///< The sender's process run.
};
struct Tick
{};
/// The connection to \a node broke.
struct PeerLost
{
    NodeId node;
};
/// Only while canPropose().
struct Propose
{
    Entry entry;
};
/// Only while isServing(). Answered in Effects::reads or, after a change of ballot, readsLost.
struct ReadRequest
{
    std::uint64_t read = 0;
};
/// Everything up to Effects::mark is durable.
struct Written
{
    std::uint64_t mark = 0;
};
/// Hand leadership over.
struct TransferTo
{
    NodeId node;
};
/// A checkpoint became the state: everything up to `slot` is chosen and held there.
struct Installed
{
    Slot slot;
    Configuration configuration; ///< In force for slot + 1.
};
/// Chosen entries up to `upTo` may be forgotten: a checkpoint holds them.
struct Forget
{
    Slot upTo;
};
/// The journal has no space (or has again). While stuck nothing is voted, and nobody led.
struct DiskStuck
{
    bool isStuck = false;
};

using Event = std::variant<PeerMessage, Tick, PeerLost, Propose, ReadRequest, Written, TransferTo,
                           Installed, Forget, DiskStuck>;

/// What the caller must do, and in which order:
/// 1. `now` may leave at once.
/// 2. `writes` go to the journal behind all earlier writes, as part of one durable group.
/// 3. `afterWrites` may leave only when these writes and all earlier ones are durable, also where
///    this effect writes nothing itself. Written{mark} is reported when the writes are durable.
/// 4. `chosen` are applied in order, without waiting for anything.
struct Effects
{
    std::vector<Outgoing> now;
    std::vector<Record> writes;
    std::vector<Outgoing> afterWrites;
    std::uint64_t mark = 0; ///< Not 0 when there are writes.
    std::vector<ChosenEntry> chosen;

    struct ReadsReady
    {
        Slot index; ///< Answer from a state that has applied at least this.
        std::vector<std::uint64_t> reads;
    };
    std::vector<ReadsReady> reads;
    std::vector<std::uint64_t> readsLost;

    std::vector<NodeId> checkpointFor; ///< These ask for entries that are forgotten.
    bool hasBecomeFenced = false;      ///< To be recorded; see Replica::setFenced().
};

} // namespace coffer::consensus
