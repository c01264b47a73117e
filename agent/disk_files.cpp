// SPDX-License-Identifier: Apache-2.0
#include "agent/disk_files.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <utility>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/openat2.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace coffer::agent {

static constexpr int linksMax = 40; ///< On the way to one path; as the kernel has it.

template<class Call>
static auto uninterrupted(const Call &call)
{
    auto result = call();
    while (result == -1 && errno == EINTR)
        result = call();
    return result;
}

static Error systemError(const char *doing, const QByteArray &path, int number)
{
    ErrorCode code = ErrorCode::io;
    if (number == ENOSPC || number == EDQUOT)
        code = ErrorCode::noSpace;
    else if (number == ENOENT)
        code = ErrorCode::notFound;
    else if (number == EACCES || number == EPERM)
        code = ErrorCode::denied;
    else if (number == ENOTEMPTY || number == EEXIST)
        code = ErrorCode::conflict;
    return {code, QStringLiteral("%1: %2: %3")
                      .arg(QString::fromUtf8(path), QLatin1String(doing),
                           QString::fromLocal8Bit(std::strerror(number)))};
}

/// A descriptor that is closed with the object.
class Descriptor
{
public:
    explicit Descriptor(int number) : m_number(number) {}
    ~Descriptor()
    {
        if (m_number >= 0)
            ::close(m_number);
    }
    Descriptor(Descriptor &&other) noexcept : m_number(other.take()) {}
    Descriptor &operator=(Descriptor &&other) noexcept
    {
        std::swap(m_number, other.m_number);
        return *this;
    }
    Descriptor(const Descriptor &) = delete;
    Descriptor &operator=(const Descriptor &) = delete;
    [[nodiscard]] int number() const { return m_number; }
    [[nodiscard]] bool isOpen() const { return m_number >= 0; }
    [[nodiscard]] int take() { return std::exchange(m_number, -1); }

private:
    int m_number;
};

/// A directory that is open, and a name in it.
struct Spot
{
    Descriptor directory;
    QByteArray name;

    [[nodiscard]] int at() const { return directory.number(); }
    [[nodiscard]] int open(int flags, mode_t mode = 0) const
    {
        return uninterrupted(
            [&] { return ::openat(at(), name.constData(), flags | O_CLOEXEC | O_NOFOLLOW, mode); });
    }
};

