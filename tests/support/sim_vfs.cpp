// SPDX-License-Identifier: Apache-2.0
#include "support/sim_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

namespace coffer::test {

static constexpr std::uint64_t sectorBytes = 512;
/// SQLite's largest page; its VFS for Unix fails strangely above 128 KiB.
static constexpr int callBytesMax = 65'536;

/// An open file; lives in memory that SQLite hands out.
struct SimVfs::File
{
    sqlite3_file base;
    SimVfs *vfs = nullptr;
    std::shared_ptr<Inode> inode;
    std::uint64_t run = 0;
    bool syncsNames = false; ///< Its next sync is one of the directory too.
};

/// What SQLite calls.
struct SimVfs::Calls
{
    static File &fileOf(sqlite3_file *file) { return *reinterpret_cast<File *>(file); }
    static SimVfs &vfsOf(sqlite3_vfs *vfs) { return *static_cast<SimVfs *>(vfs->pAppData); }

    static int open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out);
    static int remove(sqlite3_vfs *vfs, const char *name, int isDurable);
    static int access(sqlite3_vfs *vfs, const char *name, int flags, int *result);
    static int fullPath(sqlite3_vfs *vfs, const char *name, int size, char *out);
    static int randomness(sqlite3_vfs *vfs, int size, char *out);
    static int sleep(sqlite3_vfs *, int) { return 0; }
    static int time(sqlite3_vfs *vfs, double *out);
    static int lastError(sqlite3_vfs *vfs, int, char *) { return vfsOf(vfs).m_lastError; }

    static int close(sqlite3_file *file);
    static int read(sqlite3_file *file, void *target, int size, sqlite3_int64 offset);
    static int write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 offset);
    static int truncate(sqlite3_file *file, sqlite3_int64 size);
    static int sync(sqlite3_file *file, int flags);
    static int fileSize(sqlite3_file *file, sqlite3_int64 *size);
    static int lock(sqlite3_file *, int) { return SQLITE_OK; }
    static int checkReservedLock(sqlite3_file *, int *result)
    {
        *result = 0;
        return SQLITE_OK;
    }
    static int fileControl(sqlite3_file *, int, void *) { return SQLITE_NOTFOUND; }
    static int sectorSize(sqlite3_file *) { return 4096; } // as SQLite's own for Linux
    static int characteristics(sqlite3_file *) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

    static const sqlite3_io_methods methods;
};

const sqlite3_io_methods SimVfs::Calls::methods = {1,
                                                   &Calls::close,
                                                   &Calls::read,
                                                   &Calls::write,
                                                   &Calls::truncate,
                                                   &Calls::sync,
                                                   &Calls::fileSize,
                                                   &Calls::lock,
                                                   &Calls::lock,
                                                   &Calls::checkReservedLock,
                                                   &Calls::fileControl,
                                                   &Calls::sectorSize,
                                                   &Calls::characteristics,
                                                   nullptr,
                                                   nullptr,
                                                   nullptr,
                                                   nullptr,
                                                   nullptr,
                                                   nullptr};

// ---- the disk

SimVfs::SimVfs(std::uint64_t seed) : m_random(seed), m_vfs(std::make_unique<sqlite3_vfs>())
{
    sqlite3_initialize();
    m_name = "sim-" + QByteArray::number(qulonglong(reinterpret_cast<quintptr>(this)), 16);
    *m_vfs = {};
    m_vfs->iVersion = 1;
    m_vfs->szOsFile = int(sizeof(File));
    m_vfs->mxPathname = 512;
    m_vfs->zName = m_name.constData();
    m_vfs->pAppData = this;
    m_vfs->xOpen = &Calls::open;
    m_vfs->xDelete = &Calls::remove;
    m_vfs->xAccess = &Calls::access;
    m_vfs->xFullPathname = &Calls::fullPath;
    m_vfs->xRandomness = &Calls::randomness;
    m_vfs->xSleep = &Calls::sleep;
    m_vfs->xCurrentTime = &Calls::time;
    m_vfs->xGetLastError = &Calls::lastError;
    sqlite3_vfs_register(m_vfs.get(), 0);
    // The salts of logs come from one generator of the whole process.
    sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, int(seed % 0x7ffffffe) + 1,
                         static_cast<sqlite3 *>(nullptr));
}

