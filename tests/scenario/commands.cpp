// SPDX-License-Identifier: Apache-2.0
#include "scenario/commands.h"

#include <QRegularExpression>

#include <algorithm>

namespace coffer::scenario {

using namespace consensus;

void Commands::error(const QString &what)
{
    m_stage.print("error: " + what + " in '" + m_line + '\'');
}

void Commands::run(const QString &line)
{
    m_line = line;
    m_words = line.split(' ', Qt::SkipEmptyParts);
    dispatch(m_words.takeFirst());
}

static NodeId nodeFrom(const QString &word) { return NodeId(word.toULongLong()); }

static std::vector<NodeId> nodesFrom(const QString &list)
{
    std::vector<NodeId> nodes;
    for (const QString &word : list.split(',', Qt::SkipEmptyParts))
        nodes.push_back(nodeFrom(word));
    return nodes;
}

/// "150ms" or "20s"; nothing when \a word is no time.
static std::optional<WallMs> timeFrom(const QString &word)
{
    static const QRegularExpression pattern("^([0-9]+)(ms|s)$");
    const auto match = pattern.match(word);
    if (!match.hasMatch())
        return std::nullopt;
    return WallMs(match.captured(1).toLongLong() * (match.captured(2) == "s" ? 1000 : 1));
}

NodeId Commands::node() const { return m_words.isEmpty() ? NodeId() : nodeFrom(m_words.front()); }

MemberSet Commands::members() const
{
    MemberSet members;
    for (const QString &word : m_words) {
        if (word.startsWith("voters="))
            members.voters = nodesFrom(word.section('=', 1));
        if (word.startsWith("observers="))
            members.observers = nodesFrom(word.section('=', 1));
    }
    return members;
}

Stage::Filter Commands::filter() const
{
    Stage::Filter filter;
    for (const QString &word : m_words) {
        if (!word.contains("->")) {
            filter.kind = word;
            continue;
        }
        for (NodeId node : nodesFrom(word.section("->", 0, 0)))
            filter.from.insert(node);
        for (NodeId node : nodesFrom(word.section("->", 1)))
            filter.to.insert(node);
    }
    return filter;
}

std::pair<NodeId, NodeId> Commands::link() const
{
    const QString word = m_words.value(0);
    return {nodeFrom(word.section("->", 0, 0)), nodeFrom(word.section("->", 1))};
}

void Commands::cluster()
{
    MemberSet set = members();
    const std::uint64_t count = m_words.value(0).toULongLong();
    for (std::uint64_t i = 1; i <= count; ++i)
        set.voters.push_back(NodeId(i));
    if (const char *fault = set.fault())
        error(fault);
    else
        m_stage.found(set);
}

void Commands::tick()
{
    std::vector<NodeId> nodes;
    for (const QString &word : m_words) {
        if (const auto time = timeFrom(word))
            m_stage.advance(*time);
        else
            nodes.push_back(nodeFrom(word));
    }
    for (NodeId node : nodes.empty() ? m_stage.nodes() : nodes)
        m_stage.step(node, Tick());
}

void Commands::propose(const Entry &entry)
{
    const Replica *replica = m_stage.replica(node());
    if (replica != nullptr && replica->canPropose())
        m_stage.step(node(), Propose{entry});
    else
        m_stage.print(m_words.front() + " cannot propose");
}

void Commands::autoSync()
{
    const bool isOn = m_words.last() == "on";
    for (NodeId node : m_stage.nodes()) {
        if (m_words.size() == 1 || node == this->node()) {
            m_stage.setAutoSync(node, isOn);
            if (isOn)
                m_stage.sync(node);
        }
    }
}

bool Commands::dispatchNetwork(const QString &verb)
{
    if (verb == "deliver")
        m_stage.deliver(filter());
    else if (verb == "drop")
        m_stage.drop(filter());
    else if (verb == "duplicate")
        m_stage.duplicate(filter());
    else if (verb == "reverse")
        m_stage.reverse(filter());
    else if (verb == "hold" || verb == "release")
        m_stage.setHeld(node(), verb == "hold");
    else if (verb == "cut" || verb == "heal")
        m_stage.setCut(node(), verb == "cut");
    else if (verb == "inflight")
        m_stage.printInFlight();
    else
        return false;
    return true;
}

bool Commands::dispatchNode(const QString &verb)
{
    if (verb == "elect")
        m_stage.elect(node());
    else if (verb == "propose")
        propose({EntryKind::commands, m_line.section('"', 1, 1).toUtf8(), {}});
    else if (verb == "reconfigure")
        propose({EntryKind::reconfigure, {}, members()});
    else if (verb == "read")
        m_stage.step(node(), ReadRequest{++m_reads});
    else if (verb == "transfer")
        m_stage.step(link().first, TransferTo{link().second});
    else if (verb == "sync")
        m_stage.sync(node(), m_words.size() > 1 ? m_words[1].toULongLong() : std::size_t(-1));
    else if (verb == "crash")
        m_stage.crash(node());
    else if (verb == "restart")
        m_stage.restart(node());
    else if (verb == "rollback")
        m_stage.rollBack(node(), m_words.value(1).toULongLong());
    else if (verb == "checkpoint")
        m_stage.makeCheckpoint(node());
    else if (verb == "install")
        m_stage.install(link().first, link().second);
    else if (verb == "stuck" || verb == "unstuck")
        m_stage.step(node(), DiskStuck{verb == "stuck"});
    else if (verb == "lost")
        m_stage.step(link().first, PeerLost{link().second});
    else if (verb == "skew")
        m_stage.setWallSkew(node(), timeFrom(m_words.value(1)).value_or(WallMs(0)));
    else if (verb == "log")
        m_stage.printLog(node());
    else
        return false;
    return true;
}

void Commands::dispatch(const QString &verb)
{
    if (verb == "cluster")
        return cluster();
    if (verb == "outsider")
        return m_stage.addOutsider(node());
    if (verb == "tick")
        return tick();
    if (verb == "autosync")
        return autoSync();
    if (verb == "status")
        return m_stage.printStatus();
    if (verb == "mute" || verb == "unmute")
        return m_stage.setMuted(verb == "mute");
    if (dispatchNetwork(verb))
        return;
    const std::vector<NodeId> nodes = m_stage.nodes();
    const NodeId one = m_words.value(0).contains("->") ? link().first : node();
    if (std::find(nodes.begin(), nodes.end(), one) == nodes.end())
        return error("there is no such node");
    if (!dispatchNode(verb))
        error("unknown command");
}

} // namespace coffer::scenario
