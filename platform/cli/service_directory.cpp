// SPDX-License-Identifier: Apache-2.0
#include "cli/service_directory.h"

#include "config/directory.h"
#include "config/limits.h"
#include "config/name.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace Qt::StringLiterals;

namespace coffer::cli {

static QString text(const QByteArray &utf8) { return QString::fromUtf8(utf8); }

QString filePathIn(const QString &directory, const QByteArray &scope, const QByteArray &path)
{
    return u"%1/%2/%3/%4"_s.arg(directory, text(scope), QLatin1String(config::fileFolder),
                                text(path));
}

static Result<QByteArray> bytesOf(const QString &name, std::size_t most)
{
    QFile file(name);
    if (!file.open(QIODevice::ReadOnly))
        return Error{ErrorCode::notFound, u"%1: %2"_s.arg(name, file.errorString())};
    QByteArray bytes = file.read(qint64(most) + 1);
    if (std::size_t(bytes.size()) > most) {
        return Error{ErrorCode::invalid,
                     u"%1: expected at most %2 MiB"_s.arg(name).arg(most >> 20)};
    }
    return bytes;
}

Result<QByteArray> fileBytes(const QString &path)
{
    return bytesOf(path, config::limits::fileBytesMax);
}

// ---- reading

namespace {

class Reader
{
public:
    explicit Reader(const QString &path) : m_path(path) {}

    ReadDirectory read()
    {
        const QString head = m_path + u'/' + QLatin1String(config::headFile);
        const Result<QByteArray> bytes = bytesOf(head, 1 << 20);
        if (!bytes) {
            fail(m_path, u"it is no export of a service: %1 is missing"_s.arg(
                             QLatin1String(config::headFile)));
            return std::move(m_read);
        }
        const Result<QByteArray> service = config::serviceIn(*bytes);
        if (!service)
            fail(head, service.error().message);
        else
            m_read.directory.service = *service;
        for (const QFileInfo &entry : entriesOf(m_path)) {
            const QByteArray name = entry.fileName().toUtf8();
            if (name.startsWith('.'))
                continue;
            if (name == config::headFile)
                (void)isFile(entry);
            else if (name != "_all" && !config::isName(name))
                fail(entry.filePath(), u"expected _all or the name of an IDC"_s);
            else if (isFolder(entry))
                readLayer(name, entry.filePath());
        }
        return std::move(m_read);
    }

private:
    void fail(const QString &where, const QString &message)
    {
        if (std::size_t(m_read.faults.size()) < config::textFaultsMax)
            m_read.faults += u"%1: %2"_s.arg(where, message);
    }

    static QFileInfoList entriesOf(const QString &folder)
    {
        return QDir(folder).entryInfoList(
            QDir::AllEntries | QDir::Hidden | QDir::System | QDir::NoDotAndDotDot, QDir::Name);
    }

    bool isFolder(const QFileInfo &entry)
    {
        if (entry.isDir() && !entry.isSymLink())
            return true;
        fail(entry.filePath(), u"expected a folder, not a file or a link"_s);
        return false;
    }

    bool isFile(const QFileInfo &entry)
    {
        if (entry.isFile() && !entry.isSymLink())
            return true;
        fail(entry.filePath(), u"expected a file, not a link, a folder or a device"_s);
        return false;
    }

    QByteArray textOf(const QString &path)
    {
        const Result<QByteArray> bytes = bytesOf(path, config::limits::serviceBytesMax);
        if (!bytes)
            m_read.faults += bytes.error().message;
        return bytes ? *bytes : QByteArray();
    }

    void readLayer(const QByteArray &scope, const QString &folder)
    {
        config::LayerTexts texts;
        std::vector<config::File> files;
        for (const QFileInfo &entry : entriesOf(folder)) {
            const QByteArray name = entry.fileName().toUtf8();
            if (name == config::indexFile) {
                if (isFile(entry))
                    texts.index = textOf(entry.filePath());
            } else if (name == config::sectionFolder) {
                if (isFolder(entry))
                    readSections(entry.filePath(), texts);
            } else if (name == config::fileFolder) {
                if (isFolder(entry))
                    readFiles(entry.filePath(), {}, files);
            } else {
                fail(entry.filePath(),
                     u"expected %1, %2 or %3"_s.arg(QLatin1String(config::indexFile),
                                                    QLatin1String(config::sectionFolder),
                                                    QLatin1String(config::fileFolder)));
            }
        }
        config::ReadTexts read = config::layerOf(texts, files);
        for (const config::TextFault &fault : read.faults) {
            const QString line = fault.line > 0 ? u":%1"_s.arg(fault.line) : QString();
            fail(u"%1/%2%3"_s.arg(folder, text(fault.file), line), fault.message);
        }
        m_read.directory.layers.insert_or_assign(scope, std::move(read.layer));
    }

    void readSections(const QString &folder, config::LayerTexts &texts)
    {
        for (const QFileInfo &entry : entriesOf(folder)) {
            QByteArray name = entry.fileName().toUtf8();
            const bool isText = name.endsWith(config::sectionEnding);
            name.chop(isText ? qsizetype(std::strlen(config::sectionEnding)) : 0);
            if (!isText || !config::isName(name))
                fail(entry.filePath(),
                     u"expected SECTION%1"_s.arg(QLatin1String(config::sectionEnding)));
            else if (isFile(entry))
                texts.sections.insert_or_assign(name, textOf(entry.filePath()));
        }
    }

