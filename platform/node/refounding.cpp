// SPDX-License-Identifier: Apache-2.0
#include "node/refounding.h"

#include "base/limits.h"
#include "engine/codec.h"
#include "engine/store_layout.h"
#include "node/link.h"
#include "storage/file_journal.h"
#include "storage/posix_file_system.h"
#include "storage/sqlite_checkpoint.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>

#include <utility>

using namespace Qt::StringLiterals;

namespace coffer::node {

namespace {

/// Where the bytes of a state come from.
struct Source
{
    std::uint64_t size = 0;
    std::function<Result<QByteArray>(std::uint64_t offset, std::size_t bytesMax)> read;
};

Contents contentsOf(const engine::StoreMachine &machine, ClusterId cluster)
{
    const store::Store &store = machine.store();
    return {.cluster = cluster,
            .applied = store.applied(),
            .revision = store.revision(),
            .floor = store.floor(),
            .time = store.appliedTime(),
            .files = store.tree().size(),
            .liveBytes = store.tree().liveBytes(),
            .sessions = store.sessions().all().size()};
}

/// Reads a state into a machine, and keeps what its header says.
class Reading
{
public:
    [[nodiscard]] storage::CheckpointTrial trial()
    {
        return {[this](const storage::Row &row) { return m_machine.restoreRow(row); },
                [this](const storage::CheckpointHeader &header) { return finish(header); }};
    }
    [[nodiscard]] engine::StoreMachine &machine() { return m_machine; }
    [[nodiscard]] ClusterId cluster() const { return m_cluster; }
    [[nodiscard]] Epoch epoch() const { return m_epoch; }

private:
    Result<void> finish(const storage::CheckpointHeader &header)
    {
        const auto configuration = engine::codec::decodeConfiguration(header.configuration);
        if (!configuration)
            return configuration.error();
        m_cluster = header.cluster;
        m_epoch = configuration->epoch;
        if (const Result<void> done = m_machine.finishRestore(header.applied, header.stateHash);
            !done)
            return done;
        if (m_machine.needsNewerBuild())
            return Error{ErrorCode::refused,
                         u"it was written by a newer build, whose commands this one does not know; "
                         "use that version"_s};
        return {};
    }

    engine::StoreMachine m_machine;
    ClusterId m_cluster;
    Epoch m_epoch;
};

storage::SqliteCheckpoint::Options checkpointOptions(DataDirectory &directory)
{
    return {.directory = directory.path(), .layout = engine::storeLayout(), .syncDirectory = [&] {
                return directory.files().syncDirectory();
            }};
}

/// A directory that becomes that of the first node of a cluster.
class Birth
{
public:
    Birth(DataDirectory &directory, const RefoundingParts &parts)
        : m_directory(directory), m_parts(parts), m_checkpoint(checkpointOptions(directory))
    {}

    /// Takes over the rows of \a source, if they pass \a trial.
    Result<void> takeOver(const Source &source, const storage::CheckpointTrial &trial)
    {
        std::uint64_t offset = 0;
        while (offset < source.size) {
            const Result<QByteArray> piece = source.read(offset, limits::chunkBytesMax);
            if (!piece)
                return piece.error();
            if (piece->isEmpty())
                return Error{ErrorCode::corrupt, u"it became shorter while it was read"_s};
            if (const Result<void> kept = m_checkpoint.receive(offset, *piece); !kept)
                return kept;
            offset += std::uint64_t(piece->size());
            m_parts.progress(u"copying"_s, offset, source.size);
        }
        m_parts.progress(u"checking"_s, 0, 0);
        const auto staged = m_checkpoint.stage(trial);
        if (!staged)
            return staged.error();
        m_install = storage::JournalRecord{storage::RecordKind::install, staged->first.applied,
                                           Ballot(), staged->second};
        return m_checkpoint.activate(staged->second);
    }

    /// What was taken over became \a machine since. The new cluster begins with the epoch behind
    /// \a epoch, as if a change of members stood in the last slot.
    Result<Contents> found(engine::StoreMachine &machine, Epoch epoch)
    {
        m_parts.progress(u"writing"_s, 0, 0);
        if (const Result<void> begun = machine.beginAnew(m_parts.clock.wall()); !begun)
            return begun.error();
        const ClusterId cluster(m_parts.random.next() | 1);
        const consensus::MemberSet members{{m_directory.self()}, {}};
        const consensus::Configuration configuration{epoch.next(), machine.applied().next(),
                                                     members};
        const Result<void> committed =
            m_checkpoint.commit({cluster, machine.applied(), machine.hash(),
                                 engine::codec::encodeConfiguration(configuration)},
                                machine.takeChanges());
        if (!committed)
            return committed.error();
        if (const Result<void> written = writeJournal({cluster, members}); !written)
            return written.error();
        if (const Result<void> settled = m_directory.settle(); !settled)
            return settled.error();
        return contentsOf(machine, cluster);
    }

private:
    Result<void> writeJournal(const engine::Founding &founding)
    {
        storage::FileJournal::Options options;
        options.owner.node = m_directory.self();
        storage::FileJournal journal(m_directory.journalFiles(), options);
        const auto ignore = [](const storage::JournalRecord &) -> Result<void> { return {}; };
        if (const Result<void> opened = journal.replay(ignore); !opened)
            return opened;
        std::vector<storage::JournalRecord> records{engine::codec::foundingRecord(founding)};
        if (m_install)
            records.push_back(*m_install);
        if (const Result<void> written = journal.append(records); !written)
            return written;
        return journal.sync();
    }

