// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/random.h"
#include "storage/file_system.h"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace coffer::storage {

/// A step in which a file system is read or changed; what a fault can be tied to.
enum class FileCall {
    open,
    create,
    size,
    read,
    write,
    preallocate,
    resize,
    sync,
    names,
    rename,
    remove,
    syncDirectory,
    lock
};

/// One directory in memory, with the durability of a real disk and none of its waiting.
///
/// What was written can be read at once and is durable after a sync. A disk writes whole sectors,
/// in any order: of each sector that was written since the last sync, a crash leaves the durable
/// state or that after any one of those writes, independently of all other sectors. The same
/// holds for the size of a file, and each creation, rename and removal is kept or lost.
///
/// Resource; one thread. Files and locks made by it must not outlive it.
class MemoryFileSystem final : public FileSystem
{
public:
    static constexpr std::uint64_t sectorBytes = 512;

    /// Asked before each step, with the name of the file. An Error makes the step fail: a write
    /// then leaves the first half of its bytes, a sync of a file loses for good what was not
    /// durable, everything else changes nothing. An exception passes through: the process went
    /// down at exactly this step.
    using FaultHook = std::function<std::optional<Error>(FileCall, const QString &)>;
    /// Picks a number from 0 to its argument: 0 keeps the durable state, n that after the n-th
    /// change.
    using Choose = std::function<std::size_t(std::size_t)>;
    /// Everything durable at one moment: contents by name. Value.
    using Image = std::map<QString, QByteArray>;

    MemoryFileSystem() = default;
    MemoryFileSystem(const MemoryFileSystem &) = delete;
    MemoryFileSystem &operator=(const MemoryFileSystem &) = delete;

    [[nodiscard]] Result<std::unique_ptr<File>> open(const QString &name, Open how) override;
    [[nodiscard]] Result<std::unique_ptr<File>> create(const QString &name) override;
    [[nodiscard]] Result<QStringList> names() override;
    Result<void> rename(const QString &from, const QString &to) override;
    Result<void> remove(const QString &name) override;
    Result<void> syncDirectory() override;
    [[nodiscard]] Result<std::unique_ptr<FileLock>> lock(const QString &name) override;
    [[nodiscard]] QString describe(const QString &name) const override { return name; }

    void setFaultHook(FaultHook hook) { m_faultHook = std::move(hook); }
    /// Bytes of all files together above which growing answers noSpace; nothing: no limit.
    void setCapacity(std::optional<std::uint64_t> bytes) { m_capacity = bytes; }
    /// Bytes of all files, space that is kept for them included.
    [[nodiscard]] std::uint64_t usedBytes() const;

    /// Power loss. Files and locks that are still held are dead afterwards.
    void crash(const Choose &choose);
    /// Power loss that leaves of each change what \a random says.
    void crash(Random &random);

    /// What would be left if everything that is not durable were lost, and going back to it: an
    /// old backup, a disk that lied, or another machine. restore() is also a power loss.
    [[nodiscard]] Image image() const;
    void restore(const Image &image);
    /// Bit rot: flips the bits of \a mask in one durable byte. Says whether that byte is there.
    bool flip(const QString &name, std::uint64_t offset, std::uint8_t mask);

private:
    friend class MemoryFile;
    friend class MemoryFileLock;

    struct Content
    {
        QByteArray visible;
        QByteArray durable;
        /// States of a sector after each write since the last sync, by number of the sector.
        std::map<std::uint64_t, std::vector<QByteArray>> sectors;
        std::vector<qsizetype> sizes; ///< Sizes since the last sync.
    };
    using Directory = std::map<QString, std::shared_ptr<Content>>;
    struct Change
    {
        QString from;                     ///< Empty: a creation.
        QString to;                       ///< Empty: a removal.
        std::shared_ptr<Content> content; ///< Null: a removal.
    };

    [[nodiscard]] std::optional<Error> fault(FileCall call, const QString &name) const;
    [[nodiscard]] bool hasSpaceFor(std::uint64_t more) const;
    static void setSize(Content &content, std::uint64_t size);
    static void apply(const Change &change, Directory &directory);
    static void settle(Content &content, const Choose &choose);
    void goDown();

    FaultHook m_faultHook;
    std::optional<std::uint64_t> m_capacity;
    Directory m_visible;
    Directory m_durable;
    std::vector<Change> m_changes; ///< Of the directory, since its last sync.
    std::set<QString> m_locks;
    std::uint64_t m_life = 0; ///< Grows with each power loss.
};

} // namespace coffer::storage
