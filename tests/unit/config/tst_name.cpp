// SPDX-License-Identifier: Apache-2.0
#include "config/name.h"

#include "config/hash.h"

#include <QTest>

using namespace coffer;
using namespace coffer::config;

class TestName : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void name_isWhatTheModelSays_data()
    {
        QTest::addColumn<QByteArray>("text");
        QTest::addColumn<bool>("isGood");
        QTest::newRow("shortest") << QByteArray("a") << true;
        QTest::newRow("all kinds of characters") << QByteArray("Az09.x_y-z") << true;
        QTest::newRow("a dash first") << QByteArray("-a") << true;
        QTest::newRow("longest") << QByteArray(128, 'a') << true;
        QTest::newRow("too long") << QByteArray(129, 'a') << false;
        QTest::newRow("empty") << QByteArray() << false;
        QTest::newRow("the platform's own") << QByteArray("_all") << false;
        QTest::newRow("a dot first") << QByteArray(".a") << false;
        QTest::newRow("a slash") << QByteArray("a/b") << false;
        QTest::newRow("a blank") << QByteArray("a b") << false;
        QTest::newRow("no ASCII") << QByteArray("ä") << false;
        QTest::newRow("NUL") << QByteArray("a\0b", 3) << false;
    }

    void name_isWhatTheModelSays()
    {
        QFETCH(const QByteArray, text);
        QFETCH(const bool, isGood);
        QCOMPARE(isName(text), isGood);
        const Result<void> checked = checkName(text, "service");
        QCOMPARE(checked.has_value(), isGood);
        if (!isGood)
            QVERIFY(checked.error().message.startsWith(QStringLiteral("service")));
    }

    void filePath_staysBelowItsTarget_data()
    {
        QTest::addColumn<QByteArray>("path");
        QTest::addColumn<bool>("isGood");
        QTest::newRow("one name") << QByteArray("nginx.conf") << true;
        QTest::newRow("in folders") << QByteArray("conf.d/shop/a.conf") << true;
        QTest::newRow("hidden") << QByteArray(".env") << true;
        QTest::newRow("three dots") << QByteArray("...") << true;
        QTest::newRow("longest") << QByteArray("abc/").repeated(127) + "abcd" << true;
        QTest::newRow("too long") << QByteArray("abc/").repeated(127) + "abcde" << false;
        QTest::newRow("a part too long") << QByteArray(129, 'a') << false;
        QTest::newRow("empty") << QByteArray() << false;
        QTest::newRow("from the root") << QByteArray("/etc/passwd") << false;
        QTest::newRow("up") << QByteArray("a/../b") << false;
        QTest::newRow("here") << QByteArray("./a") << false;
        QTest::newRow("an empty part") << QByteArray("a//b") << false;
        QTest::newRow("a slash last") << QByteArray("a/") << false;
        QTest::newRow("a backslash") << QByteArray("a\\b") << false;
    }

    void filePath_staysBelowItsTarget()
    {
        QFETCH(const QByteArray, path);
        QFETCH(const bool, isGood);
        QCOMPARE(isFilePath(path), isGood);
        QCOMPARE(checkFilePath(path).has_value(), isGood);
    }

    void hash_isSha256()
    {
        const Hash hash = Hash::of("abc");
        QCOMPARE(hash.hex(), QByteArray("ba7816bf8f01cfea414140de5dae2223"
                                        "b00361a396177a9cb410ff61f20015ad"));
        QCOMPARE(hash.brief(), QByteArray("ba7816bf8f01"));
        QVERIFY(Hash::fromHex(hash.hex()) == hash);
        QVERIFY(Hash::fromBytes(hash.bytes()) == hash);
        QVERIFY(!Hash::fromHex(hash.hex().toUpper()));
        QVERIFY(!Hash::fromHex(hash.hex().chopped(1)));
        QVERIFY(!Hash::fromBytes(hash.bytes() + 'x'));
        QVERIFY(Hash().isNull() && Hash().brief().isEmpty());
    }
};

QTEST_GUILESS_MAIN(TestName)
#include "tst_name.moc"
