// SPDX-License-Identifier: Apache-2.0
#include "storage/posix_file_system.h"

#include <QFile>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace coffer::storage {

static constexpr mode_t fileMode = 0640;

/// Calls \a call again for as long as a signal interrupts it.
template<class Call>
static auto uninterrupted(const Call &call)
{
    auto result = call();
    while (result == -1 && errno == EINTR)
        result = call();
    return result;
}

static Error systemError(const QString &doing, const QString &path, int number)
{
    ErrorCode code = ErrorCode::io;
    if (number == ENOSPC || number == EDQUOT)
        code = ErrorCode::noSpace;
    else if (number == ENOENT)
        code = ErrorCode::notFound;
    return {code, QStringLiteral("%1: %2: %3")
                      .arg(path, doing, QString::fromLocal8Bit(std::strerror(number)))};
}

/// A descriptor that is closed with the object.
class PosixFile final : public File
{
public:
    PosixFile(QString path, int descriptor) : m_path(std::move(path)), m_descriptor(descriptor) {}
    ~PosixFile() override { ::close(m_descriptor); }
    PosixFile(const PosixFile &) = delete;
    PosixFile &operator=(const PosixFile &) = delete;

    [[nodiscard]] Result<std::uint64_t> size() override
    {
        struct stat status = {};
        if (::fstat(m_descriptor, &status) != 0)
            return failed("cannot ask for the size");
        return std::uint64_t(status.st_size);
    }

    [[nodiscard]] Result<QByteArray> read(std::uint64_t offset, std::uint64_t bytesMax) override
    {
        const auto present = size();
        if (!present)
            return present.error();
        const std::uint64_t left = *present > offset ? *present - offset : 0;
        QByteArray bytes(qsizetype(std::min(left, bytesMax)), Qt::Uninitialized);
        qsizetype done = 0;
        while (done < bytes.size()) {
            const ssize_t count = uninterrupted([&] {
                return ::pread(m_descriptor, bytes.data() + done, std::size_t(bytes.size() - done),
                               off_t(offset) + done);
            });
            if (count < 0)
                return failed("cannot read");
            if (count == 0)
                break;
            done += count;
        }
        bytes.truncate(done);
        return bytes;
    }

    Result<void> write(std::uint64_t offset, QByteArrayView bytes) override
    {
        while (!bytes.isEmpty()) {
            const ssize_t count = uninterrupted([&] {
                return ::pwrite(m_descriptor, bytes.data(), std::size_t(bytes.size()),
                                off_t(offset));
            });
            if (count < 0)
                return failed("cannot write");
            offset += std::uint64_t(count);
            bytes = bytes.sliced(count);
        }
        return {};
    }

    Result<void> preallocate(std::uint64_t wanted) override
    {
        const auto present = size();
        if (!present)
            return present.error();
        if (*present >= wanted)
            return {};
        if (uninterrupted([&] { return ::fallocate(m_descriptor, 0, 0, off_t(wanted)); }) == 0)
            return {};
        if (errno != EOPNOTSUPP && errno != ENOSYS)
            return failed("cannot keep space");
        // The file system cannot promise space: write the zeros.
        const QByteArray zeros(qsizetype(1) << 20, '\0');
        for (std::uint64_t offset = *present; offset < wanted;) {
            const auto step = qsizetype(std::min(wanted - offset, std::uint64_t(zeros.size())));
            if (Result<void> written = write(offset, QByteArrayView(zeros).first(step)); !written)
                return written;
            offset += std::uint64_t(step);
        }
        return {};
    }

    Result<void> resize(std::uint64_t wanted) override
    {
        if (uninterrupted([&] { return ::ftruncate(m_descriptor, off_t(wanted)); }) != 0)
            return failed("cannot change the size");
        return {};
    }

    Result<void> sync() override
    {
        // Not again after EINTR: it is not known what the interrupted one did.
        if (::fdatasync(m_descriptor) != 0)
            return Error{ErrorCode::syncFailed, failed("cannot make durable").message};
        return {};
    }

private:
    [[nodiscard]] Error failed(const char *doing) const
    {
        return systemError(QLatin1String(doing), m_path, errno);
    }

    QString m_path;
    int m_descriptor;
};

/// flock: gone with the process, and a second open of the same process is refused too.
class PosixLock final : public FileLock
{
public:
    explicit PosixLock(int descriptor) : m_descriptor(descriptor) {}
    ~PosixLock() override { ::close(m_descriptor); }
    PosixLock(const PosixLock &) = delete;
    PosixLock &operator=(const PosixLock &) = delete;

private:
    int m_descriptor;
};

