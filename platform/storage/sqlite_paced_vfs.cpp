// SPDX-License-Identifier: Apache-2.0
#include "storage/sqlite_p.h"

#include "base/check.h"

#include <new>

namespace coffer::storage {

/// A megabyte is on a disk in a few milliseconds, also on a slow one.
static constexpr sqlite3_int64 bytesUnsyncedMax = sqlite3_int64(1) << 20;

namespace {

/// Stands behind the file of the system's VFS, in the same memory.
struct Pace
{
    const sqlite3_io_methods *system = nullptr;
    sqlite3_io_methods paced = {};
    sqlite3_int64 unsynced = 0;
};

} // namespace

static sqlite3_vfs &systemVfs() { return *sqlite3_vfs_find(nullptr); }

static int paceOffset()
{
    constexpr int alignment = int(alignof(Pace));
    return (systemVfs().szOsFile + alignment - 1) / alignment * alignment;
}

static Pace &paceOf(sqlite3_file *file)
{
    return *std::launder(reinterpret_cast<Pace *>(reinterpret_cast<char *>(file) + paceOffset()));
}

static int writePaced(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 offset)
{
    Pace &pace = paceOf(file);
    const int written = pace.system->xWrite(file, bytes, size, offset);
    pace.unsynced += size;
    if (written != SQLITE_OK || pace.unsynced < bytesUnsyncedMax)
        return written;
    pace.unsynced = 0;
    return pace.system->xSync(file, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
}

static int syncPaced(sqlite3_file *file, int flags)
{
    Pace &pace = paceOf(file);
    pace.unsynced = 0;
    return pace.system->xSync(file, flags);
}

static int openPaced(sqlite3_vfs *, const char *path, sqlite3_file *file, int flags, int *outFlags)
{
    const int opened = systemVfs().xOpen(&systemVfs(), path, file, flags, outFlags);
    if (!file->pMethods)
        return opened;
    auto *pace = new (reinterpret_cast<char *>(file) + paceOffset()) Pace;
    pace->system = file->pMethods;
    pace->paced = *file->pMethods;
    pace->paced.xWrite = writePaced;
    pace->paced.xSync = syncPaced;
    file->pMethods = &pace->paced;
    return opened;
}

static sqlite3_vfs makePacedVfs()
{
    sqlite3_vfs vfs = systemVfs();
    vfs.zName = "coffer-paced";
    vfs.pNext = nullptr;
    vfs.szOsFile = paceOffset() + int(sizeof(Pace));
    vfs.xOpen = openPaced;
    return vfs;
}

const char *pacedVfs()
{
    static sqlite3_vfs vfs = makePacedVfs();
    static const int registered = sqlite3_vfs_register(&vfs, 0);
    COFFER_CHECK(registered == SQLITE_OK, "the VFS of the checkpoint was not registered");
    return vfs.zName;
}

} // namespace coffer::storage
