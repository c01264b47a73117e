// SPDX-License-Identifier: Apache-2.0
#include "engine/codec.h"
#include "sim/ledger.h"
#include "sim/timeline.h"

namespace coffer::sim {

namespace m = consensus;
namespace e = engine;

static QString number(Slot slot) { return QString::number(slot.value()); }

static QString kindText(m::EntryKind kind)
{
    switch (kind) {
    case m::EntryKind::noOp: return QStringLiteral("no-op");
    case m::EntryKind::leaderStart: return QStringLiteral("leader-start");
    case m::EntryKind::commands: return QStringLiteral("commands");
    case m::EntryKind::reconfigure: return QStringLiteral("reconfigure");
    }
    return QStringLiteral("?");
}

namespace {

/// One overload for each message.
struct Describer
{
    QString operator()(const m::PreVote &x) const { return "PreVote " + toText(x.ballot); }
    QString operator()(const m::PreVoteReply &x) const
    {
        return QStringLiteral("PreVoteReply %1 %2 (round at most %3)")
            .arg(toText(x.ballot))
            .arg(x.isGranted ? QStringLiteral("yes") : QStringLiteral("no"))
            .arg(x.roundMax);
    }
    QString operator()(const m::Prepare &x) const
    {
        return "Prepare " + toText(x.ballot) + " from " + number(x.from);
    }
    QString operator()(const m::Promise &x) const
    {
        QString text = QStringLiteral("Promise %1 from %2, chosen to %3, part %4/%5, votes")
                           .arg(toText(x.ballot), number(x.from), number(x.chosenUpTo))
                           .arg(x.chunk + 1)
                           .arg(x.chunks);
        for (const m::VoteReport &vote : x.votes)
            text += QStringLiteral(" %1@%2:%3")
                        .arg(number(vote.slot), toText(vote.ballot), kindText(vote.entry.kind));
        return text.left(300);
    }
    QString operator()(const m::Refusal &x) const
    {
        return "Refusal of " + toText(x.refused) + ", promised " + toText(x.promised);
    }
    QString operator()(const m::Accept &x) const
    {
        return QStringLiteral("Accept %1 slot %2 %3 (%4 bytes), chosen to %5")
            .arg(toText(x.ballot), number(x.slot), kindText(x.entry.kind))
            .arg(x.entry.body.size())
            .arg(number(x.chosenUpTo));
    }
    QString operator()(const m::Accepted &x) const
    {
        return "Accepted " + toText(x.ballot) + " to " + number(x.durableTo);
    }
    QString operator()(const m::Heartbeat &x) const
    {
        return QStringLiteral("Heartbeat %1 chosen to %2, read %3%4")
            .arg(toText(x.ballot), number(x.chosenUpTo))
            .arg(x.readSeq)
            .arg(x.isNews ? QStringLiteral(", news") : QString());
    }
    QString operator()(const m::HeartbeatAck &x) const
    {
        return QStringLiteral("HeartbeatAck %1 durable to %2, read %3")
            .arg(toText(x.ballot), number(x.durableTo))
            .arg(x.readSeq);
    }
    QString operator()(const m::Fetch &x) const { return "Fetch from " + number(x.from); }
    QString operator()(const m::Chosen &x) const
    {
        return QStringLiteral("Chosen from %1, %2 entries, knows to %3")
            .arg(number(x.from))
            .arg(x.entries.size())
            .arg(number(x.chosenUpTo));
    }
    QString operator()(const m::Reconfigured &x) const
    {
        return QStringLiteral("Reconfigured epoch %1, chosen to %2")
            .arg(x.epoch.value())
            .arg(number(x.chosenUpTo));
    }
    QString operator()(const m::Transfer &x) const
    {
        return QStringLiteral("Transfer epoch %1, chosen to %2")
            .arg(x.epoch.value())
            .arg(number(x.chosenUpTo));
    }
    QString operator()(const m::Standing &x) const
    {
        return "Standing " + toText(x.promised) + " to " + number(x.durableTo);
    }
    QString operator()(const m::StandingAck &x) const
    {
        return "StandingAck " + toText(x.checked.promised) + " to " + number(x.checked.durableTo)
               + (x.isBehind ? " BEHIND" : " fine");
    }
    QString operator()(const e::Request &x) const
    {
        return QStringLiteral("Request %1 kind %2").arg(x.id).arg(int(x.kind));
    }
    QString operator()(const e::Reply &x) const
    {
        return QStringLiteral("Reply %1 status %2 slot %3 %4")
            .arg(x.id)
            .arg(int(x.status))
            .arg(number(x.slot), x.message);
    }
    QString operator()(const e::StateReport &x) const
    {
        return "StateReport " + number(x.applied) + (x.isFenced ? " fenced" : "");
    }
    QString operator()(const e::Probe &x) const
    {
        return QStringLiteral("Probe (%1 peers)").arg(x.peers.size());
    }
    QString operator()(const e::ProbeReply &x) const
    {
        return "ProbeReply of " + x.address + (x.isEmpty ? " empty" : " member");
    }
    QString operator()(const e::Found &x) const
    {
        return x.isJoin ? QStringLiteral("Found (join)") : QStringLiteral("Found");
    }
    QString operator()(const e::CheckpointOffer &x) const
    {
        return QStringLiteral("CheckpointOffer %1, %2 bytes, applied %3")
            .arg(x.file)
            .arg(x.size)
            .arg(number(x.applied));
    }
    QString operator()(const e::CheckpointPull &x) const
    {
        return QStringLiteral("CheckpointPull %1 at %2").arg(x.file).arg(x.offset);
    }
    QString operator()(const e::CheckpointChunk &x) const
    {
        return QStringLiteral("CheckpointChunk %1 at %2, %3 bytes")
            .arg(x.file)
            .arg(x.offset)
            .arg(x.bytes.size());
    }
    template<class... Types>
    QString operator()(const std::variant<Types...> &message) const
    {
        return std::visit(*this, message);
    }
};

} // namespace

QString describeFrame(const QByteArray &frame)
{
    const Result<e::PeerFrame> decoded = e::codec::decodeFrame(frame);
    if (!decoded)
        return QStringLiteral("garbage");
    return QStringLiteral("[%1 to %2, epoch %3] ")
               .arg(toText(decoded->from), toText(decoded->to))
               .arg(decoded->epoch.value())
           + std::visit(Describer(), decoded->body);
}

} // namespace coffer::sim
