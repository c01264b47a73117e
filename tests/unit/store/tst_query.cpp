// SPDX-License-Identifier: Apache-2.0
#include "store/limits.h"
#include "store/path.h"
#include "store/query.h"
#include "unit/store/driver.h"

#include <QTest>

using namespace coffer;
using namespace coffer::store;
using coffer::store::test::Driver;

class TestQuery : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void question_survivesItsBytes();
    void reply_survivesItsBytes();
    void decode_takesOnlyWhatEncodeMakes();
    void query_answersGarbage();
    void get_findsTheFileAndTheStore();
    void list_endsAtASegment();
    void list_continuesAfterAPath();
    void list_isPagedByCount();
    void list_isPagedByBytes();
    void session_isAliveUntilItsEnd();
};

static Reply ask(const Driver &driver, const Question &question)
{
    return driver.store.query(encode(question));
}

static QByteArrayList pathsOf(const Reply &reply)
{
    QByteArrayList paths;
    for (const FileView &file : reply.files)
        paths.append(file.path);
    return paths;
}

static const std::vector<Question> &questions()
{
    static const Page page{behindTree("/a/b"), 7, Detail::keys};
    static const std::vector<Question> all{Get{"/a/b", Revision(3)},
                                           List{"/", {}},
                                           List{"/a", page, Revision(4)},
                                           SessionState{SessionId(7)},
                                           StoreState{},
                                           Range{"/a", "/b", page},
                                           Range{},
                                           Match{"/a/**", page},
                                           Entries{"/", page, Revision(5)},
                                           Stat{"/a"},
                                           SessionList{SessionId(3), 9}};
    return all;
}

static Reply fullReply()
{
    Reply reply;
    reply.status = ReplyStatus::ok;
    reply.revision = Revision(5);
    reply.appliedTime = WallMs(6);
    reply.floor = Revision(2);
    reply.at = Revision(4);
    reply.count = 3;
    reply.resume = behindTree("/b");
    reply.files = {{"/a", "value", Revision(4), Revision(3), SessionId(2), WallMs(9), 5, {}},
                   {"/b", "", Revision(1), Revision(1), SessionId(), WallMs(8), 77, WallMs(10)}};
    reply.entries = {{"a", true}, {"b.c", false}};
    reply.sessions = {{SessionId(1), WallMs(5), 6, 7}};
    reply.figures = StoreFigures{1, 2, 3, 4, 5, 6};
    reply.hasMore = true;
    reply.isSessionAlive = true;
    return reply;
}

void TestQuery::question_survivesItsBytes()
{
    for (const Question &question : questions()) {
        const QByteArray bytes = encode(question);
        QCOMPARE(*decodeQuestion(bytes), question);
        for (qsizetype size = 0; size < bytes.size(); ++size)
            QVERIFY(!decodeQuestion(bytes.first(size)));
        QVERIFY(!decodeQuestion(bytes + '\0'));
    }
}

void TestQuery::reply_survivesItsBytes()
{
    QCOMPARE(*decodeReply(encode(Reply())), Reply());
    const QByteArray bytes = encode(fullReply());
    QCOMPARE(*decodeReply(bytes), fullReply());
    for (qsizetype size = 0; size < bytes.size(); ++size)
        QVERIFY(!decodeReply(bytes.first(size)));
    QVERIFY(!decodeReply(bytes + '\0'));
}

void TestQuery::decode_takesOnlyWhatEncodeMakes()
{
    const auto forEachFlip = [](const QByteArray &bytes, const auto &check) {
        for (qsizetype at = 0; at < bytes.size() * 8; ++at) {
            QByteArray other = bytes;
            other[at / 8] = char(other[at / 8] ^ (1 << (at % 8)));
            check(other);
        }
    };
    for (const Question &question : questions()) {
        forEachFlip(encode(question), [](const QByteArray &bytes) {
            const Result<Question> decoded = decodeQuestion(bytes);
            QVERIFY(!decoded || encode(*decoded) == bytes);
        });
    }
    forEachFlip(encode(fullReply()), [](const QByteArray &bytes) {
        const Result<Reply> decoded = decodeReply(bytes);
        QVERIFY(!decoded || encode(*decoded) == bytes);
    });
}

void TestQuery::query_answersGarbage()
{
    Driver driver;
    driver.put("/a", "1");
    for (const QByteArray &bytes :
         {QByteArray(), QByteArray("garbage"), encode(Question(Get{"a"})),
          encode(Question(List{"/a/", {}})), encode(Question(List{"/", Page{"a"}}))}) {
        const Reply reply = driver.store.query(bytes);
        QVERIFY(!reply.isValid());
        QVERIFY(reply.files.empty());
        QCOMPARE(reply.revision, Revision(1));
    }
}

