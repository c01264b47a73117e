// SPDX-License-Identifier: Apache-2.0
#include "storage/sqlite_checkpoint.h"

#include "base/mutant.h"
#include "storage/checkpoint_format.h"
#include "storage/sqlite_generation_p.h"

#include <algorithm>
#include <mutex> // tidy: allow(ban-thread) CheckpointFile: any thread may read
#include <utility>

namespace coffer::storage {

/// How many names are tried to find out that generation 0 is missing, not new.
static constexpr std::uint64_t generationsSought = 1000;

namespace {

/// A copy that is deleted when it is closed.
class ExportedFile final : public CheckpointFile
{
public:
    ExportedFile(CheckpointHeader header, std::unique_ptr<VfsFile> file, std::uint64_t size)
        : m_header(std::move(header)), m_file(std::move(file)), m_size(size)
    {}
    [[nodiscard]] const CheckpointHeader &header() const override { return m_header; }
    [[nodiscard]] std::uint64_t size() const override { return m_size; }
    [[nodiscard]] Result<QByteArray> read(std::uint64_t offset, std::size_t bytesMax) override
    {
        if (offset >= m_size)
            return QByteArray();
        QByteArray bytes(qsizetype(std::min<std::uint64_t>(bytesMax, m_size - offset)),
                         Qt::Uninitialized);
        // A VFS file is for one thread at a time.
        const std::scoped_lock lock(m_lock);
        if (Result<void> read = m_file->read(offset, bytes.data(), std::size_t(bytes.size()));
            !read)
            return read.error().in(QStringLiteral("checkpoint"));
        return bytes;
    }

private:
    const CheckpointHeader m_header;
    std::unique_ptr<VfsFile> m_file;
    const std::uint64_t m_size;
    std::mutex m_lock; // tidy: allow(ban-thread) the interface lets any thread read
};

} // namespace

SqliteCheckpoint::SqliteCheckpoint(Options options) : m_options(std::move(options))
{
    if (m_options.vfs.isEmpty())
        m_options.vfs = pacedVfs();
}

SqliteCheckpoint::~SqliteCheckpoint() = default;

// ---- names

QString SqliteCheckpoint::pathOf(std::uint64_t generation) const
{
    return QStringLiteral("%1/checkpoint-%2.sqlite").arg(m_options.directory).arg(generation);
}

/// A generation is named with its content, so that a name that the journal kept can only mean the
/// file that was checked.
static QByteArray nameOf(std::uint64_t generation, const Hash128 &content)
{
    const QByteArray hash = QByteArray::number(qulonglong(content.high), 16);
    return QByteArray::number(qulonglong(generation)) + '-' + hash.rightJustified(16, '0');
}

static std::optional<std::uint64_t> numberOf(const QByteArray &name)
{
    bool isNumber = false;
    const std::uint64_t number = name.left(name.indexOf('-')).toULongLong(&isNumber);
    return isNumber ? std::optional(number) : std::nullopt;
}

// ---- the files

/// SQLite would take a log that lies beside a new file for its own: so the log goes first.
static Result<void> removeDatabase(const QString &path, const QByteArray &vfs, bool isDurable)
{
    for (const char *part : {"-wal", "-journal", ""}) {
        const SqliteDatabase::Place place{path + QString::fromLatin1(part), vfs};
        if (Result<void> removed = VfsFile::remove(place, isDurable); !removed)
            return removed;
    }
    return {};
}

Result<void> SqliteCheckpoint::removeGeneration(std::uint64_t generation, bool isDurable)
{
    return removeDatabase(pathOf(generation), m_options.vfs, isDurable);
}

/// Only the neighbours can be there: what is received takes the next number, and what went out of
/// use had the one before.
Result<void> SqliteCheckpoint::removeOthers()
{
    m_received.reset();
    Result<void> removed = removeGeneration(m_number + 1, false);
    if (removed && m_number > 0)
        removed = removeGeneration(m_number - 1, false);
    return removed ? removeExport() : removed;
}

QString SqliteCheckpoint::exportPath() const
{
    return m_options.directory + QStringLiteral("/export.sqlite");
}

Result<void> SqliteCheckpoint::removeExport()
{
    return removeDatabase(exportPath(), m_options.vfs, false);
}

/// Generation 0 is made before any other and goes only when another one is in use.
Result<void> SqliteCheckpoint::findOthers() const
{
    for (std::uint64_t number = 0; number <= generationsSought; ++number) {
        const Result<bool> isThere = VfsFile::exists({pathOf(number), m_options.vfs});
        if (!isThere)
            return isThere.error();
        if (*isThere && number == 0)
            return {};
        if (*isThere)
            return Error{ErrorCode::corrupt,
                         QStringLiteral("the journal names no checkpoint, but %1 is there and "
                                        "generation 0 is not; are the journal and the checkpoint "
                                        "of different nodes or times?")
                             .arg(pathOf(number))};
    }
    return {};
}

Error SqliteCheckpoint::noted(const Error &error)
{
    const bool isInDoubt = error.code == ErrorCode::io || error.code == ErrorCode::syncFailed
                           || error.code == ErrorCode::corrupt;
    if (isInDoubt && !m_failure) {
        m_failure = error.in(QStringLiteral("after an earlier failure nothing more is done until "
                                            "the node is started again"));
        m_received.reset();
    }
    return error.in(QStringLiteral("checkpoint"));
}

Result<void> SqliteCheckpoint::ensureOpen()
{
    if (m_failure)
        return *m_failure;
    if (m_current)
        return {};
    if (Result<void> found = findOthers(); !found)
        return noted(found.error());
    auto opened =
        SqliteGeneration::open({pathOf(m_number), m_options.vfs}, SqliteDatabase::Mode::create,
                               m_options.layout, m_options.logPagesMax);
    if (!opened)
        return noted(opened.error().in(pathOf(m_number)));
    if (Result<void> removed = removeOthers(); !removed)
        return noted(removed.error());
    if (Result<void> synced = syncDirectory(); !synced)
        return noted(synced.error());
    m_current = std::move(*opened);
    return {};
}

Result<void> SqliteCheckpoint::syncDirectory()
{
    return m_options.syncDirectory ? m_options.syncDirectory() : Result<void>();
}

// ---- the current generation

Result<std::optional<CheckpointHeader>> SqliteCheckpoint::open()
{
    if (Result<void> opened = ensureOpen(); !opened)
        return opened.error();
    return m_current->header();
}

Result<void> SqliteCheckpoint::load(const std::function<Result<void>(const Row &)> &visit)
{
    if (Result<void> opened = ensureOpen(); !opened)
        return opened;
    bool isVisitorsError = false;
    const Result<void> loaded = m_current->load([&](const Row &row) {
        Result<void> visited = visit(row);
        isVisitorsError = !visited;
        return visited;
    });
    if (loaded || isVisitorsError)
        return loaded;
    return noted(loaded.error().in(pathOf(m_number)));
}

Result<void> SqliteCheckpoint::commit(const CheckpointHeader &header, const std::vector<Row> &rows)
{
    if (Result<void> opened = ensureOpen(); !opened)
        return opened;
    if (Result<void> committed = m_current->commit(header, rows); !committed)
        return noted(committed.error().in(pathOf(m_number)));
    return {};
}

Result<std::shared_ptr<CheckpointFile>> SqliteCheckpoint::exportFile()
{
    if (Result<void> opened = ensureOpen(); !opened)
        return opened.error();
    if (!m_current->header())
        return Error{ErrorCode::notFound, QStringLiteral("checkpoint: nothing was committed yet")};
    if (Result<void> removed = removeExport(); !removed)
        return noted(removed.error());
    auto exported = openExport();
    if (!exported) {
        const Error error = noted(exported.error().in(exportPath()));
        static_cast<void>(removeExport()); // what stays is removed by the next one
        return error;
    }
    return exported;
}

Result<std::shared_ptr<CheckpointFile>> SqliteCheckpoint::openExport()
{
    if (Result<void> copied = m_current->exportTo(exportPath()); !copied)
        return copied.error();
    auto file = VfsFile::open({exportPath(), m_options.vfs}, VfsFile::Mode::readAndDelete);
    if (!file)
        return file.error();
    const Result<std::uint64_t> size = (*file)->size();
    if (!size)
        return size.error();
    return std::make_shared<ExportedFile>(*m_current->header(), std::move(*file), *size);
}

// ---- a generation from elsewhere

Result<void> SqliteCheckpoint::receive(std::uint64_t offset, const QByteArray &piece)
{
    if (Result<void> opened = ensureOpen(); !opened)
        return opened;
    if (offset == 0) {
        if (Result<void> begun = beginReceiving(); !begun)
            return noted(begun.error());
    }
    if (!m_received || offset != m_receivedBytes)
        return Error{ErrorCode::invalid,
                     QStringLiteral("checkpoint: a piece is not the next one: at %1, expected %2")
                         .arg(offset)
                         .arg(m_received ? m_receivedBytes : 0)};
    if (checkpointFormat::fileBytesMax - m_receivedBytes < std::uint64_t(piece.size()))
        return Error{ErrorCode::invalid, QStringLiteral("checkpoint: a file has at most %1 bytes")
                                             .arg(checkpointFormat::fileBytesMax)};
    if (Result<void> written = m_received->write(offset, piece); !written) {
        m_received.reset();
        const Error error = noted(written.error());
        if (error.code == ErrorCode::noSpace)
            static_cast<void>(removeGeneration(m_number + 1, false)); // gives the space back
        return error;
    }
    m_receivedBytes += std::uint64_t(piece.size());
    return {};
}

Result<void> SqliteCheckpoint::beginReceiving()
{
    m_received.reset();
    m_receivedBytes = 0;
    if (Result<void> removed = removeGeneration(m_number + 1, true); !removed)
        return removed;
    auto file = VfsFile::open({pathOf(m_number + 1), m_options.vfs}, VfsFile::Mode::create);
    if (!file)
        return file.error();
    m_received = std::move(*file);
    return {};
}

Result<std::pair<CheckpointHeader, QByteArray>>
SqliteCheckpoint::stage(const CheckpointTrial &trial)
{
    if (Result<void> opened = ensureOpen(); !opened)
        return opened.error();
    if (!m_received)
        return Error{ErrorCode::invalid, QStringLiteral("checkpoint: no file was received")};
    const Result<void> synced =
        mutantIsOn(Mutant::stagedBeforeSynced) ? Result<void>() : m_received->sync();
    m_received.reset();
    if (!synced)
        return noted(synced.error());
    auto checked = checkReceived(trial);
    if (checked)
        return checked;
    const Error error = checked.error();
    if (error.code == ErrorCode::corrupt) { // of the file, not of this node
        if (Result<void> removed = removeGeneration(m_number + 1, false); !removed)
            return noted(removed.error());
        return error.in(QStringLiteral("checkpoint: the received file is refused"));
    }
    static_cast<void>(removeGeneration(m_number + 1, false)); // gives the space back
    return noted(error);
}

/// Its own hash says that the file is as it was made; the trial, that it was made of a sound state.
static Result<void> tryOut(SqliteGeneration &generation, const CheckpointTrial &trial)
{
    Result<void> tried;
    const Result<void> loaded = generation.load([&](const Row &row) {
        tried = trial.row(row);
        return tried;
    });
    if (tried && !loaded)
        return loaded;
    if (tried)
        tried = trial.finish(*generation.header());
    return tried ? tried : Error{ErrorCode::corrupt, tried.error().message};
}

Result<CheckpointHeader> checkCheckpointFile(const QString &path, const CheckpointLayout &layout,
                                             const CheckpointTrial &trial)
{
    const SqliteDatabase::Place place{path, {}};
    const Result<bool> isThere = VfsFile::exists(place);
    if (!isThere)
        return isThere.error().in(path);
    if (!*isThere)
        return Error{ErrorCode::notFound, QStringLiteral("there is no file %1").arg(path)};
    auto opened = SqliteGeneration::open(place, SqliteDatabase::Mode::existing, layout, 1);
    if (!opened)
        return opened.error().in(path);
    Result<void> checked = (*opened)->verify();
    if (checked)
        checked = tryOut(**opened, trial);
    if (!checked)
        return checked.error().in(path);
    return *(*opened)->header();
}

Result<std::pair<CheckpointHeader, QByteArray>>
SqliteCheckpoint::checkReceived(const CheckpointTrial &trial)
{
    const std::uint64_t number = m_number + 1;
    auto opened =
        SqliteGeneration::open({pathOf(number), m_options.vfs}, SqliteDatabase::Mode::existing,
                               m_options.layout, m_options.logPagesMax);
    if (!opened)
        return opened.error();
    SqliteGeneration &generation = **opened;
    if (Result<void> verified = generation.verify(); !verified)
        return verified.error();
    if (Result<void> tried = tryOut(generation, trial); !tried)
        return tried.error();
    const QByteArray name = nameOf(number, generation.contentHash());
    if (Result<void> named = generation.setGeneration(name); !named)
        return named.error();
    if (Result<void> synced = syncDirectory(); !synced)
        return synced.error();
    return std::pair(*generation.header(), name);
}

Result<void> SqliteCheckpoint::activate(const QByteArray &generation)
{
    if (m_failure)
        return *m_failure;
    if (!m_current || m_current->generation() != generation) {
        if (Result<void> switched = switchTo(generation); !switched)
            return noted(switched.error());
    }
    if (Result<void> removed = removeOthers(); !removed)
        return noted(removed.error());
    return {};
}

Result<void> SqliteCheckpoint::switchTo(const QByteArray &generation)
{
    const Error missing{
        ErrorCode::notFound,
        QStringLiteral("there is no generation %1").arg(QString::fromUtf8(generation))};
    const std::optional<std::uint64_t> number = numberOf(generation);
    if (!number)
        return missing;
    const QString path = pathOf(*number);
    const Result<bool> isThere = VfsFile::exists({path, m_options.vfs});
    if (!isThere)
        return isThere.error();
    const bool isUnfinished = m_received && *number == m_number + 1;
    const bool isAnother = m_current && *number == m_number;
    if (!*isThere || isUnfinished || isAnother)
        return missing;
    auto opened = SqliteGeneration::open({path, m_options.vfs}, SqliteDatabase::Mode::existing,
                                         m_options.layout, m_options.logPagesMax);
    if (!opened)
        return opened.error().in(path);
    if ((*opened)->generation() != generation)
        return missing;
    m_received.reset();
    m_current = std::move(*opened);
    m_number = *number;
    return {};
}

} // namespace coffer::storage