    void readFiles(const QString &folder, const QByteArray &prefix,
                   std::vector<config::File> &files)
    {
        for (const QFileInfo &entry : entriesOf(folder)) {
            const QByteArray path = prefix + entry.fileName().toUtf8();
            const Result<void> named = config::checkFilePath(path);
            if (!named) {
                fail(entry.filePath(), named.error().message);
            } else if (entry.isDir() && !entry.isSymLink()) {
                readFiles(entry.filePath(), path + '/', files);
            } else if (isFile(entry)) {
                const Result<QByteArray> bytes = fileBytes(entry.filePath());
                if (!bytes) {
                    m_read.faults += bytes.error().message;
                    continue;
                }
                files.push_back({.path = path,
                                 .content = config::Hash::of(*bytes),
                                 .bytes = std::uint64_t(bytes->size())});
            }
        }
    }

    QString m_path;
    ReadDirectory m_read = {};
};

} // namespace

ReadDirectory readServiceDirectory(const QString &path) { return Reader(path).read(); }

// ---- writing

static Error systemError(const QString &what)
{
    return {ErrorCode::io, u"%1: %2"_s.arg(what, QString::fromLocal8Bit(std::strerror(errno)))};
}

/// What is at the top of an export, or nothing at all. Else says what there is.
static Result<void> checkReplaceable(const QString &path)
{
    const QStringList names =
        QDir(path).entryList(QDir::AllEntries | QDir::Hidden | QDir::System | QDir::NoDotAndDotDot);
    if (names.isEmpty())
        return {};
    const ReadDirectory read = readServiceDirectory(path);
    for (const QString &name : names) {
        if (name.startsWith(u'.'))
            return Error{ErrorCode::conflict,
                         u"%1 has %2, which is no part of an export: it is not replaced. Export "
                         "into a directory below it, or beside it"_s.arg(path, name)};
    }
    if (!read.faults.isEmpty())
        return Error{ErrorCode::conflict,
                     u"%1 is no export of a service, so it is not replaced: %2"_s.arg(
                         path, read.faults.first())};
    return {};
}

Result<void> DirectoryWriter::begin(const QString &path, const QByteArray &service, bool isForced)
{
    const QFileInfo info(path);
    m_path = info.absoluteFilePath();
    if (info.isSymLink() || (info.exists() && !info.isDir()))
        return Error{ErrorCode::conflict, u"%1 is there, and no directory"_s.arg(path)};
    m_isReplacing = info.exists();
    if (m_isReplacing && !isForced && !QDir(path).isEmpty())
        return Error{ErrorCode::conflict,
                     u"%1 is there: choose another directory, or --force, which replaces an export "
                     "and nothing else"_s.arg(path)};
    if (m_isReplacing) {
        if (const Result<void> fits = checkReplaceable(path); !fits)
            return fits;
    }
    m_folder = std::make_unique<QTemporaryDir>(m_path + u".new-XXXXXX"_s);
    if (!m_folder->isValid())
        return Error{ErrorCode::io, u"%1: a directory cannot be made beside it: %2"_s.arg(
                                        path, m_folder->errorString())};
    return write(QLatin1String(config::headFile), config::headOf(service));
}

Result<void> DirectoryWriter::write(const QString &name, const QByteArray &bytes)
{
    const QString path = m_folder->filePath(name);
    QFile file(path);
    const bool isThere = QDir().mkpath(QFileInfo(path).path());
    if (!isThere || !file.open(QIODevice::WriteOnly | QIODevice::NewOnly)
        || file.write(bytes) != bytes.size() || !file.flush() || ::fsync(file.handle()) != 0)
        return Error{ErrorCode::io, u"%1: %2"_s.arg(path, file.errorString())};
    return {};
}

Result<void> DirectoryWriter::writeLayer(const QByteArray &scope, const config::Layer &layer)
{
    const config::LayerTexts texts = config::textsOf(layer);
    const QString folder = text(scope) + u'/';
    if (Result<void> done = write(folder + QLatin1String(config::indexFile), texts.index); !done)
        return done;
    for (const auto &[name, keys] : texts.sections) {
        const QString file = u"%1%2/%3%4"_s.arg(folder, QLatin1String(config::sectionFolder),
                                                text(name), QLatin1String(config::sectionEnding));
        if (Result<void> done = write(file, keys); !done)
            return done;
    }
    return {};
}

Result<void> DirectoryWriter::writeFile(const QByteArray &scope, const QByteArray &path,
                                        const QByteArray &bytes)
{
    return write(u"%1/%2/%3"_s.arg(text(scope), QLatin1String(config::fileFolder), text(path)),
                 bytes);
}

Result<void> DirectoryWriter::finish()
{
    // Of the user, as any directory that he makes: the temporary one is his alone.
    const mode_t mask = ::umask(0);
    (void)::umask(mask);
    const QByteArray from = QFile::encodeName(m_folder->path());
    const QByteArray to = QFile::encodeName(m_path);
    if (::chmod(from.constData(), 0777 & ~mask) != 0)
        return systemError(m_folder->path());
    const unsigned how = m_isReplacing ? RENAME_EXCHANGE : RENAME_NOREPLACE;
    if (::renameat2(AT_FDCWD, from.constData(), AT_FDCWD, to.constData(), how) != 0)
        return systemError(m_path);
    m_folder->setAutoRemove(m_isReplacing); // what was there before
    const int parent =
        ::open(QFile::encodeName(QFileInfo(m_path).path()).constData(), O_RDONLY | O_CLOEXEC);
    if (parent >= 0) {
        (void)::fsync(parent);
        (void)::close(parent);
    }
    return {};
}

} // namespace coffer::cli
