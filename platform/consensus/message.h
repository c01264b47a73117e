// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/ballot.h"
#include "base/clock.h"
#include "consensus/entry.h"

#include <variant>
#include <vector>

/// What replicas say to each other. Every field is described in docs/formats/peer-messages.md.
/// Messages may be lost, delayed, repeated and reordered; each is safe to handle at any time.
namespace coffer::consensus {

/// "Would you promise this ballot?" Raises no number anywhere.
struct PreVote
{
    Ballot ballot;
    WallMs wall; ///< The asker's wall clock, to find clocks that are far off.
    bool operator==(const PreVote &) const = default;
};

struct PreVoteReply
{
    Ballot ballot;
    bool isGranted = false;     ///< False: a leader was heard lately, or a higher round is known.
    std::uint64_t roundMax = 0; ///< Highest round the answerer knows in this epoch.
    WallMs wall;
    bool operator==(const PreVoteReply &) const = default;
};

/// Phase 1 for every slot from `from` on. Sent only after the candidate's own promise is durable.
struct Prepare
{
    Ballot ballot;
    Slot from;
    bool operator==(const Prepare &) const = default;
};

/// One vote of the epoch of the Promise that carries it.
struct VoteReport
{
    Slot slot;
    Ballot ballot;
    Entry entry;
    bool operator==(const VoteReport &) const = default;
};

/// Phase 1 answer, cut into chunks of at most limits::chunkBytesMax. Durable before it is sent.
struct Promise
{
    Ballot ballot;
    Slot from;       ///< Copied from the Prepare.
    Slot chosenUpTo; ///< Slots up to here are chosen; the candidate fetches what it lacks.
    std::uint32_t chunk = 0;
    std::uint32_t chunks = 1;
    std::vector<VoteReport> votes; ///< Votes of this epoch above max(from - 1, chosenUpTo).
    bool operator==(const Promise &) const = default;
};

/// A higher ballot was promised. Whoever leads or campaigns below it steps down.
struct Refusal
{
    Ballot refused;
    Ballot promised;
    bool operator==(const Refusal &) const = default;
};

/// Phase 2 for one slot.
struct Accept
{
    Ballot ballot;
    Slot slot;
    Slot chosenUpTo;
    Entry entry;
    bool operator==(const Accept &) const = default;
};

/// Cumulative vote: for every slot up to durableTo the sender durably holds a vote at exactly
/// this ballot, or the chosen value.
struct Accepted
{
    Ballot ballot;
    Slot durableTo;
    bool operator==(const Accepted &) const = default;
};

struct Heartbeat
{
    Ballot ballot;
    Slot chosenUpTo;
    std::uint64_t readSeq = 0; ///< Number of the newest read round of this ballot; 0 for none.
    WallMs wall;
    bool isNews = false; ///< Only says that more is chosen: nobody waits for an answer.
    bool operator==(const Heartbeat &) const = default;
};

/// Answer to a Heartbeat: the sender's promise is exactly this ballot.
struct HeartbeatAck
{
    Ballot ballot;
    Slot durableTo;
    std::uint64_t readSeq = 0;
    WallMs wall;
    bool operator==(const HeartbeatAck &) const = default;
};

/// "Send me what is chosen from this slot on."
struct Fetch
{
    Slot from;
    bool operator==(const Fetch &) const = default;
};

/// Chosen entries of consecutive slots.
struct Chosen
{
    Slot from;
    std::vector<Entry> entries; ///< At most limits::chunkBytesMax in all, but at least one.
    Slot chosenUpTo;            ///< How far the sender knows.
    bool operator==(const Chosen &) const = default;
};

/// "Your epoch is over": told to whoever still speaks in an earlier one.
struct Reconfigured
{
    Epoch epoch;
    Slot chosenUpTo;
    bool operator==(const Reconfigured &) const = default;
};

/// "Campaign now": hands leadership over. Void unless the receiver is a voter of this epoch.
struct Transfer
{
    Epoch epoch;
    Slot chosenUpTo; ///< The receiver fetches up to here first.
    bool operator==(const Transfer &) const = default;
};

/// What a restarted voter still holds. It neither votes nor promises before enough peers have
/// compared that with what they remember of its earlier answers.
struct Standing
{
    Ballot promised;
    Slot durableTo; ///< For the ballot `promised`.
    RunId run;      ///< The asking run: a peer compares with what *other* runs said.
    bool operator==(const Standing &) const = default;
};

/// Answer to a Standing. isBehind: the voter once said more than it holds now, so its disk lost
/// or rolled back durable state; it must never vote again under this id.
struct StandingAck
{
    Standing checked; ///< Copied from the question.
    bool isBehind = false;
    bool operator==(const StandingAck &) const = default;
};

using Message =
    std::variant<PreVote, PreVoteReply, Prepare, Promise, Refusal, Accept, Accepted, Heartbeat,
                 HeartbeatAck, Fetch, Chosen, Reconfigured, Transfer, Standing, StandingAck>;

struct Outgoing
{
    NodeId to;
    Message message;
};

} // namespace coffer::consensus
