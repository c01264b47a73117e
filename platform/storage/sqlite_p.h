// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

#include <QByteArray>
#include <QByteArrayView>
#include <QString>

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>

namespace coffer::storage {

/// What an answer of SQLite means to a caller; \a systemError is errno, or 0.
///
/// noSpace is only what SQLite promises to leave as it was: a write that found the disk full. A
/// failed sync is never that.
[[nodiscard]] Error sqliteError(int code, int systemError, const QString &message);

/// The name of a VFS that is the system's, but syncs each file after every megabyte that is
/// written.
///
/// A commit of many pages would else be one burst, and every other file of the disk would wait for
/// it: the journal's sync among them, and with it all writes and the office of the leader. The
/// memory of a file (sqlite3_vfs::szOsFile) is larger than the system's. Any thread.
[[nodiscard]] const char *pacedVfs();

/// One prepared statement. Resource; dies before its database. Errors carry SQLite's sentence.
class SqliteStatement
{
public:
    explicit SqliteStatement(sqlite3_stmt *statement = nullptr) : m_statement(statement) {}

    /// Parameters count from 1. The bytes must stay as they are until the next reset().
    void bind(int parameter, QByteArrayView blob);
    void bindText(int parameter, QByteArrayView text);
    void bind(int parameter, qint64 number);
    /// True: there is a row. Ends the run by itself when there is none.
    [[nodiscard]] Result<bool> step();
    void reset();
    /// One run without rows.
    Result<void> run();

    /// Of the row that step() found; valid until the next step or reset. Columns count from 0.
    [[nodiscard]] bool isBlob(int column) const;
    [[nodiscard]] QByteArrayView blob(int column) const;
    [[nodiscard]] QByteArray text(int column) const;
    [[nodiscard]] qint64 number(int column) const;

private:
    struct Finalize
    {
        void operator()(sqlite3_stmt *statement) const { sqlite3_finalize(statement); }
    };
    std::unique_ptr<sqlite3_stmt, Finalize> m_statement;
};

/// One connection, closed down against hostile files: no triggers, views, extensions or code of
/// the schema; the schema cannot be edited. Nothing is written when it is closed.
class SqliteDatabase
{
public:
    enum class Mode { create, existing };

    struct Place
    {
        QString path;
        QByteArray vfs; ///< Empty: the system's.
    };

    /// \a lengthMax: bytes of the largest row.
    [[nodiscard]] static Result<std::unique_ptr<SqliteDatabase>> open(const Place &place, Mode mode,
                                                                      std::size_t lengthMax);

    Result<void> run(const QByteArray &sql);
    [[nodiscard]] Result<SqliteStatement> prepare(const QByteArray &sql);
    /// The number in the first column of the first row.
    [[nodiscard]] Result<qint64> number(const QByteArray &sql);
    [[nodiscard]] bool isInTransaction() const;
    /// Rows that the last statement inserted, replaced or removed.
    [[nodiscard]] int changedRows() const { return sqlite3_changes(m_database.get()); }
    /// Moves the log into the file. Nothing else ever does: SQLite would hide its failures.
    Result<void> moveLog();
    /// Frames in the log after the last commit.
    [[nodiscard]] int logFrames() const { return m_logFrames; }

private:
    SqliteDatabase() = default;
    [[nodiscard]] Error lastError() const;
    void restrict(std::size_t lengthMax);
    static int noteLog(void *self, sqlite3 *database, const char *schema, int frames);

    struct Close
    {
        void operator()(sqlite3 *database) const { sqlite3_close_v2(database); }
    };
    std::unique_ptr<sqlite3, Close> m_database;
    int m_logFrames = 0;
};

/// A plain file of a VFS: everything that is beside the databases goes the same way to the disk.
class VfsFile
{
public:
    enum class Mode { create, readAndDelete, readWrite };

    [[nodiscard]] static Result<std::unique_ptr<VfsFile>> open(const SqliteDatabase::Place &place,
                                                               Mode mode);
    ~VfsFile();
    VfsFile(const VfsFile &) = delete;
    VfsFile &operator=(const VfsFile &) = delete;

    Result<void> write(std::uint64_t offset, QByteArrayView bytes);
    Result<void> read(std::uint64_t offset, char *target, std::size_t size);
    Result<void> sync();
    [[nodiscard]] Result<std::uint64_t> size();

    [[nodiscard]] static Result<bool> exists(const SqliteDatabase::Place &place);
    /// True for a file that is not there. \a isDurable: it cannot come back after a crash.
    static Result<void> remove(const SqliteDatabase::Place &place, bool isDurable);

private:
    VfsFile() = default;
    [[nodiscard]] Error errorOf(int code, const char *doing) const;

    sqlite3_vfs *m_vfs = nullptr;
    QByteArray m_path;
    std::unique_ptr<char[]> m_memory;
    sqlite3_file *m_file = nullptr;
};

} // namespace coffer::storage
