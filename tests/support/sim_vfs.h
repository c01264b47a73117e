// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/random.h"

#include <QByteArray>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

struct sqlite3_vfs;

namespace coffer::test {

/// A disk in memory for SQLite, which loses at a crash what a real one may lose.
///
/// Until a file is synced, each sector (512 bytes) of each write may or may not survive, on its
/// own; so may a truncation. A new or deleted name is durable only after a sync of the directory,
/// which SQLite asks for with the first sync of a log and with a durable delete. After a sync that
/// failed nobody knows what is durable, and no later sync brings back what was lost. What survives
/// is drawn from the seed.
///
/// Every call that reads or changes the disk is counted, and one of them, or all from there on,
/// can fail or be the last one before the machine goes down. Locks are not modelled.
///
/// Resource; registers itself with SQLite under a name of its own, several may live at once. Must
/// outlive all that was opened through it. One thread.
class SimVfs
{
public:
    enum class Fault {
        crash, ///< The call may be done in part; it and all later ones fail until restart().
        io,    ///< A write is done in part, a sync loses data, everything else is not done.
        full   ///< Only a write or the making of a file: done in part, no space.
    };

    explicit SimVfs(std::uint64_t seed);
    ~SimVfs();
    SimVfs(const SimVfs &) = delete;
    SimVfs &operator=(const SimVfs &) = delete;

    /// The name to open databases with.
    [[nodiscard]] const QByteArray &name() const { return m_name; }
    /// Calls so far, and those of them that failed because they were told to.
    [[nodiscard]] std::uint64_t calls() const { return m_calls; }
    [[nodiscard]] std::uint64_t faults() const { return m_faults; }

    /// The \a call-th from now on, counted from 1, fails; with \a isForEver all later ones too.
    void failAt(std::uint64_t call, Fault fault, bool isForEver = false);
    void clearFault();
    /// Bytes of all files above which writes find the disk full.
    void setCapacity(std::optional<std::uint64_t> bytes) { m_capacity = bytes; }

    /// The process ends here: every call fails until one of the two restarts, so that whoever
    /// closes a database now does not tidy it up.
    void halt() { m_isDown = true; }
    [[nodiscard]] bool isDown() const { return m_isDown; }
    /// Power goes: everything open is dead, and un-synced data survive as chance has it.
    void restart();
    /// The process goes, the machine stays: nothing is lost.
    void restartProcess();

    /// Names that are there now. As a program sees them, not what a crash would leave.
    [[nodiscard]] std::vector<QByteArray> files() const;
    [[nodiscard]] std::uint64_t bytes() const;
    [[nodiscard]] QByteArray contents(const QByteArray &path) const;
    /// Replaces or makes a file, durably.
    void setContents(const QByteArray &path, const QByteArray &bytes);

    /// What would be left if everything that is not durable were lost, and going back to it.
    using Image = std::map<QByteArray, QByteArray>;
    [[nodiscard]] Image image() const;
    void restore(const Image &image);

private:
    struct Change
    {
        std::uint64_t offset = 0;
        std::optional<QByteArray> bytes; ///< Nothing: cut off at offset.
    };
    struct Inode
    {
        QByteArray current;
        QByteArray durable;
        std::vector<Change> pending;
    };
    using Names = std::map<QByteArray, std::shared_ptr<Inode>>;
    struct NameChange
    {
        QByteArray name;
        std::shared_ptr<Inode> inode; ///< Nothing: deleted.
    };
    struct File;
    struct Calls;

    /// Counts a call. Nothing: go on. Else what has to happen to it.
    [[nodiscard]] std::optional<Fault> begin();
    static void apply(QByteArray &bytes, const Change &change);
    void settle(Inode &inode, std::uint64_t chance);
    void write(Inode &inode, Change change);
    void syncNames();
    void link(const QByteArray &name, std::shared_ptr<Inode> inode);

    Random &random() { return m_random; }

    SeededRandom m_random;
    QByteArray m_name;
    std::unique_ptr<sqlite3_vfs> m_vfs;
    Names m_names;
    Names m_durableNames;
    std::vector<NameChange> m_pendingNames;

    std::uint64_t m_run = 0; ///< Files opened in an earlier run are dead.
    std::uint64_t m_calls = 0;
    std::uint64_t m_faults = 0;
    std::uint64_t m_temporaries = 0;
    std::optional<std::uint64_t> m_failAt;
    Fault m_fault = Fault::io;
    bool m_isForEver = false;
    bool m_isDown = false;
    std::optional<std::uint64_t> m_capacity;
    int m_lastError = 0;
};

} // namespace coffer::test
