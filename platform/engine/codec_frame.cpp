// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "engine/codec.h"
#include "engine/codec_p.h"
#include "wire/peer.pb.h"

#include <google/protobuf/arena.h>

#include <algorithm>
#include <limits>

namespace coffer::engine::codec {

/// Keeps the parts of one head together; most heads fit and need no heap.
class HeadArena
{
public:
    HeadArena() : m_arena(m_first, sizeof m_first) {}
    wire::PeerHead &head()
    {
        return *google::protobuf::Arena::CreateMessage<wire::PeerHead>(&m_arena);
    }

private:
    alignas(8) char m_first[2048];
    google::protobuf::Arena m_arena;
};

// put(message, head) fills the head and returns the bulk.

static QByteArray put(const consensus::PreVote &from, wire::PeerHead &head)
{
    wire::PreVote &to = *head.mutable_pre_vote();
    put(from.ballot, *to.mutable_ballot());
    to.set_wall_ms(from.wall.count());
    return {};
}

static QByteArray put(const consensus::PreVoteReply &from, wire::PeerHead &head)
{
    wire::PreVoteReply &to = *head.mutable_pre_vote_reply();
    put(from.ballot, *to.mutable_ballot());
    to.set_is_granted(from.isGranted);
    to.set_round_max(from.roundMax);
    to.set_wall_ms(from.wall.count());
    return {};
}

static QByteArray put(const consensus::Prepare &from, wire::PeerHead &head)
{
    wire::Prepare &to = *head.mutable_prepare();
    put(from.ballot, *to.mutable_ballot());
    to.set_from(from.from.value());
    return {};
}

/// Bytes to reserve for an item, so that the bulk grows but once.
static qsizetype itemBytes(const consensus::Entry &entry)
{
    const std::size_t members = entry.members.voters.size() + entry.members.observers.size();
    return entry.body.size() + qsizetype(80 + 8 * members);
}

static QByteArray put(const consensus::Promise &from, wire::PeerHead &head)
{
    wire::Promise &to = *head.mutable_promise();
    put(from.ballot, *to.mutable_ballot());
    to.set_from(from.from.value());
    to.set_chosen_up_to(from.chosenUpTo.value());
    to.set_chunk(from.chunk);
    to.set_chunks(from.chunks);
    to.set_votes(static_cast<std::uint32_t>(from.votes.size()));
    qsizetype bytes = 0;
    for (const consensus::VoteReport &vote : from.votes)
        bytes += itemBytes(vote.entry);
    QByteArray bulk;
    bulk.reserve(bytes);
    wire::Vote item;
    for (const consensus::VoteReport &vote : from.votes) {
        item.Clear();
        item.set_slot(vote.slot.value());
        put(vote.ballot, *item.mutable_ballot());
        put(vote.entry, *item.mutable_entry());
        appendHead(bulk, item);
        bulk.append(vote.entry.body);
    }
    return bulk;
}

static QByteArray put(const consensus::Refusal &from, wire::PeerHead &head)
{
    wire::Refusal &to = *head.mutable_refusal();
    put(from.refused, *to.mutable_refused());
    put(from.promised, *to.mutable_promised());
    return {};
}

static QByteArray put(const consensus::Accept &from, wire::PeerHead &head)
{
    wire::Accept &to = *head.mutable_accept();
    put(from.ballot, *to.mutable_ballot());
    to.set_slot(from.slot.value());
    to.set_chosen_up_to(from.chosenUpTo.value());
    put(from.entry, *to.mutable_entry());
    return from.entry.body;
}

static QByteArray put(const consensus::Accepted &from, wire::PeerHead &head)
{
    wire::Accepted &to = *head.mutable_accepted();
    put(from.ballot, *to.mutable_ballot());
    to.set_durable_to(from.durableTo.value());
    return {};
}

static QByteArray put(const consensus::Heartbeat &from, wire::PeerHead &head)
{
    wire::Heartbeat &to = *head.mutable_heartbeat();
    put(from.ballot, *to.mutable_ballot());
    to.set_chosen_up_to(from.chosenUpTo.value());
    to.set_read_seq(from.readSeq);
    to.set_wall_ms(from.wall.count());
    to.set_is_news(from.isNews);
    return {};
}

static QByteArray put(const consensus::HeartbeatAck &from, wire::PeerHead &head)
{
    wire::HeartbeatAck &to = *head.mutable_heartbeat_ack();
    put(from.ballot, *to.mutable_ballot());
    to.set_durable_to(from.durableTo.value());
    to.set_read_seq(from.readSeq);
    to.set_wall_ms(from.wall.count());
    return {};
}

static QByteArray put(const consensus::Fetch &from, wire::PeerHead &head)
{
    head.mutable_fetch()->set_from(from.from.value());
    return {};
}

static QByteArray put(const consensus::Chosen &from, wire::PeerHead &head)
{
    wire::Chosen &to = *head.mutable_chosen();
    to.set_from(from.from.value());
    to.set_chosen_up_to(from.chosenUpTo.value());
    to.set_entries(static_cast<std::uint32_t>(from.entries.size()));
    qsizetype bytes = 0;
    for (const consensus::Entry &entry : from.entries)
        bytes += itemBytes(entry);
    QByteArray bulk;
    bulk.reserve(bytes);
    wire::Entry item;
    for (const consensus::Entry &entry : from.entries) {
        item.Clear();
        put(entry, item);
        appendHead(bulk, item);
        bulk.append(entry.body);
    }
    return bulk;
}

static QByteArray put(const consensus::Reconfigured &from, wire::PeerHead &head)
{
    wire::Reconfigured &to = *head.mutable_reconfigured();
    to.set_epoch(from.epoch.value());
    to.set_chosen_up_to(from.chosenUpTo.value());
    return {};
}

static QByteArray put(const consensus::Transfer &from, wire::PeerHead &head)
{
    wire::Transfer &to = *head.mutable_transfer();
    to.set_epoch(from.epoch.value());
    to.set_chosen_up_to(from.chosenUpTo.value());
    return {};
}

static void putStanding(const consensus::Standing &from, wire::Standing &to)
{
    put(from.promised, *to.mutable_promised());
    to.set_durable_to(from.durableTo.value());
    to.set_run(from.run.value());
}

static QByteArray put(const consensus::Standing &from, wire::PeerHead &head)
{
    putStanding(from, *head.mutable_standing());
    return {};
}

static QByteArray put(const consensus::StandingAck &from, wire::PeerHead &head)
{
    wire::StandingAck &to = *head.mutable_standing_ack();
    putStanding(from.checked, *to.mutable_checked());
    to.set_is_behind(from.isBehind);
    return {};
}

static QByteArray put(const Request &from, wire::PeerHead &head)
{
    wire::Request &to = *head.mutable_request();
    to.set_id(from.id);
    to.set_kind(static_cast<wire::RequestKind>(from.kind));
    to.set_leader_run(from.leaderRun.value());
    to.set_session(from.session.value());
    if (from.members != consensus::MemberSet())
        put(from.members, *to.mutable_members());
    to.set_if_epoch(from.ifEpoch.value());
    to.set_target(from.target.value());
    return from.command;
}

static QByteArray put(const Reply &from, wire::PeerHead &head)
{
    wire::Reply &to = *head.mutable_reply();
    to.set_id(from.id);
    to.set_status(static_cast<wire::ReplyStatus>(from.status));
    to.set_slot(from.slot.value());
    to.set_message(cutUtf8(from.message, sentenceBytesMax));
    return from.answer;
}

static QByteArray put(const StateReport &from, wire::PeerHead &head)
{
    wire::StateReport &to = *head.mutable_state_report();
    to.set_applied(from.applied.value());
    to.set_hash_low(from.hash.low);
    to.set_hash_high(from.hash.high);
    to.set_version_max(from.versionMax);
    to.set_is_fenced(from.isFenced);
    return {};
}

static QByteArray put(const Probe &from, wire::PeerHead &head)
{
    wire::Probe &to = *head.mutable_probe();
    for (const QString &peer : from.peers)
        to.add_peers(peer.toStdString());
    return {};
}

static QByteArray put(const ProbeReply &from, wire::PeerHead &head)
{
    wire::ProbeReply &to = *head.mutable_probe_reply();
    for (const QString &peer : from.peers)
        to.add_peers(peer.toStdString());
    to.set_address(from.address.toStdString());
    to.set_is_empty(from.isEmpty);
    if (!from.isEmpty)
        put(from.founding, *to.mutable_founding());
    return {};
}

static QByteArray put(const Found &from, wire::PeerHead &head)
{
    wire::Found &to = *head.mutable_found();
    put(from.founding, *to.mutable_founding());
    to.set_is_join(from.isJoin);
    return {};
}

static QByteArray put(const CheckpointOffer &from, wire::PeerHead &head)
{
    wire::CheckpointOffer &to = *head.mutable_checkpoint_offer();
    to.set_file(from.file);
    to.set_size(from.size);
    to.set_applied(from.applied.value());
    return {};
}

static QByteArray put(const CheckpointPull &from, wire::PeerHead &head)
{
    wire::CheckpointPull &to = *head.mutable_checkpoint_pull();
    to.set_file(from.file);
    to.set_offset(from.offset);
    return {};
}

static QByteArray put(const CheckpointChunk &from, wire::PeerHead &head)
{
    wire::CheckpointChunk &to = *head.mutable_checkpoint_chunk();
    to.set_file(from.file);
    to.set_offset(from.offset);
    return from.bytes;
}

template<class... Kinds>
static QByteArray put(const std::variant<Kinds...> &from, wire::PeerHead &head)
{
    return std::visit([&head](const auto &known) { return put(known, head); }, from);
}

QByteArray encodeFrame(const PeerFrame &frame)
{
    HeadArena arena;
    wire::PeerHead &head = arena.head();
    head.set_cluster(frame.cluster.value());
    head.set_epoch(frame.epoch.value());
    head.set_from(frame.from.value());
    head.set_run(frame.run.value());
    head.set_to(frame.to.value());
    const QByteArray bulk = put(frame.body, head);
    head.set_bulk_bytes(static_cast<std::uint32_t>(bulk.size()));
    QByteArray out;
    out.reserve(headSizeBytes + qsizetype(head.ByteSizeLong()) + bulk.size());
    appendHead(out, head);
    out.append(bulk);
    COFFER_CHECK(std::size_t(out.size()) <= limits::frameBytesMax, "a frame that no peer takes");
    return out;
}

// take(message, in) is the way back.

static consensus::PreVote take(const wire::PreVote &from, Input &in)
{
    return {in.ballot(from.ballot(), "pre_vote.ballot"), WallMs(from.wall_ms())};
}

static consensus::PreVoteReply take(const wire::PreVoteReply &from, Input &in)
{
    return {in.ballot(from.ballot(), "pre_vote_reply.ballot"), from.is_granted(), from.round_max(),
            WallMs(from.wall_ms())};
}

static consensus::Prepare take(const wire::Prepare &from, Input &in)
{
    return {in.ballot(from.ballot(), "prepare.ballot"), in.slot(from.from(), "prepare.from")};
}

static consensus::VoteReport takeVote(Input &in, wire::Vote &item)
{
    in.head(item, "promise.votes");
    return {in.slot(item.slot(), "promise.votes.slot"),
            in.ballot(item.ballot(), "promise.votes.ballot"),
            in.entry(item.entry(), "promise.votes.entry")};
}

static consensus::Promise take(const wire::Promise &from, Input &in)
{
    consensus::Promise promise{in.ballot(from.ballot(), "promise.ballot"),
                               in.slot(from.from(), "promise.from"),
                               Slot(from.chosen_up_to()),
                               from.chunk(),
                               from.chunks(),
                               {}};
    in.require(from.chunks() <= promiseChunksMax, "promise.chunks", " is too large");
    in.require(from.chunk() < from.chunks(), "promise.chunk", " is not below chunks");
    in.require(from.votes() <= itemsMax, "promise.votes", " are too many");
    wire::Vote item;
    std::size_t bytes = 0;
    Slot least = promise.from;
    for (std::uint32_t i = 0; i < from.votes() && in.isSound(); ++i) {
        consensus::VoteReport vote = takeVote(in, item);
        in.require(vote.slot >= least, "promise.votes.slot", " is not in order");
        in.require(vote.slot.value() != std::numeric_limits<std::uint64_t>::max(),
                   "promise.votes.slot", " is too large");
        in.require(vote.ballot.epoch == promise.ballot.epoch, "promise.votes.ballot",
                   ".epoch is not that of the promise");
        least = vote.slot.next();
        bytes += std::size_t(vote.entry.body.size());
        promise.votes.push_back(std::move(vote));
    }
    in.require(promise.votes.size() <= 1 || bytes <= limits::chunkBytesMax, "promise.votes",
               " are larger than a chunk");
    return promise;
}

static consensus::Refusal take(const wire::Refusal &from, Input &in)
{
    return {in.ballot(from.refused(), "refusal.refused"), ballotOf(from.promised())};
}

static consensus::Accept take(const wire::Accept &from, Input &in)
{
    return {in.ballot(from.ballot(), "accept.ballot"), in.slot(from.slot(), "accept.slot"),
            Slot(from.chosen_up_to()), in.entry(from.entry(), "accept.entry")};
}

static consensus::Accepted take(const wire::Accepted &from, Input &in)
{
    return {in.ballot(from.ballot(), "accepted.ballot"), Slot(from.durable_to())};
}

static consensus::Heartbeat take(const wire::Heartbeat &from, Input &in)
{
    return {in.ballot(from.ballot(), "heartbeat.ballot"), Slot(from.chosen_up_to()),
            from.read_seq(), WallMs(from.wall_ms()), from.is_news()};
}

static consensus::HeartbeatAck take(const wire::HeartbeatAck &from, Input &in)
{
    return {in.ballot(from.ballot(), "heartbeat_ack.ballot"), Slot(from.durable_to()),
            from.read_seq(), WallMs(from.wall_ms())};
}

static consensus::Fetch take(const wire::Fetch &from, Input &in)
{
    return {in.slot(from.from(), "fetch.from")};
}

static consensus::Chosen take(const wire::Chosen &from, Input &in)
{
    consensus::Chosen chosen{in.slot(from.from(), "chosen.from"), {}, Slot(from.chosen_up_to())};
    in.require(from.entries() >= 1, "chosen.entries", " are missing");
    in.require(from.entries() <= itemsMax, "chosen.entries", " are too many");
    in.require(from.from() <= std::numeric_limits<std::uint64_t>::max() - itemsMax, "chosen.from",
               " is too large");
    wire::Entry item;
    std::size_t bytes = 0;
    for (std::uint32_t i = 0; i < from.entries() && in.isSound(); ++i) {
        in.head(item, "chosen.entries");
        consensus::Entry entry = in.entry(item, "chosen.entries");
        bytes += std::size_t(entry.body.size());
        chosen.entries.push_back(std::move(entry));
    }
    in.require(chosen.entries.size() <= 1 || bytes <= limits::chunkBytesMax, "chosen.entries",
               " are larger than a chunk");
    return chosen;
}

static consensus::Reconfigured take(const wire::Reconfigured &from, Input &in)
{
    return {in.epoch(from.epoch(), "reconfigured.epoch"), Slot(from.chosen_up_to())};
}

static consensus::Transfer take(const wire::Transfer &from, Input &in)
{
    return {in.epoch(from.epoch(), "transfer.epoch"), Slot(from.chosen_up_to())};
}

static consensus::Standing take(const wire::Standing &from, Input &)
{
    return {ballotOf(from.promised()), Slot(from.durable_to()), RunId(from.run())};
}

static consensus::StandingAck take(const wire::StandingAck &from, Input &in)
{
    in.require(from.has_checked(), "standing_ack.checked", " is missing");
    return {take(from.checked(), in), from.is_behind()};
}

static Request take(const wire::Request &from, Input &in)
{
    Request request;
    in.require(from.kind() != wire::REQUEST_KIND_NONE && wire::RequestKind_IsValid(from.kind()),
               "request.kind", " is unknown");
    if (!in.isSound())
        return request;
    request.id = from.id();
    request.kind = static_cast<RequestKind>(from.kind());
    request.leaderRun = RunId(from.leader_run());
    request.command = in.takeRest(limits::commandBytesMax, "request.command");
    request.session = SessionId(from.session());
    if (from.has_members())
        request.members = in.members(from.members(), "request");
    request.ifEpoch = Epoch(from.if_epoch());
    request.target = NodeId(from.target());
    in.require(request.kind != RequestKind::keepAlive || !request.session.isNone(),
               "request.session", " is missing");
    in.require(request.kind != RequestKind::reconfigure || from.has_members(), "request.members",
               " are missing");
    in.require(request.kind != RequestKind::reconfigure || !request.ifEpoch.isNone(),
               "request.if_epoch", " is missing");
    in.require(request.kind != RequestKind::transfer || !request.target.isNone(), "request.target",
               " is missing");
    return request;
}

static Reply take(const wire::Reply &from, Input &in)
{
    in.require(from.status() != wire::REPLY_STATUS_NONE && wire::ReplyStatus_IsValid(from.status()),
               "reply.status", " is unknown");
    if (!in.isSound())
        return {};
    return {from.id(), static_cast<ReplyStatus>(from.status()), Slot(from.slot()),
            in.takeRest(limits::commandBytesMax, "reply.answer"),
            in.text(from.message(), sentenceBytesMax, "reply.message")};
}

static StateReport take(const wire::StateReport &from, Input &)
{
    const Hash128 hash{from.hash_low(), from.hash_high()};
    return {Slot(from.applied()), hash, from.version_max(), from.is_fenced()};
}

template<class Message>
static std::vector<QString> takePeers(const Message &from, Input &in)
{
    std::vector<QString> peers;
    in.require(std::size_t(from.peers_size()) <= limits::membersMax, "probe.peers",
               " are more than 64");
    for (int i = 0; i < from.peers_size() && in.isSound(); ++i)
        peers.push_back(in.text(from.peers(i), addressBytesMax, "probe.peers"));
    in.require(std::is_sorted(peers.begin(), peers.end()), "probe.peers", " are not sorted");
    return peers;
}

static Probe take(const wire::Probe &from, Input &in) { return {takePeers(from, in)}; }

static ProbeReply take(const wire::ProbeReply &from, Input &in)
{
    ProbeReply reply{takePeers(from, in),
                     in.text(from.address(), addressBytesMax, "probe_reply.address"),
                     from.is_empty(),
                     {}};
    in.require(from.has_founding() != from.is_empty(), "probe_reply.founding",
               " must be there unless the node is empty");
    if (from.has_founding())
        reply.founding = in.founding(from.founding(), "probe_reply.founding");
    return reply;
}

static Found take(const wire::Found &from, Input &in)
{
    return {in.founding(from.founding(), "found.founding"), from.is_join()};
}

static CheckpointOffer take(const wire::CheckpointOffer &from, Input &)
{
    return {from.file(), from.size(), Slot(from.applied())};
}

static CheckpointPull take(const wire::CheckpointPull &from, Input &)
{
    return {from.file(), from.offset()};
}

static CheckpointChunk take(const wire::CheckpointChunk &from, Input &in)
{
    return {from.file(), from.offset(),
            in.takeRest(limits::chunkBytesMax, "checkpoint_chunk.bytes")};
}

static EngineMessage takeEngine(const wire::PeerHead &head, Input &in)
{
    switch (head.message_case()) {
    case wire::PeerHead::kRequest: return take(head.request(), in);
    case wire::PeerHead::kReply: return take(head.reply(), in);
    case wire::PeerHead::kStateReport: return take(head.state_report(), in);
    case wire::PeerHead::kProbe: return take(head.probe(), in);
    case wire::PeerHead::kProbeReply: return take(head.probe_reply(), in);
    case wire::PeerHead::kFound: return take(head.found(), in);
    case wire::PeerHead::kCheckpointOffer: return take(head.checkpoint_offer(), in);
    case wire::PeerHead::kCheckpointPull: return take(head.checkpoint_pull(), in);
    case wire::PeerHead::kCheckpointChunk: return take(head.checkpoint_chunk(), in);
    default: in.require(false, "frame.message", " is missing or unknown"); return {};
    }
}

static std::variant<consensus::Message, EngineMessage> takeBody(const wire::PeerHead &head,
                                                                Input &in)
{
    using consensus::Message;
    switch (head.message_case()) {
    case wire::PeerHead::kAccept: return Message(take(head.accept(), in));
    case wire::PeerHead::kAccepted: return Message(take(head.accepted(), in));
    case wire::PeerHead::kHeartbeat: return Message(take(head.heartbeat(), in));
    case wire::PeerHead::kHeartbeatAck: return Message(take(head.heartbeat_ack(), in));
    case wire::PeerHead::kFetch: return Message(take(head.fetch(), in));
    case wire::PeerHead::kChosen: return Message(take(head.chosen(), in));
    case wire::PeerHead::kPreVote: return Message(take(head.pre_vote(), in));
    case wire::PeerHead::kPreVoteReply: return Message(take(head.pre_vote_reply(), in));
    case wire::PeerHead::kPrepare: return Message(take(head.prepare(), in));
    case wire::PeerHead::kPromise: return Message(take(head.promise(), in));
    case wire::PeerHead::kRefusal: return Message(take(head.refusal(), in));
    case wire::PeerHead::kReconfigured: return Message(take(head.reconfigured(), in));
    case wire::PeerHead::kTransfer: return Message(take(head.transfer(), in));
    case wire::PeerHead::kStanding: return Message(take(head.standing(), in));
    case wire::PeerHead::kStandingAck: return Message(take(head.standing_ack(), in));
    default: return takeEngine(head, in);
    }
}

Result<PeerFrame> decodeFrame(const QByteArray &bytes)
{
    Input in(bytes);
    in.require(std::size_t(bytes.size()) <= limits::frameBytesMax, "frame",
               " is larger than 8 MiB");
    if (!in.isSound())
        return in.error();
    HeadArena arena;
    wire::PeerHead &head = arena.head();
    in.head(head, "frame");
    in.require(head.bulk_bytes() == std::size_t(in.bytesLeft()), "frame.bulk",
               " is not as long as the head says");
    in.require(head.from() != 0, "frame.from", " is missing");
    in.require(head.run() != 0, "frame.run", " is missing");
    if (!in.isSound())
        return in.error();
    PeerFrame frame{ClusterId(head.cluster()), Epoch(head.epoch()), NodeId(head.from()),
                    RunId(head.run()),         NodeId(head.to()),   takeBody(head, in)};
    in.requireEnd("frame.bulk");
    if (!in.isSound())
        return in.error();
    return frame;
}

} // namespace coffer::engine::codec
