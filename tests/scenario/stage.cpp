// SPDX-License-Identifier: Apache-2.0
#include "scenario/stage.h"

#include "scenario/describe.h"

#include <algorithm>

namespace coffer::scenario {

using namespace consensus;

/// More messages than any sensible scenario needs: it never falls quiet.
static constexpr int deliveriesMax = 10'000;

void Stage::print(const QString &line)
{
    if (!m_isMuted)
        m_transcript << line;
}

std::vector<NodeId> Stage::nodes() const
{
    std::vector<NodeId> nodes;
    for (const auto &[node, actor] : m_actors)
        nodes.push_back(node);
    return nodes;
}

const Replica *Stage::replica(NodeId node) const
{
    const auto found = m_actors.find(node);
    return found == m_actors.end() ? nullptr : found->second.replica.get();
}

void Stage::found(const MemberSet &members)
{
    m_founding = {Epoch(1), Slot(1), members};
    std::vector<NodeId> all = members.voters;
    all.insert(all.end(), members.observers.begin(), members.observers.end());
    for (NodeId node : all)
        addOutsider(node);
}

void Stage::addOutsider(NodeId node)
{
    m_actors[node].configuration = m_founding;
    m_actors[node].role.configuration = m_founding;
    start(node);
}

Moment Stage::moment(const Actor &actor) const
{
    const auto wall = std::chrono::duration_cast<WallMs>(m_now) + actor.skew;
    return {m_now, wall};
}

void Stage::start(NodeId node)
{
    Actor &actor = m_actors.at(node);
    const bool isRestart = actor.runs > 0;
    ++actor.runs;
    Replica::Origin origin;
    origin.self = node;
    origin.run = RunId(actor.runs);
    origin.configuration = actor.configuration;
    origin.base = actor.base;
    origin.seed = node.value() * 100 + actor.runs;
    actor.replica = std::make_unique<Replica>(std::move(origin));
    actor.applied = actor.base;
    actor.role = {Ballot(), false, NodeId(), actor.configuration};
    if (actor.isFenced)
        actor.replica->setFenced();
    for (const Record &record : actor.durable) {
        if (const Result<void> replayed = actor.replica->replay(record); !replayed)
            print("error: " + replayed.error().message);
    }
    carryOut(node, actor.replica->start(moment(actor), isRestart));
}

void Stage::step(NodeId node, const Event &event)
{
    Actor &actor = m_actors.at(node);
    if (actor.replica)
        carryOut(node, actor.replica->step(event, moment(actor)));
}

void Stage::carryOut(NodeId node, Effects effects)
{
    Actor &actor = m_actors.at(node);
    if (effects.hasBecomeFenced) {
        actor.isFenced = true;
        print(text(node) + " is fenced");
    }
    apply(node, effects.chosen);
    printRole(node);
    for (const auto &ready : effects.reads) {
        for (std::uint64_t read : ready.reads)
            print(
                QString("%1 read %2 ready at %3").arg(text(node)).arg(read).arg(text(ready.index)));
    }
    for (std::uint64_t read : effects.readsLost)
        print(QString("%1 read %2 lost").arg(text(node)).arg(read));
    for (NodeId asker : effects.checkpointFor)
        print(QString("%1 owes %2 a checkpoint").arg(text(node), text(asker)));
    post(node, effects.now);
    if (!effects.writes.empty()) {
        QStringList records;
        for (const Record &record : effects.writes)
            records << text(record);
        print(text(node) + " writes " + records.join("; "));
        actor.writing.push_back({std::move(effects.writes), effects.mark, {}});
    }
    if (actor.writing.empty()) {
        post(node, effects.afterWrites);
    } else {
        if (!actor.isAutoSync)
            printSent("holds", node, effects.afterWrites);
        auto &held = actor.writing.back().held;
        held.insert(held.end(), effects.afterWrites.begin(), effects.afterWrites.end());
    }
    if (actor.isAutoSync)
        sync(node);
}

void Stage::sync(NodeId node, std::size_t writes)
{
    Actor &actor = m_actors.at(node);
    for (std::size_t left = std::min(writes, actor.writing.size());
         left > 0 && !actor.writing.empty(); --left) {
        const Writing writing = std::move(actor.writing.front());
        actor.writing.pop_front();
        actor.durable.insert(actor.durable.end(), writing.records.begin(), writing.records.end());
        post(node, writing.held);
        step(node, Written{writing.mark});
    }
}

void Stage::apply(NodeId node, const std::vector<ChosenEntry> &chosen)
{
    Actor &actor = m_actors.at(node);
    QStringList entries;
    for (const ChosenEntry &entry : chosen) {
        m_judge.apply(node, actor.applied, entry);
        actor.applied = entry.slot;
        entries << text(entry.slot) + ' ' + text(entry.entry);
    }
    if (!entries.isEmpty())
        print(text(node) + " learns " + entries.join("; "));
}

void Stage::printRole(NodeId node)
{
    Actor &actor = m_actors.at(node);
    const Replica &replica = *actor.replica;
    const Role before = actor.role;
    const NodeId leader = replica.leader();
    actor.role = {replica.leading(), replica.isServing(), leader, replica.configuration()};
    const Role &role = actor.role;
    if (role.configuration != before.configuration)
        print(QString("%1 enters epoch %2: %3")
                  .arg(text(node))
                  .arg(role.configuration.epoch.value())
                  .arg(text(role.configuration.members)));
    if (role.leading != before.leading) {
        print(text(node)
              + (role.leading.isNone() ? " steps down" : " leads b=" + text(role.leading)));
    }
    if (role.isServing && !before.isServing)
        print(text(node) + " serves");
    if (leader != before.leader && leader != node && !leader.isNone())
        print(text(node) + " follows " + text(leader));
}

/// Equal messages to several nodes are one line: "1->2,3 Prepare b=1.1.1 from=1".
void Stage::printSent(const char *verb, NodeId from, const std::vector<Outgoing> &messages)
{
    const QString prefix =
        verb == nullptr ? text(from) : text(from) + ' ' + verb + ' ' + text(from);
    for (std::size_t i = 0; i < messages.size();) {
        const QString words = text(messages[i].message);
        std::vector<NodeId> receivers;
        for (; i < messages.size() && text(messages[i].message) == words; ++i)
            receivers.push_back(messages[i].to);
        print(prefix + "->" + text(receivers) + ' ' + words);
    }
}

void Stage::post(NodeId from, const std::vector<Outgoing> &messages)
{
    printSent(nullptr, from, messages);
    const Actor &sender = m_actors.at(from);
    for (const Outgoing &outgoing : messages) {
        m_judge.leave(from, outgoing.message, {sender.base, sender.durable});
        if (!m_cut.contains(from) && !m_cut.contains(outgoing.to))
            m_flying.push_back({from, outgoing, RunId(m_actors.at(from).runs)});
    }
}

void Stage::crash(NodeId node)
{
    m_actors.at(node).replica.reset();
    m_actors.at(node).writing.clear();
}

void Stage::restart(NodeId node)
{
    crash(node);
    start(node);
}

void Stage::rollBack(NodeId node, std::size_t records)
{
    auto &durable = m_actors.at(node).durable;
    for (; records > 0 && !durable.empty(); --records) {
        print(text(node) + " loses " + text(durable.back()));
        durable.pop_back();
    }
}

void Stage::makeCheckpoint(NodeId node)
{
    Actor &actor = m_actors.at(node);
    actor.base = actor.replica->chosenUpTo();
    actor.configuration = actor.replica->configuration();
    print(QString("%1 holds a checkpoint of %2").arg(text(node), text(actor.base)));
    step(node, Forget{actor.base});
}

void Stage::install(NodeId source, NodeId target)
{
    const Slot slot = m_actors.at(source).base;
    const Configuration configuration = m_actors.at(source).configuration;
    Actor &actor = m_actors.at(target);
    if (slot <= actor.applied)
        return;
    actor.base = slot;
    actor.configuration = configuration;
    actor.applied = slot;
    print(QString("%1 installs the checkpoint of %2").arg(text(target), text(slot)));
    step(target, Installed{slot, configuration});
}

void Stage::elect(NodeId node)
{
    const bool wasMuted = m_isMuted;
    m_isMuted = true;
    advance(Monotonic(300'000));
    step(node, Tick());
    deliver({});
    m_isMuted = wasMuted;
    const Replica *leader = replica(node);
    if (leader != nullptr && leader->isServing())
        print(text(node) + " serves b=" + text(leader->leading()));
    else
        print("error: " + text(node) + " was not elected");
}

void Stage::printStatus()
{
    for (const auto &[node, actor] : m_actors) {
        if (!actor.replica) {
            print(text(node) + " is down");
            continue;
        }
        const Replica &replica = *actor.replica;
        QString line = text(node);
        if (!replica.leading().isNone())
            line += replica.isServing() ? " serves" : " leads";
        else if (replica.isFenced())
            line += " fenced";
        else if (!replica.configuration().members.isMember(node))
            line += " outside";
        else
            line += " follows " + (replica.leader().isNone() ? "nobody" : text(replica.leader()));
        line += QString(" epoch=%1").arg(replica.configuration().epoch.value());
        line += " promised=" + text(replica.promised()) + " chosen=" + text(replica.chosenUpTo())
                + " log=" + text(replica.log().last());
        print(line);
    }
}

void Stage::printLog(NodeId node)
{
    const Replica *shown = replica(node);
    if (shown == nullptr)
        return;
    const Log &log = shown->log();
    for (Slot slot = log.first(); slot <= log.last(); slot = slot.next()) {
        const Log::Item &item = log.at(slot);
        const bool isChosen = slot <= shown->chosenUpTo();
        print(
            QString("%1 b=%2 %3%4")
                .arg(text(slot), text(item.ballot), text(item.entry), isChosen ? " (chosen)" : ""));
    }
}

// ---- the network

void Stage::setHeld(NodeId node, bool isHeld)
{
    if (isHeld)
        m_held.insert(node);
    else
        m_held.erase(node);
}

void Stage::setCut(NodeId node, bool isCut)
{
    if (isCut) {
        m_cut.insert(node);
        std::erase_if(m_flying, [&](const Flying &flying) {
            return flying.from == node || flying.outgoing.to == node;
        });
    } else {
        m_cut.erase(node);
    }
}

bool Stage::isStuck(const Flying &flying) const
{
    return m_held.contains(flying.from) || m_held.contains(flying.outgoing.to);
}

bool Stage::matches(const Filter &filter, const Flying &flying)
{
    return (filter.from.empty() || filter.from.contains(flying.from))
           && (filter.to.empty() || filter.to.contains(flying.outgoing.to))
           && (filter.kind.isEmpty() || filter.kind == kindOf(flying.outgoing.message));
}

std::optional<Stage::Flying> Stage::take(const Filter &filter, std::size_t &among)
{
    for (std::size_t i = 0; i < std::min(among, m_flying.size()); ++i) {
        if (isStuck(m_flying[i]) || !matches(filter, m_flying[i]))
            continue;
        Flying taken = std::move(m_flying[i]);
        m_flying.erase(m_flying.begin() + std::ptrdiff_t(i));
        --among;
        return taken;
    }
    return std::nullopt;
}

void Stage::deliver(const Filter &filter)
{
    const bool isAll = filter.from.empty() && filter.to.empty() && filter.kind.isEmpty();
    std::size_t among = isAll ? std::size_t(-1) : m_flying.size();
    for (int i = 0; i < deliveriesMax; ++i) {
        const auto flying = take(filter, among);
        if (!flying)
            return;
        if (!m_actors.contains(flying->outgoing.to))
            continue;
        step(flying->outgoing.to, PeerMessage{flying->from, flying->outgoing.message, flying->run});
    }
    print("error: the network never falls quiet");
}

void Stage::drop(const Filter &filter)
{
    for (auto it = m_flying.begin(); it != m_flying.end();) {
        if (!matches(filter, *it)) {
            ++it;
            continue;
        }
        printSent("loses", it->from, {it->outgoing});
        it = m_flying.erase(it);
    }
}

void Stage::duplicate(const Filter &filter)
{
    std::vector<Flying> copies;
    std::copy_if(m_flying.begin(), m_flying.end(), std::back_inserter(copies),
                 [&](const Flying &flying) { return matches(filter, flying); });
    m_flying.insert(m_flying.end(), copies.begin(), copies.end());
}

void Stage::reverse(const Filter &filter)
{
    const auto begin =
        std::stable_partition(m_flying.begin(), m_flying.end(),
                              [&](const Flying &flying) { return !matches(filter, flying); });
    std::reverse(begin, m_flying.end());
}

void Stage::printInFlight()
{
    for (const Flying &flying : m_flying)
        printSent(nullptr, flying.from, {flying.outgoing});
}

} // namespace coffer::scenario
