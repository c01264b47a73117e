// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/files.h"

#include <memory>

namespace coffer::agent {

/// The disk of this host.
///
/// As root, links on the way to a path are followed only if they are root's own: else who may write
/// in a directory on the way could lead a step anywhere. Then it is `denied`.
class DiskFiles final : public Files
{
public:
    [[nodiscard]] Result<std::optional<FileStatus>> status(const QByteArray &path) override;
    [[nodiscard]] Result<QByteArray> read(const QByteArray &path, std::uint64_t bytesMax) override;
    [[nodiscard]] Result<QByteArray> linkTarget(const QByteArray &path) override;
    [[nodiscard]] Result<QByteArrayList> names(const QByteArray &directory) override;
    [[nodiscard]] Result<std::uint32_t> userId(const QByteArray &name) override;
    [[nodiscard]] Result<std::uint32_t> groupId(const QByteArray &name) override;
    [[nodiscard]] std::uint32_t user() override;

    Result<void> makeDirectory(const QByteArray &path, std::uint16_t mode) override;
    Result<void> makeFile(const QByteArray &path, QByteArrayView bytes,
                          const Rights &rights) override;
    Result<void> append(const QByteArray &path, QByteArrayView bytes) override;
    Result<void> sync(const QByteArray &path) override;
    Result<void> link(const QByteArray &path, const QByteArray &newPath) override;
    Result<void> makeLink(const QByteArray &target, const QByteArray &path) override;
    Result<void> rename(const QByteArray &from, const QByteArray &to) override;
    Result<void> remove(const QByteArray &path) override;
    Result<void> removeDirectory(const QByteArray &path) override;
};

/// Holds the lock of a state directory for as long as it lives. Resource.
class StateLock
{
public:
    /// Takes STATE/lock for this process, without waiting; makes STATE (mode 0700) if only its
    /// last part is missing. `refused` if another agent of this host has it; names its pid.
    [[nodiscard]] static Result<std::unique_ptr<StateLock>> take(const QByteArray &state);
    /// Keeps agents away while somebody looks, and changes nothing; nobody else who looks is kept
    /// away. nullptr if there is no lock, so that there was never an agent. `refused` as above.
    [[nodiscard]] static Result<std::unique_ptr<StateLock>> share(const QByteArray &state);
    ~StateLock();
    StateLock(const StateLock &) = delete;
    StateLock &operator=(const StateLock &) = delete;

private:
    explicit StateLock(int descriptor) : m_descriptor(descriptor) {}
    int m_descriptor;
};

} // namespace coffer::agent
