// SPDX-License-Identifier: Apache-2.0
#include "unit/engine/codec_samples.h"

#include "base/limits.h"

#include <algorithm>
#include <array>
#include <limits>
#include <set>

namespace coffer::engine {

using namespace consensus;

static constexpr std::array<const char *, CodecSamples::kinds> names{
    "pre_vote",        "pre_vote_reply",
    "prepare",         "promise",
    "refusal",         "accept",
    "accepted",        "heartbeat",
    "heartbeat_ack",   "fetch",
    "chosen",          "reconfigured",
    "transfer",        "standing",
    "standing_ack",    "request",
    "reply",           "state_report",
    "probe",           "probe_reply",
    "found",           "checkpoint_offer",
    "checkpoint_pull", "checkpoint_chunk"};

const char *CodecSamples::name(std::size_t kind) { return names.at(kind); }

std::uint64_t CodecSamples::number()
{
    switch (m_random.below(4)) {
    case 0: return m_random.below(4);
    case 1: return m_random.below(1'000'000);
    case 2: return std::numeric_limits<std::uint64_t>::max() - m_random.below(4);
    default: return m_random.next();
    }
}

QByteArray CodecSamples::bytes(std::size_t bytesMax)
{
    QByteArray bytes(qsizetype(m_random.below(bytesMax + 1)), '\0');
    for (char &byte : bytes)
        byte = static_cast<char>(m_random.next());
    return bytes;
}

QString CodecSamples::text()
{
    static constexpr std::array<char32_t, 8> letters{U'a',    U'1',    U'.',      U':',
                                                     U'\xe9', U'\x20', U'\ufeff', U'\U0001f512'};
    QString text;
    for (std::uint64_t left = m_random.below(12); left > 0; --left) {
        const char32_t letter = letters.at(m_random.below(letters.size()));
        text += QString::fromUcs4(&letter, 1);
    }
    return text;
}

std::vector<QString> CodecSamples::peers()
{
    std::vector<QString> peers(m_random.below(6));
    for (QString &peer : peers)
        peer = text();
    std::sort(peers.begin(), peers.end());
    return peers;
}

MemberSet CodecSamples::members()
{
    std::set<NodeId> nodes;
    const std::size_t voters = 1 + m_random.below(limits::votersMax);
    const std::size_t wanted = voters + (chance() ? m_random.below(limits::membersMax - 14) : 0);
    while (nodes.size() < std::min(wanted, limits::membersMax))
        nodes.emplace(m_random.next() | 1);
    MemberSet members;
    for (const NodeId node : nodes)
        (members.voters.size() < voters ? members.voters : members.observers).push_back(node);
    return members;
}

Entry CodecSamples::entry()
{
    const auto kind = static_cast<EntryKind>(m_random.below(4));
    return {kind, kind == EntryKind::commands ? bytes(40) : QByteArray(),
            kind == EntryKind::reconfigure ? members() : MemberSet()};
}

Promise CodecSamples::promise()
{
    Promise promise{ballot(), Slot(1 + m_random.below(1000)), Slot(number()), 0, 1, {}};
    promise.chunks = static_cast<std::uint32_t>(1 + m_random.below(9));
    promise.chunk = static_cast<std::uint32_t>(m_random.below(promise.chunks));
    Slot at = promise.from;
    for (std::uint64_t left = m_random.below(5); left > 0; --left) {
        at = Slot(at.value() + m_random.below(3));
        promise.votes.push_back(
            {at, {promise.ballot.epoch, number(), NodeId(positive())}, entry()});
        at = at.next();
    }
    return promise;
}

Chosen CodecSamples::chosen()
{
    Chosen chosen{Slot(1 + m_random.below(1'000'000)), {entry()}, Slot(number())};
    for (std::uint64_t left = m_random.below(5); left > 0; --left)
        chosen.entries.push_back(entry());
    return chosen;
}

Standing CodecSamples::standing()
{
    return {chance() ? ballot() : Ballot{Epoch(number()), 0, NodeId()}, Slot(number()),
            RunId(number())};
}

Message CodecSamples::message(std::size_t kind)
{
    switch (kind) {
    case 0: return PreVote{ballot(), wall()};
    case 1: return PreVoteReply{ballot(), chance(), number(), wall()};
    case 2: return Prepare{ballot(), slot()};
    case 3: return promise();
    case 4: return Refusal{ballot(), chance() ? ballot() : Ballot()};
    case 5: return Accept{ballot(), slot(), Slot(number()), entry()};
    case 6: return Accepted{ballot(), Slot(number())};
    case 7: return Heartbeat{ballot(), Slot(number()), number(), wall(), chance()};
    case 8: return HeartbeatAck{ballot(), Slot(number()), number(), wall()};
    case 9: return Fetch{slot()};
    case 10: return chosen();
    case 11: return Reconfigured{Epoch(positive()), Slot(number())};
    case 12: return Transfer{Epoch(positive()), Slot(number())};
    case 13: return standing();
    default: return StandingAck{standing(), chance()};
    }
}

EngineMessage CodecSamples::engineMessage(std::size_t kind)
{
    switch (kind) {
    case 0: {
        Request request;
        request.id = number();
        request.kind = static_cast<RequestKind>(1 + m_random.below(5));
        request.leaderRun = RunId(number());
        request.command = bytes(60);
        request.session = SessionId(positive());
        request.members = members();
        request.ifEpoch = Epoch(positive());
        request.target = NodeId(positive());
        return request;
    }
    case 1:
        return Reply{number(), static_cast<ReplyStatus>(1 + m_random.below(5)), Slot(number()),
                     bytes(60), text()};
    case 2:
        return StateReport{
            Slot(number()), {number(), number()}, std::uint32_t(positive()), number() % 2 == 0};
    case 3: return Probe{peers()};
    case 4: {
        const bool isEmpty = chance();
        return ProbeReply{peers(), text(), isEmpty, isEmpty ? Founding() : founding()};
    }
    case 5: return Found{founding(), chance()};
    case 6: return CheckpointOffer{number(), number(), Slot(number())};
    case 7: return CheckpointPull{number(), number()};
    default: return CheckpointChunk{number(), number(), bytes(60)};
    }
}

PeerFrame CodecSamples::frame(std::size_t kind)
{
    constexpr std::size_t first = std::variant_size_v<Message>;
    PeerFrame frame{ClusterId(number()), Epoch(number()),  NodeId(positive()),
                    RunId(positive()),   NodeId(number()), {}};
    if (kind < first)
        frame.body = message(kind);
    else
        frame.body = engineMessage(kind - first);
    return frame;
}

codec::Batch CodecSamples::batch()
{
    codec::Batch batch{wall(), {}};
    for (std::uint64_t left = m_random.below(7); left > 0; --left)
        batch.commands.push_back(bytes(30));
    return batch;
}

Record CodecSamples::record(std::size_t kind)
{
    switch (kind) {
    case 0: return PromiseRecord{chance() ? ballot() : Ballot{Epoch(number()), 0, NodeId()}};
    case 1: return VoteRecord{slot(), ballot(), entry()};
    case 2: return ChosenRecord{slot(), entry()};
    default: return ChosenUpToRecord{Slot(number())};
    }
}

Founding CodecSamples::founding() { return {ClusterId(positive()), members()}; }

Configuration CodecSamples::configuration() { return {Epoch(positive()), slot(), members()}; }

} // namespace coffer::engine
