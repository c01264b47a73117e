// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/hash128.h"
#include "consensus/message.h"

#include <QByteArray>
#include <QString>

#include <variant>
#include <vector>

/// What nodes say to each other besides consensus. Described in docs/formats/peer-messages.md.
namespace coffer::engine {

enum class RequestKind : std::uint8_t { // on the wire, values never change
    command = 1,     ///< Propose `command`; answered when it is chosen and applied.
    readIndex = 2,   ///< How far must a replica have applied for a linearizable read?
    keepAlive = 3,   ///< Renew `session`.
    reconfigure = 4, ///< Make `members` the next configuration.
    transfer = 5     ///< Hand leadership to `target`.
};

/// Something only the leader can do, sent on by the node that accepted it.
struct Request
{
    std::uint64_t id = 0; ///< Unique within the sender's run.
    RequestKind kind = RequestKind::command;
    RunId leaderRun; ///< The run of the leader that is meant; another one answers unknown.
    QByteArray command;
    SessionId session;
    consensus::MemberSet members;
    Epoch ifEpoch; ///< reconfigure: refused unless this is the epoch at that moment.
    NodeId target;
    bool operator==(const Request &) const = default;
};

enum class ReplyStatus : std::uint8_t { // on the wire, values never change
    done = 1,
    notLeader = 2, ///< Definitely not done; ask another node.
    busy = 3,      ///< Definitely not done; the leader's queue is full.
    refused = 4,   ///< Definitely not done; `message` says why.
    unknown = 5    ///< May be done or not: leadership was lost meanwhile.
};

struct Reply
{
    std::uint64_t id = 0;
    ReplyStatus status = ReplyStatus::done;
    Slot slot;         ///< command: where it was applied; readIndex: the index.
    QByteArray answer; ///< command: the state machine's answer.
    QString message;   ///< refused: a sentence for people.
    bool operator==(const Reply &) const = default;
};

/// The state hash right after a slot, for the detection of replicas that differ, and what others
/// have to know of the sender: what its build can apply, and whether it is fenced.
struct StateReport
{
    Slot applied;
    Hash128 hash;
    std::uint32_t versionMax = 0; ///< See StateMachine::versionMax().
    bool isFenced = false;        ///< Never votes again under this id; has to be replaced.
    bool operator==(const StateReport &) const = default;
};

/// What founded the cluster; the first record of every member's journal.
struct Founding
{
    ClusterId cluster;
    consensus::MemberSet members; ///< The configuration of epoch 1, from slot 1 on.
    bool operator==(const Founding &) const = default;
};

/// "Who are you, and do you hold a cluster?" Between nodes given the same list of peers.
struct Probe
{
    std::vector<QString> peers; ///< The asker's list, sorted.
    bool operator==(const Probe &) const = default;
};

struct ProbeReply
{
    std::vector<QString> peers; ///< The answerer's list, sorted.
    QString address;            ///< The answerer's own entry in that list.
    bool isEmpty = false;       ///< It holds no founding record.
    Founding founding;          ///< Where it does hold one.
    bool operator==(const ProbeReply &) const = default;
};

/// "Here is the cluster you belong to." An empty node stores it if the founding members name it,
/// or if isJoin: the configuration in force names it.
struct Found
{
    Founding founding;
    bool isJoin = false;
    bool operator==(const Found &) const = default;
};

/// "The log does not reach back that far; here is a checkpoint."
struct CheckpointOffer
{
    std::uint64_t file = 0; ///< Unique within the sender's run.
    std::uint64_t size = 0; ///< Bytes.
    Slot applied;
    bool operator==(const CheckpointOffer &) const = default;
};

struct CheckpointPull
{
    std::uint64_t file = 0;
    std::uint64_t offset = 0;
    bool operator==(const CheckpointPull &) const = default;
};

struct CheckpointChunk
{
    std::uint64_t file = 0;
    std::uint64_t offset = 0;
    QByteArray bytes; ///< At most limits::chunkBytesMax; empty: the sender has the file no more.
    bool operator==(const CheckpointChunk &) const = default;
};

using EngineMessage = std::variant<Request, Reply, StateReport, Probe, ProbeReply, Found,
                                   CheckpointOffer, CheckpointPull, CheckpointChunk>;

/// One unit of the peer protocol.
struct PeerFrame
{
    ClusterId cluster; ///< None before founding; else frames of another cluster are refused.
    Epoch epoch;       ///< The sender's.
    NodeId from;
    RunId run; ///< The sender's process run: ballots and request ids belong to one run.
    NodeId to; ///< None when only an address is known.
    std::variant<consensus::Message, EngineMessage> body;
    bool operator==(const PeerFrame &) const = default;
};

} // namespace coffer::engine
