// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "storage/file_system.h"

namespace coffer::storage {

/// A directory of this machine. Resource; the directory must exist.
class PosixFileSystem final : public FileSystem
{
public:
    /// Errors: `notFound` if \a directory is not there, `io` if it cannot be opened.
    [[nodiscard]] static Result<std::unique_ptr<PosixFileSystem>> open(const QString &directory);
    ~PosixFileSystem() override;
    PosixFileSystem(const PosixFileSystem &) = delete;
    PosixFileSystem &operator=(const PosixFileSystem &) = delete;

    [[nodiscard]] Result<std::unique_ptr<File>> open(const QString &name, Open how) override;
    [[nodiscard]] Result<std::unique_ptr<File>> create(const QString &name) override;
    [[nodiscard]] Result<QStringList> names() override;
    Result<void> rename(const QString &from, const QString &to) override;
    Result<void> remove(const QString &name) override;
    Result<void> syncDirectory() override;
    [[nodiscard]] Result<std::unique_ptr<FileLock>> lock(const QString &name) override;
    [[nodiscard]] QString describe(const QString &name) const override;

private:
    PosixFileSystem(QString directory, int descriptor);
    [[nodiscard]] Result<std::unique_ptr<File>> openWith(const QString &name, int flags);

    QString m_directory;
    int m_descriptor;
};

} // namespace coffer::storage
