// SPDX-License-Identifier: Apache-2.0
#include "storage/sqlite_p.h"

#include "storage/checkpoint_format.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace coffer::storage {

static bool isFull(int systemError) { return systemError == ENOSPC || systemError == EDQUOT; }

static ErrorCode codeOf(int code, int systemError)
{
    switch (code) {
    case SQLITE_IOERR_FSYNC:
    case SQLITE_IOERR_DIR_FSYNC: return ErrorCode::syncFailed;
    case SQLITE_IOERR_WRITE: return isFull(systemError) ? ErrorCode::noSpace : ErrorCode::io;
    default: break;
    }
    switch (code & 0xff) {
    case SQLITE_FULL: return ErrorCode::noSpace;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_SCHEMA:
    case SQLITE_TOOBIG:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_READONLY: // a file says of itself that this SQLite may not write it
    case SQLITE_ERROR: return ErrorCode::corrupt;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return ErrorCode::refused;
    case SQLITE_CANTOPEN: return isFull(systemError) ? ErrorCode::noSpace : ErrorCode::io;
    default: return ErrorCode::io;
    }
}

Error sqliteError(int code, int systemError, const QString &message)
{
    const ErrorCode what = codeOf(code, systemError);
    if (what == ErrorCode::refused)
        return {
            what,
            QStringLiteral("another process has it open; stop that one first (%1)").arg(message)};
    return {what, QStringLiteral("%1 (SQLite code %2)").arg(message).arg(code)};
}

static QString sentence(const char *text) { return QString::fromUtf8(text); }

// ---- statements

void SqliteStatement::bind(int parameter, QByteArrayView blob)
{
    // A null pointer would be NULL, not an empty blob.
    const char *bytes = blob.isEmpty() ? "" : blob.data();
    sqlite3_bind_blob64(m_statement.get(), parameter, bytes, sqlite3_uint64(blob.size()),
                        SQLITE_STATIC);
}

void SqliteStatement::bindText(int parameter, QByteArrayView text)
{
    const char *bytes = text.isEmpty() ? "" : text.data();
    sqlite3_bind_text64(m_statement.get(), parameter, bytes, sqlite3_uint64(text.size()),
                        SQLITE_STATIC, SQLITE_UTF8);
}

void SqliteStatement::bind(int parameter, qint64 number)
{
    sqlite3_bind_int64(m_statement.get(), parameter, number);
}

Result<bool> SqliteStatement::step()
{
    const int code = sqlite3_step(m_statement.get());
    if (code == SQLITE_ROW)
        return true;
    if (code == SQLITE_DONE) {
        reset();
        return false;
    }
    sqlite3 *database = sqlite3_db_handle(m_statement.get());
    const Error error =
        sqliteError(sqlite3_extended_errcode(database), sqlite3_system_errno(database),
                    sentence(sqlite3_errmsg(database)));
    reset();
    return error;
}

void SqliteStatement::reset() { sqlite3_reset(m_statement.get()); }

Result<void> SqliteStatement::run()
{
    Result<bool> stepped = step();
    while (stepped && *stepped)
        stepped = step();
    if (!stepped)
        return stepped.error();
    return {};
}

bool SqliteStatement::isBlob(int column) const
{
    return sqlite3_column_type(m_statement.get(), column) == SQLITE_BLOB;
}

QByteArrayView SqliteStatement::blob(int column) const
{
    const auto *bytes = static_cast<const char *>(sqlite3_column_blob(m_statement.get(), column));
    return {bytes, qsizetype(sqlite3_column_bytes(m_statement.get(), column))};
}

QByteArray SqliteStatement::text(int column) const
{
    const unsigned char *bytes = sqlite3_column_text(m_statement.get(), column);
    const auto size = qsizetype(sqlite3_column_bytes(m_statement.get(), column));
    return bytes ? QByteArray(reinterpret_cast<const char *>(bytes), size) : QByteArray();
}

qint64 SqliteStatement::number(int column) const
{
    return sqlite3_column_int64(m_statement.get(), column);
}

// ---- databases