SimVfs::~SimVfs() { sqlite3_vfs_unregister(m_vfs.get()); }

void SimVfs::failAt(std::uint64_t call, Fault fault, bool isForEver)
{
    m_failAt = m_calls + call;
    m_fault = fault;
    m_isForEver = isForEver;
}

void SimVfs::clearFault() { m_failAt.reset(); }

std::optional<SimVfs::Fault> SimVfs::begin()
{
    ++m_calls;
    m_lastError = 0;
    if (m_isDown)
        return Fault::io;
    if (!m_failAt || m_calls < *m_failAt)
        return std::nullopt;
    if (!m_isForEver)
        m_failAt.reset();
    m_isDown = m_fault == Fault::crash;
    m_lastError = m_fault == Fault::full ? ENOSPC : EIO;
    ++m_faults;
    return m_fault;
}

void SimVfs::apply(QByteArray &bytes, const Change &change)
{
    const auto offset = qsizetype(change.offset);
    if (!change.bytes) {
        bytes.resize(std::min(bytes.size(), offset));
        return;
    }
    const qsizetype end = offset + change.bytes->size();
    if (bytes.size() < end)
        bytes.append(end - bytes.size(), '\0');
    std::memcpy(bytes.data() + offset, change.bytes->constData(),
                std::size_t(change.bytes->size()));
}

/// Each sector of what is pending becomes durable with \a chance of 4.
void SimVfs::settle(Inode &inode, std::uint64_t chance)
{
    for (const Change &change : std::exchange(inode.pending, {})) {
        if (!change.bytes || chance >= 4) {
            if (m_random.below(4) < chance)
                apply(inode.durable, change);
            continue;
        }
        const std::uint64_t end = change.offset + std::uint64_t(change.bytes->size());
        for (std::uint64_t at = change.offset; at < end;) {
            const std::uint64_t next = std::min(end, (at / sectorBytes + 1) * sectorBytes);
            const Change part{
                at, change.bytes->mid(qsizetype(at - change.offset), qsizetype(next - at))};
            if (m_random.below(4) < chance)
                apply(inode.durable, part);
            at = next;
        }
    }
}

void SimVfs::write(Inode &inode, Change change)
{
    apply(inode.current, change);
    inode.pending.push_back(std::move(change));
}

void SimVfs::link(const QByteArray &name, std::shared_ptr<Inode> inode)
{
    if (inode)
        m_names.insert_or_assign(name, inode);
    else
        m_names.erase(name);
    m_pendingNames.push_back({name, std::move(inode)});
}

void SimVfs::syncNames()
{
    m_durableNames = m_names;
    m_pendingNames.clear();
}

/// Of the changes of one name a first part survives; different names do not wait for each other.
void SimVfs::restart()
{
    const std::uint64_t chance = m_random.below(5); // everything, nothing, or some
    std::map<QByteArray, bool> isLost;
    for (const NameChange &change : std::exchange(m_pendingNames, {})) {
        bool &lost = isLost[change.name];
        lost = lost || m_random.below(4) >= chance;
        if (lost)
            continue;
        if (change.inode)
            m_durableNames.insert_or_assign(change.name, change.inode);
        else
            m_durableNames.erase(change.name);
    }
    for (auto &[name, inode] : m_durableNames) {
        settle(*inode, chance);
        inode->current = inode->durable;
    }
    m_names = m_durableNames;
    restartProcess();
}

void SimVfs::restartProcess()
{
    clearFault();
    m_isDown = false;
    ++m_run;
}

std::vector<QByteArray> SimVfs::files() const
{
    std::vector<QByteArray> names;
    for (const auto &[name, inode] : m_names)
        names.push_back(name);
    return names;
}

std::uint64_t SimVfs::bytes() const
{
    std::uint64_t sum = 0;
    for (const auto &[name, inode] : m_names)
        sum += std::uint64_t(inode->current.size());
    return sum;
}

