// SPDX-License-Identifier: Apache-2.0
#include "node/data_directory.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

using namespace coffer;
using namespace coffer::node;

static void write(const QString &path, const QByteArray &bytes)
{
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(bytes);
}

class TestDataDirectory : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void open_makesAnIdentityAndKeepsIt()
    {
        QTemporaryDir folder;
        const QString path = folder.filePath("new/deep");
        SeededRandom random(1);
        NodeId first;
        {
            const auto directory = DataDirectory::open(path, random);
            QVERIFY(directory);
            first = (*directory)->self();
            QVERIFY(!first.isNone());
            QVERIFY(QDir(path).exists("journal"));
        }
        const auto again = DataDirectory::open(path, random);
        QVERIFY(again);
        QCOMPARE((*again)->self(), first);
        QCOMPARE((*again)->path(), path);

        const auto other = DataDirectory::open(folder.filePath("other"), random);
        QVERIFY(other);
        QVERIFY((*other)->self() != first);
    }

    void open_isRefusedWhileAnotherHasIt()
    {
        QTemporaryDir folder;
        SeededRandom random(1);
        const auto directory = DataDirectory::open(folder.path(), random);
        QVERIFY(directory);
        const auto second = DataDirectory::open(folder.path(), random);
        QVERIFY(!second);
        QCOMPARE(second.error().code, ErrorCode::refused);
        QVERIFY(second.error().message.contains("locked"));
    }

    void open_leavesForeignDirectoriesAlone()
    {
        QTemporaryDir folder;
        write(folder.filePath("letter.txt"), "Dear");
        SeededRandom random(1);
        const auto directory = DataDirectory::open(folder.path(), random);
        QVERIFY(!directory);
        QCOMPARE(directory.error().code, ErrorCode::refused);
        QVERIFY(directory.error().message.contains("not empty"));
        QCOMPARE(QDir(folder.path()).entryList(QDir::AllEntries | QDir::NoDotAndDotDot),
                 QStringList{"letter.txt"});
    }

    /// node.txt got lost: a new identity beside the old journal would be a second node.
    void open_makesNoIdentityBesideAJournal()
    {
        QTemporaryDir folder;
        SeededRandom random(1);
        QVERIFY(DataDirectory::open(folder.path(), random));
        QVERIFY(QFile::remove(folder.filePath("node.txt")));
        const auto directory = DataDirectory::open(folder.path(), random);
        QVERIFY(!directory);
        QCOMPARE(directory.error().code, ErrorCode::refused);
    }

    /// The process ended between two steps of the first start.
    void open_finishesWhatWasBegun()
    {
        QTemporaryDir folder;
        write(folder.filePath("lock"), "");
        write(folder.filePath("node.txt.new"), "coffer-no");
        write(folder.filePath("cofferd.toml"), "");
        SeededRandom random(1);
        QVERIFY(DataDirectory::open(folder.path(), random));
        QVERIFY(!QFile::exists(folder.filePath("node.txt.new")));
    }

    void open_namesTheFileThatIsDamaged()
    {
        QTemporaryDir folder;
        write(folder.filePath("node.txt"), "coffer-node 1\nid 12\n");
        SeededRandom random(1);
        const auto directory = DataDirectory::open(folder.path(), random);
        QVERIFY(!directory);
        QCOMPARE(directory.error().code, ErrorCode::corrupt);
        QVERIFY(directory.error().message.contains("node.txt: line 2"));
    }

    void decodeIdentity_isExact_data()
    {
        QTest::addColumn<QByteArray>("text");
        QTest::addColumn<int>("code");
        const int corrupt = int(ErrorCode::corrupt);
        QTest::newRow("empty") << QByteArray() << corrupt;
        QTest::newRow("other word") << QByteArray("node 1\nid 0000000000000001\n") << corrupt;
        QTest::newRow("newer") << QByteArray("coffer-node 2\nwhatever\n")
                               << int(ErrorCode::refused);
        QTest::newRow("version 0") << QByteArray("coffer-node 0\nid 0000000000000001\n") << corrupt;
        QTest::newRow("id 0") << QByteArray("coffer-node 1\nid 0000000000000000\n") << corrupt;
        QTest::newRow("cut") << QByteArray("coffer-node 1\nid 0000000000000001") << corrupt;
        QTest::newRow("more") << QByteArray("coffer-node 1\nid 0000000000000001\n\n") << corrupt;
        QTest::newRow("upper case")
            << QByteArray("coffer-node 1\nid 000000000000000A\n") << corrupt;
    }
    void decodeIdentity_isExact()
    {
        QFETCH(QByteArray, text);
        QFETCH(int, code);
        const auto self = decodeIdentity(text);
        QVERIFY(!self);
        QCOMPARE(int(self.error().code), code);
    }

    void encodeIdentity_isAsDocumented()
    {
        const QByteArray text = encodeIdentity(NodeId(0x00c0ffee00000011));
        QCOMPARE(text, QByteArray("coffer-node 1\nid 00c0ffee00000011\n"));
        QCOMPARE(decodeIdentity(text).value(), NodeId(0x00c0ffee00000011));
    }
};

QTEST_GUILESS_MAIN(TestDataDirectory)
#include "tst_data_directory.moc"
