// SPDX-License-Identifier: Apache-2.0
#include "storage/checkpoint_format.h"
#include "storage/sqlite_checkpoint.h"
#include "unit/storage/checkpoint_kit.h"

#include <QTemporaryDir>
#include <QTest>

#include <sqlite3.h>

using namespace coffer;
using namespace coffer::storage;
using namespace coffer::test;

namespace {

/// A database that somebody else opens: the exported file, the file of a node that stands still.
class Stranger
{
public:
    explicit Stranger(const QString &path) { sqlite3_open(path.toUtf8().constData(), &m_database); }
    ~Stranger() { sqlite3_close(m_database); }
    Stranger(const Stranger &) = delete;
    Stranger &operator=(const Stranger &) = delete;

    /// The first column of all rows, or the error.
    QByteArrayList ask(const QByteArray &sql)
    {
        QByteArrayList rows;
        char *message = nullptr;
        const auto add = [](void *to, int, char **values, char **) {
            *static_cast<QByteArrayList *>(to) += QByteArray(values[0] ? values[0] : "NULL");
            return 0;
        };
        if (sqlite3_exec(m_database, sql.constData(), add, &rows, &message) != SQLITE_OK)
            rows += QByteArray("error: ") + message;
        sqlite3_free(message);
        return rows;
    }

private:
    sqlite3 *m_database = nullptr;
};

/// A real directory.
class RealDirectory
{
public:
    [[nodiscard]] QString path(const char *name) const
    {
        return m_directory.filePath(QString::fromLatin1(name));
    }
    [[nodiscard]] std::unique_ptr<SqliteCheckpoint>
    open(const CheckpointLayout &layout = plainLayout()) const
    {
        return std::make_unique<SqliteCheckpoint>(
            SqliteCheckpoint::Options{m_directory.path(), layout});
    }
    [[nodiscard]] QByteArray read(const char *name) const
    {
        QFile file(path(name));
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    }
    void write(const char *name, const QByteArray &bytes) const
    {
        QFile file(path(name));
        QVERIFY(file.open(QIODevice::WriteOnly));
        QCOMPARE(file.write(bytes), bytes.size());
    }
    [[nodiscard]] QStringList files() const
    {
        return QDir(m_directory.path()).entryList(QDir::Files, QDir::Name);
    }

private:
    QTemporaryDir m_directory;
};

} // namespace

