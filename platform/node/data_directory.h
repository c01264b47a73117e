// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/ids.h"
#include "base/random.h"
#include "base/result.h"

#include <QString>

#include <memory>

namespace coffer::storage {
class FileLock;
class PosixFileSystem;
} // namespace coffer::storage

namespace coffer::node {

/// The directory in which a node lives: its identity, its journal, its checkpoint.
///
/// `node.txt` says which node it is (docs/formats/data-directory.md); `journal/` belongs to
/// FileJournal, `checkpoint-*` to SqliteCheckpoint. Holds the lock file `lock`. Resource.
class DataDirectory
{
public:
    /// Opens \a path, or makes it: then the node gets an id from \a random, which is durable
    /// before this returns. `refused`: another process has it, it was made by a newer program, or
    /// there are files in it but no node.txt. `corrupt`: node.txt cannot be read. `io`, `noSpace`.
    [[nodiscard]] static Result<std::unique_ptr<DataDirectory>> open(const QString &path,
                                                                     Random &random);
    /// Takes a directory that is empty or not there, and draws an id for it. It is no node's before
    /// settle(): until then cofferd refuses it. Errors as open(), `refused` if it is not empty.
    [[nodiscard]] static Result<std::unique_ptr<DataDirectory>> prepareNew(const QString &path,
                                                                           Random &random);
    /// After prepareNew(), when all that the node needs is durable: writes node.txt.
    Result<void> settle();
    /// After prepareNew(), in place of settle(): removes what was put there, as far as possible.
    void discard();
    ~DataDirectory();
    DataDirectory(const DataDirectory &) = delete;
    DataDirectory &operator=(const DataDirectory &) = delete;

    [[nodiscard]] NodeId self() const { return m_self; }
    /// Absolute.
    [[nodiscard]] const QString &path() const { return m_path; }
    [[nodiscard]] storage::PosixFileSystem &files() { return *m_files; }
    [[nodiscard]] storage::PosixFileSystem &journalFiles() { return *m_journalFiles; }

private:
    explicit DataDirectory(QString path);
    [[nodiscard]] Result<bool> hasIdentity();
    Result<void> prepare(Random &random);
    Result<void> take();
    Result<void> makeJournal();
    Result<void> readIdentity();

    QString m_path;
    std::unique_ptr<storage::PosixFileSystem> m_files;
    std::unique_ptr<storage::FileLock> m_lock;
    std::unique_ptr<storage::PosixFileSystem> m_journalFiles;
    NodeId m_self;
};

/// The content of node.txt. Pure.
[[nodiscard]] QByteArray encodeIdentity(NodeId self);
/// `corrupt` if it is not whole, `refused` if it is of a newer program.
[[nodiscard]] Result<NodeId> decodeIdentity(const QByteArray &text);

/// How ids appear to people: 16 hexadecimal digits.
[[nodiscard]] QString idText(std::uint64_t id);

} // namespace coffer::node
