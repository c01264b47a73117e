// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/checkpoint.h"
#include "storage/checkpoint_layout.h"

#include <QString>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

namespace coffer::storage {

class SqliteGeneration;
class VfsFile;

/// Checks a file as SqliteCheckpoint::stage() does, where it is and without changing it: that it
/// is one of \a layout, SQLite's own check of every page, every row and the content hash, and
/// \a trial. `notFound`, `io`; `corrupt` with the reason if it is refused. No other program may use
/// the file meanwhile. Any thread; takes as long as reading the file thrice.
[[nodiscard]] Result<CheckpointHeader> checkCheckpointFile(const QString &path,
                                                           const CheckpointLayout &layout,
                                                           const CheckpointTrial &trial);

/// The checkpoint of a data directory: one SQLite database a generation, `checkpoint-<n>.sqlite`,
/// as docs/formats/checkpoint.md describes.
///
/// Which generation is in use is said by the journal alone: 0, until activate() names another one.
/// A file that is received becomes the generation behind the current one and is named only when
/// it was checked and is durable. So a crash at any moment leaves the current generation as it is;
/// files that nobody named are removed by the next open() or activate().
///
/// Nothing can be trusted after a failed write or sync: every later call is refused with that
/// error until a new object opens the directory. Exceptions change nothing and may be tried again:
/// `noSpace`, `invalid`, `notFound`, and `corrupt` from stage(), which speaks of the received file.
///
/// Resource. One caller at a time, on any thread; the directory must exist and belongs to one
/// object at a time, which the databases' locks see to.
class SqliteCheckpoint final : public Checkpoint
{
public:
    struct Options
    {
        QString directory; ///< Absolute.
        CheckpointLayout layout;
        /// Name of the registered sqlite3_vfs through which everything goes; empty: the system's,
        /// which syncs what it writes in small pieces, so that the journal is not held up.
        QByteArray vfs = {};
        /// Pages of 8 KiB in the log after which a commit also moves it into the file.
        int logPagesMax = 2048;
        /// Makes the names in the directory durable. SQLite does so itself when a file is new, but
        /// does not say if that fails; without this, such a failure goes unnoticed.
        std::function<Result<void>()> syncDirectory = {};
    };

    explicit SqliteCheckpoint(Options options);
    ~SqliteCheckpoint() override;
    SqliteCheckpoint(const SqliteCheckpoint &) = delete;
    SqliteCheckpoint &operator=(const SqliteCheckpoint &) = delete;

    [[nodiscard]] Result<std::optional<CheckpointHeader>> open() override;
    /// `corrupt`, at the end, if the rows are not those that were committed.
    Result<void> load(const std::function<Result<void>(const Row &)> &visit) override;
    Result<void> commit(const CheckpointHeader &header, const std::vector<Row> &rows) override;
    /// The file lives as long as somebody holds it, even longer than this object. It takes as much
    /// of the disk as the state itself.
    [[nodiscard]] Result<std::shared_ptr<CheckpointFile>> exportFile() override;
    Result<void> receive(std::uint64_t offset, const QByteArray &piece) override;
    [[nodiscard]] Result<std::pair<CheckpointHeader, QByteArray>>
    stage(const CheckpointTrial &trial) override;
    Result<void> activate(const QByteArray &generation) override;

private:
    [[nodiscard]] QString pathOf(std::uint64_t generation) const;
    Result<void> ensureOpen();
    Result<void> syncDirectory();
    [[nodiscard]] Result<void> findOthers() const;
    Result<void> removeGeneration(std::uint64_t generation, bool isDurable);
    Result<void> removeOthers();
    [[nodiscard]] QString exportPath() const;
    Result<void> removeExport();
    [[nodiscard]] Result<std::shared_ptr<CheckpointFile>> openExport();
    Result<void> beginReceiving();
    [[nodiscard]] Result<std::pair<CheckpointHeader, QByteArray>>
    checkReceived(const CheckpointTrial &trial);
    Result<void> switchTo(const QByteArray &generation);
    /// Returns \a error, and keeps it for all later calls if it leaves the disk in doubt.
    Error noted(const Error &error);

    Options m_options;
    std::uint64_t m_number = 0;
    std::unique_ptr<SqliteGeneration> m_current;
    std::unique_ptr<VfsFile> m_received;
    std::uint64_t m_receivedBytes = 0;
    std::optional<Error> m_failure;
};

} // namespace coffer::storage
