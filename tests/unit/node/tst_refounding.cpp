// SPDX-License-Identifier: Apache-2.0
#include "node/refounding.h"

#include "engine/codec.h"
#include "engine/store_layout.h"
#include "node/system.h"
#include "storage/sqlite_checkpoint.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

using namespace coffer;
using namespace coffer::node;

static QByteArray put(const QByteArray &path, const QByteArray &value)
{
    return store::encode(store::Command{{}, store::Transaction{{}, {store::Put{path, value}}, {}}});
}

/// Backups and what becomes of them, on a real disk. What clients see of it: tests/e2e/drills.sh.
class TestRefounding : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY(m_folder.isValid());
        QVERIFY(m_machine.apply(Slot(1), WallMs(1'000), {put("/a", "1"), put("/b", "2")}).size()
                == 2);
        QVERIFY(m_machine.apply(Slot(2), WallMs(2'000), {put("/a", "3")}).size() == 1);
        QVERIFY(QDir().mkpath(place("source")));
        storage::SqliteCheckpoint checkpoint({place("source"), engine::storeLayout()});
        const consensus::Configuration configuration{Epoch(4), Slot(1), {{NodeId(1)}, {}}};
        const auto changes = m_machine.takeChanges();
        QVERIFY(checkpoint.commit({ClusterId(0xc0), Slot(2), m_machine.hash(),
                                   engine::codec::encodeConfiguration(configuration)},
                                  changes));
        const auto file = checkpoint.exportFile();
        QVERIFY(file);
        m_backup = (*file)->read(0, (*file)->size()).value();
        QVERIFY(std::uint64_t(m_backup.size()) == (*file)->size());
    }

    void backup_isChecked()
    {
        const auto contents = checkBackup(write("good.coffer", m_backup));
        QVERIFY2(contents, contents ? "" : qPrintable(contents.error().message));
        QCOMPARE(contents->cluster, ClusterId(0xc0));
        QCOMPARE(contents->applied, Slot(2));
        QCOMPARE(contents->revision, Revision(3));
        QCOMPARE(contents->files, 2U);
        QCOMPARE(read("good.coffer"), m_backup); // Looking changes nothing.
    }
    void backup_wrongIsRefused_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<QString>("why");
        QByteArray newer = m_backup;
        newer[63] = 2; // The format, the last byte of user_version.
        QTest::newRow("newer") << newer << QStringLiteral("use the newer program");
        QByteArray other = m_backup;
        other[71] = 'x'; // The last byte of application_id.
        QTest::newRow("other") << other << QStringLiteral("not a checkpoint of Coffer");
        QTest::newRow("cut") << m_backup.left(m_backup.size() / 2) << QString();
        QTest::newRow("short") << m_backup.left(50) << QString();
        QTest::newRow("empty") << QByteArray() << QString();
        QTest::newRow("text") << QByteArray("/a = 1\n").repeated(2000) << QString();
    }
    /// Named, and the directory stays as it was: the next try can use it.
    void backup_wrongIsRefused()
    {
        QFETCH(QByteArray, bytes);
        QFETCH(QString, why);
        const QString file = write("bad.coffer", bytes);
        const auto contents = checkBackup(file);
        QVERIFY(!contents);
        QVERIFY2(contents.error().message.contains(why), qPrintable(contents.error().message));
        QVERIFY(contents.error().message.contains(file));
        const QString directory = place("refused");
        const auto made = restoreBackup(file, directory, m_parts);
        QVERIFY(!made);
        QVERIFY2(made.error().message.contains(why), qPrintable(made.error().message));
        const QStringList left =
            QDir(directory).entryList(QDir::Files | QDir::Dirs | QDir::NoDotAndDotDot);
        QVERIFY(left.isEmpty() || left == QStringList{QStringLiteral("lock")});
        QVERIFY(restoreBackup(place("good.coffer"), directory, m_parts));
        QVERIFY(QDir(directory).removeRecursively());
    }
    /// A changed byte is noticed, or it was none of the state.
    void backup_changedByteIsNoticed()
    {
        int refused = 0;
        const QString file = place("flipped.coffer");
        for (qsizetype at = 0; at < m_backup.size(); at += 211) {
            QByteArray bytes = m_backup;
            bytes[at] = char(bytes[at] ^ 0x5a);
            write("flipped.coffer", bytes);
            engine::StoreMachine machine;
            const auto contents = checkBackup(file);
            refused += contents ? 0 : 1;
            if (!contents)
                continue;
            QCOMPARE(contents->revision, Revision(3));
            QCOMPARE(contents->liveBytes, m_machine.store().tree().liveBytes());
        }
        QVERIFY(refused > 0);
    }

    void restore_makesANewCluster()
    {
        const auto made = restoreBackup(place("good.coffer"), place("new"), m_parts);
        QVERIFY2(made, made ? "" : qPrintable(made.error().message));
        QCOMPARE(made->from.cluster, ClusterId(0xc0));
        QVERIFY(made->now.cluster != made->from.cluster);
        QCOMPARE(made->now.files, 2U);
        QVERIFY(made->now.revision.value() == 3 + limits::anewRevisions);
        QVERIFY(made->now.time >= m_clock.wall() + std::chrono::seconds(50));
        // As its next start finds it.
        const auto found = Recovery::open(place("new"), m_parts);
        QVERIFY2(found, found ? "" : qPrintable(found.error().message));
        QCOMPARE((*found)->self(), made->node);
        QCOMPARE((*found)->contents().cluster, made->now.cluster);
        QCOMPARE((*found)->contents().revision, made->now.revision);
        QCOMPARE((*found)->salvage().configuration.epoch, Epoch(5));
        QCOMPARE((*found)->salvage().configuration.firstSlot, Slot(3));
        QCOMPARE((*found)->salvage().configuration.members.voters, std::vector{made->node});
    }
    void restore_refusesADirectoryInUse()
    {
        const auto made = restoreBackup(place("good.coffer"), place("new"), m_parts);
        QVERIFY(!made);
        QCOMPARE(made.error().code, ErrorCode::refused);
        QVERIFY(QDir().mkpath(place("strange")));
        write("strange/letter.txt", "Dear");
        const auto strange = restoreBackup(place("good.coffer"), place("strange"), m_parts);
        QVERIFY(!strange);
        QCOMPARE(strange.error().code, ErrorCode::refused);
        QCOMPARE(read("strange/letter.txt"), QByteArray("Dear"));
    }
    /// A crash on the way: no node starts from a part of it, which would found an empty cluster.
    void restore_halfDoneIsNoNode()
    {
        {
            const auto begun = DataDirectory::prepareNew(place("half"), m_random);
            QVERIFY(begun);
        }
        const auto opened = DataDirectory::open(place("half"), m_random);
        QVERIFY(!opened);
        QCOMPARE(opened.error().code, ErrorCode::refused);
    }

    void recovery_takesOverWhatIsThere()
    {
        const auto recovery = Recovery::open(place("new"), m_parts);
        QVERIFY(recovery);
        const Contents before = (*recovery)->contents();
        const auto made = (*recovery)->refound(place("recovered"));
        QVERIFY2(made, made ? "" : qPrintable(made.error().message));
        QVERIFY(made->now.cluster != before.cluster);
        QVERIFY(made->node != (*recovery)->self());
        QCOMPARE(made->now.files, before.files);
        QCOMPARE(made->now.revision.value(), before.revision.value() + limits::anewRevisions);
        const auto found = Recovery::open(place("recovered"), m_parts);
        QVERIFY2(found, found ? "" : qPrintable(found.error().message));
        QCOMPARE((*found)->contents().revision, made->now.revision);
    }
    void recovery_needsANode()
    {
        const auto nothing = Recovery::open(place("nowhere"), m_parts);
        QVERIFY(!nothing);
        QCOMPARE(nothing.error().code, ErrorCode::notFound);
        QVERIFY(!QFile::exists(place("nowhere")));
    }

private:
    [[nodiscard]] QString place(const char *name) const
    {
        return m_folder.filePath(QString::fromLatin1(name));
    }
    QString write(const char *name, const QByteArray &bytes) const
    {
        QFile file(place(name));
        if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size())
            qFatal("the disk of the test is full");
        return file.fileName();
    }
    [[nodiscard]] QByteArray read(const char *name) const
    {
        QFile file(place(name));
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    }

    QTemporaryDir m_folder;
    SystemClock m_clock;
    SystemRandom m_random;
    const RefoundingParts m_parts{m_clock, m_random,
                                  [](const QString &, std::uint64_t, std::uint64_t) {}};
    engine::StoreMachine m_machine;
    QByteArray m_backup;
};

QTEST_GUILESS_MAIN(TestRefounding)
#include "tst_refounding.moc"
