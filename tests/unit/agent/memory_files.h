// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/files.h"
#include "base/random.h"

#include <map>
#include <vector>

namespace coffer::agent {

/// A disk in memory that can die, fail and lose power at any step. Value: a copy is another disk.
///
/// It keeps apart what programs see and what is durable. After a power loss each change of names
/// that was not synced is there or not, by chance and each for itself (but a rename is whole, and
/// changes of one name keep their order), and each file that was not synced has its old bytes, its
/// new ones or a part of them, with zeroes for the rest or without; what was synced stays if bytes
/// were appended. That is more cruel than the file systems that we know.
class MemoryFiles final : public Files
{
public:
    MemoryFiles();

    enum class Loss { none, power }; ///< none: only the process died.
    /// The machine, or the process, starts anew. No fault is left.
    void reboot(Loss loss, Random &random);

    /// The process dies before step \a step from now on (0 is the next); nothing after it works.
    void dieAt(int step) { m_dieAt = m_steps + step; }
    /// Step \a step from now on fails with \a error; with \a isLasting all after it, too.
    void failAt(int step, Error error, bool isLasting);
    [[nodiscard]] bool isDead() const { return m_isDead; }
    [[nodiscard]] int steps() const { return m_steps; }
    /// The failure is over.
    void heal();

    [[nodiscard]] Result<std::optional<FileStatus>> status(const QByteArray &path) override;
    [[nodiscard]] Result<QByteArray> read(const QByteArray &path, std::uint64_t bytesMax) override;
    [[nodiscard]] Result<QByteArray> linkTarget(const QByteArray &path) override;
    [[nodiscard]] Result<QByteArrayList> names(const QByteArray &directory) override;
    [[nodiscard]] Result<std::uint32_t> userId(const QByteArray &name) override;
    [[nodiscard]] Result<std::uint32_t> groupId(const QByteArray &name) override;
    [[nodiscard]] std::uint32_t user() override { return userNumber; }

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

    /// What tests put there, durable at once and no step. Parents are made.
    void put(const QByteArray &path, const QByteArray &bytes, std::uint16_t mode = 0644);
    void putLink(const QByteArray &path, const QByteArray &target);
    void putMountPoint(const QByteArray &path);
    /// Changes a file's bytes behind everybody's back.
    void damage(const QByteArray &path, const QByteArray &bytes);
    /// Makes all that is there durable.
    void settle();
    /// Gives a path to a user, with a mode, behind everybody's back.
    void give(const QByteArray &path, std::uint32_t owner, std::uint16_t mode);

    std::uint32_t userNumber = 1000; ///< Whose process this is.

private:
    using Number = int;
    struct Content
    {
        QByteArray bytes = {}; ///< Of a file; the target of a link.
        std::uint16_t mode = 0;
        std::uint32_t owner = 0;
        std::uint32_t group = 0;
    };
    struct Inode
    {
        FileStatus::Kind kind = FileStatus::Kind::file;
        Content seen = {};
        Content durable = {};
        std::map<QByteArray, Number> names = {};        ///< Of a directory, as seen.
        std::map<QByteArray, Number> durableNames = {}; ///< The same.
        bool isMountPoint = false;
    };
    /// One name in one directory gets another inode, or none.
    struct Edit
    {
        Number directory;
        QByteArray name;
        std::optional<Number> inode;
    };
    using Change = std::vector<Edit>;

    [[nodiscard]] std::optional<Number> find(const QByteArray &path) const;
    /// The directory that \a path lies in, and its name there.
    [[nodiscard]] Result<std::pair<Number, QByteArray>> place(const QByteArray &path) const;
    Result<void> step(const QByteArray &path);
    Result<void> createFile(const QByteArray &path);
    Result<void> write(const QByteArray &path, QByteArrayView bytes);
    Result<void> setRights(const QByteArray &path, const Rights &rights);
    [[nodiscard]] Result<void> alive() const;
    void change(Change change);
    void makeDurable(const Change &change);
    [[nodiscard]] static QByteArray torn(const Inode &inode, bool isShort, Random &random);
    [[nodiscard]] static bool touches(const Change &change, const Change &other);
    Result<void> add(const QByteArray &path, Inode inode);

    std::map<Number, Inode> m_inodes;
    std::vector<Change> m_pending; ///< Not durable yet, in their order.
    Number m_next = 1;
    int m_steps = 0;
    int m_dieAt = -1;
    int m_failAt = -1;
    Error m_error;
    bool m_isLasting = false;
    bool m_isDead = false;
};

} // namespace coffer::agent
