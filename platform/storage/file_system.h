// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"

#include <QByteArrayView>
#include <QStringList>

#include <cstdint>
#include <memory>

namespace coffer::storage {

/// One open file. Resource; closed with the object. One caller at a time.
///
/// Errors are `noSpace` for a full disk or quota, `syncFailed` from sync(), else `io`; their
/// sentence names the file. A failed write may have written any part of its bytes.
class File
{
public:
    virtual ~File() = default;

    [[nodiscard]] virtual Result<std::uint64_t> size() = 0;
    /// The bytes at \a offset, as many of \a bytesMax as the file has.
    [[nodiscard]] virtual Result<QByteArray> read(std::uint64_t offset, std::uint64_t bytesMax) = 0;
    /// Writes all of \a bytes at \a offset; the file grows if it must. Durable after sync().
    virtual Result<void> write(std::uint64_t offset, QByteArrayView bytes) = 0;
    /// Makes the file at least \a size bytes long, and keeps the space for them. What was not
    /// written reads as zeros.
    virtual Result<void> preallocate(std::uint64_t size) = 0;
    /// Cuts the file to \a size bytes, or extends it with zeros.
    virtual Result<void> resize(std::uint64_t size) = 0;
    /// Makes bytes and size durable (fdatasync). After an error nobody knows what is durable: what
    /// was written since the last sync may be gone although it can still be read, and a second
    /// sync may report success for it.
    virtual Result<void> sync() = 0;
};

/// Holds a lock file for as long as it lives. Resource.
class FileLock
{
public:
    virtual ~FileLock() = default;
};

/// What a journal needs of one flat directory. Names are without a path. Synchronous; one caller
/// at a time. Files and locks must not outlive it.
class FileSystem
{
public:
    enum class Open {
        read,     ///< `notFound` if it is not there.
        readWrite ///< The same.
    };

    virtual ~FileSystem() = default;

    [[nodiscard]] virtual Result<std::unique_ptr<File>> open(const QString &name, Open how) = 0;
    /// Makes an empty file for reading and writing; one of that name that is there is emptied.
    [[nodiscard]] virtual Result<std::unique_ptr<File>> create(const QString &name) = 0;
    /// The names of all files, sorted.
    [[nodiscard]] virtual Result<QStringList> names() = 0;
    /// Gives a file another name; one that has it already is replaced.
    virtual Result<void> rename(const QString &from, const QString &to) = 0;
    virtual Result<void> remove(const QString &name) = 0;
    /// Makes creations, renames and removals durable.
    virtual Result<void> syncDirectory() = 0;
    /// Takes the lock file \a name for this process, without waiting. `refused` if somebody holds
    /// it, with who that is if it can be known. Released with the object or the process.
    [[nodiscard]] virtual Result<std::unique_ptr<FileLock>> lock(const QString &name) = 0;
    /// The path of \a name, for people.
    [[nodiscard]] virtual QString describe(const QString &name) const = 0;
};

} // namespace coffer::storage
