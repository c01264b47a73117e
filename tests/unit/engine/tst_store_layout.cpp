// SPDX-License-Identifier: Apache-2.0
#include "engine/store_layout.h"

#include "engine/store_machine.h"
#include "storage/sqlite_checkpoint.h"
#include "support/checkpoint_trials.h"

#include <QFile>
#include <QRegularExpression>
#include <QTemporaryDir>
#include <QTest>
#include <QtEndian>

#include <sqlite3.h>

using namespace coffer;
using namespace coffer::engine;
using namespace coffer::storage;

static QByteArray little(std::initializer_list<std::uint64_t> numbers)
{
    QByteArray bytes;
    for (const std::uint64_t number : numbers) {
        const std::uint64_t ordered = qToLittleEndian(number);
        bytes.append(reinterpret_cast<const char *>(&ordered), 8);
    }
    return bytes;
}

static QByteArray big(std::uint64_t number)
{
    const std::uint64_t ordered = qToBigEndian(number);
    return QByteArray(reinterpret_cast<const char *>(&ordered), 8);
}

static Row version(const char *path, std::uint64_t revision, std::uint64_t created,
                   std::uint64_t owner, const char *value)
{
    const QByteArray flags(1, value ? '\0' : '\1');
    return {1, QByteArray(path) + '\0' + big(revision),
            flags + QByteArray(4, '\0') + little({created, owner, 1'700'000'000'000, 0}) + value};
}

