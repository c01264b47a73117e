// SPDX-License-Identifier: Apache-2.0
#include "scenario/describe.h"

#include <QStringList>

namespace coffer::scenario {

using namespace consensus;

QString text(NodeId node) { return QString::number(node.value()); }

QString text(Slot slot) { return QString::number(slot.value()); }

QString text(const Ballot &ballot)
{
    if (ballot.isNone())
        return "none";
    return QString("%1.%2.%3").arg(ballot.epoch.value()).arg(ballot.round).arg(ballot.node.value());
}

QString text(const std::vector<NodeId> &nodes)
{
    QStringList names;
    for (NodeId node : nodes)
        names << text(node);
    return names.join(',');
}

QString text(const MemberSet &members)
{
    QString line = "voters=" + text(members.voters);
    if (!members.observers.empty())
        line += " observers=" + text(members.observers);
    return line;
}

QString text(const Entry &entry)
{
    switch (entry.kind) {
    case EntryKind::noOp: return "noOp";
    case EntryKind::leaderStart: return "leaderStart";
    case EntryKind::commands: return '"' + QString::fromUtf8(entry.body) + '"';
    case EntryKind::reconfigure: return "reconfigure " + text(entry.members);
    }
    return "?";
}

namespace {

QString ballotField(const Ballot &ballot) { return " b=" + text(ballot); }

QString slotField(const char *name, Slot slot) { return QString(" %1=%2").arg(name, text(slot)); }

QString readField(std::uint64_t sequence)
{
    return sequence == 0 ? QString() : QString(" read=%1").arg(sequence);
}

QString epochField(Epoch epoch) { return QString(" epoch=%1").arg(epoch.value()); }

QString standingFields(const Standing &standing)
{
    return QString(" promised=%1").arg(text(standing.promised))
           + slotField("durable", standing.durableTo);
}

struct Describe
{
    QString operator()(const PreVote &m) const { return "PreVote" + ballotField(m.ballot); }
    QString operator()(const PreVoteReply &m) const
    {
        return "PreVoteReply" + ballotField(m.ballot) + (m.isGranted ? " granted" : " refused")
               + QString(" round=%1").arg(m.roundMax);
    }
    QString operator()(const Prepare &m) const
    {
        return "Prepare" + ballotField(m.ballot) + slotField("from", m.from);
    }
    QString operator()(const Promise &m) const
    {
        QString line = "Promise" + ballotField(m.ballot) + slotField("from", m.from)
                       + slotField("chosen", m.chosenUpTo);
        if (m.chunks != 1)
            line += QString(" chunk=%1/%2").arg(m.chunk + 1).arg(m.chunks);
        QStringList votes;
        for (const VoteReport &vote : m.votes)
            votes << text(vote.slot) + '@' + text(vote.ballot) + ' ' + text(vote.entry);
        return votes.isEmpty() ? line : line + " votes: " + votes.join("; ");
    }
    QString operator()(const Refusal &m) const
    {
        return "Refusal" + ballotField(m.refused) + " promised=" + text(m.promised);
    }
    QString operator()(const Accept &m) const
    {
        return "Accept" + ballotField(m.ballot) + slotField("slot", m.slot) + ' ' + text(m.entry)
               + slotField("chosen", m.chosenUpTo);
    }
    QString operator()(const Accepted &m) const
    {
        return "Accepted" + ballotField(m.ballot) + slotField("durable", m.durableTo);
    }
    QString operator()(const Heartbeat &m) const
    {
        return "Heartbeat" + ballotField(m.ballot) + slotField("chosen", m.chosenUpTo)
               + readField(m.readSeq) + (m.isNews ? " news" : "");
    }
    QString operator()(const HeartbeatAck &m) const
    {
        return "HeartbeatAck" + ballotField(m.ballot) + slotField("durable", m.durableTo)
               + readField(m.readSeq);
    }
    QString operator()(const Fetch &m) const { return "Fetch" + slotField("from", m.from); }
    QString operator()(const Chosen &m) const
    {
        QStringList entries;
        for (const Entry &entry : m.entries)
            entries << text(entry);
        return "Chosen" + slotField("from", m.from) + slotField("chosen", m.chosenUpTo)
               + " entries: " + entries.join("; ");
    }
    QString operator()(const Reconfigured &m) const
    {
        return "Reconfigured" + epochField(m.epoch) + slotField("chosen", m.chosenUpTo);
    }
    QString operator()(const Transfer &m) const
    {
        return "Transfer" + epochField(m.epoch) + slotField("chosen", m.chosenUpTo);
    }
    QString operator()(const Standing &m) const { return "Standing" + standingFields(m); }
    QString operator()(const StandingAck &m) const
    {
        return "StandingAck" + standingFields(m.checked) + (m.isBehind ? " behind" : " agreed");
    }

    QString operator()(const PromiseRecord &r) const { return "promise " + text(r.ballot); }
    QString operator()(const VoteRecord &r) const
    {
        return "vote " + text(r.slot) + '@' + text(r.ballot) + ' ' + text(r.entry);
    }
    QString operator()(const ChosenRecord &r) const
    {
        return "chosen " + text(r.slot) + ' ' + text(r.entry);
    }
    QString operator()(const ChosenUpToRecord &r) const { return "chosenUpTo " + text(r.slot); }
};

} // namespace

QString text(const Message &message) { return std::visit(Describe(), message); }

QString text(const Record &record) { return std::visit(Describe(), record); }

QString kindOf(const Message &message) { return text(message).section(' ', 0, 0); }

} // namespace coffer::scenario
