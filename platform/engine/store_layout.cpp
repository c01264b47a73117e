// SPDX-License-Identifier: Apache-2.0
#include "engine/store_layout.h"

#include "store/row.h"

namespace coffer::engine {

using storage::sqlBigEndian64;
using storage::sqlLittleEndian64;

// Where the numbers stand is said by docs/formats/commands.md, "Rows and the state hash".

static QByteArray flag(int bit)
{
    return "(substr(hex(value),2,1) IN (" + QByteArray(bit == 0 ? "'1','3'" : "'2','3'") + "))";
}

static QByteArray versions()
{
    return "SELECT CAST(substr(key,1,length(key)-9) AS TEXT) AS path, " + sqlBigEndian64("key", -8)
           + " AS revision, " + flag(0) + " AS deleted, " + flag(1) + " AS held, "
           + sqlLittleEndian64("value", 5) + " AS created, " + sqlLittleEndian64("value", 13)
           + " AS owner, " + sqlLittleEndian64("value", 21)
           + " AS time_ms, substr(value,38) AS value FROM files";
}

static QByteArray newest()
{
    return "SELECT path, revision, created, owner, time_ms, held, value FROM (SELECT path, "
           "max(revision) AS revision, created, owner, time_ms, held, deleted, value FROM versions "
           "GROUP BY path) WHERE deleted = 0";
}

static QByteArray openSessions()
{
    return "SELECT " + sqlBigEndian64("key", 0) + " AS session, " + sqlLittleEndian64("value", 8)
           + " AS time_to_live_ms, " + sqlLittleEndian64("value", 16) + " AS opened, "
           + sqlLittleEndian64("value", 24) + " AS acknowledged FROM sessions";
}

static QByteArray state()
{
    return "SELECT " + sqlLittleEndian64("value", 0) + " AS revision, "
           + sqlLittleEndian64("value", 8) + " AS compacted, " + sqlLittleEndian64("value", 24)
           + " AS time_ms, " + sqlLittleEndian64("value", 40) + " AS live_bytes FROM meta";
}

storage::CheckpointLayout storeLayout()
{
    const auto table = [](store::Table number, const char *name) {
        return storage::CheckpointLayout::Table{std::uint8_t(number), name};
    };
    storage::CheckpointLayout layout;
    layout.version = 1;
    layout.tables = {table(store::Table::files, "files"), table(store::Table::sessions, "sessions"),
                     table(store::Table::outcomes, "outcomes"), table(store::Table::meta, "meta")};
    layout.views = {{"versions", versions()},
                    {"newest", newest()},
                    {"open_sessions", openSessions()},
                    {"state", state()}};
    return layout;
}

} // namespace coffer::engine
