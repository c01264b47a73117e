// SPDX-License-Identifier: Apache-2.0
#include "storage/checkpoint_layout.h"

#include "base/check.h"
#include "storage/checkpoint_format.h"

#include <algorithm>

namespace coffer::storage {

static bool isName(const QByteArray &name)
{
    const auto isAllowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    };
    return !name.isEmpty() && name != "header" && !name.startsWith("sqlite_")
           && std::all_of(name.begin(), name.end(), isAllowed);
}

std::vector<SchemaObject> schemaOf(const CheckpointLayout &layout)
{
    COFFER_CHECK(layout.version >= 1, "a layout has a version from 1");
    std::vector<SchemaObject> objects{{"table", "header", checkpointFormat::headerTable}};
    int last = checkpointFormat::headerTableNumber;
    for (const CheckpointLayout::Table &table : layout.tables) {
        COFFER_CHECK(table.number > last, "tables of a layout are in rising order, from 1");
        COFFER_CHECK(isName(table.name), "a table's name is a-z, 0-9 and _");
        last = table.number;
        objects.push_back(
            {"table", table.name, "CREATE TABLE " + table.name + checkpointFormat::rowTable});
    }
    for (const CheckpointLayout::View &view : layout.views) {
        COFFER_CHECK(isName(view.name), "a view's name is a-z, 0-9 and _");
        COFFER_CHECK(view.select == view.select.trimmed() && !view.select.endsWith(';'),
                     "SQLite keeps no space and no semicolon behind a view");
        objects.push_back({"view", view.name, "CREATE VIEW " + view.name + " AS " + view.select});
    }
    std::sort(objects.begin(), objects.end(),
              [](const SchemaObject &a, const SchemaObject &b) { return a.name < b.name; });
    return objects;
}

/// The position, from 1, of a byte of \a blob in SQL's substr().
static QByteArray place(int offset) { return QByteArray::number(offset < 0 ? offset : offset + 1); }

/// Four bits: instr() finds no '0' in the digits and says 0, which is its value.
static QByteArray nibble(const QByteArray &hex, int digit, int shift)
{
    return "(instr('123456789ABCDEF',substr(" + hex + "," + QByteArray::number(digit) + ",1))<<"
           + QByteArray::number(shift) + ")";
}

static QByteArray number(QByteArrayView blob, int offset, bool isLittleEndian)
{
    const QByteArray hex = "hex(substr(" + blob.toByteArray() + "," + place(offset) + ",8))";
    QByteArray sql;
    for (int byte = 0; byte < 8; ++byte) {
        const int shift = 8 * (isLittleEndian ? byte : 7 - byte);
        if (byte > 0)
            sql += '|';
        sql += nibble(hex, 2 * byte + 1, shift + 4) + '|' + nibble(hex, 2 * byte + 2, shift);
    }
    return '(' + sql + ')';
}

QByteArray sqlLittleEndian64(QByteArrayView blob, int offset) { return number(blob, offset, true); }

QByteArray sqlBigEndian64(QByteArrayView blob, int offset) { return number(blob, offset, false); }

} // namespace coffer::storage