Result<std::unique_ptr<SqliteDatabase>> SqliteDatabase::open(const Place &place, Mode mode,
                                                             std::size_t lengthMax)
{
    std::unique_ptr<SqliteDatabase> database(new SqliteDatabase);
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
                      | (mode == Mode::create ? SQLITE_OPEN_CREATE : 0);
    sqlite3 *raw = nullptr;
    const int code = sqlite3_open_v2(place.path.toUtf8().constData(), &raw, flags,
                                     place.vfs.isEmpty() ? nullptr : place.vfs.constData());
    database->m_database.reset(raw); // also after an error
    if (code != SQLITE_OK)
        return sqliteError(code, raw ? sqlite3_system_errno(raw) : 0,
                           sentence(sqlite3_errstr(code)));
    database->restrict(lengthMax);
    sqlite3_wal_hook(raw, &SqliteDatabase::noteLog, database.get());
    return database;
}

void SqliteDatabase::restrict(std::size_t lengthMax)
{
    sqlite3 *raw = m_database.get();
    const auto set = [raw](int option, int value) {
        sqlite3_db_config(raw, option, value, static_cast<int *>(nullptr));
    };
    set(SQLITE_DBCONFIG_DEFENSIVE, 1);
    set(SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0);
    set(SQLITE_DBCONFIG_ENABLE_TRIGGER, 0);
    set(SQLITE_DBCONFIG_ENABLE_VIEW, 0);
    set(SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0);
    set(SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1);
    sqlite3_limit(raw, SQLITE_LIMIT_LENGTH, int(lengthMax));
    sqlite3_limit(raw, SQLITE_LIMIT_SQL_LENGTH, int(checkpointFormat::sqlBytesMax));
    sqlite3_limit(raw, SQLITE_LIMIT_ATTACHED, 1); // VACUUM INTO needs one
    sqlite3_limit(raw, SQLITE_LIMIT_TRIGGER_DEPTH, 1);
    sqlite3_limit(raw, SQLITE_LIMIT_WORKER_THREADS, 0);
}

int SqliteDatabase::noteLog(void *self, sqlite3 *, const char *, int frames)
{
    static_cast<SqliteDatabase *>(self)->m_logFrames = frames;
    return SQLITE_OK;
}

Error SqliteDatabase::lastError() const
{
    sqlite3 *raw = m_database.get();
    return sqliteError(sqlite3_extended_errcode(raw), sqlite3_system_errno(raw),
                       sentence(sqlite3_errmsg(raw)));
}

Result<void> SqliteDatabase::run(const QByteArray &sql)
{
    if (sqlite3_exec(m_database.get(), sql.constData(), nullptr, nullptr, nullptr) != SQLITE_OK)
        return lastError();
    return {};
}

Result<SqliteStatement> SqliteDatabase::prepare(const QByteArray &sql)
{
    sqlite3_stmt *statement = nullptr;
    if (sqlite3_prepare_v3(m_database.get(), sql.constData(), int(sql.size()),
                           SQLITE_PREPARE_PERSISTENT, &statement, nullptr)
        != SQLITE_OK)
        return lastError();
    return SqliteStatement(statement);
}

Result<qint64> SqliteDatabase::number(const QByteArray &sql)
{
    Result<SqliteStatement> statement = prepare(sql);
    if (!statement)
        return statement.error();
    const Result<bool> stepped = statement->step();
    if (!stepped)
        return stepped.error();
    return *stepped ? statement->number(0) : 0;
}

bool SqliteDatabase::isInTransaction() const
{
    return sqlite3_get_autocommit(m_database.get()) == 0;
}

Result<void> SqliteDatabase::moveLog()
{
    const int code = sqlite3_wal_checkpoint_v2(m_database.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE,
                                               nullptr, nullptr);
    if (code != SQLITE_OK)
        return lastError();
    m_logFrames = 0;
    return {};
}

// ---- files

static sqlite3_vfs *vfsOf(const QByteArray &name)
{
    return sqlite3_vfs_find(name.isEmpty() ? nullptr : name.constData());
}

static Error vfsError(sqlite3_vfs *vfs, int code, const QString &what)
{
    const int systemError = vfs->xGetLastError ? vfs->xGetLastError(vfs, 0, nullptr) : 0;
    return sqliteError(code, systemError,
                       what + QStringLiteral(": ") + sentence(sqlite3_errstr(code)));
}

