// SPDX-License-Identifier: Apache-2.0
#include "agent/disk_files.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace coffer::agent {

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
    Descriptor(const Descriptor &) = delete;
    Descriptor &operator=(const Descriptor &) = delete;
    [[nodiscard]] int number() const { return m_number; }
    [[nodiscard]] bool isOpen() const { return m_number >= 0; }
    [[nodiscard]] int take() { return std::exchange(m_number, -1); }

private:
    int m_number;
};

static int openAt(const QByteArray &path, int flags, mode_t mode = 0)
{
    return uninterrupted(
        [&] { return ::open(path.constData(), flags | O_CLOEXEC | O_NOFOLLOW, mode); });
}

Result<std::optional<FileStatus>> DiskFiles::status(const QByteArray &path)
{
    struct statx found = {};
    const int result = ::statx(AT_FDCWD, path.constData(), AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT,
                               STATX_BASIC_STATS, &found);
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
    const Descriptor file(openAt(path, O_RDONLY | O_NONBLOCK));
    struct stat status = {};
    if (!file.isOpen() || ::fstat(file.number(), &status) != 0)
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
    std::array<char, 4096> target{};
    const ssize_t count = ::readlink(path.constData(), target.data(), target.size());
    if (count < 0)
        return systemError("cannot read the link", path, errno);
    return QByteArray(target.data(), count);
}

Result<QByteArrayList> DiskFiles::names(const QByteArray &directory)
{
    Descriptor opened(openAt(directory, O_RDONLY | O_DIRECTORY));
    if (!opened.isOpen())
        return systemError("cannot be listed", directory, errno);
    DIR *listing = ::fdopendir(opened.number());
    if (listing == nullptr)
        return systemError("cannot be listed", directory, errno);
    static_cast<void>(opened.take()); // It is the listing's now.
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

Result<void> DiskFiles::makeDirectory(const QByteArray &path, std::uint16_t mode)
{
    // mkdir() asks the umask, chmod() does not.
    if (::mkdir(path.constData(), mode) != 0 || ::chmod(path.constData(), mode) != 0)
        return systemError("cannot make the directory", path, errno);
    return {};
}

Result<void> DiskFiles::createFile(const QByteArray &path)
{
    const Descriptor file(openAt(path, O_WRONLY | O_CREAT | O_EXCL, 0600));
    if (!file.isOpen())
        return systemError("cannot make the file", path, errno);
    return {};
}

Result<void> DiskFiles::write(const QByteArray &path, QByteArrayView bytes)
{
    const Descriptor file(openAt(path, O_WRONLY | O_APPEND));
    if (!file.isOpen())
        return systemError("cannot be written", path, errno);
    while (!bytes.isEmpty()) {
        const ssize_t count = uninterrupted(
            [&] { return ::write(file.number(), bytes.data(), std::size_t(bytes.size())); });
        if (count < 0)
            return systemError("cannot be written", path, errno);
        bytes = bytes.sliced(count);
    }
    return {};
}

Result<void> DiskFiles::setRights(const QByteArray &path, const Rights &rights)
{
    const Descriptor file(openAt(path, O_RDONLY | O_NONBLOCK));
    if (!file.isOpen())
        return systemError("cannot be opened", path, errno);
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

Result<void> DiskFiles::sync(const QByteArray &path)
{
    const Descriptor file(openAt(path, O_RDONLY));
    if (!file.isOpen())
        return systemError("cannot be opened", path, errno);
    if (::fsync(file.number()) != 0)
        return Error{ErrorCode::syncFailed,
                     systemError("cannot be made durable", path, errno).message};
    return {};
}

Result<void> DiskFiles::link(const QByteArray &path, const QByteArray &newPath)
{
    if (::link(path.constData(), newPath.constData()) != 0)
        return systemError("cannot be linked", path, errno);
    return {};
}

Result<void> DiskFiles::makeLink(const QByteArray &target, const QByteArray &path)
{
    if (::symlink(target.constData(), path.constData()) != 0)
        return systemError("cannot make the link", path, errno);
    return {};
}

Result<void> DiskFiles::rename(const QByteArray &from, const QByteArray &to)
{
    if (::rename(from.constData(), to.constData()) != 0)
        return systemError("cannot be put in place", to, errno);
    return {};
}

Result<void> DiskFiles::remove(const QByteArray &path)
{
    if (::unlink(path.constData()) != 0)
        return systemError("cannot be removed", path, errno);
    return {};
}

Result<void> DiskFiles::removeDirectory(const QByteArray &path)
{
    if (::rmdir(path.constData()) != 0)
        return systemError("cannot be removed", path, errno);
    return {};
}

Result<std::unique_ptr<StateLock>> StateLock::take(const QByteArray &state)
{
    if (::mkdir(state.constData(), 0700) != 0 && errno != EEXIST)
        return systemError("cannot make the state directory", state, errno);
    const QByteArray path = state + "/lock";
    Descriptor file(openAt(path, O_RDWR | O_CREAT, 0600));
    if (!file.isOpen())
        return systemError("cannot be opened", path, errno);
    if (uninterrupted([&] { return ::flock(file.number(), LOCK_EX | LOCK_NB); }) != 0) {
        if (errno != EWOULDBLOCK)
            return systemError("cannot be locked", path, errno);
        std::array<char, 32> text{};
        const ssize_t count = ::pread(file.number(), text.data(), text.size(), 0);
        const QString holder =
            QString::fromLatin1(text.data(), std::max<ssize_t>(count, 0)).trimmed();
        return Error{ErrorCode::refused,
                     QStringLiteral("%1 belongs to a coffer-agent that runs: %2; end that one, or "
                                    "give this one a state directory of its own")
                         .arg(QString::fromUtf8(state),
                              holder.isEmpty() ? QStringLiteral("its process is not known")
                                               : QStringLiteral("process ") + holder)};
    }
    // Only for the sentence above; whether it can be written does not matter.
    const QByteArray process = QByteArray::number(qint64(::getpid())) + '\n';
    if (::ftruncate(file.number(), 0) == 0)
        static_cast<void>(
            !::pwrite(file.number(), process.constData(), std::size_t(process.size()), 0));
    return std::unique_ptr<StateLock>(new StateLock(file.take()));
}

StateLock::~StateLock() { ::close(m_descriptor); }

} // namespace coffer::agent