QByteArray SimVfs::contents(const QByteArray &path) const
{
    const auto found = m_names.find(path);
    return found == m_names.end() ? QByteArray() : found->second->current;
}

void SimVfs::setContents(const QByteArray &path, const QByteArray &bytes)
{
    m_names.insert_or_assign(path, std::make_shared<Inode>(Inode{bytes, bytes, {}}));
    m_durableNames.insert_or_assign(path, m_names.at(path));
}

SimVfs::Image SimVfs::image() const
{
    Image image;
    for (const auto &[name, inode] : m_durableNames)
        image.emplace(name, inode->durable);
    return image;
}

void SimVfs::restore(const Image &image)
{
    m_pendingNames.clear();
    m_durableNames.clear();
    m_names.clear();
    for (const auto &[name, bytes] : image)
        setContents(name, bytes);
    restartProcess();
}

// ---- calls on names

int SimVfs::Calls::open(sqlite3_vfs *raw, const char *name, sqlite3_file *file, int flags, int *out)
{
    file->pMethods = nullptr;
    SimVfs &vfs = vfsOf(raw);
    const std::optional<Fault> fault = vfs.begin();
    const QByteArray path =
        name ? QByteArray(name)
             : "temporary-" + QByteArray::number(qulonglong(++vfs.m_temporaries));
    const auto found = vfs.m_names.find(path);
    const bool isNew = found == vfs.m_names.end();
    if (isNew && (flags & SQLITE_OPEN_CREATE) == 0)
        return SQLITE_CANTOPEN;
    if (fault == Fault::io || (fault == Fault::full && isNew))
        return SQLITE_CANTOPEN;
    std::shared_ptr<Inode> inode = isNew ? std::make_shared<Inode>() : found->second;
    if (isNew)
        vfs.link(path, inode);
    if (fault == Fault::crash)
        return SQLITE_CANTOPEN;
    if ((flags & SQLITE_OPEN_DELETEONCLOSE) != 0 || !name)
        vfs.link(path, nullptr);
    auto *opened = new (file) File;
    opened->base.pMethods = &methods;
    opened->vfs = &vfs;
    opened->inode = std::move(inode);
    opened->run = vfs.m_run;
    opened->syncsNames = (flags & SQLITE_OPEN_CREATE) != 0
                         && (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) != 0;
    if (out)
        *out = flags;
    return SQLITE_OK;
}

int SimVfs::Calls::remove(sqlite3_vfs *raw, const char *name, int isDurable)
{
    SimVfs &vfs = vfsOf(raw);
    const std::optional<Fault> fault = vfs.begin();
    if (fault == Fault::io)
        return SQLITE_IOERR_DELETE;
    if (!vfs.m_names.contains(name))
        return fault == Fault::crash ? SQLITE_IOERR_DELETE : SQLITE_IOERR_DELETE_NOENT;
    vfs.link(name, nullptr);
    if (fault == Fault::crash)
        return SQLITE_IOERR_DELETE;
    if (isDurable != 0)
        vfs.syncNames();
    return SQLITE_OK;
}

/// As SQLite's own: an empty file is none.
int SimVfs::Calls::access(sqlite3_vfs *raw, const char *name, int, int *result)
{
    SimVfs &vfs = vfsOf(raw);
    const std::optional<Fault> fault = vfs.begin();
    if (fault && fault != Fault::full)
        return SQLITE_IOERR_ACCESS;
    const auto found = vfs.m_names.find(name);
    *result = found != vfs.m_names.end() && !found->second->current.isEmpty() ? 1 : 0;
    return SQLITE_OK;
}

int SimVfs::Calls::fullPath(sqlite3_vfs *, const char *name, int size, char *out)
{
    return qstrlen(name) < std::size_t(size) && qstrncpy(out, name, std::size_t(size))
               ? SQLITE_OK
               : SQLITE_CANTOPEN;
}

int SimVfs::Calls::randomness(sqlite3_vfs *raw, int size, char *out)
{
    for (int i = 0; i < size; ++i)
        out[i] = char(vfsOf(raw).m_random.next());
    return size;
}

