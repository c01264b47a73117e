// SPDX-License-Identifier: Apache-2.0
#include "engine/core_p.h"

#include "base/check.h"
#include "base/mutant.h"
#include "engine/apply_entry.h"
#include "engine/codec.h"

#include <algorithm>
#include <utility>

// What passes between consensus and the world. core_start.cpp: restart and founding.

namespace coffer::engine {

Engine::Core::Core(Options options, Parts parts, Fatal fatal)
    : m_options(std::move(options))
    , m_parts(parts)
    , m_fatal(std::move(fatal))
    , m_writer(*this)
    , m_bootstrap(*this, [this](const Founding &founding) { belongTo(founding); })
    , m_checkpointer(
          *this, m_writer, [this] { return liveRecords(); },
          [this](Slot slot, const consensus::Configuration &configuration) {
              m_appliedConfiguration = configuration;
              m_reports.applied(slot, m_parts.machine.hash());
              step(consensus::Installed{slot, configuration});
          })
    , m_requests(*this,
                 [this](const Request &request) {
                     m_desk.receive(m_options.self, m_options.run, request);
                 })
    , m_desk(*this, [this](const Reply &reply) { m_localReplies.push_back(reply); })
    , m_reads(*this,
              [this](Done done) {
                  Request request;
                  request.kind = RequestKind::readIndex;
                  m_requests.add(std::move(request), true, std::move(done));
                  m_requests.flush();
              })
    , m_reports(*this, [this](Slot slot) { fenceDiverged(slot); })
{}

consensus::Moment Engine::Core::moment() const
{
    return {m_parts.clock.monotonic(), m_parts.clock.wall()};
}

ClusterId Engine::Core::cluster() const
{
    return m_bootstrap.founding() ? m_bootstrap.founding()->cluster : ClusterId();
}

RunId Engine::Core::runOf(NodeId node) const
{
    const auto found = m_runs.find(node);
    return found == m_runs.end() ? RunId() : found->second;
}

// ---- frames

PeerFrame Engine::Core::frame(NodeId to) const
{
    PeerFrame frame;
    frame.cluster = cluster();
    frame.epoch = m_replica ? m_replica->configuration().epoch : Epoch();
    frame.from = m_options.self;
    frame.run = m_options.run;
    frame.to = to;
    return frame;
}

void Engine::Core::send(NodeId to, EngineMessage message)
{
    if (m_isFailed || m_isMute || to.isNone())
        return;
    PeerFrame out = frame(to);
    out.body = std::move(message);
    m_parts.transport.send(to, codec::encodeFrame(out));
}

void Engine::Core::send(NodeId to, consensus::Message message)
{
    if (m_isFailed || m_isMute || to.isNone())
        return;
    PeerFrame out = frame(to);
    out.body = std::move(message);
    m_parts.transport.send(to, codec::encodeFrame(out));
}

void Engine::Core::sendToAddress(const QString &address, EngineMessage message)
{
    if (m_isFailed || m_isMute)
        return;
    PeerFrame out = frame(NodeId());
    out.body = std::move(message);
    m_parts.transport.sendToAddress(address, codec::encodeFrame(out));
}

void Engine::Core::receive(const QByteArray &bytes)
{
    if (m_isFailed || m_isMute)
        return;
    if (auto frame = codec::decodeFrame(bytes))
        receiveFrame(*frame);
    else
        ++m_framesRefused;
}

void Engine::Core::receiveFrame(const PeerFrame &frame)
{
    const bool isForUs = frame.to.isNone() || frame.to == m_options.self;
    if (!isForUs || frame.from == m_options.self)
        return;
    const auto *engineMessage = std::get_if<EngineMessage>(&frame.body);
    const bool isFounding = engineMessage != nullptr
                            && (std::holds_alternative<Probe>(*engineMessage)
                                || std::holds_alternative<ProbeReply>(*engineMessage)
                                || std::holds_alternative<Found>(*engineMessage));
    if (isFounding) {
        receiveEngine(frame, *engineMessage);
        return;
    }
    // Everything else is between members of one cluster, and waits until consensus runs here.
    if (!m_replica || frame.cluster != cluster()) {
        m_framesRefused += m_replica ? 1 : 0;
        return;
    }
    m_runs[frame.from] = frame.run;
    if (engineMessage != nullptr)
        receiveEngine(frame, *engineMessage);
    else
        step(consensus::PeerMessage{frame.from, std::get<consensus::Message>(frame.body),
                                    frame.run});
}

void Engine::Core::receiveEngine(const PeerFrame &frame, const EngineMessage &message)
{
    if (const auto *request = std::get_if<Request>(&message))
        m_desk.receive(frame.from, frame.run, *request);
    else if (const auto *reply = std::get_if<Reply>(&message))
        m_requests.receive(frame.from, *reply);
    else if (const auto *probe = std::get_if<Probe>(&message))
        m_bootstrap.receive(frame.from, *probe);
    else if (const auto *probeReply = std::get_if<ProbeReply>(&message))
        m_bootstrap.receive(frame.from, *probeReply);
    else if (const auto *found = std::get_if<Found>(&message))
        m_bootstrap.receive(frame.from, *found);
    else if (const auto *offer = std::get_if<CheckpointOffer>(&message))
        m_checkpointer.receive(frame.from, *offer);
    else if (const auto *pull = std::get_if<CheckpointPull>(&message))
        m_checkpointer.receive(frame.from, *pull);
    else if (const auto *chunk = std::get_if<CheckpointChunk>(&message))
        m_checkpointer.receive(frame.from, *chunk);
    else if (const auto *report = std::get_if<StateReport>(&message))
        m_reports.receive(frame.from, *report);
}

// ---- effects

void Engine::Core::step(const consensus::Event &event)
{
    if (!m_replica || m_isFailed)
        return;
    carryOut(m_replica->step(event, moment()));
    m_desk.checkBallot();
}

void Engine::Core::carryOut(consensus::Effects effects)
{
    for (consensus::Outgoing &outgoing : effects.now)
        send(outgoing.to, std::move(outgoing.message));

    std::vector<storage::JournalRecord> records;
    for (const consensus::Record &record : effects.writes)
        records.push_back(codec::toJournal(record));
    if (effects.hasBecomeFenced) {
        m_fenced = storage::JournalRecord{storage::RecordKind::fenced, Slot(), Ballot(), {}};
        records.push_back(*m_fenced);
    }
    if (!records.empty())
        m_writer.write(std::move(records), effects.mark);
    for (consensus::Outgoing &outgoing : effects.afterWrites)
        m_writer.hold(outgoing.to, std::move(outgoing.message));

    if (mutantIsOn(Mutant::applyOutOfOrder) && effects.chosen.size() > 1)
        std::swap(effects.chosen[0], effects.chosen[1]);
    for (const consensus::ChosenEntry &chosen : effects.chosen) {
        if (!m_isFailed)
            apply(chosen);
    }
    m_desk.readsLost(effects.readsLost);
    for (const consensus::Effects::ReadsReady &ready : effects.reads)
        m_desk.readsReady(ready);
    for (NodeId peer : effects.checkpointFor)
        m_checkpointer.wantedBy(peer);
}

void Engine::Core::apply(const consensus::ChosenEntry &chosen)
{
    StateMachine &machine = m_parts.machine;
    if (chosen.slot <= machine.applied())
        return; // the checkpoint was ahead of what the journal says
    COFFER_CHECK(chosen.slot == machine.applied().next() || mutantIsOn(Mutant::applyOutOfOrder),
                 "a slot is applied out of order");
    const consensus::Entry &entry = chosen.entry;
    m_checkpointer.beforeApply(std::size_t(entry.body.size()), m_appliedConfiguration);
    const auto answers = applyEntry(machine, chosen.slot, entry);
    if (entry.kind == consensus::EntryKind::commands) {
        if (machine.needsNewerBuild()) {
            m_isMute = true;
            fail(Error{ErrorCode::refused,
                       QStringLiteral("slot %1 needs a newer build of this program than this one; "
                                      "install the version that the other members run")
                           .arg(chosen.slot.value())});
            return;
        }
        m_desk.applied(chosen.slot, answers);
    }
    if (entry.kind == consensus::EntryKind::reconfigure) {
        m_appliedConfiguration = {m_appliedConfiguration.epoch.next(), chosen.slot.next(),
                                  entry.members};
        m_desk.appliedReconfigure(chosen.slot, entry.members, m_appliedConfiguration.epoch);
    }
    const Hash128 hash = machine.hash();
    m_reports.applied(chosen.slot, hash);
    if (m_appliedHook)
        m_appliedHook(chosen.slot, entry, hash);
}

/// The votes of this node are right, but nothing that it would say of its state: it says that it is
/// fenced, falls silent at once, and ends when the journal says why, so that the next start cannot
/// serve the wrong state.
void Engine::Core::fenceDiverged(Slot slot)
{
    m_replica->setFenced();
    m_reports.sayNow();
    m_isMute = true;
    m_endAt = now() + std::chrono::seconds(1);
    const QString why =
        QStringLiteral("differs from that of a majority at slot %1").arg(slot.value());
    m_end = Error{ErrorCode::corrupt,
                  QStringLiteral("the state of this node %1; replace the node").arg(why)};
    m_fenced = storage::JournalRecord{storage::RecordKind::fenced, Slot(), Ballot(), why.toUtf8()};
    m_writer.write({*m_fenced}, 0);
    m_writer.whenDurable([this] { fail(*m_end); });
}

void Engine::Core::run(Lane lane, Executor::Work work, Executor::Done done)
{
    m_parts.executor.run(lane, std::move(work),
                         [this, done = std::move(done)](const Result<void> &result) {
                             if (m_isFailed)
                                 return;
                             done(result);
                             flush();
                         });
}

void Engine::Core::fail(const Error &error)
{
    if (std::exchange(m_isFailed, true))
        return;
    m_fatal(error);
}

// ---- turns of the loop

void Engine::Core::peerLost(NodeId peer) { step(consensus::PeerLost{peer}); }

void Engine::Core::tick()
{
    if (m_isFailed)
        return;
    m_tickAt = now() + m_options.heartbeat;
    step(consensus::Tick{});
    m_bootstrap.tick();
    m_writer.tick();
    m_desk.tick();
    m_requests.tick();
    m_reads.tick();
    m_reports.tick();
    if (m_isMute && now() > m_endAt)
        fail(*m_end); // the disk is full
    if (m_replica)
        m_checkpointer.tick(m_appliedConfiguration);
}

Monotonic Engine::Core::nextWake() const
{
    return m_replica ? std::min(m_tickAt, m_replica->nextWake()) : m_tickAt;
}

void Engine::Core::flush()
{
    if (m_isFailed)
        return;
    m_requests.flush();
    m_reads.flush();
    // What has arrived while the previous write was under way forms the next batch.
    if (m_writer.isIdle())
        m_desk.proposeBatch();
    m_writer.flush();
    deliver();
    m_reads.flush(); // an index may have come
    deliver();
}

void Engine::Core::finish(Done done, Result<Answer> result)
{
    m_finished.emplace_back(std::move(done), std::move(result));
}

void Engine::Core::deliver()
{
    if (m_isMute)
        return;
    for (const Reply &reply : std::exchange(m_localReplies, {}))
        m_requests.receive(m_options.self, reply);
    // A callback may ask for more, which is answered in a later turn.
    for (auto &[done, result] : std::exchange(m_finished, {}))
        done(std::move(result));
}

// ---- what clients ask for

void Engine::Core::submit(const QByteArray &command, Done done, std::optional<Monotonic> until)
{
    Request request;
    request.kind = RequestKind::command;
    request.command = command;
    m_requests.add(std::move(request), m_parts.machine.isRepeatable(command), std::move(done),
                   until);
}

void Engine::Core::read(ReadMode mode, Slot seen, const QByteArray &question, Done done)
{
    m_reads.add(mode, seen, question, std::move(done));
}

void Engine::Core::ask(Request request, Done done)
{
    const bool isRepeatable = request.kind != RequestKind::reconfigure;
    m_requests.add(std::move(request), isRepeatable, std::move(done));
}

Status Engine::Core::status() const
{
    Status status;
    status.self = m_options.self;
    status.cluster = cluster();
    status.applied = m_parts.machine.applied();
    status.checkpointed = m_checkpointer.committed();
    status.isDiskFull = m_writer.isStuck();
    status.framesRefused = m_framesRefused;
    status.differing = m_reports.differing();
    status.fenced = m_reports.fenced();
    if (!m_replica)
        return status;
    status.configuration = m_replica->configuration();
    status.promised = m_replica->promised();
    status.leader = m_replica->leader();
    status.isLeading = m_replica->isServing();
    status.isFenced = m_replica->isFenced();
    status.chosenUpTo = m_replica->chosenUpTo();
    status.firstSlot = m_replica->log().first();
    status.campaigns = m_replica->campaigns();
    if (m_replica->leading().isNone())
        return status;
    for (const NodeId node : m_replica->others())
        status.held.emplace_back(node, m_replica->heldBy(node));
    return status;
}

} // namespace coffer::engine
