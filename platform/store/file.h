// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/ids.h"
#include "base/result.h"

#include <QByteArray>

namespace coffer::store {

/// One file of the tree as its canonical row: bytes and where they come from.
///
/// Value. It is kept as the bytes that are hashed and checkpointed, so that neither copies them.
class File
{
public:
    struct Origin
    {
        Revision revision;             ///< Of the newest change.
        Revision created;              ///< Of the change that made the file.
        SessionId owner = SessionId(); ///< None unless the file is ephemeral.
    };

    File(const Origin &origin, QByteArrayView value);
    /// Reads a row; `corrupt` if it is not canonical.
    [[nodiscard]] static Result<File> fromRow(const QByteArray &row);

    [[nodiscard]] Revision revision() const;
    [[nodiscard]] Revision created() const;
    [[nodiscard]] SessionId owner() const;
    /// Valid as long as this file.
    [[nodiscard]] QByteArrayView value() const;
    [[nodiscard]] const QByteArray &row() const { return m_row; }

private:
    explicit File(const QByteArray &row) : m_row(row) {}

    QByteArray m_row;
};

} // namespace coffer::store