/// What docs/formats/checkpoint.md shows.
static std::vector<Row> documentedRows()
{
    return {version("/app/mode", 3, 3, 0, "safe"),
            version("/app/pool/max", 3, 3, 0, "32"),
            version("/app/pool/max", 7, 3, 0, "48"),
            version("/app/old", 4, 4, 0, "x"),
            version("/app/old", 9, 0, 0, nullptr),
            version("/locks/leader", 8, 8, 5, "node-1"),
            {2, big(5), little({77, 10'000, 8, 0})},
            {4, "meta", little({9, 2, 1, 1'700'000'000'000, 5, 54}) + QByteArray(4, '\1')}};
}

/// All rows of all statements as the sqlite3 program shows them.
static QByteArray answersTo(const QString &path, const QByteArray &sql)
{
    sqlite3 *database = nullptr;
    QByteArray text;
    sqlite3_open(path.toUtf8().constData(), &database);
    const auto add = [](void *to, int count, char **values, char **) {
        auto &line = *static_cast<QByteArray *>(to);
        for (int i = 0; i < count; ++i)
            line += (i > 0 ? "|" : "") + QByteArray(values[i] ? values[i] : "");
        line += '\n';
        return 0;
    };
    char *message = nullptr;
    if (sqlite3_exec(database, sql.constData(), add, &text, &message) != SQLITE_OK)
        text += message;
    sqlite3_free(message);
    sqlite3_close(database);
    return text;
}

/// A store that has done a little of everything.
static void fill(StoreMachine &machine)
{
    using namespace store;
    std::int64_t stampMs = 1'700'000'000'000;
    const auto apply = [&](const Command &command) {
        stampMs += 1'001;
        const auto answers =
            machine.apply(machine.applied().next(), WallMs(stampMs), {encode(command)});
        QCOMPARE(decodeAnswer(answers[0])->status, Status::ok);
    };
    const auto change = [](const std::vector<Operation> &operations) {
        return Transaction{{}, operations, {}};
    };
    machine.applyLeaderStart(machine.applied().next());
    apply({{}, change({Put{"/a", "first"}, Put{"/b/c", ""}, Put{"/gone", "x"}})});
    apply({{}, change({Put{"/a", "second"}})});
    apply({{}, change({Delete{"/gone"}})});
    for (const std::uint64_t nonce : {0x0102'0304'0506'0708ULL, 0xfedc'ba98ULL})
        apply({{}, OpenSession{nonce, std::chrono::seconds(9)}});
    for (const std::uint64_t session : {1, 2}) {
        const QByteArray path = "/of/" + QByteArray::number(qulonglong(session));
        apply({Origin{SessionId(session), Sequence(2), Sequence(1)},
               change({Put{path, "mine", true, std::chrono::seconds(7)}})});
    }
    apply({{}, EndSession{SessionId(2), Slot(1)}}); // Its file lingers.
    apply({{}, change({Put{"/gone", "again"}})});
    apply({{}, Compact{Revision(1)}});
}

static QByteArray number(std::uint64_t number) { return QByteArray::number(qulonglong(number)); }

/// The line of the view `versions` for \a version, as the store has it.
static QByteArray lineOf(const QByteArray &path, const store::Version &version)
{
    const store::FileVersion &file = version.file;
    QByteArray line = path;
    for (const std::uint64_t column :
         {file.revision.value(), std::uint64_t(version.isDeleted), std::uint64_t(version.isHeld),
          file.created.value(), file.owner.value(), std::uint64_t(file.time.count())})
        line += '|' + number(column);
    return line + '|' + file.value + '\n';
}

class TestStoreLayout : public QObject
{
    Q_OBJECT

private:
    QTemporaryDir m_directory;
    QString m_file;

    [[nodiscard]] std::unique_ptr<SqliteCheckpoint> open() const
    {
        return std::make_unique<SqliteCheckpoint>(
            SqliteCheckpoint::Options{m_directory.path(), storeLayout()});
    }

private Q_SLOTS:
    void initTestCase()
    {
        const auto checkpoint = open();
        const CheckpointHeader header{ClusterId(0xc0ffee), Slot(120), {1, 2}, "configuration"};
        QVERIFY(checkpoint->commit(header, documentedRows()));
        const auto exported = checkpoint->exportFile();
        QVERIFY(exported);
        m_file = m_directory.filePath(QStringLiteral("copy.sqlite"));
        QFile copy(m_file);
        QVERIFY(copy.open(QIODevice::WriteOnly));
        copy.write(*(*exported)->read(0, std::size_t((*exported)->size())));
    }

    void document_showsWhatAStrangerSees()
    {
        QFile document(QFINDTESTDATA("../../../docs/formats/checkpoint.md"));
        QVERIFY(document.open(QIODevice::ReadOnly));
        const QString text = QString::fromUtf8(document.readAll());
        static const QRegularExpression example(
            QStringLiteral("```sql (\\w+)\\n(.*?)```\\s*```text \\1\\n(.*?)```"),
            QRegularExpression::DotMatchesEverythingOption);
        int count = 0;
        for (auto matches = example.globalMatch(text); matches.hasNext(); ++count) {
            const QRegularExpressionMatch match = matches.next();
            QCOMPARE(answersTo(m_file, match.captured(2).toUtf8()), match.captured(3).toUtf8());
        }
        QCOMPARE(count, 4);
        QCOMPARE(text.count(QStringLiteral("```sql")), count);
    }

    void views_showWhatTheStoreHas()
    {
        StoreMachine machine;
        fill(machine);
        const store::Store &store = machine.store();
        const QTemporaryDir directory;
        SqliteCheckpoint checkpoint({directory.path(), storeLayout()});
        const CheckpointHeader header{ClusterId(1), machine.applied(), machine.hash(), "c"};
        QVERIFY(checkpoint.commit(header, machine.takeChanges()));
        const auto exported = checkpoint.exportFile();
        QVERIFY(exported);
        const QString path = directory.filePath(QStringLiteral("copy.sqlite"));
        QFile copy(path);
        QVERIFY(copy.open(QIODevice::WriteOnly));
        copy.write(*(*exported)->read(0, std::size_t((*exported)->size())));
        copy.close();

        QByteArray versions;
        QByteArray newest;
        bool hasHeld = false;
        bool hasDeleted = false;
        for (const store::Node *node : store.tree().index().ordered()) {
            const store::Version *version = node->newest();
            for (; version != nullptr; version = version->older.get()) {
                versions += lineOf(node->path(), *version);
                hasHeld |= version->isHeld;
                hasDeleted |= version->isDeleted;
            }
            if (node->file())
                newest += lineOf(node->path(), *node->file());
        }
        QVERIFY(hasHeld);
        QVERIFY(hasDeleted);
        QCOMPARE(answersTo(path, "SELECT path, revision, deleted, held, created, owner, time_ms, "
                                 "CAST(value AS TEXT) FROM versions ORDER BY path, revision DESC"),
                 versions);
        QCOMPARE(answersTo(path, "SELECT path, revision, 0, held, created, owner, time_ms, "
                                 "CAST(value AS TEXT) FROM newest ORDER BY path"),
                 newest);

        QByteArray sessions;
        for (const auto &[id, session] : store.sessions().all())
            sessions += number(id.value()) + '|' + number(std::uint64_t(session.timeToLive.count()))
                        + '|' + number(session.opened.value()) + '|'
                        + number(session.acknowledged.value()) + '\n';
        QCOMPARE(sessions.count('\n'), 1);
        QCOMPARE(answersTo(path, "SELECT session, time_to_live_ms, opened, acknowledged "
                                 "FROM open_sessions"),
                 sessions);
        QCOMPARE(answersTo(path, "SELECT revision, compacted, time_ms, live_bytes FROM state"),
                 number(store.revision().value()) + '|' + number(store.floor().value()) + '|'
                     + number(std::uint64_t(store.appliedTime().count())) + '|'
                     + number(store.tree().liveBytes()) + '\n');
    }

    void view_decodesEveryNumber_data()
    {
        QTest::addColumn<quint64>("number");
        QTest::newRow("0") << quint64(0);
        QTest::newRow("each byte its own") << quint64(0x0102'0304'0506'0708);
        QTest::newRow("hexadecimal letters") << quint64(0x0a0b'0c0d'0e0f'abcd);
        QTest::newRow("largest") << quint64(0x7fff'ffff'ffff'ffff);
        QTest::newRow("below 0") << quint64(0xffff'ffff'ffff'fffe);
    }
    void view_decodesEveryNumber()
    {
        QFETCH(quint64, number);
        const QByteArray blob = "x'ff" + little({number}).toHex() + big(number).toHex() + "'";
        QCOMPARE(answersTo(m_file, "SELECT " + sqlLittleEndian64(blob, 1)),
                 QByteArray::number(qint64(number)) + '\n');
        QCOMPARE(answersTo(m_file, "SELECT " + sqlBigEndian64(blob, -8)),
                 QByteArray::number(qint64(number)) + '\n');
    }

    void file_withTheViewsIsAccepted()
    {
        QFile copy(m_file);
        QVERIFY(copy.open(QIODevice::ReadOnly));
        QTemporaryDir other;
        SqliteCheckpoint target({other.path(), storeLayout()});
        QVERIFY(target.receive(0, copy.readAll()));
        const auto staged = target.stage(coffer::test::acceptAll());
        QVERIFY2(staged, qPrintable(staged ? QString() : staged.error().message));
        CheckpointLayout changed = storeLayout();
        changed.views.back().select += " LIMIT 1";
        QTemporaryDir third;
        SqliteCheckpoint refusing({third.path(), changed});
        copy.seek(0);
        QVERIFY(refusing.receive(0, copy.readAll()));
        QVERIFY(!refusing.stage(coffer::test::acceptAll()));
    }
};

QTEST_APPLESS_MAIN(TestStoreLayout)
#include "tst_store_layout.moc"
