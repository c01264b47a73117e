// SPDX-License-Identifier: Apache-2.0
#include "engine/core_p.h"

#include "base/mutant.h"
#include "engine/apply_entry.h"
#include "engine/codec.h"

#include <tuple>
#include <utility>

// How a replica comes back from what is on disk, and how an empty one begins.

namespace coffer::engine {

Result<Engine::Core::Stored> Engine::Core::readDisk()
{
    auto stored = readJournal();
    if (!stored)
        return stored.error();
    if (m_fenced && !m_fenced->payload.isEmpty())
        return Error{ErrorCode::corrupt,
                     QStringLiteral("this node was taken out of service because its state %1; "
                                    "replace it by a node with an empty data directory")
                         .arg(QString::fromUtf8(m_fenced->payload))};
    if (Result<void> read = readCheckpoint(*stored); !read)
        return read.error();
    return stored;
}

Result<void> Engine::Core::start()
{
    const auto stored = readDisk();
    if (!stored)
        return stored.error();
    if (!stored->founding) {
        m_bootstrap.tick();
        flush();
        return {};
    }
    if (Result<void> replayed = replay(*stored); !replayed)
        return replayed;
    carryOut(m_replica->start(moment(), true));
    flush();
    return {};
}

/// Of a slot the newest vote counts. If another value was chosen there without this node's knowing,
/// then that is lost whatever is done here; if none was, its client was told nothing.
Result<Salvage> Engine::Core::salvage()
{
    const auto stored = readDisk();
    if (!stored)
        return stored.error();
    if (!stored->founding)
        return Error{ErrorCode::notFound,
                     QStringLiteral("this node never belonged to a cluster: nothing is there")};
    if (Result<void> replayed = replay(*stored); !replayed)
        return replayed.error();
    StateMachine &machine = m_parts.machine;
    const consensus::Log &log = m_replica->log();
    while (log.holds(machine.applied().next())) {
        const Slot slot = machine.applied().next();
        const consensus::Log::Item &item = log.at(slot);
        // Above a stop-sign nothing of its epoch was chosen: its leader had asked a quorum.
        if (!item.ballot.isNone() && item.ballot.epoch < m_appliedConfiguration.epoch)
            break;
        const consensus::Entry &entry = item.entry;
        std::ignore = applyEntry(machine, slot, entry);
        if (machine.needsNewerBuild())
            return Error{ErrorCode::refused,
                         QStringLiteral("slot %1 needs a newer build of this program; use the "
                                        "version that the members ran")
                             .arg(slot.value())};
        if (entry.kind == consensus::EntryKind::reconfigure)
            m_appliedConfiguration = {m_appliedConfiguration.epoch.next(), slot.next(),
                                      entry.members};
    }
    return Salvage{cluster(), m_appliedConfiguration, m_replica->chosenUpTo(), machine.applied(),
                   m_fenced.has_value()};
}

Result<Engine::Core::Stored> Engine::Core::readJournal()
{
    Stored stored;
    const auto visit = [&stored, this](const storage::JournalRecord &record) -> Result<void> {
        switch (record.kind) {
        case storage::RecordKind::founding: {
            auto founding = codec::decodeFounding(record);
            if (!founding)
                return founding.error();
            stored.founding = *founding;
            break;
        }
        case storage::RecordKind::fenced: m_fenced = record; break;
        case storage::RecordKind::install: m_checkpointer.setInstall(record); break;
        default: stored.records.push_back(record); break;
        }
        return {};
    };
    if (Result<void> read = m_parts.journal.replay(visit); !read)
        return read.error().in(QStringLiteral("reading the journal"));
    return stored;
}

Result<void> Engine::Core::readCheckpoint(Stored &stored)
{
    storage::Checkpoint &checkpoint = m_parts.checkpoint;
    const QString place = QStringLiteral("reading the checkpoint");
    if (const auto &install = m_checkpointer.install()) {
        if (Result<void> activated = checkpoint.activate(install->payload); !activated)
            return activated.error().in(place);
    }
    auto header = checkpoint.open();
    if (!header)
        return header.error().in(place);
    m_parts.machine.reset();
    if (!header->has_value()) {
        if (stored.founding)
            stored.configuration = {Epoch(1), Slot(1), stored.founding->members};
        return {};
    }
    const storage::CheckpointHeader &found = **header;
    if (!stored.founding || stored.founding->cluster != found.cluster)
        return Error{ErrorCode::corrupt,
                     QStringLiteral("journal and checkpoint belong to different clusters; is one "
                                    "of them from another node?")};
    const auto visit = [this](const storage::Row &row) { return m_parts.machine.restoreRow(row); };
    if (Result<void> loaded = checkpoint.load(visit); !loaded)
        return loaded.error().in(place);
    if (Result<void> restored = m_parts.machine.finishRestore(found.applied, found.stateHash);
        !restored)
        return restored.error().in(place);
    auto configuration = codec::decodeConfiguration(found.configuration);
    if (!configuration)
        return configuration.error().in(place);
    stored.configuration = *configuration;
    stored.base = found.applied;
    m_checkpointer.setCommitted(found.applied);
    return {};
}

Result<void> Engine::Core::replay(const Stored &stored)
{
    m_bootstrap.setFounding(*stored.founding);
    m_appliedConfiguration = stored.configuration;
    makeReplica(stored.configuration, stored.base);
    if (m_fenced)
        m_replica->setFenced();
    for (const storage::JournalRecord &record : stored.records) {
        auto known = codec::fromJournal(record);
        if (!known)
            return known.error().in(QStringLiteral("reading the journal"));
        if (Result<void> replayed = m_replica->replay(*known); !replayed)
            return replayed;
    }
    return {};
}

void Engine::Core::makeReplica(const consensus::Configuration &configuration, Slot base)
{
    consensus::Replica::Origin origin;
    origin.self = m_options.self;
    origin.run = m_options.run;
    origin.configuration = configuration;
    origin.base = base;
    origin.timing = {m_options.heartbeat, m_options.electionMin, m_options.electionMax,
                     m_options.wallSkewMax};
    origin.seed = m_parts.random.next();
    m_replica = std::make_unique<consensus::Replica>(std::move(origin));
}

/// The first record of the journal; consensus begins when it is durable, and nobody hears of the
/// cluster from here before.
void Engine::Core::belongTo(const Founding &founding)
{
    m_writer.write({codec::foundingRecord(founding)}, 0);
    m_writer.whenDurable([this, founding] {
        m_bootstrap.setFounding(founding);
        m_appliedConfiguration = {Epoch(1), Slot(1), founding.members};
        makeReplica(m_appliedConfiguration, Slot());
        for (NodeId node : founding.members.voters) {
            if (node != m_options.self)
                send(node, Found{founding, false});
        }
        carryOut(m_replica->start(moment(), false));
    });
}

std::vector<storage::JournalRecord> Engine::Core::liveRecords() const
{
    std::vector<storage::JournalRecord> live{codec::foundingRecord(*m_bootstrap.founding())};
    const bool isPromiseLost =
        mutantIsOn(Mutant::promiseLostAtInstall) && m_checkpointer.install().has_value();
    const Ballot promised = m_replica->durablePromise();
    if (!promised.isNone() && !isPromiseLost)
        live.push_back(codec::toJournal(consensus::PromiseRecord{promised}));
    if (m_checkpointer.install())
        live.push_back(*m_checkpointer.install());
    if (m_fenced)
        live.push_back(*m_fenced);
    return live;
}

} // namespace coffer::engine
