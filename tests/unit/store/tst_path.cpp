// SPDX-License-Identifier: Apache-2.0
#include "store/limits.h"
#include "store/path.h"

#include <QTest>

using namespace coffer;
using namespace coffer::store;

class TestPath : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void isFilePath_knowsTheRules_data();
    void isFilePath_knowsTheRules();
    void pathFault_saysWhatIsWrong();
    void isFilePath_allowsExactlyTheseBytes();
    void isTreePath_alsoTakesTheRoot();
    void isWithin_endsAtASegment();
};

void TestPath::isFilePath_knowsTheRules_data()
{
    QTest::addColumn<QByteArray>("path");
    QTest::addColumn<bool>("isValid");
    const QByteArray segment = '/' + QByteArray(qsizetype(limits::segmentBytesMax), 'a');
    const QByteArray deepest = segment.repeated(16);
    QCOMPARE(std::size_t(deepest.size()), limits::pathBytesMax);
    QTest::newRow("empty") << QByteArray() << false;
    QTest::newRow("root") << QByteArray("/") << false;
    QTest::newRow("shortest") << QByteArray("/a") << true;
    QTest::newRow("deep") << QByteArray("/a/b/c") << true;
    QTest::newRow("dots") << QByteArray("/./..") << true;
    QTest::newRow("relative") << QByteArray("a/b") << false;
    QTest::newRow("empty segment") << QByteArray("/a//b") << false;
    QTest::newRow("empty first segment") << QByteArray("//a") << false;
    QTest::newRow("trailing slash") << QByteArray("/a/") << false;
    QTest::newRow("space") << QByteArray("/a b") << false;
    QTest::newRow("zero byte") << QByteArray("/a\0b", 4) << false;
    QTest::newRow("glob") << QByteArray("/a*") << false;
    QTest::newRow("umlaut") << QByteArray("/\xc3\xa4") << false;
    QTest::newRow("longest segment") << segment << true;
    QTest::newRow("segment too long") << segment + 'a' << false;
    QTest::newRow("longest") << deepest << true;
    const auto most = qsizetype(limits::segmentsMax);
    QTest::newRow("most segments") << QByteArray("/a").repeated(most) << true;
    QTest::newRow("too many segments") << QByteArray("/a").repeated(most + 1) << false;
    QTest::newRow("too long") << deepest.chopped(2) + "/aa" << false;
}

void TestPath::isFilePath_knowsTheRules()
{
    QFETCH(const QByteArray, path);
    QFETCH(const bool, isValid);
    QCOMPARE(isFilePath(path), isValid);
    QCOMPARE(pathFault(path).isEmpty(), isValid);
}

void TestPath::pathFault_saysWhatIsWrong()
{
    const auto says = [](const QByteArray &path, const char *what) {
        return pathFault(path).contains(QLatin1String(what));
    };
    QVERIFY(says("a/b", "'a/b' does not begin with /"));
    QVERIFY(says("/", "'/' is the whole tree"));
    QVERIFY(says("/a//b", "without a name"));
    QVERIFY(says("/a b", "letters, digits"));
    QVERIFY(says('/' + QByteArray(300, 'a'), "more than 255 bytes"));
    QVERIFY(says(QByteArray("/a").repeated(40), "more than 32 segments"));
    QVERIFY(says(QByteArray("/aa").repeated(2'000), "more than 4096 bytes"));
    QVERIFY(pathFault('/' + QByteArray(300, 'a')).size() < 150);
}

void TestPath::isFilePath_allowsExactlyTheseBytes()
{
    const QByteArray allowed =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_~@%+=:";
    for (int byte = 0; byte < 256; ++byte) {
        const QByteArray path = QByteArray("/") + char(byte);
        QCOMPARE(isFilePath(path), allowed.contains(char(byte)));
    }
}

void TestPath::isTreePath_alsoTakesTheRoot()
{
    QVERIFY(isTreePath("/"));
    QVERIFY(isTreePath("/a"));
    QVERIFY(!isTreePath(""));
    QVERIFY(!isTreePath("/a/"));
}

void TestPath::isWithin_endsAtASegment()
{
    QVERIFY(isWithin("/a", "/"));
    QVERIFY(isWithin("/a", "/a"));
    QVERIFY(isWithin("/a/b", "/a"));
    QVERIFY(!isWithin("/ab", "/a"));
    QVERIFY(!isWithin("/a", "/a/b"));
    QVERIFY(!isWithin("/b", "/a"));
}

QTEST_APPLESS_MAIN(TestPath)
#include "tst_path.moc"
