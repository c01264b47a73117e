// SPDX-License-Identifier: Apache-2.0
#include "store/version.h"

#include "store/bytes_p.h"
#include "store/format_p.h"
#include "store/limits.h"
#include "store/path.h"
#include "store/row.h"

#include <array>

namespace coffer::store {

using Head = std::array<char, 37>;

static constexpr qsizetype revisionBytes = 8;

Node::~Node()
{
    while (m_newest)
        pop();
}

const Version *Node::fileAt(Revision revision, std::size_t *steps) const
{
    const Version *version = m_newest.get();
    while (version != nullptr && version->file.revision > revision) {
        version = version->older.get();
        if (steps)
            ++*steps;
    }
    return version != nullptr && !version->isDeleted ? version : nullptr;
}

void Node::push(std::unique_ptr<Version> version)
{
    if (m_newest)
        m_newest->newer = version.get();
    version->older = std::move(m_newest);
    m_newest = std::move(version);
}

bool Node::insert(std::unique_ptr<Version> version)
{
    Version *newer = nullptr;
    std::unique_ptr<Version> *place = &m_newest;
    while (*place && (*place)->file.revision > version->file.revision) {
        newer = place->get();
        place = &newer->older;
    }
    if (*place && (*place)->file.revision == version->file.revision)
        return false;
    version->newer = newer;
    version->older = std::move(*place);
    if (version->older)
        version->older->newer = version.get();
    *place = std::move(version);
    return true;
}

std::unique_ptr<Version> Node::takeNewest()
{
    std::unique_ptr<Version> newest = std::move(m_newest);
    m_newest = std::move(newest->older);
    if (m_newest)
        m_newest->newer = nullptr;
    return newest;
}

void Node::pop() { takeNewest().reset(); }

void Node::remove(Version &version)
{
    std::unique_ptr<Version> &place = version.newer ? version.newer->older : m_newest;
    if (version.older)
        version.older->newer = version.newer;
    place = std::move(version.older);
}

QByteArray keyOf(QByteArrayView path, Revision revision)
{
    QByteArray key(path.size() + 1 + revisionBytes, Qt::Uninitialized);
    std::memcpy(key.data(), path.data(), std::size_t(path.size()));
    key[path.size()] = '\0';
    qToBigEndian(revision.value(), key.data() + path.size() + 1);
    return key;
}

static std::uint8_t flagsOf(const Version &version)
{
    return std::uint8_t((version.isDeleted ? format::versionIsDeleted : 0)
                        | (version.isHeld ? format::versionIsHeld : 0));
}

static Head headOf(const Version &version)
{
    Head head;
    head[0] = char(flagsOf(version));
    qToLittleEndian(version.order, head.data() + 1);
    qToLittleEndian(version.file.created.value(), head.data() + 5);
    qToLittleEndian(version.file.owner.value(), head.data() + 13);
    qToLittleEndian(std::int64_t(version.file.time.count()), head.data() + 21);
    qToLittleEndian(std::int64_t(version.hold.count()), head.data() + 29);
    return head;
}

QByteArray rowOf(const Version &version)
{
    const Head head = headOf(version);
    QByteArray row(qsizetype(head.size()) + version.file.value.size(), Qt::Uninitialized);
    std::memcpy(row.data(), head.data(), head.size());
    if (!version.file.value.isEmpty())
        std::memcpy(row.data() + head.size(), version.file.value.constData(),
                    std::size_t(version.file.value.size()));
    return row;
}

Hash128 hashOf(QByteArrayView path, const Version &version)
{
    std::array<char, limits::pathBytesMax + 1 + revisionBytes + sizeof(Head)> named;
    char *at = named.data();
    std::memcpy(at, path.data(), std::size_t(path.size()));
    at += path.size();
    *at++ = '\0';
    qToBigEndian(version.file.revision.value(), at);
    at += revisionBytes;
    const Head head = headOf(version);
    std::memcpy(at, head.data(), head.size());
    at += head.size();
    return rowHash(std::uint8_t(Table::files), QByteArrayView(named.data(), at),
                   version.file.value);
}

Hash128 changeHashOf(const Version &version)
{
    std::array<char, 16> own;
    qToLittleEndian(version.hash.low, own.data());
    qToLittleEndian(version.hash.high, own.data() + 8);
    std::array<char, 24> link{};
    if (const Version *before = version.before()) {
        qToLittleEndian(before->file.revision.value(), link.data());
        qToLittleEndian(before->hash.low, link.data() + 8);
        qToLittleEndian(before->hash.high, link.data() + 16);
    }
    Hash128 hash = rowHash(std::uint8_t(Table::files), own, link);
    hash += version.hash;
    return hash;
}

static bool isPossible(const Version &version)
{
    const FileVersion &file = version.file;
    if (file.revision.isNone() || file.time.count() < 0 || version.hold.count() < 0)
        return false;
    if (version.isDeleted)
        return file.created.isNone() && file.owner.isNone() && file.value.isEmpty()
               && version.hold.count() == 0 && !version.isHeld;
    if (file.created.isNone() || file.created > file.revision)
        return false;
    if (version.isHeld)
        return file.owner.isNone();
    return version.hold <= limits::lingerMax && (!file.owner.isNone() || version.hold.count() == 0);
}

Result<ReadVersion> readVersion(const QByteArray &key, const QByteArray &row)
{
    const auto corrupt = [](const char *what) {
        return Error{ErrorCode::corrupt,
                     QStringLiteral("a file's row %1").arg(QLatin1String(what))};
    };
    const qsizetype pathBytes = key.size() - 1 - revisionBytes;
    if (pathBytes < 1 || key[pathBytes] != '\0'
        || !isFilePath(QByteArrayView(key).first(pathBytes)))
        return corrupt("has a key that is not a path and a revision");
    ByteReader reader(row);
    auto version = std::make_unique<Version>();
    const auto flags = reader.number<std::uint8_t>();
    version->isDeleted = (flags & format::versionIsDeleted) != 0;
    version->isHeld = (flags & format::versionIsHeld) != 0;
    version->order = reader.number<std::uint32_t>();
    FileVersion &file = version->file;
    file.revision = Revision(qFromBigEndian<std::uint64_t>(key.constData() + pathBytes + 1));
    file.created = Revision(reader.number<std::uint64_t>());
    file.owner = SessionId(reader.number<std::uint64_t>());
    file.time = WallMs(reader.number<std::int64_t>());
    version->hold = std::chrono::milliseconds(reader.number<std::int64_t>());
    if (!reader.isGood() || reader.left() > limits::valueBytesMax)
        return corrupt("has a size that is not possible");
    file.value = reader.rest().toByteArray();
    if ((flags & ~format::versionFlags) != 0 || !isPossible(*version))
        return corrupt("contradicts itself");
    const QByteArrayView path = QByteArrayView(key).first(pathBytes);
    version->hash = hashOf(path, *version);
    return ReadVersion{path, std::move(version)};
}

} // namespace coffer::store
