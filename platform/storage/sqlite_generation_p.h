// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/checkpoint.h"
#include "storage/checkpoint_layout.h"
#include "storage/sqlite_p.h"

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace coffer::storage {

/// One generation of a checkpoint: one open database of a CheckpointLayout, with its content hash.
///
/// The content hash is the sum of rowHash() over all rows and the header. Each commit keeps it up
/// to date from the rows that it replaces, and load() and verify() compare it with what is there.
/// Resource; one caller at a time. After an error other than noSpace and invalid it is of no use.
class SqliteGeneration
{
public:
    using Visit = std::function<Result<void>(const Row &)>;

    /// Opens the file, or makes it with \a mode create; moves a log that is left into it. `corrupt`
    /// if it is not a file of exactly \a layout. \a layout must outlive the object.
    [[nodiscard]] static Result<std::unique_ptr<SqliteGeneration>>
    open(const SqliteDatabase::Place &place, SqliteDatabase::Mode mode,
         const CheckpointLayout &layout, int logPagesMax);

    /// Nothing before the first commit.
    [[nodiscard]] const std::optional<CheckpointHeader> &header() const { return m_header; }
    [[nodiscard]] const Hash128 &contentHash() const { return m_contentHash; }
    /// What setGeneration() wrote; "0" by default.
    [[nodiscard]] const QByteArray &generation() const { return m_generation; }

    /// Every row in order; `corrupt` if the content hash is another one, which is known at the end.
    Result<void> load(const Visit &visit);
    Result<void> commit(const CheckpointHeader &header, const std::vector<Row> &rows);
    /// For a file from elsewhere: SQLite's own check of every page, then every row, its limits
    /// and the content hash.
    Result<void> verify();
    /// Names the generation; durable, and the log is empty, when it returns.
    Result<void> setGeneration(const QByteArray &name);
    /// A compact copy of the last commit in a new file; not synced.
    Result<void> exportTo(const QString &path);

private:
    struct TableStatements
    {
        SqliteStatement find;
        SqliteStatement insert; ///< Does nothing if the key is there.
        SqliteStatement put;
        SqliteStatement remove;
        bool isLastNew = true; ///< The row put last was; so the next may be too.
    };

    SqliteGeneration(const CheckpointLayout &layout, int logPagesMax)
        : m_layout(layout), m_logPagesMax(logPagesMax)
    {}

    Result<void> configure(const SqliteDatabase::Place &place);
    Result<void> proveLog(SqliteDatabase::Place place);
    Result<void> create();
    Result<void> checkSchema();
    Result<void> prepare();
    Result<void> readHeader();
    Result<void> useLog();

    [[nodiscard]] Result<void> checkRow(const Row &row);
    [[nodiscard]] TableStatements *statementsOf(std::uint8_t table);
    Result<void> write(const CheckpointHeader &header, const std::vector<Row> &rows);
    Result<void> writeRow(const Row &row);
    Result<void> writeHeader(const CheckpointHeader &header, const QByteArray &generation);
    Result<void> loadTable(const CheckpointLayout::Table &table, const Visit &visit, Hash128 &sum);
    Result<void> moveLog();

    const CheckpointLayout &m_layout;
    const int m_logPagesMax;
    std::unique_ptr<SqliteDatabase> m_database;
    std::vector<TableStatements> m_statements; ///< As in the layout.
    SqliteStatement m_putHeader;

    std::optional<CheckpointHeader> m_header;
    Hash128 m_contentHash;
    QByteArray m_generation = "0";
};

} // namespace coffer::storage