/// Where a path begins.
static Descriptor openStart(bool isAbsolute)
{
    return Descriptor(::open(isAbsolute ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
}

/// What lies at \a path if it is no link and none is on the way to it; not open otherwise, nor
/// before Linux 5.6.
static Descriptor openWithoutLinks(const QByteArray &path, int flags, mode_t mode = 0)
{
    open_how how = {};
    how.flags = std::uint64_t(unsigned(flags | O_CLOEXEC));
    how.mode = mode;
    how.resolve = RESOLVE_NO_SYMLINKS;
    return Descriptor(int(uninterrupted(
        [&] { return ::syscall(SYS_openat2, AT_FDCWD, path.constData(), &how, sizeof how); })));
}

/// Where the link \a link leads, if it is root's.
static Result<QByteArrayList> follow(const Descriptor &link, uid_t owner, const QByteArray &path)
{
    if (owner != 0)
        return Error{ErrorCode::denied,
                     QStringLiteral("%1: a link of user %2 is on the way, which root does not "
                                    "follow; name the directory that it leads to")
                         .arg(QString::fromUtf8(path))
                         .arg(owner)};
    std::array<char, PATH_MAX> target{};
    const ssize_t count = ::readlinkat(link.number(), "", target.data(), target.size());
    if (count < 0)
        return systemError("cannot read a link on the way", path, errno);
    return QByteArray(target.data(), count).split('/');
}

static Result<Spot> spotOf(const QByteArray &path)
{
    if (::geteuid() != 0)
        return Spot{Descriptor(AT_FDCWD), path};
    if (const qsizetype slash = path.lastIndexOf('/'); slash >= 0 && slash + 1 < path.size()) {
        Descriptor directory =
            openWithoutLinks(path.first(std::max<qsizetype>(slash, 1)), O_PATH | O_DIRECTORY);
        if (directory.isOpen())
            return Spot{std::move(directory), path.sliced(slash + 1)};
    }
    QByteArrayList parts = path.split('/'); // One by one, to see whose links are on the way.
    const QByteArray name = parts.takeLast();
    Descriptor here = openStart(path.startsWith('/'));
    int links = 0;
    while (!parts.isEmpty()) {
        const QByteArray part = parts.takeFirst();
        if (part.isEmpty())
            continue;
        Descriptor next(::openat(here.number(), part.constData(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
        struct stat status = {};
        if (!next.isOpen() || ::fstat(next.number(), &status) != 0)
            return systemError("cannot be reached", path, errno);
        if (!S_ISLNK(status.st_mode)) {
            here = std::move(next);
            continue;
        }
        const Result<QByteArrayList> target = follow(next, status.st_uid, path);
        if (!target)
            return target.error();
        if (++links > linksMax)
            return systemError("cannot be reached", path, ELOOP);
        if (target->front().isEmpty())
            here = openStart(true);
        parts = *target + parts;
    }
    return Spot{std::move(here), name.isEmpty() ? QByteArray(".") : name};
}

/// Opens what lies at \a path, but no link; errno is that of open() where it fails for that.
static Result<Descriptor> openAt(const QByteArray &path, const char *doing, int flags,
                                 mode_t mode = 0)
{
    if (::geteuid() == 0) { // In one call if that does it; what is wrong is found out below.
        Descriptor opened = openWithoutLinks(path, flags, mode);
        if (opened.isOpen())
            return opened;
    }
    const Result<Spot> spot = spotOf(path);
    if (!spot)
        return spot.error();
    Descriptor opened(spot->open(flags, mode));
    if (!opened.isOpen())
        return systemError(doing, path, errno);
    return opened;
}

/// One step: \a call with the spot of \a path.
template<class Call>
static Result<void> stepAt(const QByteArray &path, const char *doing, const Call &call)
{
    const Result<Spot> spot = spotOf(path);
    if (!spot)
        return spot.error();
    if (call(*spot) != 0)
        return systemError(doing, path, errno);
    return {};
}

Result<std::optional<FileStatus>> DiskFiles::status(const QByteArray &path)
{
    const Result<Spot> spot = spotOf(path);
    if (!spot && spot.error().code == ErrorCode::notFound)
        return std::optional<FileStatus>();
    if (!spot)
        return spot.error();
    struct statx found = {};
    const int result = ::statx(spot->at(), spot->name.constData(),
                               AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &found);
    if (result != 0) {
        if (errno == ENOENT)
            return std::optional<FileStatus>();
        return systemError("cannot look at it", path, errno);
    }
    FileStatus status;
    if (S_ISREG(found.stx_mode))
        status.kind = FileStatus::Kind::file;
    else if (S_ISDIR(found.stx_mode))
        status.kind = FileStatus::Kind::directory;
    else if (S_ISLNK(found.stx_mode))
        status.kind = FileStatus::Kind::link;
    status.bytes = found.stx_size;
    status.mode = std::uint16_t(found.stx_mode & 07777);
    status.owner = found.stx_uid;
    status.group = found.stx_gid;
    status.isMountPoint = (found.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
    return std::optional<FileStatus>(status);
}

Result<QByteArray> DiskFiles::read(const QByteArray &path, std::uint64_t bytesMax)
{
    const Result<Descriptor> opened = openAt(path, "cannot be read", O_RDONLY | O_NONBLOCK);
    if (!opened)
        return opened.error();
    const Descriptor &file = *opened;
    struct stat status = {};
    if (::fstat(file.number(), &status) != 0)
        return systemError("cannot be read", path, errno);
    if (!S_ISREG(status.st_mode))
        return Error{ErrorCode::invalid,
                     QStringLiteral("%1 is not a regular file").arg(QString::fromUtf8(path))};
    // One byte more than allowed: a file can grow while it is read.
    QByteArray bytes(qsizetype(std::min(std::uint64_t(status.st_size), bytesMax) + 1),
                     Qt::Uninitialized);
    qsizetype done = 0;
    while (true) {
        if (done == bytes.size()) {
            if (std::uint64_t(done) > bytesMax)
                return Error{ErrorCode::invalid, QStringLiteral("%1 has more than %2 bytes")
                                                     .arg(QString::fromUtf8(path))
                                                     .arg(bytesMax)};
            bytes.resize(qsizetype(std::min(std::uint64_t(done) * 2, bytesMax + 1)));
        }
        const ssize_t count = uninterrupted([&] {
            return ::read(file.number(), bytes.data() + done, std::size_t(bytes.size() - done));
        });
        if (count < 0)
            return systemError("cannot be read", path, errno);
        if (count == 0)
            break;
        done += count;
    }
    bytes.truncate(done);
    return bytes;
}

Result<QByteArray> DiskFiles::linkTarget(const QByteArray &path)
{
    const Result<Spot> spot = spotOf(path);
    if (!spot)
        return spot.error();
    std::array<char, PATH_MAX> target{};
    const ssize_t count =
        ::readlinkat(spot->at(), spot->name.constData(), target.data(), target.size());
    if (count < 0)
        return systemError("cannot read the link", path, errno);
    return QByteArray(target.data(), count);
}

Result<QByteArrayList> DiskFiles::names(const QByteArray &directory)
{
    Result<Descriptor> opened = openAt(directory, "cannot be listed", O_RDONLY | O_DIRECTORY);
    if (!opened)
        return opened.error();
    DIR *listing = ::fdopendir(opened->number());
    if (listing == nullptr)
        return systemError("cannot be listed", directory, errno);
    static_cast<void>(opened->take()); // It is the listing's now.
    QByteArrayList names;
    errno = 0;
    while (const dirent *entry = ::readdir(listing)) { // NOLINT: the stream is this call's own
        const QByteArray name(entry->d_name);
        if (name != "." && name != "..")
            names.append(name);
        errno = 0;
    }
    const int number = errno;
    ::closedir(listing);
    if (number != 0)
        return systemError("cannot be listed", directory, number);
    std::sort(names.begin(), names.end());
    return names;
}

/// The number that \a name is, or that \a lookUp finds for it in the host's tables.
template<class LookUp>
static Result<std::uint32_t> idOf(const QByteArray &name, const char *what, const LookUp &lookUp)
{
    bool isNumber = false;
    const std::uint32_t number = name.toUInt(&isNumber);
    if (isNumber)
        return number;
    std::vector<char> space(std::size_t(1) << 16);
    if (const std::optional<std::uint32_t> found = lookUp(space))
        return *found;
    return Error{ErrorCode::notFound, QStringLiteral("this host has no %1 %2; make one, or name "
                                                     "another")
                                          .arg(QLatin1String(what), QString::fromUtf8(name))};
}

Result<std::uint32_t> DiskFiles::userId(const QByteArray &name)
{
    return idOf(name, "user", [&](std::vector<char> &space) -> std::optional<std::uint32_t> {
        passwd entry = {};
        passwd *found = nullptr;
        if (::getpwnam_r(name.constData(), &entry, space.data(), space.size(), &found) != 0
            || found == nullptr)
            return std::nullopt;
        return found->pw_uid;
    });
}

Result<std::uint32_t> DiskFiles::groupId(const QByteArray &name)
{
    return idOf(name, "group", [&](std::vector<char> &space) -> std::optional<std::uint32_t> {
        ::group entry = {};
        ::group *found = nullptr;
        if (::getgrnam_r(name.constData(), &entry, space.data(), space.size(), &found) != 0
            || found == nullptr)
            return std::nullopt;
        return found->gr_gid;
    });
}

std::uint32_t DiskFiles::user() { return ::geteuid(); }

Result<void> DiskFiles::makeDirectory(const QByteArray &path, std::uint16_t mode)
{
    // mkdir() asks the umask, chmod() does not.
    return stepAt(path, "cannot make the directory", [mode](const Spot &spot) {
        if (::mkdirat(spot.at(), spot.name.constData(), mode) != 0)
            return -1;
        const Descriptor made(spot.open(O_RDONLY | O_DIRECTORY));
        return made.isOpen() ? ::fchmod(made.number(), mode) : -1;
    });
}

static Result<void> write(const Descriptor &file, QByteArrayView bytes, const QByteArray &path)
{
    while (!bytes.isEmpty()) {
        const ssize_t count = uninterrupted(
            [&] { return ::write(file.number(), bytes.data(), std::size_t(bytes.size())); });
        if (count < 0)
            return systemError("cannot be written", path, errno);
        bytes = bytes.sliced(count);
    }
    return {};
}

static Result<void> setRights(const Descriptor &file, const Rights &rights, const QByteArray &path)
{
    const uid_t owner = rights.owner.value_or(uid_t(-1));
    const gid_t group = rights.group.value_or(gid_t(-1));
    if ((rights.owner || rights.group) && ::fchown(file.number(), owner, group) != 0)
        return systemError("cannot get its owner and group (the agent has to run as that user, or "
                           "with CAP_CHOWN)",
                           path, errno);
    if (::fchmod(file.number(), rights.mode) != 0)
        return systemError("cannot get its mode", path, errno);
    return {};
}

static Result<void> sync(const Descriptor &file, const QByteArray &path)
{
    if (::fsync(file.number()) != 0)
        return Error{ErrorCode::syncFailed,
                     systemError("cannot be made durable", path, errno).message};
    return {};
}

Result<void> DiskFiles::makeFile(const QByteArray &path, QByteArrayView bytes, const Rights &rights)
{
    const Result<Descriptor> file =
        openAt(path, "cannot make the file", O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (!file)
        return file.error();
    if (Result<void> written = write(*file, bytes, path); !written)
        return written;
    if (Result<void> set = setRights(*file, rights, path); !set)
        return set;
    return agent::sync(*file, path);
}

Result<void> DiskFiles::append(const QByteArray &path, QByteArrayView bytes)
{
    const Result<Descriptor> file = openAt(path, "cannot be written", O_WRONLY | O_APPEND);
    if (!file)
        return file.error();
    if (Result<void> written = write(*file, bytes, path); !written)
        return written;
    return agent::sync(*file, path);
}

Result<void> DiskFiles::sync(const QByteArray &path)
{
    const Result<Descriptor> file = openAt(path, "cannot be opened", O_RDONLY);
    if (!file)
        return file.error();
    return agent::sync(*file, path);
}

Result<void> DiskFiles::link(const QByteArray &path, const QByteArray &newPath)
{
    const Result<Spot> from = spotOf(path);
    if (!from)
        return from.error();
    return stepAt(newPath, "cannot be a second name", [&from](const Spot &to) {
        return ::linkat(from->at(), from->name.constData(), to.at(), to.name.constData(), 0);
    });
}

Result<void> DiskFiles::makeLink(const QByteArray &target, const QByteArray &path)
{
    return stepAt(path, "cannot make the link", [&target](const Spot &spot) {
        return ::symlinkat(target.constData(), spot.at(), spot.name.constData());
    });
}

Result<void> DiskFiles::rename(const QByteArray &from, const QByteArray &to)
{
    const Result<Spot> old = spotOf(from);
    if (!old)
        return old.error();
    return stepAt(to, "cannot be put in place", [&old](const Spot &spot) {
        return ::renameat(old->at(), old->name.constData(), spot.at(), spot.name.constData());
    });
}

Result<void> DiskFiles::remove(const QByteArray &path)
{
    return stepAt(path, "cannot be removed",
                  [](const Spot &spot) { return ::unlinkat(spot.at(), spot.name.constData(), 0); });
}

Result<void> DiskFiles::removeDirectory(const QByteArray &path)
{
    return stepAt(path, "cannot be removed", [](const Spot &spot) {
        return ::unlinkat(spot.at(), spot.name.constData(), AT_REMOVEDIR);
    });
}

/// Locks \a file, the lock of \a state; `refused` names who has it.
static Result<void> lock(const Descriptor &file, int how, const QByteArray &state)
{
    if (uninterrupted([&] { return ::flock(file.number(), how | LOCK_NB); }) == 0)
        return {};
    if (errno != EWOULDBLOCK)
        return systemError("cannot be locked", state + "/lock", errno);
    std::array<char, 32> text{};
    const ssize_t count = ::pread(file.number(), text.data(), text.size(), 0);
    const QString holder = QString::fromLatin1(text.data(), std::max<ssize_t>(count, 0)).trimmed();
    return Error{ErrorCode::refused,
                 QStringLiteral("%1 belongs to a coffer-agent that runs: %2; end that one, or "
                                "give this one a state directory of its own")
                     .arg(QString::fromUtf8(state), holder.isEmpty()
                                                        ? QStringLiteral("its process is not known")
                                                        : QStringLiteral("process ") + holder)};
}

Result<std::unique_ptr<StateLock>> StateLock::take(const QByteArray &state)
{
    if (::mkdir(state.constData(), 0700) != 0 && errno != EEXIST)
        return systemError("cannot make the state directory", state, errno);
    Result<Descriptor> opened = openAt(state + "/lock", "cannot be opened", O_RDWR | O_CREAT, 0600);
    if (!opened)
        return opened.error();
    Descriptor &file = *opened;
    if (Result<void> locked = lock(file, LOCK_EX, state); !locked)
        return locked.error();
    // Only for the sentence above; whether it can be written does not matter.
    const QByteArray process = QByteArray::number(qint64(::getpid())) + '\n';
    if (::ftruncate(file.number(), 0) == 0)
        static_cast<void>(
            !::pwrite(file.number(), process.constData(), std::size_t(process.size()), 0));
    return std::unique_ptr<StateLock>(new StateLock(file.take()));
}

Result<std::unique_ptr<StateLock>> StateLock::share(const QByteArray &state)
{
    Result<Descriptor> file = openAt(state + "/lock", "cannot be opened", O_RDONLY);
    if (!file && file.error().code == ErrorCode::notFound)
        return std::unique_ptr<StateLock>();
    if (!file)
        return file.error();
    if (Result<void> locked = lock(*file, LOCK_SH, state); !locked)
        return locked.error();
    return std::unique_ptr<StateLock>(new StateLock(file->take()));
}

StateLock::~StateLock() { ::close(m_descriptor); }

} // namespace coffer::agent
