// SPDX-License-Identifier: Apache-2.0
#include "store/file.h"

#include "store/limits.h"

#include <QtEndian>

#include <cstring>

namespace coffer::store {

static constexpr qsizetype revisionAt = 0;
static constexpr qsizetype createdAt = 8;
static constexpr qsizetype ownerAt = 16;
static constexpr qsizetype valueAt = 24;

static std::uint64_t numberAt(const QByteArray &row, qsizetype offset)
{
    return qFromLittleEndian<std::uint64_t>(row.constData() + offset);
}

File::File(const Origin &origin, QByteArrayView value)
    : m_row(valueAt + value.size(), Qt::Uninitialized)
{
    char *row = m_row.data();
    qToLittleEndian(origin.revision.value(), row + revisionAt);
    qToLittleEndian(origin.created.value(), row + createdAt);
    qToLittleEndian(origin.owner.value(), row + ownerAt);
    if (!value.isEmpty())
        std::memcpy(row + valueAt, value.data(), std::size_t(value.size()));
}

Result<File> File::fromRow(const QByteArray &row)
{
    if (row.size() < valueAt || std::size_t(row.size() - valueAt) > limits::valueBytesMax) {
        return Error{ErrorCode::corrupt,
                     QStringLiteral("a file's row has %1 bytes").arg(row.size())};
    }
    File file(row);
    if (file.created().isNone() || file.created() > file.revision()) {
        return Error{ErrorCode::corrupt,
                     QStringLiteral("a file was created by revision %1 but changed by %2")
                         .arg(file.created().value())
                         .arg(file.revision().value())};
    }
    return file;
}

Revision File::revision() const { return Revision(numberAt(m_row, revisionAt)); }

Revision File::created() const { return Revision(numberAt(m_row, createdAt)); }

SessionId File::owner() const { return SessionId(numberAt(m_row, ownerAt)); }

QByteArrayView File::value() const { return QByteArrayView(m_row).sliced(valueAt); }

} // namespace coffer::store