Result<std::unique_ptr<VfsFile>> VfsFile::open(const SqliteDatabase::Place &place, Mode mode)
{
    std::unique_ptr<VfsFile> file(new VfsFile);
    file->m_vfs = vfsOf(place.vfs);
    if (!file->m_vfs)
        return Error{ErrorCode::io, QStringLiteral("SQLite does not know its VFS")};
    file->m_path = place.path.toUtf8();
    file->m_memory = std::make_unique<char[]>(std::size_t(file->m_vfs->szOsFile));
    auto *raw = reinterpret_cast<sqlite3_file *>(file->m_memory.get());
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_TRANSIENT_DB;
    if (mode == Mode::create)
        flags |= SQLITE_OPEN_CREATE;
    if (mode == Mode::readAndDelete)
        flags |= SQLITE_OPEN_DELETEONCLOSE;
    const int code = file->m_vfs->xOpen(file->m_vfs, file->m_path.constData(), raw, flags, nullptr);
    if (raw->pMethods)
        file->m_file = raw;
    if (code != SQLITE_OK)
        return file->errorOf(code, "opening");
    return file;
}

VfsFile::~VfsFile()
{
    if (m_file)
        m_file->pMethods->xClose(m_file);
}

Error VfsFile::errorOf(int code, const char *doing) const
{
    return vfsError(m_vfs, code,
                    QStringLiteral("%1 %2").arg(sentence(doing), sentence(m_path.constData())));
}

/// SQLite itself never asks for more at once, and its VFS for Unix cannot do more than 128 KiB.
static constexpr std::size_t callBytesMax = std::size_t(64) << 10;

Result<void> VfsFile::write(std::uint64_t offset, QByteArrayView bytes)
{
    for (std::size_t done = 0; done < std::size_t(bytes.size());) {
        const std::size_t size = std::min(callBytesMax, std::size_t(bytes.size()) - done);
        const int code = m_file->pMethods->xWrite(m_file, bytes.data() + done, int(size),
                                                  sqlite3_int64(offset) + sqlite3_int64(done));
        if (code != SQLITE_OK)
            return errorOf(code, "writing");
        done += size;
    }
    return {};
}

Result<void> VfsFile::read(std::uint64_t offset, char *target, std::size_t size)
{
    for (std::size_t done = 0; done < size;) {
        const std::size_t part = std::min(callBytesMax, size - done);
        const int code = m_file->pMethods->xRead(m_file, target + done, int(part),
                                                 sqlite3_int64(offset) + sqlite3_int64(done));
        if (code != SQLITE_OK)
            return errorOf(code, "reading");
        done += part;
    }
    return {};
}

Result<void> VfsFile::sync()
{
    const int code = m_file->pMethods->xSync(m_file, SQLITE_SYNC_NORMAL);
    if (code != SQLITE_OK)
        return errorOf(code, "syncing");
    return {};
}

Result<std::uint64_t> VfsFile::size()
{
    sqlite3_int64 bytes = 0;
    const int code = m_file->pMethods->xFileSize(m_file, &bytes);
    if (code != SQLITE_OK)
        return errorOf(code, "measuring");
    return std::uint64_t(bytes);
}

Result<bool> VfsFile::exists(const SqliteDatabase::Place &place)
{
    sqlite3_vfs *vfs = vfsOf(place.vfs);
    int found = 0;
    const int code =
        vfs ? vfs->xAccess(vfs, place.path.toUtf8().constData(), SQLITE_ACCESS_EXISTS, &found)
            : SQLITE_IOERR;
    if (code != SQLITE_OK)
        return Error{ErrorCode::io, QStringLiteral("looking for %1").arg(place.path)};
    return found != 0;
}

Result<void> VfsFile::remove(const SqliteDatabase::Place &place, bool isDurable)
{
    sqlite3_vfs *vfs = vfsOf(place.vfs);
    if (!vfs)
        return Error{ErrorCode::io, QStringLiteral("SQLite does not know its VFS")};
    const int code = vfs->xDelete(vfs, place.path.toUtf8().constData(), isDurable ? 1 : 0);
    if (code != SQLITE_OK && code != SQLITE_IOERR_DELETE_NOENT)
        return vfsError(vfs, code, QStringLiteral("removing %1").arg(place.path));
    return {};
}

} // namespace coffer::storage
