// SPDX-License-Identifier: Apache-2.0
#include "node/data_directory.h"

#include "storage/posix_file_system.h"

#include <QDir>
#include <QFileInfo>

#include <utility>

namespace coffer::node {

static const QString identityName = QStringLiteral("node.txt");
static const QString freshName = QStringLiteral("node.txt.new");
static const QString lockName = QStringLiteral("lock");
static const QString settingsName = QStringLiteral("cofferd.toml");
static const QString journalName = QStringLiteral("journal");
static constexpr int identityBytesMax = 4096;
static constexpr int formatVersion = 1;

QString idText(std::uint64_t id) { return QStringLiteral("%1").arg(id, 16, 16, QLatin1Char('0')); }

// ---- node.txt

QByteArray encodeIdentity(NodeId self)
{
    return QStringLiteral("coffer-node %1\nid %2\n")
        .arg(formatVersion)
        .arg(idText(self.value()))
        .toUtf8();
}

Result<NodeId> decodeIdentity(const QByteArray &text)
{
    const QList<QByteArray> lines = text.split('\n');
    const QList<QByteArray> first = lines.value(0).split(' ');
    bool isNumber = false;
    const int version = first.value(1).toInt(&isNumber);
    if (first.size() != 2 || first[0] != "coffer-node" || !isNumber || version < 1)
        return Error{ErrorCode::corrupt,
                     QStringLiteral("line 1 should be \"coffer-node %1\"").arg(formatVersion)};
    if (version != formatVersion)
        return Error{ErrorCode::refused,
                     QStringLiteral("the directory has format %1, and this program knows %2 only; "
                                    "use the version of cofferd that made it")
                         .arg(version)
                         .arg(formatVersion)};
    const QByteArray second = lines.value(1);
    const std::uint64_t id = second.mid(3).toULongLong(&isNumber, 16);
    if (lines.size() != 3 || !lines[2].isEmpty() || !isNumber || id == 0
        || text != encodeIdentity(NodeId(id)))
        return Error{ErrorCode::corrupt,
                     QStringLiteral("line 2 should be \"id \" and 16 hexadecimal digits, and the "
                                    "last one")};
    return NodeId(id);
}

// ---- directory

DataDirectory::DataDirectory(QString path) : m_path(std::move(path)) {}

DataDirectory::~DataDirectory() = default;

static Error notMade(const QString &path)
{
    return {ErrorCode::io, QStringLiteral("cannot make the directory %1; may this user write "
                                          "there?")
                               .arg(path)};
}

/// Makes \a path and what is missing above it, durably: a journal in a directory that a power loss
/// takes away was never durable.
static Result<void> makeDurably(const QString &path)
{
    if (QDir(path).exists())
        return {};
    const QString above = QFileInfo(path).path();
    if (Result<void> made = makeDurably(above); !made)
        return made;
    if (!QDir().mkdir(path) && !QDir(path).exists())
        return notMade(path);
    auto files = storage::PosixFileSystem::open(above);
    return files ? (*files)->syncDirectory() : Result<void>(files.error());
}

Result<std::unique_ptr<DataDirectory>> DataDirectory::open(const QString &path, Random &random)
{
    const QString absolute = QDir::cleanPath(QDir(path).absolutePath());
    std::unique_ptr<DataDirectory> directory(new DataDirectory(absolute));
    if (Result<void> made = makeDurably(absolute); !made)
        return made.error();
    if (Result<void> prepared = directory->prepare(random); !prepared)
        return prepared.error();
    return directory;
}

Result<std::unique_ptr<DataDirectory>> DataDirectory::prepareNew(const QString &path,
                                                                 Random &random)
{
    const QString absolute = QDir::cleanPath(QDir(path).absolutePath());
    std::unique_ptr<DataDirectory> directory(new DataDirectory(absolute));
    if (Result<void> made = makeDurably(absolute); !made)
        return made.error();
    if (Result<void> taken = directory->take(); !taken)
        return taken.error();
    const auto isKnown = directory->hasIdentity();
    if (!isKnown)
        return isKnown.error();
    if (*isKnown)
        return Error{ErrorCode::refused,
                     QStringLiteral("%1 is the directory of a node; name one that is empty or does "
                                    "not exist")
                         .arg(absolute)};
    directory->m_self = NodeId(random.next() | 1);
    if (Result<void> made = directory->makeJournal(); !made)
        return made.error();
    return directory;
}

void DataDirectory::discard()
{
    QDir directory(m_path);
    QDir(directory.filePath(journalName)).removeRecursively();
    for (const QString &name : directory.entryList(
             {QStringLiteral("checkpoint-*"), QStringLiteral("export.sqlite*")}, QDir::Files))
        directory.remove(name);
}

/// Whether there is an identity. `refused` if the directory is somebody else's.
Result<bool> DataDirectory::hasIdentity()
{
    auto names = m_files->names();
    if (!names)
        return names.error();
    if (names->contains(identityName))
        return true;
    for (const QString &own : {lockName, freshName, settingsName})
        names->removeAll(own);
    if (!names->isEmpty())
        return Error{ErrorCode::refused,
                     QStringLiteral("%1 is not empty and has no %2, so it is not the directory of "
                                    "a node; name another one, or an empty one")
                         .arg(m_path, identityName)};
    return false;
}

/// Looks twice: a directory that is not ours gets no file from us, and what was true before we had
/// the lock may have changed.
Result<void> DataDirectory::take()
{
    auto files = storage::PosixFileSystem::open(m_path);
    if (!files)
        return files.error();
    m_files = std::move(*files);
    if (const auto looked = hasIdentity(); !looked)
        return looked.error();
    auto lock = m_files->lock(lockName);
    if (!lock)
        return lock.error();
    m_lock = std::move(*lock);
    return {};
}

Result<void> DataDirectory::prepare(Random &random)
{
    if (Result<void> taken = take(); !taken)
        return taken;
    const auto isKnown = hasIdentity();
    if (!isKnown)
        return isKnown.error();
    m_self = NodeId(random.next() | 1);
    if (Result<void> known = *isKnown ? readIdentity() : settle(); !known)
        return known;
    return makeJournal();
}

Result<void> DataDirectory::makeJournal()
{
    const QString journal = QDir(m_path).absoluteFilePath(journalName);
    if (Result<void> made = makeDurably(journal); !made)
        return made;
    auto journalFiles = storage::PosixFileSystem::open(journal);
    if (!journalFiles)
        return journalFiles.error();
    m_journalFiles = std::move(*journalFiles);
    return {};
}

Result<void> DataDirectory::readIdentity()
{
    auto file = m_files->open(identityName, storage::FileSystem::Open::read);
    if (!file)
        return file.error();
    auto text = (*file)->read(0, identityBytesMax);
    if (!text)
        return text.error();
    const auto self = decodeIdentity(*text);
    if (!self)
        return self.error().in(m_files->describe(identityName));
    m_self = *self;
    return {};
}

/// The name appears when the bytes are durable, so it is never seen empty or torn.
Result<void> DataDirectory::settle()
{
    auto file = m_files->create(freshName);
    if (!file)
        return file.error();
    if (Result<void> written = (*file)->write(0, encodeIdentity(m_self)); !written)
        return written;
    if (Result<void> synced = (*file)->sync(); !synced)
        return synced;
    if (Result<void> renamed = m_files->rename(freshName, identityName); !renamed)
        return renamed;
    return m_files->syncDirectory();
}

} // namespace coffer::node
