// SPDX-License-Identifier: Apache-2.0
#include "engine/leader_desk.h"

#include "base/limits.h"
#include "base/mutant.h"
#include "engine/codec.h"

#include <algorithm>
#include <utility>

namespace coffer::engine {

/// How many request ids of one peer are remembered.
static constexpr std::size_t seenMax = 8192;
/// How many runs of peers they are remembered for.
static constexpr std::size_t seenRunsMax = 256;
/// A change of members that takes longer than this is answered `unknown`.
static constexpr Monotonic changePatience{30'000'000};

LeaderDesk::LeaderDesk(Host &host, LocalReply localReply)
    : m_host(host), m_localReply(std::move(localReply)), m_clocks(host)
{}

void LeaderDesk::reply(const Asker &asker, ReplyStatus status, Slot slot, const QByteArray &answer,
                       const QString &message)
{
    const Reply reply{asker.id, status, slot, answer, message};
    if (asker.node == m_host.options().self)
        m_localReply(reply);
    else if (!asker.node.isNone())
        m_host.send(asker.node, reply);
}

/// True when this very request came before. A frame that the network repeats must not have its
/// command, which carries no session to tell it apart, proposed twice.
bool LeaderDesk::isRepeat(NodeId from, RunId run, std::uint64_t id)
{
    if (m_seen.size() >= seenRunsMax && !m_seen.contains({from, run}))
        m_seen.erase(
            std::min_element(m_seen.begin(), m_seen.end(), [](const auto &a, const auto &b) {
                return a.second.lastUsed < b.second.lastUsed;
            }));
    Seen &seen = m_seen[{from, run}];
    seen.lastUsed = ++m_seenCount;
    std::set<std::uint64_t> &ids = seen.ids;
    if (ids.size() >= seenMax && id < *ids.begin())
        return true;
    if (!ids.insert(id).second)
        return true;
    if (ids.size() > seenMax)
        ids.erase(ids.begin());
    return false;
}

void LeaderDesk::receive(NodeId from, RunId run, const Request &request)
{
    const Asker asker{from, request.id};
    const bool isOwn = from == m_host.options().self; // no network in between
    if (!isOwn && isRepeat(from, run, request.id))
        return;
    consensus::Replica *replica = m_host.replica();
    // A request is meant for one run. What an earlier run did with another copy of it is not known
    // here, so this is not "definitely not done".
    if (request.leaderRun != m_host.options().run) {
        reply(asker, ReplyStatus::unknown);
        return;
    }
    const bool isServing = replica != nullptr && replica->isServing();
    const bool isBlindKeepAlive = mutantIsOn(Mutant::keepAliveWithoutRound)
                                  && request.kind == RequestKind::keepAlive && replica != nullptr;
    if (!isServing && !isBlindKeepAlive) {
        reply(asker, ReplyStatus::notLeader);
        return;
    }
    checkBallot();
    switch (request.kind) {
    case RequestKind::command: addCommand(asker, request); break;
    case RequestKind::readIndex: addRead(asker, SessionId()); break;
    case RequestKind::keepAlive: addRead(asker, request.session); break;
    case RequestKind::reconfigure: reconfigure(asker, request); break;
    case RequestKind::transfer:
        if (!replica->configuration().members.isVoter(request.target)) {
            reply(asker, ReplyStatus::refused, Slot(), {},
                  QStringLiteral("only a voter can lead; see the member list"));
            break;
        }
        m_host.step(consensus::TransferTo{request.target});
        reply(asker, ReplyStatus::done, replica->chosenUpTo());
        break;
    }
}

void LeaderDesk::addCommand(const Asker &asker, const Request &request)
{
    const auto bytes = std::size_t(request.command.size());
    if (m_queue.size() >= limits::pendingCommandsMax
        || m_queueBytes + bytes > limits::pendingBytesMax) {
        reply(asker, ReplyStatus::busy);
        return;
    }
    if (const QString why = whyNotRaised(request.command); !why.isEmpty()) {
        reply(asker, ReplyStatus::refused, Slot(), {}, why);
        return;
    }
    m_queueBytes += bytes;
    m_queue.push_back({asker, request.command});
}

/// A new meaning of commands may be chosen only when every member can apply it: one that cannot
/// would have to stop.
QString LeaderDesk::whyNotRaised(const QByteArray &command) const
{
    const auto version = m_host.parts().machine.raisedVersion(command);
    if (!version)
        return {};
    const consensus::MemberSet &members = m_host.replica()->configuration().members;
    for (const auto *nodes : {&members.voters, &members.observers}) {
        for (const NodeId node : *nodes) {
            const std::uint32_t known = m_host.versionOf(node);
            if (known < *version)
                return QStringLiteral("node %1 %2; the apply version can be raised to %3 when all "
                                      "members run a build that knows it")
                    .arg(node.value(), 0, 16)
                    .arg(known == 0 ? QStringLiteral("has not said what its build knows")
                                    : QStringLiteral("knows apply version %1").arg(known))
                    .arg(*version);
        }
    }
    return {};
}

/// Once in a while: the command that is due is still due until it is applied.
void LeaderDesk::proposeUpkeep()
{
    if (m_host.now() < m_upkeepAt)
        return;
    m_upkeepAt = m_host.now() + m_host.options().upkeepEvery;
    if (const auto command = m_host.parts().machine.upkeepCommand()) {
        m_queueBytes += std::size_t(command->size());
        m_queue.push_back({Asker(), *command});
    }
}

void LeaderDesk::proposeBatch()
{
    consensus::Replica *replica = m_host.replica();
    if (m_queue.empty() || replica == nullptr || !replica->canPropose())
        return;
    codec::Batch batch;
    batch.stamp = m_host.parts().clock.wall();
    std::vector<Asker> askers;
    std::size_t bytes = 0;
    while (!m_queue.empty() && batch.commands.size() < limits::batchCommandsMax) {
        Waiting &next = m_queue.front();
        bytes += std::size_t(next.command.size());
        if (!batch.commands.empty() && bytes > limits::batchBytesMax)
            break;
        m_queueBytes -= std::size_t(next.command.size());
        askers.push_back(next.asker);
        batch.commands.push_back(std::move(next.command));
        m_queue.pop_front();
    }
    const Slot slot = replica->lastSlot().next();
    m_slots.emplace(slot, std::move(askers));
    m_host.step(
        consensus::Propose{{consensus::EntryKind::commands, codec::encodeBatch(batch), {}}});
}

void LeaderDesk::applied(Slot slot, const std::vector<QByteArray> &answers)
{
    const auto found = m_slots.find(slot);
    if (found == m_slots.end())
        return;
    const std::vector<Asker> askers = std::move(found->second);
    m_slots.erase(found);
    for (std::size_t i = 0; i < askers.size() && i < answers.size(); ++i)
        reply(askers[i], ReplyStatus::done, slot, answers[i]);
}

void LeaderDesk::addRead(const Asker &asker, SessionId session)
{
    if (!session.isNone() && !m_clocks.renew(session)) {
        reply(asker, ReplyStatus::refused, Slot(), {},
              QStringLiteral("the session has ended; open a new one"));
        return;
    }
    if (!session.isNone() && mutantIsOn(Mutant::keepAliveWithoutRound)) {
        reply(asker, ReplyStatus::done);
        return;
    }
    if (m_reads.size() >= limits::pendingReadsMax) {
        reply(asker, ReplyStatus::busy);
        return;
    }
    const std::uint64_t read = ++m_nextRead;
    m_reads.emplace(read, ReadIndexAsk{asker, session});
    m_host.step(consensus::ReadRequest{read});
}

void LeaderDesk::readsReady(const consensus::Effects::ReadsReady &ready)
{
    for (std::uint64_t read : ready.reads) {
        const auto found = m_reads.find(read);
        if (found == m_reads.end())
            continue;
        const ReadIndexAsk ask = found->second;
        m_reads.erase(found);
        const bool isGone = !ask.session.isNone()
                            && (m_clocks.isEnding(ask.session)
                                || !m_host.parts().machine.timeToLiveOf(ask.session));
        if (isGone)
            reply(ask.asker, ReplyStatus::refused, Slot(), {},
                  QStringLiteral("the session has ended; open a new one"));
        else
            reply(ask.asker, ReplyStatus::done, ready.index);
    }
}

void LeaderDesk::readsLost(const std::vector<std::uint64_t> &reads)
{
    for (std::uint64_t read : reads) {
        const auto found = m_reads.find(read);
        if (found == m_reads.end())
            continue;
        const Asker asker = found->second.asker;
        m_reads.erase(found);
        reply(asker, ReplyStatus::notLeader);
    }
}

/// Empty when the change may begin, else why not and what to do.
QString LeaderDesk::whyNot(const Request &request) const
{
    consensus::Replica *replica = m_host.replica();
    const consensus::Configuration &now = replica->configuration();
    if (m_change || replica->hasStop())
        return QStringLiteral("another change of members is under way; wait for it to end");
    if (request.ifEpoch != now.epoch)
        return QStringLiteral("the members have changed meanwhile (epoch %1, expected %2); look "
                              "at them again")
            .arg(now.epoch.value())
            .arg(request.ifEpoch.value());
    if (const char *fault = request.members.fault())
        return QString::fromLatin1(fault);
    std::size_t live = 0;
    for (NodeId node : request.members.voters) {
        const bool isUpToDate = replica->isUpToDate(node);
        live += isUpToDate ? 1 : 0;
        if (!isUpToDate && !now.members.isVoter(node))
            return QStringLiteral("node %1 cannot become a voter yet: add it as an observer and "
                                  "wait until it has caught up")
                .arg(node.value(), 16, 16, QLatin1Char('0'));
        if (m_host.isFenced(node) && !now.members.isVoter(node))
            return QStringLiteral("node %1 is fenced and would never vote: wipe its data directory "
                                  "and add the new id")
                .arg(node.value(), 16, 16, QLatin1Char('0'));
    }
    if (live < request.members.quorum())
        return QStringLiteral("only %1 of the new voters are reachable and up to date, %2 are "
                              "needed")
            .arg(live)
            .arg(request.members.quorum());
    return {};
}

void LeaderDesk::reconfigure(const Asker &asker, const Request &request)
{
    QString fault = whyNot(request);
    consensus::Replica *replica = m_host.replica();
    if (fault.isEmpty() && !replica->canPropose())
        fault = QStringLiteral("the leader has too much unfinished work; try again in a moment");
    if (!fault.isEmpty()) {
        reply(asker, ReplyStatus::refused, Slot(), {}, fault);
        return;
    }
    m_change = Change{asker, replica->lastSlot().next(), request.members, Epoch(),
                      m_host.now() + changePatience};
    m_host.step(consensus::Propose{{consensus::EntryKind::reconfigure, {}, request.members}});
}

void LeaderDesk::appliedReconfigure(Slot slot, const consensus::MemberSet &members, Epoch next)
{
    if (!m_change || m_change->slot != slot)
        return;
    if (m_change->members != members) {
        reply(m_change->asker, ReplyStatus::unknown);
        m_change.reset();
        return;
    }
    m_change->target = next;
}

void LeaderDesk::checkBallot()
{
    consensus::Replica *replica = m_host.replica();
    const Ballot ballot = replica == nullptr ? Ballot() : replica->leading();
    if (ballot == m_ballot)
        return;
    m_ballot = ballot;
    m_clocks.stop();
    for (const auto &[slot, askers] : std::exchange(m_slots, {})) {
        for (const Asker &asker : askers)
            reply(asker, ReplyStatus::unknown);
    }
    m_queueBytes = 0;
    for (const Waiting &waiting : std::exchange(m_queue, {}))
        reply(waiting.asker, ReplyStatus::notLeader);
    // A change survives: its own success ends the ballot. Another value in its slot is noticed
    // when that is applied.
}

void LeaderDesk::tick()
{
    checkBallot();
    consensus::Replica *replica = m_host.replica();
    if (replica == nullptr)
        return;
    if (m_change) {
        const bool isDone = !m_change->target.isNone()
                            && (replica->configuration().epoch > m_change->target
                                || (replica->configuration().epoch == m_change->target
                                    && replica->isEpochSettled()));
        const bool isLost =
            m_change->target.isNone() && replica->configuration().firstSlot > m_change->slot;
        if (isDone || isLost || m_host.now() >= m_change->deadline) {
            const Change change = *m_change;
            m_change.reset();
            reply(change.asker, isDone ? ReplyStatus::done : ReplyStatus::unknown, change.slot);
        }
    }
    if (!replica->isServing())
        return;
    for (const QByteArray &command : m_clocks.advance(replica->tenure())) {
        m_queueBytes += std::size_t(command.size());
        m_queue.push_back({Asker(), command});
    }
    proposeUpkeep();
}

} // namespace coffer::engine
