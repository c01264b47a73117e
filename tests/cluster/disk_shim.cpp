// SPDX-License-Identifier: Apache-2.0
//
// Preloaded into a cofferd, it makes the disk below a directory slow or full for as long as a test
// wants: COFFER_SHIM_DATA is that directory, COFFER_SHIM_CONTROL one with the files `slow` and
// `full`, which are there or not (disk_faults.h).
//
// A full disk refuses every write, also into space that was kept: file systems that copy on write
// do that. What was written before can be read and synced.
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <dlfcn.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

namespace {

constexpr long slowSyncNs = 50'000'000;

template<class Function>
Function *next(const char *name)
{
    return reinterpret_cast<Function *>(::dlsym(RTLD_NEXT, name));
}

bool isAsked(const char *name)
{
    const char *control = std::getenv("COFFER_SHIM_CONTROL");
    char path[PATH_MAX];
    if (control == nullptr)
        return false;
    std::snprintf(path, sizeof path, "%s/%s", control, name);
    const int before = errno;
    const bool isThere = ::access(path, F_OK) == 0;
    errno = before;
    return isThere;
}

bool isData(int descriptor)
{
    const char *data = std::getenv("COFFER_SHIM_DATA");
    char link[64];
    char path[PATH_MAX];
    std::snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    const int before = errno;
    const ssize_t size = ::readlink(link, path, sizeof path - 1);
    errno = before;
    if (data == nullptr || size <= 0)
        return false;
    path[size] = '\0';
    const std::size_t length = std::strlen(data);
    return std::strncmp(path, data, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

bool isFull(int descriptor) { return isAsked("full") && isData(descriptor); }

ssize_t refuse()
{
    errno = ENOSPC;
    return -1;
}

void delay(int descriptor)
{
    if (!isAsked("slow") || !isData(descriptor))
        return;
    const timespec time{0, slowSyncNs};
    ::clock_nanosleep(CLOCK_MONOTONIC, 0, &time, nullptr); // a disk, not a test, takes its time
}

} // namespace

extern "C" {

ssize_t write(int descriptor, const void *bytes, size_t size)
{
    static auto *const real = next<ssize_t(int, const void *, size_t)>("write");
    return isFull(descriptor) ? refuse() : real(descriptor, bytes, size);
}

ssize_t pwrite(int descriptor, const void *bytes, size_t size, off_t offset)
{
    static auto *const real = next<ssize_t(int, const void *, size_t, off_t)>("pwrite");
    return isFull(descriptor) ? refuse() : real(descriptor, bytes, size, offset);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t size, off64_t offset)
{
    static auto *const real = next<ssize_t(int, const void *, size_t, off64_t)>("pwrite64");
    return isFull(descriptor) ? refuse() : real(descriptor, bytes, size, offset);
}

ssize_t pwritev(int descriptor, const iovec *parts, int count, off_t offset)
{
    static auto *const real = next<ssize_t(int, const iovec *, int, off_t)>("pwritev");
    return isFull(descriptor) ? refuse() : real(descriptor, parts, count, offset);
}

int fallocate(int descriptor, int mode, off_t offset, off_t size)
{
    static auto *const real = next<int(int, int, off_t, off_t)>("fallocate");
    return isFull(descriptor) ? int(refuse()) : real(descriptor, mode, offset, size);
}

int fallocate64(int descriptor, int mode, off64_t offset, off64_t size)
{
    static auto *const real = next<int(int, int, off64_t, off64_t)>("fallocate64");
    return isFull(descriptor) ? int(refuse()) : real(descriptor, mode, offset, size);
}

int posix_fallocate(int descriptor, off_t offset, off_t size)
{
    static auto *const real = next<int(int, off_t, off_t)>("posix_fallocate");
    return isFull(descriptor) ? ENOSPC : real(descriptor, offset, size);
}

int fsync(int descriptor)
{
    static auto *const real = next<int(int)>("fsync");
    delay(descriptor);
    return real(descriptor);
}

int fdatasync(int descriptor)
{
    static auto *const real = next<int(int)>("fdatasync");
    delay(descriptor);
    return real(descriptor);
}

} // extern "C"