    DataDirectory &m_directory;
    const RefoundingParts &m_parts;
    storage::SqliteCheckpoint m_checkpoint;
    std::optional<storage::JournalRecord> m_install;
};

} // namespace

// ---- backups

Result<Contents> checkBackup(const QString &file)
{
    Reading reading;
    const auto checked = storage::checkCheckpointFile(file, engine::storeLayout(), reading.trial());
    if (!checked)
        return checked.error();
    return contentsOf(reading.machine(), reading.cluster());
}

static Result<Refounded> restoreInto(DataDirectory &directory, QFile &file,
                                     const RefoundingParts &parts)
{
    const Source source{std::uint64_t(file.size()),
                        [&file](std::uint64_t offset, std::size_t most) -> Result<QByteArray> {
                            if (!file.seek(qint64(offset)))
                                return Error{ErrorCode::io, file.errorString()};
                            return file.read(qint64(most));
                        }};
    Reading reading;
    Birth birth(directory, parts);
    if (const Result<void> taken = birth.takeOver(source, reading.trial()); !taken)
        return taken.error().in(file.fileName());
    const Contents from = contentsOf(reading.machine(), reading.cluster());
    const Result<Contents> now = birth.found(reading.machine(), reading.epoch());
    if (!now)
        return now.error();
    return Refounded{directory.path(), directory.self(), from, *now};
}

Result<Refounded> restoreBackup(const QString &file, const QString &directory,
                                const RefoundingParts &parts)
{
    QFile bytes(file);
    if (!bytes.exists())
        return Error{ErrorCode::notFound, u"there is no file %1"_s.arg(file)};
    if (!bytes.open(QIODevice::ReadOnly))
        return Error{ErrorCode::io, u"%1 cannot be read: %2"_s.arg(file, bytes.errorString())};
    if (bytes.size() == 0)
        return Error{ErrorCode::corrupt, u"%1 is empty, and no backup"_s.arg(file)};
    const auto made = DataDirectory::prepareNew(directory, parts.random);
    if (!made)
        return made.error();
    Result<Refounded> restored = restoreInto(**made, bytes, parts);
    if (!restored)
        (*made)->discard();
    return restored;
}

// ---- a lost majority

namespace {

/// An engine that takes no part has no work.
class NoExecutor final : public engine::Executor
{
public:
    void run(engine::Lane, Work, Done) override {}
};

} // namespace

struct Recovery::Disk
{
    Disk(std::unique_ptr<DataDirectory> of, const RefoundingParts &parts)
        : directory(std::move(of))
        , journal(directory->journalFiles(), journalOptions(*directory))
        , checkpoint(checkpointOptions(*directory))
        , engine(engineOptions(*directory),
                 {parts.clock, parts.random, link, journal, checkpoint, executor, machine},
                 [](const Error &) {})
    {}
    static storage::FileJournal::Options journalOptions(const DataDirectory &directory)
    {
        storage::FileJournal::Options options;
        options.owner.node = directory.self();
        return options;
    }
    static engine::Options engineOptions(const DataDirectory &directory)
    {
        engine::Options options;
        options.self = directory.self();
        options.run = RunId(1);
        return options;
    }

    std::unique_ptr<DataDirectory> directory;
    storage::FileJournal journal;
    storage::SqliteCheckpoint checkpoint;
    NoLink link;
    NoExecutor executor;
    engine::StoreMachine machine;
    engine::Engine engine;
};

Recovery::Recovery(const RefoundingParts &parts) : m_parts(parts) {}

Recovery::~Recovery() = default;

Result<std::unique_ptr<Recovery>> Recovery::open(const QString &directory,
                                                 const RefoundingParts &parts)
{
    if (!QFileInfo::exists(QDir(directory).filePath(u"node.txt"_s)))
        return Error{ErrorCode::notFound,
                     u"%1 is not the directory of a node: it has no node.txt"_s.arg(directory)};
    auto opened = DataDirectory::open(directory, parts.random);
    if (!opened)
        return opened.error();
    std::unique_ptr<Recovery> recovery(new Recovery(parts));
    recovery->m_disk = std::make_unique<Disk>(std::move(*opened), parts);
    const Result<engine::Salvage> salvage = recovery->m_disk->engine.salvage();
    if (!salvage)
        return salvage.error().in(directory);
    recovery->m_salvage = *salvage;
    return recovery;
}

NodeId Recovery::self() const { return m_disk->directory->self(); }

Contents Recovery::contents() const { return contentsOf(m_disk->machine, m_salvage.cluster); }

Result<Refounded> Recovery::refound(const QString &directory)
{
    const auto made = DataDirectory::prepareNew(directory, m_parts.random);
    if (!made)
        return made.error();
    const Contents from = contents();
    Birth birth(**made, m_parts);
    Result<void> taken;
    // Without a file the changes of the machine are all there is: it began with nothing.
    const auto file = m_disk->checkpoint.exportFile();
    if (file) {
        const Source source{(*file)->size(), [&file](std::uint64_t offset, std::size_t most) {
                                return (*file)->read(offset, most);
                            }};
        const storage::CheckpointTrial known{
            [](const storage::Row &) -> Result<void> { return {}; },
            [](const storage::CheckpointHeader &) -> Result<void> { return {}; }};
        taken = birth.takeOver(source, known); // these rows were read into the machine before
    } else if (file.error().code != ErrorCode::notFound) {
        taken = file.error();
    }
    const Result<Contents> now = taken ? birth.found(m_disk->machine, m_salvage.configuration.epoch)
                                       : Result<Contents>(taken.error());
    if (!now) {
        (*made)->discard();
        return now.error();
    }
    return Refounded{(*made)->path(), (*made)->self(), from, *now};
}

} // namespace coffer::node