int SimVfs::Calls::time(sqlite3_vfs *, double *out)
{
    *out = 2461000.5; // a day in 2025
    return SQLITE_OK;
}

// ---- calls on files

int SimVfs::Calls::close(sqlite3_file *file)
{
    fileOf(file).~File();
    return SQLITE_OK;
}

int SimVfs::Calls::read(sqlite3_file *raw, void *target, int size, sqlite3_int64 offset)
{
    File &file = fileOf(raw);
    const std::optional<Fault> fault = file.vfs->begin();
    if ((fault && fault != Fault::full) || file.run != file.vfs->m_run || size > callBytesMax)
        return SQLITE_IOERR_READ;
    const QByteArray &bytes = file.inode->current;
    const qsizetype there = std::clamp<qsizetype>(bytes.size() - qsizetype(offset), 0, size);
    std::memcpy(target, bytes.constData() + offset * (there > 0 ? 1 : 0), std::size_t(there));
    if (there == size)
        return SQLITE_OK;
    std::memset(static_cast<char *>(target) + there, 0, std::size_t(size - there));
    return SQLITE_IOERR_SHORT_READ;
}

int SimVfs::Calls::write(sqlite3_file *raw, const void *bytes, int size, sqlite3_int64 offset)
{
    File &file = fileOf(raw);
    SimVfs &vfs = *file.vfs;
    const bool wasDown = vfs.m_isDown;
    std::optional<Fault> fault = vfs.begin();
    if (wasDown || file.run != vfs.m_run || size > callBytesMax)
        return SQLITE_IOERR_WRITE;
    QByteArray data(static_cast<const char *>(bytes), size);
    const std::int64_t growth = offset + size - file.inode->current.size();
    if (!fault && vfs.m_capacity && growth > 0
        && vfs.bytes() + std::uint64_t(growth) > *vfs.m_capacity) {
        vfs.m_lastError = ENOSPC;
        fault = Fault::full;
    }
    if (fault == Fault::io || fault == Fault::full)
        data.truncate(qsizetype(vfs.m_random.below(std::uint64_t(size))));
    if (!data.isEmpty())
        vfs.write(*file.inode, {std::uint64_t(offset), data});
    if (!fault)
        return SQLITE_OK;
    return fault == Fault::full ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

int SimVfs::Calls::truncate(sqlite3_file *raw, sqlite3_int64 size)
{
    File &file = fileOf(raw);
    const bool wasDown = file.vfs->m_isDown;
    const std::optional<Fault> fault = file.vfs->begin();
    if (wasDown || fault == Fault::io || file.run != file.vfs->m_run)
        return SQLITE_IOERR_TRUNCATE;
    file.vfs->write(*file.inode, {std::uint64_t(size), std::nullopt});
    return fault == Fault::crash ? SQLITE_IOERR_TRUNCATE : SQLITE_OK;
}

int SimVfs::Calls::sync(sqlite3_file *raw, int)
{
    File &file = fileOf(raw);
    SimVfs &vfs = *file.vfs;
    const std::optional<Fault> fault = vfs.begin();
    if (vfs.m_isDown || file.run != vfs.m_run)
        return SQLITE_IOERR_FSYNC; // what is pending is settled by restart()
    if (fault == Fault::io) {
        vfs.settle(*file.inode, vfs.m_random.below(5));
        return SQLITE_IOERR_FSYNC;
    }
    vfs.settle(*file.inode, 4);
    if (std::exchange(file.syncsNames, false))
        vfs.syncNames();
    return SQLITE_OK;
}

int SimVfs::Calls::fileSize(sqlite3_file *raw, sqlite3_int64 *size)
{
    File &file = fileOf(raw);
    const std::optional<Fault> fault = file.vfs->begin();
    if ((fault && fault != Fault::full) || file.run != file.vfs->m_run)
        return SQLITE_IOERR_FSTAT;
    *size = file.inode->current.size();
    return SQLITE_OK;
}

} // namespace coffer::test