void TestQuery::get_findsTheFileAndTheStore()
{
    Driver driver;
    driver.put("/a", "1");
    driver.put("/b", "");
    driver.put("/a", "2");
    const Reply found = ask(driver, Get{"/a"});
    QVERIFY(found.isValid());
    QCOMPARE(found.files, (std::vector<FileView>{
                              {"/a", "2", Revision(3), Revision(1), {}, driver.stamp, 1, {}}}));
    QCOMPARE(found.revision, Revision(3));
    QCOMPARE(found.appliedTime, driver.stamp);
    const Reply missing = ask(driver, Get{"/c"});
    QVERIFY(missing.isValid() && missing.files.empty());
    QCOMPARE(ask(driver, StoreState{}).revision, Revision(3));
}

void TestQuery::list_endsAtASegment()
{
    Driver driver;
    for (const char *path : {"/a/a", "/a/b/b", "/a/b/c", "/a-", "/a0", "/a.b/c", "/b"})
        driver.put(path, "");
    QCOMPARE(pathsOf(ask(driver, List{"/a", {}})), (QByteArrayList{"/a/a", "/a/b/b", "/a/b/c"}));
    QCOMPARE(pathsOf(ask(driver, List{"/a/b", {}})), (QByteArrayList{"/a/b/b", "/a/b/c"}));
    QCOMPARE(ask(driver, List{"/", {}}).files.size(), 7U);
    QVERIFY(ask(driver, List{"/c", {}}).files.empty());
    QVERIFY(ask(driver, List{"/a/b/c/d", {}}).files.empty());
}

void TestQuery::list_continuesAfterAPath()
{
    Driver driver;
    for (const char *path : {"/a-", "/a/b", "/a/c", "/b"})
        driver.put(path, "");
    QCOMPARE(pathsOf(ask(driver, List{"/a", Page{"/a"}})), (QByteArrayList{"/a/b", "/a/c"}));
    QCOMPARE(pathsOf(ask(driver, List{"/a", Page{"/a-"}})), QByteArrayList());
    QCOMPARE(pathsOf(ask(driver, List{"/a", Page{"/A"}})), (QByteArrayList{"/a/b", "/a/c"}));
    QCOMPARE(pathsOf(ask(driver, List{"/a", Page{"/a/b"}})), QByteArrayList{"/a/c"});
    QCOMPARE(pathsOf(ask(driver, List{"/a", Page{"/a/bb"}})), QByteArrayList{"/a/c"});
    QCOMPARE(pathsOf(ask(driver, List{"/a", Page{"/a/c"}})), QByteArrayList());
    QCOMPARE(pathsOf(ask(driver, List{"/a", Page{"/z"}})), QByteArrayList());
    QCOMPARE(pathsOf(ask(driver, List{"/", Page{"/a/c"}})), (QByteArrayList{"/a-", "/b"}));
    QCOMPARE(pathsOf(ask(driver, List{"/", Page{"/z"}})), QByteArrayList());
}

void TestQuery::list_isPagedByCount()
{
    Driver driver;
    Transaction all;
    for (std::size_t i = 0; i <= limits::listFilesMax; ++i)
        all.operations.push_back(Put{"/n/" + QByteArray::number(qulonglong(i)), ""});
    driver.apply(all);
    const Reply first = ask(driver, List{"/n", {}});
    QCOMPARE(first.files.size(), limits::listFilesMax);
    QVERIFY(first.hasMore);
    const Reply second = ask(driver, List{"/n", Page{first.resume}});
    QCOMPARE(second.files.size(), 1U);
    QVERIFY(!second.hasMore);
}

void TestQuery::list_isPagedByBytes()
{
    Driver driver;
    const QByteArray large(qsizetype(limits::valueBytesMax), 'v');
    for (const char *path : {"/1", "/2", "/3", "/4"})
        driver.put(path, large);
    const Reply first = ask(driver, List{"/", {}});
    QCOMPARE(pathsOf(first), (QByteArrayList{"/1", "/2"}));
    QVERIFY(first.hasMore);
    QVERIFY(std::size_t(encode(first).size()) < limits::frameBytesMax);
    const Reply second = ask(driver, List{"/", Page{"/2"}});
    QCOMPARE(pathsOf(second), (QByteArrayList{"/3", "/4"}));
    QVERIFY(!second.hasMore);
}

void TestQuery::session_isAliveUntilItsEnd()
{
    Driver driver;
    const SessionId session = driver.open(1);
    QVERIFY(ask(driver, SessionState{session}).isSessionAlive);
    QVERIFY(!ask(driver, SessionState{session.next()}).isSessionAlive);
    driver.apply({{}, CloseSession{session}});
    QVERIFY(!ask(driver, SessionState{session}).isSessionAlive);
}

QTEST_APPLESS_MAIN(TestQuery)
#include "tst_query.moc"