class TestSqliteCheckpoint : public QObject
{
    Q_OBJECT

private:
    static std::vector<Row> someRows()
    {
        std::vector<Row> rows;
        for (int i = 0; i < 200; ++i)
            rows.push_back({std::uint8_t(1 + i % 2), "/key/" + QByteArray::number(i),
                            QByteArray(i, char('a' + i % 26))});
        rows.push_back({1, "large", QByteArray(30'000, 'L')});
        return rows;
    }

    static QByteArray exportedFile()
    {
        const RealDirectory directory;
        const auto checkpoint = directory.open();
        const bool isDone = bool(checkpoint->commit(headerAt(7), someRows()));
        return isDone ? exportOf(*checkpoint).value_or(QByteArray()) : QByteArray();
    }

    /// An export after somebody has changed it with \a sql.
    static QByteArray changedWith(const QByteArray &sql)
    {
        const RealDirectory directory;
        directory.write("x.sqlite", exportedFile());
        {
            Stranger stranger(directory.path("x.sqlite"));
            const QByteArrayList rows = stranger.ask(sql);
            if (!rows.isEmpty() && rows.last().startsWith("error"))
                qWarning("%s", rows.last().constData());
        }
        return directory.read("x.sqlite");
    }

    static Error refusalOf(const QByteArray &file)
    {
        const SimVfs vfs(1);
        const auto target = onDisk(vfs);
        const Result<Staged> staged = stageFile(*target, file);
        const Error none{ErrorCode::unknown, QStringLiteral("it was accepted")};
        return staged ? none : staged.error();
    }

private Q_SLOTS:
    void open_makesOneFileAndKeepsIt()
    {
        const RealDirectory directory;
        QVERIFY(directory.open()->commit(headerAt(3), someRows()));
        QCOMPARE(directory.files().first(), QStringLiteral("checkpoint-0.sqlite"));
        const auto again = directory.open();
        const Result<Content> content = contentOf(*again);
        QVERIFY(content);
        QCOMPARE(content->rows.size(), std::size_t(201));
    }

    void open_isForOneProcessAtATime()
    {
        const RealDirectory directory;
        const auto first = directory.open();
        QVERIFY(first->commit(headerAt(3), {}));
        const auto refused = directory.open()->open();
        QVERIFY(!refused);
        QCOMPARE(refused.error().code, ErrorCode::refused);
        QVERIFY(refused.error().message.contains(QStringLiteral("another process")));
    }

    void open_refusesADirectoryWithAnotherGenerationAlone()
    {
        const RealDirectory directory;
        directory.write("checkpoint-5.sqlite", exportedFile());
        const auto opened = directory.open()->open();
        QVERIFY(!opened);
        QCOMPARE(opened.error().code, ErrorCode::corrupt);
        QVERIFY(opened.error().message.contains(QStringLiteral("checkpoint-5.sqlite")));
        QCOMPARE(directory.read("checkpoint-5.sqlite"), exportedFile());
    }

    void open_refusesAFileOfAnotherFormat()
    {
        const RealDirectory directory;
        QVERIFY(directory.open()->commit(headerAt(3), {}));
        CheckpointLayout newer = plainLayout();
        newer.version = 2;
        const auto opened = directory.open(newer)->open();
        QVERIFY(!opened);
        QVERIFY(opened.error().message.contains(QStringLiteral("use the older program")));
    }

    void activate_removesWhatIsNotUsed()
    {
        const RealDirectory directory;
        const auto checkpoint = directory.open();
        QVERIFY(checkpoint->commit(headerAt(3), {}));
        const Result<Staged> staged = stageFile(*checkpoint, exportedFile());
        QVERIFY(staged);
        QVERIFY(checkpoint->activate(staged->second));
        QVERIFY(checkpoint->commit(headerAt(8), {}));
        QCOMPARE(directory.files(), (QStringList{QStringLiteral("checkpoint-1.sqlite"),
                                                 QStringLiteral("checkpoint-1.sqlite-wal")}));
    }

    void open_removesWhatNobodyNamed()
    {
        const RealDirectory directory;
        {
            const auto checkpoint = directory.open();
            QVERIFY(checkpoint->commit(headerAt(3), {}));
            QVERIFY(stageFile(*checkpoint, exportedFile()));
            directory.write("export.sqlite", "left by a crash");
        }
        QVERIFY(directory.open()->open());
        QVERIFY(!directory.files().contains(QStringLiteral("checkpoint-1.sqlite")));
        QVERIFY(!directory.files().contains(QStringLiteral("export.sqlite")));
    }

    void exportFile_outlivesTheCheckpointAndLeavesNothing()
    {
        const RealDirectory directory;
        std::shared_ptr<CheckpointFile> file;
        {
            const auto checkpoint = directory.open();
            QVERIFY(checkpoint->commit(headerAt(3), someRows()));
            file = checkpoint->exportFile().value_or(nullptr);
        }
        QVERIFY(file);
        QVERIFY(!directory.files().contains(QStringLiteral("export.sqlite")));
        QCOMPARE(file->read(0, 16)->first(15), QByteArray("SQLite format 3"));
        QCOMPARE(file->read(file->size() - 1, 100)->size(), 1);
    }

    void load_findsARowThatTheDiskChanged()
    {
        const RealDirectory directory;
        QVERIFY(directory.open()->commit(headerAt(3), someRows()));
        QVERIFY(directory.open()->open()); // moves the log into the file
        QByteArray bytes = directory.read("checkpoint-0.sqlite");
        const qsizetype place = bytes.indexOf(QByteArray(100, 'L'));
        QVERIFY(place > 0);
        bytes[place + 50] = 'M';
        directory.write("checkpoint-0.sqlite", bytes);
        QVERIFY(QFile::remove(directory.path("checkpoint-0.sqlite-wal"))); // holds it unchanged
        const auto checkpoint = directory.open();
        const Result<Content> content = contentOf(*checkpoint);
        QVERIFY(!content);
        QCOMPARE(content.error().code, ErrorCode::corrupt);
        QVERIFY(!checkpoint->commit(headerAt(4), {}));
    }

    void commit_refusesWhatIsBeyondTheLimits_data()
    {
        QTest::addColumn<int>("table");
        QTest::addColumn<int>("keyBytes");
        QTest::addColumn<int>("valueBytes");
        QTest::addColumn<int>("configurationBytes");
        QTest::addColumn<QString>("field");
        QTest::newRow("no table") << 3 << 1 << 1 << 1 << QStringLiteral("table 3");
        QTest::newRow("the header's table") << 0 << 1 << 1 << 1 << QStringLiteral("table 0");
        QTest::newRow("key") << 1 << 33 << 1 << 1 << QStringLiteral("key has 33 bytes, at most 32");
        QTest::newRow("value") << 1 << 1 << 1001 << 1 << QStringLiteral("value");
        QTest::newRow("configuration") << 1 << 1 << 1 << 65'537 << QStringLiteral("configuration");
        QTest::newRow("just within") << 1 << 32 << 1000 << 65'536 << QString();
    }
    void commit_refusesWhatIsBeyondTheLimits()
    {
        QFETCH(int, table);
        QFETCH(int, keyBytes);
        QFETCH(int, valueBytes);
        QFETCH(int, configurationBytes);
        QFETCH(QString, field);
        const SimVfs vfs(1);
        CheckpointLayout layout = plainLayout();
        layout.keyBytesMax = 32;
        layout.valueBytesMax = 1000;
        const auto checkpoint = onDisk(vfs, layout);
        CheckpointHeader header = headerAt(3);
        header.configuration = QByteArray(configurationBytes, 'c');
        const Result<void> done = checkpoint->commit(
            header,
            {{std::uint8_t(table), QByteArray(keyBytes, 'k'), QByteArray(valueBytes, 'v')}});
        QCOMPARE(bool(done), field.isEmpty());
        if (!done) {
            QCOMPARE(done.error().code, ErrorCode::invalid);
            QVERIFY2(done.error().message.contains(field), qPrintable(done.error().message));
        }
        QVERIFY(checkpoint->commit(headerAt(4), {}));
        QCOMPARE(contentOf(*checkpoint)->header->applied, Slot(4));
    }

    void stage_refusesAForeignDatabase_data()
    {
        QTest::addColumn<QByteArray>("sql");
        QTest::addColumn<QString>("because");
        QTest::newRow("newer") << QByteArray("PRAGMA user_version=2")
                               << QStringLiteral("use the newer program");
        QTest::newRow("application") << QByteArray("PRAGMA application_id=1")
                                     << QStringLiteral("not a checkpoint of Coffer");
        QTest::newRow("trigger") << QByteArray(
            "CREATE TRIGGER t AFTER INSERT ON files BEGIN DELETE FROM files; END")
                                 << QStringLiteral("tables are not those");
        QTest::newRow("view") << QByteArray("CREATE VIEW a AS SELECT 1")
                              << QStringLiteral("tables are not those");
        QTest::newRow("table") << QByteArray("CREATE TABLE zzz(a)")
                               << QStringLiteral("tables are not those");
        QTest::newRow("index") << QByteArray("CREATE INDEX i ON files(value)")
                               << QStringLiteral("tables are not those");
        QTest::newRow("missing table")
            << QByteArray("DROP TABLE sessions") << QStringLiteral("sessions is missing");
        QTest::newRow("column") << QByteArray("ALTER TABLE files ADD COLUMN x TEXT")
                                << QStringLiteral("files is missing, different");
        QTest::newRow("row") << QByteArray("UPDATE files SET value=x'00' WHERE key=x'6c61726765'")
                             << QStringLiteral("do not have the hash");
        QTest::newRow("row less") << QByteArray("DELETE FROM sessions WHERE key=x'2f6b65792f31'")
                                  << QStringLiteral("do not have the hash");
        QTest::newRow("row moved")
            << QByteArray("INSERT INTO sessions SELECT key,value FROM files "
                          "WHERE key=x'6c61726765'; DELETE FROM files WHERE key=x'6c61726765'")
            << QStringLiteral("do not have the hash");
        QTest::newRow("slot") << QByteArray("UPDATE header SET applied=8")
                              << QStringLiteral("do not have the hash");
        QTest::newRow("cluster") << QByteArray("UPDATE header SET cluster='0000000000000006'")
                                 << QStringLiteral("do not have the hash");
        QTest::newRow("configuration") << QByteArray("UPDATE header SET configuration=x''")
                                       << QStringLiteral("do not have the hash");
        QTest::newRow("state hash")
            << QByteArray("UPDATE header SET state_hash='00000000000000000000000000000000'")
            << QStringLiteral("do not have the hash");
        QTest::newRow("malformed hash") << QByteArray("UPDATE header SET content_hash='x'")
                                        << QStringLiteral("field of its header");
        QTest::newRow("negative slot")
            << QByteArray("UPDATE header SET applied=-1") << QStringLiteral("field of its header");
        QTest::newRow("no header")
            << QByteArray("DELETE FROM header") << QStringLiteral("nothing was ever committed");
        QTest::newRow("long key") << QByteArray("INSERT INTO files VALUES(zeroblob(9000),x'00')")
                                  << QStringLiteral("within the limits");
        QTest::newRow("huge value")
            << QByteArray("INSERT INTO files VALUES(x'00',zeroblob(5000000))") << QString();
    }
    void stage_refusesAForeignDatabase()
    {
        QFETCH(QByteArray, sql);
        QFETCH(QString, because);
        const Error refusal = refusalOf(changedWith(sql));
        QCOMPARE(refusal.code, ErrorCode::corrupt);
        QVERIFY2(refusal.message.contains(because), qPrintable(refusal.message));
    }

    void stage_acceptsTheSameFileUnchanged()
    {
        QCOMPARE(refusalOf(exportedFile()).code, ErrorCode::unknown);
        QCOMPARE(refusalOf(changedWith("VACUUM")).code, ErrorCode::unknown);
    }

    void stage_refusesTruncatedFiles()
    {
        const QByteArray file = exportedFile();
        int count = 0;
        for (qsizetype size = 0; size < file.size(); size += size < 200 ? 1 : 511) {
            const Error refusal = refusalOf(file.first(size));
            const ErrorCode expected = size == 0 ? ErrorCode::invalid : ErrorCode::corrupt;
            QVERIFY2(refusal.code == expected, qPrintable(QString::number(size)));
            ++count;
        }
        qInfo("%d lengths refused", count);
    }

    /// A changed byte is refused, or it was in a place that means nothing: then header and rows
    /// are what they were.
    void stage_refusesChangedBytesOrTheyAreHarmless()
    {
        const QByteArray file = exportedFile();
        const RealDirectory source;
        Content expected;
        expected.commit(headerAt(7), someRows());
        SeededRandom random(20261121);
        int refused = 0;
        int harmless = 0;
        for (qsizetype place = 0; place < file.size();
             place += place < 2000 ? 1 : 1 + qsizetype(random.below(97))) {
            QByteArray damaged = file;
            damaged[place] = char(damaged[place] ^ char(1 << random.below(8)));
            const SimVfs vfs(1);
            const auto target = onDisk(vfs);
            const Result<Staged> staged = stageFile(*target, damaged, 1 << 20);
            if (!staged) {
                QVERIFY2(staged.error().code == ErrorCode::corrupt,
                         qPrintable(staged.error().message));
                QVERIFY(target->commit(headerAt(1), {}));
                ++refused;
                continue;
            }
            ++harmless;
            QVERIFY(target->activate(staged->second));
            const Result<Content> content = contentOf(*target);
            QVERIFY2(content, qPrintable(QString::number(place)));
            QVERIFY2(*content == expected, qPrintable(QString::number(place)));
            QVERIFY(target->commit(headerAt(9), {{1, "more", "rows"}}));
        }
        QVERIFY(refused > 1000);
        qInfo("%lld bytes: %d changes refused, %d harmless", qlonglong(file.size()), refused,
              harmless);
    }

    void receive_refusesTooMuch()
    {
        const SimVfs vfs(1);
        const auto target = onDisk(vfs);
        QVERIFY(!target->stage(acceptAll()));
        QVERIFY(target->receive(0, QByteArray()));
        QVERIFY(!target->stage(acceptAll()));
    }

    void syncDirectory_isNeededForEachNewFile()
    {
        const Error broken{ErrorCode::syncFailed, QStringLiteral("broken")};
        bool isBroken = true;
        const auto sync = [&] { return isBroken ? Result<void>(broken) : Result<void>(); };
        const auto open = [&sync](const SimVfs &vfs) {
            return std::make_unique<SqliteCheckpoint>(SqliteCheckpoint::Options{
                QStringLiteral("/data"), plainLayout(), vfs.name(), 12, sync});
        };
        const SimVfs vfs(1);
        auto target = open(vfs);
        QCOMPARE(target->open().error().code, ErrorCode::syncFailed);
        isBroken = false;
        QVERIFY(!target->commit(headerAt(1), {})); // nothing is trusted after it
        target = open(vfs);
        QVERIFY(target->commit(headerAt(1), {}));
        const SimVfs otherVfs(2);
        const auto source = onDisk(otherVfs);
        QVERIFY(source->commit(headerAt(9), {{1, "key", "value"}}));
        const Result<QByteArray> file = exportOf(*source);
        QVERIFY(file);
        isBroken = true;
        const auto staged = stageFile(*target, *file);
        QVERIFY(!staged);
        QCOMPARE(staged.error().code, ErrorCode::syncFailed);
    }

    void directories_doNotDisturbEachOther()
    {
        const SimVfs first(1);
        const SimVfs second(2);
        const auto a = onDisk(first);
        const auto b = onDisk(second);
        QVERIFY(a->commit(headerAt(1), {{1, "a", "1"}}));
        QVERIFY(b->commit(headerAt(2), {{1, "b", "2"}}));
        QCOMPARE(contentOf(*a)->header->applied, Slot(1));
        QCOMPARE(contentOf(*b)->header->applied, Slot(2));
    }
};

QTEST_APPLESS_MAIN(TestSqliteCheckpoint)
#include "tst_sqlite_checkpoint.moc"
