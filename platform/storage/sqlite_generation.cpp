// SPDX-License-Identifier: Apache-2.0
#include "storage/sqlite_generation_p.h"

#include "base/mutant.h"
#include "storage/checkpoint_format.h"

#include <QtEndian>

#include <algorithm>
#include <limits>
#include <utility>

namespace coffer::storage {

/// 8 KiB: of 4, 8 and 16 the best mean of commits (few bytes a changed row) and of loading.
static constexpr char settings[] = "PRAGMA page_size=8192;"
                                   "PRAGMA locking_mode=EXCLUSIVE;"
                                   "PRAGMA cell_size_check=ON;"
                                   "PRAGMA mmap_size=0;"
                                   "PRAGMA secure_delete=OFF;"
                                   "PRAGMA temp_store=MEMORY;"
                                   "PRAGMA synchronous=FULL;"
                                   "PRAGMA cache_size=-16384;"
                                   // What a large commit made of the log is cut off afterwards.
                                   "PRAGMA journal_size_limit=33554432;";

static Error damaged(const QString &what) { return {ErrorCode::corrupt, what}; }

static QByteArray hexOf(std::uint64_t number)
{
    return QByteArray::number(qulonglong(number), 16).rightJustified(16, '0');
}

static QByteArray hexOf(const Hash128 &hash) { return hexOf(hash.high) + hexOf(hash.low); }

/// Exactly 16 lower case digits.
static std::optional<std::uint64_t> numberOf(const QByteArray &hex)
{
    bool isNumber = false;
    const std::uint64_t number = hex.toULongLong(&isNumber, 16);
    if (!isNumber || hexOf(number) != hex)
        return std::nullopt;
    return number;
}

static std::optional<Hash128> hashOf(const QByteArray &hex)
{
    const std::optional<std::uint64_t> high = numberOf(hex.left(16));
    const std::optional<std::uint64_t> low = numberOf(hex.mid(16));
    if (!high || !low)
        return std::nullopt;
    return Hash128{*low, *high};
}

/// The header is one row of the content.
static Hash128 hashOf(const CheckpointHeader &header)
{
    QByteArray bytes(32, '\0');
    qToLittleEndian<quint64>(header.cluster.value(), bytes.data());
    qToLittleEndian<quint64>(header.applied.value(), bytes.data() + 8);
    qToLittleEndian<quint64>(header.stateHash.low, bytes.data() + 16);
    qToLittleEndian<quint64>(header.stateHash.high, bytes.data() + 24);
    return rowHash(checkpointFormat::headerTableNumber, checkpointFormat::headerKey,
                   bytes + header.configuration);
}

// ---- opening

Result<std::unique_ptr<SqliteGeneration>> SqliteGeneration::open(const SqliteDatabase::Place &place,
                                                                 SqliteDatabase::Mode mode,
                                                                 const CheckpointLayout &layout,
                                                                 int logPagesMax)
{
    std::unique_ptr<SqliteGeneration> generation(new SqliteGeneration(layout, logPagesMax));
    const std::size_t rowBytesMax =
        layout.keyBytesMax + layout.valueBytesMax + checkpointFormat::configurationBytesMax + 4096;
    auto database = SqliteDatabase::open(place, mode, rowBytesMax);
    if (!database)
        return database.error();
    generation->m_database = std::move(*database);
    Result<void> done = generation->configure(place);
    if (done && mode == SqliteDatabase::Mode::create)
        done = generation->create();
    if (done)
        done = generation->checkSchema();
    if (done)
        done = generation->prepare();
    if (done)
        done = generation->readHeader();
    if (!done)
        return done.error();
    return generation;
}

Result<void> SqliteGeneration::configure(const SqliteDatabase::Place &place)
{
    if (Result<void> set = m_database->run(settings); !set)
        return set;
    if (mutantIsOn(Mutant::checkpointNotSynced)) {
        if (Result<void> set = m_database->run("PRAGMA synchronous=OFF;"); !set)
            return set;
    }
    if (Result<void> proven = proveLog(place); !proven)
        return proven;
    return moveLog();
}

/// What the process before left in the log is written and synced once more. After a sync that
/// failed, the system's cache may show bytes that the disk does not have, and would neither write
/// them by itself nor tell. Moving the log into the file would not help: it stays valid on the
/// disk, in part, and would be laid over the file by the start after a power loss.
Result<void> SqliteGeneration::proveLog(SqliteDatabase::Place place)
{
    // Takes the lock, which is kept from here on: the log is nobody else's.
    if (const Result<qint64> locked = m_database->number("SELECT count(*) FROM sqlite_schema");
        !locked)
        return locked.error();
    place.path += QStringLiteral("-wal");
    const Result<bool> isThere = VfsFile::exists(place);
    if (!isThere || !*isThere)
        return isThere ? Result<void>() : Result<void>(isThere.error());
    auto log = VfsFile::open(place, VfsFile::Mode::readWrite);
    if (!log)
        return log.error();
    const Result<std::uint64_t> size = (*log)->size();
    if (!size)
        return size.error();
    QByteArray piece;
    for (std::uint64_t at = 0; at < *size; at += std::uint64_t(piece.size())) {
        piece.resize(qsizetype(std::min<std::uint64_t>(*size - at, 65'536)));
        if (Result<void> read = (*log)->read(at, piece.data(), std::size_t(piece.size())); !read)
            return read;
        if (Result<void> written = (*log)->write(at, piece); !written)
            return written;
    }
    return *size == 0 ? Result<void>() : (*log)->sync();
}

/// In one transaction, so that a crash leaves a file with everything or an empty one.
Result<void> SqliteGeneration::create()
{
    const Result<qint64> objects = m_database->number("SELECT count(*) FROM sqlite_schema");
    if (!objects)
        return objects.error();
    const Result<qint64> application = m_database->number("PRAGMA application_id");
    if (!application)
        return application.error();
    if (*objects > 0 || *application != 0)
        return {};
    if (Result<void> used = useLog(); !used)
        return used;
    QByteArray sql =
        "BEGIN;PRAGMA application_id=" + QByteArray::number(checkpointFormat::applicationId)
        + ";PRAGMA user_version=" + QByteArray::number(m_layout.version) + ";";
    for (const SchemaObject &object : schemaOf(m_layout))
        sql += object.sql + ";";
    sql += "COMMIT;";
    return m_database->run(sql);
}

Result<void> SqliteGeneration::checkSchema()
{
    const Result<qint64> application = m_database->number("PRAGMA application_id");
    if (!application)
        return application.error();
    if (*application != checkpointFormat::applicationId)
        return damaged(QStringLiteral("it is not a checkpoint of Coffer: its application id is %1, "
                                      "not %2")
                           .arg(*application)
                           .arg(checkpointFormat::applicationId));
    const Result<qint64> version = m_database->number("PRAGMA user_version");
    if (!version)
        return version.error();
    if (*version != m_layout.version)
        return damaged(
            QStringLiteral("it has format %1, this program reads format %2; use the %3 program")
                .arg(*version)
                .arg(m_layout.version)
                .arg(*version > m_layout.version ? QStringLiteral("newer")
                                                 : QStringLiteral("older")));
    const std::vector<SchemaObject> expected = schemaOf(m_layout);
    Result<SqliteStatement> rows =
        m_database->prepare("SELECT type, name, sql FROM sqlite_schema ORDER BY name, type LIMIT "
                            + QByteArray::number(qlonglong(expected.size()) + 1));
    if (!rows)
        return rows.error();
    std::vector<SchemaObject> found;
    Result<bool> stepped = rows->step();
    for (; stepped && *stepped; stepped = rows->step())
        found.push_back({rows->text(0), rows->text(1), rows->text(2)});
    if (!stepped)
        return stepped.error();
    for (std::size_t i = 0; i < std::max(found.size(), expected.size()); ++i) {
        if (i >= found.size() || i >= expected.size() || !(found[i] == expected[i]))
            return damaged(
                QStringLiteral("its tables are not those of format %1: %2 is missing, different or "
                               "too much")
                    .arg(m_layout.version)
                    .arg(
                        QString::fromUtf8(i < expected.size() ? expected[i].name : found[i].name)));
    }
    return {};
}

Result<void> SqliteGeneration::prepare()
{
    const auto prepare = [this](SqliteStatement &target, const QByteArray &sql) -> Result<void> {
        Result<SqliteStatement> statement = m_database->prepare(sql);
        if (!statement)
            return statement.error();
        target = std::move(*statement);
        return {};
    };
    Result<void> done = prepare(m_putHeader, "INSERT OR REPLACE INTO header(id, cluster, applied, "
                                             "state_hash, configuration, content_hash, generation) "
                                             "VALUES (1, ?, ?, ?, ?, ?, ?)");
    m_statements.resize(m_layout.tables.size());
    for (std::size_t i = 0; i < m_statements.size() && done; ++i) {
        const QByteArray &name = m_layout.tables[i].name;
        done = prepare(m_statements[i].find, "SELECT value FROM " + name + " WHERE key = ?");
        if (done)
            done = prepare(m_statements[i].insert,
                           "INSERT OR IGNORE INTO " + name + "(key, value) VALUES (?, ?)");
        if (done)
            done = prepare(m_statements[i].put,
                           "INSERT OR REPLACE INTO " + name + "(key, value) VALUES (?, ?)");
        if (done)
            done = prepare(m_statements[i].remove, "DELETE FROM " + name + " WHERE key = ?");
    }
    return done;
}

Result<void> SqliteGeneration::readHeader()
{
    Result<SqliteStatement> row = m_database->prepare(
        "SELECT cluster, applied, state_hash, configuration, content_hash, generation FROM header");
    if (!row)
        return row.error();
    const Result<bool> stepped = row->step();
    if (!stepped)
        return stepped.error();
    m_header.reset();
    m_contentHash = {};
    if (!*stepped)
        return {};
    const std::optional<std::uint64_t> cluster = numberOf(row->text(0));
    const qint64 applied = row->number(1);
    const std::optional<Hash128> stateHash = hashOf(row->text(2));
    const std::optional<Hash128> contentHash = hashOf(row->text(4));
    const QByteArrayView configuration = row->blob(3);
    if (!cluster || applied < 0 || !stateHash || !contentHash
        || std::size_t(configuration.size()) > checkpointFormat::configurationBytesMax)
        return damaged(QStringLiteral("a field of its header is not well-formed"));
    m_header = CheckpointHeader{ClusterId(*cluster), Slot(std::uint64_t(applied)), *stateHash,
                                configuration.toByteArray()};
    m_contentHash = *contentHash;
    m_generation = row->text(5);
    return {};
}

/// A file from elsewhere comes with a rollback journal's mark.
Result<void> SqliteGeneration::useLog()
{
    Result<SqliteStatement> mode = m_database->prepare("PRAGMA journal_mode=WAL");
    if (!mode)
        return mode.error();
    const Result<bool> stepped = mode->step();
    if (!stepped)
        return stepped.error();
    if (!*stepped || mode->text(0) != "wal")
        return Error{ErrorCode::io, QStringLiteral("SQLite refuses its write-ahead log here")};
    mode->reset();
    return {};
}

// ---- loading

Result<void> SqliteGeneration::load(const Visit &visit)
{
    Hash128 sum = m_header ? hashOf(*m_header) : Hash128();
    for (const CheckpointLayout::Table &table : m_layout.tables) {
        if (Result<void> loaded = loadTable(table, visit, sum); !loaded)
            return loaded;
    }
    if (sum != m_contentHash)
        return damaged(
            QStringLiteral("its rows do not have the hash that its header says: %1, not "
                           "%2; a disk has changed it")
                .arg(QString::fromLatin1(hexOf(sum)), QString::fromLatin1(hexOf(m_contentHash))));
    return {};
}

Result<void> SqliteGeneration::loadTable(const CheckpointLayout::Table &table, const Visit &visit,
                                         Hash128 &sum)
{
    Result<SqliteStatement> rows =
        m_database->prepare("SELECT key, value FROM " + table.name + " ORDER BY key");
    if (!rows)
        return rows.error();
    Row row{table.number, {}, QByteArray()};
    for (;;) {
        const Result<bool> stepped = rows->step();
        if (!stepped)
            return stepped.error();
        if (!*stepped)
            return {};
        const QByteArrayView key = rows->blob(0);
        const QByteArrayView value = rows->blob(1);
        if (!rows->isBlob(0) || !rows->isBlob(1) || std::size_t(key.size()) > m_layout.keyBytesMax
            || std::size_t(value.size()) > m_layout.valueBytesMax)
            return damaged(QStringLiteral("a row of its table %1 is not of two blobs within the "
                                          "limits (key %2 bytes, value %3 bytes)")
                               .arg(QString::fromLatin1(table.name))
                               .arg(m_layout.keyBytesMax)
                               .arg(m_layout.valueBytesMax));
        sum += rowHash(table.number, key, value);
        row.key = QByteArray(key.data(), key.size());
        row.value = QByteArray(value.data(), value.size());
        if (Result<void> visited = visit(row); !visited)
            return visited;
    }
}

Result<void> SqliteGeneration::verify()
{
    if (!m_header)
        return damaged(QStringLiteral("it has no header: nothing was ever committed to it"));
    Result<SqliteStatement> check = m_database->prepare("PRAGMA integrity_check(1)");
    if (!check)
        return check.error();
    const Result<bool> stepped = check->step();
    if (!stepped)
        return stepped.error();
    if (!*stepped || check->text(0) != "ok")
        return damaged(QStringLiteral("SQLite finds it damaged: %1")
                           .arg(QString::fromUtf8(check->text(0).left(200))));
    check->reset();
    return load([](const Row &) -> Result<void> { return {}; });
}

// ---- writing

SqliteGeneration::TableStatements *SqliteGeneration::statementsOf(std::uint8_t table)
{
    for (std::size_t i = 0; i < m_statements.size(); ++i) {
        if (m_layout.tables[i].number == table)
            return &m_statements[i];
    }
    return nullptr;
}

static Error tooLarge(const char *field, std::size_t bytes, std::size_t bytesMax)
{
    return {ErrorCode::invalid, QStringLiteral("checkpoint: the %1 has %2 bytes, at most %3")
                                    .arg(QString::fromLatin1(field))
                                    .arg(bytes)
                                    .arg(bytesMax)};
}

Result<void> SqliteGeneration::checkRow(const Row &row)
{
    if (!statementsOf(row.table))
        return Error{ErrorCode::invalid,
                     QStringLiteral("checkpoint: there is no table %1").arg(row.table)};
    if (std::size_t(row.key.size()) > m_layout.keyBytesMax)
        return tooLarge("key", std::size_t(row.key.size()), m_layout.keyBytesMax);
    if (row.value && std::size_t(row.value->size()) > m_layout.valueBytesMax)
        return tooLarge("value", std::size_t(row.value->size()), m_layout.valueBytesMax);
    return {};
}

Result<void> SqliteGeneration::commit(const CheckpointHeader &header, const std::vector<Row> &rows)
{
    if (std::size_t(header.configuration.size()) > checkpointFormat::configurationBytesMax)
        return tooLarge("configuration", std::size_t(header.configuration.size()),
                        checkpointFormat::configurationBytesMax);
    if (header.applied.value() > std::uint64_t(std::numeric_limits<qint64>::max()))
        return Error{ErrorCode::invalid, QStringLiteral("checkpoint: the applied slot is not "
                                                        "below 2^63")};
    for (const Row &row : rows) {
        if (Result<void> checked = checkRow(row); !checked)
            return checked;
    }
    const Hash128 before = m_contentHash;
    if (Result<void> written = write(header, rows); !written) {
        m_contentHash = before;
        // SQLite may have ended the transaction itself; what it says of a rollback is not news.
        if (m_database->isInTransaction())
            static_cast<void>(m_database->run("ROLLBACK"));
        return written;
    }
    m_header = header;
    if (m_database->logFrames() < m_logPagesMax)
        return {};
    return moveLog();
}

/// In the order of the file, so that each page is touched once; changes of one key as they came.
static std::vector<const Row *> sorted(const std::vector<Row> &rows)
{
    std::vector<const Row *> order;
    order.reserve(rows.size());
    for (const Row &row : rows)
        order.push_back(&row);
    std::stable_sort(order.begin(), order.end(), [](const Row *a, const Row *b) {
        return a->table != b->table ? a->table < b->table : a->key < b->key;
    });
    return order;
}

Result<void> SqliteGeneration::write(const CheckpointHeader &header, const std::vector<Row> &rows)
{
    if (Result<void> begun = m_database->run("BEGIN"); !begun)
        return begun;
    for (const Row *row : sorted(rows)) {
        if (Result<void> written = writeRow(*row); !written)
            return written;
    }
    if (m_header)
        m_contentHash -= hashOf(*m_header);
    m_contentHash += hashOf(header);
    if (Result<void> written = writeHeader(header, m_generation); !written)
        return written;
    return m_database->run("COMMIT");
}

/// What was there is looked up for the hash of the content. Versions of files are new nearly
/// always: then the row is put at once, which says whether it was.
Result<void> SqliteGeneration::writeRow(const Row &row)
{
    TableStatements *statements = statementsOf(row.table);
    if (row.value && statements->isLastNew) {
        statements->insert.bind(1, row.key);
        statements->insert.bind(2, *row.value);
        if (Result<void> inserted = statements->insert.run(); !inserted)
            return inserted;
        if (m_database->changedRows() == 1) {
            m_contentHash += rowHash(row.table, row.key, *row.value);
            return {};
        }
    }
    statements->find.bind(1, row.key);
    const Result<bool> found = statements->find.step();
    if (!found)
        return found.error();
    if (row.value)
        statements->isLastNew = !*found;
    if (*found) {
        m_contentHash -= rowHash(row.table, row.key, statements->find.blob(0));
        statements->find.reset();
    }
    if (!row.value) {
        if (!*found) // It came and went since the last commit, as outcomes do.
            return {};
        statements->remove.bind(1, row.key);
        return statements->remove.run();
    }
    m_contentHash += rowHash(row.table, row.key, *row.value);
    statements->put.bind(1, row.key);
    statements->put.bind(2, *row.value);
    return statements->put.run();
}

Result<void> SqliteGeneration::writeHeader(const CheckpointHeader &header,
                                           const QByteArray &generation)
{
    const QByteArray cluster = hexOf(header.cluster.value());
    const QByteArray stateHash = hexOf(header.stateHash);
    const QByteArray contentHash = hexOf(m_contentHash);
    m_putHeader.bindText(1, cluster);
    m_putHeader.bind(2, qint64(header.applied.value()));
    m_putHeader.bindText(3, stateHash);
    m_putHeader.bind(4, header.configuration);
    m_putHeader.bindText(5, contentHash);
    m_putHeader.bindText(6, generation);
    return m_putHeader.run();
}

/// A full disk leaves the log as it is: it holds everything, and a later commit tries again.
Result<void> SqliteGeneration::moveLog()
{
    const Result<void> moved = m_database->moveLog();
    if (!moved && moved.error().code == ErrorCode::noSpace)
        return {};
    return moved;
}

Result<void> SqliteGeneration::setGeneration(const QByteArray &name)
{
    if (Result<void> used = useLog(); !used)
        return used;
    if (Result<void> written = writeHeader(*m_header, name); !written)
        return written;
    m_generation = name;
    return m_database->moveLog();
}

Result<void> SqliteGeneration::exportTo(const QString &path)
{
    Result<SqliteStatement> copy = m_database->prepare("VACUUM INTO ?");
    if (!copy)
        return copy.error();
    const QByteArray target = path.toUtf8();
    copy->bindText(1, target);
    return copy->run();
}

} // namespace coffer::storage
