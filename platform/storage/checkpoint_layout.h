// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QByteArrayView>

#include <cstdint>
#include <vector>

namespace coffer::storage {

/// What a checkpoint file looks like to people: which table of the state machine is called what,
/// and the views that decode its rows. Storage itself does not know what rows mean. Value.
///
/// It is part of the format: a file is accepted only if its tables and views are exactly these,
/// letter by letter. Every change raises `version`.
struct CheckpointLayout
{
    struct Table
    {
        std::uint8_t number = 0; ///< Row::table; from 1, 0 is the header's.
        QByteArray name;         ///< a-z, 0-9 and _, not "header".
    };
    struct View
    {
        QByteArray name; ///< As of a table.
        QByteArray select;
    };

    int version = 1;                                  ///< The file's `user_version`; from 1.
    std::vector<Table> tables;                        ///< In rising order of their numbers.
    std::vector<View> views;                          ///< For people; Coffer never reads them.
    std::size_t keyBytesMax = std::size_t(8) << 10;   ///< Of each row.
    std::size_t valueBytesMax = std::size_t(2) << 20; ///< Of each row.
};

/// One object of a database as `sqlite_schema` shows it.
struct SchemaObject
{
    QByteArray type; ///< "table" or "view".
    QByteArray name;
    QByteArray sql;

    bool operator==(const SchemaObject &) const = default;
};

/// Everything that a file of \a layout consists of, sorted by name.
[[nodiscard]] std::vector<SchemaObject> schemaOf(const CheckpointLayout &layout);

/// SQL for the number in the 8 bytes at \a offset (from 0) of the blob expression \a blob; below 0
/// for numbers from 2^63 on, as SQLite knows no larger ones. For views; needs no extension.
[[nodiscard]] QByteArray sqlLittleEndian64(QByteArrayView blob, int offset);
/// The same, most significant byte first; a negative \a offset counts from the end of the blob.
[[nodiscard]] QByteArray sqlBigEndian64(QByteArrayView blob, int offset);

} // namespace coffer::storage
