// SPDX-License-Identifier: Apache-2.0
#include "engine/checkpointer.h"

#include "base/limits.h"
#include "base/mutant.h"
#include "engine/apply_entry.h"
#include "engine/codec.h"

#include <algorithm>
#include <memory>
#include <set>
#include <tuple>
#include <utility>

namespace coffer::engine {

/// A sender that says nothing for so long is given up.
static constexpr Monotonic transferPatience{2'000'000};
/// How long an exported file is kept that nobody asks for.
static constexpr Monotonic fileKept{60'000'000};
/// So many commits wait for a disk that is full or slow before they are made one.
static constexpr std::size_t commitsMax = 16;

Checkpointer::Checkpointer(Host &host, JournalWriter &writer, JournalWriter::LiveRecords live,
                           Adopted adopted)
    : m_host(host)
    , m_writer(writer)
    , m_live(std::move(live))
    , m_adopted(std::move(adopted))
    , m_fileId(host.parts().random.next())
{}

// ---- the own checkpoint

void Checkpointer::tick(const consensus::Configuration &configuration)
{
    const Monotonic now = m_host.now();
    if (m_incoming && !m_incoming->isWriting && now - m_incoming->heardAt > transferPatience)
        m_incoming.reset();
    if (m_file && now - m_fileUsedAt > fileKept)
        m_file.reset(); // it takes as much of the disk as the state
    settleWanted(now);
    const Slot applied = m_host.parts().machine.applied();
    if (m_isCommitting || m_isInstalling || applied <= m_committed)
        return;
    const std::uint64_t behind = applied.value() - m_committed.value();
    if (m_wanted.empty() && now < m_nextAt && behind < m_host.options().checkpointSlots)
        return;
    if (m_commits.empty())
        gather(configuration);
    commitNext();
}

void Checkpointer::beforeApply(std::size_t bytes, const consensus::Configuration &configuration)
{
    if (m_bytes > 0 && m_bytes + bytes > m_host.options().checkpointBytes) {
        gather(configuration);
        commitNext();
    }
    m_bytes += bytes;
}

/// Makes a commit of what has changed.
void Checkpointer::gather(const consensus::Configuration &configuration)
{
    StateMachine &machine = m_host.parts().machine;
    auto next = std::make_shared<Commit>();
    next->header = {m_host.cluster(), machine.applied(), machine.hash(),
                    codec::encodeConfiguration(configuration)};
    next->rows = std::exchange(m_rows, {});
    for (storage::Row &row : machine.takeChanges())
        next->rows.push_back(std::move(row));
    m_commits.push_back(std::move(next));
    m_bytes = 0;
    if (m_commits.size() > commitsMax)
        mergeWaiting();
}

/// The disk takes nothing for now. What waits, but for the first that may be under way, becomes one
/// commit with each row once, so that its size follows the state and not the time.
void Checkpointer::mergeWaiting()
{
    auto merged = std::make_shared<Commit>();
    merged->header = m_commits.back()->header;
    std::set<std::pair<std::uint8_t, QByteArray>> seen;
    for (auto commit = m_commits.rbegin(); commit != std::prev(m_commits.rend()); ++commit) {
        for (auto row = (*commit)->rows.rbegin(); row != (*commit)->rows.rend(); ++row) {
            if (seen.emplace(row->table, row->key).second)
                merged->rows.push_back(*row);
        }
    }
    m_commits.resize(1);
    m_commits.push_back(std::move(merged));
}

void Checkpointer::commitNext()
{
    if (m_isCommitting || m_isInstalling || m_commits.empty())
        return;
    m_isCommitting = true;
    m_nextAt = m_host.now() + m_host.options().checkpointEvery;
    storage::Checkpoint *checkpoint = &m_host.parts().checkpoint;
    m_host.run(
        Lane::checkpoint,
        [checkpoint, next = m_commits.front()] {
            if (mutantIsOn(Mutant::appliedSlotApartFromData)) {
                if (Result<void> done = checkpoint->commit(next->header, {}); !done)
                    return done;
            }
            return checkpoint->commit(next->header, next->rows);
        },
        [this](const Result<void> &result) { committed(result); });
}

void Checkpointer::committed(const Result<void> &result)
{
    m_isCommitting = false;
    if (!result && result.error().code == ErrorCode::noSpace)
        return; // the changes are kept; the next tick tries again
    if (!result) {
        m_host.fail(result.error().in(QStringLiteral("committing the checkpoint")));
        return;
    }
    m_committed = std::max(m_committed, m_commits.front()->header.applied);
    m_commits.pop_front();
    truncate();
    commitNext();
}

/// Forgets what the checkpoint holds, but for some entries that spare slow peers a whole file.
void Checkpointer::truncate()
{
    const Slot held = mutantIsOn(Mutant::truncateAboveCheckpoint)
                          ? m_host.parts().machine.applied().next()
                          : m_committed;
    const std::uint64_t keep =
        mutantIsOn(Mutant::truncateAboveCheckpoint) ? 0 : m_host.options().keepSlots;
    const std::size_t keepBytes = m_host.options().keepBytes;
    const consensus::Log &log = m_host.replica()->log();
    Slot upTo;
    if (held.value() > m_truncated.value() + keep + keep / 4)
        upTo = Slot(held.value() - keep);
    if (log.bytes() > keepBytes + keepBytes / 4)
        upTo = std::max(upTo, std::min(held, log.lowestWithin(keepBytes)));
    if (upTo <= m_truncated)
        return;
    m_truncated = upTo;
    m_host.step(consensus::Forget{m_truncated});
    m_writer.truncate(m_truncated, m_live);
}

// ---- copies

/// Failures of a transfer that leave this node as it was: no space, nothing to send, a damaged
/// file. After any other error the disk is not to be trusted.
static bool isHarmless(const Result<void> &result)
{
    return result
           || (result.error().code != ErrorCode::io
               && result.error().code != ErrorCode::syncFailed);
}

void Checkpointer::exportFrom(Slot slot, Engine::Exported done)
{
    m_wanted.push_back({slot, std::move(done), m_host.now() + m_host.options().requestTimeout});
    settleWanted(m_host.now());
}

/// Begins the copies whose slot is committed, and gives up those that waited too long.
void Checkpointer::settleWanted(Monotonic now)
{
    for (Wanted &wanted : std::exchange(m_wanted, {})) {
        const bool isReady = wanted.slot <= m_committed && !m_isInstalling && !m_host.isDisputed();
        if (isReady)
            copyFor(std::move(wanted));
        else if (now > wanted.deadline)
            wanted.done(Error{ErrorCode::unavailable,
                              QStringLiteral("slot %1 is not in the checkpoint yet: the disk is "
                                             "full or slow, or the state of this node is in doubt; "
                                             "try again, or ask another node")
                                  .arg(wanted.slot.value())});
        else
            m_wanted.push_back(std::move(wanted));
    }
}

void Checkpointer::copyFor(Wanted wanted)
{
    storage::Checkpoint *checkpoint = &m_host.parts().checkpoint;
    auto file = std::make_shared<std::shared_ptr<storage::CheckpointFile>>();
    m_host.run(
        Lane::checkpoint,
        [checkpoint, file]() -> Result<void> {
            auto exported = checkpoint->exportFile();
            if (!exported)
                return exported.error();
            *file = *exported;
            return {};
        },
        [this, file, done = std::move(wanted.done)](const Result<void> &result) {
            if (!isHarmless(result))
                m_host.fail(result.error().in(QStringLiteral("exporting a checkpoint")));
            else if (result)
                done(*file);
            else
                done(result.error());
        });
}

// ---- giving

void Checkpointer::wantedBy(NodeId peer)
{
    if (std::find(m_lagging.begin(), m_lagging.end(), peer) == m_lagging.end())
        m_lagging.push_back(peer);
    if (m_isExporting || m_isInstalling || m_host.isDisputed())
        return; // the peer will ask again
    if (m_file && m_file->header().applied >= m_host.replica()->log().base()) {
        offerFile();
        return;
    }
    m_isExporting = true;
    storage::Checkpoint *checkpoint = &m_host.parts().checkpoint;
    auto file = std::make_shared<std::shared_ptr<storage::CheckpointFile>>();
    m_host.run(
        Lane::checkpoint,
        [checkpoint, file]() -> Result<void> {
            auto exported = checkpoint->exportFile();
            if (!exported)
                return exported.error();
            *file = *exported;
            return {};
        },
        [this, file](const Result<void> &result) {
            m_isExporting = false;
            if (!isHarmless(result))
                m_host.fail(result.error().in(QStringLiteral("exporting a checkpoint")));
            if (!result)
                return; // nothing committed yet, or no space: the peer will ask again
            m_file = *file;
            ++m_fileId;
            offerFile();
        });
}

void Checkpointer::offerFile()
{
    for (NodeId peer : std::exchange(m_lagging, {}))
        m_host.send(peer, CheckpointOffer{m_fileId, m_file->size(), m_file->header().applied});
    m_fileUsedAt = m_host.now();
}

void Checkpointer::receive(NodeId from, const CheckpointPull &pull)
{
    CheckpointChunk chunk{pull.file, pull.offset, {}};
    if (m_file && !m_host.isDisputed() && pull.file == m_fileId && pull.offset < m_file->size()) {
        m_fileUsedAt = m_host.now();
        if (auto bytes = m_file->read(pull.offset, limits::chunkBytesMax))
            chunk.bytes = *bytes;
    }
    m_host.send(from, chunk);
}

// ---- taking

void Checkpointer::receive(NodeId from, const CheckpointOffer &offer)
{
    const bool isNews = offer.applied > m_host.replica()->chosenUpTo() && offer.size > 0;
    if (!isNews || m_incoming || m_isInstalling || m_host.isDisputed())
        return;
    m_incoming = Incoming{from, offer, 0, false, m_host.now()};
    pull();
}

void Checkpointer::pull()
{
    m_host.send(m_incoming->from, CheckpointPull{m_incoming->offer.file, m_incoming->offset});
}

void Checkpointer::receive(NodeId from, const CheckpointChunk &chunk)
{
    if (!m_incoming || m_incoming->from != from || m_incoming->offer.file != chunk.file)
        return;
    if (m_incoming->isWriting || chunk.offset != m_incoming->offset)
        return;
    const auto size = std::uint64_t(chunk.bytes.size());
    if (size == 0 || size > m_incoming->offer.size - m_incoming->offset) {
        m_incoming.reset(); // the sender has the file no more; a later Fetch begins anew
        return;
    }
    m_incoming->heardAt = m_host.now();
    m_incoming->isWriting = true;
    storage::Checkpoint *checkpoint = &m_host.parts().checkpoint;
    m_host.run(
        Lane::checkpoint,
        [checkpoint, chunk] { return checkpoint->receive(chunk.offset, chunk.bytes); },
        [this, size](const Result<void> &result) {
            m_incoming->isWriting = false;
            m_incoming->heardAt = m_host.now();
            m_incoming->offset += size;
            if (!isHarmless(result))
                m_host.fail(result.error().in(QStringLiteral("receiving a checkpoint")));
            if (!result)
                m_incoming.reset(); // no space: the peer's entries or a later offer remain
            else if (m_incoming->offset == m_incoming->offer.size)
                stage();
            else
                pull();
        });
}

/// Stages what was received, and reads all of it into a machine of its own: what cannot be the
/// state is refused while the own one is untouched.
Result<void> Checkpointer::tryOut(storage::Checkpoint &checkpoint, ClusterId cluster, Staged &next)
{
    const auto finish = [&](const storage::CheckpointHeader &header) -> Result<void> {
        if (header.cluster != cluster)
            return Error{ErrorCode::corrupt, QStringLiteral("it is of another cluster")};
        auto configuration = codec::decodeConfiguration(header.configuration);
        if (!configuration)
            return configuration.error();
        next.configuration = *configuration;
        return next.machine->finishRestore(header.applied, header.stateHash);
    };
    const auto restore = [&](const storage::Row &row) { return next.machine->restoreRow(row); };
    auto staged = checkpoint.stage({restore, finish});
    if (!staged)
        return staged.error();
    std::tie(next.header, next.generation) = *staged;
    return {};
}

void Checkpointer::stage()
{
    m_incoming->isWriting = true;
    auto next = std::make_shared<Staged>();
    next->machine = m_host.parts().machine.makeEmpty();
    storage::Checkpoint *checkpoint = &m_host.parts().checkpoint;
    m_host.run(
        Lane::checkpoint,
        [checkpoint, cluster = m_host.cluster(), next] {
            return tryOut(*checkpoint, cluster, *next);
        },
        [this, next](const Result<void> &result) {
            m_incoming.reset();
            if (!isHarmless(result))
                m_host.fail(result.error().in(QStringLiteral("receiving a checkpoint")));
            if (result)
                staged(next);
        });
}

/// The file is whole and durable. It becomes the state by a journal record, so that after a crash
/// at any moment either the old or the new generation is complete and named.
void Checkpointer::staged(const std::shared_ptr<Staged> &next)
{
    const Slot applied = next->header.applied;
    // Entries came faster than the file, or a doubt: it stays unnamed, and is removed.
    if (applied <= m_host.replica()->chosenUpTo() || m_host.isDisputed())
        return;
    m_isInstalling = true;
    m_install =
        storage::JournalRecord{storage::RecordKind::install, applied, Ballot(), next->generation};
    m_writer.write({*m_install}, 0);
    m_writer.whenDurable([this, next] { adopt(next); });
}

void Checkpointer::adopt(const std::shared_ptr<Staged> &next)
{
    storage::Checkpoint *checkpoint = &m_host.parts().checkpoint;
    m_host.run(
        Lane::checkpoint, [checkpoint, next] { return checkpoint->activate(next->generation); },
        [this, next](const Result<void> &result) {
            if (result)
                become(next);
            else
                m_host.fail(result.error().in(QStringLiteral("installing a checkpoint")));
        });
}

/// The log has come further than the checkpoint while that was being installed. Its state follows,
/// so that what changes from here on are changes of the rows that are on disk now.
bool Checkpointer::catchUp(Staged &next)
{
    const StateMachine &machine = m_host.parts().machine;
    const consensus::Log &log = m_host.replica()->log();
    while (next.machine->applied() < machine.applied()) {
        const Slot slot = next.machine->applied().next();
        if (!log.holds(slot))
            return false;
        std::ignore = applyEntry(*next.machine, slot, log.at(slot).entry);
    }
    return next.machine->hash() == machine.hash();
}

void Checkpointer::become(const std::shared_ptr<Staged> &next)
{
    m_isInstalling = false;
    m_committed = next->header.applied;
    const bool isAhead = m_host.parts().machine.applied() < m_committed;
    if (!isAhead && !catchUp(*next)) {
        m_host.fail(Error{ErrorCode::corrupt,
                          QStringLiteral("the state in memory is not that of the checkpoint that "
                                         "this node took and the entries behind it; started again "
                                         "it goes on from the checkpoint")});
        return;
    }
    // What was gathered belongs to the rows of the checkpoint before.
    m_rows.clear();
    m_commits.clear();
    m_bytes = 0;
    m_host.parts().machine.swapState(*next->machine);
    if (isAhead)
        m_adopted(m_committed, next->configuration);
    truncate(); // the next commit would, but a node that only lags may not have one for long
    // To take a large state apart takes long.
    const auto drop = [next]() -> Result<void> {
        next->machine.reset();
        return {};
    };
    m_host.run(Lane::checkpoint, drop, [](const Result<void> &) {});
}

} // namespace coffer::engine