Result<std::unique_ptr<PosixFileSystem>> PosixFileSystem::open(const QString &directory)
{
    const QByteArray path = QFile::encodeName(directory);
    const int descriptor = uninterrupted(
        [&path] { return ::open(path.constData(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
    if (descriptor < 0)
        return systemError(QStringLiteral("cannot open the directory"), directory, errno);
    return std::unique_ptr<PosixFileSystem>(new PosixFileSystem(directory, descriptor));
}

PosixFileSystem::PosixFileSystem(QString directory, int descriptor)
    : m_directory(std::move(directory)), m_descriptor(descriptor)
{}

PosixFileSystem::~PosixFileSystem() { ::close(m_descriptor); }

QString PosixFileSystem::describe(const QString &name) const { return m_directory + '/' + name; }

Result<std::unique_ptr<File>> PosixFileSystem::openWith(const QString &name, int flags)
{
    const QByteArray path = QFile::encodeName(name);
    const int descriptor = uninterrupted(
        [&] { return ::openat(m_descriptor, path.constData(), flags | O_CLOEXEC, fileMode); });
    if (descriptor < 0)
        return systemError(QStringLiteral("cannot open"), describe(name), errno);
    return std::unique_ptr<File>(std::make_unique<PosixFile>(describe(name), descriptor));
}

Result<std::unique_ptr<File>> PosixFileSystem::open(const QString &name, Open how)
{
    return openWith(name, how == Open::read ? O_RDONLY : O_RDWR);
}

Result<std::unique_ptr<File>> PosixFileSystem::create(const QString &name)
{
    return openWith(name, O_RDWR | O_CREAT | O_TRUNC);
}

Result<QStringList> PosixFileSystem::names()
{
    const int copy = uninterrupted(
        [this] { return ::openat(m_descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
    DIR *listing = copy < 0 ? nullptr : ::fdopendir(copy);
    if (listing == nullptr) {
        const int number = errno;
        if (copy >= 0)
            ::close(copy);
        return systemError(QStringLiteral("cannot list"), m_directory, number);
    }
    QStringList names;
    errno = 0;
    while (const dirent *entry = ::readdir(listing)) { // NOLINT: the stream is this call's own
        const QString name = QFile::decodeName(entry->d_name);
        if (name != QLatin1String(".") && name != QLatin1String(".."))
            names.append(name);
        errno = 0;
    }
    const int number = errno;
    ::closedir(listing);
    if (number != 0)
        return systemError(QStringLiteral("cannot list"), m_directory, number);
    names.sort();
    return names;
}

Result<void> PosixFileSystem::rename(const QString &from, const QString &to)
{
    if (::renameat(m_descriptor, QFile::encodeName(from).constData(), m_descriptor,
                   QFile::encodeName(to).constData())
        != 0)
        return systemError(QStringLiteral("cannot rename to ") + to, describe(from), errno);
    return {};
}

Result<void> PosixFileSystem::remove(const QString &name)
{
    if (::unlinkat(m_descriptor, QFile::encodeName(name).constData(), 0) != 0)
        return systemError(QStringLiteral("cannot remove"), describe(name), errno);
    return {};
}

Result<void> PosixFileSystem::syncDirectory()
{
    if (::fsync(m_descriptor) != 0)
        return Error{
            ErrorCode::syncFailed,
            systemError(QStringLiteral("cannot make durable"), m_directory, errno).message};
    return {};
}

Result<std::unique_ptr<FileLock>> PosixFileSystem::lock(const QString &name)
{
    const QByteArray path = QFile::encodeName(name);
    const int descriptor = uninterrupted([&] {
        return ::openat(m_descriptor, path.constData(), O_RDWR | O_CREAT | O_CLOEXEC, fileMode);
    });
    if (descriptor < 0)
        return systemError(QStringLiteral("cannot open"), describe(name), errno);
    auto lock = std::make_unique<PosixLock>(descriptor);
    if (uninterrupted([descriptor] { return ::flock(descriptor, LOCK_EX | LOCK_NB); }) != 0) {
        if (errno != EWOULDBLOCK)
            return systemError(QStringLiteral("cannot lock"), describe(name), errno);
        char text[32] = {};
        const ssize_t count = ::pread(descriptor, text, sizeof text - 1, 0);
        const QString holder = QString::fromLatin1(text, std::max<qsizetype>(count, 0)).trimmed();
        return Error{ErrorCode::refused,
                     QStringLiteral("%1 is locked by %2; end it, or give this process a directory "
                                    "of its own")
                         .arg(describe(name), holder.isEmpty()
                                                  ? QStringLiteral("another process")
                                                  : QStringLiteral("process ") + holder)};
    }
    // Only for the sentence above; whether it can be written does not matter.
    const QByteArray pid = QByteArray::number(qint64(::getpid())) + '\n';
    if (::ftruncate(descriptor, 0) == 0)
        static_cast<void>(!::pwrite(descriptor, pid.constData(), std::size_t(pid.size()), 0));
    return std::unique_ptr<FileLock>(std::move(lock));
}

} // namespace coffer::storage
